"""SealedSecrets as kubeseal lays them out (NewSealedSecret), and documents as YAML."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from destinations.golang import goyaml
from destinations.secret.sealed.certificate import ControllerCertificate
from destinations.secret.sealed.encryption import Scope, encrypt


def sealed_secret(manifest: Mapping[str, Any], certificate: ControllerCertificate, scope: Scope) -> dict[str, Any]:
    """Return the SealedSecret of a Secret's manifest: labels and annotations in clear, every value encrypted."""
    metadata = manifest["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    place: dict[str, Any] = {"name": name, "namespace": namespace}
    annotations = {**(metadata.get("annotations") or {}), **scope.annotations}
    template = {**place, "labels": dict(metadata.get("labels") or {}), "annotations": annotations}
    label = scope.label(namespace, name)
    data = {key: encrypt(b64decode(value), certificate.key, label) for key, value in manifest["data"].items()}
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {**place, **({"annotations": scope.annotations} if scope.annotations else {})},
        "spec": {
            "encryptedData": data,
            "template": {
                "metadata": {key: value for key, value in template.items() if value},
                "type": manifest["type"],
                **({"immutable": True} if manifest.get("immutable") else {}),
            },
        },
    }


def write(documents: Iterable[Mapping[str, Any]], comments: Iterable[str]) -> str:
    """Return YAML with a comment of one line for each sentence in front."""
    head = "".join(f"# {' '.join(line.split())}\n" for line in comments)
    return head + goyaml.write(documents, explicit_start=True)
