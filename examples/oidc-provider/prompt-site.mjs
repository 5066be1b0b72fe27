// The partner's prompt site: the person proves something here, and the site signs what it saw.
//
// The tokens, and that one browser answers a request once, are the kit's (../prompt-site/node); this is the site around it. It
// asks a single question. Put your own factor where the two buttons are.
//   PORT=4000 POSTLUDE_ISSUER=http://localhost:8480/demo JWKS_FILE=partner.jwks.json node prompt-site.mjs
import { generateKeyPair } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RequestRefused, createPromptKit } from '../prompt-site/node/kit.mjs';
import { Prompts } from '../prompt-site/node/prompts.mjs';
import { cookies, escape, guarded, page, readForm, seeOther, send } from './pages.mjs';

const KID = 'partner-1';

/** The partner's key pair and its public JWKS, for `keys.partner.jwks` in postlude.toml. */
export async function createPartnerKeys() {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ed25519');
  const jwk = publicKey.export({ format: 'jwk' });
  return {
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }), kid: KID, jwks: { keys: [{ ...jwk, kid: KID, alg: 'EdDSA', use: 'sig' }] },
  };
}

/**
 * @param {object} options
 * @param {string} options.origin   this site; also its name, as `iss` and `aud`
 * @param {string} options.issuer   the Postlude tenant's issuer
 * @param {Awaited<ReturnType<typeof createPartnerKeys>>} options.keys
 */
export async function createPromptSite({ origin, issuer, keys }) {
  const kit = await createPromptKit({ issuer, site: origin, privateKey: keys.privateKey, kid: keys.kid });
  const prompts = new Prompts();
  const show = (res, status, title, body, script) => send(res, status, page({ site: 'partner', brand: 'Acme Factor', host: origin, title, body, script }));
  const refuse = (res, status, title, text) => show(res, status, title, `<h1>${escape(title)}</h1><p>${escape(text)}</p>`);
  const cookieOf = (req, request) => cookies(req).get(prompts.cookieName(request));

  function ask(req, res, request, url) {
    const { status, setCookie } = prompts.open(request, cookieOf(req, request), { secure: origin.startsWith('https:') });
    if (status === 'elsewhere') return refuse(res, 403, 'Opened elsewhere', 'This question was opened in another browser. Answer it there, or log in again here.');
    if (status === 'answered') return refuse(res, 410, 'Already answered', 'Log in again to be asked again.');
    if (status !== 'open') return refuse(res, 503, 'Too many questions are open', 'Try again in a few minutes.');
    if (setCookie) res.setHeader('set-cookie', setCookie);
    const hidden = ['request', 'state'].map((name) => `<input type="hidden" name="${name}" value="${escape(url.searchParams.get(name))}">`).join('');
    const by = url.searchParams.get('return') === 'post' ? 'post' : 'get';
    const { title, text, yes, no } = question(request);
    return show(res, 200, title, `<h1>${escape(title)}</h1><p>Someone has just entered the password of</p>
      <div class="who"><i aria-hidden="true">${escape(request.sub.slice(0, 1).toUpperCase())}</i><span id="sub">${escape(request.sub)}</span></div>
      <p id="text">${escape(text)}</p>
      <form method="post" action="/answer">${hidden}<input type="hidden" name="return" value="${by}">
      <div class="row"><button name="verdict" value="ok">${yes}</button><button class="quiet" name="verdict" value="refused">${no}</button></div></form>`);
  }

  /** What the action wants to know: its own claims in the request say so. */
  function question({ terms_version: terms, changed }) {
    if (terms) return { title: 'Our terms', text: `Do you accept version ${terms}?`, yes: 'Accept', no: 'Decline' };
    const what = changed?.length ? `This comes from a new place (${changed.join(', ')}). ` : '';
    return { title: 'Is this you?', text: `${what}Say yes only if you are signing in at this moment, in this browser.`, yes: "It's me", no: 'Not me' };
  }

  async function answer(req, res) {
    const form = await readForm(req);
    const request = await kit.verify(form.get('request'), form.get('state'));
    if (!prompts.answer(request, cookieOf(req, request))) {
      return refuse(res, 403, 'Not open', 'This question was answered, or opened in another browser.');
    }
    const verdict = ['ok', 'refused'].includes(form.get('verdict')) ? form.get('verdict') : 'error';
    // What the terms' action wants back, beside what every result says.
    const own = request.terms_version === undefined ? {} : { terms_version: request.terms_version };
    return sendBack(res, request, await kit.sign(request, verdict, { own }), form.get('return'));
  }

  /** By redirect, or by a form: both work, though the form arrives cross-site. */
  function sendBack(res, request, result, by) {
    if (by !== 'post') return seeOther(res, kit.redirectUrl(request, result));
    return show(res, 200, 'One moment', `<h1>One moment</h1><form id="back" method="post" action="${escape(kit.formAction(request))}">
      <input type="hidden" name="postlude_result" value="${escape(result)}"><div class="row"><button>Continue</button></div></form>`, 'document.getElementById("back").submit()');
  }

  return createServer(guarded(async (req, res) => {
    const url = new URL(req.url, origin);
    try {
      if (req.method === 'GET' && url.pathname === '/prompt') {
        return ask(req, res, await kit.verify(url.searchParams.get('request'), url.searchParams.get('state')), url);
      }
      if (req.method === 'POST' && url.pathname === '/answer') return await answer(req, res);
    } catch (error) {
      console.error(`prompt site: ${error.message}`);
      if (!(error instanceof RequestRefused)) return refuse(res, 503, 'Try again', 'Postlude does not answer at this moment.');
      return refuse(res, 400, 'This request cannot be verified', 'It is not for this site, or it is too old. Log in again.');
    }
    return refuse(res, 404, 'No such page', 'This site only answers requests to prove who you are.');
  }));
}

async function main() {
  const { PORT = '4000', POSTLUDE_ISSUER, JWKS_FILE } = process.env;
  if (!POSTLUDE_ISSUER) throw new Error('set POSTLUDE_ISSUER to the tenant\'s issuer');
  const origin = `http://127.0.0.1:${PORT}`;
  const keys = await createPartnerKeys();
  const jwks = JSON.stringify(keys.jwks, null, 2);
  await (JWKS_FILE ? writeFile(JWKS_FILE, jwks) : console.log(jwks));
  const site = await createPromptSite({ origin, issuer: POSTLUDE_ISSUER, keys });
  site.listen(Number(PORT), '127.0.0.1', () => console.error(`prompt site on ${origin}`));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
