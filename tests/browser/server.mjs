// Bookmarket with its demo authority and another replica of it, on free ports, over one empty database and one log
// of revocations.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { listening } from '../interop/node/callback.mjs';

/** Starts both, and waits until they say that they listen. */
export async function startBookmarket(binary, wanted) {
  const port = wanted ?? await freePort(2);
  const folder = await mkdtemp(join(tmpdir(), 'bookmarket-'));
  const redis = await startRedis(folder);
  const shared = {
    DATABASE_URL: `sqlite://${folder}/bookmarket.sqlite?mode=rwc`,
    BOOKMARKET_REVOCATIONS: redis.url,
  };
  const first = await start(binary, folder, { ...shared, BOOKMARKET_BIND: `127.0.0.1:${port}` });
  const origin = /Its pages:\s+(\S+)\//.exec(first.welcome)?.[1];
  const authority = /demo authorization server:\s+(\S+)/.exec(first.welcome)?.[1];
  if (!origin || !authority) throw new Error(`bookmarket does not say where it is: ${first.welcome}`);
  // It has no pages: those need the keys of the demo authority, which the first one has made up.
  const replica = `127.0.0.1:${await freePort(1)}`;
  const second = await start(binary, folder, {
    ...shared,
    BOOKMARKET_BIND: replica,
    BOOKMARKET_PUBLIC_URL: origin,
    BOOKMARKET_READ_ONLY: 'user_katherine',
    WORKOS_AUTHKIT_DOMAIN: authority,
  });
  return {
    origin,
    resource: `${origin}/mcp/bookmarket`,
    /** Where the replicas listen. */
    replicas: [new URL(origin).host, replica],
    stop: async () => {
      await second.stop();
      await first.stop();
      await redis.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function start(binary, folder, settings) {
  const { PATH, HOME, LD_LIBRARY_PATH } = process.env;
  const child = run(resolve(binary), [], {
    cwd: folder,
    env: { PATH, HOME, ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }), ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let welcome = '';
  for await (const line of createInterface({ input: child.process.stdout })) {
    welcome += `${line}\n`;
    if (line.includes('Ctrl-C')) break;
  }
  return { ...child, welcome };
}

async function startRedis(folder) {
  const port = await freePort(1);
  const settings = ['--bind', '127.0.0.1', '--port', `${port}`, '--save', '', '--appendonly', 'no', '--dir', folder];
  const redis = run('redis-server', settings, { stdio: 'ignore' });
  const failed = redis.ended.then(() => { throw new Error('redis-server does not run'); });
  await Promise.race([listening(port), failed]);
  return { ...redis, url: `redis://127.0.0.1:${port}` };
}

/** A process that ends with this one at the latest. */
function run(program, settings, options) {
  const child = spawn(program, settings, options);
  const ended = new Promise((done) => { child.on('exit', done); });
  process.on('exit', () => child.kill('SIGKILL'));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { process: child, ended, stop };
}

/** A port on loopback that is free, and the `count - 1` after it as well: the demo authority listens on the next one. */
async function freePort(count) {
  for (let port = 20_000 + Math.floor(Math.random() * 5_000) * 2; port < 32_000; port += 2) {
    let free = 0;
    while (free < count && await isFree(port + free)) free += 1;
    if (free === count) return port;
  }
  throw new Error('no free port');
}

function isFree(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.on('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}
