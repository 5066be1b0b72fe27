"""Cryptography by named keys that stay in the host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ._abi import attempt, to_json


def hmac(key: str, data: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) of the data."""
    return bytes(attempt("key", "keys", "hmac", key, data))


def sign_jwt(key: str, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """A compact JWS (RFC 7515, section 7.1) of the claims, with extra header parameters."""
    return attempt("key", "keys", "sign_jwt", key, to_json("key", dict(header or {})), to_json("key", dict(claims)))


def verify_jwt(key: str, token: str) -> dict[str, Any]:
    """The claims of a compact JWS, once its signature verifies. The algorithm is the key's, never the header's."""
    return json.loads(attempt("key", "keys", "verify_jwt", key, token))
