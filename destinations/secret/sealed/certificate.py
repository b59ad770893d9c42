"""The public certificate of a sealed-secrets controller: read, and refused where sealing for it would be no use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from destinations.golang import gopem, gox509
from destinations.model import InputError
from destinations.verdict import certificates
from destinations.verdict.certificates import Bundle, CertificateSummary, Health

_LEAST_BITS, _MOST_BITS = 2048, 16384
_FETCH = "Give the output of kubeseal --fetch-cert."
_PRIVATE_KEY = (
    "It contains a private key. It was not stored, and is not shown again. With the controller's private key anyone can "
    "decrypt every SealedSecret of the cluster: treat it as exposed and renew it."
)


@dataclass(frozen=True, slots=True)
class ControllerCertificate:
    """A certificate that Secrets can be encrypted for, also as `pem`; `notes` say what the person should check."""

    key: rsa.RSAPublicKey
    summary: CertificateSummary
    pem: str
    notes: tuple[str, ...] = ()


def read(raw: bytes, now: datetime, *, fix: str = _FETCH) -> ControllerCertificate:
    """Return the first certificate of a PEM text, as kubeseal takes it.

    Raises InputError, which shows nothing of the text and ends with `fix`.
    """
    bundle = certificates.read_new_bundle(raw, now)
    if bundle.has_private_key:
        raise InputError(f"{_PRIVATE_KEY} {fix}")
    if not bundle.certificates:
        found = bundle.problems[0].message if bundle.problems else "It has no certificate."
        raise InputError(f"{found} {fix}")
    if any(_is_damaged(block) for block in gopem.blocks(raw)):
        raise InputError(f"A certificate in it is damaged, and kubeseal would refuse it, too. {fix}")
    summary = bundle.certificates[0]
    day = f"{summary.not_after:%Y-%m-%d}"
    if summary.health(now) is Health.EXPIRED:
        raise InputError(f"The certificate expired on {day}, and kubeseal would refuse it, too. {fix}")
    if summary.health(now) is Health.NOT_YET:
        raise InputError(f"The certificate is valid only from {summary.not_before:%Y-%m-%d} on. {fix}")
    notes = tuple(_notes(bundle, summary.health(now), day))
    try:
        first = x509.load_pem_x509_certificates(bundle.pem)[0]
        return ControllerCertificate(_key(first, fix), summary, first.public_bytes(Encoding.PEM).decode(), notes)
    except (ValueError, UnsupportedAlgorithm) as error:
        if isinstance(error, InputError):
            raise
    raise InputError(f"The certificate cannot be read. {fix}")


def _is_damaged(block: gopem.Block) -> bool:
    """Return whether kubeseal stops at this block: another certificate than the first one could be used otherwise."""
    return block.type == b"CERTIFICATE" and not block.headers and gox509.parse(block.content) is None


def _key(certificate: x509.Certificate, fix: str) -> rsa.RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise InputError(f"The certificate's key is not RSA, and sealed-secrets needs an RSA key. {fix}")
    if not _LEAST_BITS <= key.key_size <= _MOST_BITS:
        raise InputError(
            f"The certificate's RSA key has {key.key_size} bits; {_LEAST_BITS} to {_MOST_BITS} are accepted. {fix}"
        )
    return key


def _notes(bundle: Bundle, health: Health, day: str) -> list[str]:
    notes = []
    if len(bundle.certificates) > 1:
        notes.append(
            f"The text has {len(bundle.certificates)} certificates. The first one was used, as kubeseal does: "
            "check its fingerprint."
        )
    if bundle.problems:
        notes.append(f"The text has other blocks, which were not used. {bundle.problems[0].message}")
    if health is Health.EXPIRING:
        notes.append(f"The certificate expires on {day}: after that, use the controller's new one.")
    return notes
