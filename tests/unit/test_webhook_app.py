"""The webhook's answers, without a port: what is no question, what is warned of, and what cannot be judged."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from destinations import current, docker_config, names
from destinations.demo import certificate
from destinations.model import Credentials, Secret
from edrportal.webhook import app
from tests.services.leaks import known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.memory import InMemoryCluster

PASSWORD = known("canary-webhook-app-5193")
HIDDEN: dict[str, Any] = {"metadata": {"name": "harbor", "labels": {names.REGISTRY_LABEL: "true"}}, "data": {}}


@pytest.fixture(autouse=True)
def watched(memory_cluster: InMemoryCluster) -> Iterator[InMemoryCluster]:
    watches = current.watches_over(memory_cluster)
    with current.use(memory_cluster, *watches):
        yield memory_cluster
    for one in watches:
        one.close()


def ask(body: bytes, *, path: str = app.PATH, method: str = "POST", length: str | None = None) -> tuple[int, bytes]:
    told: list[str] = []
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "wsgi.input": io.BytesIO(body),
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
    config = docker_config.new("harbor.example.com", Credentials("robot", PASSWORD))
    data = {names.CONFIG_KEY: b64encode(config).decode(), "certs": b64encode(b"ca").decode()}
    annotations = {names.ORGANIZATION_ANNOTATION: "team"}
    sound = {"metadata": {**HIDDEN["metadata"], "annotations": annotations}, "data": data}
    assert "warnings" not in response({"object": sound})
    looks += [{}, {}]
    assert "exports to it will fail" in response({"object": sound})["warnings"][0]
