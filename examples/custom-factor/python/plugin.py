"""A second factor on a partner's own prompt site: send the user there with a signed request, take a signed result back, and record
the factor in the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from postlude import (
    Action,
    Continue,
    Decision,
    Deny,
    Failure,
    HostError,
    Redirect,
    TokenRequest,
    Unavailable,
    claims,
    clock,
    log,
    login,
    reply,
    session,
)


@dataclass
class Settings:
    """What the operator sets; the manifest's schema is the contract."""

    prompt_url: str
    factor: str
    profile: str
    claim: str | None = None


class CustomFactor(Action):
    def on_login(self) -> Decision:
        settings = login.settings(Settings)
        # Always: the host skips the prompt while the record is fresh, and answers `interaction_required` where no browser can be
        # redirected.
        token = TokenRequest("request", "partner", ttl_seconds=600)
        return Redirect(settings.prompt_url, factor=settings.factor, token=token)

    def on_continue(self) -> Decision:
        settings = login.settings(Settings)
        try:
            result = reply.token()
        except HostError as why:
            log.warn(f"no proof of the factor: {why}")
            return Deny("factor_not_proved", "The additional check could not be confirmed. Please try again.")
        match verdict(settings.profile, result):
            case "ok":
                return completed(settings, result)
            case "refused":
                return Deny("factor_refused", "The additional check was not passed.")
            case "error":
                raise Unavailable("the prompt site reported an error")
            case _:
                raise Failure("the result token has no verdict")


def verdict(profile: str, result: dict[str, Any]) -> str | None:
    """What the partner says.

    A token of profile `auth0` that verified means yes unless its claim `verdict` says no; one that has a verdict which this version
    does not know means nothing at all.
    """
    return "ok" if profile == "auth0" and "verdict" not in result else result.get("verdict")


def completed(settings: Settings, result: dict[str, Any]) -> Decision:
    session.record_factor(settings.factor, {"jti": result["jti"]} if "jti" in result else None)
    if settings.claim is not None:
        claims.set_id_token(settings.claim, clock.now())
    return Continue()


plugin = CustomFactor()
