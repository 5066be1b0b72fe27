"""The user's metadata at the IdP. Changes become a merge patch (RFC 7396) in the answer to the IdP."""

from __future__ import annotations

from ._abi import attempt, to_json


def set_app_metadata(key: str, value: object) -> None:
    """Sets a key of the metadata that only the tenant may write."""
    attempt("value", "user", "set_app_metadata", key, to_json("value", value))


def remove_app_metadata(key: str) -> None:
    """Removes a key of the metadata that only the tenant may write."""
    attempt("value", "user", "set_app_metadata", key, None)


def set_user_metadata(key: str, value: object) -> None:
    """Sets a key of the metadata that the user may write."""
    attempt("value", "user", "set_user_metadata", key, to_json("value", value))


def remove_user_metadata(key: str) -> None:
    """Removes a key of the metadata that the user may write."""
    attempt("value", "user", "set_user_metadata", key, None)
