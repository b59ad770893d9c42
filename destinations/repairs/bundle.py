"""A fix of the certificates: a certificate secret of the portal's own, made of what can be read in the one named."""

from __future__ import annotations

import re
import textwrap
from base64 import b64decode
from typing import TYPE_CHECKING

from destinations import certificates, secrets
from destinations.acceptance import gox509
from destinations.names import BUNDLE_KEY, CERTS_KEY
from destinations.repairs.common import NEW_BUNDLE, Fix, set_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.model import Secret
    from destinations.repairs.common import Case

_OTHER_KEYS = ("ca.crt", "ca.pem", "ca-bundle.crt", "cert.pem", "tls.pem", "tls.ca")


def own_bundle(secret: Secret, case: Case) -> list[Fix]:
    """Mend certificates that cannot be used as they are stored, or beside which a private key stands."""
    held = case.everything.get(secrets.certs_name(secret))
    if held is None:
        return []
    found = (_readable(held.data[key]) for key in (BUNDLE_KEY, *_OTHER_KEYS) if key in held.data)
    pem = next((one for one in found if one), b"")
    if not pem or (pem == held.data.get(BUNDLE_KEY) and len(held.data) == 1):
        return []
    after = set_data(secret, {CERTS_KEY: NEW_BUNDLE.encode()})
    title = f"Make a certificate secret of its own from the certificates in {held.name}, which stays as it is."
    return [Fix("own-certificates", title, after, bundle=pem)]


def _readable(raw: bytes) -> bytes:
    """Return the certificates as plain PEM, out of the usual disguises; nothing where there are none."""
    for text in _disguises(raw):
        found = gox509.usable_certificates(text)
        if found:
            return b"".join(one.pem() for one in found)
    return b""


def _disguises(raw: bytes) -> Iterator[bytes]:
    """Yield the content as it is, and as it may have been meant."""
    if len(raw) > certificates.MAX_BUNDLE_BYTES:
        return
    yield raw
    if (alone := gox509.parse(raw)) is not None:
        yield alone.pem()
    for codec in ("utf-8-sig", "utf-16"):
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        plain = text.replace("\\n", "\n")
        yield re.sub(r"(?m)^[ \t]+", "", textwrap.dedent(plain)).encode()
    try:
        yield b64decode(b"".join(raw.split()), validate=True)
    except ValueError:
        return
