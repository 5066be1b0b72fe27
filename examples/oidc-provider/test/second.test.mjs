// A second OpenID provider as the factor, by settings alone: the plugin oidc-factor against a real one.
//   POSTLUDE_BIN=../../target/debug/postlude OIDC_FACTOR_WASM=../../plugins/target/postlude/oidc-factor.wasm npm test
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { startStack } from '../start.mjs';
import { again, amr, atShop, enterPassword, freshPage, launch, need, shot } from './support.mjs';

const WITH_FACTOR = ['mfa', 'pwd', 'second'];

describe('a second OpenID provider as the factor', { timeout: 300_000 }, () => {
  let folder, browser, stack;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postlude-second-'));
    const log = process.env.VERBOSE ? (text) => process.stderr.write(text) : undefined;
    const template = 'postlude.second.template.toml';
    stack = await startStack({ binary: need('POSTLUDE_BIN'), plugin: need('OIDC_FACTOR_WASM'), template, second: true, dir: folder, log });
    browser = await launch();
  });

  after(async () => {
    await Promise.allSettled([browser?.close(), stack?.stop()]);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** A browser at the second provider's own login page, and the address that Postlude sent it to. */
  async function atSecond(user) {
    const page = await freshPage(browser);
    const asked = page.waitForRequest((request) => request.url().startsWith(`${stack.urls.second}/auth?`));
    await enterPassword(page, stack, user);
    const url = new URL((await asked).url());
    await page.waitForURL(`${stack.urls.second}/interaction/**`);
    return { page, url };
  }

  async function signIn(page, account) {
    await page.fill('#account', account);
    await page.click('text=Sign in >> nth=-1');
  }

  /** Signs in at the second provider, and stops at the link that leads back to Postlude. */
  async function linkBack(page, account) {
    const posted = await page.request.post(page.url(), { form: { account, do: 'login' }, maxRedirects: 0 });
    const resume = new URL(posted.headers().location, stack.urls.second);
    const resumed = await page.request.get(resume.href, { maxRedirects: 0 });
    return new URL(resumed.headers().location);
  }

  /** What the shop is told when the login was denied, and that nobody is logged in. */
  async function denied(page) {
    const { error } = await atShop(page, stack);
    assert.equal(error?.error, 'access_denied');
    assert.equal((await again(page, stack, '?prompt=none')).error.error, 'login_required', 'there is no SSO session');
    return error.description;
  }

  it('the request is a signed object with PKCE, and the right account is recorded', async () => {
    const { page, url } = await atSecond('ana');
    await shot(page, 'second');
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request', 'response_type', 'scope', 'state']);
    const object = url.searchParams.get('request');
    assert.equal(decodeProtectedHeader(object).alg, 'ES256');
    const claims = decodeJwt(object);
    assert.equal(claims.aud, stack.urls.second);
    assert.equal(claims.state, url.searchParams.get('state'));
    assert.equal(claims.code_challenge_method, 'S256');
    await signIn(page, 'ana');
    const done = await atShop(page, stack);
    assert.equal(done.claims.sub, 'ana');
    assert.deepEqual(amr(done), WITH_FACTOR);
    assert.deepEqual(amr(await again(page, stack)), WITH_FACTOR, 'the next login does not go there');
    assert.deepEqual(amr(await again(page, stack, '?prompt=none')), WITH_FACTOR);
  });

  it('another account is refused, and so is an address that nobody verified', async () => {
    for (const account of ['ben', 'mallory']) {
      const { page } = await atSecond('ana');
      await signIn(page, account);
      assert.match(await denied(page), /account does not belong/, account);
    }
  });

  it('cancelling at the second provider denies', async () => {
    const { page } = await atSecond('ana');
    await page.click('text=Cancel');
    assert.match(await denied(page), /not passed/);
  });

  it('a link is good once', async () => {
    const { page } = await atSecond('ana');
    const link = await linkBack(page, 'ana');
    await page.goto(link.href);
    assert.deepEqual(amr(await atShop(page, stack)), WITH_FACTOR);
    const replayed = await page.goto(link.href);
    assert.ok(replayed.status() >= 400 && replayed.status() < 500, `${replayed.status()}`);
    const thief = await freshPage(browser);
    assert.ok((await thief.goto(link.href)).status() >= 400);
    assert.equal((await again(thief, stack, '?prompt=none')).error.error, 'login_required');
  });

  it('a code of another login, of nobody, or a reply that names another provider proves nothing', async () => {
    const other = await atSecond('ana');
    const stolen = (await linkBack(other.page, 'ana')).searchParams;
    for (const change of [
      (link) => link.searchParams.set('code', stolen.get('code')), // its verifier and nonce are another's
      (link) => link.searchParams.set('code', 'made-up'),
      (link) => link.searchParams.set('iss', 'https://evil.example'),
      (link) => link.searchParams.delete('iss'),
      (link) => link.searchParams.append('code', stolen.get('code')),
    ]) {
      const { page } = await atSecond('ana');
      const link = await linkBack(page, 'ana');
      change(link);
      await page.goto(link.href);
      assert.match(await denied(page), /could not be confirmed/, String(change));
    }
  });

  it('the second provider takes no request but the signed one', async () => {
    for (const change of ['absent', 'another payload', 'another signature']) {
      const { page, url } = await atSecond('ana');
      const object = url.searchParams.get('request');
      const [header, payload, signature] = object.split('.');
      const other = Buffer.from(JSON.stringify({ ...decodeJwt(object), redirect_uri: 'https://evil.example/' })).toString('base64url');
      if (change === 'absent') url.searchParams.delete('request');
      if (change === 'another payload') url.searchParams.set('request', `${header}.${other}.${signature}`);
      if (change === 'another signature') url.searchParams.set('request', `${header}.${payload}.${signature.slice(0, -4)}AAAA`);
      await page.goto(url.href);
      assert.ok(await page.$('#error'), `${change}: ${page.url()}`); // at the provider, or where it sent its refusal
      assert.ok([stack.urls.second, stack.urls.rp].includes(new URL(page.url()).origin), `${change}: ${page.url()}`);
      assert.equal((await again(page, stack, '?prompt=none')).error.error, 'login_required', change);
    }
  });

  it('while the second provider is down nobody new gets in, and who has the factor does', async () => {
    const { page } = await atSecond('ana');
    await signIn(page, 'ana');
    await atShop(page, stack);
    const standing = await atSecond('ana');
    const link = await linkBack(standing.page, 'ana');
    await stack.stopFactor();
    assert.deepEqual(amr(await again(page, stack)), WITH_FACTOR);
    await standing.page.goto(link.href);
    await denied(standing.page);
  });
});
