import { Decision, HostError, Unavailable, claims, clock, definePlugin, log, login, reply, session } from "@postlude/sdk";

export default definePlugin({
  onLogin() {
    const { prompt_url, factor } = login.settings();
    return Decision.redirect({ url: prompt_url, factor, token: { parameter: "request", key: "partner" } });
  },
  async onContinue() {
    const { factor, profile, claim } = login.settings();
    let result;
    try { result = reply.token(); } catch (error) {
      log.warn(`no proof of the factor: ${error.message}`);
      return Decision.deny("factor_not_proved", "The additional check could not be confirmed. Please try again.");
    }
    const verdict = profile === "auth0" && !("verdict" in result) ? "ok" : result.verdict;
    await null;
    switch (verdict) {
      case "ok":
        session.recordFactor(factor, result.jti ? { jti: result.jti } : undefined);
        if (claim) claims.setIdToken(claim, clock.now());
        return Decision.continue();
      case "refused": return Decision.deny("factor_refused", "The additional check was not passed.");
      case "error": throw new Unavailable("the prompt site reported an error");
      default: throw new Error("the result token has no verdict");
    }
  },
});
