// The SDK: one namespace for each interface of the contract, named like it.
export { Decision, definePlugin } from "./decision.js";
export { Failure, HostError, Unavailable } from "./host.js";
export * as cache from "./cache.js";
export * as claims from "./claims.js";
export * as clock from "./clock.js";
export * as event from "./event.js";
export * as http from "./http.js";
export * as keys from "./keys.js";
export * as log from "./log.js";
export * as login from "./login.js";
export * as random from "./random.js";
export * as redirect from "./redirect.js";
export * as reply from "./reply.js";
export * as secrets from "./secrets.js";
export * as session from "./session.js";
export * as user from "./user.js";
