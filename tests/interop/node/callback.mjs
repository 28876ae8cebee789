// The client's end of the redirect: a listener on loopback that waits for the person to come back.
// It stays open as long as the client does: a tool may want a permission that the person gives later.

import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Listens on a free port; each `returned()` resolves to the next query that the browser brings back. */
export async function listenForCallback() {
  const arrived = [];
  const awaited = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, redirectUrl);
    if (url.pathname !== '/callback') {
      response.writeHead(404).end();
      return;
    }
    response.end('You can close this page.');
    arrived.push(url.searchParams);
    awaited.shift()?.(arrived.shift());
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const redirectUrl = `http://127.0.0.1:${server.address().port}/callback`;
  const returned = () => new Promise((resolve) => {
    if (arrived.length > 0) resolve(arrived.shift());
    else awaited.push(resolve);
  });
  return { redirectUrl, returned, close: () => server.close() };
}

/** Resolves when somebody listens on this port. */
export async function listening(port) {
  const answers = () => new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    const tell = (answer) => { probe.destroy(); resolve(answer); };
    probe.on('connect', () => tell(true)).on('error', () => tell(false));
  });
  while (!await answers()) await wait(50);
}
