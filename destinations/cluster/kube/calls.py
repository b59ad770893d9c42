"""Calls to the API server: with time limits, without replays, read as plain JSON, and none of the client's words let out."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Generic, TypeVar

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationValueError, NewConnectionError

from destinations import names
from destinations.cluster.kube import websocket
from destinations.cluster.kube.kubeconfig import Token
from destinations.cluster.port import (
    AlreadyExists,
    Ambiguous,
    ClusterError,
    Conflict,
    Counters,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
)

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
Timeout = tuple[float, float]
"""Seconds to connect, and to wait for each piece of the answer."""
Query = Mapping[str, str | int]
CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
READ_BUDGET_SECONDS = 8.0
_ATTEMPTS = 3
_RETRY_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
_SUCCESS = {HTTPStatus.SWITCHING_PROTOCOLS, *range(200, 300)}
_TRY_AGAIN = {HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS}
_NOT_ALLOWED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_INVALID = {400: "BadRequest", 413: "RequestEntityTooLarge", 422: "Invalid"}
_CONNECTIONS = 40
"""Kept open at most: for every page and review that is answered at once, two watches and the checks beside them."""
_METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the API: where it is, the kind of one object, and how a sentence names it.

    `below` is what is asked of an object that answers itself.
    """

    path: str
    kind: str
    label: str
    below: str = ""

    def address(self, name: str) -> str:
        """Return the path of all objects, or of one, with the client's placeholders."""
        path = f"{self.path}/{{name}}" if name and "{name}" not in self.path else self.path
        return path + self.below

    def kinds(self, verb: str) -> set[str]:
        """Return the kinds of a usable answer; a deletion answers with what is left of the object, or a Status."""
        return {f"{self.kind}List"} if verb == "list" else {self.kind, *(["Status"] if verb == "delete" else [])}


_NAMESPACED = "/api/v1/namespaces/{namespace}"
SECRETS = Resource(f"{_NAMESPACED}/secrets", "Secret", "Secrets")
CONFIG_MAPS = Resource(f"{_NAMESPACED}/configmaps", "ConfigMap", "ConfigMaps")
EVENTS = Resource(f"{_NAMESPACED}/events", "Event", "Events")
PODS = Resource(f"{_NAMESPACED}/pods", "Pod", "Pods")
POD_LOGS = Resource(f"{_NAMESPACED}/pods/{{name}}/log", "", "pod logs")
JOBS = Resource("/apis/batch/v1/namespaces/{namespace}/jobs", "Job", "Jobs")
DEPLOYMENTS = Resource("/apis/apps/v1/namespaces/{namespace}/deployments", "Deployment", "Deployments")
SEALING_CERTIFICATE = Resource(f"{_NAMESPACED}/services/{{name}}/proxy", "", "services/proxy", "/v1/cert.pem")
NAMESPACES = Resource("/api/v1/namespaces", "Namespace", "namespaces")


def patiently(ask: Callable[[Callable[[], Timeout]], T]) -> T:
    """Ask up to three times within the budget; `ask` gets a function that says how long a call may still take.

    What took long to fail is not asked again: a person waits, and a silent API server stays silent.
    """
    started = time.monotonic()
    deadline = started + READ_BUDGET_SECONDS

    def left() -> Timeout:
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


@dataclass(frozen=True, slots=True)
class _Reply(Generic[T]):
    """What came of a request: a usable answer or None, the HTTP status or 0, and the type of what kept it from coming."""

    answer: T | None
    status: int
    fault: str = ""
    sent: bool = True

    @property
    def is_refused(self) -> bool:
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR


class KubernetesApi:
    """The way to one namespace of one API server. `verb` is what a role has to allow: it says which request is made."""

    def __init__(
        self, configuration: client.Configuration, namespace: str, *, token: Token | None, counters: Counters
    ) -> None:
        configuration.retries = False  # urllib3 would replay an applied PUT and report a conflict
        configuration.connection_pool_maxsize = _CONNECTIONS
        if token:
            token.attach(configuration)
        self._client = client.ApiClient(configuration)
        self._client.user_agent = names.MANAGED_BY_PORTAL  # becomes the field manager: see `owners`
        self._namespace = namespace
        self._token = token
        self.counters = counters

    def read(
        self, verb: str, resource: Resource, timeout: Timeout, *, name: str = "", query: Query | None = None
    ) -> dict[str, Any]:
        """Return the decoded answer to a read. Raises Unreachable, and what Kubernetes refuses with."""
        return self.read_as(verb, resource, timeout, _document(resource.kinds(verb)), name=name, query=query)

    def read_as(  # noqa: PLR0913 - what a request is made of
        self,
        verb: str,
        resource: Resource,
        timeout: Timeout,
        decode: Callable[[bytes], T | None],
        *,
        name: str = "",
        query: Query | None = None,
    ) -> T:
        """Return what `decode` makes of the answer to a read; None, or a ValueError of it, is no usable answer.

        Raises as `read` does.
        """
        with self.counters.api_call(verb, resource.label):
            reply = self._decoded(verb, resource, timeout, decode, name=name, query=query)
            if reply.answer is not None:
                return reply.answer
            if reply.status in _TRY_AGAIN or not reply.is_refused:
                raise Unreachable("NoUsableAnswer", status=reply.status)
            raise _refusal(verb, resource, reply.status)

    def write(self, verb: str, resource: Resource, body: Mapping[str, Any], *, name: str = "") -> dict[str, Any]:
        """Return the decoded answer to a write, sent once.

        Raises Unreachable (never handled), Ambiguous, and what Kubernetes refuses with.
        """
        with self.counters.api_call(verb, resource.label):
            timeout = CONNECT_SECONDS, READ_SECONDS
            reply = self._decoded(verb, resource, timeout, _document(resource.kinds(verb)), name=name, body=dict(body))
            if reply.answer is not None:
                return reply.answer
            if not reply.sent or reply.status == HTTPStatus.TOO_MANY_REQUESTS:  # turned away before it was handled
                raise Unreachable("NotSent", status=reply.status)
            if not reply.is_refused:
                raise Ambiguous("NoUsableAnswer", status=reply.status)
            raise _refusal(verb, resource, reply.status)

    def open(  # noqa: PLR0913 - what a request is made of
        self,
        verb: str,
        resource: Resource,
        timeout: Timeout = (CONNECT_SECONDS, READ_SECONDS),
        *,
        name: str = "",
        namespace: str = "",
        query: Query,
        upgrade: bool = False,
    ) -> Any:
        """Return an answer whose body is still to come, or a WebSocket (`upgrade`); of another namespace if it is named.

        Raises Forbidden or Unreachable, and nothing of the client's.
        """
        with self.counters.api_call(verb, resource.label):
            whole = {"name": name, "namespace": namespace, "query": query, "upgrade": upgrade}
            reply = self._ask(verb, resource, timeout, lambda response: response, **whole, spend=upgrade)
            if reply.answer is not None:
                return reply.answer
            if reply.status in _NOT_ALLOWED:
                raise Forbidden("Forbidden", status=reply.status, verb=verb, resource=resource.label)
            raise Unreachable("NoUsableAnswer", status=reply.status)

    def _decoded(
        self, verb: str, resource: Resource, timeout: Timeout, decode: Callable[[bytes], T | None], **options: Any
    ) -> _Reply[T]:
        """Ask for JSON; log what kind of failure it was, which no page tells, and never its words."""
        reply = self._ask(verb, resource, timeout, lambda response: decode(response.data), **options)
        if reply.fault:
            _LOG.warning("%s %s: no usable answer from the API server (%s)", verb, resource.label, reply.fault)
        return reply

    def _ask(self, *args: Any, **options: Any) -> _Reply[Any]:
        """Ask once, and once more where the token was refused (401): nothing was done then, and there may be a newer one."""
        reply = self._ask_once(*args, **options)
        if reply.status != HTTPStatus.UNAUTHORIZED or not self._token:
            return reply
        self._token.read()
        return self._ask_once(*args, **options)

    def _ask_once(  # noqa: PLR0913 - what a request is made of
        self,
        verb: str,
        resource: Resource,
        timeout: Timeout,
        use: Callable[[Any], T | None],
        *,
        name: str = "",
        namespace: str = "",
        query: Query | None = None,
        body: dict[str, Any] | None = None,
        upgrade: bool = False,
        spend: bool = True,
    ) -> _Reply[T]:
        """Make the request; `use` reads the answer. No exception of the client leaves here, not even as a context.

        Theirs carry bodies. Without `spend` the body of a failure is not read: it may come from behind the API server, and
        never end.
        """
        try:
            request = self._client.param_serialize(
                _METHODS.get(verb, "GET"),
                resource.address(name),
                path_params={"namespace": namespace or self._namespace, "name": name},
                query_params=list((query or {}).items()),
                header_params={"Accept": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
            )
            response: Any = self._upgraded(request, timeout) if upgrade else self._called(request, timeout)
            if response.status in _SUCCESS:
                return _Reply(use(response), 200)
            if spend:
                _ = response.data  # so that the connection can be used again
            else:
                response.close()
            return _Reply(None, int(response.status))
        except ApiException as error:
            return _Reply(None, int(error.status or 0))
        except (NewConnectionError, ConnectTimeoutError, LocationValueError) as error:
            return _Reply(None, 0, type(error).__name__, sent=False)
        except (HTTPError, HTTPException, OSError) as error:
            return _Reply(None, 0, type(error).__name__)
        except (ValueError, RecursionError) as error:
            return _Reply(None, 200, type(error).__name__)

    def _called(self, request: Any, timeout: Timeout) -> Any:
        method, url, headers, body, form = request
        return self._client.call_api(method, url, headers, body, form, timeout).response

    def _upgraded(self, request: Any, timeout: Timeout) -> websocket.WebSocket | websocket.NoWebSocket:
        _, url, headers, *_ = request
        return websocket.connect(self._client.rest_client.pool_manager, url, headers, timeout)


def _document(kinds: Collection[str]) -> Callable[[bytes], dict[str, Any] | None]:
    """Return what reads a JSON object of one of these kinds."""

    def decode(body: bytes) -> dict[str, Any] | None:
        document = json.loads(body)
        return document if isinstance(document, dict) and document.get("kind") in kinds else None

    return decode


def _refusal(verb: str, resource: Resource, status: int) -> ClusterError:
    if status == HTTPStatus.NOT_FOUND:
        return NotFound("NotFound", status=status)
    if status == HTTPStatus.CONFLICT:
        taken = AlreadyExists if verb == "create" else Conflict
        return taken(taken.__name__, status=status)
    if status in _NOT_ALLOWED:
        return Forbidden("Forbidden", status=status, verb=verb, resource=resource.label)
    if status in _INVALID:
        return Invalid(_INVALID[status], status=status)
    return ClusterError("Refused", status=status)
