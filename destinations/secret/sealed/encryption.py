"""The hybrid encryption of sealed-secrets (pkg/crypto/crypto.go): a session key by RSA, the value by that key."""

from __future__ import annotations

from base64 import b64encode
from enum import StrEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BITS = 256
_ZERO_NONCE = bytes(12)
"""Safe because a session key encrypts one value only."""


class Scope(StrEnum):
    """What of a SealedSecret may be renamed without sealing again, by the words of kubeseal's --scope."""

    STRICT = "strict"
    NAMESPACE_WIDE = "namespace-wide"
    CLUSTER_WIDE = "cluster-wide"

    def label(self, namespace: str, name: str) -> bytes:
        """Return what the encryption is bound to."""
        labels = {Scope.STRICT: f"{namespace}/{name}", Scope.NAMESPACE_WIDE: namespace, Scope.CLUSTER_WIDE: ""}
        return labels[self].encode()

    @property
    def annotations(self) -> dict[str, str]:
        """The annotation that tells the controller; none for strict."""
        return {} if self is Scope.STRICT else {f"sealedsecrets.bitnami.com/{self}": "true"}


def encrypt(value: bytes, key: rsa.RSAPublicKey, label: bytes) -> str:
    """Return a value as `encryptedData` holds it: length and ciphertext of the session key, then that of the value."""
    session = AESGCM.generate_key(_KEY_BITS)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=label)
    wrapped = key.encrypt(session, oaep)
    return b64encode(
        len(wrapped).to_bytes(2, "big") + wrapped + AESGCM(session).encrypt(_ZERO_NONCE, value, None)
    ).decode()
