// Claims: the ID token says of which domain the user's email address is.
import { Decision, claims, definePlugin, event, login } from "@postlude/sdk";

/** What the operator sets; the schema in manifest.json says the same. */
interface Settings {
  claim: string;
}

export default definePlugin({
  onLogin() {
    const [, domain] = /@([^@]+)$/.exec(event.email() ?? "") ?? [];
    if (domain) claims.setIdToken(login.settings<Settings>().claim, domain.toLowerCase());
    return Decision.continue();
  },
});
