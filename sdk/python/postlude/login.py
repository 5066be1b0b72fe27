"""The login that this run belongs to."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, overload

from ._abi import HostError, attempt, call, from_json, to_json

T = TypeVar("T")


def id() -> str:
    """The login's identifier, the same in every run of the login."""
    return call("login", "id")


def run_id() -> str:
    """The identifier of this step; a retry of the step has the same one. An idempotency key."""
    return call("login", "run_id")


def mode() -> str:
    """How the login came about: ``interactive``, ``silent`` (``prompt=none``), ``refresh`` or ``password``."""
    return call("login", "mode")


def can_redirect() -> bool:
    """Whether a redirect can reach a browser."""
    return call("login", "can_redirect")


@overload
def settings() -> dict[str, Any]: ...
@overload
def settings(kind: type[T]) -> T: ...
def settings(kind: Any = None) -> Any:
    """The action's settings, as the operator wrote them: a dict, or an instance of a dataclass whose fields are named like them.

    The host checked them against the manifest's schema.
    """
    values = from_json(call("login", "settings"))
    if kind is None:
        return values
    names = {one.name for one in dataclasses.fields(kind)}
    try:
        return kind(**{name: value for name, value in values.items() if name in names})
    except TypeError as why:
        raise HostError("value", "other", f"the settings do not fit {kind.__name__}: {why}") from None


def metadata(key: str) -> Any:
    """A value that an action of this login put aside; None where there is none."""
    return from_json(call("login", "get_metadata", key))


def set_metadata(key: str, value: object) -> None:
    """Puts a value aside for the later runs of this login, of this and of later actions. Together at most 16,384 bytes."""
    attempt("value", "login", "set_metadata", key, to_json("value", value))


def remove_metadata(key: str) -> None:
    """Removes a value."""
    attempt("value", "login", "set_metadata", key, None)
