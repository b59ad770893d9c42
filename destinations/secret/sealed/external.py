"""ExternalSecrets whose values stay in the store: the operator builds the Docker configuration from them."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from destinations import names

_UNKNOWN = {names.ROTATED_AT_ANNOTATION}
"""The store rotates without the portal: a date in the file would soon say that a new token is an old one."""


class ApiVersion(StrEnum):
    V1 = "external-secrets.io/v1"
    V1BETA1 = "external-secrets.io/v1beta1"


class StoreKind(StrEnum):
    CLUSTER = "ClusterSecretStore"
    NAMESPACE = "SecretStore"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the store keeps a value: its key, and the property in it (empty for a key that holds only the value)."""

    key: str
    property: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """The store, and where it keeps user name and password."""

    name: str
    kind: StoreKind
    username: Remote
    password: Remote
    api: ApiVersion = ApiVersion.V1


def external_secret(manifest: Mapping[str, Any], host: str, store: Store) -> dict[str, Any]:
    """Return the ExternalSecret that makes a destination like this manifest, whose credentials are not looked at."""
    metadata = manifest["metadata"]
    data = {names.CONFIG_KEY: _configuration(host)}
    if names.CERTS_KEY in manifest["data"]:
        data[names.CERTS_KEY] = _literal(b64decode(manifest["data"][names.CERTS_KEY]).decode())
    return {
        "apiVersion": str(store.api),
        "kind": "ExternalSecret",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"name": store.name, "kind": str(store.kind)},
            "target": {
                "name": metadata["name"],
                "creationPolicy": "Owner",
                **({"immutable": True} if manifest.get("immutable") else {}),
                "template": {
                    "engineVersion": "v2",
                    "type": manifest["type"],
                    "metadata": {
                        key: {name: _literal(value) for name, value in metadata[key].items() if name not in _UNKNOWN}
                        for key in ("labels", "annotations")
                        if metadata.get(key)
                    },
                    "data": data,
                },
            },
            "data": [
                {"secretKey": key, "remoteRef": {"key": at.key, **({"property": at.property} if at.property else {})}}
                for key, at in (("username", store.username), ("password", store.password))
            ],
        },
    }


def certificate_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a certificate Secret with its public text in clear."""
    plain = {key: b64decode(value).decode() for key, value in manifest["data"].items()}
    metadata = {key: value for key, value in manifest["metadata"].items() if value}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": plain}


def _configuration(host: str) -> str:
    """Return the template: quotes and line breaks in a value become JSON's, and the three members always agree."""
    return (
        f'{{"auths":{{{_literal(json.dumps(host))}:{{'
        '"auth":{{ printf "%s:%s" .username .password | b64enc | toJson }},'
        '"username":{{ .username | toJson }},"password":{{ .password | toJson }}}}}'
    )


def _literal(text: str) -> str:
    """Return a text for a place where the operator runs templates, so that it comes out as it is."""
    return text.replace("{{", '{{ "{{" }}')
