"""The real cluster: Secrets of one namespace through the Kubernetes API, with time limits and without replays."""

from __future__ import annotations

import json
import logging
import os
import time
from typing import TYPE_CHECKING, Any, TypeVar

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationValueError, NewConnectionError

from destinations.cluster import limits, stream, wire
from destinations.cluster.port import (
    NO_CONFIGURATION,
    AlreadyExists,
    Ambiguous,
    Change,
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    Listing,
    NotFound,
    Unreachable,
)
from destinations.model import Secret
from destinations.secrets import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from destinations.cluster.port import Shrink, WriteListener

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
READ_BUDGET_SECONDS = 8.0
_ATTEMPTS = 3
_RETRY_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
_PAGE = 1000
_SELECTOR = "type!=helm.sh/release.v1"
_TRY_AGAIN = {410, 429}
_SERVER_ERROR = 500
_REFUSED = {400: "BadRequest", 413: "RequestEntityTooLarge", 422: "Invalid"}


class KubernetesCluster:
    """Keeps the promises of `port.Cluster`. Answers are read as plain JSON, so that unknown members survive."""

    def __init__(self, configuration: client.Configuration, namespace: str) -> None:
        """Keep a connection pool for one namespace; nothing is asked yet."""
        configuration.retries = False  # urllib3 would replay an applied PUT and report a conflict
        self._api = client.CoreV1Api(client.ApiClient(configuration))
        self._namespace = namespace
        self._listeners: list[WriteListener] = []

    @classmethod
    def connect(cls, *, namespace: str, context: str = "") -> KubernetesCluster:
        """Use the pod's own service account, or the kubeconfig and its context. Raises Unreachable."""
        if "KUBERNETES_SERVICE_HOST" in os.environ and not context and "KUBECONFIG" not in os.environ:
            configuration = client.Configuration()
            _configure(
                lambda: config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            )
            return cls(configuration, namespace)
        return cls.from_kubeconfig(None, namespace=namespace, context=context)

    @classmethod
    def from_kubeconfig(cls, file: str | None, *, namespace: str, context: str = "") -> KubernetesCluster:
        """Use a kubeconfig; None is KUBECONFIG or the usual place. Raises Unreachable."""
        configuration = client.Configuration()
        _configure(
            lambda: config.load_kube_config(file, context or None, client_configuration=configuration)  # type: ignore[no-untyped-call]
        )
        return cls(configuration, namespace)

    @property
    def namespace(self) -> str:
        """The system namespace of Epinio."""
        return self._namespace

    def list_secrets(self) -> list[Secret]:
        """Return every Secret but Helm's release records, sorted by name."""
        return list(self.list_with_version(lambda secret: secret).secrets)

    def list_with_version(self, shrink: Shrink) -> Listing:
        """Return every Secret, cut down page by page, and the version to watch on from."""
        return _patiently(lambda left: self._list(left, shrink))

    def _list(self, left: Callable[[], tuple[float, float]], shrink: Shrink) -> Listing:
        """Read all pages. A page that is gone (410) ends this, and the whole list is begun anew: it is never partial."""
        found: list[Secret] = []
        token = ""
        while True:
            options = {"_continue": token} if token else {}
            page = _read(
                self._api.list_namespaced_secret,
                self._namespace,
                limit=_PAGE,
                field_selector=_SELECTOR,
                timeout=left(),
                kind="SecretList",
                **options,
            )
            found += [shrink(read_secret(wire.with_kind(item))) for item in page.get("items") or ()]
            metadata = page.get("metadata") or {}
            token = metadata.get("continue") or ""
            if not token:
                by_name = sorted(found, key=lambda secret: secret.name)
                return Listing(tuple(by_name), metadata.get("resourceVersion") or "")

    def watch_secrets(self, resource_version: str, *, seconds: int) -> Iterator[Change]:
        """Yield what happens after a version."""
        answer = _open(
            self._api.list_namespaced_secret,
            self._namespace,
            watch=True,
            allow_watch_bookmarks=True,
            resource_version=resource_version,
            timeout_seconds=seconds,
            field_selector=_SELECTOR,
        )
        yield Change(resource_version)
        yield from stream.changes(answer)

    def on_write(self, listener: WriteListener) -> None:
        """Tell the listener of each write."""
        self._listeners.append(listener)

    def _told(self, stored: Secret) -> Secret:
        for listener in self._listeners:
            listener(stored.uid, stored.resource_version)
        return stored

    def get_secret(self, name: str) -> Secret:
        """Return one Secret. Raises NotFound, Unreachable or Forbidden."""
        if not limits.is_name(name):  # "..", say, would lead to another address of the API
            raise NotFound("NotFound", status=404)
        return _patiently(
            lambda left: read_secret(_read(self._api.read_namespaced_secret, name, self._namespace, timeout=left()))
        )

    def create_secret(self, manifest: Mapping[str, Any]) -> Secret:
        """Create a Secret and return it as stored."""
        name = wire.unseen(manifest)
        if not limits.is_name(name):
            raise Invalid("Invalid", status=422)
        stored = _write(self._api.create_namespaced_secret, self._namespace, dict(manifest), taken=AlreadyExists)
        return self._told(read_secret(stored))

    def replace_secret(self, manifest: Mapping[str, Any]) -> Secret:
        """PUT a Secret that the caller saw."""
        name, _, _ = wire.seen(manifest)
        stored = _write(self._api.replace_namespaced_secret, name, self._namespace, dict(manifest))
        return self._told(read_secret(stored))

    def delete_secret(self, name: str, *, uid: str, resource_version: str) -> None:
        """Delete the Secret that the caller saw."""
        wire.seen({"metadata": {"name": name, "uid": uid, "resourceVersion": resource_version}})
        body = {"preconditions": {"uid": uid, "resourceVersion": resource_version}}
        left = _write(self._api.delete_namespaced_secret, name, self._namespace, body=body, kind="Status|Secret")
        version = left["metadata"].get("resourceVersion", "") if left.get("kind") == "Secret" else ""  # a finalizer
        self._told(Secret(name, uid=uid, resource_version=version))

    def ready(self) -> None:
        """Ask for one Secret at most."""
        timeout = (CONNECT_SECONDS, CONNECT_SECONDS)
        _read(self._api.list_namespaced_secret, self._namespace, limit=1, timeout=timeout, kind="SecretList")


def _configure(load: Callable[[], None]) -> None:
    failed = False
    try:
        load()
    except (ConfigException, OSError, ValueError):
        failed = True
    if failed:
        raise Unreachable(NO_CONFIGURATION)


def _patiently(ask: Callable[[Callable[[], tuple[float, float]]], T]) -> T:
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


def _read(
    call: Callable[..., Any], *args: Any, timeout: tuple[float, float], kind: str = "Secret", **options: Any
) -> dict[str, Any]:
    answer, status, _ = _ask(call, *args, timeout=timeout, kind=kind, **options)
    if answer is not None:
        return answer
    if status in _TRY_AGAIN or status >= _SERVER_ERROR or status < 400:  # noqa: PLR2004 - no error status: no usable answer
        raise Unreachable("NoUsableAnswer", status=status)
    raise _refusal(status, Conflict, _verb(call))


def _write(
    call: Callable[..., Any], *args: Any, taken: type[ClusterError] = Conflict, kind: str = "Secret", **options: Any
) -> dict[str, Any]:
    answer, status, sent = _ask(call, *args, timeout=(CONNECT_SECONDS, READ_SECONDS), kind=kind, **options)
    if answer is not None:
        return answer
    if not sent or status == 429:  # noqa: PLR2004 - turned away before it was handled
        raise Unreachable("NotSent", status=status)
    if status >= _SERVER_ERROR or status < 400:  # noqa: PLR2004
        raise Ambiguous("NoUsableAnswer", status=status)
    raise _refusal(status, taken, _verb(call))


def _verb(call: Callable[..., Any]) -> str:
    """Return what a role would have to allow for this call of the client."""
    word = call.__name__.partition("_")[0]
    return {"read": "get", "replace": "update"}.get(word, word)


def _refusal(status: int, taken: type[ClusterError], verb: str) -> ClusterError:
    if status == 404:  # noqa: PLR2004
        return NotFound("NotFound", status=status)
    if status == 409:  # noqa: PLR2004
        return taken(taken.__name__, status=status)
    if status in {401, 403}:
        return Forbidden("Forbidden", status=status, verb=verb)
    if status in _REFUSED:
        return Invalid(_REFUSED[status], status=status)
    return ClusterError("Refused", status=status)


def _ask(
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


def _open(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Return an answer whose body is still to come. Raises Forbidden or Unreachable, and nothing of the client's."""
    status = 0
    try:
        return call(
            *args, _preload_content=False, _request_timeout=(CONNECT_SECONDS, READ_SECONDS), pretty="false", **options
        )
    except ApiException as error:
        status = int(error.status or 0)
    except (HTTPError, OSError):
        pass
    if status in {401, 403}:
        raise Forbidden("Forbidden", status=status, verb="watch")
    raise Unreachable("NoUsableAnswer", status=status)
