// The demo's page in a real browser: `postlude demo` is started, and a person's way through it is walked.
//   POSTLUDE_BIN=../../target/debug/postlude npm test         (SCREENSHOTS=FOLDER keeps pictures to look at)
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const WIDTHS = [360, 768, 1280];
const STEP_MS = 20_000;
const { SCREENSHOTS, POSTLUDE_BIN, CHROMIUM_BIN = '/usr/bin/chromium' } = process.env;

/** `postlude demo`, once its story was played. */
async function startDemo() {
  if (!POSTLUDE_BIN) throw new Error('set POSTLUDE_BIN: the test runs the real program');
  const child = spawn(resolve(POSTLUDE_BIN), ['demo', '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  // A test that is stopped from outside leaves nothing running either.
  process.once('exit', () => child.kill('SIGKILL'));
  let said = '';
  const url = await new Promise((found, failed) => {
    const listen = (chunk) => {
      said += chunk;
      const [, page] = said.match(/open (http:\/\/demo\.localhost:\d+) /) ?? [];
      if (page) found(page);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => failed(new Error(`the demo ended with ${code}:\n${said}`)));
  });
  const stop = async () => {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    return ended;
  };
  return { url, stop };
}

describe("the demo's page", { timeout: 240_000 }, () => {
  let demo, browser, axe;

  before(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    demo = await startDemo();
    browser = await chromium.launch({ executablePath: CHROMIUM_BIN, args: CHROMIUM_ARGS });
  });

  after(async () => {
    await browser?.close();
    assert.equal(await demo?.stop(), 0, 'the demo ends in an orderly way');
  });

  /** The page in a browser of its own, and the two browsers in it. Whatever goes wrong in the page fails the test. */
  async function open(t, { width = 1280, url = demo.url, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
    context.setDefaultTimeout(STEP_MS);
    const page = await context.newPage();
    const wrong = [];
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('console', (message) => {
      // A refusal is a page with an error's status, which the console reports as well.
      if (message.type() === 'error' && !/the server responded with a status of 4/.test(message.text())) wrong.push(message.text());
    });
    t.after(async () => {
      await context.close();
      assert.deepEqual(wrong, []);
    });
    await page.goto(url);
    return { page, ana: page.frameLocator('iframe[name=ana]'), mallory: page.frameLocator('iframe[name=mallory]') };
  }

  const button = (frame, name) => frame.getByRole('button', { name, exact: true });
  const live = (page) => page.locator('#live .flow').first();
  const shot = (page, name) => (SCREENSHOTS ? page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true }) : undefined);

  /** Opens what there is to try, unless the page did already. */
  async function unfold(page, step) {
    const details = page.locator(`[data-step=${step}] details`);
    if (!(await details.evaluate(({ open }) => open))) await details.locator('summary').click();
  }

  async function logIn(frame) {
    await button(frame, 'Log in as ana').click();
    await button(frame, "It's me").click();
    await frame.getByRole('heading', { name: 'Signed in as ana' }).waitFor();
  }

  it('a login is shown message by message, and the second needs no prompt', async (t) => {
    const { page, ana } = await open(t);
    await logIn(ana);
    const flow = live(page);
    await flow.locator('.tag', { hasText: 'continue' }).first().waitFor();
    const said = await flow.locator('.message').evaluateAll((all) => all.map(({ dataset }) => `${dataset.from}>${dataset.to}`));
    assert.deepEqual(said.filter((arrow) => arrow !== 'partner>postlude' && arrow !== 'postlude>partner'), [
      'browser>idp', 'idp>postlude', 'postlude>idp', 'idp>browser', 'browser>partner', 'partner>browser', 'browser>partner',
      'partner>browser', 'browser>postlude', 'postlude>browser', 'browser>idp', 'idp>postlude', 'postlude>idp', 'idp>browser',
    ]);
    // The real messages are in it: the request to Postlude, and the token that the partner signed.
    const texts = (await flow.locator('.said').allTextContents()).join('\n');
    for (const part of ['/v1/logins', '"user_id": "ana"', 'prompt-result+jwt', '"verdict": "ok"', '__Host-demo-session=']) {
      assert.ok(texts.includes(part), `no message says ${part}`);
    }
    await page.locator('[data-step=recorded].seen').waitFor();
    await button(ana, 'Log in again as ana').click();
    await page.locator('[data-step=remembered].seen').waitFor();
  });

  it('a login that ended is saved as a story, which the program plays', async (t) => {
    const { page, ana } = await open(t);
    await logIn(ana);
    const link = live(page).locator('.save a');
    await link.waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.match(download.suggestedFilename(), /^[a-z0-9-]+\.toml$/);
    const folder = await mkdtemp(join(tmpdir(), 'postlude-story-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, download.suggestedFilename());
    await download.saveAs(file);
    const { stdout } = await promisify(execFile)(resolve(POSTLUDE_BIN), ['test', file], { env: { ...process.env, NO_COLOR: '1' } });
    assert.match(stdout, /^ +ok +ana logs in: continue$/m);
  });

  it('words are explained where they stand, without a mouse', async (t) => {
    const { ana } = await open(t);
    await logIn(ana);
    for (const word of ['amr', 'fuel', 'factor']) {
      const term = ana.locator('details.term', { has: ana.getByText(word, { exact: true }) }).first();
      await term.locator('summary').focus();
      await term.locator('summary').press('Enter');
      assert.ok(await term.locator('p').isVisible(), word);
    }
  });

  it('two browsers have separate cookies, and a stolen link is refused in the other one', async (t) => {
    const { page, ana, mallory } = await open(t);
    await button(ana, 'Log in as ana').click();
    await button(ana, "It's me; show me the link").click();
    await ana.getByRole('link', { name: 'Follow it here' }).waitFor();
    // First without a login of her own, then with one that waits at the prompt.
    await unfold(page, 'stolen');
    const steal = page.getByRole('button', { name: "Open ana's link in mallory's browser" });
    await steal.click();
    await mallory.getByRole('heading', { name: 'No login is open here' }).waitFor();
    await mallory.getByRole('link', { name: 'Back to the start' }).click();
    await button(mallory, 'Log in as ben').click();
    await button(mallory, "It's me").waitFor();
    await steal.click();
    await mallory.getByRole('heading', { name: 'Refused' }).waitFor();
    await mallory.getByText('login_mismatch').first().waitFor();
    await page.locator('[data-step=stolen].seen').waitFor();
    await live(page).getByText("mallory's browser: a link is opened").waitFor();

    await ana.getByRole('link', { name: 'Follow it here' }).click();
    await ana.getByRole('heading', { name: 'Signed in as ana' }).waitFor();
    const sessions = (await page.context().cookies()).filter(({ name }) => name === '__Host-demo-session');
    assert.deepEqual(sessions.map(({ domain }) => domain), ['idp.ana.demo.localhost']);
  });

  it('a link that is pasted into an address bar is opened in that browser alone', async (t) => {
    const { page, ana, mallory } = await open(t);
    await button(ana, 'Log in as ana').click();
    await button(ana, "It's me; show me the link").click();
    const link = await ana.getByRole('textbox', { name: 'the link' }).inputValue();
    const address = page.getByRole('textbox', { name: "Address in mallory's browser" });
    await address.fill(link);
    await address.press('Enter');
    await mallory.getByRole('heading', { name: 'No login is open here' }).waitFor();
    await address.fill('https://elsewhere.example/');
    await address.press('Enter');
    await mallory.getByRole('heading', { name: 'Not a link of this demo' }).waitFor();
    await ana.getByRole('link', { name: 'Follow it here' }).waitFor();
  });

  it('a day later the prompt is due again, and both browsers stay where they are', async (t) => {
    const { page, ana, mallory } = await open(t);
    await logIn(ana);
    await button(mallory, 'Log in as ben').click();
    await button(mallory, "It's me").waitFor();
    await unfold(page, 'due');
    const before = Number(await page.locator('.hours').textContent());
    await page.getByRole('button', { name: 'Move the clock 24 h forward' }).click();
    await page.locator('.hours', { hasText: String(before + 24) }).waitFor();
    assert.ok(await button(mallory, "It's me").isVisible());
    await button(ana, 'Log in again as ana').click();
    await button(ana, "It's me").waitFor();
    await page.locator('[data-step=due].seen').waitFor();
  });

  it('a denial and a hostile plugin end in pages that a reload shows again', async (t) => {
    const { page, ana, mallory } = await open(t);
    await button(ana, 'Log in as eve').click();
    await ana.getByRole('heading', { name: 'Not logged in' }).waitFor();
    await page.locator('[data-step=denied].seen').waitFor();
    await unfold(page, 'stopped');
    await page.getByRole('button', { name: "Log in there as ben, in mallory's browser" }).click();
    await mallory.getByText(/fuel spent \(50,000,000\)/).first().waitFor();
    await page.locator('[data-step=stopped].seen').waitFor();
    const tab = await page.context().newPage();
    const shown = await tab.goto(`${demo.url.replace('demo.localhost', 'idp.ana.demo.localhost')}/result`);
    assert.equal(shown.status(), 403);
    assert.equal((await tab.reload()).status(), 403);
    await tab.getByRole('heading', { name: 'Not logged in' }).waitFor();
  });

  it('a reload keeps who is signed in, a login that waits, the messages, and what was seen', async (t) => {
    const { page, ana, mallory } = await open(t);
    await logIn(ana);
    await button(mallory, 'Log in as ben').click();
    await button(mallory, "It's me").waitFor();
    await page.reload();
    await ana.getByRole('heading', { name: 'Signed in as ana' }).waitFor();
    await live(page).getByText("mallory's browser: ben logs in").waitFor();
    assert.ok((await live(page).locator('.message').count()) >= 6);
    assert.equal(await page.locator('[data-step=recorded].seen').count(), 1);
    await mallory.getByRole('link', { name: 'Back to the prompt' }).click();
    await button(mallory, "It's me").click();
    await mallory.getByRole('heading', { name: 'Signed in as ben' }).waitFor();
  });

  it('a plugin is typed, swapped while a login is under way, and decides the next one', async (t) => {
    // A demo of its own: in the others nobody has a day off.
    const fresh = await startDemo();
    const { page, ana, mallory } = await open(t, { url: fresh.url });
    t.after(fresh.stop); // after the page was closed
    await button(mallory, 'Log in as ben').click();
    await button(mallory, "It's me").waitFor();
    const code = page.getByRole('textbox', { name: 'A plugin to change' });
    await code.fill("return event.user.user_id === 'ana' ? Decision.deny('day_off', 'ana has the day off') : Decision.continue();");
    await page.getByRole('button', { name: 'Put it into force' }).click();
    await page.locator('.typed-said', { hasText: 'in force as revision' }).waitFor({ timeout: 60_000 });
    await button(ana, 'Log in as ana').click();
    await ana.getByText('ana has the day off', { exact: true }).waitFor();
    await page.locator('[data-step=typed].seen').waitFor();
    // The login that began before finishes on the revision that it began with.
    await button(mallory, "It's me").click();
    await mallory.getByRole('heading', { name: 'Signed in as ben' }).waitFor();
    await page.getByRole('button', { name: 'Take it out' }).click();
    await page.locator('.typed-said', { hasText: 'out of the pipeline' }).waitFor({ timeout: 60_000 });
    await ana.getByRole('link', { name: 'Back to the start' }).click();
    await button(ana, 'Log in as ana').click();
    await button(ana, "It's me").waitFor();
  });

  it('addresses that lead nowhere have a page', async (t) => {
    const { page } = await open(t);
    for (const host of ['demo.localhost', 'idp.ana.demo.localhost', 'partner.mallory.demo.localhost']) {
      const answer = await page.goto(`${demo.url.replace('demo.localhost', host)}/nowhere`);
      assert.equal(answer.status(), 404, host);
      await page.getByRole('heading', { name: 'No page here' }).waitFor();
    }
  });

  it('messages are walked with the keyboard alone', async (t) => {
    const { page, ana } = await open(t);
    await logIn(ana);
    const flow = live(page);
    const summaries = flow.locator('.message > details > summary');
    await summaries.nth(0).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.ok(await flow.locator('.message').nth(1).locator('.said').isVisible());
    assert.equal(await flow.locator('.parties .on').allTextContents().then((all) => all.join()), 'IdP,Postlude');
    await flow.getByRole('button', { name: /^Next message/ }).press('Enter');
    assert.ok(await flow.locator('.message').nth(2).locator('.said').isVisible());
    await flow.getByRole('button', { name: /^Play/ }).press('Enter');
    await flow.locator('.messages.playing .message.current').first().waitFor();
    await flow.getByRole('button', { name: /^Play/ }).press('Enter');
    assert.equal(await flow.locator('.messages.playing').count(), 0);
  });

  it('without a script the page is a list that reads', async (t) => {
    const { page, ana } = await open(t, { javaScriptEnabled: false });
    await logIn(ana);
    await page.reload();
    const flow = live(page);
    assert.ok((await flow.locator('.message').count()) >= 14);
    const asked = flow.locator('.message').nth(1);
    await asked.locator('summary').click();
    await asked.getByText('"user_id": "ana"').waitFor();
  });

  for (const colorScheme of ['light', 'dark']) {
    for (const width of WIDTHS) {
      it(`at ${width} pixels, ${colorScheme}: nothing is cut off, and axe finds nothing`, async (t) => {
        // A demo of its own: the messages of the other tests would all be looked at again.
        const fresh = await startDemo();
        const { page, ana, mallory } = await open(t, { width, url: fresh.url, colorScheme, reducedMotion: 'reduce' });
        t.after(fresh.stop); // after the page was closed
        const name = `${width}-${colorScheme}`;
        await shot(page, `${name}-start`);
        await button(ana, 'Log in as ana').click();
        await button(ana, "It's me; show me the link").waitFor();
        await check(page, `${name} prompt`);
        await button(ana, "It's me; show me the link").click();
        await ana.getByRole('link', { name: 'Follow it here' }).waitFor();
        await check(page, `${name} link`);
        await ana.getByRole('link', { name: 'Follow it here' }).click();
        await ana.getByRole('heading', { name: 'Signed in as ana' }).waitFor();
        await button(mallory, 'Log in as eve').click();
        await mallory.getByRole('heading', { name: 'Not logged in' }).waitFor();
        // Everything that can be unfolded, in the page and in both of its browsers.
        for (const frame of page.frames()) {
          await frame.evaluate(() => document.querySelectorAll('details:not(.played, .played *)').forEach((each) => { each.open = true; }));
        }
        await shot(page, `${name}-end`);
        await check(page, `${name} end`);
      });
    }
  }

  /** No frame scrolls sideways, and axe finds no violation in any. */
  async function check(page, where) {
    for (const frame of page.frames()) {
      const site = new URL(frame.url()).hostname;
      const { scrollWidth, clientWidth } = await frame.evaluate(() => { const { scrollWidth, clientWidth } = document.documentElement; return { scrollWidth, clientWidth }; });
      assert.ok(scrollWidth <= clientWidth, `${where}: ${site} is ${scrollWidth} wide in ${clientWidth}`);
      await frame.evaluate(axe);
      const { violations } = await frame.evaluate(() => window.axe.run(document, { iframes: false }));
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html}\n      ${node.failureSummary}`).join('\n    ')}`);
      assert.deepEqual(found, [], `${where}: ${site}`);
    }
  }
});
