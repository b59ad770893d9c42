"""The form in which the API server keeps a Secret: canonical base64, `stringData` merged, unknown members gone."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from destinations.cluster.port import Invalid

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_METADATA = (
    "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
)  # fmt: skip


def with_kind(manifest: Mapping[str, Any], kind: str = "Secret") -> dict[str, Any]:
    """Return the manifest with `kind` and `apiVersion`, which the items of a list do not carry."""
    return {"kind": kind, "apiVersion": "v1", **manifest}


def seen(manifest: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return name, uid and resourceVersion of a Secret to be replaced.

    Raises Invalid where one is missing: the API server would take that as leave to overwrite whatever is there.
    """
    metadata = manifest.get("metadata") or {}
    name, uid, version = (metadata.get(key) or "" for key in ("name", "uid", "resourceVersion"))
    if not (name and uid and version):
        raise Invalid("PreconditionRequired")
    return name, uid, version


def unseen(manifest: Mapping[str, Any]) -> str:
    """Return the name of a Secret to be created; raises Invalid for one that was read from a cluster."""
    metadata = manifest.get("metadata") or {}
    if metadata.get("resourceVersion"):
        raise Invalid("ResourceVersionSet")
    return str(metadata.get("name") or "")


def normal(manifest: Mapping[str, Any], namespace: str, kind: str = "Secret") -> dict[str, Any]:
    """Return a deep copy as the API server would decode a Secret or a ConfigMap.

    Raises Invalid for another kind or namespace, for text that is not text, and for data that is no base64.
    """
    if manifest.get("kind", kind) != kind or manifest.get("apiVersion", "v1") != "v1":
        raise _bad_request()
    result: dict[str, Any] = {"kind": kind, "apiVersion": "v1", "metadata": _metadata(manifest, namespace)}
    if data := (_data(manifest) if kind == "Secret" else _texts(manifest.get("data"))):
        result["data"] = data
    if kind == "Secret":
        if isinstance(manifest.get("immutable"), bool):
            result["immutable"] = manifest["immutable"]
        result["type"] = manifest.get("type") or "Opaque"
    return result


def _metadata(manifest: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    given = manifest.get("metadata") or {}
    if (given.get("namespace") or namespace) != namespace:
        raise _bad_request()
    metadata = {key: deepcopy(given[key]) for key in _METADATA if given.get(key)} | {"namespace": namespace}
    for texts in ("labels", "annotations"):
        if texts in metadata:
            metadata[texts] = _texts(metadata[texts])
    return metadata


def _data(manifest: Mapping[str, Any]) -> dict[str, str]:
    data = {key: _base64(value) for key, value in (manifest.get("data") or {}).items()}
    for key, value in (manifest.get("stringData") or {}).items():
        data[key] = b64encode(_text(value).encode()).decode()
    return dict(sorted(data.items()))


def _base64(value: object) -> str:
    """Return canonical base64; Go's decoder skips line breaks and wants full padding."""
    text = _text(value).replace("\r", "").replace("\n", "")
    if len(text) % 4 or not _BASE64.fullmatch(text):
        raise _bad_request()
    return b64encode(b64decode(text)).decode()


def _texts(values: Mapping[str, object] | None) -> dict[str, str]:
    return {key: _text(value) for key, value in (values or {}).items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _bad_request()
    return value


def _bad_request() -> Invalid:
    return Invalid("BadRequest", status=400)
