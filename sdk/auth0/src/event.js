// The event as Auth0's actions see it: what the IdP sent, with the members that are always there, the action's secrets and
// configuration, what the login and the session hold, and the request that brought the browser back.
import { get as getEvent } from "../sdk/src/event.js";
import { metadata as loginMetadata, settings } from "../sdk/src/login.js";
import { form, method, query } from "../sdk/src/reply.js";
import { factors, metadata as sessionMetadata } from "../sdk/src/session.js";

/** The key of the login's metadata that holds the actions' `transaction.metadata`. */
export const TRANSACTION = "transaction";
/** The key of the session's metadata that holds the actions' `session.metadata`. */
export const SESSION = "auth0";

/** An object at a place of the event; a new one where the IdP sent none. */
function member(object, name) {
  const value = object[name];
  if (typeof value === "object" && value !== null) return value;
  object[name] = {};
  return object[name];
}

/** The fields of a request; what is there more than once is a list. */
function fields(pairs) {
  const all = {};
  for (const [name, value] of pairs) {
    if (!Object.hasOwn(all, name)) all[name] = value;
    else all[name] = [].concat(all[name], value);
  }
  return all;
}

/** The methods of the login, and the factors that the action recorded in the session: under `name` and, as the documentation's sample reads it, `url`. */
function methods(sent) {
  const known = new Set(sent.map(({ name }) => name));
  const recorded = factors().filter(({ name }) => !known.has(name));
  return [...sent, ...recorded.map(({ name, completedAt }) => ({ name, url: name, type: "custom", timestamp: new Date(Number(completedAt)).toISOString() }))];
}

export function eventOf({ secrets, continues }) {
  const event = getEvent("") ?? {};
  const user = member(event, "user");
  user.app_metadata ??= {};
  user.user_metadata ??= {};
  user.identities ??= [];
  const client = member(event, "client");
  client.metadata ??= {};
  const transaction = member(event, "transaction");
  transaction.metadata = loginMetadata(TRANSACTION) ?? transaction.metadata ?? {};
  transaction.requested_scopes ??= [];
  transaction.acr_values ??= [];
  transaction.ui_locales ??= [];
  const request = member(event, "request");
  request.query ??= {};
  request.body ??= {};
  request.geoip ??= {};
  if (continues) Object.assign(request, { method: method(), query: fields(query()), body: fields(form()) });
  const authentication = member(event, "authentication");
  authentication.methods = methods(authentication.methods ?? []);
  member(event, "stats").logins_count ??= 0;
  const held = sessionMetadata(SESSION);
  if (event.session !== undefined || held !== undefined) {
    const session = member(event, "session");
    session.metadata = held ?? session.metadata ?? {};
  }
  event.secrets = secrets(settings());
  event.configuration = settings().configuration ?? {};
  return event;
}
