"""ConfigMaps of the namespace, through the same calls as the Secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from destinations.cluster import wire
from destinations.cluster.kube import stream
from destinations.cluster.kube.calls import open_stream, paged, patiently, read, write
from destinations.cluster.port import AlreadyExists, Change, Listing, Shrink, WriteListener
from destinations.model import Secret
from destinations.secret.codec import read_config_map

_KIND = "ConfigMap"
_PAGE = 500


class KubernetesConfigMaps:
    """Keeps the promises of `port.ConfigMaps`."""

    def __init__(self, api: Any, namespace: str) -> None:  # noqa: ANN401 - the client has no types
        """Keep the client."""
        self._api = api
        self._namespace = namespace
        self._listeners: list[WriteListener] = []

    def list_with_version(self, shrink: Shrink) -> Listing:
        """Return every ConfigMap, cut down page by page, and the version to watch on from."""
        call = self._api.list_namespaced_config_map
        return patiently(
            lambda left: paged(
                call, self._namespace, lambda item: shrink(_read(item)), left=left, kind="ConfigMapList", limit=_PAGE
            )
        )

    def watch(self, resource_version: str, *, seconds: int) -> Iterator[Change]:
        """Yield what happens after a version."""
        answer = open_stream(
            self._api.list_namespaced_config_map,
            self._namespace,
            watch=True,
            allow_watch_bookmarks=True,
            resource_version=resource_version,
            timeout_seconds=seconds,
        )
        yield Change(resource_version)
        yield from stream.changes(answer, _read)

    def on_write(self, listener: WriteListener) -> None:
        """Tell the listener of each write."""
        self._listeners.append(listener)

    def get(self, name: str) -> Secret:
        """Return one."""
        return patiently(
            lambda left: _read(
                read(self._api.read_namespaced_config_map, name, self._namespace, timeout=left(), kind=_KIND)
            )
        )

    def create(self, manifest: Mapping[str, Any]) -> Secret:
        """Create one and return it as stored."""
        wire.unseen(manifest)
        call = self._api.create_namespaced_config_map
        return self._told(write(call, self._namespace, dict(manifest), taken=AlreadyExists, kind=_KIND))

    def replace(self, manifest: Mapping[str, Any]) -> Secret:
        """PUT one that the caller read."""
        name, _, _ = wire.seen(manifest)
        call = self._api.replace_namespaced_config_map
        return self._told(write(call, name, self._namespace, dict(manifest), kind=_KIND))

    def _told(self, stored: Mapping[str, Any]) -> Secret:
        found = _read(stored)
        for listener in self._listeners:
            listener(found.uid, found.resource_version)
        return found


def _read(item: Mapping[str, Any]) -> Secret:
    return read_config_map(wire.with_kind(item, _KIND))
