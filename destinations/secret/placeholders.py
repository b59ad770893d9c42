"""Documents of a repository whose Secret is not in them yet: encrypted, filled in by a tool, or made by a controller.

To judge such a document as it is would give a false verdict: what Epinio reads is what the tool makes of it.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from destinations import names

_STORED = ("uid", "resourceVersion", "creationTimestamp")
"""What only the API server writes: such a Secret is what Epinio reads, whatever its values look like."""
_NO_SECRET_FROM_IT = {"SecretStore", "ClusterSecretStore", "PushSecret", "ClusterPushSecret", "SecretExport"}
_MAKERS = {
    "Certificate": "cert-manager",
    "OnePasswordItem": "the 1Password operator",
    "ksops": "KSOPS",
    "SecretProviderClass": "the Secrets Store CSI driver",
}
_KUSTOMIZE_KEYS = {"secretGenerator", "configMapGenerator", "generators", "namePrefix"}
_TARGETS = (
    ("metadata", "name"),
    ("spec", "target", "name"),
    ("spec", "destination", "name"),
    ("spec", "secretName"),
    ("spec", "externalSecretName"),
    ("spec", "template", "metadata", "name"),
    ("spec", "managedSecretReference", "secretName"),
    ("spec", "output", "secret", "name"),
)
"""Where the kinds above name the Secret that they make; without any it has the object's own name."""
_ENCRYPTED = (
    ("ENC[", "SOPS: decrypt it first (sops --decrypt FILE)"),
    ("-----BEGIN AGE ENCRYPTED FILE-----", "age: decrypt it first"),
    ("-----BEGIN PGP MESSAGE-----", "PGP: decrypt it first"),
    ("$ANSIBLE_VAULT;", "Ansible Vault: decrypt it first (ansible-vault view FILE)"),
)
_IN_TEXT = (
    (re.compile(r"<path:[^<>]{1,1000}>"), "argocd-vault-plugin", "argocd-vault-plugin generate FILE"),
    (re.compile(r"\$\{[A-Za-z_][^{}]{0,400}\}"), "Flux or envsubst", "flux envsubst, or envsubst"),
    (re.compile(r"\$\([A-Za-z_][A-Za-z0-9_]{0,200}\)"), "the pipeline", "the pipeline's own tool"),
    (re.compile(r"\{\{[^{}]{0,1000}\}\}"), "a template", "helm template, or the template's own tool"),
    (re.compile(r"ref\+[a-z0-9]{1,20}://[^\s\"]"), "vals", "vals eval -f FILE"),
    (re.compile(r"\bop://[^\s\"]"), "the 1Password CLI", "op inject -i FILE"),
    (re.compile(r"\bvault:\w[^\s\"#:]{0,200}#[^\s\"]"), "the Vault webhook", "judge the Secrets in the cluster"),
)
"""Placeholders that a tool fills in: the pattern, whose it is, and the command that fills it in."""
_IN_BASE64 = tuple(one for one in _IN_TEXT if one[1] in {"argocd-vault-plugin", "the Vault webhook"})
"""These tools look behind the base64 of `data`, too; the others replace the manifest's own text."""
_AVP = (re.compile(r"<[A-Za-z0-9_. -]{1,200}(?:\|[^<>]{0,200})?>"), "argocd-vault-plugin", _IN_TEXT[0][2])
_AVP_ANNOTATION = "avp.kubernetes.io/path"
_FLUX_SWITCH = "kustomize.toolkit.fluxcd.io/substitute"
_METADATA = (
    ("metadata", "name"),
    ("metadata", "labels", names.REGISTRY_LABEL),
    ("metadata", "annotations", names.ORGANIZATION_ANNOTATION),
)
_KEYS = (names.CONFIG_KEY, names.CERTS_KEY, names.BUNDLE_KEY)


def reason(document: Mapping[str, Any]) -> str:
    """Return why this document cannot be judged, as the end of a sentence that names it; empty where it can be."""
    if _is_sops(document):
        return f"is encrypted with {_ENCRYPTED[0][1]}"
    if document.get("kind") != "Secret":
        return _made_later(document)
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and any(metadata.get(key) for key in _STORED):
        return ""
    return next((f"has {found} under {key!a}" for key, found in _unresolved(document)), "")


def secret_names(document: Mapping[str, Any]) -> set[str]:
    """Return the names that the Secret of such a document may have."""
    return {name for path in _TARGETS if isinstance(name := _at(document, path), str) and name}


def whole_file(text: str) -> str:
    """Return what encrypted this whole file and what to do, or nothing."""
    start = text.lstrip("\ufeff \t\r\n")
    return next((told for mark, told in _ENCRYPTED if start.startswith(mark)), "")


def _is_sops(document: Mapping[str, Any]) -> bool:
    sops = document.get("sops")
    return isinstance(sops, dict) and ("mac" in sops or "version" in sops)


def _made_later(document: Mapping[str, Any]) -> str:
    """Return by whom a Secret is made of this, as the end of a sentence, or nothing."""
    kind, version = str(document.get("kind") or ""), str(document.get("apiVersion") or "")
    if version.startswith("kustomize.config.k8s.io/") or (not kind and _KUSTOMIZE_KEYS & document.keys()):
        return "is input for kustomize: render it first (kubectl kustomize DIRECTORY)"
    if kind in _MAKERS or ("Secret" in kind and kind not in _NO_SECRET_FROM_IT):
        return (
            f"makes {_MAKERS.get(kind, 'its controller')} create a Secret in the cluster, whose content is not in "
            "the input"
        )
    return ""


def _unresolved(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each key with what has to be filled in under it, in words that say by what."""
    annotations = _at(document, ("metadata", "annotations"))
    annotations = annotations if isinstance(annotations, dict) else {}
    tools = [one for one in _IN_TEXT if not (one[1].startswith("Flux") and annotations.get(_FLUX_SWITCH) == "disabled")]
    known = [*tools, _AVP] if _AVP_ANNOTATION in annotations else tools
    is_encoded = isinstance(
        _at(document, ("data", names.CONFIG_KEY)), str
    )  # by then every other value has been filled in
    for path in () if is_encoded else _METADATA:
        if isinstance(value := _at(document, path), str) and (found := _placeholder([value], tools)):
            yield path[-1], found
    for key in _KEYS:
        value, known_here = _at(document, ("stringData", key)), known
        if value is None and isinstance(value := _at(document, ("data", key)), str):
            decoded = _decoded(value)
            if decoded is not None:
                value, known_here = decoded, list(_IN_BASE64)
        if isinstance(value, str) and (found := _encrypted(value) or _placeholder(_decisive(value), known_here)):
            yield key, found


def _encrypted(value: str) -> str:
    told = whole_file(value)
    return f"a value that is encrypted with {told}" if told else ""


def _placeholder(parts: Iterable[str], tools: Iterable[tuple[re.Pattern[str], str, str]]) -> str:
    parts = list(parts)
    for pattern, tool, command in tools:
        if any(pattern.search(part) for part in parts):
            return f"a placeholder of {tool}: fill it in first ({command})"
    return ""


def _decisive(text: str) -> Iterator[str]:
    """Yield the parts of a value whose placeholder would make a false verdict.

    Of a registry configuration these are hosts and `auth`. A user name or a password that looks like a placeholder is
    judged, with a warning: it is what the registry gets if nothing fills it in.
    """
    try:
        auths = json.loads(text)["auths"]
        entries = list(auths.items())
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        yield "" if "-----BEGIN " in text else text
        return
    for host, entry in entries:
        yield str(host)
        if isinstance(entry, dict) and isinstance(entry.get("auth"), str):
            yield entry["auth"]


def _decoded(value: str) -> str | None:
    try:
        return b64decode("".join(value.split()), validate=True).decode()
    except ValueError:
        return None


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> object:
    found: object = document
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found
