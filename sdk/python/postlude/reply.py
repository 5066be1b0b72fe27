"""What the browser brought back from the prompt; empty in ``on_login``."""

from __future__ import annotations

import json
from typing import Any

from ._abi import attempt, call, from_json


def method() -> str:
    """``GET`` or ``POST``."""
    return call("reply", "method")


def query() -> list[tuple[str, str]]:
    """The query of the request to the continue URL, without ``state``."""
    return call("reply", "query")


def form() -> list[tuple[str, str]]:
    """The form of a POST; else empty."""
    return call("reply", "form")


def parameter(name: str) -> str | None:
    """The first value of a parameter; one of the form wins over one of the query."""
    return next((value for key, value in [*form(), *query()] if key == name), None)


def token() -> dict[str, Any]:
    """The claims of the result token, which the host verified before this run as the manifest's ``result`` says.

    Raises a HostError of kind ``token`` when there is none, or it does not verify.
    """
    return json.loads(attempt("token", "reply", "token"))


def stash() -> Any:
    """What this action put aside with ``redirect.stash`` when it sent the browser away; None where there is nothing."""
    return from_json(call("reply", "stash"))
