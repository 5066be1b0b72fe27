// What the browser tests with this sample share: the action as it is built, and the partner's page as a process of its own.
import { execFile, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SAMPLE = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const run = promisify(execFile);

/** The factor, which is also the address of the partner's page: as the action's source has it. */
export const FACTOR = 'https://factor.acme.example/check';
export const SITE = new URL(FACTOR).host;

export const newSecret = () => randomBytes(32).toString('base64url');

/** Builds the action as it stands, in a folder of its own: the file, and the manifest that is drafted. */
export async function buildAction(postlude, dir) {
  await mkdir(dir, { recursive: true });
  const action = join(dir, 'acme-check.js');
  await copyFile(join(SAMPLE, 'acme-check.js'), action);
  await run(postlude, ['build', '--auth0', action]);
  const manifest = JSON.parse(await readFile(join(dir, 'acme-check.manifest.json'), 'utf8'));
  return { action, plugin: join(dir, 'build', 'acme-check.wasm'), manifest };
}

/**
 * A partner's page for the address of the factor. Browsers find it by `rule`, and take its certificate only where they take any.
 * @param {string} dir   where its certificate is made
 */
export async function createPartner(dir) {
  const [key, cert] = ['partner.key', 'partner.crt'].map((name) => join(dir, name));
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${SITE}`,
    '-addext', `subjectAltName=DNS:${SITE}`, '-keyout', key, '-out', cert]);
  let child;
  let port = 0;
  const killIt = () => child?.kill('SIGKILL');
  process.on('exit', killIt);
  return {
    /** Starts it, or starts it anew on the port that it had. @param {{secret: string, domain: string, continueUrl: string, back?: 'get' | 'post'}} options */
    async start({ secret, domain, continueUrl, back = 'post' }) {
      await this.stop();
      const env = { ...process.env, PORT: String(port), DOMAIN: domain, SESSION_TOKEN_SECRET: secret, CONTINUE_URL: continueUrl, RETURN: back, TLS_KEY: key, TLS_CERT: cert };
      child = spawn(process.execPath, [join(SAMPLE, 'partner.mjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      port = await new Promise((found, failed) => {
        child.stdout.on('data', (said) => found(Number(/listening on (\d+)/.exec(said)?.[1])));
        child.once('exit', (code) => failed(new Error(`the partner's page ended with ${code}`)));
      });
    },
    /** An argument for Chromium. */
    rule: () => `--host-resolver-rules=MAP ${SITE}:443 127.0.0.1:${port}`,
    /** Answers a question as the browser's form would, and stops at the link that leads back; it was started with `back: 'get'`. */
    async answer(page, passed = 'yes') {
      const fields = await page.$$eval('input', (inputs) => Object.fromEntries(inputs.map(({ name, value }) => [name, value])));
      const answered = await page.request.post(`https://127.0.0.1:${port}/answer`, { form: { ...fields, passed }, maxRedirects: 0 });
      return new URL(answered.headers().location);
    },
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => { child.once('exit', done); });
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The claims of a token. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with other claims: signed with a secret, or under the signature that it had. */
export function changed(token, changes, secret) {
  const [header, , signature] = token.split('.');
  const text = `${header}.${part({ ...claimsOf(token), ...changes })}`;
  return `${text}.${secret ? createHmac('sha256', secret).update(text).digest('base64url') : signature}`;
}

/** Answers that prove nothing, each made of the link of a good one. */
export const WRONG = {
  'another payload under the same signature': (link, token) => changed(token, { passed: true, more: 1 }),
  'signed with another secret': (link, token) => changed(token, {}, 'x'.repeat(43)),
  'an expired token': (link, token, { secret }) => changed(token, { iat: claimsOf(token).iat - 600, exp: claimsOf(token).iat - 300 }, secret),
  'of another login': (link, token, { other }) => other,
  'of another user': (link, token, { secret }) => changed(token, { sub: 'ben' }, secret),
  'the token of the request': (link, token, { request }) => request,
  'no token': () => undefined,
};

/** The link with a wrong answer in it. */
export function spoilt(link, name, known) {
  const [bad, token] = [new URL(link), link.searchParams.get('session_token')];
  const wrong = WRONG[name](bad, token, known);
  if (wrong === undefined) bad.searchParams.delete('session_token');
  else bad.searchParams.set('session_token', wrong);
  return bad.href;
}
