// What people and their agents do with Bookmarket, in Chromium: `run` starts it.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { signInAgent } from './agent.mjs';
import { audit, takePictures } from './audit.mjs';
import { approveIn, disconnectAgent } from './disconnect.mjs';
import { inscribe, tabTo } from './keyboard.mjs';
import { startBookmarket } from './server.mjs';

const CHROMIUM = {
  executablePath: process.env.CHROMIUM,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
};
const UPDATE_DOCS = process.env.UPDATE_DOCS === '1';

const bookmarket = await startBookmarket(process.argv[2], UPDATE_DOCS ? 8787 : undefined);
const browser = await chromium.launch(CHROMIUM);
let passed = 0;
let failed = 0;
try {
  await everything();
} catch (error) {
  failed += 1;
  console.error(error);
} finally {
  await browser.close();
  await bookmarket.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function everything() {
  const { origin, resource } = bookmarket;
  const ada = await person();
  const grace = await person();
  const katherine = await person();
  let agent;

  await step('a person signs in at / with the keyboard alone', async () => {
    await ada.goto(origin);
    await ada.keyboard.press('Tab');
    assert.equal(await ada.locator(':focus').innerText(), 'Skip to the contents');
    await tabTo(ada, 'Sign in');
    await ada.keyboard.press('Enter');
    await ada.waitForURL(/user_management/);
    await tabTo(ada, 'Ada Lovelace');
    await ada.keyboard.press('Enter');
    await ada.waitForURL(`${origin}/bookmarks`);
    assert.match(await ada.locator('header').innerText(), /Signed in as user_ada/);
    assert.match(await ada.getByLabel('Line for Claude Code').inputValue(), new RegExp(`${resource}$`));
  });
  await step('a person adds a bookmark with the keyboard alone', async () => {
    await inscribe(ada, 'Address', 'https://www.rust-lang.org/');
    await inscribe(ada, 'Title', 'The Rust language');
    await inscribe(ada, 'Tags', 'rust, language');
    await ada.keyboard.press('Enter');
    await ada.getByRole('status').getByText('The bookmark was added.').waitFor();
    assert.deepEqual(await titles(ada), ['The Rust language']);
  });
  await step('their agent signs in, lists it and adds another', async () => {
    agent = await signInAgent(resource, (url) => approveIn(ada.context(), url, 'Ada Lovelace'));
    assert.deepEqual(await agent.titles(), ['The Rust language']);
    await agent.add('https://modelcontextprotocol.io/', 'Model Context Protocol', ['mcp']);
  });
  await step('the page shows what the agent added', async () => {
    await ada.goto(`${origin}/bookmarks`);
    assert.deepEqual(await titles(ada), ['Model Context Protocol', 'The Rust language']);
  });
  await step('a person finds and deletes, and the agent sees that', async () => {
    await agent.add('https://example.com/', 'Not for long', []);
    await ada.getByRole('searchbox').fill('LONG');
    await ada.keyboard.press('Enter');
    await ada.getByRole('heading', { name: '1 bookmark found' }).waitFor();
    await ada.getByRole('button', { name: 'Delete “Not for long”' }).click();
    await ada.getByText('The bookmark was deleted.').waitFor();
    assert.deepEqual(await agent.titles(), ['Model Context Protocol', 'The Rust language']);
  });
  await step('a second person sees only their own', async () => {
    await signIn(grace, 'Grace Hopper');
    assert.deepEqual(await titles(grace), []);
    await add(grace, 'https://cobol.example/', 'COBOL');
    assert.deepEqual(await titles(grace), ['COBOL']);
    await ada.goto(`${origin}/bookmarks`);
    assert.deepEqual(await titles(ada), ['Model Context Protocol', 'The Rust language']);
  });
  await step('what is typed is no markup, and runs nothing', async () => {
    await add(grace, 'https://example.com/?"><script>', '<script>document.title = "bad"</script>');
    await grace.goto(`${origin}/bookmarks?q=%3Cscript%3E`);
    assert.deepEqual(await titles(grace), ['<script>document.title = "bad"</script>']);
    assert.equal(await grace.title(), 'Search for “<script>” · Bookmarket');
  });
  await signIn(katherine, 'Katherine Johnson');
  const others = await disconnectAgent({ bookmarket, katherine, step });
  if (UPDATE_DOCS) await takePictures(browser, ada, origin);
  await audited('every page is accessible, at both widths, light and dark', ada, grace, katherine);
  await step('after signing out the page asks again', async () => {
    await ada.goto(`${origin}/bookmarks`);
    await ada.getByRole('button', { name: 'Sign out' }).click();
    await ada.waitForURL(`${origin}/`);
    await ada.getByRole('link', { name: 'Sign in' }).waitFor();
    await ada.goto(`${origin}/bookmarks`);
    await ada.getByRole('button', { name: 'Ada Lovelace' }).waitFor();
  });
  await step('the agent goes on', async () => {
    await agent.add('https://www.rfc-editor.org/rfc/rfc9728', 'Protected Resource Metadata', []);
    await signIn(ada, 'Ada Lovelace');
    assert.equal((await titles(ada))[0], 'Protected Resource Metadata');
    for (const one of [agent, ...others]) await one.close();
  });
}

async function step(what, act) {
  await act();
  passed += 1;
  console.log(`ok: ${what}`);
}

async function audited(what, ada, grace, katherine) {
  const { origin } = bookmarket;
  const rejected = async (page) => {
    await page.goto(`${origin}/bookmarks`);
    await add(page, 'ftp://example.com', 'Not of the web');
    await page.getByRole('alert').waitFor();
  };
  const asked = async (page) => {
    await page.goto(`${origin}/agents`);
    await page.locator('summary').first().click();
  };
  const pages = [
    ['/, signed out', undefined, '/'],
    ['the sign-in', undefined, '/bookmarks'],
    ['a sign-in that failed', undefined, '/callback?code=x&state=y'],
    ['/, signed in', ada, '/'],
    ['the list', ada, '/bookmarks'],
    ['a search', ada, '/bookmarks?q=rust&done=deleted'],
    ['a search without result', grace, '/bookmarks?q=nothing'],
    ['a rejected form', ada, rejected],
    ['what is not there', ada, '/bookmarks/nothing'],
    ['agents', katherine, '/agents?done=disconnected'],
    ['a question about an agent', katherine, asked],
    ['no agents', grace, '/agents'],
    ['activity', katherine, '/activity'],
    ['the activity of a browser', ada, '/activity?agent=browser'],
    ['no activity', grace, '/activity?agent=agent:nobody'],
    ['no such agent', ada, '/agents/nothing'],
  ];
  await step(what, () => audit(browser, origin, pages));
}

/** A page of somebody's own browser, in which scripts do not run. */
async function person() {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return page;
}

async function signIn(page, name) {
  await page.goto(bookmarket.origin);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('button', { name }).click();
  await page.waitForURL(`${bookmarket.origin}/bookmarks`);
}

async function add(page, url, title) {
  await page.getByRole('textbox', { name: 'Address' }).fill(url);
  await page.getByRole('textbox', { name: 'Title' }).fill(title);
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('status').or(page.getByRole('alert')).waitFor();
}

function titles(page) {
  return page.locator('.bookmarks .title').allInnerTexts();
}
