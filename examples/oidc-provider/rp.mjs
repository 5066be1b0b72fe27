// A relying party (npm openid-client): it knows nothing of Postlude, and sees only what the ID token says.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import * as oidc from 'openid-client';
import { cookies, escape, guarded, page, seeOther, send } from './pages.mjs';

const HOT = new Set(['amr', 'sub']); // rows that the page shows in bold, as are claims named by a URL

/**
 * @param {{origin: string, issuer: string, clientId: string, clientSecret: string}} options
 *   `origin` is this site, `issuer` the OpenID provider
 */
export function createRp({ origin, issuer, clientId, clientSecret }) {
  /** Browser's session id -> what this site knows of it. */
  const sessions = new Map();
  const cookieName = `rp-${new URL(origin).port}`; // cookies are shared over the ports of a host
  let discovered;
  const config = () => {
    discovered ??= oidc.discovery(new URL(issuer), clientId, clientSecret, undefined, { execute: [oidc.allowInsecureRequests] })
      .catch((error) => { discovered = undefined; throw error; });
    return discovered;
  };

  function sessionOf(req, res) {
    const known = sessions.get(cookies(req).get(cookieName));
    if (known) return known;
    const id = randomBytes(16).toString('base64url');
    res.appendHeader('set-cookie', `${cookieName}=${id}; Path=/; HttpOnly; SameSite=Lax`);
    sessions.set(id, {});
    return sessions.get(id);
  }

  async function login(res, session, url) {
    const verifier = oidc.randomPKCECodeVerifier();
    const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
    const prompt = url.searchParams.get('prompt');
    session.checks = checks;
    seeOther(res, oidc.buildAuthorizationUrl(await config(), {
      redirect_uri: `${origin}/callback`,
      scope: 'openid profile email',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(prompt ? { prompt } : {}),
    }).href);
  }

  async function callback(res, session, url) {
    const { checks } = session;
    Object.assign(session, { checks: undefined, tokens: undefined, error: undefined });
    if (!checks) return seeOther(res, '/');
    try {
      keep(session, await oidc.authorizationCodeGrant(await config(), url, checks));
    } catch (error) {
      if (!(error instanceof oidc.AuthorizationResponseError)) console.error(error);
      session.error = { error: error.error ?? 'login_failed', description: error.error_description ?? error.message };
    }
    return seeOther(res, '/');
  }

  async function refresh(res, session) {
    if (!session.tokens?.refresh_token) return seeOther(res, '/');
    try {
      keep(session, await oidc.refreshTokenGrant(await config(), session.tokens.refresh_token));
    } catch (error) {
      Object.assign(session, { tokens: undefined, error: { error: error.error ?? 'refresh_failed', description: error.error_description ?? error.message } });
    }
    return seeOther(res, '/');
  }

  function keep(session, tokens) {
    Object.assign(session, { tokens, claims: tokens.claims(), error: undefined });
  }

  async function logout(res, session) {
    const hint = session.tokens?.id_token;
    Object.assign(session, { tokens: undefined, error: undefined });
    seeOther(res, oidc.buildEndSessionUrl(await config(), { post_logout_redirect_uri: `${origin}/`, ...(hint ? { id_token_hint: hint } : {}) }).href);
  }

  function home(res, { tokens, claims, error }) {
    const rows = Object.entries(tokens ? claims : {}).map(([name, value]) => {
      const hot = HOT.has(name) || name.startsWith('https://') ? ' class="hot"' : '';
      const shown = typeof value === 'string' ? value : JSON.stringify(value);
      return `<tr${hot} data-claim="${escape(name)}"><td>${escape(name)}</td><td><code>${escape(shown)}</code></td></tr>`;
    }).join('');
    const state = tokens
      ? `<h1>Hello, ${escape(claims.name ?? claims.sub)}</h1><p>This is what the ID token says.</p><table id="claims">${rows}</table>`
      : `<h1>${error ? 'Not signed in' : 'Welcome'}</h1><p>A relying party: it asks the identity provider who you are.</p>`;
    const problem = error
      ? `<div class="error" id="error" role="alert"><b id="error-code">${escape(error.error)}</b><p id="error-description">${escape(error.description)}</p></div>`
      : '';
    const data = JSON.stringify(tokens ? { claims } : { error }).replace(/</g, '\\u003c');
    send(res, 200, page({
      site: 'rp', brand: 'Example shop', host: origin, title: 'Example shop', wide: true,
      body: `${state}${problem}<script type="application/json" id="data">${data}</script><div class="row">
        <a class="button" href="/login" id="login">${tokens ? 'Log in again' : 'Log in'}</a>
        <a class="button quiet" href="/login?prompt=none" id="silent">with prompt=none</a>
        ${tokens ? '<a class="button quiet" href="/login?prompt=login" id="password">with the password</a><a class="button quiet" href="/refresh" id="refresh">Refresh</a>' : ''}
        <a class="button quiet" href="/logout" id="logout">Log out</a></div>`,
    }));
  }

  return createServer(guarded(async (req, res) => {
    const url = new URL(req.url, origin);
    const session = sessionOf(req, res);
    if (url.pathname === '/') return home(res, session);
    if (url.pathname === '/login') return login(res, session, url);
    if (url.pathname === '/callback') return callback(res, session, url);
    if (url.pathname === '/refresh') return refresh(res, session);
    if (url.pathname === '/logout') return logout(res, session);
    return res.writeHead(404).end();
  }));
}
