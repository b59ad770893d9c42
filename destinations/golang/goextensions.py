"""The extensions that Go looks into: `processExtensions` of src/crypto/x509/parser.go, as Go 1.25.0 has it.

One function for each of Go's, or for each of its cases; what none of them names is bytes to Go, critical or not.
Go 1.25.2 and later, which Epinio 1.14.1 was not built with, differ in two things: they refuse a constraint that is a single
dot (`domainNameValid`), and a URI that has anything but an IPv6 address in brackets. The first is judged as 1.25.0 does it,
the second as `gourl` does it for hosts: as the later ones do.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from destinations.golang import gonet, gourl
from destinations.golang.gocryptobyte import (
    BOOLEAN,
    CONSTRUCTED,
    CONTEXT,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    String,
)
from destinations.golang.gostrings import GoError, quote

_EMAIL, _DNS, _URI, _IP = CONTEXT | 1, CONTEXT | 2, CONTEXT | 6, CONTEXT | 7
_FIRST, _SECOND = CONTEXT | CONSTRUCTED, CONTEXT | CONSTRUCTED | 1
_PATH_LENGTHS = range(2**63)
_DOMAIN = re.compile(r"(?:[!-\-/-~]+(?:\.[!-\-/-~]+)*)?")
_MAILBOX = re.compile(
    r'(?:"(?:[\x01-\x08\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"'
    r"|(?P<local>(?:[0-9A-Za-z!#$%&'*+\-/=?^_`{|}~.]|\\[\x00-\x7f])+))@(?P<domain>[\x00-\x7f]*)"
)
_POLICY_OID = re.compile(rb"(?:(?!\x80)[\x80-\xff]*[\x00-\x7f])+")
_MASK_BITS = re.compile("1*0*")
SUBJECT_ALTERNATIVE_NAME, BASIC_CONSTRAINTS = b"\x55\x1d\x11", b"\x55\x1d\x13"


def check(name: bytes, value: bytes, *, critical: bool) -> None:
    """Raise GoError where Go does not read this extension; `name` is the content of its object identifier."""
    if critical and name in _NEVER_CRITICAL:
        raise GoError(f"x509: {_NEVER_CRITICAL[name]} incorrectly marked critical")
    rule = _RULES.get(name)
    if rule:
        rule(String(value))


def parse_basic_constraints(der: String) -> bool:
    """`parseBasicConstraintsExtension`: return whether it is a CA."""
    refusal = "x509: invalid basic constraints"
    der = der.read(SEQUENCE, refusal)
    is_ca = der.boolean(refusal) if der.peek(BOOLEAN) else False
    if der.peek(INTEGER):
        der.integer(refusal, allowed=_PATH_LENGTHS)
    return is_ca


def _alternative_names(der: String) -> None:
    """`parseSANExtension` and `forEachSAN`."""
    names = der.read(SEQUENCE, "x509: invalid subject alternative names")
    while names:
        tag, content, _ = names.any("x509: invalid subject alternative name")
        if tag in _TEXTS and not content.isascii():
            raise GoError(f"x509: SAN {_TEXTS[tag]} is malformed")
        if tag == _URI:
            _uri(content.decode())
        if tag == _IP and len(content) not in {4, 16}:
            raise GoError(f"x509: cannot parse IP address of length {len(content)}")


def _uri(uri: str) -> None:
    try:
        host = gourl.parse(uri).host
    except GoError as error:
        raise GoError(f"x509: cannot parse URI {quote(uri)}: {error}") from None
    if not _DOMAIN.fullmatch(host):
        raise GoError(f"x509: cannot parse URI {quote(uri)}: invalid domain")


def _name_constraints(der: String) -> None:
    """`parseNameConstraintsExtension`."""
    refusal = "x509: invalid NameConstraints extension"
    top = der.read(SEQUENCE, refusal)
    trees = [] if der else [top.optional(tag, refusal) for tag in (_FIRST, _SECOND)]
    if not trees or top:
        raise GoError(refusal)
    if not any(trees):
        raise GoError("x509: empty name constraints extension")
    for tree in trees:
        while tree:
            tag, content, _ = tree.read(SEQUENCE, refusal).any(refusal)
            if tag == _IP:
                _ip_constraint(content)
            elif tag in _TEXTS:
                _text_constraint(tag, content.decode("utf-8", "surrogateescape"))


def _ip_constraint(content: bytes) -> None:
    """`isValidIPMask`, too."""
    if len(content) not in {8, 32}:
        raise GoError(f"x509: IP constraint contained value of length {len(content)}")
    mask = content[len(content) // 2 :]
    if not _MASK_BITS.fullmatch("".join(f"{byte:08b}" for byte in mask)):
        raise GoError(f"x509: IP constraint contained invalid mask {mask.hex()}")


def _text_constraint(tag: int, text: str) -> None:
    if not text.isascii():
        raise GoError(f"x509: invalid constraint value: x509: {quote(text)} cannot be encoded as an IA5String")
    refusal = f"x509: failed to parse {_CONSTRAINTS[tag]} constraint {quote(text)}"
    if tag == _URI and _is_address(text):
        raise GoError(f"{refusal}: cannot be IP address")
    is_mailbox = tag == _EMAIL and "@" in text
    if not (_is_mailbox(text) if is_mailbox else _DOMAIN.fullmatch(text.removeprefix("."))):
        raise GoError(refusal)


def _is_address(text: str) -> bool:
    """`net.ParseIP`, which takes no zone."""
    try:
        return "%" not in text and bool(gonet.check_address(text))
    except GoError:
        return False


def _is_mailbox(text: str) -> bool:
    """`parseRFC2821Mailbox` (verify.go)."""
    found = _MAILBOX.fullmatch(text)
    local = re.sub(r"\\(.)", r"\1", found["local"] or "", flags=re.DOTALL) if found else ""
    dotted = local.startswith(".") or local.endswith(".") or ".." in local
    return found is not None and not dotted and _DOMAIN.fullmatch(found["domain"]) is not None


def _crl_distribution_points(der: String) -> None:
    points = der.read(SEQUENCE, "x509: invalid CRL distribution points")
    refusal = "x509: invalid CRL distribution point"
    while points:
        name = points.read(SEQUENCE, refusal).optional(_FIRST, refusal)
        full = name.read(_FIRST, refusal) if name is not None else None
        while full and full.peek(_URI):
            full.read(_URI, refusal)


def _authority_key_id(der: String) -> None:
    """`parseAuthorityKeyIdentifier`."""
    refusal = "x509: invalid authority key identifier"
    der.read(SEQUENCE, refusal).optional(CONTEXT, refusal)


def _extended_key_usage(der: String) -> None:
    """`parseExtKeyUsageExtension`."""
    refusal = "x509: invalid extended key usages"
    usages = der.read(SEQUENCE, refusal)
    while usages:
        usages.identifier(refusal)


def _policies(der: String) -> None:
    """`parseCertificatePoliciesExtension`, with `newOIDFromDER` (oid.go)."""
    refusal = "x509: invalid certificate policies"
    policies, seen = der.read(SEQUENCE, refusal), set[bytes]()
    while policies:
        name = policies.read(SEQUENCE, refusal).element(OID, refusal).content
        if name in seen or not _POLICY_OID.fullmatch(name):
            raise GoError(refusal)
        seen.add(name)


def _policy_mappings(der: String) -> None:
    refusal = "x509: invalid policy mappings extension"
    mappings = der.read(SEQUENCE, refusal)
    while mappings:
        mapping = mappings.read(SEQUENCE, refusal)
        for _ in ("issuer", "subject"):
            mapping.element(OID, refusal)


def _policy_constraints(der: String) -> None:
    refusal = "x509: invalid policy constraints extension"
    constraints = der.read(SEQUENCE, refusal)
    for tag in (CONTEXT, CONTEXT | 1):
        if constraints.peek(tag):
            constraints.int64(refusal, tag=tag)


def _authority_info_access(der: String) -> None:
    refusal = "x509: invalid authority info access"
    descriptions = der.read(SEQUENCE, refusal)
    while descriptions:
        description = descriptions.read(SEQUENCE, refusal)
        description.identifier(refusal)
        description.optional(_URI, refusal)


_TEXTS = {_EMAIL: "rfc822Name", _DNS: "dNSName", _URI: "uniformResourceIdentifier"}
_CONSTRAINTS = {_EMAIL: "rfc822Name", _DNS: "dnsName", _URI: "URI"}
_INFO_ACCESS, _SUBJECT_KEY, _AUTHORITY_KEY = b"\x2b\x06\x01\x05\x05\x07\x01\x01", b"\x55\x1d\x0e", b"\x55\x1d\x23"
_NEVER_CRITICAL = {
    _INFO_ACCESS: "authority info access",
    _SUBJECT_KEY: "subject key identifier",
    _AUTHORITY_KEY: "authority key identifier",
}
_RULES: dict[bytes, Callable[[String], object]] = {
    _SUBJECT_KEY: lambda der: der.read(OCTET_STRING, "x509: invalid subject key identifier"),
    b"\x55\x1d\x0f": lambda der: der.bits("x509: invalid key usage"),  # `parseKeyUsageExtension`
    SUBJECT_ALTERNATIVE_NAME: _alternative_names,
    BASIC_CONSTRAINTS: parse_basic_constraints,
    b"\x55\x1d\x1e": _name_constraints,
    b"\x55\x1d\x1f": _crl_distribution_points,
    b"\x55\x1d\x20": _policies,
    b"\x55\x1d\x21": _policy_mappings,
    _AUTHORITY_KEY: _authority_key_id,
    b"\x55\x1d\x24": _policy_constraints,
    b"\x55\x1d\x25": _extended_key_usage,
    b"\x55\x1d\x36": lambda der: der.int64("x509: invalid inhibit any policy extension"),
    _INFO_ACCESS: _authority_info_access,
}
