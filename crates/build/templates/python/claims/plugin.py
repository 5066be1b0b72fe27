"""Claims: the ID token says of which domain the user's email address is."""

from __future__ import annotations

from postlude import Action, Continue, Decision, claims, event, login
from settings import Settings


class {{Name}}(Action):
    def on_login(self) -> Decision:
        _, at, domain = (event.email() or "").rpartition("@")
        if at:
            claims.set_id_token(login.settings(Settings).claim, domain.lower())
        return Continue()


plugin = {{Name}}()
