// The MCP server that the suite's server scenarios are run against, with and without what this project puts before it.
// Settings: PORT. Prints {"ready": url} when it listens on loopback.
//
// Both eras at one address: 2026-07-28 by requests that stand alone, the older revisions by sessions whose streams can
// be resumed.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  localhostHostValidation, localhostOriginValidation, NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest,
} from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import { everything } from './everything.mjs';
import { Events } from './events.mjs';

const RETRY_MILLISECONDS = 500;
const { PORT } = process.env;

const standalone = createMcpHandler(() => everything(() => standalone.notify), { legacy: 'reject' });
const answerStandalone = toNodeHandler(standalone);
const sessions = new Map();
const mayCall = [localhostHostValidation(), localhostOriginValidation()];

const server = createServer(async (request, response) => {
  if (!mayCall.every((may) => may(request, response))) return undefined;
  const body = request.method === 'POST' ? await read(request) : undefined;
  const legacy = request.method !== 'POST' || await isLegacyRequest(await toWebRequest(request, body), body);
  if (!legacy) return answerStandalone(request, response, body);
  const transport = await session(request.headers['mcp-session-id']);
  if (transport) return transport.handleRequest(request, response, body);
  return response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is no such session.');
});

/** The transport of the session with this id, if there is one; of a new session where there is no id. */
async function session(named) {
  if (named !== undefined) return sessions.get(named);
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new Events(),
    retryInterval: RETRY_MILLISECONDS,
    onsessioninitialized: (id) => { sessions.set(id, transport); },
    onsessionclosed: (id) => { sessions.delete(id); },
  });
  await everything().connect(transport);
  return transport;
}

/** The body as JSON; as it came where it is none, which is for the SDK to refuse. */
async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ ready: `http://127.0.0.1:${server.address().port}/mcp` }));
});
