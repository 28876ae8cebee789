// mcp-remote, as hosts that know stdio alone start it, and such a host in front. Settings: MCP_URL, MCP_ERA,
// CLIENT_NAME, CALLBACK_PORT, BY_SCOPES. It reaches the servers through HTTP_PROXY, and keeps what it knows in the
// working directory.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { listening } from './callback.mjs';
import { converse, say } from './conversation.mjs';

const { MCP_URL, MCP_ERA, CLIENT_NAME, CALLBACK_PORT, BY_SCOPES } = process.env;
const LINK = /^https?:\/\/\S+$/;

await converse(async () => {
  // A scope that its user names is all that it ever asks for, whatever the server wants.
  const scope = BY_SCOPES ? undefined : 'openid profile email offline_access';
  const metadata = { client_name: CLIENT_NAME, scope };
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      fileURLToPath(import.meta.resolve('mcp-remote/dist/proxy.js')),
      MCP_URL, CALLBACK_PORT,
      '--host', '127.0.0.1',
      '--transport', 'http-only',
      '--protocol', MCP_ERA === '2026-07-28' ? 'auto' : 'legacy',
      '--enable-proxy',
      '--static-oauth-client-metadata', JSON.stringify(metadata),
    ],
    // The person's browser is whoever runs this; mcp-remote's own attempt to open one comes to nothing.
    env: { ...process.env, BROWSER: 'true', MCP_REMOTE_CONFIG_DIR: `${process.cwd()}/mcp-remote-${process.pid}` },
    stderr: 'pipe',
  });
  const ended = new Promise((_, reject) => { relay(transport.stderr, reject); });
  const client = new Client({ name: 'stdio host', version: '1.0.0' });
  await Promise.race([client.connect(transport), ended]);
  return {
    // The host speaks the older protocol with it; what it speaks with the server is seen on the wire.
    version: null,
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: () => client.close(),
  };
});

/** Passes on what it writes for the person: the link, and why it gives up. */
function relay(stderr, giveUp) {
  createInterface({ input: stderr }).on('line', (line) => {
    process.stderr.write(`${line}\n`);
    const text = line.replace(/^\[\d+\] /, '');
    if (LINK.test(text) && new URL(text).searchParams.has('code_challenge')) {
      // It tells the link before it listens for the answer; no person is that quick.
      listening(Number(CALLBACK_PORT)).then(() => say({ open: text }));
    }
    if (/access_denied|Fatal error|Connection error/.test(text)) giveUp(new Error(text));
  });
}
