// What axe-core says of a page, whether it fits, and pictures of it.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'];

/**
 * Opens each page as its person at each width, light and dark, and fails with all that is wrong.
 * `pages` are a name, the person's page or nothing, and a path or what leads to the page.
 */
export async function audit(browser, origin, pages) {
  const wrong = [];
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      for (const [name, person, way] of pages) {
        const say = (what) => wrong.push(`${name}, ${width} px, ${colorScheme}: ${what}`);
        const context = await sameAs(browser, person, { viewport: { width, height: 800 }, colorScheme });
        const page = await context.newPage();
        page.on('console', (said) => {
          if (said.text().includes('Content Security Policy')) say(said.text());
        });
        if (typeof way === 'string') await page.goto(`${origin}${way}`);
        else await way(page);
        for (const problem of await problems(page)) say(problem);
        await context.close();
      }
    }
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

async function problems(page) {
  await page.evaluate(axe);
  const { violations, tooWide } = await page.evaluate(async () => ({
    violations: (await globalThis.axe.run()).violations,
    tooWide: document.documentElement.scrollWidth - innerWidth,
  }));
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`);
  return tooWide > 0 ? [...found, `it is ${tooWide} px too wide`] : found;
}

/** Writes the screenshots of the documentation. */
export async function takePictures(browser, person, origin) {
  await mkdir(IMAGES, { recursive: true });
  const pictures = [
    ['bookmarket-home', undefined, '/', 1280, 480, 'light'],
    ['bookmarket-sign-in', undefined, '/bookmarks', 1280, 720, 'light'],
    ['bookmarket-bookmarks', person, '/bookmarks', 1280, 940, 'light'],
    ['bookmarket-bookmarks-dark', person, '/bookmarks', 360, 760, 'dark'],
    ['agents', person, '/agents', 1280, 550, 'light'],
    ['activity', person, '/activity', 1280, 660, 'light'],
  ];
  for (const [name, who, path, width, height, colorScheme] of pictures) {
    const context = await sameAs(browser, who, { viewport: { width, height }, colorScheme });
    const page = await context.newPage();
    await page.goto(`${origin}${path}`);
    await page.screenshot({ path: `${IMAGES}${name}.png` });
    await context.close();
  }
}

/** Another window with a person's session, or with none. */
async function sameAs(browser, person, options) {
  const storageState = person && await person.context().storageState();
  return browser.newContext({ ...options, storageState });
}
