// An action that was written for Auth0, as it stands, and the partner's page that goes with it: neither knows of Postlude.
//   POSTLUDE_BIN=../../target/debug/postlude npm test     (it builds the action, which takes Node's packages from the user's cache)
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FACTOR, WRONG, buildAction, claimsOf, createPartner, newSecret, spoilt } from '../../auth0-factor/test/support.mjs';
import { startStack } from '../start.mjs';
import { again, amr, atShop, enterPassword, freshPage, launch, need, shot } from './support.mjs';

const WITH_FACTOR = ['mfa', 'pwd'];

describe('an action and a page that were written for Auth0', { timeout: 300_000 }, () => {
  const secret = newSecret();
  let folder, browser, stack, partner;
  /** What the IdP was answered, in order. */
  const answers = [];
  const watched = async (url, init) => {
    const response = await fetch(url, init);
    answers.push(await response.clone().json().catch(() => ({})));
    return response;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postlude-auth0-'));
    const binary = need('POSTLUDE_BIN');
    const { plugin, manifest } = await buildAction(binary, join(folder, 'action'));
    assert.deepEqual(manifest.result, { parameter: 'session_token', key: 'SESSION_TOKEN_SECRET', profile: 'auth0' });
    const dir = join(folder, 'postlude');
    await mkdir(dir);
    await writeFile(join(dir, 'session-token.secret'), secret, { mode: 0o600 });
    const log = process.env.VERBOSE ? (text) => process.stderr.write(text) : undefined;
    // The tenant's issuer has no path, as at Auth0: browsers come back to `/continue`.
    stack = await startStack({ binary, plugin, template: 'postlude.auth0.template.toml', elsewhere: true, issuerPath: '', dir, log, fetch: watched });
    partner = await createPartner(folder);
    await startPartner('post');
    browser = await launch(partner.rule());
  });

  after(async () => {
    await Promise.allSettled([browser?.close(), partner?.stop(), stack?.stop()]);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const startPartner = (back) => partner.start({ secret, domain: 'localhost', continueUrl: `${stack.urls.issuer}/continue`, back });

  /** A browser at the partner's page. */
  async function atPartner(user = 'ana') {
    const page = await freshPage(browser, { ignoreHTTPSErrors: true });
    await enterPassword(page, stack, user);
    await page.waitForURL(`${FACTOR}?**`);
    return page;
  }

  const sent = (page, name) => new URL(page.url()).searchParams.get(name);

  async function denied(page) {
    const { error } = await atShop(page, stack);
    assert.equal(error?.error, 'access_denied');
    assert.equal((await again(page, stack, '?prompt=none')).error.error, 'login_required', 'there is no SSO session');
    return error.description;
  }

  for (const back of ['post', 'get']) {
    it(`a first login shows the partner's page, whose answer comes back by ${back}, and the second does not`, async () => {
      await startPartner(back);
      const page = await atPartner();
      await shot(page, `auth0-${back}`);
      assert.equal(await page.textContent('#who'), 'ana@idp.example');
      const { iss, sub, email, iat, exp, ip } = claimsOf(sent(page, 'session_token'));
      assert.deepEqual([iss, sub, email, exp - iat], ['localhost', 'ana', 'ana@idp.example', 900]);
      assert.ok(ip, 'the token names where the request came from');
      const returned = page.waitForRequest((request) => request.url().startsWith(`${stack.urls.postlude}/continue?state=`));
      await page.click('button[value=yes]');
      assert.equal((await returned).method(), back.toUpperCase());
      const done = await atShop(page, stack);
      assert.equal(done.claims.sub, 'ana');
      assert.deepEqual(amr(done), WITH_FACTOR);
      assert.equal(answers.at(-1).session.factors.at(-1).name, FACTOR);

      const before = answers.length;
      assert.deepEqual(amr(await again(page, stack)), WITH_FACTOR, 'the next login does not go there');
      assert.deepEqual(amr(await again(page, stack, '?prompt=none')), WITH_FACTOR);
      assert.deepEqual(answers.slice(before).map(({ outcome }) => outcome), ['continue', 'continue']);
      await atPartner(); // another browser is asked
    });
  }

  it('who does not pass the check is denied, in the words of the action', async () => {
    const page = await atPartner();
    await page.click('button[value=no]');
    assert.equal(await denied(page), 'the check of ACME was not passed');
  });

  it('a wrong answer is denied, whatever is wrong with it', async () => {
    await startPartner('get');
    const other = await partner.answer(await atPartner());
    for (const name of Object.keys(WRONG)) {
      const page = await atPartner();
      const link = await partner.answer(page);
      const known = { secret, other: other.searchParams.get('session_token'), request: sent(page, 'session_token') };
      await page.goto(spoilt(link, name, known));
      assert.ok(await denied(page), name);
    }
  });

  it('a good answer is good once', async () => {
    await startPartner('get');
    const page = await atPartner();
    const link = (await partner.answer(page)).href;
    await page.goto(link);
    assert.deepEqual(amr(await atShop(page, stack)), WITH_FACTOR);
    assert.ok((await page.goto(link)).status() >= 400);
    const thief = await freshPage(browser, { ignoreHTTPSErrors: true });
    assert.ok((await thief.goto(link)).status() >= 400);
  });

  it('the page takes no token but one that the tenant signed', async () => {
    const page = await freshPage(browser, { ignoreHTTPSErrors: true });
    await page.goto(`${FACTOR}?state=s&session_token=a.b.c`);
    assert.match(await page.textContent('#why'), /signature is wrong/);
  });
});
