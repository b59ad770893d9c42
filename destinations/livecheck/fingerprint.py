"""What a result is bound to: a keyed fingerprint of all that a check depends on. Another one ends the result.

Host key, entry and helpers stand in `.dockerconfigjson`, which counts whole; then the organization, the value under
`certs`, the certificates in every key of that Secret (skopeo trusts them all), the label's value and the time of the
last rotation: without it, a result that holds again would tell somebody that they guessed the password that was
replaced. Team and description do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from django.conf import settings

from destinations import names
from destinations.model import Secret
from destinations.secret import codec
from destinations.secret.trim import certificates_in
from edrportal.configuration.environment import NO_KEY
from edrportal.signin import keys

_PURPOSE = "check"


def of(secret: Secret, all_secrets: Mapping[str, Secret]) -> str:
    """Return the fingerprint of a destination by the current key; empty without one, since anybody could try passwords."""
    return "" if settings.SECRET_KEY == NO_KEY else keys.digest(_PURPOSE, _content(secret, all_secrets))


def matches(found: str, secret: Secret, all_secrets: Mapping[str, Secret]) -> bool:
    """Say whether `found` is the fingerprint of a destination as it is now, by the current key or one before it."""
    return keys.is_digest(found, _PURPOSE, _content(secret, all_secrets))


def _content(secret: Secret, all_secrets: Mapping[str, Secret]) -> str:
    """Return the digests of the parts, so that no part can pass for another's end."""
    held = all_secrets.get(codec.certs_name(secret))
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
