// Adds a token to whatever is sent, as a client that has signed in would: the suite knows no tokens here. Nothing else
// is changed, on the way or back. Settings: BEHIND (the origin it is sent to), TOKEN. Prints {"ready": origin}.

import { createServer, request as send } from 'node:http';

const { BEHIND, TOKEN } = process.env;
const { hostname, port } = new URL(BEHIND);

const server = createServer((request, response) => {
  const { method, url: path } = request;
  const headers = [...request.rawHeaders, 'Authorization', `Bearer ${TOKEN}`];
  const onward = send({ hostname, port, method, path, headers, setHost: false }, (answer) => {
    response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
    response.flushHeaders();
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ ready: `http://127.0.0.1:${server.address().port}` }));
});
