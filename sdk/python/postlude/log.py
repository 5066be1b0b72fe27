"""The action's log. A run keeps 100 lines and 65,536 bytes. Never put a secret or a token into it. ``print`` writes to it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ._abi import call, module


def write(level: Literal["debug", "info", "warn", "error"], message: object, fields: Mapping[str, object] | None = None) -> None:
    """Adds a line with fields."""
    pairs = [(name, str(value)) for name, value in (fields or {}).items()]
    call("log", "log", getattr(module("log").Level, level.upper()), str(message), pairs)


def debug(message: object, fields: Mapping[str, object] | None = None) -> None:
    """Adds a line for the plugin's author."""
    write("debug", message, fields)


def info(message: object, fields: Mapping[str, object] | None = None) -> None:
    """Adds a line that says what happened."""
    write("info", message, fields)


def warn(message: object, fields: Mapping[str, object] | None = None) -> None:
    """Adds a line that the operator may want to look at."""
    write("warn", message, fields)


def error(message: object, fields: Mapping[str, object] | None = None) -> None:
    """Adds a line that the operator should look at."""
    write("error", message, fields)
