"""The host's clock."""

from __future__ import annotations

from ._abi import call


def now() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z. Stands still during a run."""
    return call("clock", "now")
