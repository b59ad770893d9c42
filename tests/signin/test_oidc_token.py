"""What an ID token and the browser's answer have to be; the provider here makes what a certified one would not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from edrportal.signin.oidc import flow
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.flow import Identity, OidcTrouble
from tests.signin.liar import KEPT, QUERY, finish

if TYPE_CHECKING:
    from tests.signin.liar import Liar

pytestmark = pytest.mark.people
FIELD = Path(__file__).parent.parent / "data" / "field"
TIMES = {"exp", "iat", "nbf"}


NO_ADDRESSES = [
    "admin", "administrator", "uid=mallory,dc=example", "admin@", "@example.com", "@", "@@", "a@b@c", "admin@example.com@",
    "a b@c", "a@b c", " a@b", "a@b ", " @b", "a@ ", "admin ", "EXAMPLE\\admin", "mailto:admin", '"a@b"@c',
]  # fmt: skip


def changed_to(claims: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """Return the claims with these, of which whole numbers for a time count from now."""
    now = int(time.time())
    return claims | {key: now + one if key in TIMES and type(one) is int else one for key, one in changed.items()}


def trouble_of(liar: Liar) -> why.Reason:
    with pytest.raises(OidcTrouble) as caught:
        finish(liar)
    return caught.value.reason


def test_a_sound_token_says_who_signed_in(liar: Liar) -> None:
    liar.claims |= {"groups": ["a", "b"], "federated_claims": {"connector_id": "c", "user_id": "7"}, "name": "Xenia"}
    assert finish(liar) == Identity("1", "x@y", "Xenia", "c", ("a", "b"))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://evil.example"}, why.FORGED),
        ({"iss": None}, why.FORGED),
        ({"aud": "other"}, why.OTHER_CLIENT),
        ({"aud": []}, why.OTHER_CLIENT),
        ({"aud": None}, why.OTHER_CLIENT),
        ({"aud": ["portal", "other"]}, why.OTHER_CLIENT),
        ({"aud": ["portal", "other"], "azp": "other"}, why.OTHER_CLIENT),
        ({"azp": "other"}, why.OTHER_CLIENT),
        ({"nonce": "other"}, why.OTHER_SIGN_IN),
        ({"nonce": None}, why.OTHER_SIGN_IN),
        ({"nonce": ["nonce"]}, why.OTHER_SIGN_IN),
        ({"exp": -120}, why.CLOCK),
        ({"exp": None}, why.CLOCK),
        ({"exp": "soon"}, why.CLOCK),
        ({"exp": float("nan")}, why.CLOCK),
        ({"exp": True}, why.CLOCK),
        ({"iat": 120}, why.CLOCK),
        ({"iat": None}, why.CLOCK),
        ({"nbf": 120}, why.CLOCK),
        ({"sub": None}, why.FORGED),
        ({"sub": ""}, why.FORGED),
        ({"sub": 7}, why.FORGED),
        ({"at_hash": "of another token"}, why.FORGED),
        ({"at_hash": 7}, why.FORGED),
        ({"email": None}, why.NO_EMAIL),
        ({"email": ""}, why.NO_EMAIL),
        ({"email": ["x@y"]}, why.NO_EMAIL),
        ({"email": "x@y\n"}, why.NO_EMAIL),
        ({"email": "\ud800@y"}, why.NO_EMAIL),
        ({"email": "x" * 300}, why.NO_EMAIL),
        *(({"email": email}, why.NO_ADDRESS) for email in NO_ADDRESSES),
        ({"email_verified": None}, why.NOT_STATED),
        ({"email_verified": False}, why.UNVERIFIED),
        ({"email_verified": "false"}, why.UNVERIFIED),
        ({"email_verified": "yes"}, why.UNVERIFIED),
        ({"email_verified": ""}, why.UNVERIFIED),
        ({"email_verified": [True]}, why.UNVERIFIED),
        ({"email_verified": 1}, why.UNVERIFIED),
        ({"email": "a\tb@c"}, why.NO_EMAIL),
        ({"email": "a\u00a0b@c"}, why.NO_EMAIL),
        ({"email": "a\u200b@c"}, why.NO_EMAIL),
        ({"groups": "admins"}, why.BAD_GROUPS),
        ({"groups": ""}, why.BAD_GROUPS),
        ({"groups": {}}, why.BAD_GROUPS),
        ({"groups": ["a", 1]}, why.BAD_GROUPS),
        ({"groups": ["a", None]}, why.BAD_GROUPS),
        ({"federated_claims": "ldap"}, why.BAD_GROUPS),
        ({"federated_claims": []}, why.BAD_GROUPS),
        ({"federated_claims": {"connector_id": 1}}, why.BAD_GROUPS),
    ],
)
def test_a_token_for_others_other_times_or_nobody_is_refused_in_words_of_its_own(
    liar: Liar, changed: dict[str, Any], reason: why.Reason
) -> None:
    liar.claims = {key: value for key, value in changed_to(liar.claims, changed).items() if value is not None}
    assert trouble_of(liar) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["portal"]},
        {"aud": ["portal", "other"], "azp": "portal"},
        {"exp": -30},
        {"iat": 30},
        {"nbf": 30},
        {"groups": None},
        {"groups": []},
        {"federated_claims": None},
        {"federated_claims": {}},
        {"federated_claims": {"connector_id": None}},
        {"email_verified": "true"},
        {"email_verified": "True"},
        {"name": 7},
        {"name": "\ud800"},
    ],
)
def test_what_the_standard_and_dex_allow_is_taken(liar: Liar, changed: dict[str, Any]) -> None:
    liar.claims = changed_to(liar.claims, changed)
    assert finish(liar) == Identity("1", "x@y", "", "", ())


def test_the_hash_of_the_access_token_is_compared(liar: Liar) -> None:
    half = hashlib.sha256(b"x").digest()[:16]
    liar.claims["at_hash"] = base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert finish(liar).subject == "1"
    liar.more["access_token"] = "y"
    assert trouble_of(liar) == why.FORGED


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"])
def test_the_usual_algorithms_are_accepted(liar: Liar, algorithm: str) -> None:
    curve = {"ES256": "P-256", "ES384": "P-384"}.get(algorithm)
    key = ECKey.generate_key(curve, {"kid": "k"}) if curve else RSAKey.generate_key(2048, {"kid": "k"})
    liar.keys = [key.as_dict(private=False)]
    liar.sign = lambda: jwt.encode({"alg": algorithm, "kid": "k"}, liar.claims, key, algorithms=[algorithm])
    assert finish(liar).subject == "1"


def test_the_only_key_needs_no_name_and_one_of_several_does(liar: Liar) -> None:
    liar.header = {"alg": "RS256"}
    assert finish(liar).subject == "1"
    flow.forget()
    liar.keys.append(RSAKey.generate_key(2048, {"kid": "two"}).as_dict(private=False))
    assert trouble_of(liar) == why.FORGED


def compact(header: object, payload: bytes) -> str:
    parts = [json.dumps(header).encode(), payload]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def claimed(liar: Liar) -> bytes:
    return json.dumps(liar.claims).encode()


def with_public_key(liar: Liar) -> str:
    signed = compact({"alg": "HS256", "kid": "one"}, claimed(liar))
    code = hmac.digest(liar.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(code).decode().rstrip('=')}"


def with_key_of_its_own(liar: Liar) -> str:
    key = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": "one", "jwk": key.as_dict(private=False), "jku": f"{liar.address}/mine"}
    return jwt.encode(header, liar.claims, key)


@pytest.mark.parametrize(
    "forge",
    [
        lambda liar: compact({"alg": "none"}, claimed(liar)) + ".",
        lambda liar: compact({"alg": "None", "kid": "one"}, claimed(liar)) + ".",
        lambda liar: compact({"alg": "RS256", "kid": "one"}, claimed(liar)) + ".",
        lambda liar: compact({"alg": ["RS256"]}, claimed(liar)) + ".AA",
        lambda liar: compact({"kid": "one"}, claimed(liar)) + ".AA",
        lambda liar: compact([], claimed(liar)) + ".AA",
        with_public_key,
        with_key_of_its_own,
        lambda liar: jwt.encode({"alg": "RS256", "kid": "one"}, liar.claims, RSAKey.generate_key(2048)),
        lambda liar: jwt.encode(liar.header, liar.claims, liar.key)[:-8] + "AAAAAAAA",
        lambda liar: liar.signed(b"[]"),
        lambda liar: liar.signed(b"{"),
        lambda liar: liar.signed(b"\xff"),
        lambda liar: liar.signed(b'{"a":' * 20_000),
        lambda _: "",
        lambda _: "x",
        lambda _: "a.b.c",
        lambda _: "a.b.c.d.e",
        lambda _: "\ud800.b.c",
    ],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(liar: Liar, forge: Any) -> None:
    liar.sign = lambda: forge(liar)
    assert trouble_of(liar) == why.FORGED
    assert not liar.asked["/mine"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": None}, why.WRONG_STATE),
        ({"state": []}, why.WRONG_STATE),
        ({"state": [""]}, why.WRONG_STATE),
        ({"state": ["other"]}, why.WRONG_STATE),
        ({"state": ["state", "state"]}, why.WRONG_STATE),
        ({"state": ["\ud800"]}, why.WRONG_STATE),
        ({"state": ["stäte"], "error": ["access_denied"]}, why.WRONG_STATE),
        ({"iss": ["https://evil.example"]}, why.WRONG_STATE),
        ({"code": None}, why.NO_CODE),
        ({"code": []}, why.NO_CODE),
        ({"code": [""]}, why.NO_CODE),
        ({"code": ["code", "code"]}, why.NO_CODE),
        ({"code": ["c\r\node"]}, why.NO_CODE),
        ({"code": ["cödé"]}, why.NO_CODE),
        ({"code": ["c" * 5_000]}, why.NO_CODE),
        ({"error": ["access_denied"]}, why.DENIED),
        ({"error": ["access_denied", "access_denied"]}, why.REFUSED),
        ({"error": ["<script>alert(1)</script>"], "error_description": ["<b>"]}, why.REFUSED),
        ({"error": [""]}, why.REFUSED),
        ({"error": []}, why.REFUSED),
    ],
)
def test_a_browser_that_brings_something_else_is_sent_back_before_anybody_is_asked(
    liar: Liar, changed: dict[str, list[str] | None], reason: why.Reason
) -> None:
    query = {name: values for name, values in (QUERY | changed).items() if values is not None}
    with pytest.raises(OidcTrouble) as caught:
        flow.finish(liar.provider(), KEPT, query)
    assert caught.value.reason == reason
    assert not liar.asked


def test_the_issuer_beside_the_code_is_accepted(liar: Liar) -> None:
    assert flow.finish(liar.provider(), KEPT, QUERY | {"iss": [liar.address]}).subject == "1"


@pytest.mark.parametrize(("stated", "needed"), [(True, True), (False, False), ("true", False), (None, False)])
def test_who_states_that_it_names_itself_has_to_do_it(liar: Liar, stated: object, *, needed: bool) -> None:
    liar.document["authorization_response_iss_parameter_supported"] = stated
    assert flow.finish(liar.provider(), KEPT, QUERY | {"iss": [liar.address]}).subject == "1"
    liar.asked.clear()
    if not needed:
        assert flow.finish(liar.provider(), KEPT, QUERY).subject == "1"
        return
    with pytest.raises(OidcTrouble) as caught:
        flow.finish(liar.provider(), KEPT, QUERY)
    assert caught.value.reason == why.WRONG_STATE
    assert not liar.asked["/token"]


@pytest.mark.parametrize("missing", KEPT)
def test_without_what_was_kept_nobody_comes_back(liar: Liar, missing: str) -> None:
    for kept in ({name: value for name, value in KEPT.items() if name != missing}, KEPT | {missing: ""}):
        with pytest.raises(OidcTrouble) as caught:
            flow.finish(liar.provider(), kept, QUERY)
        assert caught.value.reason == why.LOST
    assert not liar.asked


def test_every_start_is_new_and_hard_to_guess(liar: Liar) -> None:
    begun = [flow.start(liar.provider()).kept for _ in range(50)]
    values = {value for kept in begun for value in kept.values()}
    assert len(values) == 150
    assert min(len(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))) for value in values) * 8 >= 128
    assert all(43 <= len(kept["code_verifier"]) <= 128 for kept in begun)  # RFC 7636, 4.1


@pytest.mark.parametrize(
    "email", ["x@y", "ann@example.com", "Ann.O'Hara+ci@sub.example.com", "ä@例え.example", "a:b@c"]
)
def test_an_address_is_taken_as_it_is_told(liar: Liar, email: str) -> None:
    liar.claims |= {"email": email}
    assert finish(liar).email == email


@pytest.mark.parametrize(("who", "reason"), [("cognito", None), ("entra", why.NOT_STATED)])
def test_the_reported_claims_get_in_or_say_what_an_administrator_can_do(
    liar: Liar, who: str, reason: why.Reason | None
) -> None:
    stated = json.loads((FIELD / "28-id-token-claims.json").read_text())[who]
    liar.claims = {key: value for key, value in liar.claims.items() if not key.startswith("email")} | stated
    if reason:
        assert trouble_of(liar) == reason
        assert "Verify it there" not in reason.fix
    else:
        assert finish(liar).email == "ann@example.com"


@pytest.mark.parametrize(
    ("claims", "left_out"),
    [
        ({}, False),
        ({"groups": []}, False),
        ({"groups": ["a"], "_claim_names": {"groups": "src1"}}, False),
        ({"_claim_names": {"address": "src1"}}, False),
        ({"_claim_names": "groups"}, False),
        ({"hasgroups": False}, False),
        ({"hasgroups": ["true"]}, False),
        (
            {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example/"}}},
            True,
        ),
        ({"hasgroups": True}, True),
        ({"hasgroups": "true"}, True),
    ],
)
def test_groups_that_were_too_many_for_a_token_are_noticed(
    liar: Liar,
    claims: dict[str, Any],
    left_out: bool,  # noqa: FBT001
) -> None:
    liar.claims |= claims
    assert finish(liar).groups_left_out is left_out
