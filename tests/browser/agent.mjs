// A real MCP client, the TypeScript SDK, that signs in as its person.

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { listenForCallback } from '../interop/node/callback.mjs';
import { Credentials } from '../interop/node/credentials.mjs';

/** Connects to the server; `open` shows the person a page, and returns when they have approved. */
export async function signInAgent(resource, open, name = 'Ada’s agent') {
  const callback = await listenForCallback();
  const credentials = new InThisProcess(callback.redirectUrl, name);
  const transport = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider: credentials });
  let client;

  /** What the client did ended at the page where its person approves it: the client goes on there. */
  const approve = async (asked) => {
    const returned = callback.returned();
    await open(credentials.page);
    const answer = await returned;
    credentials.check(answer);
    await asked.finishAuth(answer.get('code'));
    client = new Client({ name, version: '1.0.0' });
    await client.connect(transport());
  };
  const first = transport();
  if (!await isUnauthorized(new Client({ name, version: '1.0.0' }).connect(first))) {
    throw new Error('the server let us in without a token');
  }
  await approve(first);

  const call = async (tool, args = {}) => {
    const result = await client.callTool({ name: tool, arguments: args });
    if (result.isError) throw new Error(result.content[0].text);
    return result.structuredContent;
  };
  return {
    call,
    titles: async () => (await call('list_bookmarks')).bookmarks.map((bookmark) => bookmark.title),
    add: (url, title, tags) => call('add_bookmark', { url, title, tags }),
    token: () => credentials.tokens().access_token,
    /** How often its person was asked to approve it. */
    asked: () => credentials.asked,
    /** Calls a tool without being let in, and has its person approve it anew. */
    signInAgain: async () => {
      const ended = client;
      if (!await isUnauthorized(call('whoami'))) throw new Error('the agent is still let in');
      await approve(ended.transport);
      await ended.close();
    },
    close: () => { callback.close(); return client.close(); },
  };
}

async function isUnauthorized(done) {
  try {
    await done;
    return false;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    return true;
  }
}

class InThisProcess extends Credentials {
  asked = 0;

  redirectToAuthorization(url) {
    this.asked += 1;
    this.page = url.href;
  }

  /** The authorization server refuses the refresh token. */
  invalidateCredentials() { this.saveTokens(undefined); }
}
