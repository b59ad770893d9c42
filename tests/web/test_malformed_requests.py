"""Whole requests that are odd: forged fields, bodies too large, keys in the wrong place; and what no page may hold."""

from __future__ import annotations

import gc
import json
import logging
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files import uploadedfile
from django.core.files.uploadedfile import SimpleUploadedFile

from destinations import names
from tests.malformed import bundles, fields
from tests.malformed.asking import HOST, PASSWORD, add, destination, encoded, entry, rotation, text_of, typed
from tests.malformed.bundles import BUNDLES, PEM
from tests.malformed.stored import MISSING, STORED
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
MIB = 1024 * 1024
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a file was written")

    monkeypatch.setattr(uploadedfile.tempfile, "NamedTemporaryFile", refuse)  # type: ignore[attr-defined]


def test_t14_a_name_for_the_certificate_secret_cannot_be_sent(client: Client, portal: InMemoryCluster) -> None:
    portal.load([{"metadata": {"name": "dex-config"}, "data": {"secret": "eA=="}}])
    assert add(client, certs="dex-config", certs_name="dex-config").status_code == 303
    assert names.CERTS_KEY not in portal.get_secret("one").data
    form = rotation(portal, certs="dex-config", bundle_choice="replace", bundle_text=PEM.decode())
    assert client.post("/destinations/one/rotate", form).status_code == 303
    made = portal.get_secret("one").data[names.CERTS_KEY].decode()
    assert re.fullmatch("one-ca-[0-9a-f]{8}-[0-9a-f]{8}", made)
    assert portal.get_secret(made).data == {names.BUNDLE_KEY: PEM}


def test_t14_a_foreign_certificate_secret_is_named_and_nothing_of_it_shown_but_certificates(
    client: Client, portal: InMemoryCluster
) -> None:
    canary = "canary-of-dex-3318"
    foreign = {"config.yaml": encoded(f"secret: {canary}"), names.BUNDLE_KEY: encoded(PEM + f"# {canary}\n".encode())}
    portal.load(
        [
            destination(data={names.CERTS_KEY: encoded("dex-config")}),
            {"metadata": {"name": "dex-config", "annotations": {"note": canary}}, "data": foreign},
        ]
    )
    page = text_of(client.get("/destinations/one"))
    assert "dex-config" in page
    assert "CN=CA" in page
    shown = page + "".join(text_of(client.get(path)) for path in ("/", "/destinations/one/rotate", "/api/destinations"))
    assert canary not in shown
    assert "config.yaml" not in shown
    assert client.get("/destinations/dex-config").status_code == 404


def test_t16_no_page_holds_a_password_or_tells_its_length(client: Client, portal: InMemoryCluster) -> None:
    pages = []
    for password in ("short-9", "a-much-longer-password-7731" * 9):
        fixed = {"uid": "1-2-3", "annotations": {names.ORGANIZATION_ANNOTATION: "team"}}
        portal.load([destination(json.dumps({"auths": {HOST: entry(password=password)}}), metadata=fixed)])
        answers = [
            client.get(f"/{path}") for path in ("", "destinations/one", "destinations/one/delete", "api/destinations")
        ]
        answers += [client.get(f"/destinations/one/{form}") for form in ("rotate", "edit", "repair")]
        answers.append(client.get("/destinations/new?from=one"))
        assert {answer.status_code for answer in answers} == {200}
        shown = [plain(text_of(answer)) for answer in answers]
        assert not [one for one in shown if password in one or entry(password=password)["auth"] in one]
        pages.append(shown)
    assert pages[0] == pages[1]


def plain(page: str) -> str:
    """Return a page without what differs from one answer to the next: tokens, nonces, versions."""
    page = re.sub(r'value="[A-Za-z0-9_-]{20,}"', "", page)
    page = re.sub(r'value="one [0-9-]+ \d+"', "", page)
    return re.sub(r"(resourceVersion: '|name=\"resource_version\" value=\")\d+", "", page)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "words"),
    [
        pytest.param(b"description=" + b"x" * (MIB + 1), FORM, 413, "larger than 1 MiB", id="a field over 1 MiB"),
        pytest.param(b"&".join(b"f%d=1" % n for n in range(1001)), FORM, 400, "more fields", id="1001 fields"),
        pytest.param(b"&" * 2000, FORM, 400, "more fields", id="2000 empty fields"),
        pytest.param(b"\xff" * 2000, "multipart/form-data", 400, "cannot read", id="no boundary"),
        pytest.param(b"x", "multipart/form-data; boundary=" + "b" * 9000, 400, "cannot read", id="a long boundary"),
        pytest.param(b'{"name": "one"}', "application/json", 422, "required", id="JSON"),
        pytest.param(b"\x1f\x8b" + b"x" * 99, FORM, 422, "required", id="gzip"),
        pytest.param(b"name=one", FORM + "; charset=utf-7", 400, "cannot read", id="another charset"),
    ],
)
@pytest.mark.usefixtures("no_files")
def test_t22_an_odd_body_is_refused_in_words(  # noqa: PLR0917 - the columns of a table
    client: Client, portal: InMemoryCluster, body: bytes, content_type: str, status: int, words: str
) -> None:
    answer = client.generic("POST", "/destinations/new", body, content_type)
    assert (answer.status_code, words in text_of(answer)) == (status, True)
    assert portal.list_secrets() == []


@pytest.mark.parametrize("length", ["-1", "1_0", "+5", " 5", "\u0663", "x", "9" * 30])
def test_t22_a_length_that_is_no_number_is_refused(client: Client, portal: InMemoryCluster, length: str) -> None:
    forged: dict[str, Any] = {"CONTENT_LENGTH": length}
    assert client.generic("POST", "/destinations/new", b"name=one", FORM, **forged).status_code in {400, 413}
    assert portal.list_secrets() == []


@pytest.mark.usefixtures("no_files")
def test_t22_an_upload_of_20_mib_is_refused_fast_and_written_nowhere(client: Client, portal: InMemoryCluster) -> None:
    form = typed(bundle_file=SimpleUploadedFile("ca.pem", PEM + b"#" * 20 * MIB))
    began = Stopwatch()
    answer = client.post("/destinations/new", form)
    assert answer.status_code == 413
    assert began.seconds < 1
    assert portal.list_secrets() == []


@pytest.mark.usefixtures("no_files")
def test_t22_an_upload_just_under_the_limit_stays_in_memory(client: Client, portal: InMemoryCluster) -> None:
    answer = add(client, bundle_file=SimpleUploadedFile("ca.pem", b"#" * (MIB - 4096)))
    assert answer.status_code == 422
    assert "larger than 256 KiB" in text_of(answer)
    assert portal.list_secrets() == []


def test_t22_nothing_but_memory_takes_uploads(settings: Any) -> None:
    assert settings.FILE_UPLOAD_HANDLERS == ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_t27_a_private_key_gets_nowhere(
    client: Client, portal: InMemoryCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = bundles.canary()
    add(client, name="two")
    answers = []
    for bundle in bundles.KEYS:
        content = bundle.content.decode()
        answers += [add(client, bundle_text=content), add(client, bundle_text=content, name="Bad")]
        answers.append(add(client, bundle_file=SimpleUploadedFile("key.pem", bundle.content)))
        replaced = rotation(portal, "two", bundle_choice="replace", bundle_text=content)
        answers.append(client.post("/destinations/two/rotate", replaced))
        kept = rotation(portal, "two", bundle_choice="keep", bundle_text=content)
        answers.append(client.post("/destinations/two/rotate", kept))
    assert {answer.status_code for answer in answers} == {422}
    held = json.dumps([dict(secret.manifest) for secret in portal.list_secrets()])
    shown = "".join(text_of(answer) + str(answer.headers) + str(answer.cookies) for answer in answers)
    for text in (canary, encoded(canary)[4:-8]):
        assert text not in caplog.text + shown + held
    assert all("Treat the key as exposed" in text_of(answer) for answer in answers)
    assert caplog.records


@pytest.fixture
def small_heap() -> Iterator[None]:
    """Keep what other tests left in memory out of the garbage collector's rounds, which would be timed."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("small_heap")
def test_every_malformed_answer_is_quick(
    client: Client, portal: InMemoryCluster, record_testsuite_property: Any
) -> None:
    seconds = sorted([*time_fields(client), *time_bundles(client), *time_secrets(client, portal)])
    p99 = seconds[int(len(seconds) * 0.99)]
    record_testsuite_property("answers", len(seconds))
    record_testsuite_property("p99 in ms", round(1000 * p99))
    assert len(seconds) > 300
    assert p99 < 0.2, f"p99 is {p99:.3f} s of {len(seconds)} answers, the slowest {seconds[-1]:.3f} s"


def timed(ask: Any) -> float:
    """Return seconds of the processor: neither other processes nor the measuring of coverage are the portal's fault."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        began = time.thread_time()
        assert ask().status_code < 500
        return time.thread_time() - began
    finally:
        sys.settrace(tracer)


def time_fields(client: Client) -> list[float]:
    odd = [(field, one.value) for field, odds in fields.TYPED.items() for one in odds]
    return [timed(lambda: add(client, **{field: value})) for field, value in odd]  # noqa: B023 - called at once


def time_bundles(client: Client) -> list[float]:
    files = [SimpleUploadedFile("ca.pem", bundle.content) for bundle in BUNDLES]
    return [timed(lambda: add(client, name="b", bundle_file=file)) for file in files]  # noqa: B023 - called at once


def time_secrets(client: Client, portal: InMemoryCluster) -> list[float]:
    seconds = []
    for stored in STORED:
        portal.load(stored.manifests)
        paths = ("/", "/api/destinations", "/destinations/one", "/destinations/one/rotate", "/destinations/one/delete")
        seconds += [timed(lambda: client.get(path)) for path in paths]  # noqa: B023 - called at once
        if stored.page != MISSING:
            seconds.append(timed(lambda: client.post("/destinations/one/rotate", rotation(portal, password=PASSWORD))))
    return seconds
