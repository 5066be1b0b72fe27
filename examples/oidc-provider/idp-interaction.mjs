// The IdP's own pages: the password, the way to Postlude, and the way back.
import { PostludeError } from '../idp-client/ts/postlude.mjs';
import { escape, page, readForm, seeOther, send } from './pages.mjs';

const ROUTE = /^\/interaction\/([\w-]{1,64})(\/login|\/postlude)?$/;
const ANOTHERS = new Set(['login_mismatch', 'invalid_reply', 'invalid_state']);
const MESSAGE_LENGTH = 200; // of a denial, in the redirect's `error_description`

/**
 * Handles `/interaction/..`. An interaction's path carries its uid, or, when a session exists already, the
 * transaction that the policy's check has opened for it.
 * @param {{provider: import('oidc-provider').default, postlude: ReturnType<import('../idp-client/ts/postlude.mjs').createPostlude>,
 *   transactions: ReturnType<import('./idp-transactions.mjs').createTransactions>, users: Map<string, object>,
 *   eventOf: Function, sessionOf: Function, issuer: string}} idp
 */
export function createInteraction(idp) {
  const { provider, postlude, transactions, users, issuer } = idp;
  const show = (res, status, title, body) => send(res, status, page({ site: 'idp', brand: 'Example IdP', host: issuer, title, body }));
  const refuse = (res, status, title, text) => show(res, status, title, `<h1>${escape(title)}</h1><p>${escape(text)}</p>`);

  const loginForm = (res, id, details, problem = '') => show(res, problem ? 401 : 200, 'Sign in', `
    <h1>Sign in</h1><p>to continue to <b>${escape(details.params.client_id)}</b></p>
    ${problem ? `<div class="error" role="alert">${escape(problem)}</div>` : ''}
    <form method="post" action="/interaction/${id}/login">
    <label for="login">User</label><input id="login" name="login" autocomplete="username" required autofocus placeholder="ana or ben">
    <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required placeholder="anything, this is a demo">
    <div class="row"><button>Sign in</button></div></form>`);

  /** The password is right: now, and before anything is finished, Postlude is asked. */
  async function submitPassword(req, res, id, details) {
    const form = await readForm(req);
    const user = users.get(form.get('login')?.trim().toLowerCase());
    if (!user || !form.get('password')) return loginForm(res, id, details, 'No such user, or no password. Try ana or ben.');
    const { transaction, cookie } = transactions.open(id, user.id, () => {
      const authenticatedAt = Math.floor(Date.now() / 1000);
      // the user's own SSO session, if this browser has one: known by the server, never named by the browser
      const sessionId = details.session?.accountId === user.id ? idp.sessionOf(details.session.uid) : undefined;
      const event = idp.eventOf({ req, user, params: details.params, sessionId, authenticatedAt });
      return { event, authenticatedAt, request: { mode: 'interactive', returnUrl: `${issuer}/interaction/${id}/postlude` } };
    });
    res.appendHeader('set-cookie', cookie);
    const answer = await postlude.startLogin({ transactionId: id, event: transaction.event, ...transaction.request });
    return act(req, res, details, transaction, answer);
  }

  /** The browser is back from the prompt site, by way of Postlude's continue URL. */
  async function comeBack(req, res, details, transaction, reply) {
    if (!reply || !transaction.pending) return refuse(res, 400, 'Nothing to continue', 'This address is opened by the prompt, not by hand.');
    const user = users.get(transaction.userId);
    const event = idp.eventOf({ req, user, params: details.params, authenticatedAt: transaction.authenticatedAt });
    const answer = await postlude.continueLogin(transaction.pending, reply, event);
    return act(req, res, details, transaction, answer);
  }

  async function act(req, res, details, transaction, answer) {
    switch (idp.settle(transaction.userId, answer)) {
      case 'continue':
        transaction.answer = answer;
        return provider.interactionFinished(req, res, {
          ...(details.prompt.name === 'login'
            ? { login: { accountId: transaction.userId, amr: answer.amr, ts: transaction.authenticatedAt } }
            : {}),
          postlude: { transaction: transaction.id },
        });
      case 'redirect': {
        const { login_id, resume_key, subject, location } = answer;
        Object.assign(transaction, { pending: { login_id, resume_key, subject }, location });
        return seeOther(res, location);
      }
      case 'interaction_required':
        return fail(req, res, 'interaction_required', 'one more step is due');
      default:
        return fail(req, res, 'access_denied', (answer.message ?? 'the login was denied').slice(0, MESSAGE_LENGTH));
    }
  }

  const fail = (req, res, error, error_description) => provider.interactionFinished(req, res, { error, error_description });

  /** Postlude refused or is not there. Neither lets anyone in; what differs is what the person can do next. */
  async function explain(req, res, error) {
    if (!(error instanceof PostludeError)) throw error;
    console.error(`postlude: ${error.message}`);
    if (ANOTHERS.has(error.code)) { // the login stays alive for the browser, and the reply, that it waits for
      return refuse(res, 403, 'This link belongs to another login', 'Go back to the window in which you signed in.');
    }
    if (error.code === 'unavailable' || error.status >= 500) {
      return fail(req, res, 'temporarily_unavailable', 'the login check cannot be reached, try again in a moment');
    }
    return fail(req, res, 'access_denied', 'the login could not be completed, start again');
  }

  return async function interaction(req, res) {
    const url = new URL(req.url, issuer);
    const [, id, step = ''] = ROUTE.exec(url.pathname) ?? [];
    if (!id) return refuse(res, 404, 'No such page', 'Start again at the application.');
    // First of all: is this the browser that the transaction is bound to? Nothing runs for any other.
    const transaction = transactions.bound(req, id);
    if (step === '/postlude' && !transaction) {
      return refuse(res, 403, 'This link belongs to another login', 'It works only in the browser that signed in. If that is this one, start again at the application.');
    }
    let details;
    try {
      details = await provider.interactionDetails(req, res);
    } catch {
      return refuse(res, 400, 'This login is over', 'It was finished, or it took too long. Start again at the application.');
    }
    const { name, details: about } = details.prompt;
    if (id !== (name === 'postlude' ? about.transaction : details.uid)) return refuse(res, 400, 'This login is over', 'Another one has begun in this browser.');
    try {
      if (req.method === 'GET' && step === '/postlude') return await comeBack(req, res, details, transaction, url.searchParams.get('postlude'));
      if (req.method === 'GET' && step === '' && name === 'login') return loginForm(res, id, details);
      if (req.method === 'GET' && step === '' && transaction?.location) return seeOther(res, transaction.location);
      if (req.method === 'POST' && step === '/login' && name === 'login') return await submitPassword(req, res, id, details);
    } catch (error) {
      return explain(req, res, error);
    }
    return refuse(res, 405, 'Not like this', 'Start again at the application.');
  };
}
