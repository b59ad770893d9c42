"""What the API server lets a Secret be: names, labels, annotations, keys, sizes, and what an update may not touch.

Mirrors `ValidateSecret`, `ValidateSecretUpdate` and `ValidateObjectMeta` of Kubernetes 1.36
(pkg/apis/core/validation, apimachinery/pkg/api/validation, apimachinery/pkg/util/validation).
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from destinations.cluster.port import Invalid

MAX_DATA_BYTES = 1024 * 1024
MAX_ANNOTATION_BYTES = 256 * 1024
MAX_NAME = 253
MAX_LABEL = 63

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_TEXT = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")


def is_name(text: str) -> bool:
    """Return whether a Secret can have this name: a DNS subdomain (RFC 1123) of at most 253 characters."""
    return len(text) <= MAX_NAME and _SUBDOMAIN.fullmatch(text) is not None


def is_qualified_name(text: str) -> bool:
    """Return whether this can be the key of a label: `name` or `prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_name(prefix):
        return False
    return len(name) <= MAX_LABEL and _LABEL_TEXT.fullmatch(name) is not None


def is_dns_label(text: str) -> bool:
    """Return whether a namespace or an application can have this name: a DNS label (RFC 1123)."""
    return len(text) <= MAX_LABEL and "." not in text and is_name(text)


def is_label_value(text: str) -> bool:
    """Return whether this can be the value of a label; the empty text can."""
    return not text or (len(text) <= MAX_LABEL and _LABEL_TEXT.fullmatch(text) is not None)


def is_data_key(text: str) -> bool:
    return len(text) <= MAX_NAME and _DATA_KEY.fullmatch(text) is not None and text != "." and not text.startswith("..")


def check(manifest: Mapping[str, Any]) -> None:
    """Raise Invalid unless the API server would store this Secret (as `wire.normal` returns it)."""
    metadata = manifest["metadata"]
    data = {key: b64decode(value) for key, value in manifest.get("data", {}).items()}
    sound = (
        is_name(metadata.get("name", ""))
        and _labels_are_sound(metadata.get("labels", {}))
        and _annotations_are_sound(metadata.get("annotations", {}))
        and all(is_data_key(key) for key in data)
        and sum(len(value) for value in data.values()) <= MAX_DATA_BYTES
        and _suits_type(manifest["type"], data, metadata.get("annotations", {}))
    )
    if not sound:
        raise Invalid("Invalid", status=422)


def check_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise Invalid if the update touches what cannot change: type, creation time, the data of an immutable Secret."""
    frozen = old.get("immutable") is True
    sound = (
        new["type"] == old["type"]
        and new["metadata"]["creationTimestamp"] == old["metadata"]["creationTimestamp"]
        and not (frozen and new.get("immutable") is not True)
        and not (frozen and new.get("data", {}) != old.get("data", {}))
    )
    if not sound:
        raise Invalid("Invalid", status=422)


def _labels_are_sound(labels: Mapping[str, str]) -> bool:
    return all(is_qualified_name(key) and is_label_value(value) for key, value in labels.items())


def _annotations_are_sound(annotations: Mapping[str, str]) -> bool:
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    return size <= MAX_ANNOTATION_BYTES and all(is_qualified_name(key.lower()) for key in annotations)


def _suits_type(kind: str, data: Mapping[str, bytes], annotations: Mapping[str, str]) -> bool:
    if kind == "kubernetes.io/service-account-token":
        return bool(annotations.get("kubernetes.io/service-account.name"))
    rule = _TYPES.get(kind)
    return rule is None or rule(data)


def _is_json(value: bytes | None) -> bool:
    try:
        json.loads(value or b"")
    except (ValueError, RecursionError):
        return False
    return True


_TYPES: dict[str, Callable[[Mapping[str, bytes]], bool]] = {
    "kubernetes.io/dockercfg": lambda data: _is_json(data.get(".dockercfg")),
    "kubernetes.io/dockerconfigjson": lambda data: _is_json(data.get(".dockerconfigjson")),
    "kubernetes.io/basic-auth": lambda data: "username" in data or "password" in data,
    "kubernetes.io/ssh-auth": lambda data: "ssh-privatekey" in data,
    "kubernetes.io/tls": lambda data: "tls.crt" in data and "tls.key" in data,
}
