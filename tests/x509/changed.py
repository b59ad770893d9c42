"""Certificates of many kinds, made anew for a run, and the same with one to three bytes changed by chance with a seed."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

_OID = ObjectIdentifier("1.3.6.1.4.1.99999.1")
_DIRECTORY = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")]))
_SUBJECTS = (
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Corp Root CA")]),
    x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bücher & Söhne"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "ca@example.com"),
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "example"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Wurzel"),
        ]
    ),
    x509.Name(
        [
            x509.RelativeDistinguishedName(
                [x509.NameAttribute(NameOID.COMMON_NAME, "one"), x509.NameAttribute(NameOID.SERIAL_NUMBER, "2")]
            )
        ]
    ),
    x509.Name([]),
)
_NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("registry.example.com"),
        x509.DNSName("*.example.com"),
        x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("fd00::1")),
        x509.RFC822Name("ca@example.com"),
        x509.UniformResourceIdentifier("https://user@registry.example.com:5000/v2/?q#f"),
        x509.UniformResourceIdentifier("spiffe://cluster/ns/a"),
        x509.RegisteredID(_OID),
        _DIRECTORY,
        x509.OtherName(_OID, b"\x0c\x03abc"),
    ]
)
_CONSTRAINTS = x509.NameConstraints(
    [
        x509.DNSName("example.com"),
        x509.DNSName(".corp.example"),
        x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
        x509.RFC822Name("ca@example.com"),
    ],
    [
        x509.UniformResourceIdentifier("example.org"),
        x509.IPAddress(ipaddress.ip_network("fd00::/9")),
        x509.RFC822Name("example.org"),
        _DIRECTORY,
    ],
)
_POLICIES = x509.CertificatePolicies(
    [
        x509.PolicyInformation(
            _OID, ["http://cps.example/", x509.UserNotice(x509.NoticeReference("Corp", [1, 2]), "text")]
        ),
        x509.PolicyInformation(ObjectIdentifier("2.23.140.1.2.1"), None),
    ]
)
_POINTS = x509.CRLDistributionPoints(
    [
        x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.example/a"), _DIRECTORY], None, None, None),
        x509.DistributionPoint(None, None, frozenset([x509.ReasonFlags.key_compromise]), [_DIRECTORY]),
    ]
)
_ACCESS = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example/")
        ),
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, _DIRECTORY),
    ]
)
_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
_CA = (x509.BasicConstraints(ca=True, path_length=3), _USAGE)
_LEAF = (
    x509.BasicConstraints(ca=False, path_length=None),
    _NAMES,
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, _OID]),
)
_RARE = (
    x509.PolicyConstraints(require_explicit_policy=2, inhibit_policy_mapping=0),
    x509.InhibitAnyPolicy(1),
    x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), bytes.fromhex("300c300a06032a030406032a0305")),
    x509.TLSFeature([x509.TLSFeatureType.status_request]),
    x509.UnrecognizedExtension(_OID, b"anything"),
)
_PROFILES: tuple[tuple[x509.ExtensionType, ...], ...] = (
    (),
    _CA,
    _LEAF,
    (*_CA, _CONSTRAINTS),
    (*_CA, _POLICIES, *_RARE),
    (*_LEAF, _POINTS, _ACCESS),
    (*_LEAF, _POLICIES, _POINTS, _ACCESS, *_RARE),
)


def certificates(random: Random) -> Iterator[tuple[str, bytes]]:
    """Yield what was changed and the certificate in DER, for ever."""
    bases = made()
    while True:
        which = random.randrange(len(bases))
        content = bytearray(bases[which])
        places = random.sample(range(len(content)), random.randint(1, 3))
        for place in places:
            content[place] = _other(content[place], random)
        yield f"{which} at {sorted(places)}: {content.hex()}", bytes(content)


def _other(byte: int, random: Random) -> int:
    """Return another byte, as often a near one as any."""
    near = (byte + random.choice((-2, -1, 1, 2))) % 256
    return random.choice((near, byte ^ (1 << random.randrange(8)), (byte + random.randint(1, 255)) % 256))


@cache
def made() -> list[bytes]:
    """Return the certificates before the change."""
    keys: list[CertificateIssuerPrivateKeyTypes] = [
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - small certificates, more of whose bytes mean something
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        dsa.generate_private_key(1024),  # noqa: S505 - likewise
    ]
    return [
        _signed(key, _SUBJECTS[number % len(_SUBJECTS)], profile)
        for number, (key, profile) in enumerate((key, profile) for key in keys for profile in _PROFILES)
    ]


def _signed(
    key: CertificateIssuerPrivateKeyTypes, name: x509.Name, extensions: tuple[x509.ExtensionType, ...]
) -> bytes:
    end = datetime(2049 + len(extensions) % 2, 12, 31, tzinfo=UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1 << 8 * len(extensions), datetime(2020, 2, 29, tzinfo=UTC), end
    )
    for number, extension in enumerate(extensions):
        builder = builder.add_extension(extension, critical=number % 3 == 0 and extension is not _ACCESS)
    if extensions:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = builder.add_extension(authority, critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)
