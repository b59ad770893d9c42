"""TLS as Helm and skopeo demand it: their anchors, Go's versions and ciphers, and what failed in one word.

OpenSSL judges the chain, so that a password never follows a judgement of our own. Every certificate of a bundle is an
anchor by itself, an intermediate and the server's own leaf too, as in Go (crypto/x509 verify.go); the common name counts
for nothing. What OpenSSL takes and Go does not is refused before a byte is sent (`gochain`).

Known limits, all to the safe side: OpenSSL refuses a name `*.example` of two labels, a server's certificate whose key usage
allows neither signatures nor key exchange, and a bundle's certificate that it cannot read, where Go takes them; and it tries
one way up to an anchor, Go every one.
"""

from __future__ import annotations

import socket
import ssl
import warnings
from contextlib import suppress
from functools import lru_cache

from destinations.golang import gox509
from destinations.livecheck.registry import gochain
from destinations.livecheck.registry.port import Code, Trust

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES+SHA1:@SECLEVEL=0"  # TLS 1.2 as Go offers it; 1.3 has its own
_VERIFY_CODES = {  # X509_V_ERR_… of OpenSSL's x509_vfy.h
    **dict.fromkeys((2, 7, 18, 19, 20, 21, 27, 30, 31), Code.UNKNOWN_AUTHORITY),  # 7: another key under the same name
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


@lru_cache(maxsize=64)
def _anchors(trust: Trust) -> frozenset[bytes]:
    """Return them in DER."""
    return frozenset(one.der for pem in trust.pems for one in gox509.usable_certificates(pem))


def secured(sock: socket.socket, name: str, trust: Trust | None) -> ssl.SSLSocket:
    """Return the connection under TLS as the trust demands it, None demanding nothing; closes it where that fails.

    Raises TlsError and OSError.
    """
    code, is_trust = None, False
    chosen = context(trust) if trust else _blind_context()
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
    if not code and trust and not _is_taken_by_go(wrapped, trust):
        code, is_trust = Code.BAD_CERTIFICATE, True
    if code:
        wrapped.close()
        raise TlsError(code, is_trust=is_trust)
    return wrapped


def presented(sock: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Return the chain that the server sent, in DER, its own certificate first."""
    return _chain(sock, "get_unverified_chain")


def _chain(sock: ssl.SSLSocket, which: str) -> tuple[bytes, ...]:
    if hasattr(sock, which):  # Python 3.13
        return tuple(getattr(sock, which)())
    found = getattr(sock._sslobj, which)() or ()  # type: ignore[attr-defined]  # noqa: SLF001 - the same, before it was public
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in found)


def _is_taken_by_go(sock: ssl.SSLSocket, trust: Trust) -> bool:
    verified = _chain(sock, "get_verified_chain")
    return gochain.takes(presented(sock), verified, _anchors(trust))


def has_only_a_common_name(chain: tuple[bytes, ...]) -> bool:
    """Say whether the server's certificate names no host but in its subject, which Go ignores."""
    read = gox509.parse(chain[0]) if chain else None
    return read is not None and not read.has_alternative_names
