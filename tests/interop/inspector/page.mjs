// The MCP Inspector's page in Chromium, which calls the server and the authorization server itself ("Direct"), without
// the Inspector's proxy; and the person in front of it. Settings: MCP_URL, CHROMIUM. Everything that the browser says
// goes through HTTP_PROXY. On stdin comes first {"person": name, "decision": label}.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { converse } from '../node/conversation.mjs';

const { MCP_URL, CHROMIUM, HTTP_PROXY, PAGE_PORT } = process.env;
const SERVER = fileURLToPath(new URL('node_modules/inspector1/client/bin/client.js', import.meta.url));
const ORIGIN = `http://127.0.0.1:${PAGE_PORT}`;
/** The page shows a tool's title. */
const TITLES = { whoami: 'Who am I', add_bookmark: 'Add a bookmark', list_bookmarks: 'List bookmarks' };
const SCOPE = 'openid profile email offline_access';

const files = spawn(process.execPath, [SERVER], {
  env: { ...process.env, HOST: '127.0.0.1', CLIENT_PORT: PAGE_PORT, MCP_AUTO_OPEN_ENABLED: 'false' },
  stdio: ['ignore', 'ignore', 'inherit'],
});
process.on('exit', () => files.kill());

await converse(async () => {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    proxy: { server: HTTP_PROXY },
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
  const page = await browser.newPage({ viewport: { width: 1600, height: 1800 } });
  page.setDefaultTimeout(30_000);
  await untilItIsThere(page);
  await page.locator('#connection-type-select').click();
  await page.getByRole('option', { name: 'Direct' }).click();
  await page.getByTestId('auth-button').click();
  await page.getByTestId('oauth-scope-input').fill(SCOPE);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();

  const { person, decision } = await firstLine();
  // It may send its person there twice in a row; the second page is the one to use.
  await page.getByRole('button', { name: person }).waitFor();
  await page.waitForLoadState('networkidle');
  await page.getByRole('button', { name: person }).click();
  await page.getByRole('button', { name: decision }).click();
  const connected = page.getByText('Connected', { exact: true });
  const refused = page.getByText(/access_denied/).first();
  await connected.or(refused).first().waitFor();
  if (await refused.isVisible()) throw new Error(await refused.innerText());

  await page.getByRole('tab', { name: 'Tools' }).click();
  await page.getByRole('button', { name: 'List Tools' }).click();
  return {
    version: null,
    call: (name, args) => callTool(page, name, args),
    close: () => browser.close(),
  };
});

async function untilItIsThere(page) {
  const url = `${ORIGIN}/?transport=streamable-http&serverUrl=${encodeURIComponent(MCP_URL)}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await page.goto(url);
      if (answer.ok()) return;
    } catch (error) {
      if (attempt > 50) throw error;
    }
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

async function firstLine() {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return JSON.parse(line);
  }
  throw new Error('nobody is there to sign in');
}

/** Chooses the tool in the list, fills in its form, runs it, and reads what the page shows. */
async function callTool(page, name, args) {
  await page.getByText(TITLES[name], { exact: true }).first().click();
  for (const [key, value] of Object.entries(args)) await fillIn(page, key, value);
  await page.getByRole('button', { name: 'Run Tool' }).click();
  const outcome = page.getByRole('heading', { name: /Tool Result/ });
  await outcome.waitFor();
  const text = await outcome.locator('xpath=..').innerText();
  return { content: [{ text }], isError: !/Success/.test(text) };
}

async function fillIn(page, key, value) {
  if (typeof value === 'string') {
    await page.locator(`#${key}`).fill(value);
    return;
  }
  // A list is the last of a tool's fields; it can be written as JSON.
  await page.getByRole('button', { name: 'Switch to JSON' }).click();
  await page.locator('textarea').last().fill(JSON.stringify(value));
}
