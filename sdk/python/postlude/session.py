"""The user's session at the IdP, and the factors completed in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ._abi import attempt, call, from_json, to_json


@dataclass(frozen=True)
class Factor:
    """A record of a factor that this action declares."""

    #: The factor's name.
    name: str
    #: When the factor was completed, in milliseconds since 1970.
    completed_at: int
    #: Whether the operator's policy still takes it.
    fresh: bool


def record_factor(name: str, evidence: Mapping[str, Any] | None = None) -> None:
    """Records that the user completed the factor now, by the host's clock. Only in ``on_continue``, after a proved reply.

    Evidence is an object for the audit trail, at most 2,048 bytes of JSON. Raises a HostError of kind ``factor``.
    """
    text = None if evidence is None else to_json("factor", dict(evidence))
    attempt("factor", "session", "record_factor", name, text)


def factors() -> list[Factor]:
    """The session's records of the factors that this action declares."""
    return [Factor(one["name"], one["completed_at"], one["fresh"]) for one in json.loads(call("session", "factors"))]


def freshness(name: str) -> Literal["fresh", "stale", "absent"]:
    """What the operator's policy and the host's clock say of a factor."""
    return attempt("factor", "session", "freshness", name)


def metadata(key: str) -> Any:
    """A value of the session; None where there is none."""
    return from_json(call("session", "get_metadata", key))


def set_metadata(key: str, value: object) -> None:
    """Sets a value of the session when the login continues. Together at most 16,384 bytes."""
    attempt("value", "session", "set_metadata", key, to_json("value", value))


def remove_metadata(key: str) -> None:
    """Removes a value of the session."""
    attempt("value", "session", "set_metadata", key, None)
