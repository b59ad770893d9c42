"""Certificates put together byte by byte, where Go's reading is strict or careless; which is not signed them.

Each with what Go 1.25 says of it, nothing where it takes it.
"""

from __future__ import annotations

from tests.malformed.bundles import wrapped

_SEQUENCE, _SET, _INTEGER, _BITS, _OCTETS, _OID = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06
_ED25519 = bytes.fromhex("06032b6570")
_COMMON_NAME = bytes.fromhex("0603550403")
_NULL = b"\x05\x00"
_RSA = bytes.fromhex("06092a864886f70d010101")
_EC = bytes.fromhex("06072a8648ce3d0201")
_P256 = bytes.fromhex("06082a8648ce3d030107")
_GENERATOR = bytes.fromhex(  # of P-256, a point on the curve
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
START, END = b"\x17\x0d260101000000Z", b"\x17\x0d360101000000Z"


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of these."""
    return wrapped(_SEQUENCE, *parts)


def name(text: bytes, kind: bytes = _COMMON_NAME) -> bytes:
    """Return a Name of one part; `text` is its value with tag and length."""
    return sequence(wrapped(_SET, sequence(kind, text)))


def key(algorithm: bytes, data: bytes, unused: int = 0) -> bytes:
    """Return a SubjectPublicKeyInfo; `data` without the byte that counts the unused bits."""
    return sequence(sequence(algorithm), wrapped(_BITS, bytes((unused,)), data))


def rsa(*parts: bytes) -> bytes:
    """Return one with an RSA key that holds these."""
    return key(_RSA + _NULL, sequence(*parts))


def extension(last: int, value: bytes, *, critical: bytes = b"") -> bytes:
    """Return the extension 2.5.29.`last`."""
    return sequence(bytes((_OID, 3, 0x55, 0x1D, last)), critical, wrapped(_OCTETS, value))


PLAIN = name(b"\x0c\x02CA")
ED25519 = key(_ED25519, bytes(range(32)))
_ACCESS = bytes.fromhex("06082b06010505070101")
CRITICAL = b"\x01\x01\xff"


def certificate(
    *extensions: bytes,
    version: bytes = b"\xa0\x03\x02\x01\x02",
    serial: bytes = b"\x02\x01\x01",
    algorithm: bytes = _ED25519,
    outer: bytes = b"",
    issuer: bytes = PLAIN,
    start: bytes = START,
    end: bytes = END,
    subject: bytes = PLAIN,
    info: bytes = ED25519,
    unique: bytes = b"",
    rest: bytes = b"",
    signature: bytes = b"\x03\x01\x00",
    after: bytes = b"",
) -> bytes:
    """Return a certificate in DER of these fields, each with tag and length."""
    held = wrapped(0xA3, sequence(*extensions)) if extensions else b""
    tbs = sequence(
        version, serial, sequence(algorithm), issuer, sequence(start, end), subject, info, unique, held, rest
    )
    return sequence(tbs, sequence(outer or algorithm), signature) + after


def names(*parts: bytes) -> bytes:
    """Return the extension of alternative names."""
    return extension(17, sequence(*parts))


def constraints(*parts: bytes, tree: int = 0xA0) -> bytes:
    """Return name constraints; each part is a GeneralName."""
    return extension(30, sequence(wrapped(tree, *map(sequence, parts))))


_POINT = "x509: failed to unmarshal elliptic curve point"
_TIME, _UTC = "x509: malformed GeneralizedTime", "x509: malformed UTCTime"
_NAME = "x509: invalid RDNSequence: invalid attribute"
_LIMITS = "x509: invalid basic constraints"
CASES: dict[str, tuple[bytes, str]] = {
    "plain": (certificate(), ""),
    "nothing": (b"", "x509: malformed certificate"),
    "after the certificate": (certificate(after=b"\0"), "x509: trailing data"),
    "after the fields": (certificate(rest=b"\xff\xff\xff"), ""),
    "after the signature": (sequence(certificate()[3:], b"\xff"), ""),
    "a length with a zero in front": (b"\x30\x83\x00" + certificate()[2:], "x509: malformed certificate"),
    "a length in long form for no reason": (certificate(serial=b"\x02\x81\x01\x01"), "x509: malformed serial number"),
    "an indefinite length": (b"\x30\x80" + certificate()[3:] + b"\0\0", "x509: malformed certificate"),
    "a tag of two bytes": (certificate(names(b"\x9f\x1f\x00")), "x509: invalid subject alternative name"),
    "version 1": (certificate(version=b""), ""),
    "version 1, with what only version 3 has": (certificate(extension(14, b"\0"), version=b""), ""),
    "version 4": (certificate(version=b"\xa0\x03\x02\x01\x03"), "x509: invalid version"),
    "a negative version": (certificate(version=b"\xa0\x03\x02\x01\xff"), "x509: malformed version"),
    "more than the version": (certificate(version=b"\xa0\x04\x02\x01\x02\x00"), "x509: malformed version"),
    "serial 0": (certificate(serial=b"\x02\x01\x00"), ""),
    "serial of 40 bytes": (certificate(serial=b"\x02\x28" + b"\x11" * 40), ""),
    "serial -1": (certificate(serial=b"\x02\x01\xff"), "x509: negative serial number"),
    "serial with a zero in front": (certificate(serial=b"\x02\x02\x00\x01"), "x509: malformed serial number"),
    "serial of nothing": (certificate(serial=b"\x02\x00"), "x509: malformed serial number"),
    "two algorithms": (
        certificate(outer=_ED25519 + _NULL),
        "x509: inner and outer signature algorithm identifiers don't match",
    ),
    "an unknown algorithm": (certificate(algorithm=b"\x06\x01\x2a\x05\x01\x00"), ""),
    "an algorithm that is none": (certificate(algorithm=_NULL), "x509: malformed OID"),
    "parameters cut short": (certificate(algorithm=_ED25519 + b"\x30\x05"), "x509: malformed parameters"),
    "no name": (certificate(issuer=sequence(), subject=sequence()), ""),
    "nothing in a part": (certificate(subject=sequence(wrapped(_SET))), ""),
    "after the text of a name": (certificate(subject=name(b"\x0c\x02CA\xff\xff")), ""),
    "T.61": (certificate(subject=name(b"\x14\x02\xff\xfe")), ""),
    "printable with star and ampersand": (certificate(subject=name(b"\x13\x03*&A")), ""),
    "printable with an at": (certificate(subject=name(b"\x13\x02@A")), f"{_NAME} value: invalid PrintableString"),
    "UTF-8 that is none": (certificate(subject=name(b"\x0c\x02\xc3A")), f"{_NAME} value: invalid UTF-8 string"),
    "a surrogate in UTF-8": (
        certificate(subject=name(b"\x0c\x03\xed\xa0\x80")),
        f"{_NAME} value: invalid UTF-8 string",
    ),
    "BMP": (certificate(subject=name(b"\x1e\x04\0C\0\0")), ""),
    "BMP of three bytes": (certificate(subject=name(b"\x1e\x03\0C\0")), f"{_NAME} value: invalid BMPString"),
    "BMP with a pair": (certificate(subject=name(b"\x1e\x04\xd8\x3d\xde\0")), f"{_NAME} value: invalid BMPString"),
    "BMP with no character": (certificate(subject=name(b"\x1e\x02\xfd\xd0")), f"{_NAME} value: invalid BMPString"),
    "IA5 beyond ASCII": (certificate(subject=name(b"\x16\x01\xfc")), f"{_NAME} value: invalid IA5String"),
    "numeric": (certificate(subject=name(b"\x12\x031 2")), ""),
    "numeric with a letter": (certificate(subject=name(b"\x12\x021a")), f"{_NAME} value: invalid NumericString"),
    "a text of another type": (certificate(subject=name(b"\x1a\x01A")), f"{_NAME} value: unsupported string type: 26"),
    "a number of 31 bits": (certificate(subject=name(b"\x0c\x00", b"\x06\x06\x2a\x87\xff\xff\xff\x7f")), ""),
    "a number of 32 bits": (
        certificate(subject=name(b"\x0c\x00", b"\x06\x06\x2a\x88\x80\x80\x80\x00")),
        f"{_NAME} type",
    ),
    "a number with a zero in front": (certificate(subject=name(b"\x0c\x00", b"\x06\x03\x2a\x80\x01")), f"{_NAME} type"),
    "a number cut short": (certificate(subject=name(b"\x0c\x00", b"\x06\x02\x2a\x81")), f"{_NAME} type"),
    "1950": (certificate(start=b"\x17\x0d500101000000Z"), ""),
    "without seconds": (certificate(start=b"\x17\x0b2601010000Z"), ""),
    "an hour ahead": (certificate(start=b"\x17\x11260101000000+0100"), ""),
    "24 hours behind": (certificate(start=b"\x17\x11260101000000-2400"), ""),
    "25 hours ahead": (certificate(start=b"\x17\x11260101000000+2500"), _UTC),
    "no hour ahead": (certificate(start=b"\x17\x11260101000000+0000"), _UTC),
    "February 29 of 2100": (certificate(end=b"\x18\x0f21000229000000Z"), _TIME),
    "February 29 of 1952": (certificate(start=b"\x17\x0d520229000000Z"), ""),
    "a fraction": (certificate(end=b"\x18\x1121000228000000.5Z"), _TIME),
    "long without seconds": (certificate(end=b"\x18\x0d210002280000Z"), _TIME),
    "year 0": (certificate(start=b"\x18\x0f00000229000000Z"), ""),
    "until year 1": (certificate(end=b"\x18\x0f00010101000000Z"), ""),
    "year 9999": (certificate(end=b"\x18\x1399991231235959-0100"), ""),
    "60 seconds": (certificate(end=b"\x18\x0f21000228000060Z"), _TIME),
    "a text for a time": (certificate(end=b"\x0c\x00"), "x509: unsupported time format"),
    "unused bits in a key": (certificate(info=key(_ED25519, b"\x00" * 32, unused=3)), ""),
    "unused bits that are used": (certificate(info=key(_ED25519, b"\x07" * 32, 3)), "x509: malformed subjectPublicKey"),
    "Ed25519 of 31 bytes": (certificate(info=key(_ED25519, bytes(31))), "x509: wrong Ed25519 public key size"),
    "Ed25519 with parameters": (
        certificate(info=key(_ED25519 + _NULL, bytes(32))),
        "x509: Ed25519 key encoded with illegal parameters",
    ),
    "X25519 of three bytes": (certificate(info=key(b"\x06\x03\x2b\x65\x6e", b"abc")), ""),
    "a key of an unknown kind": (certificate(info=key(b"\x06\x01\x2a", b"abc")), ""),
    "RSA 16 bits": (certificate(info=rsa(b"\x02\x03\x00\xc0\x01", b"\x02\x01\x03")), ""),
    "RSA without NULL": (
        certificate(info=key(_RSA, sequence(b"\x02\x01\x03", b"\x02\x01\x03"))),
        "x509: RSA key missing NULL parameters",
    ),
    "RSA with more": (certificate(info=rsa(b"\x02\x01\x03", b"\x02\x01\x03", b"\xff")), ""),
    "RSA modulus 0": (
        certificate(info=rsa(b"\x02\x01\x00", b"\x02\x01\x00")),
        "x509: RSA modulus is not a positive number",
    ),
    "RSA exponent of 64 bits": (
        certificate(info=rsa(b"\x02\x01\x03", b"\x02\x09\x00" + b"\xff" * 8)),
        "x509: invalid RSA public exponent",
    ),
    "P-256": (certificate(info=key(_EC + _P256, _GENERATOR)), ""),
    "off the curve": (certificate(info=key(_EC + _P256, _GENERATOR[:-1] + b"\0")), _POINT),
    "compressed": (certificate(info=key(_EC + _P256, b"\x03" + _GENERATOR[1:33])), _POINT),
    "hybrid": (certificate(info=key(_EC + _P256, b"\x07" + _GENERATOR[1:])), _POINT),
    "a curve without a name": (certificate(info=key(_EC, _GENERATOR)), "x509: invalid ECDSA parameters"),
    "unique identifiers": (certificate(unique=b"\x81\x01\xff\x82\x01\xff"), ""),
    "a unique identifier cut short": (certificate(unique=b"\x81\x05"), "x509: malformed issuerUniqueID"),
    "twice": (
        certificate(extension(99, b""), extension(99, b"")),
        'x509: certificate contains duplicate extension with OID "2.5.29.99"',
    ),
    "an unknown one, critical": (certificate(extension(99, b"", critical=CRITICAL)), ""),
    "a false boolean": (certificate(extension(99, b"", critical=b"\x01\x01\x00")), ""),
    "a boolean of 1": (
        certificate(extension(99, b"", critical=b"\x01\x01\x01")),
        "x509: malformed extension critical field",
    ),
    "path length of 63 bits": (certificate(extension(19, sequence(b"\x02\x08\x7f" + b"\xff" * 7))), ""),
    "path length of 64 bits": (certificate(extension(19, sequence(b"\x02\x09\x00" + b"\xff" * 8))), _LIMITS),
    "path length -1": (certificate(extension(19, sequence(b"\x02\x01\xff"))), _LIMITS),
    "after basic constraints": (certificate(extension(19, sequence(b"\xff") + b"\xff")), ""),
    "a critical key identifier": (
        certificate(extension(14, b"\x04\x00", critical=CRITICAL)),
        "x509: subject key identifier incorrectly marked critical",
    ),
    "a critical identifier of the issuer's key": (
        certificate(extension(35, b"", critical=CRITICAL)),
        "x509: authority key identifier incorrectly marked critical",
    ),
    "critical access": (
        certificate(sequence(_ACCESS, CRITICAL, wrapped(_OCTETS, sequence()))),
        "x509: authority info access incorrectly marked critical",
    ),
    "access to nothing": (
        certificate(sequence(_ACCESS, wrapped(_OCTETS, sequence(sequence(b"\x06\x01\x2a", b"\xff"))))),
        "",
    ),
    "after a key identifier": (certificate(extension(14, b"\x04\x00\xff")), ""),
    "after the identifier of the issuer's key": (certificate(extension(35, sequence(b"\x80\x01a\xff"))), ""),
    "no usage": (certificate(extension(37, sequence()), extension(15, b"\x03\x01\x00")), ""),
    "a usage with unused bits that are used": (
        certificate(extension(15, b"\x03\x02\x07\x01")),
        "x509: invalid key usage",
    ),
    "a CRL's point of nothing": (certificate(extension(31, sequence(sequence(b"\xff")))), ""),
    "a CRL's point relative to its issuer": (
        certificate(extension(31, sequence(sequence(wrapped(0xA0, b"\xa1\x00"))))),
        "x509: invalid CRL distribution point",
    ),
    "no name at all": (certificate(names()), ""),
    "an address of five bytes": (
        certificate(names(b"\x87\x05" + bytes(5))),
        "x509: cannot parse IP address of length 5",
    ),
    "a name with an umlaut": (certificate(names(b"\x82\x02\xc3\xbc")), "x509: SAN dNSName is malformed"),
    "a name of nothing": (certificate(names(b"\x82\x00", b"\x86\x00", b"\x81\x00")), ""),
    "a URI with two dots": (
        certificate(names(b"\x86\x0bhttp://a..b")),
        'x509: cannot parse URI "http://a..b": invalid domain',
    ),
    "a URI with brackets": (
        certificate(names(b"\x86\x0ahttp://[a]")),
        'x509: cannot parse URI "http://[a]": parse "http://[a]": invalid host: ParseAddr("a"): unable to parse IP',
    ),
    "a URI with an IPv6 address": (certificate(names(b"\x86\x0chttp://[::1]")), ""),
    "a constraint of a dot": (certificate(constraints(b"\x82\x01.")), ""),
    "a constraint of two dots": (
        certificate(constraints(b"\x82\x02..")),
        'x509: failed to parse dnsName constraint ".."',
    ),
    "a mailbox in quotes": (certificate(constraints(b'\x81\x07"a\\"."@')), ""),
    "a mailbox with a dot in front": (
        certificate(constraints(b"\x81\x04.a@b")),
        'x509: failed to parse rfc822Name constraint ".a@b"',
    ),
    "a mailbox with an escape": (certificate(constraints(b"\x81\x05a\\@@b")), ""),
    "a URI constraint with an address": (
        certificate(constraints(b"\x86\x03::1")),
        'x509: failed to parse URI constraint "::1": cannot be IP address',
    ),
    "a URI constraint with a zone": (certificate(constraints(b"\x86\x05::1%a")), ""),
    "no constraint": (certificate(constraints()), "x509: empty name constraints extension"),
    "a third tree": (certificate(constraints(b"\x82\x01a", tree=0xA2)), "x509: invalid NameConstraints extension"),
    "after the constraints": (
        certificate(extension(30, sequence(wrapped(0xA0, sequence(b"\x82\x01a"))) + b"\0")),
        "x509: invalid NameConstraints extension",
    ),
    "a policy of 100 bits": (
        certificate(extension(32, sequence(sequence(b"\x06\x10\x2a" + b"\xff" * 14 + b"\x7f")))),
        "",
    ),
    "a policy with a zero in front": (
        certificate(extension(32, sequence(sequence(b"\x06\x03\x2a\x80\x01")))),
        "x509: invalid certificate policies",
    ),
    "a mapping of nothing": (certificate(extension(33, sequence(sequence(b"\x06\x00\x06\x00")))), ""),
    "policy constraints that are negative": (certificate(extension(36, sequence(b"\x80\x01\xff"))), ""),
    "inhibit any policy, 72 bits": (
        certificate(extension(54, b"\x02\x09\x7f" + b"\xff" * 8)),
        "x509: invalid inhibit any policy extension",
    ),
}
