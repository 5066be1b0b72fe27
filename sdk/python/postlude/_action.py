"""What a plugin is, and what its exports do."""

from __future__ import annotations

import traceback
from typing import Any

from . import _abi, log
from ._decision import Decision, abi_decision


class Action:
    """A plugin of the trigger ``post-login``: a module's ``plugin`` is an instance of a class of this one.

    Each run is a fresh instance: nothing that a run leaves in memory is there in the next one.
    """

    def on_login(self) -> Decision:
        """Asked at each login. What it raises is the action's failure: the operator's policy ``on_failure`` decides then."""
        raise NotImplementedError("this plugin has no on_login")

    def on_continue(self) -> Decision:
        """Asked when the browser is back from this action's own redirect. What it raises denies the login."""
        raise RuntimeError("this plugin has no on_continue: it does not redirect")


#: The errors of ``http`` that keep a service from being reached.
_UNREACHABLE = {"timeout", "not-available", "other"}


def run(plugin: Action, handler: str) -> Any:
    """Runs a handler; what it raises becomes the contract's failure, and its traceback a line of the log."""
    _abi.run_begins()
    try:
        return abi_decision(getattr(plugin, handler)())
    except Exception as error:
        from componentize_py_types import Err  # type: ignore[import-not-found]

        abi = _abi.module("decisions")
        name = type(error).__name__
        log.error(f"the plugin raised {name}: {error}", {"traceback": _frames(error)})
        unavailable = isinstance(error, _abi.Unavailable) or (
            isinstance(error, _abi.HostError) and error.kind == "http" and error.code in _UNREACHABLE
        )
        if unavailable:
            raise Err(abi.Failure_Unavailable(str(error))) from None
        own = isinstance(error, _abi.HostError)
        raise Err(abi.Failure_Other(str(error) if own else f"{name}: {error}")) from None


def _frames(error: BaseException) -> str:
    """The plugin's own frames, the innermost first: file, line and function."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        parts = frame.filename.replace("\\", "/").split("/")
        if "postlude" in parts[:-1] or parts[-1] == "postlude_app.py":
            continue
        # The folders of the plugin's modules are numbered in its file system.
        path = "/".join(parts[2:] if len(parts) > 2 and parts[1].isdigit() else parts)
        frames.append(f"{path}:{frame.lineno} in {frame.name}")
    return "\n".join(reversed(frames))
