// A gate: users with a verified email address of a listed domain are let in, others are not.
import { Decision, definePlugin, event, login } from "@postlude/sdk";
import type { Settings } from "./settings";

export default definePlugin({
  onLogin() {
    if (!event.emailVerified()) {
      return Decision.deny("email_not_verified", "Please verify your email address first.");
    }
    const domain = (event.email() ?? "").split("@").at(-1)?.toLowerCase() ?? "";
    if (!login.settings<Settings>().domains.includes(domain)) {
      return Decision.deny("domain_refused", "Your email address is not of an accepted domain.");
    }
    return Decision.continue();
  },
});
