// What the stories share: a browser, the way to the password, and what the shop knows in the end.
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const STEP_MS = 20_000;
const SHOTS = process.env.SCREENSHOTS; // a folder, to look at the pages

/** A path that the environment must name. */
export function need(name) {
  if (!process.env[name]) throw new Error(`set ${name}: the test runs the real thing, see README.md`);
  return resolve(process.env[name]);
}

// A test that is stopped from outside leaves nothing running either: start.mjs kills Postlude at `exit`.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

export const launch = (...args) => chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGS, ...args] });

/** A browser of its own: nothing is shared with any other. @param {import('playwright-core').BrowserContextOptions} [options] */
export async function freshPage(browser, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(STEP_MS);
  return context.newPage();
}

export const shot = (page, name) => (SHOTS ? page.screenshot({ path: join(SHOTS, `${name}.png`) }) : undefined);

const at = (page, origin) => page.waitForURL((url) => url.origin === origin);

/** From the shop to the password, and with it as far as the login goes by itself. */
export async function enterPassword(page, { urls }, user = 'ana') {
  await page.goto(`${urls.rp}/login`);
  await at(page, urls.idp);
  await shot(page, 'login');
  await page.fill('#login', user);
  await page.fill('#password', 'anything');
  await page.click('button');
}

/** What the shop knows in the end: `{claims}` or `{error}`. */
export async function atShop(page, { urls }) {
  await page.waitForURL(`${urls.rp}/`);
  return JSON.parse(await page.textContent('#data'));
}

export async function again(page, stack, query = '') {
  await page.goto(`${stack.urls.rp}/login${query}`);
  return atShop(page, stack);
}

export const amr = ({ claims }) => [...(claims?.amr ?? [])].sort();
