// A partner's page as it was written for Auth0: it shares one secret with the tenant, asks a question, and sends the browser back to
// the tenant's `/continue`. It knows nothing of Postlude.
//
//   PORT=4000 DOMAIN=login.example.com SESSION_TOKEN_SECRET=.. node partner.mjs
//
// CONTINUE_URL   where browsers go back to (default: https://DOMAIN/continue)
// RETURN=get     the answer goes back in the address, and not in a form
// TLS_KEY, TLS_CERT   files in PEM: the page is served over https
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

const { PORT = '4000', DOMAIN, SESSION_TOKEN_SECRET: SECRET, RETURN = 'post', TLS_KEY, TLS_CERT } = process.env;
const { CONTINUE_URL = `https://${DOMAIN}/continue` } = process.env;
const ANSWER_SECONDS = 60;
const FORM_BYTES = 16 * 1024;

if (!DOMAIN || !SECRET) {
  console.error('set DOMAIN and SESSION_TOKEN_SECRET');
  process.exit(2);
}

const now = () => Math.floor(Date.now() / 1000);
const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const signature = (text) => createHmac('sha256', SECRET).update(text).digest();

/** The claims of a token that the tenant signed with the shared secret (RFC 7519, HS256), and that is still good. */
function verify(token) {
  const [header, payload, given = '', ...more] = String(token).split('.');
  const expected = signature(`${header}.${payload}`);
  const found = Buffer.from(given, 'base64url');
  if (more.length > 0 || found.length !== expected.length || !timingSafeEqual(found, expected)) throw new Error('the signature is wrong');
  if (JSON.parse(Buffer.from(header, 'base64url')).alg !== 'HS256') throw new Error('the algorithm is not HS256');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  if (!(claims.exp > now())) throw new Error('the token is expired');
  if (claims.iss !== DOMAIN) throw new Error(`the token is of \`${claims.iss}\`, not of \`${DOMAIN}\``);
  return claims;
}

function sign(claims) {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${signature(text).toString('base64url')}`;
}

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function send(res, status, title, body) {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  res.writeHead(status, headers).end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title><h1>${escape(title)}</h1>${body}</html>`);
}

function ask(res, url) {
  const [token, state] = ['session_token', 'state'].map((name) => url.searchParams.get(name) ?? '');
  const { sub, email } = verify(token);
  send(res, 200, "ACME's check", `<p>Is <b id="who">${escape(email ?? sub)}</b> signing in just now?</p>
    <form method="post" action="/answer"><input type="hidden" name="session_token" value="${escape(token)}"><input type="hidden" name="state" value="${escape(state)}">
    <button name="passed" value="yes">Yes</button> <button name="passed" value="no">No</button></form>`);
}

function answer(res, form) {
  const { sub } = verify(form.get('session_token'));
  const state = form.get('state') ?? '';
  const claims = { iss: 'factor.acme.example', sub, iat: now(), exp: now() + ANSWER_SECONDS, state, passed: form.get('passed') === 'yes' };
  const back = new URL(CONTINUE_URL);
  back.searchParams.set('state', state);
  if (RETURN === 'get') {
    back.searchParams.set('session_token', sign(claims));
    return res.writeHead(303, { location: back.href, 'referrer-policy': 'no-referrer' }).end();
  }
  return send(res, 200, 'One moment', `<form id="back" method="post" action="${escape(back.href)}"><input type="hidden" name="session_token" value="${sign(claims)}">
    <button>Continue</button></form><script>document.getElementById('back').submit()</script>`);
}

async function formOf(req) {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > FORM_BYTES) throw new Error('the form is too large');
  }
  return new URLSearchParams(text);
}

async function serve(req, res) {
  const url = new URL(req.url, 'https://factor.acme.example');
  try {
    if (req.method === 'GET' && url.pathname === '/check') return ask(res, url);
    if (req.method === 'POST' && url.pathname === '/answer') return answer(res, await formOf(req));
  } catch (error) {
    return send(res, 400, 'This request is not good', `<p id="why">${escape(error.message)}</p>`);
  }
  return send(res, 404, 'No such page', '');
}

const tls = TLS_KEY && TLS_CERT ? { key: readFileSync(TLS_KEY), cert: readFileSync(TLS_CERT) } : undefined;
const server = tls ? createTlsServer(tls, serve) : createServer(serve);
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
