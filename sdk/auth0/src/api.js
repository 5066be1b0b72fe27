// The object `api` of Auth0's post-login actions. What needs a grant is added by the files beside this one, each only to an action that
// uses it, so that a plugin asks for no more than it needs.
import { delete as deleteCached, get as getCached, set as setCached } from "../sdk/src/cache.js";
import { HostError } from "../sdk/src/host.js";
import { canRedirect, setMetadata as setLoginMetadata } from "../sdk/src/login.js";
import { stash as setStash, state } from "../sdk/src/redirect.js";
import { form, query, stash } from "../sdk/src/reply.js";
import { setMetadata as setSessionMetadata } from "../sdk/src/session.js";
import { HANDED, MISSING } from "postlude-auth0:surface";
import { SESSION, TRANSACTION } from "./event.js";
import { withQuery } from "./query.js";
import { request } from "./requests.js";
import { signed, verified } from "./token.js";

/** What a call decided; the login goes on where nothing did. */
export const decided = { deny: undefined, redirect: undefined };

const DEFAULT_LIFETIME = 900;
/** Milliseconds that a cached value is kept where nothing is said, and at most. */
const CACHED = 15 * 60 * 1000;
const CACHED_MOST = 24 * 60 * 60 * 1000;

/** The longest text that a denial may have, in bytes. */
const REASON_BYTES = 256;

function cut(text, most) {
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0);
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > most) break;
    kept += character;
  }
  return kept;
}

export function makeApi(event) {
  const api = {
    access: {
      deny(reason) {
        const text = String(reason);
        decided.deny = { code: "access_denied", message: cut(text === "" ? "Access denied" : text, REASON_BYTES) };
        return api;
      },
    },
    accessToken: {},
    authentication: {},
    cache: {
      get(key) {
        const entry = cached(() => getCached(String(key)));
        return entry === undefined || entry.type === "error" ? undefined : entry;
      },
      set(key, value, { ttl, expires_at } = {}) {
        const now = Date.now();
        const until = Math.min(expires_at ?? now + (ttl ?? CACHED), now + CACHED_MOST);
        const seconds = Math.ceil((until - now) / 1000);
        const record = { key, value, expires_at: until };
        if (seconds < 1) return { type: "error", code: "cache_expired" };
        return cached(() => setCached(String(key), { value, expires_at: until }, seconds)) ?? { type: "success", record };
      },
      delete(key) {
        return cached(() => deleteCached(String(key))) ?? { type: "success" };
      },
    },
    idToken: {},
    multifactor: {},
    prompt: {},
    redirect: {
      canRedirect: () => canRedirect(),
      encodeToken: ({ secret, payload = {}, expiresInSeconds = DEFAULT_LIFETIME }) => {
        if (Object.hasOwn(payload, "state")) {
          throw new Error("a token to the prompt site has no claim `state`: with it, it would pass for the answer");
        }
        const now = Math.floor(Date.now() / 1000);
        const own = { iat: now, iss: event.request.hostname, sub: event.user.user_id, exp: now + expiresInSeconds, ip: event.request.ip };
        return signed({ ...own, ...payload }, secretOf(secret));
      },
      sendUserTo(url, { query: added = {} } = {}) {
        decided.redirect = withQuery(new URL(url), added);
        setStash({ state: state() });
        return api;
      },
      validateToken({ secret, tokenParameterName = "session_token" }) {
        const first = (pairs) => pairs.find(([name]) => name === tokenParameterName)?.[1];
        const token = first(form()) ?? first(query());
        if (token === undefined) throw new Error(`There is no parameter \`${tokenParameterName}\` with a session token`);
        const claims = verified(token, secretOf(secret), Math.floor(Date.now() / 1000));
        const expected = stash()?.state;
        if (expected === undefined || claims.state !== expected) throw new Error("The session token's claim `state` is not that of this login");
        return claims;
      },
    },
    refreshToken: {},
    rules: { wasExecuted: () => false },
    samlResponse: {},
    session: {
      setMetadata(key, value) {
        event.session ??= {};
        event.session.metadata = changed(event.session.metadata, key, value);
        setSessionMetadata(SESSION, event.session.metadata);
        return api;
      },
      deleteMetadata(key) {
        return api.session.setMetadata(key, null);
      },
      evictMetadata() {
        event.session ??= {};
        event.session.metadata = {};
        setSessionMetadata(SESSION, {});
        return api;
      },
      revoke(reason, options) {
        request("session.revoke", [reason, options]);
        return api.access.deny(reason ?? "Session revoked");
      },
    },
    transaction: {
      setMetadata(key, value) {
        event.transaction.metadata = changed(event.transaction.metadata, key, value);
        setLoginMetadata(TRANSACTION, event.transaction.metadata);
        return api;
      },
    },
    user: {},
    validation: {
      error(code, message) {
        const known = String(code).toLowerCase().replaceAll(/[^a-z0-9_]/g, "_").slice(0, 64);
        decided.deny = { code: known || "validation_error", message: cut(String(message ?? code), REASON_BYTES) };
        return api;
      },
    },
  };
  const add = (path, call) => {
    const [group, method] = path.split(".");
    api[group] ??= {};
    api[group][method] = call;
  };
  for (const [path, returns] of Object.entries(HANDED)) {
    add(path, (...args) => {
      request(path, args);
      return returns === "api" ? api : undefined;
    });
  }
  for (const [path, why] of Object.entries(MISSING)) {
    add(path, () => {
      throw new Error(`\`api.${path}\` is not there in a post-login action: ${why}`);
    });
  }
  return api;
}

function secretOf(secret) {
  if (typeof secret !== "string" || secret === "") throw new TypeError("the secret of a session token must be a text that is not empty");
  return secret;
}

function changed(metadata = {}, key, value) {
  const { [key]: _, ...others } = metadata;
  return value === null || value === undefined ? others : { ...others, [key]: value };
}

/** Calls the cache; an error's result where it refuses. */
function cached(call) {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { type: "error", code: error.code.replaceAll("-", "_") };
  }
}
