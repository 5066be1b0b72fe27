// An action that was written for Auth0, as it stands, at the demo's IdP (`postlude dev`), with the partner's page as a process of its own.
//   POSTLUDE_BIN=../../target/debug/postlude npm test
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { FACTOR, WRONG, buildAction, createPartner, newSecret, spoilt } from '../../examples/auth0-factor/test/support.mjs';

const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const STEP_MS = 20_000;
const { SCREENSHOTS, POSTLUDE_BIN, CHROMIUM_BIN = '/usr/bin/chromium' } = process.env;

/** `postlude dev` with the action, once it serves; the plugin was built already, so that the manifest stands beside it. */
async function startDev(action, setup) {
  const child = spawn(resolve(POSTLUDE_BIN), ['dev', '--auth0', action, '--real-site', '--setup', setup, '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const runs = [];
  let said = '';
  const [idp, continueUrl] = await new Promise((found, refused) => {
    const failed = (why) => { child.kill('SIGKILL'); refused(why); };
    child.stdout.on('data', (chunk) => runs.push(...chunk.toString().split('\n').filter((line) => line !== '')));
    child.stderr.on('data', (chunk) => {
      said += chunk;
      const [, page] = /open (http:\S+) and log in/.exec(said) ?? [];
      const [, back] = /sends browsers back to (http:\S+);/.exec(said) ?? [];
      if (page && back) found([page, back]);
      if (said.includes('waiting for a change')) failed(new Error(said)); // nobody will save a file
    });
    child.once('exit', (code) => failed(new Error(`postlude dev ended with ${code}:\n${said}`)));
  });
  const stop = () => {
    const ended = new Promise((done) => { child.once('exit', done); });
    child.kill('SIGTERM');
    return ended;
  };
  return { idp, continueUrl, runs, stop };
}

describe("an action and a page that were written for Auth0, at the demo's IdP", { timeout: 300_000 }, () => {
  const secret = newSecret();
  let folder, dev, partner, browser;

  before(async () => {
    if (!POSTLUDE_BIN) throw new Error('set POSTLUDE_BIN: the test runs the real program');
    folder = await mkdtemp(join(tmpdir(), 'postlude-auth0-'));
    const { action } = await buildAction(resolve(POSTLUDE_BIN), join(folder, 'action'));
    const setup = join(folder, 'setup.toml');
    await writeFile(setup, `[secrets]\nSESSION_TOKEN_SECRET = "${secret}"\n[[story]]\nname = "the first login"\nstep = [{ login = {} }]\n`, { mode: 0o600 });
    dev = await startDev(action, setup);
    partner = await createPartner(folder);
    await startPartner('post');
    browser = await chromium.launch({ executablePath: CHROMIUM_BIN, args: [...CHROMIUM_ARGS, partner.rule()] });
  });

  after(async () => {
    await Promise.allSettled([browser?.close(), partner?.stop()]);
    assert.equal(await dev?.stop(), 0, 'postlude dev ends in an orderly way');
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const startPartner = (back) => partner.start({ secret, domain: 'idp.demo.localhost', continueUrl: dev.continueUrl, back });
  const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

  /** A browser of its own, at the partner's page. */
  async function atPartner() {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    context.setDefaultTimeout(STEP_MS);
    const page = await context.newPage();
    await page.goto(dev.idp);
    await press(page, 'Log in as ana');
    await page.waitForURL(`${FACTOR}?**`);
    return page;
  }

  const signedIn = (page) => page.getByRole('heading', { name: 'Signed in as ana' }).waitFor();

  async function denied(page) {
    await page.getByRole('heading', { name: 'Not logged in' }).waitFor();
    await page.goto(dev.idp);
    await page.getByRole('heading', { name: 'Log in', exact: true }).waitFor(); // nobody is
  }

  for (const back of ['post', 'get']) {
    it(`a first login shows the partner's page, whose answer comes back by ${back}, and the second does not`, async () => {
      await startPartner(back);
      const page = await atPartner();
      if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `auth0-${back}.png`) });
      await press(page, 'Yes');
      await signedIn(page);
      assert.match(await page.textContent('main, body'), new RegExp(FACTOR));
      const elsewhere = [];
      page.on('request', (request) => { if (request.url().startsWith(FACTOR)) elsewhere.push(request.url()); });
      await press(page, 'Log in again as ana');
      await signedIn(page);
      assert.deepEqual(elsewhere, []);
      await page.context().close();
    });
  }

  it('each run is told in the terminal', async () => {
    const decisions = dev.runs.map((line) => /(on-\w+) +(\w+)/.exec(line)).filter(Boolean).map(([, phase, decision]) => `${phase} ${decision}`);
    assert.deepEqual(decisions.slice(0, 3), ['on-login redirect', 'on-continue continue', 'on-login continue']);
  });

  it('who does not pass the check is denied, in the words of the action', async () => {
    const page = await atPartner();
    await press(page, 'No');
    await page.getByText('the check of ACME was not passed').first().waitFor();
    await denied(page);
  });

  it('a wrong answer is denied, whatever is wrong with it', async () => {
    await startPartner('get');
    const other = await partner.answer(await atPartner());
    for (const name of Object.keys(WRONG)) {
      const page = await atPartner();
      const asked = new URL(page.url()).searchParams.get('session_token');
      const link = await partner.answer(page);
      await page.goto(spoilt(link, name, { secret, other: other.searchParams.get('session_token'), request: asked }));
      await denied(page);
      await page.context().close();
    }
  });
});
