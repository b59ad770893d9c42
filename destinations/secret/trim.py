"""A Secret cut down to what a judgment and the overview look at, for keeping many in memory."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from destinations import names
from destinations.model import Secret
from destinations.secret import owners

_JUDGED = {names.CONFIG_KEY, names.CERTS_KEY, names.BUNDLE_KEY}
_LARGE = 64 * 1024
_PRIVATE_KEY = b"PRIVATE KEY-----"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


def trim_for_cache(secret: Secret) -> Secret:
    """Return the Secret with labels, annotations and keys as they are, and without what nothing judges.

    A value that nothing reads keeps its certificates, which skopeo trusts under any key, and the one mark that is looked
    for in it; of the copy that `kubectl apply` leaves stays a mark. The manifest is gone: a Secret like this is to be
    looked at, never written.
    """
    kept = _kept(secret)
    data = {key: value if key in kept else _mark(value) for key, value in secret.data.items()}
    owner = owners.owner(secret) if names.REGISTRY_LABEL in secret.labels else None
    return replace(secret, annotations=_annotations(secret.annotations), data=data, manifest={}, owner=owner)


def drop_large_values(secret: Secret) -> Secret:
    """Return a Secret that is neither a destination nor the portal's without large values that nothing reads.

    Others are returned as they are. What was cut has no manifest, so that nothing can write it.
    """
    if names.REGISTRY_LABEL in secret.labels or names.KIND_LABEL in secret.labels:
        return secret
    large = {key for key, value in secret.data.items() if len(value) > _LARGE} - set(_kept(secret))
    if not large:
        return secret
    data = {key: _mark(value) if key in large else value for key, value in secret.data.items()}
    return replace(secret, annotations=_annotations(secret.annotations), data=data, manifest={})


def trim_config_map(config_map: Secret) -> Secret:
    """Return the ConfigMap with its data if it is the portal's or defines a role, else without."""
    known = names.ROLE_LABEL in config_map.labels or config_map.name in names.CONFIG_MAPS
    return replace(config_map, annotations={}, data=config_map.data if known else {}, manifest={})


def _kept(secret: Secret) -> Collection[str]:
    """Return the keys that are looked at: for a verdict, of a user who signs in, and of Epinio's single sign-on."""
    if names.USER_LABEL in secret.labels:
        return _JUDGED | names.USER_KEYS
    return _JUDGED | names.DEX_KEYS if secret.name == names.DEX_CONFIG else _JUDGED


def certificates_in(value: bytes) -> bytes:
    """Return the PEM blocks of certificates in a value, one a line, unparsed; the same again for what it returned."""
    return b"\n".join(_CERTIFICATE.findall(value))


def _mark(value: bytes) -> bytes:
    return certificates_in(value) + (_PRIVATE_KEY if _PRIVATE_KEY in value else b"")


def _annotations(annotations: Mapping[str, str]) -> Mapping[str, str]:
    copy = annotations.get(names.LAST_APPLIED_ANNOTATION)
    if copy is None:
        return annotations
    told = names.CONFIG_KEY if names.CONFIG_KEY in copy else ""
    return {**annotations, names.LAST_APPLIED_ANNOTATION: told}
