"""Secrets that the operator gave to this action. Prefer ``keys``, whose bytes never enter the plugin's memory."""

from __future__ import annotations

from ._abi import attempt


def get(name: str) -> str:
    """The secret of that name."""
    return attempt("secret", "secrets", "get", name)
