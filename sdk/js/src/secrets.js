// Secrets that the operator gave to this action.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { get as hostGet } from "postlude:action/secrets@0.1.0";
import { attempt } from "./host.js";

export function get(name) {
  return attempt("secret", "secrets.get", () => hostGet(name));
}
