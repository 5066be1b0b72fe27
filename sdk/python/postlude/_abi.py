"""Calls of the host: the modules of the contract that this plugin's world has, and errors with the contract's names."""

from __future__ import annotations

import importlib
import json
from typing import Any

_INTERFACES = (
    "cache claims clock decisions event http keys log login random redirect reply secrets session user"
).split()

_SENTENCES: dict[str, dict[str, str]] = {
    "event": {
        "invalid-pointer": "not a JSON pointer",
        "not-granted": "this part of the event is not granted to the action",
    },
    "token": {
        "not-applicable": "this reply carries no token by its nature",
        "missing": "the reply carries no token",
        "invalid": "the token does not verify",
        "unknown-key": "no such key",
        "invalid-claims": "the claims are not acceptable",
    },
    "factor": {
        "not-declared": "the manifest does not declare this factor",
        "not-in-on-login": "a factor is not recorded in on_login",
        "not-proved": "the reply does not prove this factor",
        "invalid-evidence": "the evidence is not acceptable",
    },
    "value": {"not-granted": "this name is not granted to the action"},
    "claim": {
        "reserved": "only the IdP sets this claim",
        "not-granted": "this claim or scope is not granted to the action",
    },
    "cache": {"not-available": "this host has no cache"},
    "secret": {"not-granted": "this secret is not granted to the action"},
    "key": {
        "not-available": "this host offers no keys to plugins",
        "not-granted": "this key is not granted to the action",
        "invalid": "does not verify",
    },
    "http": {
        "not-available": "this host makes no requests for plugins",
        "not-granted": "this host and port is not granted to the action",
        "invalid-request": "the request is not acceptable",
        "timeout": "no answer within 2 seconds",
        "too-large": "the response is larger than 262,144 bytes",
    },
}


class HostError(Exception):
    """The host did not do what the plugin asked for."""

    #: What was asked for: event, token, factor, value, claim, cache, secret, key or http.
    kind: str
    #: The case of the contract's error, such as ``not-granted`` or ``missing``.
    code: str
    #: What the case carries: a text, or a limit in bytes.
    detail: str | int | None

    def __init__(self, kind: str, code: str, detail: str | int | None = None) -> None:
        super().__init__(f"{kind}: {_sentence(kind, code, detail)}")
        self.kind = kind
        self.code = code
        self.detail = detail


class Failure(Exception):
    """The action could not decide; the operator's failure policy decides. The message is for the log."""


class Unavailable(Failure):
    """The same, because something that the action needs did not answer."""


def _sentence(kind: str, code: str, detail: str | int | None) -> str:
    if code == "other":
        return str(detail)
    if code == "invalid-json":
        return f"not JSON: {detail}"
    text = _SENTENCES.get(kind, {}).get(code)
    if code == "too-large" and text is None:
        return f"larger than {detail} bytes"
    return (text or code) + ("" if detail is None else f": {detail}")


def _load(interface: str) -> Any:
    try:
        return importlib.import_module(f"wit_world.imports.{interface}")
    except ImportError:
        return None


# While the plugin is built: there are no files to import from when it runs.
_modules = {interface: _load(interface) for interface in _INTERFACES}
_running = False


def run_begins() -> None:
    """Says that a handler runs, so that the host can be called."""
    global _running
    _running = True


def module(interface: str) -> Any:
    """The module of an interface, as componentize-py makes it."""
    found = _modules.get(interface)
    if found is None:
        raise RuntimeError(
            f"`{interface}` is not in this plugin's world: name it as `postlude.{interface}` or import it from `postlude`, "
            "so that the build sees that the plugin uses it"
        )
    return found


def call(interface: str, function: str, *arguments: Any) -> Any:
    """Calls a function of the contract that has no error."""
    found = module(interface)
    if not _running:
        raise RuntimeError(
            f"`{interface}.{function}` was called while the plugin was built: call it in on_login or on_continue, not at the "
            "top of a module"
        )
    return getattr(found, function)(*arguments)


def attempt(kind: str, interface: str, function: str, *arguments: Any) -> Any:
    """Calls a function of the contract that answers ``result``: its error becomes a HostError of that kind."""
    try:
        return call(interface, function, *arguments)
    except Exception as error:
        # componentize_py_types.Err, which is not there outside of a plugin.
        case = getattr(error, "value", None)
        if type(error).__name__ != "Err" or case is None:
            raise
        raise HostError(kind, _case_name(case), getattr(case, "value", None)) from None


def _case_name(case: object) -> str:
    """``not-granted`` of an instance of ``EventError_NotGranted``."""
    _, _, name = type(case).__name__.partition("_")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")


def to_json(kind: str, value: object) -> str:
    """A value as the JSON text that crosses the contract."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as why:
        raise HostError(kind, "invalid-json", str(why)) from None


def from_json(text: str | None) -> Any:
    """A value that may be absent: None where there is none."""
    return None if text is None else json.loads(text)
