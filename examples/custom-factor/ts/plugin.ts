// A second factor on a partner's own prompt site: send the user there with a signed request, take a signed result back, and record
// the factor in the session.
import { Decision, Failure, HostError, Unavailable, claims, clock, definePlugin, log, login, reply, session } from "@postlude/sdk";

/** What the operator sets; the manifest's schema is the contract. */
interface Settings {
  prompt_url: string;
  factor: string;
  profile: "postlude" | "auth0";
  claim?: string;
}

export default definePlugin({
  onLogin() {
    const { prompt_url, factor } = login.settings<Settings>();
    // Always: the host skips the prompt while the record is fresh, and answers `interaction_required` where no browser can be
    // redirected.
    return Decision.redirect({ url: prompt_url, factor, token: { parameter: "request", key: "partner", ttlSeconds: 600 } });
  },

  onContinue() {
    const { factor, profile, claim } = login.settings<Settings>();
    let result: reply.ResultToken;
    try {
      result = reply.token();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return notProved(error);
    }
    switch (verdict(profile, result)) {
      case "ok":
        session.recordFactor(factor, result.jti === undefined ? undefined : { jti: result.jti });
        if (claim !== undefined) claims.setIdToken(claim, clock.now());
        return Decision.continue();
      case "refused":
        return Decision.deny("factor_refused", "The additional check was not passed.");
      case "error":
        throw new Unavailable("the prompt site reported an error");
      default:
        throw new Failure("the result token has no verdict");
    }
  },
});

/**
 * What the partner says. A token of profile `auth0` that verified means yes unless its claim `verdict` says no; one that has a
 * verdict which this version does not know means nothing at all.
 */
function verdict(profile: Settings["profile"], result: reply.ResultToken): string | undefined {
  return profile === "auth0" && result.verdict === undefined ? "ok" : result.verdict;
}

function notProved(why: HostError): Decision {
  log.warn(`no proof of the factor: ${why.message}`);
  return Decision.deny("factor_not_proved", "The additional check could not be confirmed. Please try again.");
}
