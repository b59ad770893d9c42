"""What holds for any Secret, any PEM and any manifest; HYPOTHESIS_PROFILE=soak tries many more of them."""

from __future__ import annotations

import contextlib
import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations.access import UNLIMITED
from destinations.golang import gojson
from destinations.model import Credentials, InputError, Snapshot
from destinations.overview import rows, table
from destinations.overview import text as verdict_text
from destinations.overview.filters import Filter
from destinations.overview.index.census import Census
from destinations.overview.index.sight import Sight
from destinations.secret import docker_config, manifests
from destinations.secret.codec import read_secret
from destinations.verdict import certificates
from tests.malformed import bundles
from tests.malformed.strategies import documents, namespaces, pem_texts

pytestmark = [
    pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning"),
    pytest.mark.timeout(1200),
]
NOW = datetime.now(UTC)
cheap = settings(max_examples=10 * settings().max_examples)


@given(namespaces())
def test_any_namespace_is_judged_and_shown(namespace: list[dict[str, object]]) -> None:
    found = [read_secret(manifest) for manifest in namespace]
    shown = table.rows(Snapshot.of(found, NOW))
    assert Census(shown, Sight("", sees_all=True, authority=UNLIMITED)).select(Filter()).total == len(shown)
    judged = rows.judge_namespace(Snapshot.of(found, NOW))
    json.dumps([rows.row(one) for one in judged], ensure_ascii=False).encode()
    verdict_text.render(judged, colour=False).encode()
    for row in shown:
        f"{row.reason}{row.url}{row.organization}{row.bundle}{row.age}".encode()


@given(namespaces())
def test_a_rotated_configuration_holds_what_was_typed_and_all_that_was_there(
    namespace: list[dict[str, object]],
) -> None:
    typed = Credentials("robot", 'pä"ss\n')
    for secret in map(read_secret, namespace):
        old = secret.data.get(".dockerconfigjson", b"")
        with contextlib.suppress(InputError):
            new = docker_config.rotated(old, typed).content
            assert docker_config.rotated(new, typed).content == new
            before, after = gojson.parse(old), gojson.parse(new)
            assert isinstance(before, dict)
            assert isinstance(after, dict)
            assert {key: value for key, value in after.items() if key != "auths"} == {
                key: value for key, value in before.items() if key != "auths"
            }
            (entry,) = json.loads(new)["auths"].values()
            assert (entry["username"], entry["password"]) == (typed.username, typed.password)


@cheap
@given(pem_texts())
def test_any_bundle_is_read_and_what_is_written_back_stays_the_same(text: bytes) -> None:
    bundle = certificates.read_bundle(text)
    again = certificates.read_bundle(bundle.pem)
    assert again.pem == bundle.pem
    assert again.certificates == bundle.certificates
    assert not bundle.certificates or not again.problems
    assert bundle.certificates or bundle.problems
    assert b"PRIVATE" not in bundle.pem
    for one in bundle.certificates:
        assert f"{one.subject}{one.issuer}{one.key}".isprintable()
        assert one.health(NOW)
    new = certificates.read_new_bundle(text, NOW)
    assert certificates.read_bundle(new.pem).certificates == new.certificates
    assert b"PRIVATE" not in new.pem
    assert len(new.certificates) >= len(bundle.certificates) or new.problems


@cheap
@given(st.lists(st.tuples(st.integers(0, len(bundles.DER) - 1), st.integers(0, 255)), max_size=4))
def test_any_mutated_certificate_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    der = bytearray(bundles.DER)
    for at, byte in changes:
        der[at] = byte
    bundle = certificates.read_bundle(bundles.pem(bytes(der)))
    assert certificates.read_bundle(bundle.pem).pem == bundle.pem
    assert bool(bundle.certificates) is not bool(bundle.problems)


@given(documents())
def test_any_document_is_judged_or_refused_in_words(document: object) -> None:
    check_text(json.dumps(document))


@given(st.text() | st.text("[]{}:,-?!&*|>'\"%@ \nab01"))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    check_text(text)


def check_text(text: str) -> None:
    try:
        found = [manifests.secret_of(one, namespace="epinio") for one in manifests.documents(text)]
    except InputError as error:
        check_words(str(error))
        return
    judged = rows.judge_namespace(Snapshot.of([secret for secret in found if secret], NOW))
    json.dumps([rows.row(one) for one in judged], ensure_ascii=False).encode()
    verdict_text.render(judged, colour=True).encode()


def check_words(words: str) -> None:
    assert words.isprintable()
    words.encode()


@cheap
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_the_credentials_of_any_auth_can_be_shown_and_written(user: bytes, password: bytes) -> None:
    auth = b64encode(user + b":" + password).decode()
    config = json.dumps({"auths": {"a.example.com": {"auth": auth}}})
    secret = read_secret(
        {
            "metadata": {"annotations": {"epinio.io/registry-namespace": "t"}},
            "data": {".dockerconfigjson": b64encode(config.encode()).decode()},
        }
    )
    found = docker_config.stored_credentials(secret)
    if found:
        assert f"{found.username}:{found.password}".encode() == user + b":" + password
        assert docker_config.new("a.example.com", found)
