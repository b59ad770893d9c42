"""Certificates that `openssl req -x509` and `openssl ca -selfsign` make with unusual options, of chance with a seed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.x509.options import CONSTRAINTS, EXTENSIONS, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

_CURVES = (
    "prime256v1",
    "secp384r1",
    "secp521r1",
    "secp224r1",
    "prime192v1",
    "secp256k1",
    "brainpoolP256r1",
    "sect233k1",
)
_KEYS = {
    "rsa2048": ("genrsa", "2048"),
    "rsa512": ("genrsa", "512"),
    "rsa-e3": ("genrsa", "-3", "1024"),
    "pss": ("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:1024"),
    "ed25519": ("genpkey", "-algorithm", "ed25519"),
    "ed448": ("genpkey", "-algorithm", "ed448"),
    **{name: ("ecparam", "-genkey", "-noout", "-name", name) for name in _CURVES},
    "explicit": ("ecparam", "-genkey", "-noout", "-name", "prime256v1", "-param_enc", "explicit"),
    "compressed": ("ecparam", "-genkey", "-noout", "-name", "prime256v1", "-conv_form", "compressed"),
}
_COMMON_KEYS = ("rsa2048", "prime256v1", "secp384r1", "ed25519")
_RARE_KEY = 0.3
_SUBJECTS = (
    "/CN=registry.example.com",
    "/C=DE/ST=Bayern/L=München/O=Bücher & Söhne/CN=Wurzel-CA",
    "/CN=*.example.com/emailAddress=ca@example.com",
    "/DC=example/DC=corp/CN=CA",
    "/CN=登録/O=レジストリ",
    "/C=XXX/CN=country",
    "/",
    "/serialNumber=12 34/CN=a\\/b",
    "/CN=one+OU=two/O=three",
    "/UID=ca/title=Dr./GN=A/SN=B/pseudonym=C/dnQualifier=x",
    "/CN=" + "x" * 64,
)
_MASKS = ("default", "utf8only", "nombstr", "pkix", "MASK:0x800", "MASK:0x2", "MASK:0x4", "MASK:0x10")
_SERIALS = ("1", "0", "-1", "-128", "0x80", "0x" + "7f" * 20, "0x" + "ff" * 21, "0x" + "01" * 40)
_DAYS = ("1", "3650", "8600", "9000", "2900000")
_DATES = (
    ("500101000000Z", "491231235959Z"),
    ("491231235959Z", "20500101000000Z"),
    ("20500101000000Z", "99991231235959Z"),
    ("19500101000000Z", "19500102000000Z"),
    ("00010101000000Z", "00010102000000Z"),
    ("20240229000000Z", "21000228000000Z"),
)
_CONFIG = """\
oid_section = oids
[req]
distinguished_name = name
x509_extensions = extensions
string_mask = {mask}
utf8 = {utf8}
prompt = no
[ca]
default_ca = own
[own]
database = {directory}/index
new_certs_dir = {directory}
serial = {directory}/serial
default_md = sha256
policy = any
x509_extensions = extensions
unique_subject = no
preserve = yes
[any]
commonName = optional
countryName = optional
[oids]
[name]
[dir]
O = Bücher
CN = directory
[crl]
fullname = URI:http://crl.example/
CRLissuer = dirName:dir
reasons = keyCompromise
[policy]
policyIdentifier = 1.3.5.8
CPS.1 = http://cps.example/ä
userNotice.1 = @notice
[notice]
explicitText = UTF8:Grüße
organization = Corp
noticeNumbers = 1,2
[extensions]
{extensions}
"""


def certificates(directory: Path, random: Random) -> Iterator[tuple[str, bytes]]:
    """Yield what was asked for and the certificate in DER, for ever; what `openssl` refuses to make is left out."""
    keys = {name: _made_key(directory / name, arguments) for name, arguments in _KEYS.items()}
    parameters = directory / "dsa.parameters"
    _openssl("dsaparam", "-out", str(parameters), "1024")
    keys["dsa"] = _made_key(directory / "dsa", ("gendsa", str(parameters)))
    while True:
        key = random.choice(sorted(keys) if random.random() < _RARE_KEY else _COMMON_KEYS)
        extensions = _extensions(random)
        mask = random.choice(_MASKS)
        text = _CONFIG.format(
            directory=directory, mask=mask, utf8=random.choice(("yes", "no")), extensions="\n".join(extensions)
        )
        config = directory / "config"
        config.write_text(text, encoding="utf-8")
        subject = random.choice(_SUBJECTS)
        made = _signed(directory, config, keys[key], subject, random)
        if made:
            yield f"{key} {subject} {mask} {extensions}", made


def _extensions(random: Random) -> list[str]:
    chosen = [
        _extension(random, name) for name in random.sample(sorted(EXTENSIONS), random.choice((0, 0, 1, 1, 2, 3, 4)))
    ]
    if random.random() < 0.5:
        chosen.append(f"subjectAltName = {_critical(random)}{','.join(random.sample(NAMES, random.randint(1, 3)))}")
    if random.random() < 0.3:
        kinds = (random.choice(("permitted", "excluded")) for _ in range(3))
        trees = (
            f"{kind};{name}"
            for kind, name in zip(kinds, random.sample(CONSTRAINTS, random.randint(1, 2)), strict=False)
        )
        chosen.append(f"nameConstraints = {_critical(random)}{','.join(trees)}")
    return chosen


def _extension(random: Random, name: str) -> str:
    return f"{name} = {_critical(random)}{random.choice(EXTENSIONS[name])}"


def _critical(random: Random) -> str:
    return "critical," if random.random() < 0.3 else ""


def _signed(directory: Path, config: Path, key: Path, subject: str, random: Random) -> bytes:
    digest = () if key.name.startswith("ed") else (random.choice(("-sha256", "-sha384", "-sha1")),)
    padding = ("-sigopt", "rsa_padding_mode:pss") if key.name == "rsa2048" and random.random() < 0.3 else ()
    request = (
        "req",
        "-new",
        "-config",
        str(config),
        "-key",
        str(key),
        "-subj",
        subject,
        "-multivalue-rdn",
        *digest,
        *padding,
    )
    if random.random() < 0.8:
        serial = ("-set_serial", random.choice(_SERIALS)) if random.random() < 0.3 else ()
        return _openssl(*request, "-x509", "-days", random.choice(_DAYS), *serial, "-outform", "DER")
    for name, text in (("index", ""), ("serial", "01\n")):
        (directory / name).write_text(text)
    _openssl(*request, "-out", str(directory / "request"))
    if random.random() < 0.2:  # of version 1, by OpenSSL before 3.2
        return _openssl("x509", "-req", "-in", str(directory / "request"), "-signkey", str(key), "-outform", "DER")
    start, end = random.choice(_DATES)
    files = (
        "-config",
        str(config),
        "-keyfile",
        str(key),
        "-in",
        str(directory / "request"),
        "-out",
        str(directory / "made"),
    )
    if not _openssl(
        "ca", "-batch", "-selfsign", "-notext", "-startdate", start, "-enddate", end, *files, empty=b"made"
    ):
        return b""
    return _openssl("x509", "-in", str(directory / "made"), "-outform", "DER")


def _made_key(path: Path, arguments: tuple[str, ...]) -> Path:
    path.write_bytes(_openssl(*arguments))
    return path


def _openssl(*arguments: str, empty: bytes = b"") -> bytes:
    """Return what it prints (`empty` where that is nothing), nothing where it fails."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, check=False)
    return b"" if done.returncode else done.stdout or empty
