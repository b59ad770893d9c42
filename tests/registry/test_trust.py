"""Over real handshakes: which servers' certificates are taken, as Go takes them, and what is said of those that are not."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from destinations.livecheck.registry import trust as gochain
from destinations.livecheck.registry.port import Code, Outcome, Side, Step, Trust
from tests.registry.asking import Authority, basic, check, code, plan, serving
from tests.registry.certificates import CLIENT, SERVER, Made, by_sha1, made, server, uses
from tests.registry.talker import says, talking
from tests.services.fault_servers import old_tls
from tests.services.parts import DIAL, Missing, program

if TYPE_CHECKING:
    from pathlib import Path

ROOT = made("root", ca=True)
BELOW = made("below", ROOT, ca=True)
LEAF = made("server", ROOT, names=("127.0.0.1",))
DEEP = made("server", BELOW, names=("127.0.0.1",))
SELF = made("server", names=("127.0.0.1",))
PATH0 = made("path", ROOT, ca=True, path=0)
UNDER_PATH0 = made("under", PATH0, ca=True)
NO_CA = made("no ca", ROOT, ca=False)
UNSAID = made("unsaid", ROOT, uses("key_cert_sign"))
NO_SIGN = made("no sign", ROOT, uses("digital_signature"), ca=True)
FOR_CLIENTS = made("for clients", ROOT, x509.ExtendedKeyUsage([CLIENT]), ca=True)
OLD_CA = made("old", ROOT, ca=True, days=(-9, -1))
RSA = made("rsa", ca=True, key=rsa.generate_private_key(65537, 2048))
SHA1 = by_sha1(made("sha1", RSA, ca=True, key=rsa.generate_private_key(65537, 2048)), RSA)
SHA1_ROOT = by_sha1(made("sha1 root", ca=True, key=RSA.key))
INSIDE = made("inside", ROOT, x509.NameConstraints([x509.IPAddress(ip_network("127.0.0.0/8"))], None), ca=True)
OUTSIDE = made("outside", ROOT, x509.NameConstraints([x509.IPAddress(ip_network("10.0.0.0/8"))], None), ca=True)


def leaf(by: Made | None, *more: x509.ExtensionType, **changed: Any) -> Made:
    return made("server", by, *more, **{"names": ("127.0.0.1",), **changed})


# what the bundle holds, what the server presents, and the code; TRUSTED where Go's Verify says so, too
CHAINS: dict[str, tuple[Made, tuple[Made, ...], Code]] = {
    "root": (ROOT, (LEAF,), Code.TRUSTED),
    "root and intermediate": (ROOT, (DEEP, BELOW), Code.TRUSTED),
    "intermediate missing": (ROOT, (DEEP,), Code.UNKNOWN_AUTHORITY),
    "an intermediate alone": (BELOW, (DEEP,), Code.TRUSTED),
    "an intermediate, presented with it": (BELOW, (DEEP, BELOW), Code.TRUSTED),
    "the server's own": (LEAF, (LEAF,), Code.TRUSTED),
    "the server's own, signed by itself": (SELF, (SELF,), Code.TRUSTED),
    "signed by itself, unknown": (ROOT, (SELF,), Code.UNKNOWN_AUTHORITY),
    "another root": (made("root", ca=True), (LEAF,), Code.UNKNOWN_AUTHORITY),
    "expired": (ROOT, (leaf(ROOT, days=(-9, -1)),), Code.EXPIRED),
    "expired, the server's own": ((old := leaf(None, days=(-9, -1))), (old,), Code.EXPIRED),
    "not yet": (ROOT, (leaf(ROOT, days=(1, 2)),), Code.NOT_YET_VALID),
    "an expired intermediate": (ROOT, (leaf(OLD_CA), OLD_CA), Code.EXPIRED),
    "another address": (ROOT, (leaf(ROOT, names=("127.0.0.2",)),), Code.NAME_MISMATCH),
    "the address as a name": (ROOT, (made("x", ROOT, x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")])),),
                              Code.NAME_MISMATCH),
    "a path too long": (ROOT, (leaf(UNDER_PATH0), UNDER_PATH0, PATH0), Code.BAD_CERTIFICATE),
    "a path just so long": (ROOT, (leaf(PATH0), PATH0), Code.TRUSTED),
    "an issuer that is no CA": (ROOT, (leaf(NO_CA), NO_CA), Code.BAD_CERTIFICATE),
    "an issuer that does not say that it is a CA": (ROOT, (leaf(UNSAID), UNSAID), Code.BAD_CERTIFICATE),
    "a bundle that does not say that it is a CA": (UNSAID, (leaf(UNSAID),), Code.BAD_CERTIFICATE),
    "an issuer that may not sign": (ROOT, (leaf(NO_SIGN), NO_SIGN), Code.BAD_CERTIFICATE),
    "for clients": (ROOT, (leaf(ROOT, x509.ExtendedKeyUsage([CLIENT])),), Code.BAD_CERTIFICATE),
    "for servers": (ROOT, (leaf(ROOT, x509.ExtendedKeyUsage([CLIENT, SERVER])),), Code.TRUSTED),
    "an issuer for clients": (ROOT, (leaf(FOR_CLIENTS), FOR_CLIENTS), Code.BAD_CERTIFICATE),
    "SHA-1": (RSA, (by_sha1(leaf(RSA), RSA),), Code.BAD_CERTIFICATE),
    "SHA-1, the server's own": ((weak := by_sha1(leaf(None, key=RSA.key))), (weak,), Code.TRUSTED),
    "SHA-1 in a root": (SHA1_ROOT, (leaf(SHA1_ROOT),), Code.TRUSTED),
    "SHA-1 in an intermediate": (RSA, (leaf(SHA1), SHA1), Code.BAD_CERTIFICATE),
    "SHA-1 in an intermediate that is trusted": (SHA1, (leaf(SHA1), SHA1), Code.TRUSTED),
    "SHA-1 beside the way": (ROOT, (LEAF, SHA1), Code.TRUSTED),
    "SHA-224": (ROOT, (leaf(ROOT, digest=hashes.SHA224()),), Code.BAD_CERTIFICATE),
    "a curve that Go does not read": (ROOT, (leaf(ROOT, key=ec.generate_private_key(ec.SECP256K1())),), Code.NO_TLS),
    "a curve that Go does not read, beside the way": (
        ROOT, (LEAF, made("x", key=ec.generate_private_key(ec.SECP256K1()))), Code.BAD_CERTIFICATE),
    "names inside": (ROOT, (leaf(INSIDE), INSIDE), Code.TRUSTED),
    "names outside": (ROOT, (leaf(OUTSIDE), OUTSIDE), Code.BAD_CERTIFICATE),
}  # fmt: skip


@pytest.mark.parametrize("what", CHAINS)
def test_a_server_is_taken_as_go_takes_it(what: str, tmp_path: Path) -> None:
    bundle, chain, expected = CHAINS[what]
    with serving(basic, server(tmp_path, *chain)) as asked:
        report = check(plan(asked.port, bundle.trust))
    found = code(report, Step.TLS, Side.CHART)
    assert found == (expected, expected is Code.TRUSTED)
    if expected is not Code.NO_TLS:
        assert report.chain == tuple(one.certificate.public_bytes(serialization.Encoding.DER) for one in chain)
    assert bool(asked.asked) is (expected is Code.TRUSTED)


@pytest.mark.parametrize(("bits", "chain"), [((2049, 9000), (leaf(RSA),)), ((1024, 2048), (LEAF, RSA))])
def test_an_rsa_key_has_to_be_of_a_size_that_go_takes(
    bits: tuple[int, int], chain: tuple[Made, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No library makes a key that is too short any more: so let the bounds move, and not the key."""
    monkeypatch.setattr(gochain, "_RSA_BITS", range(*bits))
    with serving(basic, server(tmp_path, *chain)) as asked:
        report = check(plan(asked.port, (RSA if len(chain) == 1 else ROOT).trust))
    assert code(report, Step.TLS, Side.CHART) == (Code.BAD_CERTIFICATE, False)


def test_go_stops_at_the_first_certificate_that_it_trusts(tmp_path: Path) -> None:
    own = by_sha1(leaf(RSA), RSA)
    trust = Trust((own.pem, RSA.pem), public=False)  # OpenSSL goes on to the root
    with serving(basic, server(tmp_path, own)) as asked:
        report = check(plan(asked.port, trust))
        assert go_says(asked.port, "127.0.0.1", trust, tmp_path) == "ok"
    assert code(report, Step.TLS, Side.CHART) == (Code.TRUSTED, True)


NAMES: dict[str, tuple[str, tuple[str, ...], Code]] = {
    "its name": ("registry.example.com", ("registry.example.com",), Code.TRUSTED),
    "its name in capitals": ("registry.example.com", ("REGISTRY.example.com",), Code.TRUSTED),
    "another": ("registry.example.com", ("other.example.com",), Code.NAME_MISMATCH),
    "a wildcard": ("registry.example.com", ("*.example.com",), Code.TRUSTED),
    "a wildcard too low": ("a.registry.example.com", ("*.example.com",), Code.NAME_MISMATCH),
    "half a wildcard": ("registry.example.com", ("reg*.example.com",), Code.NAME_MISMATCH),
    "a wildcard within": ("registry.example.com", ("registry.*.com",), Code.NAME_MISMATCH),
    "a common name alone": ("registry.example.com", (), Code.COMMON_NAME_ONLY),
    "a common name beside an address": ("registry.example.com", ("10.0.0.1",), Code.NAME_MISMATCH),
}


@pytest.mark.parametrize("what", NAMES)
def test_a_name_is_taken_as_go_takes_it(what: str, tmp_path: Path) -> None:
    host, names, expected = NAMES[what]
    with serving(basic, server(tmp_path, made(host, ROOT, names=names))) as asked:
        report = check(plan(asked.port, ROOT.trust, host=host), resolve=lambda *_: [ip_address("127.0.0.1")])
    assert code(report, Step.TLS, Side.CHART) == (expected, expected is Code.TRUSTED)


LIMITS: dict[str, tuple[str, tuple[Made, ...]]] = {
    "a wildcard of two labels": ("registry.lan", (made("x", ROOT, names=("*.lan",)),)),
    "a key usage that allows no handshake": ("127.0.0.1", (leaf(ROOT, uses("key_cert_sign")),)),
}


def go_says(port: int, host: str, trust: Trust, directory: Path) -> str:
    """Return what Go's crypto/tls makes of the server."""
    try:
        dial = program(DIAL)
    except Missing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    (bundle := directory / "bundle.pem").write_bytes(b"".join(trust.pems))
    return subprocess.check_output([dial, f"127.0.0.1:{port}", host, bundle], text=True).strip()


@pytest.mark.parametrize("what", CHAINS)
def test_go_agrees_on_the_chain(what: str, tmp_path: Path) -> None:
    bundle, chain, expected = CHAINS[what]
    with serving(basic, server(tmp_path, *chain)) as asked:
        said = go_says(asked.port, "127.0.0.1", bundle.trust, tmp_path)
    assert (said == "ok") is (expected is Code.TRUSTED), said


@pytest.mark.parametrize("what", NAMES)
def test_go_agrees_on_the_name(what: str, tmp_path: Path) -> None:
    host, names, expected = NAMES[what]
    with serving(basic, server(tmp_path, made(host, ROOT, names=names))) as asked:
        said = go_says(asked.port, host, ROOT.trust, tmp_path)
    assert (said == "ok") is (expected is Code.TRUSTED), said


@pytest.mark.parametrize("what", LIMITS)
def test_what_go_takes_and_the_check_does_not_is_known(what: str, tmp_path: Path) -> None:
    host, chain = LIMITS[what]
    with serving(basic, server(tmp_path, *chain)) as asked:
        report = check(plan(asked.port, ROOT.trust, host=host), resolve=lambda *_: [ip_address("127.0.0.1")])
        assert go_says(asked.port, host, ROOT.trust, tmp_path) == "ok"
    assert code(report, Step.TLS, Side.CHART) in {(Code.NAME_MISMATCH, False), (Code.BAD_CERTIFICATE, False)}


def test_an_address_of_ipv6_is_asked_by_its_literal(tmp_path: Path) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    context = server(tmp_path, made("server", ROOT, names=("::1",)))
    with talking(says(reply), context, host="::1") as talker:
        report = check(plan(talker.port, ROOT.trust, host="[::1]"))
    assert code(report, Step.REGISTRY, Side.IMAGE) == (Code.WANTS_NOTHING, True)


def test_a_bundle_trusts_nobody_else_and_the_public_trust_it_not(authority: Authority) -> None:
    with serving(basic, authority.context()) as asked:
        for trust in (Trust((), public=False), Trust((b"no certificate",), public=False), Trust()):
            report = check(plan(asked.port, trust))
            assert code(report, Step.TLS, Side.CHART) == (Code.UNKNOWN_AUTHORITY, False)


def test_the_tools_part_where_they_trust_differently(authority: Authority) -> None:
    with serving(basic, authority.context()) as server_:
        asked = plan(server_.port, authority.trust)
        report = check(replace(asked, chart=replace(asked.chart, trust=Trust())))
    assert (report.chart, report.image) == (Outcome.FAIL, Outcome.PASS)
    assert code(report, Step.TLS, Side.CHART) == (Code.UNKNOWN_AUTHORITY, False)


def test_old_tls_is_told(authority: Authority) -> None:
    with serving(basic, old_tls(authority.context())) as asked:
        report = check(plan(asked.port, authority.trust))
    assert code(report, Step.TLS, Side.CHART) == (Code.OLD_TLS, False)


@pytest.mark.parametrize(
    ("said", "expected"),
    [(b"HTTP/1.0 400 Bad Request\r\n\r\n", Code.PLAIN_HTTP), (b"SSH-2.0-x\r\n", Code.NO_TLS), (b"", Code.NO_TLS)],
)
@pytest.mark.parametrize("lenient", [False, True])
def test_what_is_no_tls_is_told(said: bytes, expected: Code, lenient: bool) -> None:  # noqa: FBT001
    with talking(says(said)) as talker:
        report = check(replace(plan(talker.port, Trust()), lenient=lenient))
    helm = None if lenient and expected is Code.PLAIN_HTTP else False
    assert [code(report, Step.TLS, side) for side in (Side.CHART, Side.IMAGE)] == [(expected, helm), (expected, False)]
