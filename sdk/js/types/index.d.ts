/// <reference path="./abi.d.ts" />
/**
 * Write a Postlude plugin in JavaScript or TypeScript: export what {@link definePlugin} returns as the default of the package's
 * `main` module.
 *
 * There is one namespace for each interface of the contract, named like it. A plugin imports only the functions that its code
 * reaches; the host refuses a plugin whose imports its manifest does not account for.
 *
 * Every call of the host returns at once, so nothing here is a promise. Handlers may be `async` all the same: `await`, timers and
 * `fetch` work.
 *
 * @example
 * ```js
 * import { Decision, definePlugin, event } from "@postlude/sdk";
 *
 * export default definePlugin({
 *   onLogin() {
 *     if (event.emailVerified()) return Decision.continue();
 *     return Decision.deny("email_not_verified", "Please verify your email address first.");
 *   },
 * });
 * ```
 */
import type { Decision as AbiDecision } from "postlude:action/decisions@0.1.0";

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON object. */
export type JsonObject = { [key: string]: Json };
/** What can be written as JSON: `undefined` members are left out, and `toJSON` is asked. */
export type Jsonable = Json | { toJSON(): unknown } | object;

/** What one action decided about this login. */
export type Decision = AbiDecision;

/** Decisions. */
export const Decision: {
  /** The login may go on. All that the run did is kept. */
  continue(): Decision;
  /** Send the browser to a prompt; the login resumes in this action's `onContinue`. */
  redirect(to: string | URL | Redirect): Decision;
  /**
   * End the login: a stable code of at most 64 characters `a-z 0-9 _` for the IdP, and a sentence of at most 256 bytes that the
   * user may see.
   */
  deny(code: string, message: string): Decision;
};

/** Where to send the browser. The host adds the query parameter `state`. */
export interface Redirect {
  /** An absolute https URL of at most 2,048 bytes, of an origin that the manifest asks for and the operator granted. */
  url: string | URL;
  /** Pairs to append to the URL's query; a pair named `state` is refused by the host. */
  query?: Record<string, string | number | boolean> | [string, string][];
  /** The factor that the prompt is for; while its record is fresh the host skips the prompt. */
  factor?: string | undefined;
  /** A token for the prompt site, which the host signs and appends. */
  token?: TokenRequest | undefined;
}

/** A token for the prompt site: which user is asked, for which factor, where to return. */
export interface TokenRequest {
  /** The query parameter that carries the token. */
  parameter: string;
  /** The key's name, as the manifest and the operator's configuration give it. */
  key: string;
  /** Claims of the action's own; claims that the host sets are refused by it. */
  claims?: object;
  /** Lifetime in seconds, 1 to 900; 600 where it is not said. */
  ttlSeconds?: number;
}

/** A plugin of the trigger `post-login`. Each run is a fresh instance: nothing that a run leaves in memory is there in the next. */
export interface Plugin {
  /**
   * Asked at each login. A `Failure` or HostError that it throws is the action's failure: the operator's policy `on_failure` decides
   * then. Any other exception ends the run as a crash would, with its message and stack.
   */
  onLogin(): Decision | PromiseLike<Decision>;
  /** Asked when the browser is back from this action's own redirect. What it throws denies the login. */
  onContinue?(): Decision | PromiseLike<Decision>;
}

/** Returns the plugin, and lets an editor check it. */
export function definePlugin(plugin: Plugin): Plugin;

/** The action could not decide; the operator's failure policy decides. The message is for the log. */
export class Failure extends Error {
  constructor(message: string, options?: { cause?: unknown });
}

/** The same, because something that the action needs did not answer. */
export class Unavailable extends Failure {}

/** The host did not do what the plugin asked for. */
export class HostError extends Error {
  /** What was asked for. */
  readonly kind: "event" | "token" | "factor" | "value" | "claim" | "cache" | "secret" | "key" | "http";
  /** The case of the contract's error, such as `not-granted` or `missing`. */
  readonly code: string;
  /** What the case carries: a text, or a limit in bytes. */
  readonly detail: string | number | undefined;
}

/** Name and value pairs in their order; a name may occur more than once. */
export type Pairs = [string, string][];

/** The login that this run belongs to. */
export namespace login {
  /** The login's identifier, the same in every run of the login. */
  function id(): string;
  /** The identifier of this step; a retry of the step has the same one. An idempotency key. */
  function runId(): string;
  /** How the login came about: `silent` is `prompt=none`, `password` a password grant. */
  function mode(): "interactive" | "silent" | "refresh" | "password" | (string & {});
  /** Whether a redirect can reach a browser. */
  function canRedirect(): boolean;
  /** The action's settings, as the operator wrote them. The host checked them against the manifest's schema. */
  function settings<T = JsonObject>(): T;
  /** A value that an action of this login put aside. */
  function metadata<T = Json>(key: string): T | undefined;
  /** Puts a value aside for the later runs of this login, of this and of later actions. Together at most 16,384 bytes. */
  function setMetadata(key: string, value: Jsonable): void;
  /** Removes a value. */
  function removeMetadata(key: string): void;
}

/**
 * What the IdP told about this login, read lazily: each function is one call of the host.
 *
 * The manifest's `capabilities.event` must name every pointer that is read, and the operator must grant it: a HostError with code
 * `not-granted` otherwise. What the IdP did not send is `undefined`, where it is required a HostError.
 */
export namespace event {
  /** How the user authenticated. */
  interface Method {
    /** `pwd`, `federated`, `mfa`, or a custom factor's URL. */
    name: string;
    /** When, as RFC 3339 text. */
    timestamp?: string;
    /** A detail of the method. */
    type?: string;
  }
  /** The part of the event at a JSON pointer (RFC 6901); the empty one is the whole event, as far as granted. */
  function get<T = Json>(pointer: string): T | undefined;
  /** `/user/user_id`, required. */
  function userId(): string;
  /** `/user/email`. */
  function email(): string | undefined;
  /** `/user/email_verified`; false where the IdP sent nothing. */
  function emailVerified(): boolean;
  /** `/user/name`. */
  function name(): string | undefined;
  /** `/user/app_metadata`. */
  function appMetadata(): JsonObject | undefined;
  /** `/user/user_metadata`. */
  function userMetadata(): JsonObject | undefined;
  /** `/client/client_id`, required. */
  function clientId(): string;
  /** `/client/metadata`. */
  function clientMetadata(): JsonObject | undefined;
  /** `/connection/name`. */
  function connectionName(): string | undefined;
  /** `/connection/strategy`. */
  function connectionStrategy(): string | undefined;
  /** `/organization/id`. */
  function organizationId(): string | undefined;
  /** `/request/ip`. */
  function ip(): string | undefined;
  /** `/request/hostname`. */
  function hostname(): string | undefined;
  /** `/request/user_agent`. */
  function userAgent(): string | undefined;
  /** `/request/query`. */
  function query(): JsonObject | undefined;
  /** `/resource_server/identifier`. */
  function resourceServer(): string | undefined;
  /** `/stats/logins_count`. */
  function loginsCount(): number | undefined;
  /** `/transaction/protocol`. */
  function protocol(): string | undefined;
  /** `/session/id`. */
  function sessionId(): string | undefined;
  /** `/authentication/methods`; empty where the IdP sent nothing. */
  function authenticationMethods(): Method[];
  /** `/authorization/roles`; empty where the IdP sent nothing. */
  function roles(): string[];
  /** `/transaction/requested_scopes`; empty where the IdP sent nothing. */
  function requestedScopes(): string[];
}

/** What the browser brought back from the prompt; empty in `onLogin`. */
export namespace reply {
  /** The claims of a result token that the host verified. */
  interface ResultToken {
    /** What the prompt site says of the user. */
    verdict?: "ok" | "refused" | "error" | (string & {});
    /** The token's identifier (RFC 7519, section 4.1.7). */
    jti?: string;
    [claim: string]: Json | undefined;
  }
  /** `GET` or `POST`. */
  function method(): string;
  /** The query of the request to the continue URL, without `state`. */
  function query(): Pairs;
  /** The form of a POST; else empty. */
  function form(): Pairs;
  /** The first value of a parameter; one of the form wins over one of the query. */
  function parameter(name: string): string | undefined;
  /**
   * The claims of the result token, which the host verified before this run as the manifest's `result` says.
   *
   * @throws HostError with kind `token`, when there is none, or it does not verify.
   */
  function token(): ResultToken;
  /** What this action put aside with `redirect.stash` when it sent the browser away. */
  function stash<T = Json>(): T | undefined;
}

/** The user's session at the IdP, and the factors completed in it. */
export namespace session {
  /** A record of a factor that this action declares. */
  interface Factor {
    /** The factor's name. */
    name: string;
    /** When the factor was completed, in milliseconds since 1970. */
    completedAt: number;
    /** Whether the operator's policy still takes it. */
    fresh: boolean;
  }
  /**
   * Records that the user completed the factor now, by the host's clock. Only in `onContinue`, after a proved reply. Evidence is
   * an object for the audit trail, at most 2,048 bytes of JSON.
   *
   * @throws HostError with kind `factor`.
   */
  function recordFactor(name: string, evidence?: object): void;
  /** The session's records of the factors that this action declares. */
  function factors(): Factor[];
  /** What the operator's policy and the host's clock say of a factor. */
  function freshness(name: string): "fresh" | "stale" | "absent";
  /** A value of the session. */
  function metadata<T = Json>(key: string): T | undefined;
  /** Sets a value of the session when the login continues. Together at most 16,384 bytes. */
  function setMetadata(key: string, value: Jsonable): void;
  /** Removes a value of the session. */
  function removeMetadata(key: string): void;
}

/** What surrounds a redirect. To redirect, return `Decision.redirect`. */
export namespace redirect {
  /** The state of the suspension that this run would make, for a partner whose own signed request carries it. */
  function state(): string;
  /** The tenant's public continue URL, without a query. */
  function continueUrl(): string;
  /** Makes a request token for the suspension that this run would make. Most actions let the host append it. */
  function encodeToken(request: Omit<TokenRequest, "parameter">): string;
  /** Verifies a result token of the reply by the named key; its claims. */
  function validateToken(key: string, parameter: string): JsonObject;
  /** Puts a value aside with the redirect of this run, for this action's `onContinue` alone. At most 4,096 bytes. */
  function stash(value: Jsonable): void;
}

/** What the tokens that the IdP issues will say. */
export namespace claims {
  /** Sets a claim of the ID token. */
  function setIdToken(name: string, value: Jsonable): void;
  /** Sets a claim of the access token. */
  function setAccessToken(name: string, value: Jsonable): void;
  /** Asks for a scope to be added to the access token. */
  function addScope(name: string): void;
  /** Asks for a scope to be removed from the access token. */
  function removeScope(name: string): void;
}

/** The user's metadata at the IdP. Changes become a merge patch (RFC 7396) in the answer to the IdP. */
export namespace user {
  /** Sets a key of the metadata that only the tenant may write. */
  function setAppMetadata(key: string, value: Jsonable): void;
  /** Removes a key of the metadata that only the tenant may write. */
  function removeAppMetadata(key: string): void;
  /** Sets a key of the metadata that the user may write. */
  function setUserMetadata(key: string, value: Jsonable): void;
  /** Removes a key of the metadata that the user may write. */
  function removeUserMetadata(key: string): void;
}

declare function deleteKey(key: string): void;

/** A small cache of the action's own. Best effort: 8,192 bytes in all, kept at most 24 hours. */
export namespace cache {
  /** The value of a key; undefined when it is absent or expired. */
  export function get<T = Json>(key: string): T | undefined;
  /** Stores a value for 1 to 86,400 seconds. */
  export function set(key: string, value: Jsonable, ttlSeconds: number): void;
  /** Forgets a key. */
  export { deleteKey as delete };
}

/** Secrets that the operator gave to this action. Prefer `keys`, whose bytes never enter the plugin's memory. */
export namespace secrets {
  /** The secret of that name. */
  function get(name: string): string;
}

/** Cryptography by named keys that stay in the host. */
export namespace keys {
  /** HMAC-SHA-256 (RFC 2104) of the data; a text as UTF-8. */
  function hmac(key: string, data: string | ArrayBuffer | ArrayBufferView): Uint8Array;
  /** A compact JWS (RFC 7515, section 7.1) of the claims, with extra header parameters. */
  function signJwt(key: string, claims: object, header?: object): string;
  /** The claims of a compact JWS, once its signature verifies. The algorithm is the key's, never the header's. */
  function verifyJwt<T = JsonObject>(key: string, token: string): T;
}

/** Requests to hosts that the operator granted, at most 8 in a run. `fetch` stands on it. */
export namespace http {
  /** A request. Host, length, connection and proxy headers are the host's own and refused. */
  interface HttpRequest {
    /** An upper-case method (RFC 9110, section 9); GET where it is not said. */
    method?: string;
    /** An absolute https URL of a granted host and port. */
    url: string | URL;
    /** Header fields. */
    headers?: Record<string, string> | Pairs;
    /** The content, at most 262,144 bytes; a text as UTF-8. */
    body?: string | ArrayBuffer | ArrayBufferView;
  }
  /** A response. Redirects are not followed, content is not decoded. */
  interface HttpResponse {
    /** The status code (RFC 9110, section 15). */
    readonly status: number;
    /** Header fields. */
    readonly headers: Pairs;
    /** The content, at most 262,144 bytes. */
    readonly body: Uint8Array;
    /** The first header field of that name. */
    header(name: string): string | undefined;
    /** The content as text. */
    text(): string;
    /** The content as JSON. */
    json<T = Json>(): T;
  }
  /**
   * Sends one request, and waits at most 2 seconds.
   *
   * @throws HostError with kind `http`. One that nothing catches with code `timeout`, `not-available` or `other` makes the action
   *   unavailable.
   */
  function send(request: HttpRequest): HttpResponse;
}

/** The host's clock. */
export namespace clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. Stands still during a run; `Date` shows the same time. */
  function now(): number;
}

/** Random bytes. */
export namespace random {
  /**
   * Cryptographically strong bytes, other ones at every call, the same in a retry of the same step. A run may take 65,536 in all;
   * asking for more ends it.
   */
  function bytes(length: number): Uint8Array;
}

/** The action's log. A run keeps 100 lines and 65,536 bytes. Never put a secret or a token into it. `console` writes to it. */
export namespace log {
  /** Fields of a line. */
  type Fields = Record<string, unknown> | Pairs;
  /** Adds a line with fields. */
  function write(level: "debug" | "info" | "warn" | "error", message: string, fields?: Fields): void;
  /** Adds a line for the plugin's author. */
  function debug(message: string, fields?: Fields): void;
  /** Adds a line that says what happened. */
  function info(message: string, fields?: Fields): void;
  /** Adds a line that the operator may want to look at. */
  function warn(message: string, fields?: Fields): void;
  /** Adds a line that the operator should look at. */
  function error(message: string, fields?: Fields): void;
}
