"""A fix of the certificates: a certificate Secret of the portal's own, made of what can be read in the one named."""

from __future__ import annotations

from destinations.golang import gox509
from destinations.model import Secret
from destinations.names import BUNDLE_KEY, CERTS_KEY
from destinations.repairs import authorities
from destinations.repairs.common import NEW_BUNDLE, Case, Fix, set_data
from destinations.secret import codec
from destinations.verdict import certificates, pem
from destinations.verdict.pem import Repaired

_CA_KEYS = ("ca.crt", "ca.pem", "ca-bundle.crt", "tls.ca")
_OTHER_KEYS = (*_CA_KEYS, "cert.pem", "tls.pem")
_RENEWED = (
    "The registry can still renew its own certificate, but a new CA in {name} is not picked up: replace the CA "
    "bundle when the CA changes."
)


def own_bundle(secret: Secret, case: Case) -> list[Fix]:
    """Repair certificates that cannot be used as they are stored, or beside which there is a private key.

    Of a server's Secret (cert-manager's, an Ingress') only its CA is taken: its own certificate is renewed soon.
    """
    held = case.snapshot.secrets.get(codec.certs_name(secret))
    if held is None:
        return []
    bundle, left_out = _of_server(held) if _is_servers(held) else _of_bundle(held)
    if not bundle or (bundle == held.data.get(BUNDLE_KEY) and len(held.data) == 1):
        return []
    after = set_data(secret, {CERTS_KEY: NEW_BUNDLE.encode()})
    what = "CA certificates" if _is_servers(held) else "certificates"
    title = f"Create a separate certificate Secret from the {what} in {held.name}, which stays as it is."
    lost = f" {left_out} damaged blocks cannot be read and are left out." if left_out else ""
    renewed = (
        _RENEWED.format(name=held.name) if _is_servers(held) else f"Later changes in {held.name} are not picked up."
    )
    return [Fix("own-certificates", f"{title}{lost} {renewed}", after, bundle=bundle)]


def _is_servers(held: Secret) -> bool:
    """Return whether the Secret is a server's: it holds a private key, or something issues certificates into it."""
    managed = any(name.startswith("cert-manager.io/") for name in held.annotations)
    return managed or held.type == "kubernetes.io/tls" or certificates.has_key_beside(held.data)


def _of_server(held: Secret) -> tuple[bytes, int]:
    own = _readable(held.data.get(BUNDLE_KEY, b"")).certificates
    beside = [one for key in _CA_KEYS for one in _readable(held.data.get(key, b"")).certificates]
    return b"".join(one.pem() for one in authorities.of_server(own, beside)), 0


def _of_bundle(held: Secret) -> tuple[bytes, int]:
    """Return the first certificates that can be read, and how many blocks beside them cannot."""
    for key in (BUNDLE_KEY, *_OTHER_KEYS):
        found = _readable(held.data.get(key, b""))
        if found.certificates:
            usable = gox509.usable_certificates(held.data[key]) if key == BUNDLE_KEY else ()
            if found.refusals and len(found.certificates) <= len(usable):
                return b"", 0  # what Go skips is lost either way, and a person has to see it
            return b"".join(one.pem() for one in found.certificates), len(found.refusals)
    return b"", 0


def _readable(raw: bytes) -> Repaired:
    return pem.read(raw, leave_keys=True) if len(raw) <= certificates.MAX_BUNDLE_BYTES else pem.Repaired()
