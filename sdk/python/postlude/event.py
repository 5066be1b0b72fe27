"""What the IdP told about this login, read lazily: each function is one call of the host.

The manifest's ``capabilities.event`` must name every pointer that is read, and the operator must grant it: a HostError with code
``not-granted`` otherwise. What the IdP did not send is None, where it is required a HostError.
"""

from __future__ import annotations

from typing import Any

from ._abi import HostError, attempt, from_json


def get(pointer: str) -> Any:
    """The part of the event at a JSON pointer (RFC 6901); the empty one is the whole event, as far as granted."""
    return from_json(attempt("event", "event", "get", pointer))


def _required(pointer: str) -> Any:
    value = get(pointer)
    if value is None:
        raise HostError("event", "other", f"the IdP sent no `{pointer}`")
    return value


def user_id() -> str:
    """``/user/user_id``, required."""
    return _required("/user/user_id")


def client_id() -> str:
    """``/client/client_id``, required."""
    return _required("/client/client_id")


def email_verified() -> bool:
    """``/user/email_verified``; False where the IdP sent nothing."""
    return get("/user/email_verified") or False


def authentication_methods() -> list[dict[str, Any]]:
    """``/authentication/methods``; empty where the IdP sent nothing."""
    return get("/authentication/methods") or []


def roles() -> list[str]:
    """``/authorization/roles``; empty where the IdP sent nothing."""
    return get("/authorization/roles") or []


def requested_scopes() -> list[str]:
    """``/transaction/requested_scopes``; empty where the IdP sent nothing."""
    return get("/transaction/requested_scopes") or []


def email() -> str | None:
    """``/user/email``."""
    return get("/user/email")


def name() -> str | None:
    """``/user/name``."""
    return get("/user/name")


def app_metadata() -> dict[str, Any] | None:
    """``/user/app_metadata``."""
    return get("/user/app_metadata")


def user_metadata() -> dict[str, Any] | None:
    """``/user/user_metadata``."""
    return get("/user/user_metadata")


def client_metadata() -> dict[str, Any] | None:
    """``/client/metadata``."""
    return get("/client/metadata")


def connection_name() -> str | None:
    """``/connection/name``."""
    return get("/connection/name")


def connection_strategy() -> str | None:
    """``/connection/strategy``."""
    return get("/connection/strategy")


def organization_id() -> str | None:
    """``/organization/id``."""
    return get("/organization/id")


def ip() -> str | None:
    """``/request/ip``."""
    return get("/request/ip")


def hostname() -> str | None:
    """``/request/hostname``."""
    return get("/request/hostname")


def user_agent() -> str | None:
    """``/request/user_agent``."""
    return get("/request/user_agent")


def query() -> dict[str, Any] | None:
    """``/request/query``."""
    return get("/request/query")


def resource_server() -> str | None:
    """``/resource_server/identifier``."""
    return get("/resource_server/identifier")


def logins_count() -> int | None:
    """``/stats/logins_count``."""
    return get("/stats/logins_count")


def protocol() -> str | None:
    """``/transaction/protocol``."""
    return get("/transaction/protocol")


def session_id() -> str | None:
    """``/session/id``."""
    return get("/session/id")
