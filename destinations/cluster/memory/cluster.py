"""A cluster in memory that keeps the port's promises as the API server does; for the demo and for tests."""

from __future__ import annotations

import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from threading import Condition
from typing import Any
from uuid import uuid4

from destinations.cluster import limits, wire
from destinations.cluster.memory.exports import InMemoryExports
from destinations.cluster.port import (
    NO_COUNTERS,
    TOO_LONG,
    AlreadyExists,
    ClusterError,
    Conflict,
    Counters,
    Listing,
    NotFound,
    Shrink,
    Unreachable,
    Unread,
    WatchEvent,
    WriteListener,
)
from destinations.cluster.services import MOST_CERTIFICATE_BYTES, ServiceAddress
from destinations.model import Secret
from destinations.secret.codec import read_config_map, read_secret

HELM_RELEASE = "helm.sh/release.v1"
_REMEMBERED = 1000
_LIFE_SECONDS = 1.0
_MANAGER = "edrportal"


def _now() -> datetime:
    return datetime.now(UTC)


class _Store:
    """Objects of one kind in this process, safe for threads. Nothing goes in or out by reference.

    The methods speak of Secrets, which is what the cluster's port asks for; `InMemoryConfigMaps` says what differs.
    """

    _kind = "Secret"
    _read = staticmethod(read_secret)

    def __init__(self, namespace: str = "epinio", *, clock: Callable[[], datetime] = _now) -> None:
        """Start empty; `clock` gives the time that is stamped on what is created."""
        self.namespace = namespace
        self._clock = clock
        self._lock = Condition()  # reentrant, and told of every change
        self._version = 0
        self._events: deque[WatchEvent] = deque(maxlen=_REMEMBERED)
        self._listeners: list[WriteListener] = []
        self._objects: dict[str, dict[str, Any]] = {}

    def load(self, manifests: Iterable[Mapping[str, Any]]) -> None:
        """Put Secrets there as others left them: unchecked, and with the uid, times and managers they state.

        A Secret of the same name is overwritten. Raises Invalid for what no API server could even decode.
        """
        with self._lock:
            for manifest in manifests:
                secret = self._normal(manifest)
                metadata = secret["metadata"]
                metadata.setdefault("uid", str(uuid4()))
                metadata.setdefault("creationTimestamp", self._time())
                self._store(secret)

    def list_secrets(self) -> list[Secret]:
        with self._lock:
            objects = sorted(self._objects.items())
            return [self._read(deepcopy(secret)) for _, secret in objects if secret.get("type") != HELM_RELEASE]

    def list_unread(self) -> list[Unread]:
        return [Unread.of(secret) for secret in self.list_secrets()]

    def list_with_version(self, shrink: Shrink) -> Listing:
        with self._lock:
            return Listing(tuple(map(shrink, self.list_secrets())), str(self._version))

    def watch(self, resource_version: str, *, seconds: int) -> Iterator[WatchEvent]:
        """Yield what happens after a version. Raises Unreachable (410) if too much has happened since."""
        seen, end = int(resource_version), time.monotonic() + seconds
        yield WatchEvent(resource_version)
        while True:
            with self._lock:
                if self._version <= seen:
                    self._lock.wait(max(0.0, min(end - time.monotonic(), _LIFE_SECONDS)))
                if seen < self._version - len(self._events):
                    raise Unreachable("Expired", status=410)
                new = [event for event in self._events if int(event.resource_version) > seen]
                seen = self._version
            yield from (event for event in new if event.secret is None or event.secret.type != HELM_RELEASE)
            yield WatchEvent(str(seen))
            if time.monotonic() >= end:
                return

    def on_write(self, listener: WriteListener) -> None:
        self._listeners.append(listener)

    def get_secret(self, name: str) -> Secret:
        with self._lock:
            return self._read(deepcopy(self._find(name)))

    def create_secret(self, manifest: Mapping[str, Any]) -> Secret:
        name = wire.unseen(manifest)
        secret = self._normal(manifest)
        self._check(secret)
        metadata = secret["metadata"]
        for stated in ("deletionTimestamp", "deletionGracePeriodSeconds"):
            metadata.pop(stated, None)
        with self._lock:
            if name in self._objects:
                raise AlreadyExists("AlreadyExists", status=409)
            metadata.update(uid=str(uuid4()), creationTimestamp=self._time())
            self._sign(metadata)
            self._store(secret)
            return self._announce(self._read(deepcopy(secret)))

    def replace_secret(self, manifest: Mapping[str, Any]) -> Secret:
        name, uid, version = wire.seen(manifest)
        secret = self._normal(manifest)
        with self._lock:
            old = self._find_seen(name, uid, version)
            for key in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"):
                if key in old["metadata"]:
                    secret["metadata"].setdefault(key, deepcopy(old["metadata"][key]))
            self._check_update(old, secret)
            self._replace(old, secret)
            return self._announce(self._read(deepcopy(secret)))

    def delete_secret(self, name: str, *, uid: str, resource_version: str) -> None:
        """Delete the Secret that the caller saw; with finalizers it stays, marked. Raises Conflict or NotFound."""
        wire.seen({"metadata": {"name": name, "uid": uid, "resourceVersion": resource_version}})
        with self._lock:
            secret = self._find_seen(name, uid, resource_version)
            if not secret["metadata"].get("finalizers"):
                self._remove(secret)
                self._tell(uid, "")
                return
            if "deletionTimestamp" not in secret["metadata"]:
                secret["metadata"].update(deletionTimestamp=self._time(), deletionGracePeriodSeconds=0)
                self._store(secret)
            self._announce(self._read(secret))

    def _normal(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        return wire.normal(manifest, self.namespace, self._kind)

    def _check(self, new: Mapping[str, Any]) -> None:
        limits.check(new)

    def _check_update(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        limits.check_update(old, new)
        limits.check(new)

    def _find(self, name: str) -> dict[str, Any]:
        try:
            return self._objects[name]
        except KeyError:
            raise NotFound("NotFound", status=404) from None

    def _find_seen(self, name: str, uid: str, version: str) -> dict[str, Any]:
        manifest = self._find(name)
        if (manifest["metadata"]["uid"], manifest["metadata"]["resourceVersion"]) != (uid, version):
            raise Conflict("Conflict", status=409)
        return manifest

    def _replace(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Store an update, as the API server does: one that changes nothing keeps the resourceVersion."""
        metadata = new["metadata"]
        if new == old:
            return
        self._sign(metadata)
        self._store(new)
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            self._remove(new)

    def _sign(self, metadata: dict[str, Any]) -> None:
        """Name the portal in `managedFields`, beside the managers that are there."""
        entry = {"manager": _MANAGER, "operation": "Update", "apiVersion": "v1", "time": self._time()}
        others = [field for field in metadata.get("managedFields", ()) if field.get("manager") != _MANAGER]
        metadata["managedFields"] = [*others, {**entry, "fieldsType": "FieldsV1", "fieldsV1": {}}]

    def _store(self, secret: dict[str, Any]) -> None:
        self._version += 1
        secret["metadata"]["resourceVersion"] = str(self._version)
        self._objects[secret["metadata"]["name"]] = deepcopy(secret)
        self._note(secret)

    def _remove(self, secret: dict[str, Any]) -> None:
        self._version += 1
        del self._objects[secret["metadata"]["name"]]
        self._note(secret, gone=True)

    def _note(self, secret: dict[str, Any], *, gone: bool = False) -> None:
        self._events.append(WatchEvent(str(self._version), self._read(deepcopy(secret)), gone))
        self._lock.notify_all()

    def _announce(self, stored: Secret) -> Secret:
        self._tell(stored.uid, stored.resource_version)
        return stored

    def _tell(self, uid: str, version: str) -> None:
        for listener in self._listeners:
            listener(uid, version)

    def _time(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class InMemoryConfigMaps(_Store):
    _kind = "ConfigMap"
    _read = staticmethod(read_config_map)
    get = _Store.get_secret
    create = _Store.create_secret
    replace = _Store.replace_secret

    def _check(self, new: Mapping[str, Any]) -> None:
        """Hold a ConfigMap to the limits of a Secret of the same content, which are the same."""
        data = {key: b64encode(value.encode()).decode() for key, value in new.get("data", {}).items()}
        limits.check({**new, "type": "Opaque", "data": data})

    def _check_update(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        del old  # nothing of a ConfigMap is immutable here
        self._check(new)


class InMemoryCluster(_Store):
    """The Secrets of one namespace in this process, its ConfigMaps, and the namespaces of the cluster."""

    def __init__(
        self, namespace: str = "epinio", *, clock: Callable[[], datetime] = _now, counters: Counters = NO_COUNTERS
    ) -> None:
        super().__init__(namespace, clock=clock)
        self.counters = counters
        self.config_maps = InMemoryConfigMaps(namespace, clock=clock)
        self.exports = InMemoryExports()
        self.epinio_version: str | None = None
        self.namespaces: dict[str, str] = {}
        """The uid of each namespace by its name."""
        self.controllers: dict[ServiceAddress, bytes | ClusterError] = {}
        """What a sealed-secrets controller serves as its certificate, or how asking it fails."""
        self.events: list[Mapping[str, Any]] = []
        """The Events that were created, oldest first."""

    def namespace_uid(self, name: str) -> str:
        if name not in self.namespaces:
            raise NotFound("NotFound", status=404, verb="get", resource="namespaces")
        return self.namespaces[name]

    def server_version(self) -> str:
        """Return the version that a test or the demo stated. Raises NotFound for none."""
        if self.epinio_version is None:
            raise NotFound("NotFound", status=404, verb="get", resource="Deployments")
        return self.epinio_version

    def sealing_certificate(self, controller: ServiceAddress, *, seconds: float) -> bytes:
        del seconds
        found = self.controllers.get(controller)
        if found is None:
            raise NotFound("NotFound", status=404, verb="get", resource="services/proxy")
        if isinstance(found, ClusterError):
            raise found
        if len(found) > MOST_CERTIFICATE_BYTES:
            raise Unreachable(TOO_LONG)
        return found

    def create_event(self, manifest: Mapping[str, Any]) -> None:
        self.events.append(deepcopy(dict(manifest)))

    def ready(self) -> None:
        """Do nothing: memory always answers."""
