// A second OpenID provider, somebody else's: its accounts are the factor of the plugin oidc-factor.
//
// It knows nothing of Postlude but a client with a key pair, which must sign every request (RFC 9101), use PKCE and
// authenticate by private_key_jwt. Its own login page asks who you are; a real one would ask for proof.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import Provider, { interactionPolicy } from 'oidc-provider';
import { escape, guarded, page, readForm, send } from './pages.mjs';

const ROUTE = /^\/interaction\/([\w-]{1,64})$/;
const ACCOUNTS = new Map([
  ['ana', { email: 'ana@idp.example', email_verified: true }],
  ['ben', { email: 'ben@idp.example', email_verified: true }],
  ['mallory', { email: 'ana@idp.example', email_verified: false }], // an address that nobody verified
]);

/** The client's key pair: PEM for `keys.client.private_key` in postlude.toml, a JWKS for the provider. */
export async function createClientKeys() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { pem: await exportPKCS8(privateKey), jwks: { keys: [{ ...await exportJWK(publicKey), alg: 'ES256', use: 'sig' }] } };
}

/**
 * @param {object} options
 * @param {string} options.issuer   this provider's URL, `http://localhost:PORT`
 * @param {string} options.redirectUri   the Postlude tenant's continue URL
 * @param {{keys: object[]}} options.jwks   the client's public keys
 */
export async function createSecondIdp({ issuer, redirectUri, jwks }) {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'postlude', redirect_uris: [redirectUri], response_types: ['code'], grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256',
      request_object_signing_alg: 'ES256', require_signed_request_object: true, jwks,
    }],
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'RS256', use: 'sig' }] },
    // both providers of this example are `localhost` to a browser, whose cookies know no ports
    cookies: { keys: [randomBytes(32).toString('base64url')], names: { session: 'second', interaction: 'second_interaction', resume: 'second_resume' } },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false, // the claims of scope `email` stand in the ID token
    pkce: { required: () => true },
    interactions: { policy, url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => (ACCOUNTS.has(sub) ? { accountId: sub, claims: () => ({ sub, ...ACCOUNTS.get(sub) }) } : undefined),
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope(oidc.params.scope);
      await grant.save();
      return grant;
    },
    features: { devInteractions: { enabled: false }, requestObjects: { enabled: true } },
    renderError(ctx, out) {
      const { html, headers } = show('Something went wrong', `<h1>Something went wrong</h1><div class="error" id="error"><b>${escape(out.error)}</b><p>${escape(out.error_description)}</p></div>`);
      ctx.set(headers);
      ctx.body = html;
    },
  });

  const show = (title, body) => page({ site: 'partner', brand: 'Second provider', host: issuer, title, body });
  const form = () => show('Sign in', `<h1>Sign in</h1><p>at the second provider</p><form method="post">
    <label for="account">Account</label><input id="account" name="account" autofocus placeholder="ana or ben">
    <div class="row"><button name="do" value="login">Sign in</button><button class="quiet" name="do" value="cancel">Cancel</button></div></form>`);

  async function interaction(req, res) {
    await provider.interactionDetails(req, res); // this browser's own, or it throws
    if (req.method !== 'POST') return send(res, 200, form());
    const answer = await readForm(req);
    const accountId = answer.get('account')?.trim();
    if (answer.get('do') === 'cancel') return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'cancelled' });
    if (!ACCOUNTS.has(accountId)) return send(res, 401, form());
    return provider.interactionFinished(req, res, { login: { accountId, ts: Math.floor(Date.now() / 1000) } });
  }

  const rest = provider.callback();
  return createServer(guarded(async (req, res) => (ROUTE.test(new URL(req.url, issuer).pathname) ? interaction(req, res) : rest(req, res))));
}
