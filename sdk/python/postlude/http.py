"""Requests to hosts that the operator granted, at most 8 in a run."""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._abi import attempt, module


@dataclass(frozen=True)
class Response:
    """A response. Redirects are not followed, content is not decoded."""

    #: The status code (RFC 9110, section 15).
    status: int
    #: Header fields.
    headers: list[tuple[str, str]]
    #: The content, at most 262,144 bytes.
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header field of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def text(self) -> str:
        """The content as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The content as JSON."""
        return _json.loads(self.body)


def send(
    url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | str | None = None
) -> Response:
    """Sends one request, and waits at most 2 seconds. Host, length, connection and proxy headers are the host's own and refused.

    Raises a HostError of kind ``http``; one with code ``timeout``, ``not-available`` or ``other`` that nothing catches makes the
    action unavailable.
    """
    content = body.encode() if isinstance(body, str) else body
    request = module("http").Request(method, url, list((headers or {}).items()), content)
    answer = attempt("http", "http", "send", request)
    return Response(answer.status, answer.headers, bytes(answer.body))
