// The two tokens of a prompt site: verify the request that a browser brings, sign the result that it takes back.
//
// What this file cannot do is yours: authenticate the person as `sub`, let one browser answer a request once (prompts.mjs),
// and send the result back through that browser.
import { createSecretKey, hkdfSync, randomUUID } from 'node:crypto';
import { SignJWT, compactVerify, createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, errors, importPKCS8 } from 'jose';

const REQUEST_TYP = 'prompt-request+jwt';
const RESULT_TYP = 'prompt-result+jwt';
const CLOCK_SKEW_S = 30; // by which two clocks may differ
const MOST_S = 15 * 60; // a token lives no longer
const RESULT_S = 5 * 60; // a result is used at once
const HEADER = new Set(['alg', 'typ', 'kid']);
const TEXTS = ['sub', 'jti', 'state', 'action', 'continue_url'];
const VERDICTS = ['ok', 'refused', 'error'];

/** A request that must not be answered. `code`: `token`, `type`, `claims`, `issuer`, `audience`, `time`, `state` or `continue_url`. */
export class RequestRefused extends Error {
  /** @param {string} code @param {string} message @param {{cause?: unknown}} [more] */
  constructor(code, message, more) {
    super(message, more);
    this.name = 'RequestRefused';
    this.code = code;
  }
}

/**
 * @typedef {{iss: string, sub: string, aud: string, iat: number, exp: number, jti: string, state: string, action: string,
 *   continue_url: string, factor?: string, [own: string]: unknown}} Request   the verified claims: authenticate `sub`
 *
 * @typedef {object} Options
 * @property {string} issuer     the Postlude tenant that may ask, such as `https://login.example/acme`
 * @property {string} site       this site's name, as the operator configured it: `aud` of requests, `iss` of results
 * @property {'EdDSA' | 'ES256' | 'HS256'} [alg]   of both ways (default EdDSA)
 * @property {string} [privateKey]   EdDSA and ES256: this site's key, as PKCS #8 in PEM
 * @property {string} [kid]          EdDSA and ES256: the key's name in the JWK set that the operator has
 * @property {string} [secret]       HS256: the shared secret, of at least 32 bytes
 * @property {{keys: object[]}} [tenantKeys]   the tenant's public keys; fetched from the issuer unless they are given
 * @property {() => number} [now]    seconds since 1970
 */

/** @param {Options} options */
export async function createPromptKit({
  issuer, site, alg = 'EdDSA', privateKey, kid, secret, tenantKeys, now = () => Math.floor(Date.now() / 1000),
}) {
  const keys = alg === 'HS256' ? shared(secret) : await pair({ issuer, alg, privateKey, tenantKeys });

  return {
    /** The request token of an address, verified; `state` is the address' own. Throws `RequestRefused`.
     *  @param {string | null} token @param {string | null} state @returns {Promise<Request>} */
    async verify(token, state) {
      const refuse = (code, message) => { throw new RequestRefused(code, message); };
      const { protectedHeader: header, payload } = await signatureOf(token, keys.request, alg);
      if (header.typ !== REQUEST_TYP) refuse('type', `\`typ\` is not \`${REQUEST_TYP}\``);
      for (const name of TEXTS) {
        if (typeof payload[name] !== 'string' || payload[name] === '') refuse('claims', `\`${name}\` is not a text`);
      }
      for (const name of ['iat', 'exp']) {
        if (!Number.isSafeInteger(payload[name])) refuse('claims', `\`${name}\` is not in whole seconds`);
      }
      if ('factor' in payload && typeof payload.factor !== 'string') refuse('claims', '`factor` is not a text');
      if (payload.iss !== issuer) refuse('issuer', '`iss` is not the tenant');
      if (payload.aud !== site) refuse('audience', '`aud` is not this site');
      if (payload.exp + CLOCK_SKEW_S <= now()) refuse('time', 'the request is too old');
      if (payload.iat > now() + CLOCK_SKEW_S) refuse('time', 'the request is from the future');
      if (payload.exp - payload.iat > MOST_S) refuse('time', 'the request lives too long');
      if (payload.state !== state) refuse('state', '`state` of the address and of the token differ');
      if (payload.continue_url !== `${issuer}/continue`) refuse('continue_url', '`continue_url` is not the tenant\'s');
      return payload;
    },

    /** The result token for a verified request. `own`: further claims, which the plugin may read.
     *  @param {Request} request @param {'ok' | 'refused' | 'error'} verdict @param {{jti?: string, own?: object}} [more] */
    async sign(request, verdict, { jti = randomUUID(), own = {} } = {}) {
      if (!VERDICTS.includes(verdict)) throw new TypeError(`\`${verdict}\` is no verdict: ${VERDICTS.join(', ')}`);
      const { sub, action, state, factor } = request;
      const iat = now();
      const claims = { ...own, iss: site, sub, aud: action, iat, exp: iat + RESULT_S, jti, state, factor, verdict };
      const header = { alg, typ: RESULT_TYP, ...(keys.named && kid !== undefined ? { kid } : {}) };
      return new SignJWT(claims).setProtectedHeader(header).sign(keys.result);
    },

    /** Where the browser goes with a result: a redirect by 303. @param {Request} request @param {string} result */
    redirectUrl(request, result) {
      const url = new URL(formAction(request));
      url.searchParams.set('postlude_result', result);
      return url.href;
    },

    formAction,
  };
}

/** Where a form with the field `postlude_result` goes, by POST. @param {Request} request */
function formAction({ continue_url: target, state }) {
  const url = new URL(target);
  url.searchParams.set('state', state);
  return url.href;
}

/** The claims of a token that the tenant signed, and its header, which is read first: a library would follow members that no
 *  request has. */
async function signatureOf(token, key, alg) {
  try {
    const unknown = Object.keys(decodeProtectedHeader(token)).find((name) => !HEADER.has(name));
    if (unknown !== undefined) throw new TypeError(`a request's header has no \`${unknown}\``);
    const { protectedHeader, payload } = await compactVerify(token, key, { algorithms: [alg] });
    return { protectedHeader, payload: JSON.parse(new TextDecoder().decode(payload)) };
  } catch (cause) {
    // The tenant's keys did not come: that says nothing about the token.
    if (cause instanceof errors.JWKSTimeout || cause?.constructor === errors.JOSEError || cause?.message === 'fetch failed') throw cause;
    throw new RequestRefused('token', `the tenant did not sign this: ${cause.message}`, { cause });
  }
}

/** A key for each direction (RFC 5869; no salt, 32 bytes). */
function shared(secret) {
  if (Buffer.byteLength(secret ?? '') < 32) throw new TypeError('the shared secret has less than 32 bytes');
  const derive = (info) => createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', info, 32)));
  return { request: derive('postlude prompt-request'), result: derive('postlude prompt-result'), named: false };
}

async function pair({ issuer, alg, privateKey, tenantKeys }) {
  if (!privateKey) throw new TypeError('the site needs its private key, as PKCS #8 in PEM');
  // The set is fetched again where a request names a key that is not in it: Postlude's root key was changed.
  const request = tenantKeys ? createLocalJWKSet(tenantKeys) : createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { cooldownDuration: 5000 });
  return { request, result: await importPKCS8(privateKey, alg), named: true };
}
