"""What surrounds a redirect. To redirect, return a ``Redirect``."""

from __future__ import annotations

import json
from typing import Any

from ._abi import attempt, call, to_json
from ._decision import TokenRequest, abi_token_request


def state() -> str:
    """The state of the suspension that this run would make, for a partner whose own signed request carries it."""
    return call("redirect", "state")


def continue_url() -> str:
    """The tenant's public continue URL, without a query."""
    return call("redirect", "continue_url")


def encode_token(request: TokenRequest) -> str:
    """Makes a request token for the suspension that this run would make. Most actions let the host append it."""
    return attempt("token", "redirect", "encode_token", abi_token_request(request))


def validate_token(key: str, parameter: str) -> dict[str, Any]:
    """Verifies a result token of the reply by the named key; its claims."""
    return json.loads(attempt("token", "redirect", "validate_token", key, parameter))


def stash(value: object) -> None:
    """Puts a value aside with the redirect of this run, for this action's ``on_continue`` alone. At most 4,096 bytes."""
    attempt("value", "redirect", "stash", to_json("value", value))
