// Login transactions: what the IdP knows of a login that Postlude has not let go on yet.
//
// oidc-provider's own interaction cannot hold this: it logs in from whatever stands in its `result`,
// and drops fields that it does not know. In production keep these in the database that keeps your interactions.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { cookies } from './pages.mjs';

const LIFETIME_MS = 2 * 60 * 60 * 1000; // longer than an interaction (1 h): an answer must not vanish before its resume

const cookieName = (id) => `__Host-postlude-${id}`;
const hash = (secret) => createHash('sha256').update(secret).digest();

/**
 * A transaction is one user's passage through one interaction. Its binding cookie carries a secret in a
 * `__Host-` cookie that is named after it: two tabs are two transactions, and a sibling host can plant neither.
 * @typedef {{id: string, userId: string, event: object, request: object, secret: Buffer, until: number,
 *   pending?: import('../idp-client/ts/postlude.mjs').Pending, location?: string, answer?: object}} Transaction
 */
export function createTransactions({ now = Date.now } = {}) {
  /** @type {Map<string, {current: Transaction, byUser: Map<string, Transaction>}>} */
  const store = new Map();

  function sweep() {
    for (const [id, { current }] of store) {
      if (current.until >= now()) break; // in order of opening, close enough for a sweep
      store.delete(id);
    }
  }

  return {
    /** Opens a user's transaction, or the one that this user has here already: Postlude must get the same
     *  bytes again for the same key. Returns it and the `Set-Cookie` value that binds it to the asking browser.
     *  @param {string} id @param {string} userId @param {() => {event: object, request: object}} make */
    open(id, userId, make) {
      sweep();
      const byUser = store.get(id)?.byUser ?? new Map();
      const secret = randomBytes(32).toString('base64url');
      const known = byUser.get(userId) ?? { id, userId, ...make() };
      const transaction = Object.assign(known, { secret: hash(secret), until: now() + LIFETIME_MS });
      byUser.set(userId, transaction);
      store.set(id, { current: transaction, byUser });
      return { transaction, cookie: `${cookieName(id)}=${secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600` };
    },

    /** The transaction, if the request comes from the browser that it is bound to.
     *  @param {import('node:http').IncomingMessage} req @param {string} id @returns {Transaction | undefined} */
    bound(req, id) {
      const transaction = store.get(id)?.current;
      const given = hash(cookies(req).get(cookieName(id)) ?? '');
      if (!transaction || transaction.until < now() || !timingSafeEqual(given, transaction.secret)) return undefined;
      return transaction;
    },

    /** The `Set-Cookie` value that takes the binding cookie away again. @param {string} id */
    unbind(id) {
      return `${cookieName(id)}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;
    },
  };
}
