// The newest TypeScript client, @modelcontextprotocol/client. Settings: MCP_URL, MCP_ERA, CLIENT_NAME.

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { listenForCallback } from './callback.mjs';
import { converse } from './conversation.mjs';
import { Credentials } from './credentials.mjs';

const { MCP_URL, MCP_ERA, CLIENT_NAME } = process.env;

await converse(async () => {
  const callback = await listenForCallback();
  const credentials = new Credentials(callback.redirectUrl, CLIENT_NAME);
  const transport = () => new StreamableHTTPClientTransport(new URL(MCP_URL), { authProvider: credentials });

  const first = transport();
  try {
    await client().connect(first);
    throw new Error('the server let us in without a token');
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  const returned = await callback.returned;
  callback.close();
  credentials.check(returned);
  await first.finishAuth(returned);

  const connected = client();
  await connected.connect(transport());
  return {
    version: connected.getNegotiatedProtocolVersion(),
    call: (name, args) => connected.callTool({ name, arguments: args }),
    close: () => connected.close(),
  };
});

function client() {
  const mode = MCP_ERA === '2026-07-28' ? 'auto' : 'legacy';
  return new Client({ name: CLIENT_NAME, version: '1.0.0' }, { versionNegotiation: { mode } });
}
