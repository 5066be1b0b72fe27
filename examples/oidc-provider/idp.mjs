// An OpenID provider (npm oidc-provider) that issues nothing before Postlude has said `continue`.
//
// Three places ask Postlude: the password form (idp-interaction.mjs) at a first login, the policy's check
// below when an SSO session exists already, and `findAccount` when a refresh token is used.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors, interactionPolicy } from 'oidc-provider';
import { createInteraction } from './idp-interaction.mjs';
import { createTransactions } from './idp-transactions.mjs';
import { escape, guarded, page, send } from './pages.mjs';

const HOUR = 3600;
const DEMO_USERS = [
  { id: 'ana', name: 'Ana Example', email: 'ana@idp.example', app_metadata: {}, user_metadata: {} },
  { id: 'ben', name: 'Ben Example', email: 'ben@idp.example', app_metadata: {}, user_metadata: {} },
];

/** The event, in the shape that authors of actions know. `session` is absent at a first login. */
function describeLogin({ hostname, req, user, params = {}, clientId = params.client_id, sessionId, authenticatedAt }) {
  return {
    user: { user_id: user.id, name: user.name, email: user.email, app_metadata: user.app_metadata, user_metadata: user.user_metadata },
    client: { client_id: clientId },
    connection: { name: 'demo-passwords', strategy: 'password' },
    ...(sessionId ? { session: { id: sessionId } } : {}),
    request: { hostname, ip: req.socket.remoteAddress, method: req.method, user_agent: req.headers['user-agent'] ?? '' },
    authentication: { methods: [{ name: 'pwd', timestamp: new Date(authenticatedAt * 1000).toISOString() }] },
    transaction: { protocol: 'oidc-basic-profile', requested_scopes: (params.scope ?? '').split(' ').filter(Boolean), redirect_uri: params.redirect_uri },
  };
}

/** RFC 7396, for `user_updates`. */
function mergePatch(target, patch) {
  for (const [key, value] of Object.entries(patch ?? {})) {
    if (value === null) delete target[key];
    else if (typeof value === 'object' && !Array.isArray(value)) target[key] = mergePatch({ ...target[key] }, value);
    else target[key] = value;
  }
  return target;
}

/**
 * @param {object} options
 * @param {string} options.issuer   this IdP's URL, `http://localhost:PORT`
 * @param {ReturnType<import('../idp-client/ts/postlude.mjs').createPostlude>} options.postlude
 * @param {object[]} options.clients   oidc-provider's client metadata
 * @param {string[]} [options.idTokenClaims]   names of the claims that actions may set in the ID token
 */
export async function createIdp({ issuer, postlude, clients, idTokenClaims = [] }) {
  const transactions = createTransactions();
  const { hostname } = new URL(issuer); // never the request's `Host`, which the browser's side may choose
  const eventOf = (about) => describeLogin({ hostname, ...about });
  const users = new Map(DEMO_USERS.map((user) => [user.id, structuredClone(user)]));
  /** SSO session (oidc-provider's uid) -> Postlude's session id. Server-side: no browser can choose one. */
  const sessions = new Map();
  /** Code -> the answer of the login that it came from. Not by grant: browsers share those. A refresh asks anew. */
  const answers = new Map();

  /** What every answer gets, whoever asked. Returns the outcome that this IdP acts on. */
  function settle(userId, answer) {
    const user = users.get(userId);
    if (answer.outcome === 'continue' || answer.outcome === 'deny') {
      mergePatch(user.app_metadata, answer.user_updates?.app_metadata);
      mergePatch(user.user_metadata, answer.user_updates?.user_metadata);
    }
    // An action asked for what this IdP cannot do (a second factor of its own, say): never skip it in silence.
    if (answer.outcome === 'continue' && answer.idp_requests?.length) return 'deny';
    return answer.outcome;
  }

  /** This request's login may go on: its session, amr, scopes and claims are Postlude's answer. */
  function accept(ctx, answer) {
    const { session, params } = ctx.oidc;
    const before = sessions.get(session.uid);
    if (before && before !== answer.session.id) forget(before);
    sessions.set(session.uid, answer.session.id);
    session.amr = answer.amr;
    const removed = new Set(answer.scopes?.remove);
    params.scope = params.scope.split(' ').filter((scope) => scope === 'openid' || !removed.has(scope)).join(' ');
    ctx.state.answer = answer;
    return interactionPolicy.Check.NO_NEED_TO_PROMPT;
  }

  const unavailable = (cause) => {
    console.error(`postlude: ${cause.message}`);
    return new errors.TemporarilyUnavailable('the login check cannot be reached, try again in a moment');
  };
  const forget = (id) => postlude.endSession(id).catch((error) => console.error(`postlude: session not ended: ${error.message}`));

  /** The check of prompt `postlude`: is anything due before this request may be answered? */
  async function due(ctx) {
    const { oidc } = ctx;
    const userId = oidc.session.accountId;
    const finished = oidc.result?.postlude?.transaction;
    if (finished) {
      const transaction = transactions.bound(ctx.req, finished);
      if (transaction?.userId !== userId || !transaction.answer) throw new errors.AccessDenied('the login is not this one');
      return accept(ctx, transaction.answer);
    }
    const silent = oidc.prompts.has('none');
    const id = randomBytes(16).toString('base64url');
    const authenticatedAt = oidc.session.loginTs;
    const { transaction, cookie } = transactions.open(id, userId, () => ({
      authenticatedAt,
      event: eventOf({ req: ctx.req, user: users.get(userId), params: oidc.params, sessionId: sessions.get(oidc.session.uid), authenticatedAt }),
      request: silent ? { mode: 'silent' } : { mode: 'interactive', returnUrl: `${issuer}/interaction/${id}/postlude` },
    }));
    const answer = await postlude.startLogin({ transactionId: id, event: transaction.event, ...transaction.request })
      .catch((cause) => { throw unavailable(cause); });
    switch (settle(userId, answer)) {
      case 'continue':
        return accept(ctx, answer);
      case 'redirect': {
        const { login_id, resume_key, subject, location } = answer;
        Object.assign(transaction, { pending: { login_id, resume_key, subject }, location });
        ctx.append('set-cookie', cookie);
        ctx.state.transaction = id;
        return interactionPolicy.Check.REQUEST_PROMPT;
      }
      case 'interaction_required':
        return interactionPolicy.Check.REQUEST_PROMPT; // under prompt=none: the error of that name
      default:
        throw new errors.AccessDenied(answer.message ?? 'the login was denied');
    }
  }

  const policy = interactionPolicy.base();
  policy.remove('consent'); // every client of this demo is first-party
  policy.add(new interactionPolicy.Prompt(
    { name: 'postlude' },
    (ctx) => ({ transaction: ctx.state.transaction }),
    new interactionPolicy.Check('due', 'one more step is due', 'interaction_required', due),
  ));

  /** A refresh is a login too. Anything but `continue` refuses the refresh token. */
  async function refresh(ctx, user, token) {
    const event = eventOf({ req: ctx.req, user, clientId: token.clientId, params: { scope: token.scope }, sessionId: sessions.get(token.sessionUid), authenticatedAt: token.authTime });
    const answer = await postlude.startLogin({ transactionId: randomBytes(16).toString('base64url'), event, mode: 'refresh' })
      .catch((cause) => { throw unavailable(cause); });
    const narrowed = answer.scopes?.remove?.some((scope) => token.scopes.has(scope));
    return settle(user.id, answer) === 'continue' && !narrowed ? answer : undefined;
  }

  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub', 'amr', ...idTokenClaims], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    interactions: {
      policy,
      url: (_ctx, { uid, prompt }) => `/interaction/${prompt.name === 'postlude' ? prompt.details.transaction : uid}`,
    },
    async findAccount(ctx, sub, token) {
      const user = users.get(sub);
      let answer;
      if (user && token?.kind === 'AuthorizationCode') answer = answers.get(token.jti);
      if (user && token?.kind === 'RefreshToken') answer = await refresh(ctx, user, token);
      // no code and no refresh token is worth anything without a `continue`
      if (!user || (['AuthorizationCode', 'RefreshToken'].includes(token?.kind) && !answer)) return undefined;
      if (answer) ctx.state.answer = answer;
      return {
        accountId: sub,
        claims: (use) => ({ ...(use === 'id_token' ? answer?.id_token_claims : {}), sub, name: user.name, email: user.email }),
      };
    },
    extraTokenClaims: (ctx) => ctx.state?.answer?.access_token_claims,
    async loadExistingGrant({ oidc }) { // the part of consent: first-party clients get what they ask for
      const { client, session, params } = oidc;
      const found = await oidc.provider.Grant.find(session.grantIdFor(client.clientId) ?? '');
      const grant = found ?? new oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      await grant.save();
      return grant;
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    ttl: { Session: 14 * 24 * HOUR, Interaction: HOUR, Grant: 14 * 24 * HOUR, AccessToken: HOUR, IdToken: HOUR, AuthorizationCode: 60, RefreshToken: 14 * 24 * HOUR },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource } },
    renderError: (ctx, out) => render(ctx, 'Something went wrong', `<h1>Something went wrong</h1><div class="error"><b>${escape(out.error)}</b><p>${escape(out.error_description)}</p></div>`),
  });

  function render(ctx, title, body) {
    const { html, headers } = page({ site: 'idp', brand: 'Example IdP', host: issuer, title, body });
    ctx.set(headers);
    ctx.body = html;
  }
  function logoutSource(ctx, form) {
    render(ctx, 'Sign out', `<h1>Sign out?</h1><p>You are signed in as <b>${escape(ctx.oidc.session.accountId)}</b>.</p>${form}
      <div class="row"><button form="op.logoutForm" name="logout" value="yes">Sign out</button>
      <button class="quiet" form="op.logoutForm">Stay signed in</button></div>`);
  }
  function postLogoutSuccessSource(ctx) {
    render(ctx, 'Signed out', '<h1>Signed out</h1><p>You can close this window.</p>');
  }

  // The answer goes with the code of its login, and is gone when the code is spent.
  provider.on('authorization.success', (ctx) => answers.set(ctx.oidc.entities.AuthorizationCode.jti, ctx.state.answer));
  provider.on('grant.success', (ctx) => answers.delete(ctx.oidc.entities.AuthorizationCode?.jti));

  // oidc-provider finds the login to resume by a path-scoped cookie, which a sibling host can plant. So a
  // result is taken only from a browser that has the transaction's `__Host-` cookie too.
  provider.use(async (ctx, next) => {
    if (ctx.path.startsWith('/auth/')) {
      const uid = ctx.cookies.get(provider.cookieName('resume'));
      const { result } = (uid && await provider.Interaction.find(uid)) || {};
      if (result && !result.error && !transactions.bound(ctx.req, result.postlude?.transaction)) {
        ctx.status = 403;
        return render(ctx, 'Another login', '<h1>This login belongs to another browser</h1><p>Start again at the application.</p>');
      }
    }
    const ending = ctx.path === '/session/end/confirm' ? (await provider.Session.get(ctx)).uid : undefined;
    await next();
    const done = ctx.oidc?.result?.postlude?.transaction;
    if (done && ctx.oidc.entities.AuthorizationCode) ctx.append('set-cookie', transactions.unbind(done));
    if (ending && ctx.oidc?.session?.destroyed && sessions.has(ending)) {
      const id = sessions.get(ending);
      sessions.delete(ending); // first: whatever becomes of the call, no later login names that session
      await forget(id);
    }
    return undefined;
  });

  const interaction = createInteraction({ provider, postlude, transactions, users, issuer, eventOf, settle, sessionOf: (uid) => sessions.get(uid) });
  const rest = provider.callback();
  return createServer(guarded(async (req, res) => {
    if (req.url.startsWith('/interaction/')) return interaction(req, res);
    if (req.url === '/') return send(res, 200, page({ site: 'idp', brand: 'Example IdP', host: issuer, title: 'Example IdP', body: '<h1>Example IdP</h1><p>Start at the application.</p>' }));
    return rest(req, res);
  }));
}
