"""A small cache of the action's own. Best effort: 8,192 bytes in all, kept at most 24 hours."""

from __future__ import annotations

from typing import Any

from ._abi import attempt, from_json, to_json


def get(key: str) -> Any:
    """The value of a key; None when it is absent or expired."""
    return from_json(attempt("cache", "cache", "get", key))


def set(key: str, value: object, ttl_seconds: int) -> None:
    """Stores a value for 1 to 86,400 seconds."""
    attempt("cache", "cache", "set", key, to_json("cache", value), ttl_seconds)


def delete(key: str) -> None:
    """Forgets a key."""
    attempt("cache", "cache", "delete", key)
