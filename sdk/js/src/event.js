// What the IdP told about this login, read lazily: each function is one call of the host.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { get as hostGet } from "postlude:action/event@0.1.0";
import { HostError, attempt, fromJson } from "./host.js";

export function get(pointer) {
  return fromJson(attempt("event", "event.get", () => hostGet(pointer)));
}

function required(pointer) {
  const value = get(pointer);
  if (value === undefined || value === null) throw new HostError("event", "other", `the IdP sent no \`${pointer}\``);
  return value;
}

export const userId = () => required("/user/user_id");
export const email = () => get("/user/email");
export const emailVerified = () => get("/user/email_verified") ?? false;
export const name = () => get("/user/name");
export const appMetadata = () => get("/user/app_metadata");
export const userMetadata = () => get("/user/user_metadata");
export const clientId = () => required("/client/client_id");
export const clientMetadata = () => get("/client/metadata");
export const connectionName = () => get("/connection/name");
export const connectionStrategy = () => get("/connection/strategy");
export const organizationId = () => get("/organization/id");
export const ip = () => get("/request/ip");
export const hostname = () => get("/request/hostname");
export const userAgent = () => get("/request/user_agent");
export const query = () => get("/request/query");
export const resourceServer = () => get("/resource_server/identifier");
export const loginsCount = () => get("/stats/logins_count");
export const protocol = () => get("/transaction/protocol");
export const sessionId = () => get("/session/id");
export const authenticationMethods = () => get("/authentication/methods") ?? [];
export const roles = () => get("/authorization/roles") ?? [];
export const requestedScopes = () => get("/transaction/requested_scopes") ?? [];
