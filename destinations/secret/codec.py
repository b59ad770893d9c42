"""Secret <-> destination, pure: reads what the API server holds, writes only what the portal owns."""

from __future__ import annotations

from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from destinations import names
from destinations.model import Draft, Secret
from destinations.secret import docker_config

T = TypeVar("T")


def read_secret(manifest: Mapping[str, Any]) -> Secret:
    """Return a Secret from a manifest as the API server holds it. Raises ValueError for data that is not base64."""
    metadata = manifest.get("metadata") or {}
    return Secret(
        name=metadata.get("name", ""),
        namespace=metadata.get("namespace", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        data={key: a2b_base64(value or "", strict_mode=True) for key, value in (manifest.get("data") or {}).items()},
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        type=manifest.get("type") or "Opaque",
        immutable=bool(manifest.get("immutable")),
        created_at=metadata.get("creationTimestamp") or "",
        manifest=manifest,
    )


def read_config_map(manifest: Mapping[str, Any]) -> Secret:
    """Return a ConfigMap in the shape of a Secret: the portal looks at both alike. `binaryData` is left out."""
    values = {key: b64encode(str(value).encode()).decode() for key, value in (manifest.get("data") or {}).items()}
    return replace(read_secret({**manifest, "data": values}), manifest=manifest)


def rfc3339(moment: datetime) -> str:
    """Return an aware time as Kubernetes writes it: seconds, UTC, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authentication_secret(draft: Draft, *, namespace: str, certs: str, stamps: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest of a new destination; `certs` names its certificate Secret or is empty."""
    stated = {
        names.DESCRIPTION_ANNOTATION: draft.description,
        names.EXPIRY_ANNOTATION: draft.expires_on,
        names.TEAM_UID_ANNOTATION: draft.team_uid,
    }
    team = {names.TEAM_LABEL: draft.team} if draft.team else {}
    data = {names.CONFIG_KEY: docker_config.new(draft.host, draft.credentials)}
    if certs:
        data[names.CERTS_KEY] = certs.encode()
    return opaque(
        draft.name,
        namespace,
        labels={names.REGISTRY_LABEL: "true", names.MANAGED_BY_LABEL: names.MANAGED_BY_PORTAL, **team},
        annotations={
            names.ORGANIZATION_ANNOTATION: draft.organization,
            **{key: value for key, value in stated.items() if value},
            **stamps,
        },
        data=data,
    )


def certificate_secret(name: str, *, namespace: str, bundle: bytes, stamps: Mapping[str, str]) -> dict[str, Any]:
    labels = {names.MANAGED_BY_LABEL: names.MANAGED_BY_PORTAL, names.KIND_LABEL: names.KIND_CERTIFICATE}
    return opaque(name, namespace, labels=labels, annotations=stamps, data={names.BUNDLE_KEY: bundle})


def changed(
    secret: Secret,
    *,
    data: Mapping[str, bytes | None] | None = None,
    annotations: Mapping[str, str | None] | None = None,
    labels: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Return the manifest with members set, or removed where the value is None; all else is as it was read."""
    manifest: dict[str, Any] = deepcopy(dict(secret.manifest))
    encoded = {key: None if value is None else b64encode(value).decode() for key, value in (data or {}).items()}
    metadata = manifest["metadata"]
    manifest["data"] = merged(manifest.get("data") or {}, encoded)
    metadata["annotations"] = merged(metadata.get("annotations") or {}, annotations or {})
    metadata["labels"] = merged(metadata.get("labels") or {}, labels or {})
    return manifest


def is_portal_certificate(secret: Secret) -> bool:
    return (
        secret.labels.get(names.MANAGED_BY_LABEL) == names.MANAGED_BY_PORTAL
        and secret.labels.get(names.KIND_LABEL) == names.KIND_CERTIFICATE
    )


def certs_name(secret: Secret) -> str:
    """Return the name under the key `certs`, spaces included, or an empty text; what is not UTF-8 can name nothing."""
    return secret.data.get(names.CERTS_KEY, b"").decode("utf-8", "replace")


def is_destination(secret: Secret) -> bool:
    """Return whether the Secret carries the label key, whatever its value."""
    return names.REGISTRY_LABEL in secret.labels


def merged(old: Mapping[str, T], new: Mapping[str, T | None]) -> dict[str, T]:
    """Return a map with members set, or removed where the new value is None."""
    both: dict[str, T | None] = {**old, **new}
    return {key: value for key, value in both.items() if value is not None or key not in new}  # type: ignore[misc]


def opaque(
    name: str,
    namespace: str,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    data: Mapping[str, bytes],
) -> dict[str, Any]:
    """Return the manifest of an Opaque Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(labels),
            "annotations": dict(annotations),
        },
        "type": "Opaque",
        "data": {key: b64encode(value).decode() for key, value in data.items()},
    }
