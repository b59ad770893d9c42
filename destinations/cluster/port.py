"""The port to the cluster: what the portal asks of Kubernetes, and how that can fail.

Two adapters keep this contract and pass the same tests: `kube.adapter.KubernetesCluster` and `memory.InMemoryCluster`.
Manifests go in and come out as plain JSON values, exactly as the API server holds them (`data` base64 text).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from destinations.cluster.jobs import Exports
from destinations.cluster.services import ServiceAddress
from destinations.model import Secret

Shrink = Callable[[Secret], Secret]
WriteListener = Callable[[str, str], None]


NO_CONFIGURATION = "NoClusterConfiguration"
NO_CREDENTIAL = "NoCredentialFromPlugin"
"""The reason of Unreachable where neither a service account nor a kubeconfig can be used."""
TOO_LONG = "TooLong"
"""The reason of Unreachable where an answer was not read to its end."""


class ClusterError(Exception):
    """A call that did not do what it should.

    `status` is the HTTP status or 0, `reason` Kubernetes' short word, `verb` what was asked for (`get`, `list`,
    `create`, `update`, `delete`) and `resource` of what (`Secrets`) where that matters. No error of this module ever
    carries the body of an answer: bodies hold secrets.
    """

    def __init__(self, reason: str, *, status: int = 0, verb: str = "", resource: str = "Secrets") -> None:
        """Keep these four, and nothing else."""
        super().__init__(f"{status} {reason}" if status else reason)
        self.status = status
        self.reason = reason
        self.verb = verb
        self.resource = resource


class Unreachable(ClusterError):
    """No usable answer, and nothing was changed: only reads, and writes that were never sent, end like this."""


class Ambiguous(ClusterError):
    """A write was sent and its answer never came or is no use: it may have happened."""


class NotFound(ClusterError):
    """There is no such Secret (404)."""


class Conflict(ClusterError):
    """The Secret is another than the caller saw: changed, or recreated under another uid (409)."""


class AlreadyExists(ClusterError):
    """The name is taken, by whatever Secret (409 on create)."""


class Forbidden(ClusterError):
    """The service account may not do this (401, 403, or a policy's refusal)."""


class Invalid(ClusterError):
    """The API server refuses the object: too large, immutable, malformed (400, 413, 422)."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A Secret that a list showed, to be read when it is looked at; with the same uid and version it is the same."""

    name: str
    uid: str
    resource_version: str
    read: Callable[[], Secret] = field(repr=False)

    @classmethod
    def of(cls, secret: Secret) -> Unread:
        """Return one that was read already."""
        return cls(secret.name, secret.uid, secret.resource_version, lambda: secret)


@dataclass(frozen=True, slots=True)
class Listing:
    """Every Secret of the namespace but Helm's release records, by name, and the version of the whole."""

    secrets: tuple[Secret, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """Something that a watch saw: a Secret as it is now, or as it was when it went (`gone`).

    Without a Secret it is a sign of life: nothing that happened up to `resource_version` is missing.
    """

    resource_version: str
    secret: Secret | None = None
    gone: bool = False


class Counters(Protocol):
    """Is told of calls and writes, so that someone can count them; each is a block around what is counted."""

    def api_call(self, verb: str, resource: str, /) -> AbstractContextManager[None]:
        """Enclose one attempt of a call to the API server."""

    def change(self, write: str, /) -> AbstractContextManager[None]:
        """Enclose a write (`create`, `update`, `delete`) that may lose against another one."""

    def finding_out(self, write: str, /) -> AbstractContextManager[None]:
        """Enclose the finding out how a write ended that got no usable answer."""


class _NoCounters:
    def api_call(self, _verb: str, _resource: str, /) -> AbstractContextManager[None]:
        return nullcontext()

    def change(self, _write: str, /) -> AbstractContextManager[None]:
        return nullcontext()

    finding_out = change


NO_COUNTERS: Counters = _NoCounters()


class Source(Protocol):
    """Objects of one kind in one namespace, to be listed and watched on from there."""

    def list_with_version(self, shrink: Shrink) -> Listing:
        """Return what `list_secrets` returns, each Secret cut down on arrival, and from which version to watch on.

        Raises Unreachable or Forbidden.
        """

    def watch(self, resource_version: str, *, seconds: int) -> Iterator[WatchEvent]:
        """Yield what happens to these Secrets after a version, in order; ends after so many seconds.

        The first change is a sign of life, as soon as the cluster listens, and there are more every few seconds. Raises
        Unreachable if the connection breaks, falls silent, or the version is too old (status 410: list again), and
        Forbidden.
        """

    def on_write(self, listener: WriteListener) -> None:
        """Tell the listener of each write here that succeeded: the uid, and the new version, or "" for a deletion."""


class ConfigMaps(Source, Protocol):
    """ConfigMaps of the same namespace, read in the shape of Secrets, with the same promises."""

    def get(self, name: str) -> Secret:
        """Return one. Raises NotFound, Unreachable or Forbidden."""

    def create(self, manifest: Mapping[str, Any]) -> Secret:
        """Create one and return it as stored; raises as `create_secret` does."""

    def replace(self, manifest: Mapping[str, Any]) -> Secret:
        """PUT one whose metadata carries the uid and resourceVersion that were read; raises as `replace_secret` does."""


class Cluster(Source, Protocol):
    """Secrets of one namespace, read and written with the API server's own promises.

    Every call ends within its time limit. Reads are retried at most twice within eight seconds and are never
    served from a cache of the API server; writes are sent once.
    """

    counters: Counters
    """What is told of the writes to this cluster."""

    @property
    def namespace(self) -> str:
        """The system namespace of Epinio."""

    def list_secrets(self) -> list[Secret]:
        """Return every Secret of the namespace but Helm's release records, in pages, sorted by name.

        Large values of foreign Secrets that nothing reads may be missing (`trim.drop_large_values`).

        Raises Unreachable or Forbidden.
        """

    def list_unread(self) -> Sequence[Unread]:
        """Return what `list_secrets` returns, each to be read when it is looked at; raises as that does."""

    def get_secret(self, name: str) -> Secret:
        """Return one Secret. Raises NotFound, Unreachable or Forbidden."""

    def create_secret(self, manifest: Mapping[str, Any]) -> Secret:
        """Create a Secret and return it as stored.

        Raises AlreadyExists, Invalid, Forbidden, Unreachable (never sent) or Ambiguous.
        """

    def replace_secret(self, manifest: Mapping[str, Any]) -> Secret:
        """PUT a Secret whose metadata carries the uid and the resourceVersion that the caller saw.

        Raises Conflict, NotFound, Invalid, Forbidden, Unreachable (never sent) or Ambiguous.
        """

    def delete_secret(self, name: str, *, uid: str, resource_version: str) -> None:
        """Delete the Secret that the caller saw.

        Raises Conflict (changed or recreated), NotFound, Forbidden, Unreachable (never sent) or Ambiguous.
        """

    @property
    def config_maps(self) -> ConfigMaps:
        """The ConfigMaps of the namespace."""

    @property
    def exports(self) -> Exports:
        """The export jobs of the namespace, where the portal may look at them."""

    def namespace_uid(self, name: str) -> str:
        """Return the uid of a namespace of the cluster, whatever it belongs to.

        Raises NotFound for one that is not there or is being deleted, Forbidden where the portal may not look, and
        Unreachable.
        """

    def server_version(self) -> str:
        """Return what Epinio's Deployment (`names.SERVER`) calls its version, empty where it says none.

        Raises NotFound, Forbidden where the portal may not look, and Unreachable.
        """

    def sealing_certificate(self, controller: ServiceAddress, *, seconds: float) -> bytes:
        """Return what a sealed-secrets controller serves as its public certificate, as it came: it may be anything.

        Asked once, without redirects, for about so many seconds. Raises NotFound where there is no such Service or
        address, Forbidden, and Unreachable: status 503 where no Pod is ready, reason TOO_LONG above
        `services.MOST_CERTIFICATE_BYTES`.
        """

    def create_event(self, manifest: Mapping[str, Any]) -> None:
        """Create a core/v1 Event in the namespace; raises as `create_secret` does."""

    def ready(self) -> None:
        """Ask for one Secret at most; raises as `list_secrets` does."""
