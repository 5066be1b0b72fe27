"""A gate: users with a verified email address of a listed domain are let in, others are not."""

from __future__ import annotations

from postlude import Action, Continue, Decision, Deny, event, login
from settings import Settings


class {{Name}}(Action):
    def on_login(self) -> Decision:
        if not event.email_verified():
            return Deny("email_not_verified", "Please verify your email address first.")
        _, _, domain = (event.email() or "").rpartition("@")
        if domain.lower() not in login.settings(Settings).domains:
            return Deny("domain_refused", "Your email address is not of an accepted domain.")
        return Continue()


plugin = {{Name}}()
