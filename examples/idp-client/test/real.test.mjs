// Every client against a real Postlude: a login to its prompt and back, and what is refused on the way.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { LANGUAGES, startDriver } from './drivers.mjs';

if (!process.env.POSTLUDE_BIN) throw new Error('set POSTLUDE_BIN: the test runs the real thing');
const BINARY = resolve(process.env.POSTLUDE_BIN);
const READY_MS = 60_000;
const FACTOR = 'https://acme.example/face';
const run = promisify(execFile);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

describe('a real Postlude', () => {
  let folder, url, key, child;

  async function serve() {
    child = spawn(BINARY, ['serve'], { cwd: join(folder, 'idp'), stdio: 'ignore' });
    for (const end = Date.now() + READY_MS; ;) {
      const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) }).then(({ ok }) => ok, () => false);
      if (ready) return;
      if (child.exitCode !== null || Date.now() > end) throw new Error('postlude serve is not ready');
      await new Promise((done) => { setTimeout(done, 50); });
    }
  }
  async function stop(signal = 'SIGTERM') {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postlude-clients-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const { stdout } = await run(BINARY, ['init', 'idp', '--factor', '--listen', `127.0.0.1:${port}`, '--json'], { cwd: folder });
    key = Object.values(JSON.parse(stdout)).find((value) => value?.idp)?.idp ?? /"idp": "([^"]*)"/.exec(stdout)[1];
    await serve();
  });
  after(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const language of LANGUAGES) {
    describe(language, () => {
      let client;
      const event = { user: { user_id: `ana-${language}`, email: 'ana@acme.example', email_verified: true }, client: { client_id: 'shop' }, authentication: { methods: [{ name: 'pwd' }] } };
      const login = (transaction, more = {}) => ({ transaction, event, return_url: 'http://localhost:3000/interaction/1/postlude', ...more });
      const back = async (location) => {
        const { stdout } = await run(BINARY, ['answer-prompt', location], { cwd: join(folder, 'idp') });
        return new URL(stdout.trim()).searchParams.get('postlude');
      };
      before(() => { client = startDriver(language, { url, key, deadlineMs: 5000 }); });
      after(() => client.stop());

      it('a login goes to its prompt, comes back once, and its session is not asked again', async () => {
        const { answer } = await client.call('start', login(`${language}-1`));
        assert.equal(answer.outcome, 'redirect');
        const pending = { login_id: answer.login_id, resume_key: answer.resume_key, subject: answer.subject };
        const reply = await back(answer.location);

        const stranger = { ...event, user: { ...event.user, user_id: 'ben' } };
        assert.deepEqual(await client.call('continue', { pending, reply, event: stranger }), { error: 'login_mismatch', status: 409 });
        const planted = { ...pending, resume_key: `${answer.resume_key.slice(0, -2)}AA` };
        assert.equal((await client.call('continue', { pending: planted, reply, event })).error, 'login_mismatch');
        assert.equal((await client.call('continue', { pending, reply: 'x', event })).error, 'invalid_reply');

        const done = await client.call('continue', { pending, reply, event });
        assert.equal(done.answer?.outcome, 'continue', JSON.stringify(done));
        assert.deepEqual([...done.answer.amr].sort(), ['mfa', 'pwd']);
        assert.equal(done.answer.session.factors[0].name, FACTOR);
        assert.equal((await client.call('continue', { pending, reply, event })).answer.outcome, 'continue');
        assert.equal((await client.call('get', { login_id: pending.login_id })).answer.outcome, 'continue');

        const session = { id: done.answer.session.id };
        const again = await client.call('start', login(`${language}-2`, { event: { ...event, session } }));
        assert.equal(again.answer.outcome, 'continue');
        const moved = `sso-${language}`;
        assert.equal((await client.call('rotate', { id: session.id, to: moved })).error, undefined);
        assert.equal((await client.call('start', login(`${language}-3`, { event: { ...event, session } }))).error, 'session_rotated');
        assert.equal((await client.call('end', { id: moved })).error, undefined);
        const after = await client.call('start', login(`${language}-4`, { event: { ...event, session: { id: moved } }, mode: 'silent', return_url: undefined }));
        assert.equal(after.answer?.outcome, 'interaction_required', JSON.stringify(after));
      });

      it('the same transaction with another event is a mistake that is told', async () => {
        await client.call('start', login(`${language}-5`));
        const changed = { ...event, request: { ip: '203.0.113.9' } };
        assert.deepEqual(await client.call('start', login(`${language}-5`, { event: changed })), { error: 'idempotency_mismatch', status: 422 });
      });

      it('a wrong key is refused', async () => {
        const other = startDriver(language, { url, key: 'wrong', deadlineMs: 5000 });
        assert.deepEqual(await other.call('start', login(`${language}-6`)), { error: 'unauthenticated', status: 401 });
        await other.stop();
      });

      it('a login at its prompt outlives a kill, and while nobody serves the answer is no', async () => {
        const { answer } = await client.call('start', login(`${language}-7`));
        const pending = { login_id: answer.login_id, resume_key: answer.resume_key, subject: answer.subject };
        const reply = await back(answer.location);
        await stop('SIGKILL');
        assert.deepEqual(await client.call('continue', { pending, reply, event }), { error: 'unavailable' });
        await serve();
        assert.equal((await client.call('continue', { pending, reply, event })).answer?.outcome, 'continue');
      });
    });
  }
});
