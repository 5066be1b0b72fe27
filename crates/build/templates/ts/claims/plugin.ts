// Claims: the ID token says of which domain the user's email address is.
import { Decision, claims, definePlugin, event, login } from "@postlude/sdk";
import type { Settings } from "./settings";

export default definePlugin({
  onLogin() {
    const [, domain] = /@([^@]+)$/.exec(event.email() ?? "") ?? [];
    if (domain) claims.setIdToken(login.settings<Settings>().claim, domain.toLowerCase());
    return Decision.continue();
  },
});
