// Bookmarket with its demo authority, on free ports and with an empty database.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** Starts it, and waits until it says that it listens. */
export async function startBookmarket(binary, port) {
  const listens = port ?? await twoFreePorts();
  const folder = await mkdtemp(join(tmpdir(), 'bookmarket-'));
  const { PATH, HOME, LD_LIBRARY_PATH } = process.env;
  const child = spawn(resolve(binary), [], {
    cwd: folder,
    env: {
      PATH, HOME, ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }),
      BOOKMARKET_BIND: `127.0.0.1:${listens}`,
      DATABASE_URL: `sqlite://${folder}/bookmarket.sqlite?mode=rwc`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => { child.on('exit', done); });
  process.on('exit', () => child.kill('SIGKILL'));
  let welcome = '';
  for await (const line of createInterface({ input: child.stdout })) {
    welcome += `${line}\n`;
    if (line.includes('Ctrl-C')) break;
  }
  const origin = /Its pages:\s+(\S+)\//.exec(welcome)?.[1];
  if (!origin) throw new Error(`bookmarket does not say where its pages are: ${welcome}`);
  return {
    origin,
    resource: `${origin}/mcp/bookmarket`,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** A port on loopback whose next one is free as well: the demo authority listens there. */
async function twoFreePorts() {
  for (let port = 20_000 + Math.floor(Math.random() * 5_000) * 2; port < 32_000; port += 2) {
    if (await isFree(port) && await isFree(port + 1)) return port;
  }
  throw new Error('no free ports');
}

function isFree(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.on('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}
