"""A destination as files for Git: what a save would write, judged by the same rules, and written nowhere.

A file holds what was typed and what the pages show in clear. No stored credential gets into one: a person could name a key
of their own and decrypt it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from destinations import names
from destinations.access import Authority
from destinations.actions import additions, bundles
from destinations.actions.common import is_known_password
from destinations.actions.edits import Edit
from destinations.actions.rotations import Rotation
from destinations.model import Credentials, Draft, Secret, Snapshot, UserError, Verdict
from destinations.secret import codec, docker_config
from destinations.secret.mask import masked_key, masked_name
from destinations.verdict.judge import judge

_UNPROCESSABLE = 422
_PORTALS = {
    names.WRITE_ID_ANNOTATION,
    names.CHANGED_BY_ANNOTATION,
    names.CHANGED_AT_ANNOTATION,
    names.HISTORY_ANNOTATION,
    names.RELEASED_AT_ANNOTATION,
}
_SEALING = "sealedsecrets.bitnami.com/"
_TO_THE_CONTROLLER = tuple(f"{_SEALING}{word}" for word in ("managed", "patch", "skip-set-owner-references"))
"""What a person tells the sealed-secrets controller; it means something only where it is `true`."""
_TOOLS = (
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "helm.sh/",
    "meta.helm.sh/",
    "kubectl.kubernetes.io/",
    _SEALING,
    "reconcile.external-secrets.io/",
    "kapp.k14s.io/",
    "applyset.kubernetes.io/",
    "config.k8s.io/",
    "config.kubernetes.io/",
    "configsync.gke.io/",
    "configmanagement.gke.io/",
    "objectset.rio.cattle.io/",
    "velero.io/",
    names.MANAGED_BY_LABEL,
)
NO_PASSWORD = "Type user name and password: a file never contains the stored ones."  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class Planned:
    """Both Secrets as they should be: the destination, its new certificate Secret if any, and notes for the person."""

    destination: Mapping[str, Any] = field(repr=False)
    certificate: Mapping[str, Any] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.destination["metadata"]["name"])

    @property
    def manifests(self) -> tuple[Mapping[str, Any], ...]:
        """Both manifests, the certificate Secret first."""
        return (self.certificate, self.destination) if self.certificate else (self.destination,)


def plan_new(draft: Draft, permit: Authority, snapshot: Snapshot, *, namespace: str) -> Planned:
    """Return a new destination. Raises Denied, and UserError where the name is taken or an export would fail."""
    permit.check_new(draft.team)
    if draft.name in snapshot.secrets:
        raise additions.name_taken(snapshot.secrets[draft.name], permit)
    certificate = _certificate(draft.name, draft.bundle, namespace)
    manifest = codec.authentication_secret(
        draft, namespace=namespace, certs=_name(certificate), stamps=_stamp(snapshot.now)
    )
    manifest["metadata"]["labels"].pop(names.MANAGED_BY_LABEL)
    return _judged(Planned(manifest, certificate), snapshot)


def plan_rotated(
    secret: Secret, rotation: Rotation, permit: Authority, snapshot: Snapshot, *, namespace: str
) -> Planned:
    """Return a destination with new credentials. Raises UserError."""
    host = docker_config.host_key(secret)
    if not host:
        raise UserError("The stored .dockerconfigjson cannot be read.", "Edit the destination, and type everything.")
    stated = {names.EXPIRY_ANNOTATION: rotation.expires_on, **_rotated(secret, rotation, permit, snapshot.now)}
    draft = _draft(secret, host, rotation)
    return _changed(secret, draft, stated, snapshot, keeps=rotation.bundle is None, namespace=namespace)


def plan_edited(secret: Secret, wanted: Edit, permit: Authority, snapshot: Snapshot, *, namespace: str) -> Planned:
    """Return a destination with an edit. Raises UserError."""
    stated = {
        names.ORGANIZATION_ANNOTATION: wanted.organization,
        names.DESCRIPTION_ANNOTATION: wanted.description,
        names.EXPIRY_ANNOTATION: wanted.expires_on,
        **_rotated(secret, wanted, permit, snapshot.now),
    }
    draft = _draft(secret, wanted.host, wanted)
    return _changed(secret, draft, stated, snapshot, keeps=wanted.bundle is None, namespace=namespace)


def _draft(secret: Secret, host: str, typed: Rotation | Edit) -> Draft:
    """Return what was typed, all of it. Raises UserError where the stored password would have to be kept."""
    if not typed.username or not typed.password:
        raise UserError(NO_PASSWORD, "Then download the file again.", _UNPROCESSABLE)
    return Draft(secret.name, host, "", Credentials(typed.username, typed.password), bundle=typed.bundle or b"")


def _rotated(secret: Secret, typed: Rotation | Edit, permit: Authority, now: datetime) -> dict[str, str]:
    """Return when the credentials were given: it does not move where an administrator typed the stored password."""
    return {} if is_known_password(secret, typed.password, permit) else _stamp(now)


def _changed(  # noqa: PLR0913 - a destination's parts
    secret: Secret, draft: Draft, stated: Mapping[str, str], snapshot: Snapshot, *, keeps: bool, namespace: str
) -> Planned:
    """Return the destination with what was typed; `keeps` says that it goes on naming its certificate Secret."""
    certificate = _certificate(secret.name, draft.bundle, namespace)
    told = {key: "true" for key in _TO_THE_CONTROLLER if secret.annotations.get(key) == "true"}
    annotations = {**_kept(secret.annotations, ("epinio.io/", "edrportal/")), **told, **stated}
    stored = secret.data.get(names.CONFIG_KEY, b"")
    data = {names.CONFIG_KEY: docker_config.alone(stored, draft.credentials, host=draft.host)}
    if certificate:
        data[names.CERTS_KEY] = _name(certificate).encode()
    elif keeps and secret.data.get(names.CERTS_KEY):
        data[names.CERTS_KEY] = secret.data[names.CERTS_KEY]
    manifest = codec.opaque(
        secret.name,
        namespace,
        labels=_kept(secret.labels, ("",)),
        annotations={key: value for key, value in annotations.items() if value},
        data=data,
    )
    manifest["type"] = secret.type  # Kubernetes lets nobody change it
    if secret.immutable:
        manifest["immutable"] = True
    notes = (*_doubts(secret, keeps=keeps), *_left_out(secret, manifest))
    return _judged(Planned(manifest, certificate, notes), snapshot)


def _kept(found: Mapping[str, str], prefixes: tuple[str, ...]) -> dict[str, str]:
    """Return what people put there, without what tools and the portal note for themselves."""
    return {
        key: value
        for key, value in found.items()
        if key.startswith(prefixes) and not key.startswith(_TOOLS) and key not in {*_PORTALS, names.KIND_LABEL}
    }


def _doubts(secret: Secret, *, keeps: bool) -> Iterator[str]:
    """Yield what else it takes for a file to have the effect that one expects of it."""
    if keeps and (certs := masked_name(codec.certs_name(secret))):
        yield f"The destination goes on naming the certificate Secret {certs}, which is not in this file."
    if secret.immutable:
        yield "The stored Secret is immutable: delete it before this file is applied, so that it is made again."
    if secret.labels.get(names.REGISTRY_LABEL) != "true":
        yield f"Epinio hides this destination, also with this file: the label {names.REGISTRY_LABEL} is not true."


def _left_out(secret: Secret, manifest: Mapping[str, Any]) -> list[str]:
    """Return what of the stored Secret is not in the file: it may be secret, and only what was typed is encrypted."""
    notes = []
    if other := sorted(set(secret.data) - set(manifest["data"]) - {names.CERTS_KEY}):
        notes.append(f"The stored Secret has other keys, which are not in this file: {', '.join(other)}.")
    kept = {*manifest["metadata"]["annotations"], *_PORTALS, names.ROTATED_AT_ANNOTATION}
    own = (names.DESCRIPTION_ANNOTATION, names.EXPIRY_ANNOTATION)
    if other := sorted(key for key in secret.annotations if key not in {*kept, *own} and not key.startswith(_TOOLS)):
        notes.append(f"The stored Secret has other annotations, which are not in this file: {', '.join(other)}.")
    if _has_more(secret):
        notes.append("The stored .dockerconfigjson has other members, which are not in this file.")
    return notes


def _has_more(secret: Secret) -> bool:
    """Return whether the stored configuration holds more than one host with the three fields of Docker."""
    try:
        found = json.loads(secret.data.get(names.CONFIG_KEY, b""))
        (entry,) = found["auths"].values()
        return set(found) != {"auths"} or not set(entry) <= {"auth", "username", "password"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return True


def _certificate(name: str, bundle: bytes, namespace: str) -> dict[str, Any] | None:
    """Return the certificate Secret under a name never used before, without the label that has the portal collect it."""
    if not bundle:
        return None
    made = codec.certificate_secret(bundles.fresh_name(name, bundle), namespace=namespace, bundle=bundle, stamps={})
    made["metadata"]["labels"] = {}
    return made


def _name(certificate: Mapping[str, Any] | None) -> str:
    return str(certificate["metadata"]["name"]) if certificate else ""


def _stamp(at: datetime) -> dict[str, str]:
    """Return when the credentials were given, so that the overview knows their age."""
    return {names.ROTATED_AT_ANNOTATION: codec.rfc3339(at)}


def _judged(planned: Planned, snapshot: Snapshot) -> Planned:
    """Return it if an export would get to the registry with it. Raises UserError with what stops it."""
    annotations = planned.destination["metadata"]["annotations"]
    if any(masked_key(value) != value for value in annotations.values()):
        raise UserError(
            "An annotation looks as if it contains a password, and it would be in clear in Git.",
            "Edit organization and description first.",
            _UNPROCESSABLE,
        )
    secrets = [codec.read_secret(manifest) for manifest in planned.manifests]
    labels = {**secrets[-1].labels, names.REGISTRY_LABEL: "true"}  # one that is disabled may be rotated, too
    enabled = codec.read_secret(
        {**planned.destination, "metadata": {**planned.destination["metadata"], "labels": labels}}
    )
    found = judge(enabled, snapshot.having(*secrets[:-1], enabled))
    if found.verdict in {Verdict.ACCEPTED, Verdict.AT_RISK}:
        return planned
    failed = next(check for check in found.checks if not check.ok)
    raise UserError(
        f"The file was not made: {failed.message or 'Epinio would not list this destination.'}",
        failed.fix or "Correct the values.",
        _UNPROCESSABLE,
    )
