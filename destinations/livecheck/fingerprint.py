"""What a result is bound to: a keyed fingerprint of all that a check depends on. Another one ends the result.

Host key, entry and helpers are in `.dockerconfigjson`, which counts whole; then the organization, the value under
`certs`, the certificates in every key of that Secret (skopeo trusts them all), the label's value and the time of the
last rotation: without it, a result that holds again would tell someone that they guessed the password that was
replaced. Team and description do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from destinations import names
from destinations.model import Secret
from destinations.secret import codec
from destinations.secret.keys import SigningKeys
from destinations.secret.trim import certificates_in

_PURPOSE = "check"


def of(secret: Secret, secrets: Mapping[str, Secret], keys: SigningKeys) -> str:
    """Return the fingerprint of a destination by the present key; empty without one, since anyone could try passwords."""
    return keys.digest(_PURPOSE, _content(secret, secrets)) if keys else ""


def matches(fingerprint: str, secret: Secret, secrets: Mapping[str, Secret], keys: SigningKeys) -> bool:
    """Return whether it is the fingerprint of a destination as it is now, by the present key or one before it."""
    return keys.is_digest(fingerprint, _PURPOSE, _content(secret, secrets))


def _content(secret: Secret, secrets: Mapping[str, Secret]) -> str:
    """Return the digests of the parts, so that no part can pass for another's end."""
    held = secrets.get(codec.certs_name(secret))
    parts = [
        secret.labels.get(names.REGISTRY_LABEL, "").encode(),
        secret.annotations.get(names.ORGANIZATION_ANNOTATION, "").encode("utf-8", "surrogatepass"),
        secret.data.get(names.CONFIG_KEY, b""),
        secret.data.get(names.CERTS_KEY, b""),
        secret.annotations.get(names.ROTATED_AT_ANNOTATION, "").encode("utf-8", "surrogatepass"),
    ]
    for key, value in sorted(held.data.items()) if held else ():
        parts += [key.encode(), value if key == names.BUNDLE_KEY else certificates_in(value)]
    return "\n".join(sha256(part).hexdigest() for part in parts)
