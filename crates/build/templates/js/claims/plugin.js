// Claims: the ID token says of which domain the user's email address is.
import { Decision, claims, definePlugin, event, login } from "@postlude/sdk";

/** @typedef {import("./settings").Settings} Settings What the operator sets, made of manifest.json. */

export default definePlugin({
  onLogin() {
    /** @type {Settings} */
    const { claim } = login.settings();
    const [, domain] = /@([^@]+)$/.exec(event.email() ?? "") ?? [];
    if (domain) claims.setIdToken(claim, domain.toLowerCase());
    return Decision.continue();
  },
});
