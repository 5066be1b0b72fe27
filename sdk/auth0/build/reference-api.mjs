// The object `api` as Auth0's documentation describes it, which records every call: the reference. It shares no code with the one of plugins.
import { createHmac } from "node:crypto";

/** Claims that Auth0 or Postlude reserve: a call that sets one changes nothing. */
const RESERVED = new Set([
  "acr", "act", "active", "amr", "at_hash", "ath", "aud", "auth_time", "authorization_details", "azp", "c_hash", "client_id", "cnf", "entitlements", "events", "exp",
  "groups", "iat", "iss", "jti", "may_act", "nbf", "nonce", "roles", "rt_hash", "s_hash", "scope", "scp", "sid", "sub", "sub_id", "sub_jwk", "toe", "token_type", "txn",
  "typ", "vot", "vtm",
]);
const SAML = [
  "setAttribute", "setAudience", "setCert", "setCreateUpnClaim", "setDestination", "setDigestAlgorithm", "setEncryptionCert", "setEncryptionPublicKey",
  "setIncludeAttributeNameFormat", "setIssuer", "setKey", "setLifetimeInSeconds", "setMapIdentities", "setMapUnknownClaimsAsIs", "setNameIdentifierFormat",
  "setNameIdentifierProbes", "setPassthroughClaimsWithNoMapping", "setRecipient", "setRelayState", "setSignResponse", "setSignatureAlgorithm", "setSigningCert",
  "setTypedAttributes",
];

const base64url = (value) => Buffer.from(value).toString("base64url");

function jwt(payload, secret) {
  const text = `${base64url(JSON.stringify({ alg: "HS256", typ: "JWT" }))}.${base64url(JSON.stringify(payload))}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

export function referenceApi({ event, shared, canRedirect, state, now }) {
  const calls = [];
  const effects = { id_token: {}, access_token: {}, add_scopes: [], remove_scopes: [], app_metadata: {}, user_metadata: {}, idp_requests: [], factors: [] };
  let denied;
  let sent;
  const api = {};
  const method = (group, name, call, returns = "api") => {
    api[group] ??= {};
    api[group][name] = (...args) => {
      let outcome = {};
      try {
        const value = call(...args);
        outcome = returns === "api" ? { api: true } : value === undefined ? {} : { returned: value };
        return returns === "api" ? api : value;
      } catch (error) {
        outcome = { threw: true };
        throw error;
      } finally {
        calls.push(plain({ method: `${group}.${name}`, args, ...outcome }));
      }
    };
  };
  const toIdp = (group, name, returns) => method(group, name, (...args) => void effects.idp_requests.push(plain({ method: `${group}.${name}`, arguments: args.map((arg) => arg ?? null) })), returns);
  const set = (target, key, value) => {
    if (value === undefined || value === null) delete target[key];
    else target[key] = value;
  };
  method("access", "deny", (reason) => void (denied = { message: String(reason) || "Access denied" }));
  method("validation", "error", (code, message) => void (denied = { message: String(message ?? code) }));
  for (const [group, target] of [["idToken", effects.id_token], ["accessToken", effects.access_token]]) {
    method(group, "setCustomClaim", (name, value) => {
      if (value !== undefined && !RESERVED.has(name)) target[name] = plain(value);
    });
  }
  const shift = (scope, from, to) => {
    if (from.includes(scope)) from.splice(from.indexOf(scope), 1);
    if (!to.includes(scope)) to.push(scope);
  };
  method("accessToken", "addScope", (scope) => shift(scope, effects.remove_scopes, effects.add_scopes));
  method("accessToken", "removeScope", (scope) => shift(scope, effects.add_scopes, effects.remove_scopes));
  method("user", "setAppMetadata", (key, value) => void (effects.app_metadata[key] = plain(value ?? null)));
  method("user", "setUserMetadata", (key, value) => void (effects.user_metadata[key] = plain(value ?? null)));
  method("cache", "get", (key) => shared.cache.get(key), "value");
  method("cache", "set", (key, value, { ttl, expires_at } = {}) => {
    const until = Math.min(expires_at ?? now + (ttl ?? 900_000), now + 86_400_000);
    if (until <= now) return { type: "error", code: "cache_expired" };
    shared.cache.set(key, plain({ value, expires_at: until }));
    return { type: "success", record: { key, value, expires_at: until } };
  }, "value");
  method("cache", "delete", (key) => (shared.cache.delete(key), { type: "success" }), "value");
  method("transaction", "setMetadata", (key, value) => {
    set(shared.metadata, key, value);
    event.transaction.metadata = { ...shared.metadata };
  });
  method("session", "setMetadata", (key, value) => {
    set(shared.session, key, value);
    event.session.metadata = { ...shared.session };
  });
  method("session", "deleteMetadata", (key) => {
    delete shared.session[key];
    event.session.metadata = { ...shared.session };
  });
  method("session", "evictMetadata", () => {
    shared.session = {};
    event.session.metadata = {};
  });
  method("session", "revoke", (...args) => {
    effects.idp_requests.push(plain({ method: "session.revoke", arguments: [args[0] ?? null, args[1] ?? null] }));
    denied = { message: String(args[0] ?? "Session revoked") };
  });
  method("redirect", "canRedirect", () => canRedirect, "value");
  method("redirect", "sendUserTo", (url, { query = {} } = {}) => {
    const target = new URL(url);
    for (const [name, value] of Object.entries(query)) if (name !== "state") target.searchParams.set(name, value);
    target.searchParams.delete("state");
    sent = target;
  });
  method("redirect", "encodeToken", ({ secret, payload = {}, expiresInSeconds = 900 }) => {
    if (typeof secret !== "string" || secret === "" || "state" in payload) throw new TypeError("no token is made of this");
    const iat = Math.floor(now / 1000);
    return jwt({ iat, iss: event.request.hostname, sub: event.user.user_id, exp: iat + expiresInSeconds, ip: event.request.ip, ...payload }, secret);
  }, "value");
  method("redirect", "validateToken", ({ secret, tokenParameterName = "session_token" }) => {
    const token = event.request.body?.[tokenParameterName] ?? event.request.query?.[tokenParameterName];
    if (token === undefined) throw new Error("there is no session token");
    const [header, payload, signature] = token.split(".");
    if (createHmac("sha256", secret).update(`${header}.${payload}`).digest("base64url") !== signature) throw new Error("the signature is invalid");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (claims.exp <= now / 1000 || claims.state !== state) throw new Error("the token is not for this login");
    return claims;
  }, "value");
  method("authentication", "recordMethod", (url) => void effects.factors.push(String(url)));
  method("rules", "wasExecuted", () => false, "value");
  for (const name of ["challengeWith", "challengeWithAny", "enrollWith", "enrollWithAny", "setPrimaryUser"]) toIdp("authentication", name, "value");
  toIdp("multifactor", "enable");
  toIdp("prompt", "render", "value");
  for (const name of ["deleteMetadata", "evictMetadata", "revoke", "setExpiresAt", "setIdleExpiresAt", "setMetadata"]) toIdp("refreshToken", name);
  for (const name of ["setCookieMode", "setExpiresAt", "setIdleExpiresAt"]) toIdp("session", name);
  for (const name of SAML) toIdp("samlResponse", name);
  return {
    api,
    calls,
    outcome() {
      if (denied !== undefined) return { outcome: "deny", deny: denied.message, effects: { app_metadata: effects.app_metadata, user_metadata: effects.user_metadata, idp_requests: effects.idp_requests } };
      if (sent !== undefined && !canRedirect) return { outcome: "interaction_required", effects: {} };
      if (sent !== undefined) {
        const query = Object.fromEntries(sent.searchParams);
        return { outcome: "redirect", redirect: { url: `${sent.origin}${sent.pathname}`, query }, effects: { app_metadata: effects.app_metadata, user_metadata: effects.user_metadata } };
      }
      return { outcome: "continue", effects };
    },
  };
}

/** A value as JSON has it; what JSON leaves out is named. */
function plain(value) {
  const text = JSON.stringify(value, (_, part) => {
    if (typeof part === "function") return "[function]";
    if (part === undefined) return "[undefined]";
    return typeof part === "bigint" ? String(part) : part;
  });
  return JSON.parse(text);
}
