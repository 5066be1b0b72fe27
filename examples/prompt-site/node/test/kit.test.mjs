// The vectors that all kits share, and what only this one has: prompts of one browser, and the sample site.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK } from 'jose';
import { RequestRefused, createPromptKit } from '../kit.mjs';
import { Prompts } from '../prompts.mjs';
import { createSite } from '../site.mjs';

const vectors = JSON.parse(await readFile(new URL('../../vectors.json', import.meta.url), 'utf8'));
const ALGORITHMS = ['EdDSA', 'ES256', 'HS256'];

function kitOf(alg, more = {}) {
  const key = vectors.site_keys[alg];
  return createPromptKit({
    issuer: vectors.issuer, site: vectors.site, alg, privateKey: key?.pem, kid: key?.kid, secret: vectors.secret,
    tenantKeys: vectors.tenant_keys, now: () => vectors.now, ...more,
  });
}

describe('the vectors', () => {
  it('have requests of every algorithm, good ones and bad ones', () => {
    for (const alg of ALGORITHMS) {
      const mine = vectors.requests.filter((request) => request.alg === alg);
      assert.ok(mine.some(({ claims }) => claims) && mine.filter(({ refused }) => refused).length > 20, alg);
    }
  });

  for (const { name, alg, token, state, claims, refused } of vectors.requests) {
    it(`${alg}: ${name}`, async () => {
      const kit = await kitOf(alg);
      if (claims) return assert.deepEqual(await kit.verify(token, state), claims);
      return assert.rejects(kit.verify(token, state), (error) => error instanceof RequestRefused && (assert.equal(error.code, refused), true));
    });
  }

  for (const { request, alg, verdict, header, claims, continue_url: action } of vectors.results) {
    it(`${alg}: the result \`${verdict}\` for: ${request}`, async () => {
      const kit = await kitOf(alg);
      const { token, state } = vectors.requests.find((one) => one.name === request && one.alg === alg);
      const verified = await kit.verify(token, state);
      const result = await kit.sign(verified, verdict, { jti: vectors.jti });
      assert.deepEqual(decodeProtectedHeader(result), header);
      assert.deepEqual(decodeJwt(result), claims);
      if (alg !== 'HS256') await compactVerify(result, await importJWK(vectors.site_keys[alg].jwk, alg));
      assert.equal(kit.formAction(verified), action);
      assert.equal(kit.redirectUrl(verified, result), `${action}&postlude_result=${result}`);
    });
  }
});

it('a result takes no other verdict, and own claims replace none of its own', async () => {
  const kit = await kitOf('EdDSA');
  const { claims } = vectors.requests.find(({ name }) => name === 'good');
  await assert.rejects(kit.sign(claims, 'yes'), TypeError);
  const token = decodeJwt(await kit.sign(claims, 'refused', { own: { verdict: 'ok', sub: 'ben', level: 2 } }));
  assert.deepEqual([token.verdict, token.sub, token.level], ['refused', claims.sub, 2]);
});

it('a short secret and a missing key are refused at once', async () => {
  await assert.rejects(kitOf('HS256', { secret: 'short' }), /less than 32 bytes/);
  await assert.rejects(kitOf('EdDSA', { privateKey: undefined }), /private key/);
});

it('one browser answers a request, once', () => {
  const prompts = new Prompts();
  const request = { jti: 'run_1.0' };
  const { status, setCookie } = prompts.open(request, undefined);
  const secret = setCookie.split(';')[0].split('=')[1];
  assert.equal(status, 'open');
  assert.match(setCookie, /HttpOnly; SameSite=Lax; Max-Age=900; Secure$/);
  assert.equal(prompts.open(request, undefined).status, 'elsewhere');
  assert.equal(prompts.open(request, secret).status, 'open');
  assert.equal(prompts.answer(request, 'other'), false);
  assert.equal(prompts.answer({ jti: 'never opened' }, secret), false);
  assert.equal(prompts.answer(request, secret), true);
  assert.equal(prompts.answer(request, secret), false);
  assert.equal(prompts.open(request, secret).status, 'answered');
});

describe('the sample site', () => {
  let server, base;
  before(async () => {
    server = createSite({ origin: 'http://localhost', kit: await kitOf('EdDSA') }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => { server.closeAllConnections(); server.close(); });
  const good = vectors.requests.find(({ name }) => name === 'good');

  it('asks, takes one answer of one browser, and sends it back', async () => {
    const url = `${base}/prompt?${new URLSearchParams({ request: good.token, state: good.state })}`;
    const first = await fetch(url);
    assert.equal(first.status, 200);
    assert.match(first.headers.get('content-security-policy'), /frame-ancestors 'none'/);
    assert.match(await first.text(), /auth0\|1/);
    const cookie = first.headers.get('set-cookie').split(';')[0];
    assert.equal((await fetch(url)).status, 403);
    const send = (headers, more = {}) => fetch(`${base}/answer`, {
      method: 'POST', headers, redirect: 'manual', body: new URLSearchParams({ request: good.token, state: good.state, verdict: 'ok', ...more }),
    });
    assert.equal((await send({})).status, 403);
    const back = await send({ cookie });
    assert.equal(back.status, 303);
    const target = new URL(back.headers.get('location'));
    assert.equal(`${target.origin}${target.pathname}`, `${vectors.issuer}/continue`);
    assert.equal(decodeJwt(target.searchParams.get('postlude_result')).verdict, 'ok');
    assert.equal((await send({ cookie })).status, 403);
    assert.equal((await fetch(url, { headers: { cookie } })).status, 410);
  });

  it('shows a page for what it cannot verify', async () => {
    assert.equal((await fetch(`${base}/prompt?request=no&state=no`)).status, 400);
    assert.equal((await fetch(`${base}/elsewhere`)).status, 404);
  });
});
