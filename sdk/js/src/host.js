// Calls of the host: that a run is going on, and errors with the names of the contract.

/** The error cases of the contract that a sentence can be made of without their value. */
const SENTENCES = {
  event: {
    "invalid-pointer": "not a JSON pointer",
    "not-granted": "this part of the event is not granted to the action",
  },
  token: {
    "not-applicable": "this reply carries no token by its nature",
    missing: "the reply carries no token",
    invalid: "the token does not verify",
    "unknown-key": "no such key",
    "invalid-claims": "the claims are not acceptable",
  },
  factor: {
    "not-declared": "the manifest does not declare this factor",
    "not-in-on-login": "a factor is not recorded in onLogin",
    "not-proved": "the reply does not prove this factor",
    "invalid-evidence": "the evidence is not acceptable",
  },
  value: { "not-granted": "this name is not granted to the action" },
  claim: {
    reserved: "only the IdP sets this claim",
    "not-granted": "this claim or scope is not granted to the action",
  },
  cache: { "not-available": "this host has no cache" },
  secret: { "not-granted": "this secret is not granted to the action" },
  key: {
    "not-available": "this host offers no keys to plugins",
    "not-granted": "this key is not granted to the action",
    invalid: "does not verify",
  },
  http: {
    "not-available": "this host makes no requests for plugins",
    "not-granted": "this host and port is not granted to the action",
    "invalid-request": "the request is not acceptable",
    timeout: "no answer within 2 seconds",
    "too-large": "the response is larger than 262,144 bytes",
  },
};

function sentence(kind, code, detail) {
  if (code === "other") return String(detail);
  if (code === "invalid-json") return `not JSON: ${detail}`;
  const text = SENTENCES[kind]?.[code];
  if (code === "too-large" && text === undefined) return `larger than ${detail} bytes`;
  return (text ?? code) + (detail === undefined || detail === null ? "" : `: ${detail}`);
}

/** The host did not do what the plugin asked for. */
export class HostError extends Error {
  constructor(kind, code, detail) {
    super(`${kind}: ${sentence(kind, code, detail)}`);
    this.name = "HostError";
    this.kind = kind;
    this.code = code;
    this.detail = detail ?? undefined;
  }
}

/** The action could not decide; the operator's failure policy decides. */
export class Failure extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "Failure";
  }
}

/** The same, because something that the action needs did not answer. */
export class Unavailable extends Failure {
  constructor(message, options) {
    super(message, options);
    this.name = "Unavailable";
  }
}

let running = false;

/** Runs a handler, during which the host can be called. */
export function asRun(handler) {
  running = true;
  return handler();
}

/** Refuses a call of the host while the plugin's modules are loaded: that happens once, when the plugin is built. */
export function duringRun(name) {
  if (!running) throw new Error(`\`${name}\` was called while the plugin was built: call it in onLogin or onContinue, not at the top of a module`);
}

/** Calls a function of the contract that answers `result`: what it throws becomes a HostError of that kind. */
export function attempt(kind, name, call) {
  duringRun(name);
  try {
    return call();
  } catch (error) {
    const why = error?.payload;
    if (why === undefined) throw error;
    throw new HostError(kind, why.tag, why.val);
  }
}

/** A value as the JSON text that crosses the contract. */
export function toJson(kind, value) {
  const text = JSON.stringify(value);
  if (text === undefined) throw new HostError(kind, "invalid-json", `a ${typeof value} has no JSON`);
  return text;
}

/** A value that may be absent: undefined where there is none. */
export function fromJson(text) {
  return text === null || text === undefined ? undefined : JSON.parse(text);
}
