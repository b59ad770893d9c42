"""A sealed-secrets controller's certificate through the API server's proxy: asked once, in bounded time and size."""

from __future__ import annotations

import time
from http import HTTPStatus

from destinations.cluster.kube.answers import body, timeout
from destinations.cluster.kube.calls import SEALING_CERTIFICATE, KubernetesApi
from destinations.cluster.port import NotFound, Unreachable
from destinations.cluster.services import MOST_CERTIFICATE_BYTES, ServiceAddress


class KubernetesServices:
    """The Services of any namespace that the portal asks through the API server."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def sealing_certificate(self, controller: ServiceAddress, *, seconds: float) -> bytes:
        """Keep the promise of `port.Cluster.sealing_certificate`."""
        end = time.monotonic() + seconds
        name, namespace = controller.proxied, controller.namespace
        is_missing = False
        try:
            answer = self._api.open("get", SEALING_CERTIFICATE, timeout(end), name=name, namespace=namespace, query={})
            return body(answer, end, MOST_CERTIFICATE_BYTES)
        except Unreachable as error:
            is_missing = error.status == HTTPStatus.NOT_FOUND
            if not is_missing:
                raise
        raise NotFound("NotFound", status=HTTPStatus.NOT_FOUND, verb="get", resource=SEALING_CERTIFICATE.label)
