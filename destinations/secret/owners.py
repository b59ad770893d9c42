"""The controller that manages a Secret, and who changed it last: read from what controllers leave on their objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from destinations.model import Owner, Secret
from destinations.names import CHANGED_BY_ANNOTATION, CONFIG_KEY, MANAGED_BY_LABEL, MANAGED_BY_PORTAL
from destinations.secret import history

SEALED_SECRETS = "Sealed Secrets"
_CONTROLLERS = {
    "ExternalSecret": Owner("External Secrets", "Change the ExternalSecret {name}, or the secret store that it reads."),
    "SealedSecret": Owner(SEALED_SECRETS, "Seal the new values and apply the SealedSecret {name}."),
}
_CREDENTIALS = f"f:{CONFIG_KEY}"
_ARGO_TRACKING = "argocd.argoproj.io/tracking-id"
_ARGO_LABEL = "argocd.argoproj.io/instance"
_FLUX_LABELS = ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")
_HELM_RELEASE = "meta.helm.sh/release-name"
_ARGO = Owner("Argo CD", "Change it in the Git repository that Argo CD syncs.")
_FLUX = Owner("Flux", "Change it in the Git repository that Flux syncs.")
_HELM = Owner("Helm", "Change the values of the Helm release {name}.")


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who changed a Secret last: the field manager, the time (RFC 3339) and the portal's person; each may be empty."""

    manager: str = ""
    at: str = ""
    person: str = ""


def owner(secret: Secret) -> Owner | None:
    """Return what manages a Secret, also of one that was cut down."""
    if secret.owner:
        return secret.owner
    for reference in _metadata(secret).get("ownerReferences") or ():
        return _controller(str(reference.get("kind", "")), str(reference.get("name", "")))
    labels, annotations = secret.labels, secret.annotations
    if _ARGO_TRACKING in annotations or _ARGO_LABEL in labels:
        return _ARGO
    if any(label in labels for label in _FLUX_LABELS):
        return _FLUX
    if _HELM_RELEASE in annotations or labels.get(MANAGED_BY_LABEL) == "Helm":
        return _named(_HELM, annotations.get(_HELM_RELEASE, "that it belongs to"))
    return _applier(secret)


def wrote_credentials(secret: Secret) -> bool:
    """Return whether nobody but the portal is known to have written the stored credentials last."""
    return not any(
        str(entry.get("manager") or "") != MANAGED_BY_PORTAL
        and _CREDENTIALS in ((entry.get("fieldsV1") or {}).get("f:data") or {})
        for entry in _metadata(secret).get("managedFields") or ()
        if isinstance(entry, dict)
    )


def last_change(secret: Secret) -> LastChange:
    entries = [entry for entry in _metadata(secret).get("managedFields") or () if isinstance(entry, dict)]
    latest = max(entries, key=lambda entry: str(entry.get("time") or ""), default={})
    manager = str(latest.get("manager") or "")
    person = secret.annotations.get(CHANGED_BY_ANNOTATION, "") if manager in {"", MANAGED_BY_PORTAL} else ""
    return LastChange(manager, str(latest.get("time") or ""), person)


def is_overtaken(secret: Secret, write_id: str) -> bool:
    """Return whether something changed a Secret after the portal's write of this id, which it holds."""
    entries, last = history.read(secret), last_change(secret)
    if not entries:
        return False
    is_last = history.names_same_write(entries[-1].id, history.mark(write_id))
    return not is_last or (last.manager not in {"", MANAGED_BY_PORTAL} and last.at > entries[-1].at)


def _controller(kind: str, name: str) -> Owner:
    known = _CONTROLLERS.get(kind)
    return _named(known, name) if known else Owner(f"{kind} {name}".strip(), f"Change the {kind} {name} that owns it.")


def _applier(secret: Secret) -> Owner | None:
    """Return who holds the data by server-side apply: it would put its own values back."""
    for entry in _metadata(secret).get("managedFields") or ():
        if entry.get("operation") == "Apply" and "f:data" in (entry.get("fieldsV1") or {}):
            manager = str(entry.get("manager") or "server-side apply")
            return Owner(manager, f"Change the manifest that {manager} applies.")
    return None


def _named(pattern: Owner, name: str) -> Owner:
    return Owner(pattern.name, pattern.advice.format(name=name))


def _metadata(secret: Secret) -> dict[str, Any]:
    return dict(secret.manifest.get("metadata") or {})
