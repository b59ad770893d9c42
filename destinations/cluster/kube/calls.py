"""Calls of the Kubernetes client: with time limits, without replays, read as plain JSON, and no word of theirs let out."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationValueError, NewConnectionError

from destinations.cluster.kube import kubeconfig
from destinations.cluster.port import (
    Ambiguous,
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    Listing,
    NotFound,
    Unreachable,
)
from destinations.model import Secret
from edrportal.telemetry import counters

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
READ_BUDGET_SECONDS = 8.0
_ATTEMPTS = 3
_RETRY_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
_FIRST_PAGE = 25
_PAGE_BYTES = 4 * 1024 * 1024
_TRY_AGAIN = {410, 429}
_SERVER_ERROR = 500
_UNAUTHORIZED = 401
_REFUSED = {400: "BadRequest", 413: "RequestEntityTooLarge", 422: "Invalid"}
_RESOURCES = {"secret": "Secrets", "config_map": "ConfigMaps", "namespace": "namespaces", "event": "Events",
              "deployment": "Deployments", "job": "Jobs", "pod": "Pods", "pod_log": "pod logs"}  # fmt: skip


def patiently(ask: Callable[[Callable[[], tuple[float, float]]], T]) -> T:
    """Ask up to three times within the budget; `ask` gets a function that says how long a call may still take.

    What took long to fail is not asked again: a person waits, and a silent API server stays silent.
    """
    started = time.monotonic()
    deadline = started + READ_BUDGET_SECONDS

    def left() -> tuple[float, float]:
        seconds = max(0.1, deadline - time.monotonic())
        return min(CONNECT_SECONDS, seconds), min(READ_SECONDS, seconds)

    for attempt in range(_ATTEMPTS):
        try:
            return ask(left)
        except Unreachable:
            pause = _PAUSE_SECONDS * 2**attempt
            if attempt == _ATTEMPTS - 1 or time.monotonic() + pause >= started + _RETRY_SECONDS:
                raise
        time.sleep(pause)
    raise AssertionError  # the last attempt returns or raises


def read(
    call: Callable[..., Any], *args: Any, timeout: tuple[float, float], kind: str = "Secret", **options: Any
) -> dict[str, Any]:
    """Return the decoded answer to a read. Raises Unreachable, and what Kubernetes refuses with."""
    with counters.api_call(_verb(call), _resource(call)):
        answer, status, _ = _ask(call, *args, timeout=timeout, kind=kind, **options)
        if answer is not None:
            return answer
        if status in _TRY_AGAIN or status >= _SERVER_ERROR or status < 400:  # noqa: PLR2004 - no error: no usable answer
            raise Unreachable("NoUsableAnswer", status=status)
        raise _refusal(status, Conflict, call)


def write(
    call: Callable[..., Any], *args: Any, taken: type[ClusterError] = Conflict, kind: str = "Secret", **options: Any
) -> dict[str, Any]:
    """Return the decoded answer to a write, sent once; `taken` is what a 409 means.

    Raises Unreachable (never handled), Ambiguous, and what Kubernetes refuses with.
    """
    with counters.api_call(_verb(call), _resource(call)):
        answer, status, sent = _ask(call, *args, timeout=(CONNECT_SECONDS, READ_SECONDS), kind=kind, **options)
        if answer is not None:
            return answer
        if not sent or status == 429:  # noqa: PLR2004 - turned away before it was handled
            raise Unreachable("NotSent", status=status)
        if status >= _SERVER_ERROR or status < 400:  # noqa: PLR2004
            raise Ambiguous("NoUsableAnswer", status=status)
        raise _refusal(status, taken, call)


def paged(  # noqa: PLR0913 - what a list is asked with
    call: Callable[..., Any],
    namespace: str,
    read_item: Callable[[dict[str, Any]], Secret],
    *,
    left: Callable[[], tuple[float, float]],
    kind: str,
    limit: int,
    **options: Any,
) -> Listing:
    """Return all pages of a list, sorted by name, and the version to watch on from; raises as `read` does.

    A page that is gone (410) ends this, and the whole list is to be begun anew: it is never partial.
    """
    found: list[Secret] = []
    token, size = "", min(limit, _FIRST_PAGE)
    while True:
        more = {"_continue": token} if token else {}
        page = read(call, namespace, limit=size, timeout=left(), kind=kind, **options, **more)
        items = page.get("items") or ()
        found += [read_item(item) for item in items]
        metadata, size = page.get("metadata") or {}, _following(items, limit)
        del page, items  # the next one needs the room
        token = metadata.get("continue") or ""
        if not token:
            return Listing(tuple(sorted(found, key=lambda one: one.name)), metadata.get("resourceVersion") or "")


def _following(items: Sequence[Mapping[str, Any]], limit: int) -> int:
    """Return how many objects to ask for next: as many as stay within a few MiB if they are like these."""
    held = sum(len(value or "") for item in items for value in (item.get("data") or {}).values())
    return max(1, min(limit, _PAGE_BYTES * len(items) // held)) if held else limit


def _verb(call: Callable[..., Any]) -> str:
    """Return what a role would have to allow for this call of the client."""
    word = call.__name__.partition("_")[0]
    return {"read": "get", "replace": "update"}.get(word, word)


def _resource(call: Callable[..., Any]) -> str:
    """Return what a call of the client is about, as a sentence names it."""
    word = call.__name__.partition("_")[2].removeprefix("namespaced_")
    return _RESOURCES.get(word, word)


def _refusal(status: int, taken: type[ClusterError], call: Callable[..., Any]) -> ClusterError:
    if status == 404:  # noqa: PLR2004
        return NotFound("NotFound", status=status)
    if status == 409:  # noqa: PLR2004
        return taken(taken.__name__, status=status)
    if status in {401, 403}:
        return Forbidden("Forbidden", status=status, verb=_verb(call), resource=_resource(call))
    if status in _REFUSED:
        return Invalid(_REFUSED[status], status=status)
    return ClusterError("Refused", status=status)


def _ask(call: Callable[..., Any], *args: Any, **options: Any) -> tuple[dict[str, Any] | None, int, bool]:
    """Ask once, and once more where the token was refused (401): nothing was done then, and there may be a newer one."""
    found = _ask_once(call, *args, **options)
    return _ask_once(call, *args, **options) if found[1] == _UNAUTHORIZED and kubeconfig.renew(call) else found


def _ask_once(
    call: Callable[..., Any], *args: Any, timeout: tuple[float, float], kind: str, **options: Any
) -> tuple[dict[str, Any] | None, int, bool]:
    """Return the decoded answer of that kind or None, the HTTP status or 0, and whether the request went out.

    No exception of the client leaves here, not even as a context: theirs carry bodies.
    """
    try:
        answer = call(*args, _preload_content=False, _request_timeout=timeout, pretty="false", **options)
        decoded = json.loads(answer.data)
    except ApiException as error:
        return None, int(error.status or 0), True
    except (NewConnectionError, ConnectTimeoutError, LocationValueError) as error:
        return _unanswered(call, error, 0, sent=False)
    except (HTTPError, OSError) as error:
        return _unanswered(call, error, 0, sent=True)
    except (ValueError, RecursionError) as error:
        return _unanswered(call, error, 200, sent=True)
    usable = isinstance(decoded, dict) and decoded.get("kind") in kind.split("|")
    return (decoded, 200, True) if usable else (None, 200, True)


def _unanswered(call: Callable[..., Any], error: Exception, status: int, *, sent: bool) -> tuple[None, int, bool]:
    """Log what kind of failure it was, which no page tells and who runs the portal has to know; never its words."""
    _LOG.warning("%s: no usable answer from the API server (%s)", call.__name__, type(error).__name__)
    return None, status, sent


def open_stream(
    call: Callable[..., Any],
    *args: Any,
    timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    **options: Any,
) -> Any:
    """Return an answer whose body is still to come. Raises Forbidden or Unreachable, and nothing of the client's."""
    verb = "watch" if "watch" in options else _verb(call)
    with counters.api_call(verb, _resource(call)):
        answer, status = _open(call, *args, timeout=timeout, **options)
        if status == _UNAUTHORIZED and kubeconfig.renew(call):
            answer, status = _open(call, *args, timeout=timeout, **options)
        if answer is not None:
            return answer
        if status in {401, 403}:
            raise Forbidden("Forbidden", status=status, verb=verb, resource=_resource(call))
        raise Unreachable("NoUsableAnswer", status=status)


def _open(call: Callable[..., Any], *args: Any, timeout: tuple[float, float], **options: Any) -> tuple[Any, int]:
    try:
        return call(*args, _preload_content=False, _request_timeout=timeout, pretty="false", **options), 200
    except ApiException as error:
        return None, int(error.status or 0)
    except (HTTPError, OSError):
        return None, 0
