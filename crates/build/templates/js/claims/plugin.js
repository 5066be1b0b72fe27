// Claims: the ID token says of which domain the user's email address is.
import { Decision, claims, definePlugin, event, login } from "@postlude/sdk";

/**
 * What the operator sets; the schema in manifest.json says the same.
 *
 * @typedef {{ claim: string }} Settings
 */

export default definePlugin({
  onLogin() {
    /** @type {Settings} */
    const { claim } = login.settings();
    const [, domain] = /@([^@]+)$/.exec(event.email() ?? "") ?? [];
    if (domain) claims.setIdToken(claim, domain.toLowerCase());
    return Decision.continue();
  },
});
