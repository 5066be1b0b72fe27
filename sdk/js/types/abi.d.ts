// Made of wit/0.1 by a test of crates/build. Do not edit.

/** A small cache of the action's own, best effort: 8,192 bytes in all, kept at most 24 hours. */
declare module "postlude:action/cache@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  /** Why the cache did not answer. */
  export type CacheError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** This host has no cache. */
    | { tag: "not-available" }
    /** The value is not JSON; the text says where. */
    | { tag: "invalid-json"; val: string }
    /** The value, or all values together, would pass the limit; the number is the limit in bytes. */
    | { tag: "too-large"; val: number };
  /**
   * The value of a key, none when it is absent or expired.
   * @throws An Error whose `payload` is a {@link CacheError}.
   */
  export function get(key: string): Json | null | undefined;
  /**
   * Stores a value for a number of seconds, 1 to 86,400.
   * @throws An Error whose `payload` is a {@link CacheError}.
   */
  export function set(key: string, value: Json, ttlSeconds: number): void;
  /**
   * Forgets a key.
   * @throws An Error whose `payload` is a {@link CacheError}.
   */
  function delete_(key: string): void;
  export { delete_ as delete };
}

/** What the tokens that the IdP issues will say. */
declare module "postlude:action/claims@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  /** Why a claim or scope was not set. */
  export type ClaimError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** Only the IdP sets this claim (iss, sub, aud, exp, acr, amr, auth_time and the like). */
    | { tag: "reserved" }
    /** The operator did not grant this claim or scope to the action. */
    | { tag: "not-granted" }
    /** The value is not JSON; the text says where. */
    | { tag: "invalid-json"; val: string }
    /** All claims together would pass the limit; the number is the limit in bytes. */
    | { tag: "too-large"; val: number };
  /**
   * Sets a claim of the ID token.
   * @throws An Error whose `payload` is a {@link ClaimError}.
   */
  export function setIdToken(name: string, value: Json): void;
  /**
   * Sets a claim of the access token.
   * @throws An Error whose `payload` is a {@link ClaimError}.
   */
  export function setAccessToken(name: string, value: Json): void;
  /**
   * Asks for a scope to be added to the access token.
   * @throws An Error whose `payload` is a {@link ClaimError}.
   */
  export function addScope(name: string): void;
  /**
   * Asks for a scope to be removed from the access token.
   * @throws An Error whose `payload` is a {@link ClaimError}.
   */
  export function removeScope(name: string): void;
}

/** The host's clock. */
declare module "postlude:action/clock@0.1.0" {
  /** Milliseconds since 1970-01-01T00:00:00Z. Stands still during a run. */
  export function now(): number | bigint;
}

/** What an action returns. These types are part of the exports, so they are frozen with the version of the package. */
declare module "postlude:action/decisions@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  import type { Pairs } from "postlude:action/types@0.1.0";
  /** A token for the prompt site: who is asked, for which factor, where to return. */
  export interface TokenRequest {
    /** The query parameter that carries the token. */
    parameter: string;
    /** The name of the key, as the manifest and the operator's configuration name it. */
    key: string;
    /** Claims of the action's own, as a JSON object; claims that the host sets are refused. */
    claims: Json;
    /** Lifetime in seconds, 1 to 900. */
    ttlSeconds: number;
  }
  /** Where to send the browser. The host adds the query parameter `state`. */
  export interface RedirectRequest {
    /** An absolute https URL of a granted origin, at most 2,048 bytes with all that the host appends. */
    url: string;
    /** Pairs to append to the URL's query; a pair named `state` is refused. */
    query: Pairs;
    /** The factor this prompt is for. While its record is fresh the host skips the prompt and goes on. */
    factor: string | null | undefined;
    /** Ask the host to sign a request token and append it. */
    token: TokenRequest | null | undefined;
  }
  /** Why the login ends. */
  export interface Denial {
    /** A stable code of at most 64 characters `a-z 0-9 _`, for the IdP. */
    code: string;
    /** A sentence of at most 256 bytes that the user may see. */
    message: string;
  }
  /** What one action decided about this login. */
  export type Decision =
    /** The login may go on. All commands of the run are kept. */
    | { tag: "continue" }
    /** Send the browser to a prompt; the login is suspended and resumes in this action's `on-continue`. */
    | { tag: "redirect"; val: RedirectRequest }
    /** End the login. */
    | { tag: "deny"; val: Denial };
  /** The action could not decide; the operator's failure policy decides. */
  export type Failure =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** Something that the action needs did not answer. */
    | { tag: "unavailable"; val: string };
}

/** What the IdP told about this login. */
declare module "postlude:action/event@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  /** Why a part of the event was not returned. */
  export type EventError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** Not a JSON pointer (RFC 6901, section 3). */
    | { tag: "invalid-pointer" }
    /** The part is neither at, nor below, nor above a pointer that the operator granted. */
    | { tag: "not-granted" };
  /**
   * The part of the event at a JSON pointer (RFC 6901); the empty pointer is the whole document, as far as granted.
   * None where the IdP sent nothing there.
   * @throws An Error whose `payload` is a {@link EventError}.
   */
  export function get(pointer: string): Json | null | undefined;
}

/** Requests to hosts that the operator granted. The one interface whose answers are not a function of the run's input. */
declare module "postlude:action/http@0.1.0" {
  import type { Pairs } from "postlude:action/types@0.1.0";
  /** A request. Host, length, connection and proxy headers are the host's own and refused. */
  export interface Request {
    /** An upper-case method (RFC 9110, section 9). */
    method: string;
    /** An absolute https URL of a granted host and port. */
    url: string;
    /** Header fields. */
    headers: Pairs;
    /** The content, at most 262,144 bytes. */
    body: Uint8Array | null | undefined;
  }
  /** A response. Redirects are not followed, content is not decoded. */
  export interface Response {
    /** The status code (RFC 9110, section 15). */
    status: number;
    /** Header fields. */
    headers: Pairs;
    /** The content, at most 262,144 bytes. */
    body: Uint8Array;
  }
  /** Why there is no response. */
  export type HttpError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** This host makes no requests for plugins. */
    | { tag: "not-available" }
    /** The operator did not grant this host and port. */
    | { tag: "not-granted" }
    /** The request is not well formed, or names a header that is the host's own. */
    | { tag: "invalid-request"; val: string }
    /** No answer within 2 seconds. */
    | { tag: "timeout" }
    /** The response has more than 262,144 bytes. */
    | { tag: "too-large" };
  /**
   * Sends one request, at most 8 in a run.
   * @throws An Error whose `payload` is a {@link HttpError}.
   */
  export function send(request: Request): Response;
}

/** Cryptography by named keys that stay in the host. */
declare module "postlude:action/keys@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  /** Why a key was not used. */
  export type KeyError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** This host does not offer keys to plugins. */
    | { tag: "not-available" }
    /** The manifest does not declare this key, or the operator did not grant it. */
    | { tag: "not-granted" }
    /** The token or signature does not verify; the text names the check that failed. */
    | { tag: "invalid"; val: string };
  /**
   * HMAC-SHA-256 (RFC 2104) of the data.
   * @throws An Error whose `payload` is a {@link KeyError}.
   */
  export function hmac(key: string, data: Uint8Array): Uint8Array;
  /**
   * A compact JWS (RFC 7515, section 7.1) of the claims, with extra header parameters as a JSON object.
   * @throws An Error whose `payload` is a {@link KeyError}.
   */
  export function signJwt(key: string, header: Json, claims: Json): string;
  /**
   * The claims of a compact JWS, once its signature verifies. The algorithm is the key's, never the header's.
   * @throws An Error whose `payload` is a {@link KeyError}.
   */
  export function verifyJwt(key: string, token: string): Json;
}

/** The action's log, kept with the login record. */
declare module "postlude:action/log@0.1.0" {
  import type { Pairs } from "postlude:action/types@0.1.0";
  /** How much a line matters. */
  export type Level = "debug" | "info" | "warn" | "error";
  /** Adds a line. A run keeps 100 lines and 65,536 bytes; what comes after is counted and dropped. */
  export function log(level: Level, message: string, fields: Pairs): void;
  /**
   * Ends the run at once, as a trap that says this: a guest whose language has panics or uncaught exceptions reports them
   * so, because a trap by itself says nothing. The first line says what happened, the lines after it where. The host keeps
   * the first 1,024 bytes. The call does not return.
   */
  export function panic(message: string): void;
}

/** The login that this run belongs to. */
declare module "postlude:action/login@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  import type { ValueError } from "postlude:action/types@0.1.0";
  /** The login's identifier, the same in every run of the login. */
  export function id(): string;
  /** The identifier of this step. A retry of the step has the same one: send it as an idempotency key. */
  export function runId(): string;
  /** `interactive`, `silent` (prompt=none), `refresh` or `password`. */
  export function mode(): string;
  /** Whether a redirect can reach a browser: true in mode `interactive` alone. */
  export function canRedirect(): boolean;
  /** The action's settings, as the operator wrote them; an object. */
  export function settings(): Json;
  /** A value that an action of this login put aside. */
  export function getMetadata(key: string): Json | null | undefined;
  /**
   * Puts a value aside for the later runs of this login, of this and of later actions; none removes it.
   * All metadata together: 16,384 bytes, 8 levels deep.
   * @throws An Error whose `payload` is a {@link ValueError}.
   */
  export function setMetadata(key: string, value: Json | null | undefined): void;
}

/** Random bytes. */
declare module "postlude:action/random@0.1.0" {
  /**
   * Cryptographically strong bytes, other ones at every call. The same in a retry of the same step.
   * A run may take 65,536 in all; asking for more ends it.
   */
  export function bytes(n: number): Uint8Array;
}

/** What an action needs to send the browser away and to recognise it when it is back. */
declare module "postlude:action/redirect@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  import type { ValueError } from "postlude:action/types@0.1.0";
  import type { TokenError } from "postlude:action/types@0.1.0";
  import type { TokenRequest } from "postlude:action/decisions@0.1.0";
  /**
   * In `on-login`: the state of the suspension that this run would make. In `on-continue` likewise: the next one,
   * should this run redirect again. The state of a run that does not redirect is never accepted.
   */
  export function state(): string;
  /** The tenant's public continue URL, without a query. */
  export function continueUrl(): string;
  /**
   * Makes the request token for the suspension that this run would make. `parameter` is not used.
   * @throws An Error whose `payload` is a {@link TokenError}.
   */
  export function encodeToken(request: TokenRequest): string;
  /**
   * Verifies a result token of the reply, by the named key, against the suspension that was resumed; the claims.
   * A parameter of the form wins over one of the query.
   * @throws An Error whose `payload` is a {@link TokenError}.
   */
  export function validateToken(key: string, parameter: string): Json;
  /**
   * Puts a value aside with the redirect of this run, for this action's `on-continue` alone. At most 4,096 bytes.
   * @throws An Error whose `payload` is a {@link ValueError}.
   */
  export function stash(value: Json): void;
}

/** What the browser brought back from the prompt. Empty in `on-login`. */
declare module "postlude:action/reply@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  import type { Pairs } from "postlude:action/types@0.1.0";
  import type { TokenError } from "postlude:action/types@0.1.0";
  /** `GET` or `POST`; empty in `on-login`. */
  export function method(): string;
  /** The query of the request to the continue URL, without `state`. */
  export function query(): Pairs;
  /** The form of a POST (application/x-www-form-urlencoded); else empty. */
  export function form(): Pairs;
  /**
   * The claims of the result token, which the host verified before this run, as the manifest's `result` says.
   * @throws An Error whose `payload` is a {@link TokenError}.
   */
  export function token(): Json;
  /** What this action put aside with `redirect.stash` when it sent the browser away. */
  export function stash(): Json | null | undefined;
}

/** Secrets that the operator gave to this action. Prefer `keys`, whose bytes never enter the plugin's memory. */
declare module "postlude:action/secrets@0.1.0" {
  /** Why a secret was not returned. */
  export type SecretError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** The manifest does not declare this secret, or the operator did not grant it. */
    | { tag: "not-granted" };
  /**
   * The secret of that name.
   * @throws An Error whose `payload` is a {@link SecretError}.
   */
  export function get(name: string): string;
}

/** The user's session at the IdP, and the factors completed in it. */
declare module "postlude:action/session@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  import type { ValueError } from "postlude:action/types@0.1.0";
  /** Why a factor was not recorded or not looked up. */
  export type FactorError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** The manifest does not declare this factor. */
    | { tag: "not-declared" }
    /** In `on-login`, without the operator's grant `silent`. */
    | { tag: "not-in-on-login" }
    /**
     * The reply proves nothing for this factor: no verified result token (in profile `postlude` with verdict
     * `ok`), and no grant `external`.
     */
    | { tag: "not-proved" }
    /** The evidence is not a JSON object, or larger than 2,048 bytes. */
    | { tag: "invalid-evidence"; val: string };
  /**
   * Records that the user completed the factor now, by the host's clock, in this session.
   * Evidence is a JSON object for the audit trail; it reaches no other plugin.
   * @throws An Error whose `payload` is a {@link FactorError}.
   */
  export function recordFactor(name: string, evidence: Json | null | undefined): void;
  /**
   * The session's records of the factors that this action declares: an array of
   * `{"name", "completed_at", "fresh"}`, times in milliseconds since 1970.
   */
  export function factors(): Json;
  /**
   * `fresh`, `stale` or `absent`, by the operator's policy and the host's clock.
   * @throws An Error whose `payload` is a {@link FactorError}.
   */
  export function freshness(name: string): string;
  /** A value of the session, as it was before this login and with what earlier actions of it set. */
  export function getMetadata(key: string): Json | null | undefined;
  /**
   * Sets a value of the session; none removes it. Kept unless this run denies or fails. All metadata together: 16,384
   * bytes, 8 levels deep.
   * @throws An Error whose `payload` is a {@link ValueError}.
   */
  export function setMetadata(key: string, value: Json | null | undefined): void;
}

/** Names for the two shapes of text that cross this contract, and the errors that several interfaces share. */
declare module "postlude:action/types@0.1.0" {
  /**
   * One JSON value as canonical text (UTF-8, object keys sorted, no insignificant white space).
   * The host refuses text that is not JSON, is deeper than 32 levels, or repeats a key of an object.
   */
  export type Json = string;
  /** Name and value pairs in their order, decoded; a name may occur more than once. */
  export type Pairs = [string, string][];
  /** Why a value was not stored. */
  export type ValueError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** The value is not JSON as `json` describes it; the text says where. */
    | { tag: "invalid-json"; val: string }
    /** The value, or all values together, would pass the limit; the number is the limit in bytes. */
    | { tag: "too-large"; val: number }
    /** The operator did not grant this name to the action. */
    | { tag: "not-granted" };
  /** Why a token was not made, or not accepted. */
  export type TokenError =
    /** Anything that has no case of its own; the text is for the log. */
    | { tag: "other"; val: string }
    /** The action's `result` profile carries no token (`external` and `none`), or this is not `on-continue`. */
    | { tag: "not-applicable" }
    /** The reply has no parameter of that name. */
    | { tag: "missing" }
    /** The token does not verify; the text names the check that failed, never the key. */
    | { tag: "invalid"; val: string }
    /** Neither the key of the manifest's `result`, nor one that the operator granted. */
    | { tag: "unknown-key" }
    /** The claims are not a JSON object, or name a claim that only the host may set. */
    | { tag: "invalid-claims"; val: string };
}

/** The user's profile at the IdP. Changes become a merge patch (RFC 7396) in the answer. */
declare module "postlude:action/user@0.1.0" {
  import type { Json } from "postlude:action/types@0.1.0";
  import type { ValueError } from "postlude:action/types@0.1.0";
  /**
   * Sets or removes (none) a key of the metadata that only the tenant may write.
   * @throws An Error whose `payload` is a {@link ValueError}.
   */
  export function setAppMetadata(key: string, value: Json | null | undefined): void;
  /**
   * Sets or removes (none) a key of the metadata that the user may write.
   * @throws An Error whose `payload` is a {@link ValueError}.
   */
  export function setUserMetadata(key: string, value: Json | null | undefined): void;
}
