// The MCP Inspector's command line: started anew for every call, and signed in once for all of them. Settings:
// MCP_URL, MCP_ERA, CALLBACK_PORT. It reaches the servers through HTTP_PROXY.

import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { converse, say } from '../node/conversation.mjs';

const { MCP_URL, MCP_ERA, CALLBACK_PORT } = process.env;
const SCOPE = 'openid profile email offline_access';
const CLI = fileURLToPath(new URL(
  'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url,
));

await converse(async () => {
  // Where it keeps whom it knows: a home of this person's own.
  const home = mkdtempSync(`${process.cwd()}/inspector-`);
  const callback = `http://127.0.0.1:${CALLBACK_PORT}/oauth/callback`;
  // Without scopes of its own it registers with an empty one, which not every authorization server takes.
  const server = { type: 'streamable-http', url: MCP_URL, oauth: { scopes: SCOPE } };
  const config = `${home}/config.json`;
  writeFileSync(config, JSON.stringify({ mcpServers: { bookmarket: server } }));
  const inspect = (...args) => run(home, [
    '--cli', '--config', config, '--server', 'bookmarket', '--format', 'json', '--callback-url', callback,
    '--protocol-era', MCP_ERA === '2026-07-28' ? 'modern' : 'legacy', ...args,
  ]);
  const { tools } = (await inspect('--method', 'tools/list')).result;
  if (!tools.some((tool) => tool.name === 'whoami')) throw new Error('no tool called whoami');
  return {
    // It does not tell; what it speaks with the server is seen on the wire.
    version: null,
    call: async (name, args) => (await inspect(
      '--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(args),
    )).result,
    close: () => {},
  };
});

/** What one run of it prints; what it writes for the person meanwhile is passed on. */
async function run(home, args) {
  // Without a terminal it signs in only where it may open a browser. The person's is whoever runs this; the one that it
  // opens comes to nothing.
  const env = {
    ...process.env, HOME: home, MCP_INSPECTOR_SECRET_STORE: 'file', MCP_AUTO_OPEN_ENABLED: 'true', BROWSER: 'true',
  };
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  // Whether to ask for more, it asks first. No line ends there.
  child.stderr.on('data', (data) => {
    if (String(data).includes('Proceed with step-up authorization?')) child.stdin.write('y\n');
  });
  let reason = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    process.stderr.write(`${line}\n`);
    const link = /navigate to: .*?(https?:\/\/[^\s\u001b]+)/.exec(line);
    if (link) say({ open: link[1] });
    else if (line.trim()) reason = line.trim();
  });
  let printed = '';
  child.stdout.on('data', (data) => { printed += data; });
  const code = await new Promise((resolve) => { child.on('close', resolve); });
  if (code !== 0) throw new Error(`the Inspector ended with ${code}: ${reason}`);
  return JSON.parse(printed);
}
