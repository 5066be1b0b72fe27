// A second factor: send the user to a prompt site, take a signed result back, and record the factor in the session.
import { Decision, HostError, Unavailable, definePlugin, log, login, reply, session } from "@postlude/sdk";
import type { Settings } from "./settings";

export default definePlugin({
  /** Always redirects: the host skips the prompt while the factor's record is fresh. It signs the request token and appends it. */
  onLogin() {
    const { prompt_url, factor } = login.settings<Settings>();
    return Decision.redirect({ url: prompt_url, factor, token: { parameter: "request", key: "partner" } });
  },

  /** Judges the result. The host has verified its signature, and that it is for this login and this user. */
  onContinue() {
    const result = resultToken();
    switch (result?.verdict) {
      case "ok":
        session.recordFactor(login.settings<Settings>().factor, { jti: result.jti });
        return Decision.continue();
      case "refused":
        return Decision.deny("factor_refused", "The check was not passed.");
      default:
        if (result) throw new Unavailable("the prompt site gave no verdict");
        return Decision.deny("factor_not_proved", "The check could not be confirmed. Please try again.");
    }
  },
});

/** The claims of the result token; undefined where there is none that verifies. */
function resultToken(): reply.ResultToken | undefined {
  try {
    return reply.token();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    log.warn(`no proof of the factor: ${error.message}`);
    return undefined;
  }
}
