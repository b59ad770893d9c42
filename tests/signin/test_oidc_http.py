"""The portal asks its provider within bounds, keeps what it heard, and says of each trouble what to do."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from destinations.livecheck.threads import Threads
from edrportal.signin.oidc import flow, transport
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.flow import OidcTrouble
from tests.services.leaks import canary, known
from tests.services.pki import make_pki
from tests.services.processes import free_port
from tests.services.stopwatch import Stopwatch
from tests.signin.liar import DISCOVERY, KEPT, finish, lying

if TYPE_CHECKING:
    from pathlib import Path

    from tests.signin.liar import Liar

pytestmark = pytest.mark.people


def trouble_of(liar: Liar, **changed: str) -> why.Reason:
    with pytest.raises(OidcTrouble) as caught:
        finish(liar, **changed)
    return caught.value.reason


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (DISCOVERY, b"<html>", why.NO_DISCOVERY),
        (DISCOVERY, b"[]", why.NO_DISCOVERY),
        (DISCOVERY, b'{"issuer": "x"}', why.NO_DISCOVERY),
        (DISCOVERY, b"[" * 200_000, why.NO_DISCOVERY),
        (DISCOVERY, b"{" + b" " * 300 * 1024, why.TOO_LARGE),
        ("/token", b" " * 300 * 1024, why.TOO_LARGE),
        ("/token", b"<html>", why.NO_TOKEN),
        ("/token", b"[]", why.NO_TOKEN),
        ("/token", b"{}", why.NO_TOKEN),
        ("/token", b'{"id_token": 1}', why.NO_TOKEN),
        ("/token", b'{"id_token": "x", "expires_in": [1]}', why.NO_TOKEN),
        ("/token", b'{"error": "invalid_grant"}', why.USED_CODE),
        ("/token", b'{"error": "invalid_client"}', why.UNKNOWN_CLIENT),
        ("/token", b'{"error": "unauthorized_client"}', why.UNKNOWN_CLIENT),
        ("/token", b'{"error": "server_error", "error_description": "<b>"}', why.REFUSED),
        ("/token", b'{"error": ["invalid_grant"]}', why.REFUSED),
        ("/keys", b" " * 300 * 1024, why.TOO_LARGE),
        ("/keys", b"{}", why.NO_KEYS),
        ("/keys", b'{"keys": [1, null, {"kty": "RSA"}, {"kty": ["RSA"]}]}', why.NO_KEYS),
    ],
)
def test_each_answer_that_is_none_has_its_own_words(liar: Liar, path: str, body: bytes, reason: why.Reason) -> None:
    liar.raw[path] = body
    assert trouble_of(liar) == reason


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/keys"])
@pytest.mark.parametrize(("status", "reason"), [(302, why.REDIRECTS), (307, why.REDIRECTS), (503, why.FAILING)])
def test_a_redirect_and_a_failure_are_told_apart(liar: Liar, path: str, status: int, reason: why.Reason) -> None:
    liar.statuses[path] = status
    assert trouble_of(liar) == reason
    assert not liar.asked["/elsewhere"]


def test_an_answer_in_chunks_is_read(liar: Liar) -> None:
    liar.chunked = True
    assert finish(liar).email == "x@y"


def test_a_provider_that_is_not_there_is_down() -> None:
    flow.forget()
    address = f"http://127.0.0.1:{free_port()}"
    trouble = flow.reachable(flow.Provider(address, "", "portal", ""))
    assert trouble
    assert trouble.reason == why.DOWN


@pytest.mark.parametrize(
    "address", ["dex", "ftp://dex", "https://", "https://u@dex", "https://dex:x", "https://[::1", ""]
)
def test_an_address_that_is_none_is_said_to_be_none(address: str) -> None:
    flow.forget()
    with pytest.raises(OidcTrouble) as caught:
        flow.start(flow.Provider(address, "", "portal", ""))
    assert caught.value.reason == why.ADDRESS


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"])
def test_a_file_without_certificates_is_named_as_the_reason(liar: Liar, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.crt"
    if content is not None:
        file.write_text(content)
    assert trouble_of(liar, ca_file=str(file)) == why.CA_FILE


@pytest.mark.parametrize(("host", "reason"), [("127.0.0.1", None), ("127.0.0.2", why.UNTRUSTED)])
def test_a_certificate_has_to_bear_the_name_of_the_address(
    tmp_path: Path, host: str, reason: why.Reason | None
) -> None:
    flow.forget()
    pki = make_pki(tmp_path)
    with lying(host, tls=pki) as liar:
        trouble = flow.reachable(liar.provider(ca_file=str(pki.ca)))
    assert (trouble.reason if trouble else None) == reason


def test_plain_http_under_an_https_address_is_no_matter_of_trust(liar: Liar) -> None:
    endpoint = liar.address.replace("http:", "https:")
    assert trouble_of(liar, endpoint=endpoint, issuer=endpoint) == why.NO_TLS


@pytest.mark.parametrize("how", ["drip", "drip_head"])
def test_whoever_drips_is_left_in_two_seconds_by_everybody_who_asks(liar: Liar, how: str) -> None:
    setattr(liar, how, True)
    found: list[OidcTrouble | None] = []
    began = Stopwatch()
    threads = [threading.Thread(target=lambda: found.append(flow.reachable(liar.provider()))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert began.seconds < 3
    assert {trouble.message for trouble in found if trouble} == {why.SLOW.message}
    assert (len(found), liar.asked[DISCOVERY]) == (10, 1)


def test_calls_that_hang_are_few(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_threads", Threads(1))
    monkeypatch.setattr(flow, "_GLANCE_SECONDS", 0.2)
    liar.drip_head = True
    assert flow.reachable(liar.provider())
    liar.drip_head = False
    other = liar.provider(issuer=liar.address.replace("127.0.0.1", "localhost"))
    began = Stopwatch()
    assert flow.reachable(other)
    assert began.seconds < 0.1


def test_discovery_and_keys_are_asked_for_once(liar: Liar) -> None:
    for _ in range(3):
        flow.start(liar.provider())
        finish(liar)
        assert flow.reachable(liar.provider()) is None
    assert (liar.asked[DISCOVERY], liar.asked["/keys"], liar.asked["/token"]) == (1, 1, 3)


def test_a_glance_is_ten_seconds_old_at_most_and_a_trouble_five(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr("edrportal.signin.oidc.discovery.monotonic", lambda: now)
    assert flow.reachable(liar.provider()) is None
    liar.statuses[DISCOVERY] = 500
    now += 9
    assert flow.reachable(liar.provider()) is None
    now += 2
    assert flow.reachable(liar.provider())
    liar.statuses.clear()
    now += 4
    assert flow.reachable(liar.provider())
    now += 2
    assert flow.reachable(liar.provider()) is None


def test_a_new_key_is_found_and_unknown_ones_cost_a_question_every_ten_seconds(
    liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("edrportal.signin.oidc.discovery.monotonic", lambda: now)
    finish(liar)
    liar.key = RSAKey.generate_key(2048, {"kid": "two"})
    liar.header = {"alg": "RS256", "kid": "two"}
    liar.keys = [liar.key.as_dict(private=False)]
    assert finish(liar).email == "x@y"
    liar.header["kid"] = "three"
    for _ in range(3):
        assert trouble_of(liar) == why.FORGED
    assert liar.asked["/keys"] == 2
    now += 11
    assert trouble_of(liar) == why.FORGED
    assert liar.asked["/keys"] == 3


def test_a_key_that_was_withdrawn_counts_for_ten_minutes_at_most(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr("edrportal.signin.oidc.discovery.monotonic", lambda: now)
    finish(liar)
    liar.keys = [RSAKey.generate_key(2048, {"kid": "two"}).as_dict(private=False)]
    now += 601
    assert trouble_of(liar) == why.FORGED


def test_keys_of_other_kinds_do_not_spoil_the_set(liar: Liar) -> None:
    liar.keys = [
        OctKey.generate_key(256).as_dict(),
        {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "!" * 400, "e": "AQAB"},
        *liar.keys,
    ]
    assert finish(liar).email == "x@y"


@pytest.mark.filterwarnings("ignore:Key size")
@pytest.mark.parametrize("bits", [1024, 2040])
def test_a_short_key_is_no_key(liar: Liar, bits: int) -> None:
    liar.key = RSAKey.generate_key(bits, {"kid": "one"})
    liar.keys = [liar.key.as_dict(private=False)]
    assert trouble_of(liar) == why.NO_KEYS


def test_a_key_for_encryption_signs_nothing(liar: Liar) -> None:
    liar.keys = [liar.keys[0] | {"use": "enc"}, ECKey.generate_key("P-256").as_dict(private=False)]
    assert trouble_of(liar) == why.FORGED


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"authorization_endpoint": "https://evil.example/auth"}, why.ELSEWHERE),
        ({"authorization_endpoint": "https://dex.example.evil.example/auth"}, why.ELSEWHERE),
        ({"authorization_endpoint": "javascript:alert(1)"}, why.ELSEWHERE),
        ({"token_endpoint": "http://elsewhere.example/token"}, why.ELSEWHERE),
        ({"jwks_uri": "file:///etc/passwd"}, why.ELSEWHERE),
        ({"jwks_uri": 1}, why.NO_DISCOVERY),
        ({"issuer": "https://dex.example/"}, why.OTHER_ISSUER),
        ({"issuer": None}, why.NO_DISCOVERY),
    ],
)
def test_addresses_that_are_not_the_providers_are_not_used(
    liar: Liar, changed: dict[str, object], reason: why.Reason
) -> None:
    issuer = "https://dex.example"
    own = {key: str(value).replace(liar.address, issuer) for key, value in liar.document.items()}
    liar.document = own | changed
    with pytest.raises(OidcTrouble) as caught:
        flow.start(liar.provider(issuer=issuer))
    assert caught.value.reason == reason


def test_browsers_go_to_the_issuer_and_the_portal_to_the_endpoint(liar: Liar) -> None:
    issuer = "https://dex.example/dex"
    own = {key: str(value).replace(liar.address, issuer) for key, value in liar.document.items()}
    liar.document = own | {"authorization_endpoint": f"{liar.address}/auth?tenant=a"}
    liar.claims["iss"] = issuer
    url = urlsplit(flow.start(liar.provider(issuer=issuer)).url)
    assert (url.scheme, url.netloc, url.path) == ("https", "dex.example", "/dex/auth")
    assert parse_qs(url.query)["tenant"] == ["a"]
    assert finish(liar, issuer=issuer, endpoint=f"{liar.address}/").email == "x@y"
    assert liar.asked == {DISCOVERY: 2, "/token": 1, "/keys": 1}


def test_id_and_secret_are_sent_as_the_standard_encodes_them(liar: Liar) -> None:
    secret = canary("client secret")
    liar.claims["aud"] = "the portal+1"
    finish(liar, client_id="the portal+1", client_secret=secret)
    scheme, _, coded = liar.authorization.partition(" ")
    sent = [unquote_plus(part) for part in b64decode(coded).decode("ascii").split(":")]
    assert (scheme, sent) == ("Basic", ["the portal+1", secret])
    assert "client_secret" not in parse_qs(liar.form)


def test_a_public_client_sends_its_id_and_the_verifier_alone(liar: Liar) -> None:
    finish(liar, client_secret="")
    assert not liar.authorization
    form = parse_qs(liar.form)
    assert (form["client_id"], form["code_verifier"]) == (["portal"], [KEPT["code_verifier"]])
    assert "client_secret" not in form


def test_nothing_secret_is_logged_or_stands_in_an_exception(liar: Liar, caplog: pytest.LogCaptureFixture) -> None:
    for logger in ("", "urllib3"):
        caplog.set_level("DEBUG", logger)
    secret, code = canary("client secret"), canary("code", special=False)
    kept = {name: canary(name, special=False) for name in KEPT}
    provider = liar.provider(client_secret=secret)
    seen = [repr(provider)]
    for path, body in [
        ("/token", None),
        ("/token", b"<html>"),
        ("/token", b'{"error": "invalid_grant"}'),
        ("/keys", b"[]"),
    ]:
        flow.forget()
        liar.raw = {path: body} if body else {}
        liar.more = {"access_token": known("an-access-token-of-the-liar")}
        with pytest.raises(OidcTrouble) as caught:
            flow.finish(provider, kept, {"state": [kept["state"]], "code": [code]})
        error: BaseException | None = caught.value
        while error:
            seen += [repr(error), str(error)]
            error = error.__cause__ or error.__context__
    liar.raw = {}
    begun = flow.start(provider)
    for verifier in begun.kept.values():
        known(verifier)
    seen.append(repr(begun))
    told = "\n".join([*seen, caplog.text])
    for text in (secret, code, "an-access-token-of-the-liar", *kept.values(), *begun.kept.values()):
        assert text not in told
    assert why.NO_TOKEN.message in told  # something was logged at all


def test_every_trouble_says_what_happened_and_what_to_do() -> None:
    reasons = [value for value in vars(why).values() if isinstance(value, why.Reason)]
    assert len({reason.message for reason in reasons}) == len(reasons) > 20
    for reason in reasons:
        assert reason.message.endswith(".")
        assert reason.fix.endswith(".")
        assert "<" not in json.dumps(reason)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"x" * 300_000, b"\xff", b"[" * 100_000, b'{"keys": 7, "issuer": 7}']
)
def test_an_answer_that_is_none_is_refused(liar: Liar, path: str, raw: bytes) -> None:
    liar.raw[path] = raw
    with pytest.raises(OidcTrouble) as caught:
        finish(liar)
    assert caught.value.fix


def test_a_provider_that_drips_is_left_after_seconds(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "_FINISH_SECONDS", 0.5)
    liar.drip = True
    begun = Stopwatch()
    with pytest.raises(OidcTrouble, match="timed out"):
        finish(liar)
    assert begun.seconds < 5


def test_neither_proxy_nor_netrc_of_the_environment_is_used(
    liar: Liar, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert finish(liar).email == "x@y"
