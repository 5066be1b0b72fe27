"""Random bytes."""

from __future__ import annotations

import builtins

from ._abi import call


def bytes(length: int) -> "builtins.bytes":
    """Cryptographically strong bytes, other ones at every call, the same in a retry of the same step.

    A run may take 65,536 in all; asking for more ends it.
    """
    return builtins.bytes(call("random", "bytes", length))
