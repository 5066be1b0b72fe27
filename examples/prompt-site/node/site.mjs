// A sample prompt site: one question, two buttons. Put your own factor where the buttons are.
//   ISSUER=http://localhost:8480/acme KEY_FILE=partner.key.pem KID=partner-1 node site.mjs
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RequestRefused, createPromptKit } from './kit.mjs';
import { Prompts } from './prompts.mjs';

const FORM_BYTES = 16 * 1024;

/** @param {{origin: string, kit: Awaited<ReturnType<typeof createPromptKit>>, prompts?: Prompts, log?: (text: string) => void}} options */
export function createSite({ origin, kit, prompts = new Prompts(), log = () => {} }) {
  const secure = origin.startsWith('https:');

  async function ask(req, res, query) {
    const request = await kit.verify(query.get('request'), query.get('state'));
    const { status, setCookie } = prompts.open(request, cookie(req, prompts.cookieName(request)), { secure });
    if (status === 'elsewhere') return say(res, 403, 'Opened elsewhere', 'This question was opened in another browser. Answer it there, or log in again here.');
    if (status === 'answered') return say(res, 410, 'Already answered', 'Log in again to be asked again.');
    if (status !== 'open') return say(res, 503, 'Too many questions are open', 'Try again in a few minutes.');
    if (setCookie) res.setHeader('set-cookie', setCookie);
    const hidden = ['request', 'state', 'return'].map((name) => `<input type="hidden" name="${name}" value="${escape(query.get(name) ?? '')}">`).join('');
    return page(res, 200, 'Is this you?', `<p>Someone has just entered the password of <b>${escape(request.sub)}</b>.</p>
<p>Say yes only if you are signing in at this moment, in this browser.</p>
<form method="post" action="/answer">${hidden}
<button name="verdict" value="ok">It's me</button> <button name="verdict" value="refused">Not me</button></form>`);
  }

  async function answer(req, res) {
    const form = await readForm(req);
    if (!form) return say(res, 413, 'Too much', 'This is not the form of this site.');
    const request = await kit.verify(form.get('request'), form.get('state'));
    if (!prompts.answer(request, cookie(req, prompts.cookieName(request)))) {
      return say(res, 403, 'Not open', 'This question was answered already, or opened in another browser.');
    }
    const result = await kit.sign(request, form.get('verdict') === 'ok' ? 'ok' : 'refused');
    if (form.get('return') !== 'post') return res.writeHead(303, { ...HEADERS, location: kit.redirectUrl(request, result) }).end();
    // A form arrives at Postlude cross-site: it needs no cookie of anybody's.
    return page(res, 200, 'One moment', `<form method="post" action="${escape(kit.formAction(request))}">
<input type="hidden" name="postlude_result" value="${escape(result)}"><button>Continue</button></form>`, 'document.forms[0].submit()');
  }

  return createServer(async (req, res) => {
    const url = new URL(req.url, origin);
    try {
      if (req.method === 'GET' && url.pathname === '/prompt') return await ask(req, res, url.searchParams);
      if (req.method === 'POST' && url.pathname === '/answer') return await answer(req, res);
      return say(res, 404, 'No such page', 'People come here from a login.');
    } catch (error) {
      log(`prompt site: ${error.message}`);
      if (error instanceof RequestRefused) return say(res, 400, 'This request cannot be verified', 'It is not for this site, or it is too old. Log in again.');
      return say(res, 503, 'Try again', 'Something that this site needs does not answer.');
    }
  });
}

const HEADERS = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' };

function page(res, status, title, body, script = '') {
  const nonce = randomBytes(16).toString('base64');
  // Nobody frames the button, and no other script runs beside it. `form-action` is left out: browsers apply it to redirects as well.
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`;
  const run = script ? `<script nonce="${nonce}">${script}</script>` : '';
  res.writeHead(status, { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy });
  res.end(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><main><h1>${escape(title)}</h1>${body}</main>${run}</html>`);
}

const say = (res, status, title, text) => page(res, status, title, `<p>${escape(text)}</p>`);

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text).replace(/[&<>"']/g, (c) => ENTITIES[c]);

function cookie(req, name) {
  const pairs = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

async function readForm(req) {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > FORM_BYTES) return undefined;
  }
  return new URLSearchParams(text);
}

async function main() {
  const { PORT = '4000', ISSUER, SITE = `http://localhost:${PORT}`, ALG = 'EdDSA', KEY_FILE, KID, SECRET } = process.env;
  if (!ISSUER || !(KEY_FILE || SECRET)) {
    console.error('usage: ISSUER=https://login.example/acme KEY_FILE=site.key.pem [KID=..] [ALG=EdDSA|ES256|HS256] [SECRET=..] [SITE=..] [PORT=4000] node site.mjs');
    process.exitCode = 2;
    return;
  }
  const privateKey = KEY_FILE ? await readFile(KEY_FILE, 'utf8') : undefined;
  const kit = await createPromptKit({ issuer: ISSUER, site: SITE, alg: ALG, privateKey, kid: KID, secret: SECRET });
  const server = createSite({ origin: SITE, kit, log: console.error });
  server.listen(Number(PORT), '127.0.0.1', () => console.error(`prompt site on ${SITE}/prompt, port ${server.address().port}`));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
