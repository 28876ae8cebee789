// A real MCP client, the TypeScript SDK, that signs in as its person.

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { listenForCallback } from '../interop/node/callback.mjs';
import { Credentials } from '../interop/node/credentials.mjs';

const NAME = 'Ada’s agent';

/** Connects to the server; `open` shows the person a page, and returns when they have approved. */
export async function signInAgent(resource, open) {
  const callback = await listenForCallback();
  const credentials = new InThisProcess(callback.redirectUrl, NAME);
  const transport = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider: credentials });

  const first = transport();
  try {
    await new Client({ name: NAME, version: '1.0.0' }).connect(first);
    throw new Error('the server let us in without a token');
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  const returned = callback.returned();
  await open(credentials.page);
  const answer = await returned;
  credentials.check(answer);
  await first.finishAuth(answer.get('code'));

  const client = new Client({ name: NAME, version: '1.0.0' });
  await client.connect(transport());
  const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    if (result.isError) throw new Error(result.content[0].text);
    return result.structuredContent;
  };
  return {
    titles: async () => (await call('list_bookmarks', {})).bookmarks.map((bookmark) => bookmark.title),
    add: (url, title, tags) => call('add_bookmark', { url, title, tags }),
    close: () => { callback.close(); return client.close(); },
  };
}

class InThisProcess extends Credentials {
  redirectToAuthorization(url) { this.page = url.href; }
}
