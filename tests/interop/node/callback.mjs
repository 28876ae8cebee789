// The client's end of the redirect: a listener on loopback that waits for the person to come back.

import { createServer } from 'node:http';

/** Listens on a free port; `returned` resolves to the query that the browser brings back. */
export async function listenForCallback() {
  let arrive;
  const returned = new Promise((resolve) => { arrive = resolve; });
  const server = createServer((request, response) => {
    const url = new URL(request.url, redirectUrl);
    if (url.pathname !== '/callback') {
      response.writeHead(404).end();
      return;
    }
    response.end('You can close this page.');
    arrive(url.searchParams);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const redirectUrl = `http://127.0.0.1:${server.address().port}/callback`;
  return { redirectUrl, returned, close: () => server.close() };
}

/** A port on loopback that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}
