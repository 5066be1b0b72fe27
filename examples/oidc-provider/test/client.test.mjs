// What the client promises, against a server that misbehaves.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { PostludeError, createPostlude, idempotencyKey } from '../postlude-client.mjs';

const event = { user: { user_id: 'auth0|ana' }, client: { client_id: 'shop' } };
const subject = { user_id: 'auth0|ana', client_id: 'shop', session_id: 'ses_1' };
const goesOn = { login_id: 'lgn_1', outcome: 'continue', subject, session: { id: 'ses_1' } };
const pending = { login_id: 'lgn_1', resume_key: 'rk', subject };

describe('postlude-client', () => {
  let server, postlude, seen, script;

  before(async () => {
    server = createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      seen.push({ method: req.method, path: req.url, key: req.headers['idempotency-key'], bearer: req.headers.authorization, body });
      const next = script.length > 1 ? script.shift() : script[0];
      if (next === 'hang') return undefined;
      if (next === 'drop') return req.socket.destroy();
      const { status = 200, ...answer } = next;
      return res.writeHead(status).end(JSON.stringify(answer));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    postlude = createPostlude({ url: `http://127.0.0.1:${server.address().port}`, apiKey: 'k', deadlineMs: 1000 });
  });
  after(() => { server.closeAllConnections(); server.close(); });
  beforeEach(() => { seen = []; script = [goesOn]; });

  const start = (more) => postlude.startLogin({ transactionId: 't1', event, returnUrl: 'http://localhost:1/interaction/t1/postlude', ...more });
  const fails = (promise, code) => assert.rejects(promise, (error) => error instanceof PostludeError && error.code === code);

  it('sends the key of transaction and user, and the call that the API describes', async () => {
    assert.deepEqual(await start(), goesOn);
    const [{ method, path, key, bearer, body }] = seen;
    assert.deepEqual([method, path, key, bearer], ['POST', '/v1/logins', idempotencyKey('t1', 'auth0|ana'), 'Bearer k']);
    assert.deepEqual(JSON.parse(body), { trigger: 'post-login', mode: 'interactive', return_url: 'http://localhost:1/interaction/t1/postlude', event });
    assert.notEqual(idempotencyKey('t1', 'ana'), idempotencyKey('t1', 'ben'));
  });

  for (const trouble of ['drop', 'hang', { status: 503 }]) {
    it(`retries once after ${JSON.stringify(trouble)}, with the same key and bytes`, async () => {
      script = [trouble, goesOn];
      assert.equal((await start()).outcome, 'continue');
      assert.equal(seen.length, 2);
      assert.deepEqual(seen[0], seen[1]);
    });
  }

  it('throws after the second failure, within its deadline', async () => {
    for (const trouble of ['drop', 'hang']) {
      script = [trouble];
      seen = [];
      const from = Date.now();
      await fails(start(), 'unavailable');
      assert.equal(seen.length, 2);
      assert.ok(Date.now() - from < 1500);
    }
    script = [{ status: 503, code: 'overloaded' }];
    await fails(start(), 'overloaded');
  });

  it('does not retry what was refused', async () => {
    script = [{ status: 422, code: 'idempotency_mismatch' }];
    await fails(start(), 'idempotency_mismatch');
    assert.equal(seen.length, 1);
  });

  it('takes no answer that it does not understand, or that is about someone else', async () => {
    const wrong = [
      [{ ...goesOn, outcome: 'allow' }, 'unknown_outcome'],
      [{}, 'unknown_outcome'],
      [{ ...goesOn, outcome: 'ended', code: 'session_ended' }, 'session_ended'],
      [{ ...goesOn, subject: undefined }, 'wrong_subject'],
      [{ ...goesOn, subject: { ...subject, user_id: 'ben' } }, 'wrong_subject'],
      [{ ...goesOn, subject: { ...subject, client_id: 'other' } }, 'wrong_subject'],
      [{ ...goesOn, outcome: 'redirect', location: 'https://partner.example/' }, 'incomplete'],
    ];
    for (const [answer, code] of wrong) {
      script = [answer];
      await fails(start(), code);
    }
    script = [{ ...goesOn, subject: { ...subject, session_id: 'ses_2' } }];
    await fails(start({ event: { ...event, session: { id: 'ses_1' } } }), 'wrong_subject');
    script = [{ ...goesOn, login_id: 'lgn_2' }];
    await fails(postlude.continueLogin(pending, 'sealed', event), 'wrong_login');
  });

  it('continues with the session of the transaction, not with the one that the browser has by now', async () => {
    await postlude.continueLogin(pending, 'sealed', { ...event, session: { id: 'planted' } });
    assert.equal(seen[0].path, '/v1/logins/lgn_1/continue');
    assert.deepEqual(JSON.parse(seen[0].body), { resume_key: 'rk', reply: 'sealed', event: { ...event, session: { id: 'ses_1' } } });
  });

  it('reads a login, and ends and rotates sessions', async () => {
    await postlude.getLogin('lgn_1');
    await postlude.endSession('ses_1');
    await postlude.rotateSession('ses_1', 'ses_2');
    assert.deepEqual(seen.map(({ method, path, body }) => [method, path, body]), [
      ['GET', '/v1/logins/lgn_1', ''],
      ['POST', '/v1/sessions/end', '{"id":"ses_1"}'],
      ['POST', '/v1/sessions/rotate', '{"id":"ses_1","to":"ses_2"}'],
    ]);
  });
});
