// The product's stories, told by real parts: a browser, an OpenID provider, a relying party, a prompt site, and `postlude serve`.
//   POSTLUDE_BIN=../../target/debug/postlude CUSTOM_FACTOR_WASM=../../plugins/target/postlude/custom-factor.wasm npm test
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startStack } from '../start.mjs';
import { again, amr, atShop, enterPassword, freshPage, launch, need, shot } from './support.mjs';

describe('post-login stories', { timeout: 300_000 }, () => {
  let folder, browser, day, short;
  /** What the IdP asked Postlude, in order. */
  const calls = [];
  const watched = async (url, init) => {
    const response = await fetch(url, init);
    calls.push({ path: url.pathname, asked: JSON.parse(init.body), answered: await response.clone().json().catch(() => ({})) });
    return response;
  };

  before(async () => {
    const binary = need('POSTLUDE_BIN');
    const plugin = need('CUSTOM_FACTOR_WASM');
    folder = await mkdtemp(join(tmpdir(), 'postlude-story-'));
    const log = process.env.VERBOSE ? (text) => process.stderr.write(text) : undefined;
    day = await startStack({ binary, plugin, dir: join(folder, 'day'), log, fetch: watched });
    short = await startStack({ binary, plugin, dir: join(folder, 'short'), maxAge: '3s', log, fetch: watched });
    browser = await launch();
  });

  after(async () => {
    await Promise.allSettled([browser?.close(), day?.stop(), short?.stop()]);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const newBrowser = () => freshPage(browser);

  async function press(page, { urls }, button) {
    await page.waitForURL(`${urls.prompt}/prompt**`);
    await page.click(`text=${button}`);
  }

  async function logIn(page, stack, user) {
    await enterPassword(page, stack, user);
    await press(page, stack, "It's me");
    return atShop(page, stack);
  }

  /** Answers the prompt as the browser would, and stops short of following the link that leads back. */
  async function linkBack(page, { urls }) {
    await page.waitForURL(`${urls.prompt}/prompt**`);
    const form = await page.$$eval('form input', (inputs) => Object.fromEntries(inputs.map((input) => [input.name, input.value])));
    const answer = await page.request.post(`${urls.prompt}/answer`, { form: { ...form, verdict: 'ok' }, maxRedirects: 0 });
    assert.equal(answer.status(), 303);
    return answer.headers().location;
  }

  const WITH_FACTOR = ['acme', 'mfa', 'pwd'];

  it('a first login prompts, and the ID token carries amr and the claim of the action', async () => {
    const page = await newBrowser();
    const from = Date.now();
    await enterPassword(page, day);
    await page.waitForURL(`${day.urls.prompt}/prompt**`);
    assert.equal(await page.textContent('#sub'), 'ana');
    await shot(page, 'prompt');
    await press(page, day, "It's me");
    const { claims } = await atShop(page, day);
    await shot(page, 'shop');
    assert.equal(claims.sub, 'ana');
    assert.deepEqual([...claims.amr].sort(), WITH_FACTOR);
    assert.ok(claims[day.claim] >= from - 1000 && claims[day.claim] <= Date.now() + 1000, `claim: ${claims[day.claim]}`);
  });

  it('a second login in the same browser does not prompt, and its claims are its own', async () => {
    const page = await newBrowser();
    await logIn(page, day);
    const second = await again(page, day);
    assert.deepEqual(amr(second), WITH_FACTOR);
    assert.equal(second.claims[day.claim], undefined, 'the claim belongs to the login that prompted');
    assert.deepEqual(amr(await again(page, day, '?prompt=none')), WITH_FACTOR);
    await enterPasswordAgain(page);
    assert.deepEqual(amr(await atShop(page, day)), WITH_FACTOR);
  });

  /** prompt=login: the session stays, the password is asked again. */
  async function enterPasswordAgain(page) {
    await page.goto(`${day.urls.rp}/login?prompt=login`);
    await page.fill('#login', 'ana');
    await page.fill('#password', 'anything');
    await page.click('button');
  }

  it('a second browser of the same user does prompt', async () => {
    await logIn(await newBrowser(), day);
    const other = await newBrowser();
    await enterPassword(other, day);
    await other.waitForURL(`${day.urls.prompt}/prompt**`);
  });

  it('another user in the same browser is prompted', async () => {
    const page = await newBrowser();
    await logIn(page, day, 'ana');
    await page.goto(`${day.urls.rp}/login?prompt=login`);
    await page.fill('#login', 'ben');
    await page.fill('#password', 'anything');
    await page.click('button');
    await press(page, day, "It's me");
    const { claims } = await atShop(page, day);
    assert.equal(claims.sub, 'ben');
  });

  it('a refusal at the prompt denies, and leaves no SSO session', async () => {
    const page = await newBrowser();
    await enterPassword(page, day);
    await press(page, day, 'Not me');
    const { error } = await atShop(page, day);
    await shot(page, 'denied');
    assert.equal(error.error, 'access_denied');
    assert.notEqual(error.description, '');
    assert.equal((await again(page, day, '?prompt=none')).error.error, 'login_required');
  });

  // U03, U04.
  it('a stolen link is refused in another browser, and the right one can still finish', async () => {
    const victim = await newBrowser();
    const thief = await newBrowser();
    await enterPassword(victim, day);
    const link = await linkBack(victim, day);
    // a thief without a login, and one with a login of their own under way
    const stolen = await thief.goto(link);
    assert.equal(stolen.status(), 403);
    await shot(thief, 'stolen');
    await enterPassword(thief, day, 'ana');
    await thief.waitForURL(`${day.urls.prompt}/prompt**`);
    assert.equal((await thief.goto(link)).status(), 403);
    assert.equal((await again(thief, day, '?prompt=none')).error.error, 'login_required');

    await victim.goto(link);
    assert.deepEqual(amr(await atShop(victim, day)), WITH_FACTOR);
  });

  it('a sealed reply of one login is refused in the transaction of another, and both stay alive', async () => {
    const victim = await newBrowser();
    const thief = await newBrowser();
    await enterPassword(victim, day);
    const link = await linkBack(victim, day);
    const sealed = new URL((await victim.request.get(link, { maxRedirects: 0 })).headers().location).searchParams.get('postlude');
    await enterPassword(thief, day);
    const own = await linkBack(thief, day);
    const ownReturn = new URL((await thief.request.get(own, { maxRedirects: 0 })).headers().location);
    const grafted = new URL(ownReturn);
    grafted.searchParams.set('postlude', sealed);
    assert.equal((await thief.goto(grafted.href)).status(), 403);
    grafted.searchParams.set('postlude', 'made-up');
    assert.equal((await thief.goto(grafted.href)).status(), 403);
    await thief.goto(ownReturn.href);
    assert.deepEqual(amr(await atShop(thief, day)), WITH_FACTOR);
    await victim.goto(link);
    assert.deepEqual(amr(await atShop(victim, day)), WITH_FACTOR);
  });

  // N02, U04.
  it('a resume is refused without the binding cookie, whatever other cookies were planted', async () => {
    const victim = await newBrowser();
    const thief = await newBrowser();
    await enterPassword(victim, day);
    const link = await linkBack(victim, day);
    let back, resume;
    // the thief has every cookie of the victim's at the IdP that a sibling host could plant: all but the `__Host-` one
    const plant = async () => {
      const all = await victim.context().cookies([back, resume].filter(Boolean));
      await thief.context().addCookies(all.filter(({ name }) => !name.startsWith('__Host-')));
    };
    back = (await victim.request.get(link, { maxRedirects: 0 })).headers().location;
    await plant();
    assert.equal((await thief.goto(back)).status(), 403);
    resume = (await victim.request.get(back, { maxRedirects: 0 })).headers().location;
    assert.match(new URL(resume).pathname, /^\/auth\//);
    await plant();
    assert.equal((await thief.goto(resume)).status(), 403);
    assert.equal((await again(thief, day, '?prompt=none')).error.error, 'login_required');
    await victim.goto(resume);
    assert.deepEqual(amr(await atShop(victim, day)), WITH_FACTOR);
  });

  // U08.
  it('two tabs of one browser are two transactions', async () => {
    const first = await newBrowser();
    const second = await first.context().newPage();
    await enterPassword(first, day);
    const link = await linkBack(first, day);
    await enterPassword(second, day);
    await press(second, day, "It's me");
    await atShop(second, day);
    const back = await first.goto(link);
    assert.ok(back.status() < 500, `the older tab ends in an orderly way: ${back.status()}`);
    assert.deepEqual(amr(await again(second, day)), WITH_FACTOR);
  });

  it('an old record brings the prompt back', async () => {
    const page = await newBrowser();
    await logIn(page, short);
    await page.waitForTimeout(3500);
    await page.goto(`${short.urls.rp}/login`);
    await press(page, short, "It's me");
    assert.deepEqual(amr(await atShop(page, short)), WITH_FACTOR);
  });

  // U06.
  it('prompt=none with a prompt due is interaction_required, and a refresh is refused', async () => {
    const page = await newBrowser();
    await logIn(page, short);
    await page.waitForTimeout(3500);
    await page.goto(`${short.urls.rp}/refresh`);
    assert.equal((await atShop(page, short)).error.error, 'invalid_grant');
    assert.equal(calls.at(-1).asked.mode, 'refresh');
    assert.equal((await again(page, short, '?prompt=none')).error.error, 'interaction_required');
    assert.equal(calls.at(-1).asked.mode, 'silent');
  });

  // U14.
  it('a refresh with a fresh record gives new tokens', async () => {
    const page = await newBrowser();
    await logIn(page, day);
    const before = calls.length;
    await page.goto(`${day.urls.rp}/refresh`);
    assert.deepEqual(amr(await atShop(page, day)), WITH_FACTOR);
    assert.deepEqual(calls.slice(before).map(({ asked }) => asked.mode), ['refresh']);
  });

  // U07.
  it('there is no SSO session before `continue`', async () => {
    const page = await newBrowser();
    await enterPassword(page, day);
    await page.waitForURL(`${day.urls.prompt}/prompt**`);
    assert.equal((await again(page, day, '?prompt=none')).error.error, 'login_required');
  });

  it('kill -9 between redirect and return loses nothing', async () => {
    const page = await newBrowser();
    await enterPassword(page, day);
    await page.waitForURL(`${day.urls.prompt}/prompt**`);
    await day.postlude.kill();
    await day.postlude.start();
    await press(page, day, "It's me");
    assert.deepEqual(amr(await atShop(page, day)), WITH_FACTOR);
    await day.postlude.kill();
    await day.postlude.start();
    const second = await again(page, day); // the record survives as well
    assert.deepEqual(amr(second), WITH_FACTOR);
    assert.equal(second.claims[day.claim], undefined);
  });

  // S08.
  it('a partner that returns by a cross-site form gets through', async () => {
    const page = await newBrowser();
    await enterPassword(page, day);
    await page.waitForURL(`${day.urls.prompt}/prompt**`);
    await page.goto(`${page.url()}&return=post`);
    const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url().startsWith(`${day.urls.issuer}/continue`));
    await press(page, day, "It's me");
    assert.ok((await posted).postData().startsWith('postlude_result='));
    assert.deepEqual(amr(await atShop(page, day)), WITH_FACTOR);
  });

  // U15.
  it('logout ends the session at Postlude, and the next login prompts', async () => {
    const page = await newBrowser();
    await logIn(page, day);
    const { id } = calls.at(-1).answered.session;
    await page.goto(`${day.urls.rp}/logout`);
    await shot(page, 'logout');
    await page.click('button[name=logout]');
    await page.waitForURL(`${day.urls.rp}/`);
    const { path, asked } = calls.at(-1);
    assert.deepEqual([path, asked], ['/v1/sessions/end', { id }]);
    assert.equal((await again(page, day, '?prompt=none')).error.error, 'login_required');
    await enterPassword(page, day);
    await page.waitForURL(`${day.urls.prompt}/prompt**`);
  });

  // R10.
  it('without Postlude nobody gets in, and afterwards everybody does', async () => {
    const page = await newBrowser();
    await logIn(page, day);
    await day.postlude.kill();
    try {
      assert.equal((await again(page, day)).error.error, 'temporarily_unavailable');
      const other = await newBrowser();
      await enterPassword(other, day);
      assert.equal((await atShop(other, day)).error.error, 'temporarily_unavailable');
      assert.equal((await again(other, day, '?prompt=none')).error.error, 'login_required');
    } finally {
      await day.postlude.start();
    }
    assert.deepEqual(amr(await again(page, day)), WITH_FACTOR);
  });
});
