// `postlude prompt-site check` at the sample site, where every rule holds, and at sites that break one rule each.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { SignJWT, compactVerify, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, importPKCS8 } from 'jose';
import { RequestRefused, createPromptKit } from '../kit.mjs';
import { Prompts } from '../prompts.mjs';
import { createSite } from '../site.mjs';

const SKIP = process.env.POSTLUDE_BIN ? false : 'POSTLUDE_BIN names no program';
const SECRET = 'a secret of both sides, which is long enough';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

describe('postlude prompt-site check', { skip: SKIP }, () => {
  let folder;
  const pems = {};
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postlude-check-'));
    await writeFile(join(folder, 'secret'), `${SECRET}\n`);
    for (const [alg, pair] of [['EdDSA', generateKeyPairSync('ed25519')], ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })]]) {
      pems[alg] = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
      const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg, use: 'sig' };
      await writeFile(join(folder, `${alg}.jwks.json`), JSON.stringify({ keys: [jwk] }));
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Checks a site that `make` makes of its options; the rules by verdict. */
  async function check(make, { alg = 'EdDSA', query = '', more = [] } = {}) {
    const [port, keys] = [await freePort(), await freePort()];
    const origin = `http://127.0.0.1:${port}`;
    const issuer = `http://127.0.0.1:${keys}/check`;
    const kit = await createPromptKit({ issuer, site: origin, alg, privateKey: pems[alg], kid: 'k1', secret: SECRET });
    const server = createSite(await make({ origin, issuer, kit, alg })).listen(port, '127.0.0.1');
    await once(server, 'listening');
    try {
      const key = alg === 'HS256' ? ['--secret-file', join(folder, 'secret')] : ['--jwks', join(folder, `${alg}.jwks.json`)];
      const args = ['prompt-site', 'check', `${origin}/prompt${query}`, ...key, '--alg', alg, '--issuer', issuer, '--listen', `127.0.0.1:${keys}`,
        '--press', 'verdict=ok', '--press-no', 'verdict=refused', '--json', ...more];
      const { code = 0, stdout, stderr } = await promisify(execFile)(resolve(process.env.POSTLUDE_BIN), args).catch((error) => error);
      assert.ok(stdout, stderr);
      const report = JSON.parse(stdout);
      assert.equal(code, report.failed === 0 ? 0 : 1);
      const of = (verdict) => report.rules.filter((rule) => rule.verdict === verdict).map(({ rule }) => rule);
      for (const rule of report.rules) assert.equal(rule.fix !== undefined, ['failed', 'warning'].includes(rule.verdict), JSON.stringify(rule));
      return { failed: of('failed'), warnings: of('warning'), passed: of('passed'), skipped: of('skipped'), report };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  for (const alg of ['EdDSA', 'ES256', 'HS256']) {
    for (const query of ['', '?return=post']) {
      it(`finds nothing at the sample site, ${alg}${query && ', by form'}`, async () => {
        const { failed, warnings, passed, skipped, report } = await check((site) => site, { alg, query });
        assert.deepEqual([failed, warnings], [[], []]);
        assert.deepEqual(skipped, alg === 'HS256' ? ['takes a new key of the tenant'] : []);
        assert.ok(passed.length > 34, passed.length);
        assert.match(report.rules[0].found, query ? /by a form/ : /by a redirect/);
      });
    }
  }

  /** The kit, which looks at everything but what is named. */
  async function careless({ issuer, origin, kit, alg }, ...ignored) {
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const rules = {
      type: ({ header }) => header.typ === 'prompt-request+jwt',
      claims: ({ claims }) => ['sub', 'jti', 'state', 'action'].every((name) => typeof claims[name] === 'string' && claims[name]) && Number.isInteger(claims.exp),
      issuer: ({ claims }) => claims.iss === issuer,
      audience: ({ claims }) => claims.aud === origin,
      time: ({ claims }) => claims.exp > Date.now() / 1000 && claims.iat < Date.now() / 1000 + 30 && claims.exp - claims.iat <= 900,
      state: ({ claims, state }) => claims.state === state,
      continue_url: ({ claims }) => claims.continue_url === `${issuer}/continue`,
    };
    return {
      ...kit,
      async verify(token, state) {
        try {
          const header = decodeProtectedHeader(token);
          if (!ignored.includes('header') && Object.keys(header).some((name) => !['alg', 'typ', 'kid'].includes(name))) throw new Error('header');
          if (!ignored.includes('signature')) await verifySignature(token, header, keys, issuer, alg, ignored);
          const claims = decodeJwt(token);
          for (const [name, holds] of Object.entries(rules)) if (!ignored.includes(name) && !holds({ header, claims, state })) throw new Error(name);
          return claims;
        } catch (error) {
          throw new RequestRefused('token', error.message);
        }
      },
    };
  }
  async function verifySignature(token, header, keys, issuer, alg, ignored) {
    if (ignored.includes('algorithm') && header.alg === 'HS256') { // goes by what the token says, with the one key that it has
      const text = await (await fetch(`${issuer}/.well-known/jwks.json`)).text();
      const [signed, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)];
      if (createHmac('sha256', text).update(signed).digest('base64url') === signature) return;
    }
    await compactVerify(token, keys, { algorithms: [alg], crit: ignored.includes('header') ? { exp: false } : undefined });
  }

  const refuses = (...names) => names.map((name) => `refuses: ${name}`);
  for (const [ignored, rules] of [
    ['header', ['a key that the token brings along']],
    ['algorithm', ['a key of another purpose']],
    ['type', ['a result is no request', 'no type']],
    ['issuer', ['another tenant\'s']],
    ['audience', ['for another site', 'for two sites']],
    ['time', ['expired', 'from the future', 'too long a life']],
    ['state', ['another state', 'an address without a state']],
    ['continue_url', ['back to elsewhere']],
  ]) {
    it(`finds a site that ignores: ${ignored}`, async () => {
      const { failed } = await check(async (site) => ({ ...site, kit: await careless(site, ignored) }));
      const wanted = refuses(...rules);
      assert.deepEqual(wanted.filter((rule) => !failed.includes(rule)), [], `failed: ${failed}`);
      assert.deepEqual(failed.filter((rule) => !wanted.includes(rule) && !(ignored === 'header' && /critical/.test(rule))), []);
    });
  }

  it('finds a site that verifies no signature, and fetches no key', async () => {
    const { failed } = await check(async (site) => ({ ...site, kit: await careless(site, 'signature', 'header') }));
    for (const rule of [...refuses('another user under the old signature', 'another tenant\'s key under this one\'s name', 'no signature', 'the algorithm none'), 'fetches the tenant\'s keys']) {
      assert.ok(failed.includes(rule), `${rule}: ${failed}`);
    }
  });

  const anyBrowser = Object.assign(new Prompts(), { open: () => ({ status: 'open' }), answer: () => true });
  it('finds a site that answers any browser, as often as it likes', async () => {
    const { failed } = await check((site) => ({ ...site, prompts: anyBrowser }));
    assert.deepEqual(failed, ['answers a request once', 'takes an answer once', 'one browser answers', 'no other browser sends the answer']);
  });

  it('finds a site that lets another browser spoil a request', async () => {
    const spoiled = new Set();
    const prompts = new Prompts();
    const open = prompts.open.bind(prompts);
    prompts.open = (request, cookie, options) => {
      if (spoiled.has(request.jti)) return { status: 'elsewhere' };
      const opened = open(request, cookie, options);
      if (opened.status === 'elsewhere') spoiled.add(request.jti);
      return opened;
    };
    assert.deepEqual((await check((site) => ({ ...site, prompts }))).failed, ['its own browser still answers']);
  });

  it('finds a site that answers for whoever was there before', async () => {
    const make = (site) => {
      let first;
      return { ...site, kit: { ...site.kit, sign: (request, verdict) => site.kit.sign({ ...request, sub: first ??= request.sub }, verdict) } };
    };
    assert.deepEqual((await check(make)).failed, ['answers for the user of the request']);
  });

  it('finds results that Postlude does not take', async () => {
    const make = ({ kit, origin, ...site }) => ({
      ...site, origin, kit: {
        ...kit,
        async sign({ sub, state, factor }, verdict) {
          const claims = { iss: origin, sub, aud: origin, state, factor, verdict, jti: 'x' }; // the audience is wrong
          return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'k1', typ: 'prompt-result+jwt' }).setIssuedAt().setExpirationTime('5m')
            .sign(await importPKCS8(pems.EdDSA, 'EdDSA'));
        },
      },
    });
    const { failed, report } = await check(make);
    assert.deepEqual(failed.slice(0, 2), ['signs a result that Postlude takes', 'signs a refusal']);
    assert.match(JSON.stringify(report), /`aud` is not this action's/);
  });

  it('finds a way back that has no state, or no result', async () => {
    for (const name of ['state', 'postlude_result']) {
      const make = ({ kit, ...site }) => ({
        ...site, kit: {
          ...kit,
          redirectUrl(request, result) {
            const url = new URL(kit.redirectUrl(request, result));
            url.searchParams.delete(name);
            return url.href;
          },
        },
      });
      assert.ok((await check(make)).failed.includes('signs a result that Postlude takes'), name);
    }
  });

  it('finds a refusal that is none', async () => {
    const make = ({ kit, ...site }) => ({ ...site, kit: { ...kit, sign: (request) => kit.sign(request, 'ok') } });
    assert.deepEqual((await check(make)).failed, ['signs a refusal']);
  });

  it('says what to do about a site that knows nothing of the check', async () => {
    const make = async (site) => ({ ...site, kit: await createPromptKit({ issuer: 'https://login.example/acme', site: site.origin, privateKey: pems.EdDSA, tenantKeys: { keys: [] } }) });
    const { failed, report } = await check(make);
    assert.deepEqual(failed, ['asks the person and returns']);
    assert.match(report.rules[0].fix, /configure the issuer/);
  });
});
