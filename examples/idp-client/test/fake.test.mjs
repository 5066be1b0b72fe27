// What every client promises, against a server that misbehaves: stalls, drops, refuses, lies and answers garbage.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { LANGUAGES, startDriver } from './drivers.mjs';

const DEADLINE_MS = 1200;
const event = { user: { user_id: 'auth0|ana' }, client: { client_id: 'shop' } };
const subject = { user_id: 'auth0|ana', client_id: 'shop', session_id: 'ses_1' };
const common = { login_id: 'lgn_1', subject, session: { id: 'ses_1', factors: [] }, idp_requests: [] };
const goesOn = { ...common, outcome: 'continue', amr: ['pwd'], id_token_claims: {}, access_token_claims: {}, scopes: { add: [], remove: [] } };
const redirects = { ...common, outcome: 'redirect', location: 'https://partner.example/', resume_key: 'rk', expires_at: '2030-01-01T00:00:00Z' };
const pending = { login_id: 'lgn_1', resume_key: 'rk', subject };
const start = { transaction: 't1', event, return_url: 'http://localhost:1/interaction/t1/postlude' };
const without = (answer, name) => ({ ...answer, [name]: undefined });

/** How the server ends a request: an answer as an object, its text as a string, or one of these. */
const MISBEHAVIOURS = {
  hang: () => {},
  drop: (req) => req.socket.destroy(),
  drip(req, res) { // a head at once, and a body that never ends
    res.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => res.write(' '), 50);
    res.on('close', () => clearInterval(timer));
  },
  half(req, res) {
    res.writeHead(200, { 'content-length': 1000 });
    res.write('{"login_id":');
    setTimeout(() => req.socket.destroy(), 20);
  },
  huge(req, res) {
    const space = Buffer.alloc(64 * 1024, ' ');
    res.writeHead(200);
    const more = () => { while (!res.destroyed && res.write(space)); };
    res.on('drain', more).on('error', () => {});
    more();
  },
};

for (const language of LANGUAGES) {
  describe(`the client in ${language}`, () => {
    let server, client, seen, script;

    before(async () => {
      server = createServer(async (req, res) => {
        let body = '';
        for await (const chunk of req) body += chunk;
        seen.push({ method: req.method, path: req.url, key: req.headers['idempotency-key'], bearer: req.headers.authorization, body });
        const next = script.length > 1 ? script.shift() : script[0];
        if (MISBEHAVIOURS[next]) return MISBEHAVIOURS[next](req, res);
        if (typeof next === 'string') return res.writeHead(200).end(next);
        const { status = 200, headers = {}, ...answer } = next;
        return res.writeHead(status, headers).end(JSON.stringify(answer));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      client = startDriver(language, { url: `http://127.0.0.1:${server.address().port}`, key: 'k', deadlineMs: DEADLINE_MS });
    });
    after(async () => {
      await client.stop();
      server.closeAllConnections();
      server.close();
    });
    beforeEach(() => { seen = []; script = [goesOn]; });

    const fails = async (code, call = 'start', input = start) => assert.equal((await client.call(call, input)).error, code);

    it('sends the key of transaction and user, and the call that the API describes', async () => {
      const { answer } = await client.call('start', start);
      assert.deepEqual([answer.outcome, answer.login_id, answer.amr], ['continue', 'lgn_1', ['pwd']]);
      const [{ method, path, key, bearer, body }] = seen;
      const hash = createHash('sha256').update('auth0|ana').digest('base64url');
      assert.deepEqual([method, path, key, bearer], ['POST', '/v1/logins', `t1.${hash}`, 'Bearer k']);
      assert.deepEqual(JSON.parse(body), { trigger: 'post-login', mode: 'interactive', return_url: start.return_url, event });
      await client.call('start', { transaction: 't1', event: { ...event, user: { user_id: 'ben' } }, mode: 'silent' });
      assert.notEqual(seen[1].key, key);
      assert.equal(JSON.parse(seen[1].body).mode, 'silent');
    });

    for (const trouble of ['drop', 'hang', 'drip', 'half', 'huge', { status: 502 }, { status: 503 }, { status: 504 }]) {
      const what = typeof trouble === 'string' ? trouble : trouble.status;
      it(`tries once more after ${what}, with the same key and bytes`, async () => {
        script = [trouble, goesOn];
        assert.equal((await client.call('start', start)).answer?.outcome, 'continue');
        assert.equal(seen.length, 2);
        assert.deepEqual(seen[0], seen[1]);
      });
    }

    for (const trouble of ['drop', 'hang', 'drip', 'half', 'huge']) {
      it(`gives up after ${trouble} twice, within its deadline`, async () => {
        script = [trouble];
        const from = performance.now();
        await fails('unavailable');
        assert.equal(seen.length, 2);
        const took = performance.now() - from;
        assert.ok(took < DEADLINE_MS + 800, `${took} ms`);
      });
    }

    it('gives up after a second 503, with its code', async () => {
      script = [{ status: 503, code: 'unavailable' }];
      await fails('unavailable');
      assert.equal(seen.length, 2);
    });

    it('does not repeat what was refused', async () => {
      script = [{ status: 422, code: 'idempotency_mismatch' }];
      assert.deepEqual(await client.call('start', start), { error: 'idempotency_mismatch', status: 422 });
      script = [{ status: 500, code: 'internal' }];
      await fails('internal');
      script = [{ status: 400 }];
      await fails('refused');
      assert.equal(seen.length, 3);
    });

    it('follows no redirect', async () => {
      script = [{ status: 307, headers: { location: '/elsewhere' } }];
      const { answer, error } = await client.call('start', start);
      assert.ok(error && !answer, error);
      assert.ok(seen.every(({ path }) => path === '/v1/logins'));
    });

    for (const garbage of ['', '<html>welcome</html>', '{"outcome":"continue"', 'null', '[]', '"continue"', 'true', '\0']) {
      it(`takes ${JSON.stringify(garbage)} for no answer`, async () => {
        script = [garbage];
        await fails('not_json');
      });
    }

    it('takes no answer that it does not understand, that is not whole, or that is about someone else', async () => {
      const wrong = [
        [{ ...goesOn, outcome: 'allow' }, 'unknown_outcome'],
        [{ ...goesOn, outcome: 'Continue' }, 'unknown_outcome'],
        [{}, 'unknown_outcome'],
        [{ ...goesOn, outcome: 'ended', code: 'session_ended' }, 'session_ended'],
        [{ ...goesOn, outcome: 'ended' }, 'ended'],
        [without(goesOn, 'subject'), 'wrong_subject'],
        [{ ...goesOn, subject: null }, 'wrong_subject'],
        [{ ...goesOn, subject: { ...subject, user_id: 'ben' } }, 'wrong_subject'],
        [{ ...goesOn, subject: { ...subject, client_id: 'other' } }, 'wrong_subject'],
        ...['login_id', 'idp_requests', 'amr', 'id_token_claims', 'access_token_claims', 'scopes'].map((name) => [without(goesOn, name), 'incomplete']),
        [{ ...goesOn, scopes: { add: [] } }, 'incomplete'],
        [{ ...goesOn, amr: 'pwd' }, 'incomplete'],
        [{ ...goesOn, amr: [1] }, 'incomplete'],
        [{ ...goesOn, id_token_claims: [] }, 'incomplete'],
        [without(redirects, 'resume_key'), 'incomplete'],
        [without(redirects, 'location'), 'incomplete'],
      ];
      for (const [answer, code] of wrong) {
        script = [answer];
        assert.equal((await client.call('start', start)).error, code, JSON.stringify(answer));
      }
      script = [{ ...goesOn, subject: { ...subject, session_id: 'ses_2' } }];
      await fails('wrong_subject', 'start', { ...start, event: { ...event, session: { id: 'ses_1' } } });
      script = [{ ...goesOn, login_id: 'lgn_2' }];
      await fails('wrong_login', 'continue', { pending, reply: 'sealed', event });
    });

    it('takes the other outcomes as they are', async () => {
      for (const answer of [redirects, { ...common, outcome: 'deny', action: 'face', code: 'no', message: 'No' }, { ...common, outcome: 'interaction_required', action: 'face' }]) {
        script = [answer];
        assert.equal((await client.call('start', start)).answer.outcome, answer.outcome);
      }
    });

    it('continues with the session of the transaction, not with the one that the browser has by now', async () => {
      assert.equal((await client.call('continue', { pending, reply: 'sealed', event: { ...event, session: { id: 'planted' } } })).answer.outcome, 'continue');
      assert.equal(seen[0].path, '/v1/logins/lgn_1/continue');
      assert.deepEqual(JSON.parse(seen[0].body), { resume_key: 'rk', reply: 'sealed', event: { ...event, session: { id: 'ses_1' } } });
      const first = { ...pending, subject: { ...subject, session_id: null } };
      await client.call('continue', { pending: first, reply: 'sealed', event: { ...event, session: { id: 'planted' } } });
      assert.equal(JSON.parse(seen[1].body).event.session, undefined);
    });

    it('reads a login, and ends and rotates sessions', async () => {
      await client.call('get', { login_id: 'lgn_1/../x' });
      await client.call('end', { id: 'ses_1' });
      await client.call('rotate', { id: 'ses_1', to: 'ses_2' });
      assert.deepEqual(seen.map(({ method, path, body }) => [method, path, body]), [
        ['GET', '/v1/logins/lgn_1%2F..%2Fx', ''],
        ['POST', '/v1/sessions/end', '{"id":"ses_1"}'],
        ['POST', '/v1/sessions/rotate', '{"id":"ses_1","to":"ses_2"}'],
      ]);
    });
  });
}
