// What claims have in common.
import { HostError } from "../../sdk/src/host.js";
import { write } from "../../sdk/src/log.js";

/** Sets a claim; one that only the identity provider sets is passed over, as Auth0 does, and the log says so. */
export function setClaim(set, name, value) {
  if (value === undefined) return;
  try {
    set(String(name), value);
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== "reserved") throw error;
    write("warn", `the claim \`${name}\` is the identity provider's and was not set`);
  }
}
