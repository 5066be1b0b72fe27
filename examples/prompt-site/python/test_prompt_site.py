"""The vectors that all kits share."""

import json
import pathlib
import unittest
from typing import Any

import jwt

from prompt_site import PromptKit, RequestRefused

VECTORS = json.loads((pathlib.Path(__file__).parent.parent / "vectors.json").read_text())


def kit(alg: str, **more: Any) -> PromptKit:
    key = VECTORS["site_keys"].get(alg, {})
    options = {
        "issuer": VECTORS["issuer"],
        "site": VECTORS["site"],
        "alg": alg,
        "private_key": key.get("pem"),
        "kid": key.get("kid"),
        "secret": VECTORS["secret"],
        "tenant_keys": VECTORS["tenant_keys"],
        "now": lambda: VECTORS["now"],
    }
    return PromptKit(**{**options, **more})


class Vectors(unittest.TestCase):
    def test_there_are_requests_of_every_algorithm_good_ones_and_bad_ones(self) -> None:
        for alg in ("EdDSA", "ES256", "HS256"):
            mine = [request for request in VECTORS["requests"] if request["alg"] == alg]
            self.assertTrue(any("claims" in request for request in mine))
            self.assertGreater(sum("refused" in request for request in mine), 20)

    def test_requests(self) -> None:
        for request in VECTORS["requests"]:
            with self.subTest(f"{request['alg']}: {request['name']}"):
                if "claims" in request:
                    self.assertEqual(kit(request["alg"]).verify(request["token"], request["state"]), request["claims"])
                    continue
                with self.assertRaises(RequestRefused) as refused:
                    kit(request["alg"]).verify(request["token"], request["state"])
                self.assertEqual(refused.exception.code, request["refused"])

    def test_results(self) -> None:
        for wanted in VECTORS["results"]:
            with self.subTest(f"{wanted['alg']}: {wanted['verdict']} for {wanted['request']}"):
                ours = kit(wanted["alg"])
                request = next(r for r in VECTORS["requests"] if (r["name"], r["alg"]) == (wanted["request"], wanted["alg"]))
                verified = ours.verify(request["token"], request["state"])
                token = ours.sign(verified, wanted["verdict"], jti=VECTORS["jti"])
                self.assertEqual(jwt.get_unverified_header(token), wanted["header"])
                self.assertEqual(jwt.decode(token, options={"verify_signature": False}), wanted["claims"])
                if wanted["alg"] != "HS256":
                    key = jwt.PyJWK(VECTORS["site_keys"][wanted["alg"]]["jwk"], wanted["alg"])
                    jwt.PyJWS().decode(token, key, algorithms=[wanted["alg"]])
                self.assertEqual(ours.form_action(verified), wanted["continue_url"])
                self.assertEqual(ours.redirect_url(verified, token), f"{wanted['continue_url']}&postlude_result={token}")

    def test_a_result_takes_no_other_verdict_and_own_claims_replace_none(self) -> None:
        request = next(r for r in VECTORS["requests"] if r["name"] == "good, without a factor")["claims"]
        with self.assertRaises(ValueError):
            kit("EdDSA").sign(request, "yes")
        token = kit("EdDSA").sign(request, "refused", own={"verdict": "ok", "factor": "x", "level": 2})
        claims = jwt.decode(token, options={"verify_signature": False})
        self.assertEqual((claims["verdict"], claims["level"], "factor" in claims), ("refused", 2, False))

    def test_a_short_secret_and_a_missing_key_are_refused_at_once(self) -> None:
        with self.assertRaises(ValueError):
            kit("HS256", secret="short")
        with self.assertRaises(ValueError):
            kit("ES256", private_key=None)


if __name__ == "__main__":
    unittest.main()
