"""What the tokens that the IdP issues will say."""

from __future__ import annotations

from ._abi import attempt, to_json


def set_id_token(name: str, value: object) -> None:
    """Sets a claim of the ID token."""
    attempt("claim", "claims", "set_id_token", name, to_json("claim", value))


def set_access_token(name: str, value: object) -> None:
    """Sets a claim of the access token."""
    attempt("claim", "claims", "set_access_token", name, to_json("claim", value))


def add_scope(name: str) -> None:
    """Asks for a scope to be added to the access token."""
    attempt("claim", "claims", "add_scope", name)


def remove_scope(name: str) -> None:
    """Asks for a scope to be removed from the access token."""
    attempt("claim", "claims", "remove_scope", name)
