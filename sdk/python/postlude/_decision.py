"""What an action returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from . import _abi


@dataclass(frozen=True)
class Continue:
    """The login may go on. All that the run did is kept."""


@dataclass(frozen=True)
class Deny:
    """End the login."""

    #: A stable code for the IdP: 1 to 64 characters ``a-z 0-9 _``.
    code: str
    #: A sentence of at most 256 bytes that the user may see.
    message: str


@dataclass(frozen=True)
class TokenRequest:
    """A token for the prompt site: which user is asked, for which factor, where to return."""

    #: The query parameter that carries the token.
    parameter: str
    #: The key's name, as the manifest and the operator's configuration give it.
    key: str
    #: Claims of the action's own; claims that the host sets are refused by it.
    claims: Mapping[str, Any] = field(default_factory=dict)
    #: Lifetime in seconds, 1 to 900.
    ttl_seconds: int = 600


@dataclass(frozen=True)
class Redirect:
    """Send the browser to a prompt; the login resumes in this action's ``on_continue``. The host adds the parameter ``state``."""

    #: An absolute https URL of at most 2,048 bytes, of an origin that the manifest asks for and the operator granted.
    url: str
    #: Pairs to append to the URL's query; a pair named ``state`` is refused by the host.
    query: Mapping[str, str] = field(default_factory=dict)
    #: The factor that the prompt is for; while its record is fresh the host skips the prompt.
    factor: str | None = None
    #: A token for the prompt site, which the host signs and appends.
    token: TokenRequest | None = None


Decision = Union[Continue, Redirect, Deny]


def abi_token_request(request: TokenRequest) -> Any:
    """The request as componentize-py's bindings have it."""
    claims = _abi.to_json("token", dict(request.claims))
    return _abi.module("decisions").TokenRequest(request.parameter, request.key, claims, request.ttl_seconds)


def abi_decision(decision: Decision) -> Any:
    """The decision as componentize-py's bindings have it."""
    abi = _abi.module("decisions")
    if isinstance(decision, Continue):
        return abi.Decision_Continue()
    if isinstance(decision, Deny):
        return abi.Decision_Deny(abi.Denial(decision.code, decision.message))
    if isinstance(decision, Redirect):
        token = None if decision.token is None else abi_token_request(decision.token)
        query = [(name, str(value)) for name, value in decision.query.items()]
        return abi.Decision_Redirect(abi.RedirectRequest(decision.url, query, decision.factor, token))
    raise TypeError(f"the handler returned {decision!r}: return Continue(), Redirect(..) or Deny(..)")
