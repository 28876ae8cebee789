// A person sees what their agents do, disconnects one of them, and lets it in again.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { signInAgent } from './agent.mjs';
import { tabTo } from './keyboard.mjs';

const READER = 'Katherine Johnson (may only read)';
/** Markup, quotes, a character that reverses the text after it, and far too much of it. */
const HOSTILE = `<img src=x onerror="document.title='bad'">\u202eevil'"</p>${'x'.repeat(10_000)}`;
const SHOWN = `<img src=x onerror="document.title='bad'">evil'"</p>`;

/**
 * `katherine` is somebody who has signed in and may only read. Each agent's person approves it in a window of
 * hers. Returns the agents that are connected in the end.
 */
export async function disconnectAgent({ bookmarket, katherine, step }) {
  const { origin, resource, replicas } = bookmarket;
  const approve = (url) => approveIn(katherine.context(), url, READER);
  let agent;
  let other;
  let revoked;

  await step('a person’s agents call tools, and one call is refused', async () => {
    agent = await signInAgent(resource, approve, 'Katherine’s reader');
    other = await signInAgent(resource, approve, HOSTILE);
    await agent.call('whoami');
    await agent.call('list_bookmarks');
    await assert.rejects(agent.call('add_bookmark', { url: 'https://example.com/', title: 'No', tags: [] }), /403|permission/i);
    await other.titles();
  });
  await step('Activity shows all three with the agent’s name, and one of them as refused', async () => {
    await katherine.goto(`${origin}/agents`);
    await katherine.getByRole('link', { name: 'All that it did “Katherine’s reader”' }).click();
    await katherine.getByRole('heading', { name: 'What Katherine’s reader did' }).waitFor();
    for (const tool of ['whoami', 'list_bookmarks']) await rows(katherine, tool).getByText('Done').waitFor();
    await rows(katherine, 'add_bookmark').first().getByText('Refused').waitFor();
    for (const row of await rows(katherine, 'tool').all()) assert.match(await row.innerText(), /Katherine’s reader/);
    assert.equal(await rows(katherine, 'evil').count(), 0, 'the other agent');
    await katherine.goto(`${origin}/activity`);
    assert.match(await rows(katherine, SHOWN).first().innerText(), /list_bookmarks/);
    assert.equal(await katherine.locator('img').count(), 0);
  });
  await step('the page Agents shows both, with names that are no markup', async () => {
    await katherine.goto(`${origin}/agents`);
    assert.deepEqual((await names(katherine)).map((name) => name.slice(0, SHOWN.length)).sort(), [SHOWN, 'Katherine’s reader']);
    assert.equal(await katherine.locator('img').count(), 0);
    assert.equal(await katherine.title(), 'Your agents · Bookmarket');
    const shown = katherine.getByRole('listitem').filter({ hasText: 'Katherine’s reader' });
    await shown.getByText('It calls itself so.').waitFor();
    await shown.getByText('see your bookmarks', { exact: true }).waitFor();
  });
  await step('she disconnects one with the keyboard alone, and both servers refuse it within a second', async () => {
    revoked = agent.token();
    for (const replica of replicas) assert.equal(await call(replica, resource, revoked), 200);
    await tabTo(katherine, 'Disconnect “Katherine’s reader”');
    await katherine.keyboard.press('Enter');
    await tabTo(katherine, 'Disconnect it now “Katherine’s reader”');
    const before = Date.now();
    await katherine.keyboard.press('Enter');
    for (const replica of replicas) await refused(replica, resource, revoked, before + 1_000);
    await katherine.getByRole('status').getByText('The agent was disconnected.').waitFor();
    assert.equal((await names(katherine)).length, 1);
  });
  await step('her other agent goes on', async () => {
    for (const replica of replicas) assert.equal(await call(replica, resource, other.token()), 200);
    await other.titles();
  });
  await step('a new consent lets the agent in again, on both servers', async () => {
    // A token of the very second of the disconnection would be refused: `iat` has whole seconds.
    await wait(1_100);
    await agent.signInAgain();
    await agent.call('whoami');
    for (const replica of replicas) {
      assert.equal(await call(replica, resource, agent.token()), 200);
      assert.equal(await call(replica, resource, revoked), 401, 'the old token');
    }
    await katherine.goto(`${origin}/agents`);
    assert.equal((await names(katherine)).length, 2);
    await other.titles();
    assert.equal(other.asked(), 1, 'how often the other agent had to sign in');
  });
  return [agent, other];
}

/** Approves an agent as a person, in a window of their own. */
export async function approveIn(context, url, name) {
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button', { name }).click();
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('You can close this page.').waitFor();
  await page.close();
}

/** The rows of activity in which this stands. */
function rows(page, text) {
  return page.locator('tbody').getByRole('row').filter({ hasText: text });
}

function names(page) {
  return page.locator('.bookmarks .title').allInnerTexts();
}

/** Calls until the answer is 401, which must come before `until`. */
async function refused(replica, resource, token, until) {
  while (await call(replica, resource, token) !== 401) {
    assert.ok(Date.now() < until, `${replica} lets the agent in after a second`);
    await wait(10);
  }
  assert.ok(Date.now() < until, `${replica} refuses the agent after a second only`);
}

/**
 * The status of a call of a tool at one replica, which answers for the resource's host. What is being answered when
 * the agent is disconnected is cut.
 */
function call(replica, resource, token) {
  const { host, pathname } = new URL(resource);
  const [hostname, port] = replica.split(':');
  const headers = {
    host,
    authorization: `Bearer ${token}`,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-protocol-version': '2025-11-25',
  };
  return new Promise((done) => {
    const sent = request({ hostname, port, path: pathname, method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => done(answer.statusCode));
    });
    sent.on('error', () => done('cut'));
    sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }));
  });
}
