// Which browser may answer which request: the first that opened it, once. In memory; with several processes, put these
// two steps into a database that they share.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const KEPT_MS = 20 * 60 * 1000; // longer than a request token lives
const MOST = 100_000;

export class Prompts {
  #open = new Map();

  /** The name of a request's cookie. @param {{jti: string}} request */
  cookieName({ jti }) {
    return `prompt-${createHash('sha256').update(jti).digest('hex').slice(0, 24)}`;
  }

  /** A browser opens a request. `cookie`: the value of the request's cookie that it sent, if any.
   *  `{status: 'open', setCookie?}`, or `elsewhere`, `answered`, `full`.
   *  @param {{jti: string}} request @param {string | undefined} cookie @param {{secure?: boolean}} [options] */
  open(request, cookie, { secure = true } = {}) {
    const known = this.#open.get(request.jti);
    if (known) {
      if (!same(known.secret, cookie)) return { status: 'elsewhere' };
      return { status: known.answered ? 'answered' : 'open' };
    }
    if (this.#open.size >= MOST) return { status: 'full' };
    const secret = randomBytes(16).toString('base64url');
    this.#open.set(request.jti, { secret, answered: false });
    setTimeout(() => this.#open.delete(request.jti), KEPT_MS).unref();
    const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=900${secure ? '; Secure' : ''}`;
    return { status: 'open', setCookie: `${this.cookieName(request)}=${secret}; ${attributes}` };
  }

  /** The browser answers: true once, and for the browser that opened the request.
   *  @param {{jti: string}} request @param {string | undefined} cookie */
  answer(request, cookie) {
    const known = this.#open.get(request.jti);
    if (!known || known.answered || !same(known.secret, cookie)) return false;
    known.answered = true;
    return true;
  }
}

function same(secret, cookie) {
  const [one, two] = [secret, cookie ?? ''].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(one, two);
}
