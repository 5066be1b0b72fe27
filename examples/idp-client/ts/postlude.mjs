// The IdP's side of Postlude in one file without dependencies: copy it into your IdP.
//
// Whatever it throws means "deny": there is no path on which a caller that lets an exception
// end the login would issue a token. An answer is returned only when it is whole, is about the
// login that was asked about, and its outcome is one that this file knows.
import { createHash } from 'node:crypto';
const OUTCOMES = new Set(['continue', 'redirect', 'deny', 'interaction_required']);
const RETRY_STATUS = new Set([502, 503, 504]);
const RETRY_PAUSE_MS = 150;
const ANSWER_BYTES = 1024 * 1024;
/** Why Postlude gave no usable answer. `code` is Postlude's own stable code where there is one. */
export class PostludeError extends Error {
    code;
    status;
    constructor(code, message, { status, cause } = {}) {
        super(message, { cause });
        this.name = 'PostludeError';
        this.code = code;
        this.status = status;
    }
}
/** The key of one user's passage through one transaction: an account switch is another login. */
export function idempotencyKey(transactionId, userId) {
    return `${transactionId}.${createHash('sha256').update(userId).digest('base64url')}`;
}
export function createPostlude({ url, apiKey, deadlineMs = 5000, fetch = globalThis.fetch }) {
    /** One request and at most one retry: same key, same bytes, so that nothing runs twice. */
    async function call(method, path, body, headers = {}) {
        const end = performance.now() + deadlineMs;
        const bytes = body === undefined ? null : JSON.stringify(body);
        const once = async (timeoutMs) => {
            const abort = new AbortController();
            const asked = async () => {
                const response = await fetch(new URL(path, url), {
                    method,
                    body: bytes,
                    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
                    redirect: 'error',
                    signal: abort.signal,
                });
                return { status: response.status, text: await textOf(response, abort.signal) };
            };
            // A clock of our own: Node forgets a request's signal where nothing refers to the request any more, and a body that
            // never ends would then be read for ever.
            let timer;
            const late = new Promise((_, reject) => {
                timer = setTimeout(() => {
                    const why = new Error('no answer in time');
                    abort.abort(why);
                    reject(why);
                }, Math.max(1, Math.ceil(timeoutMs)));
            });
            try {
                return await Promise.race([asked(), late]);
            }
            catch (cause) {
                return { cause };
            }
            finally {
                clearTimeout(timer);
            }
        };
        let received = await once(deadlineMs / 2); // a first attempt that hangs leaves half for the second
        if ('cause' in received || RETRY_STATUS.has(received.status)) {
            await new Promise((resolve) => { setTimeout(resolve, RETRY_PAUSE_MS); });
            received = await once(end - performance.now());
        }
        if ('cause' in received) {
            throw new PostludeError('unavailable', `${method} ${path}: no answer in two attempts and at most ${deadlineMs} ms`, received);
        }
        return parse(received, `${method} ${path}`);
    }
    return {
        /** Primary authentication has succeeded: may the login go on? Asked for every login, silent ones too. */
        async startLogin({ transactionId, event, mode = 'interactive', returnUrl }) {
            const body = { trigger: 'post-login', mode, return_url: returnUrl, event };
            const key = idempotencyKey(transactionId, event.user.user_id);
            return checked(await call('POST', '/v1/logins', body, { 'idempotency-key': key }), event);
        },
        /** The browser is back, and the IdP has found **its own** transaction by that browser's cookie.
         *  The session sent is the transaction's, whatever session the browser has by now. */
        async continueLogin(pending, reply, event) {
            const session = pending.subject.session_id ? { id: pending.subject.session_id } : undefined;
            const about = { ...event, session };
            const path = `/v1/logins/${encodeURIComponent(pending.login_id)}/continue`;
            const answer = await call('POST', path, { resume_key: pending.resume_key, reply, event: about });
            if (answer['login_id'] !== pending.login_id) {
                throw new PostludeError('wrong_login', 'the answer is about another login');
            }
            return checked(answer, about);
        },
        /** The outcome again, for claims that are issued later and elsewhere: compare its `subject` with what you ask about. */
        async getLogin(loginId) {
            return call('GET', `/v1/logins/${encodeURIComponent(loginId)}`);
        },
        /** Logout: forgets the session's factors and ends its suspended logins. */
        async endSession(id) {
            return call('POST', '/v1/sessions/end', { id });
        },
        /** The IdP changed a session's id. */
        async rotateSession(id, to) {
            return call('POST', '/v1/sessions/rotate', { id, to });
        },
    };
}
/** The body, as long as it is no longer than any answer of Postlude's and somebody waits for it. */
async function textOf(response, signal) {
    const chunks = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
        size += chunk.length;
        if (signal.aborted)
            throw signal.reason;
        if (size > ANSWER_BYTES)
            throw new Error(`the answer has more than ${ANSWER_BYTES} bytes`);
        chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
}
function parse({ status, text }, what) {
    let body;
    try {
        body = JSON.parse(text);
    }
    catch (cause) {
        throw new PostludeError('not_json', `${what} gave ${status} without JSON`, { status, cause });
    }
    if (!isObject(body))
        throw new PostludeError('not_json', `${what} gave ${status} without a JSON object`, { status });
    if (status >= 200 && status < 300)
        return body;
    const { code, detail, title } = body;
    const known = typeof code === 'string' ? code : 'refused';
    throw new PostludeError(known, `${what} gave ${status} ${known}: ${detail ?? title ?? ''}`, { status });
}
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string' && value !== '';
const isTexts = (value) => Array.isArray(value) && value.every((one) => typeof one === 'string');
/** Refuses an answer that is about someone else, or that this IdP does not understand. */
function checked(answer, event) {
    const { outcome, subject } = answer;
    if (outcome === 'ended') { // from outside: a logout, a revocation, too many open logins
        throw new PostludeError(isText(answer['code']) ? answer['code'] : 'ended', 'the login was ended before it was answered');
    }
    if (!OUTCOMES.has(outcome)) {
        throw new PostludeError('unknown_outcome', `postlude answered an outcome of \`${String(outcome)}\``);
    }
    const about = isObject(subject) ? subject : {};
    const sameSession = !event.session?.id || about['session_id'] === event.session.id;
    if (about['user_id'] !== event.user.user_id || about['client_id'] !== event.client.client_id || !sameSession) {
        throw new PostludeError('wrong_subject', 'the answer is about another user, client or session');
    }
    const missing = missingOf(answer);
    if (missing)
        throw new PostludeError('incomplete', `\`${String(outcome)}\` without \`${missing}\``);
    return answer;
}
/** What the answer should have and has not: an IdP that took it for nothing would grant more than was said. */
function missingOf(answer) {
    const { scopes } = answer;
    const here = { login_id: isText(answer['login_id']), idp_requests: Array.isArray(answer['idp_requests']) };
    if (answer['outcome'] === 'redirect') {
        for (const name of ['resume_key', 'location'])
            here[name] = isText(answer[name]);
    }
    if (answer['outcome'] === 'continue') {
        here['amr'] = isTexts(answer['amr']);
        for (const name of ['id_token_claims', 'access_token_claims'])
            here[name] = isObject(answer[name]);
        here['scopes'] = isObject(scopes) && isTexts(scopes['add']) && isTexts(scopes['remove']);
    }
    return Object.keys(here).find((name) => !here[name]);
}
