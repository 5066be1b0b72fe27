"""A second factor: send the user to a prompt site, take a signed result back, and record the factor in the session."""

from __future__ import annotations

from postlude import Action, Continue, Decision, Deny, HostError, Redirect, TokenRequest, Unavailable, log, login, reply, session
from settings import Settings


class {{Name}}(Action):
    def on_login(self) -> Decision:
        """Always redirects: the host skips the prompt while the factor's record is fresh. It signs the request token and appends
        it."""
        settings = login.settings(Settings)
        return Redirect(settings.prompt_url, factor=settings.factor, token=TokenRequest("request", "partner"))

    def on_continue(self) -> Decision:
        """Judges the result. The host has verified its signature, and that it is for this login and this user."""
        settings = login.settings(Settings)
        try:
            result = reply.token()
        except HostError as why:
            log.warn(f"no proof of the factor: {why}")
            return Deny("factor_not_proved", "The check could not be confirmed. Please try again.")
        if result.get("verdict") == "ok":
            session.record_factor(settings.factor, {"jti": result.get("jti")})
            return Continue()
        if result.get("verdict") == "refused":
            return Deny("factor_refused", "The check was not passed.")
        raise Unavailable("the prompt site gave no verdict")


plugin = {{Name}}()
