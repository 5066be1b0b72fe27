// The IdP's side of Postlude in one file without dependencies: copy it into your IdP.
//
// Whatever it throws means "deny": there is no path on which a caller that lets an exception
// end the login would issue a token. An answer is returned only when it is whole, is about the
// login that was asked about, and its outcome is one that this file knows.
import { createHash } from 'node:crypto';

/** @typedef {{login_id: string, resume_key?: string, subject: {user_id: string, client_id: string, session_id?: string}}} Pending
 *  What the IdP keeps of a `redirect` answer, server-side, in the login's own transaction. */

const OUTCOMES = new Set(['continue', 'redirect', 'deny', 'interaction_required']);
const RETRY_STATUS = new Set([502, 503, 504]);
const RETRY_PAUSE_MS = 150;

/** Why Postlude gave no usable answer. `code` is Postlude's own stable code where there is one. */
export class PostludeError extends Error {
  /** @param {string} code @param {string} message @param {{status?: number, cause?: unknown}} [more] */
  constructor(code, message, { status, cause } = {}) {
    super(message, { cause });
    this.name = 'PostludeError';
    this.code = code;
    this.status = status;
  }
}

/** The key of one user's passage through one transaction: an account switch is another login.
 *  @param {string} transactionId @param {string} userId */
export function idempotencyKey(transactionId, userId) {
  return `${transactionId}.${createHash('sha256').update(userId).digest('base64url')}`;
}

/**
 * @param {object} options
 * @param {string} options.url        base URL of Postlude's API listener
 * @param {string} options.apiKey     an API key of role `idp`
 * @param {number} [options.deadlineMs]  for a call with its retry (default 5000)
 * @param {typeof fetch} [options.fetch]
 */
export function createPostlude({ url, apiKey, deadlineMs = 5000, fetch = globalThis.fetch }) {
  /** One request and at most one retry: same key, same bytes, so that nothing runs twice. */
  async function call(method, path, body, headers = {}) {
    const end = Date.now() + deadlineMs;
    const bytes = body === undefined ? undefined : JSON.stringify(body);
    const once = async (timeoutMs) => {
      const response = await fetch(new URL(path, url), {
        method,
        body: bytes,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
        redirect: 'error',
        signal: AbortSignal.timeout(Math.max(1, timeoutMs)),
      });
      return { status: response.status, text: await response.text() };
    };
    let result;
    try {
      result = await once(deadlineMs / 2); // a first attempt that hangs leaves half for the second
    } catch (cause) {
      result = { cause };
    }
    if (result.cause || RETRY_STATUS.has(result.status)) {
      await new Promise((resolve) => { setTimeout(resolve, RETRY_PAUSE_MS); });
      try {
        result = await once(end - Date.now());
      } catch (cause) {
        throw new PostludeError('unavailable', `${method} ${path}: no answer in two attempts and at most ${deadlineMs} ms`, { cause });
      }
    }
    return parse(result, `${method} ${path}`);
  }

  return {
    /** Primary authentication has succeeded: may the login go on? Asked for every login, silent ones too.
     *  @param {{transactionId: string, event: object, mode?: 'interactive'|'silent'|'refresh'|'password', returnUrl?: string}} login */
    async startLogin({ transactionId, event, mode = 'interactive', returnUrl }) {
      const body = { trigger: 'post-login', mode, return_url: returnUrl, event };
      const key = idempotencyKey(transactionId, event.user.user_id);
      return checked(await call('POST', '/v1/logins', body, { 'idempotency-key': key }), event);
    },

    /** The browser is back, and the IdP has found **its own** transaction by that browser's cookie.
     *  The session sent is the transaction's, whatever session the browser has by now.
     *  @param {Pending} pending @param {string} reply @param {object} event */
    async continueLogin(pending, reply, event) {
      const session = pending.subject.session_id ? { id: pending.subject.session_id } : undefined;
      const about = { ...event, session };
      const path = `/v1/logins/${encodeURIComponent(pending.login_id)}/continue`;
      const answer = await call('POST', path, { resume_key: pending.resume_key, reply, event: about });
      if (answer.login_id !== pending.login_id) {
        throw new PostludeError('wrong_login', 'the answer is about another login');
      }
      return checked(answer, about);
    },

    /** The outcome again, for claims that are issued later and elsewhere. @param {string} loginId */
    async getLogin(loginId) {
      return call('GET', `/v1/logins/${encodeURIComponent(loginId)}`);
    },

    /** Logout: forgets the session's factors and ends its suspended logins. @param {string} id */
    async endSession(id) {
      return call('POST', '/v1/sessions/end', { id });
    },

    /** The IdP changed a session's id. @param {string} id @param {string} to */
    async rotateSession(id, to) {
      return call('POST', '/v1/sessions/rotate', { id, to });
    },
  };
}

function parse({ status, text }, what) {
  let body;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw new PostludeError('not_json', `${what} gave ${status} without JSON`, { status, cause });
  }
  if (status >= 200 && status < 300) return body;
  const code = typeof body?.code === 'string' ? body.code : 'refused';
  throw new PostludeError(code, `${what} gave ${status} ${code}: ${body?.detail ?? body?.title ?? ''}`, { status });
}

/** Refuses an answer that is about someone else, or that this IdP does not understand. */
function checked(answer, event) {
  const { outcome, subject } = answer;
  if (outcome === 'ended') { // from outside: a logout, a revocation, too many open logins
    throw new PostludeError(answer.code ?? 'ended', 'the login was ended before it was answered');
  }
  if (!OUTCOMES.has(outcome)) {
    throw new PostludeError('unknown_outcome', `postlude answered an outcome of \`${outcome}\``);
  }
  const sameSession = !event.session?.id || subject?.session_id === event.session.id;
  if (subject?.user_id !== event.user.user_id || subject.client_id !== event.client.client_id || !sameSession) {
    throw new PostludeError('wrong_subject', 'the answer is about another user, client or session');
  }
  if (outcome === 'redirect' && !(answer.login_id && answer.resume_key && answer.location)) {
    throw new PostludeError('incomplete', 'a redirect without `login_id`, `resume_key` or `location`');
  }
  return answer;
}
