// The TypeScript SDK's first line, @modelcontextprotocol/sdk 1.x. Settings: MCP_URL, CLIENT_NAME.

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { listenForCallback } from './callback.mjs';
import { converse, steppingUp } from './conversation.mjs';
import { Credentials } from './credentials.mjs';

const { MCP_URL, CLIENT_NAME } = process.env;

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
    // This line of the SDK takes the code alone; what the authorization server refused is for us to see.
    if (returned.has('error')) throw new Error(returned.get('error'));
    await asking.finishAuth(returned.get('code'));
  };
  await approved(first);

  const connected = client();
  const second = transport();
  await connected.connect(second);
  return {
    version: second.protocolVersion,
    call: (name, args) => steppingUp(
      () => connected.callTool({ name, arguments: args }),
      (error) => error instanceof UnauthorizedError,
      () => approved(second),
    ),
    close: () => { callback.close(); return connected.close(); },
  };
});

function client() {
  return new Client({ name: CLIENT_NAME, version: '1.0.0' });
}
