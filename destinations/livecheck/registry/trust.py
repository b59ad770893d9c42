"""What Go demands of a chain that OpenSSL has verified already. Pure.

Mirrors crypto/tls handshake_client.go (verifyServerCertificate) and crypto/x509 verify.go and x509.go (CheckSignatureFrom,
checkSignature): Go reads every certificate that the server sent, verifies with fewer keys and hashes, looks at no signature
of an anchor, and wants issuers to say that they are CAs.
"""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Container, Sequence
from contextlib import suppress
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from destinations.golang import gox509
from destinations.golang.gox509 import GoCertificate
from destinations.livecheck.registry.port import CheckStopped, Code, Trust

_SIGNED_WITH = (hashes.SHA256, hashes.SHA384, hashes.SHA512, type(None))  # Ed25519 states no hash
_KEYS = (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)
_RSA_BITS = range(1024, 8192 + 1)
_WITH_CONSTRAINTS = 3


def go_accepts(presented: Sequence[bytes], verified: Sequence[bytes], anchors: Container[bytes]) -> bool:
    """Return whether Go accepts what the server sent and the way found to an anchor; all in DER, leaf first."""
    if not all(map(_is_readable, presented)):
        return False
    end = next((place for place, der in enumerate(verified) if der in anchors), len(verified) - 1)
    way = [gox509.parse(der) for der in verified[: end + 1]]
    return (
        all(one and _verifies(one) for one in way)
        and all(one and _is_signed_well(one) for one in way[:-1])
        and all(one and _may_issue(one) for one in way[1:])
    )


def _is_readable(der: bytes) -> bool:
    found = gox509.parse(der)
    key = _key(found) if found else None
    return bool(found) and not (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS.stop)


def _verifies(certificate: GoCertificate) -> bool:
    key = _key(certificate)
    return key.key_size in _RSA_BITS if isinstance(key, rsa.RSAPublicKey) else isinstance(key, _KEYS)


def _key(certificate: GoCertificate) -> object:
    read = certificate.read
    try:
        return read.public_key() if read else None
    except (UnsupportedAlgorithm, ValueError):
        return None


def _is_signed_well(certificate: GoCertificate) -> bool:
    read = certificate.read
    try:
        return read is not None and isinstance(read.signature_hash_algorithm, _SIGNED_WITH)
    except (UnsupportedAlgorithm, ValueError):
        return False


def _may_issue(certificate: GoCertificate) -> bool:
    return certificate.version < _WITH_CONSTRAINTS if certificate.is_ca is None else certificate.is_ca


_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES+SHA1:@SECLEVEL=0"  # TLS 1.2 as Go offers it; 1.3 has its own
_VERIFY_CODES = {  # X509_V_ERR_… of OpenSSL's x509_vfy.h
    **dict.fromkeys((2, 7, 18, 19, 20, 21, 27, 30, 31), Code.UNKNOWN_AUTHORITY),  # 7: another key under the same name
    9: Code.NOT_YET_VALID,
    10: Code.EXPIRED,
    62: Code.NAME_MISMATCH,
    64: Code.NAME_MISMATCH,
}
CERTIFICATE_CODES = {*_VERIFY_CODES.values(), Code.BAD_CERTIFICATE}
"""Where TLS was spoken, and only the certificates were refused."""
_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "VERSION_TOO_LOW")


@lru_cache(maxsize=64)
def context(trust: Trust) -> ssl.SSLContext:
    made = _bare()
    made.check_hostname = True
    made.hostname_checks_common_name = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if trust.public:
        made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    for anchor in _anchors(trust):
        with suppress(ssl.SSLError):
            made.load_verify_locations(cadata=anchor)
    return made


@lru_cache(maxsize=1)
def _blind_context() -> ssl.SSLContext:
    """Return a context that verifies nothing: to look at the chain of a server, never to send anything."""
    made = _bare()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def _bare() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.set_ciphers(_CIPHERS)
    made.set_alpn_protocols(["http/1.1"])
    return made


@lru_cache(maxsize=64)
def _anchors(trust: Trust) -> frozenset[bytes]:
    return frozenset(certificate.der for pem in trust.pems for certificate in gox509.usable_certificates(pem))


def start_tls(sock: socket.socket, name: str, trust: Trust | None) -> ssl.SSLSocket:
    """Do the handshake as the trust requires, None demanding nothing. Raises CheckStopped and OSError."""
    code = None
    chosen = context(trust) if trust else _blind_context()
    wrapped = chosen.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
    except ssl.SSLCertVerificationError as error:
        code = _VERIFY_CODES.get(error.verify_code, Code.BAD_CERTIFICATE)
    except ssl.SSLError as error:
        code = Code.OLD_TLS if any(word in (error.reason or "") for word in _OLD) else Code.NO_TLS
    except ValueError:  # an embedded NUL, or a name that IDNA refuses
        code = Code.BAD_HOST
    except OSError:
        wrapped.close()
        raise
    if not code and trust:
        verified = _chain(wrapped, "get_verified_chain")
        code = None if go_accepts(presented_chain(wrapped), verified, _anchors(trust)) else Code.BAD_CERTIFICATE
    if code:
        wrapped.close()
        raise CheckStopped(code, ok=False)
    return wrapped


def presented_chain(sock: ssl.SSLSocket) -> tuple[bytes, ...]:
    return _chain(sock, "get_unverified_chain")


def _chain(sock: ssl.SSLSocket, which: str) -> tuple[bytes, ...]:
    if hasattr(sock, which):  # Python 3.13
        return tuple(getattr(sock, which)())
    chain = getattr(sock._sslobj, which)() or ()  # type: ignore[attr-defined]  # noqa: SLF001 - the same, before it was public
    return tuple(ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain)


def has_only_a_common_name(chain: tuple[bytes, ...]) -> bool:
    """Return whether the server's certificate names no host but in its subject, which Go ignores."""
    read = gox509.parse(chain[0]) if chain else None
    return read is not None and not read.has_alternative_names
