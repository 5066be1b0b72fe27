"""The two tokens of a prompt site: verify the request that a browser brings, sign the result that it takes back.

What this file cannot do is yours: authenticate the person as `sub`, let one browser answer a request (its `jti`) once, and send
the result back through that browser. It needs PyJWT with its extra `crypto`.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

REQUEST_TYP = "prompt-request+jwt"
RESULT_TYP = "prompt-result+jwt"
CLOCK_SKEW_S = 30  # by which two clocks may differ
MOST_S = 15 * 60  # a token lives no longer
RESULT_S = 5 * 60  # a result is used at once
VERDICTS = ("ok", "refused", "error")


class RequestRefused(Exception):
    """A request that must not be answered.

    `code`: `token`, `type`, `claims`, `issuer`, `audience`, `time`, `state` or `continue_url`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class PromptKit:
    """Verifies requests of one Postlude tenant, and signs results of one site."""

    def __init__(
        self,
        *,
        issuer: str,
        site: str,
        alg: str = "EdDSA",
        private_key: str | None = None,
        kid: str | None = None,
        secret: str | bytes | None = None,
        tenant_keys: Mapping[str, Any] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`issuer`: the tenant that may ask. `site`: this site's name, as the operator configured it.

        EdDSA and ES256 take `private_key` (PKCS #8 in PEM) with its `kid`, and fetch the tenant's public keys from the issuer
        unless `tenant_keys` has them; HS256 takes the shared `secret` of at least 32 bytes.
        """
        if alg not in ("EdDSA", "ES256", "HS256"):
            raise ValueError(f"`{alg}` is no algorithm of request tokens: EdDSA, ES256, HS256")
        self._issuer, self._site, self._alg, self._kid, self._now = issuer, site, alg, kid, now
        self._known = jwt.PyJWKSet.from_dict(dict(tenant_keys)) if tenant_keys else None
        self._client = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json", timeout=5)
        self._request_key = b""
        self._result_key: Any = private_key
        if alg == "HS256":
            shared = secret.encode() if isinstance(secret, str) else (secret or b"")
            if len(shared) < 32:
                raise ValueError("the shared secret has less than 32 bytes")
            self._request_key = _derive(shared, b"postlude prompt-request")
            self._result_key = _derive(shared, b"postlude prompt-result")
        elif not private_key:
            raise ValueError("the site needs its private key, as PKCS #8 in PEM")

    def verify(self, token: str, state: str) -> dict[str, Any]:
        """The claims of the request token of an address, verified; `state` is the address' own.

        Raises `RequestRefused`, and `jwt.PyJWKClientConnectionError` where the tenant's keys cannot be fetched.
        """
        header, claims = self._signed(token)
        if header.get("typ") != REQUEST_TYP:
            raise RequestRefused("type", f"`typ` is not `{REQUEST_TYP}`")
        for name in ("sub", "jti", "state", "action", "continue_url"):
            if not isinstance(claims.get(name), str) or not claims[name]:
                raise RequestRefused("claims", f"`{name}` is not a text")
        for name in ("iat", "exp"):
            if type(claims.get(name)) is not int:
                raise RequestRefused("claims", f"`{name}` is not in whole seconds")
        if not isinstance(claims.get("factor", ""), str):
            raise RequestRefused("claims", "`factor` is not a text")
        if claims.get("iss") != self._issuer:
            raise RequestRefused("issuer", "`iss` is not the tenant")
        if claims.get("aud") != self._site:
            raise RequestRefused("audience", "`aud` is not this site")
        now = int(self._now())
        if claims["exp"] + CLOCK_SKEW_S <= now:
            raise RequestRefused("time", "the request is too old")
        if claims["iat"] > now + CLOCK_SKEW_S:
            raise RequestRefused("time", "the request is from the future")
        if claims["exp"] - claims["iat"] > MOST_S:
            raise RequestRefused("time", "the request lives too long")
        if claims["state"] != state:
            raise RequestRefused("state", "`state` of the address and of the token differ")
        if claims["continue_url"] != f"{self._issuer}/continue":
            raise RequestRefused("continue_url", "`continue_url` is not the tenant's")
        return claims

    def sign(
        self, request: Mapping[str, Any], verdict: str, *, jti: str | None = None, own: Mapping[str, Any] | None = None
    ) -> str:
        """The result token for a verified request. `own`: further claims, which the plugin may read."""
        if verdict not in VERDICTS:
            raise ValueError(f"`{verdict}` is no verdict: {', '.join(VERDICTS)}")
        iat = int(self._now())
        claims = {
            **(own or {}),
            "iss": self._site,
            "sub": request["sub"],
            "aud": request["action"],
            "iat": iat,
            "exp": iat + RESULT_S,
            "jti": jti or str(uuid.uuid4()),
            "state": request["state"],
            "verdict": verdict,
        }
        claims.pop("factor", None)
        if "factor" in request:
            claims["factor"] = request["factor"]
        header = {"typ": RESULT_TYP}
        if self._kid is not None and self._alg != "HS256":
            header["kid"] = self._kid
        return jwt.encode(claims, self._result_key, algorithm=self._alg, headers=header)

    @staticmethod
    def form_action(request: Mapping[str, Any]) -> str:
        """Where a form with the field `postlude_result` goes, by POST."""
        return f"{request['continue_url']}?{urlencode({'state': request['state']})}"

    def redirect_url(self, request: Mapping[str, Any], result: str) -> str:
        """Where the browser goes with a result: a redirect by 303."""
        return f"{self.form_action(request)}&{urlencode({'postlude_result': result})}"

    def _signed(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            header = jwt.get_unverified_header(token)
            unknown = sorted(set(header) - {"alg", "typ", "kid"})
            if unknown:
                raise jwt.InvalidTokenError(f"a request's header has no `{unknown[0]}`")
            decoded = jwt.PyJWS().decode_complete(token, self._key(header), algorithms=[self._alg])
            claims = json.loads(decoded["payload"])
        except jwt.PyJWKClientConnectionError:
            raise  # The tenant's keys did not come: that says nothing about the token.
        except (jwt.PyJWTError, ValueError, KeyError) as why:
            raise RequestRefused("token", f"the tenant did not sign this: {why}") from why
        if not isinstance(claims, dict):
            raise RequestRefused("token", "the token has no claims")
        return header, claims

    def _key(self, header: Mapping[str, Any]) -> Any:
        if self._alg == "HS256":
            return self._request_key
        kid = header.get("kid", "")
        # The client fetches the set again where a request names a key that is not in it: Postlude's root key was changed.
        key = self._known[kid] if self._known else self._client.get_signing_key(kid)
        return key.key


def _derive(secret: bytes, info: bytes) -> bytes:
    """A key for each direction (RFC 5869; no salt, 32 bytes)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
