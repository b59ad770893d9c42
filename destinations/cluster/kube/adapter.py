"""The real cluster: Secrets of one namespace through the Kubernetes API, with time limits and without replays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubernetes import client, config
from kubernetes.config import incluster_config
from kubernetes.config.config_exception import ConfigException

from destinations import names
from destinations.cluster import limits, wire
from destinations.cluster.kube import calls, kubeconfig
from destinations.cluster.kube.exports import KubernetesExports
from destinations.cluster.kube.kubeconfig import Token, TokenFile
from destinations.cluster.kube.objects import Objects
from destinations.cluster.kube.services import KubernetesServices
from destinations.cluster.port import NO_CONFIGURATION, NO_COUNTERS, Counters, NotFound, Unreachable
from destinations.cluster.services import ServiceAddress
from destinations.model import Secret
from destinations.secret.codec import read_config_map, read_secret
from destinations.secret.trim import drop_large_values

_SECRETS_PAGE = 1000
_CONFIG_MAPS_PAGE = 500
_SELECTOR = {"fieldSelector": "type!=helm.sh/release.v1"}


def uses_kubeconfig(context: str) -> bool:
    """Return whether the cluster is that of a kubeconfig, not that of the Pod in which this process runs."""
    return "KUBERNETES_SERVICE_HOST" not in os.environ or bool(context) or "KUBECONFIG" in os.environ


class KubernetesCluster(Objects):
    """Keeps the promises of `port.Cluster`."""

    get_secret = Objects.get
    create_secret = Objects.create
    replace_secret = Objects.replace

    def __init__(
        self,
        configuration: client.Configuration,
        namespace: str,
        *,
        token: Token | None = None,
        counters: Counters = NO_COUNTERS,
    ) -> None:
        api = calls.KubernetesApi(configuration, namespace, token=token, counters=counters)
        super().__init__(api, calls.SECRETS, read_secret, page=_SECRETS_PAGE, query=_SELECTOR)
        self.api_server = urlsplit(str(configuration.host)).hostname or ""
        """Where it is, as the configuration says: no live check may go there."""
        self.counters = counters
        self.namespace = namespace
        self.config_maps = Objects(api, calls.CONFIG_MAPS, read_config_map, page=_CONFIG_MAPS_PAGE)
        self.exports = KubernetesExports(api)
        self._services = KubernetesServices(api)

    @classmethod
    def connect(cls, *, namespace: str, context: str = "", counters: Counters = NO_COUNTERS) -> KubernetesCluster:
        """Use the pod's own service account, or the kubeconfig and its context. Raises Unreachable."""
        if uses_kubeconfig(context):
            return cls.from_kubeconfig(None, namespace=namespace, context=context, counters=counters)
        configuration = client.Configuration()
        configuration.proxy = None  # the client would take HTTPS_PROXY, and ask there for the cluster
        failed = False
        try:
            config.load_incluster_config(  # type: ignore[no-untyped-call]
                client_configuration=configuration, try_refresh_token=False
            )
        except (ConfigException, OSError, ValueError):
            failed = True
        if failed:  # raised here, without the client's words and frames
            raise Unreachable(NO_CONFIGURATION)
        token = TokenFile(Path(incluster_config.SERVICE_TOKEN_FILENAME))
        return cls(configuration, namespace, token=token, counters=counters)

    @classmethod
    def from_kubeconfig(
        cls, file: str | None, *, namespace: str, context: str = "", counters: Counters = NO_COUNTERS
    ) -> KubernetesCluster:
        """Use a kubeconfig; None is KUBECONFIG or the usual place. Raises Unreachable."""
        configuration = client.Configuration()
        token = kubeconfig.configure(file, context, configuration)
        return cls(configuration, namespace, token=token, counters=counters)

    def list_secrets(self) -> list[Secret]:
        """Return every Secret but Helm's release records, sorted by name, without large values that nothing reads."""
        return list(self.list_with_version(drop_large_values).secrets)

    def delete_secret(self, name: str, *, uid: str, resource_version: str) -> None:
        wire.seen({"metadata": {"name": name, "uid": uid, "resourceVersion": resource_version}})
        body = {"preconditions": {"uid": uid, "resourceVersion": resource_version}}
        left = self._api.write("delete", calls.SECRETS, body, name=name)
        version = left["metadata"].get("resourceVersion", "") if left.get("kind") == "Secret" else ""  # a finalizer
        self._tell(uid, version)

    def ready(self) -> None:
        """Ask for one Secret at most."""
        self._api.read("list", calls.SECRETS, (calls.CONNECT_SECONDS, calls.CONNECT_SECONDS), query={"limit": 1})

    def namespace_uid(self, name: str) -> str:
        if not limits.is_label_value(name) or not limits.is_name(name):
            raise NotFound("NotFound", status=404, verb="get", resource="namespaces")
        namespace = calls.patiently(lambda left: self._api.read("get", calls.NAMESPACES, left(), name=name))
        if (namespace.get("metadata") or {}).get("deletionTimestamp"):
            raise NotFound("NotFound", status=404, verb="get", resource="namespaces")
        return str(namespace["metadata"]["uid"])

    def server_version(self) -> str:
        deployment = calls.patiently(lambda left: self._api.read("get", calls.DEPLOYMENTS, left(), name=names.SERVER))
        return str(((deployment.get("metadata") or {}).get("labels") or {}).get(names.VERSION_LABEL) or "")

    def sealing_certificate(self, controller: ServiceAddress, *, seconds: float) -> bytes:
        return self._services.sealing_certificate(controller, seconds=seconds)

    def create_event(self, manifest: Mapping[str, Any]) -> None:
        self._api.write("create", calls.EVENTS, manifest)
