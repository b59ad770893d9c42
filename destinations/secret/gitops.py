"""A destination as YAML to keep in Git: both Secrets as Epinio wants them, with placeholders for what is secret. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from destinations import names
from destinations.golang import goyaml
from destinations.model import Credentials, Secret
from destinations.secret import codec, docker_config
from destinations.secret.mask import masked_key, masked_name
from destinations.verdict import certificates

USER, PASSWORD = "USER", "PASSWORD"
_HOST = "registry.example.com"
_KEPT_LABELS = (names.TEAM_LABEL,)
_KEPT_ANNOTATIONS = (names.DESCRIPTION_ANNOTATION, names.EXPIRY_ANNOTATION)
_HEAD = (
    "# The destination {name}. Fill in the password where you encrypt (SOPS, Sealed Secrets, External Secrets), "
    "never in plain text:\n# USER and PASSWORD are placeholders, and auth is the output of `printf %s "
    "USER:PASSWORD | base64 -w0`: all three have to agree.\n"
)


class _Block(str):
    __slots__ = ()


class _Dumper(goyaml.Dumper):
    """Lays out a bundle and a configuration line by line."""


_Dumper.add_representer(
    _Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def manifests(secret: Secret, everything: Mapping[str, Secret]) -> str:
    """Return the documents: what the destination should be, without what tools and the portal noted on it.

    A bundle is no secret and is there; of one that is not there, or holds no certificate, only the name does.
    """
    certs = codec.certs_name(secret).strip()
    held = everything.get(certs)
    pem = certificates.read_bundle(held.data.get(names.BUNDLE_KEY, b"")).pem.decode() if held else ""
    documents = [_destination(secret, certs)]
    if pem:
        documents.append(_manifest(certs, secret.namespace, {}, {}, {names.BUNDLE_KEY: _Block(pem)}))
    return _HEAD.format(name=secret.name) + goyaml.write(documents, dumper=_Dumper)


def _destination(secret: Secret, certs: str) -> dict[str, Any]:
    labels = {names.REGISTRY_LABEL: "true"} | _chosen(secret.labels, _KEPT_LABELS)
    organization = masked_key(secret.annotations.get(names.ORGANIZATION_ANNOTATION, ""))
    annotations = {names.ORGANIZATION_ANNOTATION: organization} | _chosen(secret.annotations, _KEPT_ANNOTATIONS)
    host = masked_key(docker_config.host_key(secret)) or _HOST
    entry = json.loads(docker_config.new(host, Credentials(USER, PASSWORD)))
    data = {names.CONFIG_KEY: _Block(json.dumps(entry, indent=2, ensure_ascii=False))}
    if certs:
        data[names.CERTS_KEY] = _Block(masked_name(certs))
    made = _manifest(secret.name, secret.namespace, labels, annotations, data)
    return {**made, "type": secret.type, **({"immutable": True} if secret.immutable else {})}


def _chosen(found: Mapping[str, str], wanted: tuple[str, ...]) -> dict[str, str]:
    return {name: masked_key(found[name]) for name in wanted if name in found}


def _manifest(
    name: str, namespace: str, labels: dict[str, str], annotations: dict[str, str], data: dict[str, _Block]
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    metadata |= {key: value for key, value in (("labels", labels), ("annotations", annotations)) if value}
    plain = {key: value if "\n" in value else str(value) for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": plain}
