"""A leaked value is found in whatever a Secret holds it, in whatever it is pasted; and nothing else is named."""

from __future__ import annotations

import json
from base64 import b64encode, encodebytes, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from destinations import names
from destinations.input.leak import paste
from destinations.input.leak.search import Holder, search
from destinations.model import Secret, UserError
from destinations.secret import history
from tests.services.leaks import canary

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "registry.example.com"
TOKEN = canary("token", special=False)
PASSWORDS = {
    "a token": TOKEN,
    "colons": canary("colons", special=False) + ":with:colons",
    "signs": "a&b/" + canary("signs", special=False) + "#1?x=y+z%41",
    "quotes": "qu\"ote's-" + canary("quotes", special=False),
    "a backslash": "back\\slash\\n-" + canary("backslash", special=False),
    "no ASCII": "pä$$wört-€uro-" + canary("unicode", special=False),
}


def b64(text: str | bytes) -> str:
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def config(host: str = HOST, **members: str) -> str:
    return json.dumps({"auths": {host: members}})


def secret(
    name: str = "one",
    data: Mapping[str, str | bytes] | None = None,
    *,
    label: str = "true",
    annotations: dict[str, str] | None = None,
) -> Secret:
    clean = config(username="svc", password="quite-another-9")
    held: dict[str, str | bytes] = {names.CONFIG_KEY: clean, **(data or {})}
    return Secret(
        name,
        labels={names.REGISTRY_LABEL: label} if label else {},
        annotations={names.ORGANIZATION_ANNOTATION: "team", **(annotations or {})},
        data={key: value.encode() if isinstance(value, str) else value for key, value in held.items()},
        uid=name,
    )


def configured(text: str) -> Secret:
    return secret(data={names.CONFIG_KEY: text})


def keyed(key: str, value: str | bytes) -> Secret:
    return secret(data={key: value})


def applied(document: dict[str, Any]) -> Secret:
    return secret(annotations={names.LAST_APPLIED_ANNOTATION: json.dumps(document)})


def found(pasted: str | bytes, *secrets: Secret) -> dict[str, Holder]:
    raw = pasted if isinstance(pasted, bytes) else pasted.encode()
    return {one.name: one for one in search(paste.read(raw), secrets)}


def places(password: str) -> dict[str, Secret]:
    pair = f"robot$ci:{password}"
    full = config(auth=b64(pair))
    return {
        "auth in the URL alphabet": configured(config(auth=urlsafe_b64encode(pair.encode()).decode())),
        "auth without padding": configured(config(auth=b64(pair).rstrip("="))),
        "auth in lines": configured(config(auth=encodebytes(pair.encode()).decode())),
        "auth with a line break in it": configured(config(auth=b64(pair + "\r\n"))),
        "auth encoded twice": configured(config(auth=b64(b64(pair)))),
        "auth in clear": configured(config(auth=pair)),
        "auth in quotation marks": configured(config(auth=b64(f'"{pair}"'))),
        "password as base64": configured(config(username="r", password=b64(password))),
        "password in quotation marks": configured(config(username="r", password=f"'{password}'")),
        "password escaped for a URL": configured(config(username="r", password=quote(password, safe=""))),
        "a pair as user name": configured(config(username=pair)),
        "a legacy file": configured(json.dumps({HOST: {"auth": b64(pair)}})),
        "base64 of base64": configured(b64(b64(full))),
        "YAML": configured(yaml.safe_dump({"auths": {HOST: {"password": password}}})),
        "a comma too many": configured(config("h", auth=b64(pair)).replace("}}}", ",}}}")),
        "a header": configured(json.dumps({"auths": {}, "HttpHeaders": {"Authorization": f"Basic {b64(pair)}"}})),
        "a host key": configured(config(f"https://{quote('robot$ci')}:{quote(password, safe='')}@{HOST}")),
        ".dockercfg": keyed(".dockercfg", json.dumps({HOST: {"auth": b64(pair)}})),
        "a key in base64": keyed("token", b64(password)),
        "a key in UTF-16": keyed("pw.txt", password.encode("utf-16")),
        "a key with a mark of UTF-8": keyed("pw.txt", b"\xef\xbb\xbf" + password.encode()),
        "a header in a key": keyed("header", f"Authorization: Basic {b64(pair)}"),
        "values.yaml": keyed("values.yaml", yaml.safe_dump({"registry": {"password": password}, "a": [1]})),
        "YAML in single quotes": keyed("values.yaml", "a:\n  password: '{}'\n".format(password.replace("'", "''"))),
        "a manifest": keyed("s.yaml", f"kind: Secret\ndata:\n  password: {b64(password)}\n"),
        "a pull secret in a manifest": keyed("s.yaml", f"kind: Secret\ndata:\n  .dockerconfigjson: {b64(full)}\n"),
        "a block in a manifest": keyed("s.yaml", f"stringData:\n  .dockerconfigjson: |\n    {full}\n"),
        "an annotation in base64": secret(annotations={"note": b64(password)}),
        "data of kubectl apply": applied({"data": {"password": b64(password)}}),
        "YAML in kubectl apply": applied({"stringData": {"values.yaml": f"a:\n  password: {json.dumps(password)}\n"}}),
        "disabled": secret(label="false", data={"password": password}),
        "hidden": secret(label="yes", data={"password": password}),
    }


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_every_place_is_found(password: str) -> None:
    missed = [where for where, one in places(password).items() if not found(password, one)]
    assert missed == []


def test_a_token_in_a_sentence_a_label_or_a_name_is_found() -> None:
    for one in (
        secret(annotations={"note": f"the password is {TOKEN} until June"}),
        Secret("one", labels={names.REGISTRY_LABEL: "true", "note": TOKEN}),
        keyed(TOKEN, "x"),
        configured(json.dumps({"auths": {}, TOKEN: {}})),
    ):
        (holder,) = found(TOKEN, one).values()
        assert TOKEN not in repr(holder), "a value is told as the name of a place"


def test_a_key_that_is_the_value_itself_is_not_told() -> None:
    (holder,) = found(TOKEN, secret(data={TOKEN: TOKEN}, annotations={TOKEN: TOKEN})).values()
    assert TOKEN not in " ".join(holder.places)


def forms(password: str) -> dict[str, str | bytes]:
    pair = f"robot$ci:{password}"
    full = config(auth=b64(pair))
    manifest = {"kind": "Secret", "metadata": {"name": "x"}, "data": {"password": b64(password)}}
    return {
        "typographic quotes": f"\u201c{password}\u201d",
        "an invisible space": f"\u200b{password}\u200b",
        "a block of code": f"```\n{password}\n```",
        "a color": f"\x1b[32mtoken: {password}\x1b[0m",
        "a pair": pair,
        "base64": b64(f"{password}\n"),
        "a configuration as base64": encodebytes(full.encode()).decode(),
        "a manifest in YAML": yaml.safe_dump(manifest),
        "a manifest below a comment": f"# mine\n{yaml.safe_dump(manifest)}",
        "several documents": f"kind: ConfigMap\n---\n{yaml.safe_dump(manifest)}",
        "several documents in JSON": f'{{"a": 1}}\n{json.dumps(manifest)}',
        "values": f"image:\n  tag: x\n  password: {json.dumps(password)}\n",
        "values in single quotes": "image:\n  tag: x\n  password: '{}'\n".format(password.replace("'", "''")),
        "a log in JSON": json.dumps({"level": "debug", "msg": f"docker login -u robot -p {password} {HOST}"}),
        "a pipeline": f"echo {quote_for_shell(password)} | docker login -u robot --password-stdin {HOST}",
        "a command": f"docker login -u robot -p {quote_for_shell(password)} {HOST}",
        "a command with escapes": "docker login -p " + "".join(c if c.isalnum() else f"\\{c}" for c in password),
        "curl": f"curl -u {quote_for_shell(pair)} https://{HOST}/v2/",
        "helm": f"helm registry login {HOST} --username robot --password {quote_for_shell(password)}",
        "headers": f"> GET /v2/ HTTP/1.1\r\n> authorization: Basic {b64(pair)}\r\n> accept: */*\r\n",
        "an address": f"fatal: 'https://robot:{quote(password, safe='')}@{HOST}/a.git': 403",
        "an address with a token alone": f"git clone https://{quote(password, safe='')}@{HOST}/a.git",
        "a query": f"GET https://{HOST}/token?service=x&access_token={quote(password, safe='')}&scope=y",
        ".netrc": f"machine {HOST} login robot password {password}",
        "variables": f"A=1\0REGISTRY_PASSWORD={password}\0B=2",
        "a cell of a table": f"| robot | {password} |",
        "in UTF-16": password.encode("utf-16"),
        "with a mark of UTF-8": b"\xef\xbb\xbf" + password.encode(),
    }  # fmt: skip


def quote_for_shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_every_form_is_read(password: str) -> None:
    stored = configured(config(username="robot$ci", password=password))
    clean = Secret("clean", labels={names.REGISTRY_LABEL: "true"}, data={names.CONFIG_KEY: config(auth="x").encode()})
    wrong = {}
    for form, text in forms(password).items():
        holders = found(text, stored, clean)
        if set(holders) != {"one"} or holders["one"].only_name:
            wrong[form] = sorted(holders)
    assert wrong == {}


SCRIPTS = [
    keyed("login.sh", f'#!/bin/sh\nset -e\ndocker login -u robot -p "$REGISTRY_PASSWORD" {HOST}\n'),
    keyed(".env", f"REGISTRY_PASSWORD=Stored-Pw-1234\nREGISTRY_USER=robot\nREGISTRY_HOST={HOST}\nVERSION=v1.2.3\n"),
    keyed("values.yaml", f"image:\n  repository: {HOST}/team/app\n  tag: v1.2.3\nexistingSecret: registry-account\n"),
    keyed("meta.json", json.dumps({"host": HOST, "at": "2026-11-27T05:00:00Z", "owner": "platform-team-2"})),
    configured(f'{{"auths":{{"{HOST}":{{"username":"svc","password":"Stored-Pw-1234"'),
    configured(json.dumps({"auths": {}, "HttpHeaders": {"User-Agent": "Docker-Client/24.0.7 (linux)"}})),
    secret(annotations={
        "meta.helm.sh/release-name": "epinio-registry", "note": "see https://wiki.example.com/registry/123",
        "ticket": "OPS-1234", "owner": "platform-team-2",
    }),
    applied({"kind": "Secret", "type": "Opaque", "metadata": {"name": "robot-account", "namespace": "epinio"}}),
]  # fmt: skip
LEAKED = [
    f"docker login -u robot -p Leaked-Pw-9999 {HOST}",
    f'+ docker login -u robot -p "$REGISTRY_PASSWORD" {HOST}\nLogin Succeeded',
    f"REGISTRY_PASSWORD=Leaked-Pw-9999\nREGISTRY_USER=robot\nREGISTRY_HOST={HOST}\nVERSION=v1.2.3\n",
    f"image:\n  repository: {HOST}/team/app\n  tag: v1.2.3\nexistingSecret: registry-account\npassword: Leaked-Pw-9999\n",
    f"2026-11-27T05:00:00Z pulling {HOST}/a:v1.2.3 for platform-team-2, OPS-1234, https://wiki.example.com/registry/123",
    "User-Agent: Docker-Client/24.0.7 (linux)\nAuthorization: Basic " + b64("svc:Leaked-Pw-9999"),
    config(username="svc", password="Leaked-Pw-9999")[:-2],
    yaml.safe_dump({
        "kind": "Secret", "type": "Opaque", "stringData": {"password": "Leaked-Pw-9999"},
        "metadata": {"name": "robot-account", "namespace": "epinio", "annotations": {"owner": "platform-team-2"}},
    }),
    "kubectl get secret robot-account -n epinio -o yaml",
]  # fmt: skip


@pytest.mark.parametrize("leaked", LEAKED)
@pytest.mark.parametrize("stored", SCRIPTS, ids=lambda one: next(reversed({**one.data, **one.annotations})))
def test_what_logs_and_files_have_in_common_anyway_is_no_leak(leaked: str, stored: Secret) -> None:
    assert found(leaked, stored) == {}


@pytest.mark.parametrize("pasted", ["administrator", "rotated", "2026-11-27T05:00:00Z", "2026-12-31"])
def test_what_the_portal_itself_wrote_is_no_credential(pasted: str) -> None:
    entry = history.Entry("2026-11-27T05:00:00Z", "administrator", "rotated", "mark", "")
    written = {
        names.HISTORY_ANNOTATION: history.append_entry((), entry), names.CHANGED_BY_ANNOTATION: "administrator",
        names.CHANGED_AT_ANNOTATION: "2026-11-27T05:00:00Z", names.EXPIRY_ANNOTATION: "2026-12-31",
    }  # fmt: skip
    assert found(pasted, secret(annotations=written)) == {}


@pytest.mark.parametrize("pasted", ["team", "robot-account", "The registry of the payment team", "quay-ca"])
def test_names_that_everyone_sees_are_called_mere_names(pasted: str) -> None:
    manifest = {"kind": "Secret", "metadata": {"name": "robot-account"}}
    noted = {
        names.DESCRIPTION_ANNOTATION: "The registry of the payment team",
        names.LAST_APPLIED_ANNOTATION: json.dumps(manifest),
    }
    (holder,) = found(pasted, secret(data={"certs": "quay-ca"}, annotations=noted)).values()
    assert holder.only_name


def test_a_command_that_could_be_base64_by_chance_is_read_as_a_command() -> None:
    for number in range(200):
        password = sha256(bytes([number])).hexdigest()[:18]
        stored = configured(config(username="robot", password=password))
        assert set(found(f"docker login -p {password}", stored)) == {"one"}, number


@pytest.mark.parametrize(
    "line", ["build --arg=STEP={} .", "use registry:robot:{} now", "helm --set=account=robot:{} ."]
)
def test_what_is_behind_a_second_sign_is_read(line: str) -> None:
    assert set(found(line.format(TOKEN), configured(config(username="robot", password=TOKEN)))) == {"one"}


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ('{"auths": {"h": {}}, "credsStore": "desktop"}', "no password, no token"),
        ('{"credHelpers": {"gcr.io": "gcloud-login"}}', "no password, no token"),
        (config(username="svc"), "no password, no token"),
        (config(auth=""), "no password, no token"),
        (bytes(range(8)) * 40 + TOKEN.encode(), "binary"),
    ],
)
def test_a_file_in_which_nothing_can_be_read_is_refused_with_what_to_do(pasted: str | bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        found(pasted, secret())


def test_a_password_that_looks_like_a_document_is_none() -> None:
    password = "{" + TOKEN + "}"
    assert set(found(password, configured(config(username="r", password=password)))) == {"one"}


KEYS: dict[str, Any] = {
    "EC": ec.generate_private_key(ec.SECP256R1()),
    "a curve that Go does not read": ec.generate_private_key(ec.SECP256K1()),
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def certificate(key: Any) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca.example.com")])
    now = datetime.now(UTC)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9))
    return dated.sign(key, digest).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_private_key_is_read_in_every_form_and_found_in_every_place(key: Any) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    ca, lines = certificate(key), pem.splitlines()
    holders = [
        Secret("ca", data={"tls.crt": ca.encode()}), secret("uses-it", {"certs": "ca"}), secret("key", {"tls.key": pem}),
        secret("base64", {"tls.key": b64(pem)}), secret("der", {"tls.key": der}),
        secret("noted", annotations={"key": pem}), secret("cert", {"ca.crt": b64(ca)}),
        secret("applied", annotations={names.LAST_APPLIED_ANNOTATION: json.dumps({"data": {"tls.key": b64(pem)}})}),
    ]  # fmt: skip
    others = [secret("clean", {"certs": "other"}), Secret("other", data={"tls.crt": certificate(KEYS["RSA"]).encode()})]
    for form in (
        pem, locked + pem, der, b64(der), b64(pem), pem.encode("utf-16"), " ".join(lines),
        f"kind: Secret\ndata:\n  tls.key: {b64(pem)}\n", "\\n".join(lines),
        "".join(f"12:00:01 [build-1] {line}\n" for line in lines), "".join(f"-{line}\n" for line in lines),
        "".join(f"> {line}\n" for line in lines),
    ):  # fmt: skip
        told = found(form, *holders, *(() if key is KEYS["RSA"] else others))
        assert set(told) == {one.name for one in holders}, form
    assert "private key (an encrypted" in paste.read((locked + pem).encode()).kind
    assert paste.read(pem.encode()).kind == "a private key"
    with pytest.raises(UserError, match="encrypted or damaged"):
        paste.read(locked.encode())
