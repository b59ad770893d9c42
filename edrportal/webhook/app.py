"""Answers the API server's questions; never with a refusal, and never with more than a moment's work."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from threading import BoundedSemaphore, Thread
from wsgiref.types import StartResponse, WSGIEnvironment

from destinations.cluster.port import ClusterError
from destinations.model import Secret, Snapshot
from destinations.secret import codec
from edrportal import composition
from edrportal.serving.limits import REFUSAL, Limits
from edrportal.serving.ports import Places, Site
from edrportal.telemetry import counters
from edrportal.webhook import admission
from edrportal.webhook.admission import Review, warnings

_LOG = logging.getLogger(__name__)
PATH = "/warn"
_LAG_SECONDS = 0.05
"""The watch sees what the API server stored a moment later; an answer may take twice this."""
MAX_BYTES = 2 * 1024 * 1024
"""A change of a Secret up to 700 KiB, before and after in base64; that of a larger one passes without a warning."""
MAX_PARTS = 100_000
"""Each member and item costs some hundred bytes; no two Secrets have a tenth of these."""
_AT_ONCE = 4
_WAIT_SECONDS = 1.0
"""The API server waits two seconds."""
_CONNECTIONS = 700
_PARSING = BoundedSemaphore(_AT_ONCE)


def warm_up() -> None:
    """Read the namespace and Epinio's version in a thread: no question waits for it."""
    Thread(target=_know, name="webhook", daemon=True).start()


def _know() -> None:
    try:
        composition.portal().version()
        _others()
    except ClusterError:
        return  # asked again by the first question


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    answer = _answered(environ)
    if not isinstance(answer, HTTPStatus):
        status, kind, body = HTTPStatus.OK, "application/json", json.dumps(answer).encode()
    else:
        status, kind = answer, "text/plain; charset=utf-8"
        body = f"{status.phrase}: an AdmissionReview by POST to {PATH} is answered here.\n".encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]


def _answered(environ: WSGIEnvironment) -> dict[str, object] | HTTPStatus:
    if refusal := _refusal(environ):
        return refusal
    if not _PARSING.acquire(timeout=_WAIT_SECONDS):
        return HTTPStatus.SERVICE_UNAVAILABLE
    try:
        question = _read(environ.pop("wsgi.input").read(int(environ["CONTENT_LENGTH"])))
    finally:
        _PARSING.release()
    if isinstance(question, HTTPStatus):
        return question
    uid, change = question
    try:
        texts = _judged(change) if change else None
    except Exception as error:  # noqa: BLE001 - whatever it is: the change goes through, and nothing of it is told
        _failed(error)
        texts = None
    if texts is None:
        counters.REVIEWS.labels("failed").inc()
        return admission.answer(uid)
    counters.REVIEWS.labels("warned" if texts else "quiet").inc()
    return admission.answer(uid, texts)


def _read(body: bytes) -> tuple[str, Review | None] | HTTPStatus:
    """Return the uid and what changes, None where that cannot be read; or the status for what is no question."""
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > MAX_PARTS:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    try:
        question = json.loads(body)
        uid = admission.uid_of(question) if isinstance(question, dict) else None
    except (ValueError, RecursionError):
        uid = None
    if uid is None:
        return HTTPStatus.BAD_REQUEST
    try:
        return uid, admission.read(question)
    except Exception as error:  # noqa: BLE001 - as above
        _failed(error)
        return uid, None


def _failed(error: Exception) -> None:
    _LOG.warning("a review was not judged: %s", type(error).__name__)


def _judged(change: Review) -> Sequence[str]:
    """Return the warnings; certificates that were applied a moment before the destination are looked for once more."""
    others = _others()
    certs = codec.certs_name(change.new) if change.new else ""
    if certs and others is not None and certs not in others:
        time.sleep(_LAG_SECONDS)
        others = _others()
    snapshot = Snapshot(others or {}, datetime.now(UTC), composition.portal().version())
    return warnings(change, snapshot, is_known=others is not None)


def _refusal(environ: WSGIEnvironment) -> HTTPStatus | None:
    """Return the status that refuses a request before a byte of its body is read, None for a question to be read."""
    if environ.get("PATH_INFO") != PATH:
        return HTTPStatus.NOT_FOUND
    if environ["REQUEST_METHOD"] != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isascii() or not length.isdecimal():
        return HTTPStatus.LENGTH_REQUIRED
    if len(length) > len(str(MAX_BYTES)) or int(length) > MAX_BYTES:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return HTTPStatus.SERVICE_UNAVAILABLE if environ.get(REFUSAL) else None


def _others() -> Mapping[str, Secret] | None:
    """Return the namespace's Secrets as the watch has them, None where it is not current: the cluster is not asked."""
    watched = composition.portal().connect().secrets
    secrets = watched.secrets() if watched else None
    return None if secrets is None else {secret.name: secret for secret in secrets}


SITE = Site(application, Limits(_CONNECTIONS, _CONNECTIONS, MAX_BYTES), (Places(("",), _AT_ONCE * 2, _WAIT_SECONDS),))
