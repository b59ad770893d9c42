"""TLS as Helm and skopeo demand it: their anchors, Go's versions and ciphers, and what failed in one word.

OpenSSL judges the chain, so that a password never follows a judgement of our own. Every certificate of a bundle is an
anchor by itself, an intermediate and the server's own leaf too, as in Go (crypto/x509 verify.go); the common name counts
for nothing. What OpenSSL takes and Go does not is refused afterwards: signatures by SHA-1 or MD5, short RSA keys, and
certificates that Go cannot read.
"""

from __future__ import annotations

import ssl
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from destinations.acceptance import gox509
from destinations.registry.port import Code

if TYPE_CHECKING:
    import socket

    from destinations.acceptance.gox509 import GoCertificate
    from destinations.registry.port import Trust

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES+SHA1:@SECLEVEL=0"  # TLS 1.2 as Go offers it; 1.3 has its own
_WEAK = (hashes.SHA1, hashes.MD5)
_LEAST_RSA_BITS = 1024
_VERIFY_CODES = {  # X509_V_ERR_… of OpenSSL's x509_vfy.h
    **dict.fromkeys((2, 18, 19, 20, 21, 27), Code.UNKNOWN_AUTHORITY),
    9: Code.NOT_YET_VALID,
    10: Code.EXPIRED,
    62: Code.NAME_MISMATCH,
    64: Code.NAME_MISMATCH,
}
_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "VERSION_TOO_LOW")


class TlsError(Exception):
    """No TLS that the tool would take; `code` says why, and `is_trust` whether only the certificates were refused."""

    def __init__(self, code: Code, *, is_trust: bool = False) -> None:
        """Keep both."""
        super().__init__(code.value)
        self.code = code
        self.is_trust = is_trust


@lru_cache(maxsize=64)
def context(trust: Trust) -> ssl.SSLContext:
    """Return what verifies a server as a tool with this trust does."""
    made = _bare()
    made.check_hostname = True
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if trust.public:
        made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    anchors = "".join(one.pem().decode("ascii") for one in _anchors(trust))
    if anchors:
        made.load_verify_locations(cadata=anchors)
    return made


@lru_cache(maxsize=1)
def blind_context() -> ssl.SSLContext:
    """Return what verifies nothing: to look at the chain of a server, never to send anything."""
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


def _anchors(trust: Trust) -> list[GoCertificate]:
    return [one for pem in trust.pems for one in gox509.usable_certificates(pem)]


def secured(sock: socket.socket, name: str, chosen: ssl.SSLContext) -> ssl.SSLSocket:
    """Return the connection under TLS; closes it where that fails. Raises TlsError and OSError."""
    code, is_trust = None, False
    wrapped = chosen.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
    except ssl.SSLCertVerificationError as error:
        code, is_trust = _VERIFY_CODES.get(error.verify_code, Code.BAD_CERTIFICATE), True
    except ssl.SSLError as error:
        code = Code.OLD_TLS if any(word in (error.reason or "") for word in _OLD) else Code.NO_TLS
    except ValueError:  # an embedded NUL, or a name that IDNA refuses
        code = Code.BAD_HOST
    except OSError:
        wrapped.close()
        raise
    if code:
        wrapped.close()
        raise TlsError(code, is_trust=is_trust)
    return wrapped


def presented(sock: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Return the chain that the server sent, in DER, its own certificate first."""
    if hasattr(sock, "get_unverified_chain"):  # Python 3.13
        return tuple(sock.get_unverified_chain())
    found = sock._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]  # noqa: SLF001 - the same, before it was public
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in found)


def has_only_a_common_name(chain: tuple[bytes, ...]) -> bool:
    """Say whether the server's certificate names no host but in its subject, which Go ignores."""
    read = gox509.parse(chain[0]) if chain else None
    if read is None:
        return False
    try:
        read.read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return True
    return False


def go_refuses(chain: tuple[bytes, ...], trust: Trust) -> bool:
    """Say whether Go ends a handshake that OpenSSL has taken."""
    anchors = {one.der for one in _anchors(trust)}
    return any(_is_refused(der, is_anchor=der in anchors) for der in chain)


def _is_refused(der: bytes, *, is_anchor: bool) -> bool:
    found = gox509.parse(der)
    if found is None:
        return True
    try:
        key, weak = found.read.public_key(), isinstance(found.read.signature_hash_algorithm, _WEAK)
    except (UnsupportedAlgorithm, ValueError):
        return False  # a kind that Go does not judge either
    short = isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS
    return short or (weak and not is_anchor and found.read.subject != found.read.issuer)
