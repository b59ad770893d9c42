"""The real cluster: Secrets of one namespace through the Kubernetes API, with time limits and without replays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubernetes import client, config
from kubernetes.config import incluster_config
from kubernetes.config.config_exception import ConfigException

from destinations import names
from destinations.cluster import limits, wire
from destinations.cluster.kube import kubeconfig, stream
from destinations.cluster.kube.calls import CONNECT_SECONDS, open_stream, paged, patiently, read, write
from destinations.cluster.kube.config_maps import KubernetesConfigMaps
from destinations.cluster.kube.exports import KubernetesExports
from destinations.cluster.kube.kubeconfig import TokenFile
from destinations.cluster.port import (
    NO_CONFIGURATION,
    AlreadyExists,
    Change,
    Invalid,
    Listing,
    NotFound,
    Shrink,
    Unreachable,
    WriteListener,
)
from destinations.model import Secret
from destinations.secret.codec import read_secret
from destinations.secret.trim import drop_large_values

_PAGE = 1000
_SELECTOR = "type!=helm.sh/release.v1"


class KubernetesCluster:
    """Keeps the promises of `port.Cluster`. Answers are read as plain JSON, so that unknown members survive."""

    def __init__(self, configuration: client.Configuration, namespace: str) -> None:
        """Keep a connection pool for one namespace; nothing is asked yet."""
        configuration.retries = False  # urllib3 would replay an applied PUT and report a conflict
        connection = client.ApiClient(configuration)
        connection.user_agent = names.MANAGED_BY_PORTAL  # becomes the field manager: see `owners`
        self._api = client.CoreV1Api(connection)
        self._apps = client.AppsV1Api(connection)
        self.api_server = urlsplit(str(configuration.host)).hostname or ""
        """Where it is, as the configuration says: no live check may go there."""
        self._namespace = namespace
        self._listeners: list[WriteListener] = []
        self._config_maps = KubernetesConfigMaps(self._api, namespace)
        self._exports = KubernetesExports(self._api, client.BatchV1Api(connection), namespace)

    @classmethod
    def connect(cls, *, namespace: str, context: str = "") -> KubernetesCluster:
        """Use the pod's own service account, or the kubeconfig and its context. Raises Unreachable."""
        if "KUBERNETES_SERVICE_HOST" in os.environ and not context and "KUBECONFIG" not in os.environ:
            configuration = client.Configuration()
            configuration.proxy = None  # the client would take HTTPS_PROXY, and ask there for the cluster
            _configure(
                lambda: config.load_incluster_config(  # type: ignore[no-untyped-call]
                    client_configuration=configuration, try_refresh_token=False
                )
            )
            TokenFile(Path(incluster_config.SERVICE_TOKEN_FILENAME)).attach(configuration)
            return cls(configuration, namespace)
        return cls.from_kubeconfig(None, namespace=namespace, context=context)

    @classmethod
    def from_kubeconfig(cls, file: str | None, *, namespace: str, context: str = "") -> KubernetesCluster:
        """Use a kubeconfig; None is KUBECONFIG or the usual place. Raises Unreachable."""
        configuration = client.Configuration()
        kubeconfig.configure(file, context, configuration)
        return cls(configuration, namespace)

    @property
    def namespace(self) -> str:
        """The system namespace of Epinio."""
        return self._namespace

    def list_secrets(self) -> list[Secret]:
        """Return every Secret but Helm's release records, sorted by name; foreign ones without large values."""
        return list(self.list_with_version(drop_large_values).secrets)

    def list_with_version(self, shrink: Shrink) -> Listing:
        """Return every Secret, cut down page by page, and the version to watch on from."""
        call = self._api.list_namespaced_secret
        return patiently(
            lambda left: paged(
                call,
                self._namespace,
                lambda item: shrink(read_secret(wire.with_kind(item))),
                left=left,
                kind="SecretList",
                limit=_PAGE,
                field_selector=_SELECTOR,
            )
        )

    def watch(self, resource_version: str, *, seconds: int) -> Iterator[Change]:
        """Yield what happens after a version."""
        answer = open_stream(
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
        return patiently(
            lambda left: read_secret(read(self._api.read_namespaced_secret, name, self._namespace, timeout=left()))
        )

    def create_secret(self, manifest: Mapping[str, Any]) -> Secret:
        """Create a Secret and return it as stored."""
        name = wire.unseen(manifest)
        if not limits.is_name(name):
            raise Invalid("Invalid", status=422)
        stored = write(self._api.create_namespaced_secret, self._namespace, dict(manifest), taken=AlreadyExists)
        return self._told(read_secret(stored))

    def replace_secret(self, manifest: Mapping[str, Any]) -> Secret:
        """PUT a Secret that the caller saw."""
        name, _, _ = wire.seen(manifest)
        stored = write(self._api.replace_namespaced_secret, name, self._namespace, dict(manifest))
        return self._told(read_secret(stored))

    def delete_secret(self, name: str, *, uid: str, resource_version: str) -> None:
        """Delete the Secret that the caller saw."""
        wire.seen({"metadata": {"name": name, "uid": uid, "resourceVersion": resource_version}})
        body = {"preconditions": {"uid": uid, "resourceVersion": resource_version}}
        left = write(self._api.delete_namespaced_secret, name, self._namespace, body=body, kind="Status|Secret")
        version = left["metadata"].get("resourceVersion", "") if left.get("kind") == "Secret" else ""  # a finalizer
        self._told(Secret(name, uid=uid, resource_version=version))

    def ready(self) -> None:
        """Ask for one Secret at most."""
        timeout = (CONNECT_SECONDS, CONNECT_SECONDS)
        read(self._api.list_namespaced_secret, self._namespace, limit=1, timeout=timeout, kind="SecretList")

    @property
    def config_maps(self) -> KubernetesConfigMaps:
        """The ConfigMaps of the namespace."""
        return self._config_maps

    @property
    def exports(self) -> KubernetesExports:
        """The export jobs of the namespace."""
        return self._exports

    def namespace_uid(self, name: str) -> str:
        """Return the uid of a namespace. Raises NotFound, Forbidden and Unreachable."""
        if not limits.is_label_value(name) or not limits.is_name(name):
            raise NotFound("NotFound", status=404, verb="get", resource="namespaces")
        found = patiently(lambda left: read(self._api.read_namespace, name, timeout=left(), kind="Namespace"))
        if (found.get("metadata") or {}).get("deletionTimestamp"):
            raise NotFound("NotFound", status=404, verb="get", resource="namespaces")
        return str(found["metadata"]["uid"])

    def server_version(self) -> str:
        """Return what Epinio's Deployment calls its version. Raises NotFound, Forbidden and Unreachable."""
        call = self._apps.read_namespaced_deployment
        found = patiently(lambda left: read(call, names.SERVER, self._namespace, timeout=left(), kind="Deployment"))
        return str(((found.get("metadata") or {}).get("labels") or {}).get(names.VERSION_LABEL) or "")

    def create_event(self, manifest: Mapping[str, Any]) -> None:
        """Create an Event."""
        write(self._api.create_namespaced_event, self._namespace, dict(manifest), kind="Event")


def _configure(load: Callable[[], None]) -> None:
    failed = False
    try:
        load()
    except (ConfigException, OSError, ValueError):
        failed = True
    if failed:
        raise Unreachable(NO_CONFIGURATION)
