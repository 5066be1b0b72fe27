"""Claims: the ID token says of which domain the user's email address is."""

from __future__ import annotations

from dataclasses import dataclass

from postlude import Action, Continue, Decision, claims, event, login


@dataclass
class Settings:
    """What the operator sets; the schema in manifest.json says the same."""

    claim: str


class {{Name}}(Action):
    def on_login(self) -> Decision:
        _, at, domain = (event.email() or "").rpartition("@")
        if at:
            claims.set_id_token(login.settings(Settings).claim, domain.lower())
        return Continue()


plugin = {{Name}}()
