"""Fixes beside the credentials: label, organization, the name under `certs`, the copy that `kubectl apply` leaves."""

from __future__ import annotations

from dataclasses import replace

from destinations.input import validation
from destinations.model import Secret
from destinations.names import CERTS_KEY, LAST_APPLIED_ANNOTATION, ORGANIZATION_ANNOTATION, REGISTRY_LABEL
from destinations.repairs.common import Case, Fix, set_annotations, set_data
from destinations.secret import codec, docker_config


def label(secret: Secret, _case: Case) -> list[Fix]:
    """Repair a label whose value is neither `true` nor, for a disabled destination, `false`."""
    value = secret.labels.get(REGISTRY_LABEL)
    if value in {None, "true", "false"}:
        return []
    after = replace(secret, labels=codec.merged(secret.labels, {REGISTRY_LABEL: "true"}))
    return [Fix("label", f'Set the label {REGISTRY_LABEL} to "true".', after)]


def organization(secret: Secret, case: Case) -> list[Fix]:
    """Repair an organization that is missing, or no path that a registry takes."""
    stated = secret.annotations.get(ORGANIZATION_ANNOTATION)
    # before an @ may be a password
    path = "" if "@" in (stated or "") else validation.as_path(stated or "", docker_config.host_key(secret))
    if not path:
        after = set_annotations(secret, {ORGANIZATION_ANNOTATION: case.choice.organization or None})
        return [Fix("organization-missing", "State the organization to push to.", after, asks="organization")]
    if path == stated:
        return []
    after = set_annotations(secret, {ORGANIZATION_ANNOTATION: path})
    return [Fix("organization", f"Write the organization as {path}.", after)]


def certs_name(secret: Secret, case: Case) -> list[Fix]:
    """Repair a name under `certs` that has spaces or a line break around it."""
    stated = codec.certs_name(secret)
    plain = stated.strip()
    if plain == stated or plain not in case.snapshot.secrets:
        return []
    after = set_data(secret, {CERTS_KEY: plain.encode()})
    return [Fix("certs-name", "Remove spaces and line breaks around the name under certs.", after)]


def last_applied(secret: Secret, _case: Case) -> list[Fix]:
    """Remove the copy of the credentials that `kubectl apply` left in an annotation."""
    if LAST_APPLIED_ANNOTATION not in secret.annotations:
        return []
    after = set_annotations(secret, {LAST_APPLIED_ANNOTATION: None})
    title = "Remove kubectl's last-applied annotation, which contains a copy of the credentials."
    return [Fix("last-applied", title, after)]
