"""The certificates of a node's cluster, as strict as Python 3.13 wants them, and the kubeconfigs that hold them."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.services.leaks import known
from tests.services.pki import Holder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DAYS = 7
_NO_USES = {
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "encipher_only": False,
    "decipher_only": False,
}


@dataclass(frozen=True, slots=True)
class Authority:
    """The cluster's CA, and the directory that its certificates, keys and kubeconfigs are written to."""

    directory: Path
    holder: Holder

    @classmethod
    def new(cls, directory: Path) -> Authority:
        """Make a CA and the pair of keys that signs the tokens of ServiceAccounts."""
        made = cls(directory, _issue("node-tests", "", None))
        (directory / "ca.crt").write_bytes(made.holder.pem)
        (directory / "ca.key").write_bytes(made.holder.key_pem)
        tokens = ec.generate_private_key(ec.SECP256R1())
        (directory / "tokens.key").write_bytes(Holder(made.holder.certificate, tokens).key_pem)
        public = tokens.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (directory / "tokens.pub").write_bytes(public)
        return made

    @property
    def certificate(self) -> Path:
        """The CA's certificate."""
        return self.directory / "ca.crt"

    def issue(self, file: str, name: str, *, group: str = "", names: Sequence[str] = ()) -> tuple[Path, Path]:
        """Write a certificate for a server of these names, or a client of this name and group; return it and its key."""
        made = _issue(name, group, self.holder, names)
        certificate, key = self.directory / f"{file}.crt", self.directory / f"{file}.key"
        certificate.write_bytes(made.pem)
        key.write_bytes(made.key_pem)
        return certificate, key

    def kubeconfig(self, file: str, server: str, name: str, *, group: str = "") -> Path:
        """Write the kubeconfig of a client, with everything in it; return it."""
        made = _issue(name, group, self.holder)
        cluster = {"server": server, "certificate-authority-data": _text(self.holder.pem)}
        user = {"client-certificate-data": _text(made.pem), "client-key-data": known(_text(made.key_pem))}
        path = self.directory / f"{file}.kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "node",
            "clusters": [{"name": "node", "cluster": cluster}],
            "users": [{"name": file, "user": user}],
            "contexts": [{"name": "node", "context": {"cluster": "node", "user": file}}],
        }
        path.write_text(json.dumps(content))
        return path


def _issue(name: str, group: str, by: Holder | None, names: Sequence[str] = ()) -> Holder:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    parts += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    subject, signer = x509.Name(parts), by.key if by else key
    usage = x509.KeyUsage(digital_signature=bool(by), key_cert_sign=not by, crl_sign=not by, **_NO_USES)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=not by, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if by:
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
    return Holder(builder.sign(signer, hashes.SHA256()), key)


def _general(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)


def _text(content: bytes) -> str:
    return b64encode(content).decode()
