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
        """Asked at each login.

        A Failure or HostError that it raises is the action's failure: the operator's policy ``on_failure`` decides then. Any other
        exception ends the run as a crash would, with its message and traceback.
        """
        raise NotImplementedError("this plugin has no on_login")

    def on_continue(self) -> Decision:
        """Asked when the browser is back from this action's own redirect. What it raises denies the login."""
        raise _abi.Failure("this plugin has no on_continue: it does not redirect")


#: The errors of ``http`` that keep a service from being reached.
_UNREACHABLE = {"timeout", "not-available", "other"}


def run(plugin: Action, handler: str) -> Any:
    """Runs a handler. A failure that it raises is the contract's; any other exception ends the run, and is what its record says."""
    _abi.run_begins()
    try:
        return abi_decision(getattr(plugin, handler)())
    except (_abi.Failure, _abi.HostError) as error:
        log.error(str(error), {"traceback": "\n".join(_frames(error))})
        unavailable = isinstance(error, _abi.Unavailable) or (
            isinstance(error, _abi.HostError) and error.kind == "http" and error.code in _UNREACHABLE
        )
        from componentize_py_types import Err  # type: ignore[import-not-found]

        abi = _abi.module("decisions")
        raise Err((abi.Failure_Unavailable if unavailable else abi.Failure_Other)(str(error))) from None
    except Exception as error:
        _abi.call("log", "panic", "\n".join([f"{type(error).__name__}: {error}", *_frames(error)]))
        raise


def _frames(error: BaseException) -> list[str]:
    """The plugin's own frames, the innermost first: file, line and function."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        parts = frame.filename.replace("\\", "/").split("/")
        if "postlude" in parts[:-1] or parts[-1] == "postlude_app.py":
            continue
        # The folders of the plugin's modules are numbered in its file system.
        path = "/".join(parts[2:] if len(parts) > 2 and parts[1].isdigit() else parts)
        frames.append(f"at {frame.name} ({path}:{frame.lineno})")
    return frames[::-1]
