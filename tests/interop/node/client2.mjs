// The newest TypeScript client, @modelcontextprotocol/client. Settings: MCP_URL, MCP_ERA, CLIENT_NAME.

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { listenForCallback } from './callback.mjs';
import { converse, steppingUp } from './conversation.mjs';
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
  const approved = async (asking) => {
    const returned = await callback.returned();
    credentials.check(returned);
    await asking.finishAuth(returned);
  };
  await approved(first);

  const connected = client();
  const second = transport();
  await connected.connect(second);
  return {
    version: connected.getNegotiatedProtocolVersion(),
    call: (name, args) => steppingUp(
      () => connected.callTool({ name, arguments: args }),
      (error) => error instanceof UnauthorizedError,
      () => approved(second),
    ),
    close: () => { callback.close(); return connected.close(); },
  };
});

function client() {
  const mode = MCP_ERA === '2026-07-28' ? 'auto' : 'legacy';
  return new Client({ name: CLIENT_NAME, version: '1.0.0' }, { versionNegotiation: { mode } });
}
