"""Reads Secrets from what `kubectl get secrets -o json` prints and from manifests in JSON or YAML."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from destinations.golang.gostrings import to_valid_utf8
from destinations.model import InputError, Secret
from destinations.secret import plainyaml


def documents(text: str, *, most: int = plainyaml.MAX_EVENTS) -> Iterator[Mapping[str, Any]]:
    """Yield every object of the text, Lists taken apart; a document of YAML has at most `most` values. Raises InputError."""
    for document in _parsed(text, most):
        if document is None:
            continue
        if not isinstance(document, dict):
            raise InputError("a document is not a Kubernetes object")
        if isinstance(document.get("items"), list) and str(document.get("kind", "")).endswith("List"):
            yield from _items(document)
        else:
            yield document


def secret_of(document: Mapping[str, Any], *, namespace: str) -> Secret | None:
    """Return the Secret, `stringData` merged over `data`, or None for another kind. Raises InputError."""
    if document.get("kind") != "Secret":
        return None
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise InputError("a Secret has no name")
    name = to_valid_utf8(metadata["name"])
    own_namespace = metadata.get("namespace") or namespace
    if not isinstance(own_namespace, str):
        raise InputError(f"the namespace of Secret {name!a} is not a string")
    plain = {key: value.encode() for key, value in _texts(document, "stringData", name).items()}
    return Secret(
        name=name,
        namespace=to_valid_utf8(own_namespace),
        labels=_texts(metadata, "labels", name),
        annotations=_texts(metadata, "annotations", name),
        data={**{key: _decoded(value, key, name) for key, value in _texts(document, "data", name).items()}, **plain},
        type=str(document.get("type") or "Opaque"),
        immutable=document.get("immutable") is True,
        created_at=str(metadata.get("creationTimestamp") or ""),
        manifest=document,
    )


def _parsed(text: str, most: int) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    try:
        return plainyaml.load_all(text, most=most)
    except InputError as error:
        if error.over_limit:
            raise
        where = f" at line {error.line}" if error.line else ""
        raise InputError(f"it is not valid JSON or YAML{where}") from None


def _items(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    kind = str(document["kind"]).removesuffix("List")
    for item in document["items"]:
        if not isinstance(item, dict):
            raise InputError("an item of a List is not a Kubernetes object")
        yield {"kind": kind, **item} if kind else item


def _texts(holder: Mapping[str, Any], key: str, name: str) -> dict[str, str]:
    """Return a map of texts; null counts as empty, as in Go."""
    found = holder.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(f"{key} of Secret {name!a} is not an object")
    if not all(isinstance(value, str | None) for value in found.values()):
        raise InputError(f"a value under {key} of Secret {name!a} is not a string; quote it")
    if not all(isinstance(member, str) for member in found):
        raise InputError(f"a key under {key} of Secret {name!a} is not a string; quote it")
    return {to_valid_utf8(member): to_valid_utf8(value or "") for member, value in found.items()}


def _decoded(value: str, key: str, name: str) -> bytes:
    try:
        return b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        raise InputError(f"the value under {key!a} of Secret {name!a} is not valid base64") from None
