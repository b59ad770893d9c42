"""The webhook's answers, without a port: what is no question, what is warned of, and what cannot be judged."""

from __future__ import annotations

import io
import json
import threading
import time
import tracemalloc
import weakref
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.model import Credentials, Secret
from destinations.secret import docker_config
from edrportal.demo.cluster import certificate
from edrportal.serving.limits import REFUSAL
from edrportal.webhook import admission, app
from tests.services import composition
from tests.services.leaks import known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.memory import InMemoryCluster

PASSWORD = known("canary-webhook-app-5193")
HIDDEN: dict[str, Any] = {"metadata": {"name": "harbor", "labels": {names.REGISTRY_LABEL: "true"}}, "data": {}}


@pytest.fixture(autouse=True)
def watched(memory_cluster: InMemoryCluster) -> Iterator[InMemoryCluster]:
    watches = composition.watches_over(memory_cluster)
    with composition.use(memory_cluster, *watches):
        yield memory_cluster
    for one in watches:
        one.close()


def ask(
    body: bytes, *, path: str = app.PATH, method: str = "POST", length: str | None = None, refusal: str = ""
) -> tuple[int, bytes]:
    told: list[str] = []
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "wsgi.input": io.BytesIO(body),
        REFUSAL: refusal,
    }
    content = b"".join(app.application(environ, lambda status, *_: told.append(status)))  # type: ignore[arg-type]
    return int(told[0].split()[0]), content


def response(request: dict[str, Any]) -> dict[str, Any]:
    status, body = ask(json.dumps({"request": {"uid": "u", **request}}).encode())
    assert status == 200
    answer: dict[str, Any] = json.loads(body)["response"]
    assert answer["allowed"] is True
    return answer


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"body": b"{}", "path": "/other"}, 404),
        ({"body": b"{}", "method": "GET"}, 405),
        ({"body": b"{}", "length": ""}, 411),
        ({"body": b"{}", "length": "-1"}, 411),
        ({"body": b"{}", "length": str(app.MAX_BYTES + 1)}, 413),
        ({"body": b"{}", "length": "9" * 5000}, 413),
        ({"body": b"{"}, 400),
        ({"body": b"[]"}, 400),
        ({"body": b"[" * 100_000}, 400),
        ({"body": b"{}"}, 400),
        ({"body": b"[" + b"{}," * 200_000 + b"{}]"}, 413),
        ({"body": b'{"a":' * 200_000}, 413),
        ({"body": b"1," * 1_000_000}, 413),
    ],
)
def test_what_is_no_question_is_refused(question: dict[str, Any], status: int) -> None:
    found, body = ask(**question)
    assert found == status
    assert b"an AdmissionReview by POST to /warn is answered here" in body


def test_a_question_is_answered_with_a_warning_or_in_silence() -> None:
    assert response({"object": HIDDEN})["warnings"][0].startswith("Epinio will hide 'harbor': ")
    assert "warnings" not in response({"object": {"metadata": {"name": "other"}, "data": {}}})
    assert "warnings" not in response({"oldObject": HIDDEN})


@pytest.mark.parametrize("spoiled", [{"metadata": "a"}, {"metadata": {"name": "a"}, "data": {"a": PASSWORD}}, "text"])
def test_what_cannot_be_judged_is_let_through_and_nothing_of_it_is_told(
    spoiled: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert response({"object": spoiled}) == {"uid": "u", "allowed": True}
    assert "a review was not judged" in caplog.text
    assert PASSWORD not in caplog.text


def test_it_gets_to_know_the_namespace_beforehand(watched: InMemoryCluster) -> None:
    watched.load([HIDDEN])
    app.warm_up()
    assert response({"object": HIDDEN})["warnings"]


def test_certificates_that_were_applied_a_moment_before_are_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch has them at the second look, as when one file holds both Secrets."""
    bundle = Secret("ca", data={"tls.crt": certificate(datetime.now(UTC), days=300)})
    looks: list[dict[str, Secret]] = [{}, {"ca": bundle}]
    monkeypatch.setattr(app, "_others", lambda: looks.pop(0))
    config = docker_config.new("harbor.example.com", Credentials("robot$ci", PASSWORD))
    data = {names.CONFIG_KEY: b64encode(config).decode(), "certs": b64encode(b"ca").decode()}
    annotations = {names.ORGANIZATION_ANNOTATION: "team"}
    sound = {"metadata": {**HIDDEN["metadata"], "annotations": annotations}, "data": data}
    assert "warnings" not in response({"object": sound})
    looks += [{}, {}]
    assert "exports to it will fail" in response({"object": sound})["warnings"][0]


FULL_OF = [b"{},", b'{"a":', b"[", b'"a":1,', b'"\\u0041",', b"1.5,", b"1e9,", b"1", b'"a\\n', b"null ", b"\xff", b" "]


@pytest.mark.parametrize("token", FULL_OF, ids=repr)
def test_a_question_full_of_one_thing_costs_little(token: bytes) -> None:
    body = (token * app.MAX_BYTES)[: app.MAX_BYTES]
    tracemalloc.start()
    try:
        began = time.process_time()
        status, _ = ask(body)
        took, (_, most) = time.process_time() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status in {400, 413}
    assert took < 0.5
    assert most < 32 * 1024 * 1024


def test_the_largest_change_of_a_secret_is_read() -> None:
    """Before and after, each with as much as two MiB of base64 leave."""
    manifest = {**HIDDEN, "data": {"ballast": b64encode(b"a" * 700 * 1024).decode()}}
    assert response({"object": manifest, "oldObject": manifest})["warnings"]


def test_four_are_read_at_once_and_the_next_is_let_through_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_WAIT_SECONDS", 0.1)
    go_on, reading = threading.Event(), threading.Semaphore(0)
    read = admission.read

    def slowly(question: Any) -> Any:
        reading.release()
        assert go_on.wait(10)
        return read(question)

    monkeypatch.setattr(admission, "read", slowly)
    body = json.dumps({"request": {"uid": "u", "object": HIDDEN}}).encode()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, body) for _ in range(4)]
        for _ in range(4):
            reading.acquire(timeout=10)
        assert ask(body)[0] == 503
        go_on.set()
        assert [one.result()[0] for one in asked] == [200] * 4
    assert ask(body)[0] == 200


@pytest.mark.parametrize("refusal", ["busy", "crowded"])
def test_what_the_server_found_no_place_for_is_not_read(refusal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_read", lambda _: pytest.fail("it was read"))
    assert ask(b"{}", refusal=refusal)[0] == 503


def test_the_body_is_gone_before_anything_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Body(io.BytesIO):
        """One that can be missed."""

    kept: list[weakref.ref[Body]] = []

    def judged(_: object) -> list[str]:
        assert kept[0]() is None
        return []

    def made(content: bytes) -> Body:
        one = Body(content)
        kept.append(weakref.ref(one))
        return one

    monkeypatch.setattr(app, "_judged", judged)
    monkeypatch.setattr(io, "BytesIO", made)
    assert response({"object": HIDDEN}) == {"uid": "u", "allowed": True}
