// The partner's prompt site: the person proves something here, and the site signs what it saw.
//
// This one asks a single question, so that the contract stands alone: verify the request token, keep the prompt in
// the browser that opened it, sign the result, send the browser back. Put your own factor where the two buttons are.
//   PORT=4000 POSTLUDE_ISSUER=http://localhost:8480/demo JWKS_FILE=partner.jwks.json node prompt-site.mjs
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT, createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { cookies, escape, guarded, page, readForm, seeOther, send } from './pages.mjs';

const RESULT_LIFETIME = '5m'; // at most 15 minutes are accepted
const CLOCK_SKEW_S = 5;
const PROMPT_MS = 20 * 60 * 1000; // longer than a request token lives
const REQUIRED = ['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'state', 'action', 'continue_url'];

/** The partner's key pair and its public JWKS, for `keys.partner.jwks` in postlude.toml. */
export async function createPartnerKeys() {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const kid = randomUUID();
  return { privateKey, kid, jwks: { keys: [{ ...await exportJWK(publicKey), kid, alg: 'EdDSA', use: 'sig' }] } };
}

/**
 * @param {object} options
 * @param {string} options.origin   this site; also its name, as `iss` and `aud`
 * @param {string} options.issuer   the Postlude tenant's issuer
 * @param {Awaited<ReturnType<typeof createPartnerKeys>>} options.keys
 */
export function createPromptSite({ origin, issuer, keys }) {
  const tenantKeys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  /** Request `jti` -> the one browser that may answer it, and whether it has. */
  const prompts = new Map();
  const show = (res, status, title, body, script) => send(res, status, page({ site: 'partner', brand: 'Acme Factor', host: origin, title, body, script }));
  const refuse = (res, status, title, text) => show(res, status, title, `<h1>${escape(title)}</h1><p>${escape(text)}</p>`);
  const cookieOf = (jti) => `acme-${Buffer.from(jti).toString('hex').slice(0, 64)}`;

  /** The request token, verified: by the tenant's keys, for us, fresh, and of the type that only requests have. */
  async function verified(token, state) {
    const { payload } = await jwtVerify(token, tenantKeys, {
      issuer, audience: origin, typ: 'prompt-request+jwt', algorithms: ['EdDSA', 'ES256'], requiredClaims: REQUIRED, clockTolerance: CLOCK_SKEW_S,
    });
    if (payload.state !== state) throw new Error('`state` of the address and of the token differ');
    if (payload.continue_url !== `${issuer}/continue`) throw new Error('`continue_url` is not the tenant\'s');
    return payload;
  }

  function ask(req, res, request, url) {
    const cookie = cookieOf(request.jti);
    let prompt = prompts.get(request.jti);
    if (!prompt) {
      prompt = { secret: randomBytes(16).toString('base64url'), answered: false };
      prompts.set(request.jti, prompt);
      setTimeout(() => prompts.delete(request.jti), PROMPT_MS).unref();
      res.setHeader('set-cookie', `${cookie}=${prompt.secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age=900`);
    } else if (cookies(req).get(cookie) !== prompt.secret) {
      return refuse(res, 403, 'Opened elsewhere', 'This question was opened in another browser. Answer it there, or log in again here.');
    }
    if (prompt.answered) return refuse(res, 410, 'Already answered', 'Log in again to be asked again.');
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
    const request = await verified(form.get('request') ?? '', form.get('state'));
    const prompt = prompts.get(request.jti);
    if (!prompt || prompt.answered || cookies(req).get(cookieOf(request.jti)) !== prompt.secret) {
      return refuse(res, 403, 'Not open', 'This question was answered, or opened in another browser.');
    }
    const verdict = ['ok', 'refused'].includes(form.get('verdict')) ? form.get('verdict') : 'error';
    prompt.answered = true;
    return sendBack(res, request, await signResult(request, verdict), form.get('return'));
  }

  /** The result says the same `sub`, `state` and `factor` (which may be absent) as the request, and is for the action that asked. */
  function signResult({ sub, state, factor, action, terms_version }, verdict) {
    return new SignJWT({ state, factor, terms_version, verdict })
      .setProtectedHeader({ alg: 'EdDSA', kid: keys.kid, typ: 'prompt-result+jwt' })
      .setIssuer(origin).setSubject(sub).setAudience(action).setJti(randomUUID())
      .setIssuedAt().setExpirationTime(RESULT_LIFETIME)
      .sign(keys.privateKey);
  }

  /** By redirect, or by a form: both work, though the form arrives cross-site. */
  function sendBack(res, { continue_url, state }, result, by) {
    const target = new URL(continue_url);
    target.searchParams.set('state', state);
    if (by !== 'post') {
      target.searchParams.set('postlude_result', result);
      return seeOther(res, target.href);
    }
    return show(res, 200, 'One moment', `<h1>One moment</h1><form id="back" method="post" action="${escape(target.href)}">
      <input type="hidden" name="postlude_result" value="${escape(result)}"><div class="row"><button>Continue</button></div></form>`, 'document.getElementById("back").submit()');
  }

  return createServer(guarded(async (req, res) => {
    const url = new URL(req.url, origin);
    try {
      if (req.method === 'GET' && url.pathname === '/prompt') {
        return ask(req, res, await verified(url.searchParams.get('request') ?? '', url.searchParams.get('state')), url);
      }
      if (req.method === 'POST' && url.pathname === '/answer') return await answer(req, res);
    } catch (error) {
      console.error(`prompt site: ${error.message}`);
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
  createPromptSite({ origin, issuer: POSTLUDE_ISSUER, keys }).listen(Number(PORT), '127.0.0.1', () => console.error(`prompt site on ${origin}`));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
