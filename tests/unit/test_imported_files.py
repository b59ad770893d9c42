"""Files of registries and of their tools: the account that is in them with its end, or the true reason why there is none."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from destinations import names
from destinations.input import imports
from destinations.input.imports.account import day as iso_day
from destinations.input.imports.docker import AZURE_USER
from destinations.model import UserError
from destinations.verdict import tokens
from tests.services.leaks import known

FIELD = Path("tests/data/field")
PASSWORD = known("canary-import-7741")
HOST = "harbor.example.com"
TODAY = datetime.now(UTC).date().isoformat()
END = 1927584000
"""2031-01-31."""


def b64(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


def jwt(**claims: Any) -> str:
    parts = (json.dumps({"alg": "RS256"}), json.dumps(claims))
    return ".".join([*(urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts), "c2ln"])


def auths(host: str = HOST, **entry: Any) -> str:
    return json.dumps({"auths": {host: entry}})


def read(content: str | bytes) -> tuple[Any, str]:
    """Return the only account in a file, and what is said of it."""
    found = imports.read(content.encode() if isinstance(content, str) else content)
    (account,) = found.accounts
    assert PASSWORD not in " ".join(found.left_out)
    return account, " ".join(found.left_out)


def why(content: str | bytes) -> str:
    with pytest.raises(UserError) as caught:
        imports.read(content.encode() if isinstance(content, str) else content)
    assert PASSWORD not in caught.value.message
    return caught.value.message


DEPLOY = json.loads((FIELD / "04-gitlab-deploy-token.json").read_text())
GITLAB = {"id": 42, "scopes": ["write_registry"], "user_id": 166, "active": True, "revoked": False,
          "expires_at": "2031-01-31", "access_level": 30, "name": "epinio", "token": PASSWORD}  # fmt: skip
QUAY: dict[str, object] = {"name": "acme+ci", "created": "Thu, 26 Nov 2026 00:00:00 -0000", "last_accessed": None,
        "description": "", "token": PASSWORD, "unstructured_metadata": {}}  # fmt: skip
HARBOR = {"creation_time": "2026-11-26T00:00:00.000Z", "id": 5, "name": "robot$team+ci", "secret": PASSWORD}
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ECR_TOKEN = b64(json.dumps({"payload": "x", "datakey": "x", "version": "2", "type": "DATA_KEY", "expiration": END}))
PASSWORDS = [{"name": "password", "value": PASSWORD}, {"name": "password2", "value": "other"}]
TOKEN_PASSWORDS = [{"creationTime": "2026-11-26T00:00:00Z", "expiry": "2031-01-31T00:00:00+00:00", "name": "password1",
                    "value": PASSWORD}, {"expiry": None, "name": "password2", "value": None}]  # fmt: skip
KEY = json.dumps({"type": "service_account", "project_id": "p", "private_key": PASSWORD})

ACCOUNTS: dict[str, tuple[str | bytes, tuple[str, str, str, str]]] = {
    "GitLab, a deploy token": (json.dumps(DEPLOY), ("", "gitlab+deploy-token-41", "gldt-INVENTED-0001", "2031-01-31")),
    "GitLab, a deploy token with a name of its own": (
        json.dumps({**DEPLOY, "username": "ci", "expires_at": None}), ("", "ci", "gldt-INVENTED-0001", "")),
    "GitLab, a project token": (json.dumps(GITLAB), ("", "epinio", PASSWORD, "2031-01-31")),
    "GitLab, a group token in YAML": (yaml.safe_dump(GITLAB), ("", "epinio", PASSWORD, "2031-01-31")),
    "Quay, a robot": (json.dumps(QUAY), ("", "acme+ci", PASSWORD, "")),
    "Quay, Docker's configuration": (
        auths("quay.io", auth=b64(f"acme+ci:{PASSWORD}"), email=""),
        ("quay.io", "acme+ci", PASSWORD, "")),
    "Quay, a Secret": (
        yaml.safe_dump({"kind": "Secret", "metadata": {"name": "acme-ci-pull-secret"}, "type": "kubernetes.io/dockerconfigjson",
                        "data": {names.CONFIG_KEY: b64(auths("quay.io", auth=b64(f"acme+ci:{PASSWORD}"), email=""))}}),
        ("quay.io", "acme+ci", PASSWORD, "")),
    "Quay, rkt's configuration": (
        json.dumps({"rktKind": "auth", "rktVersion": "v1", "domains": ["quay.io"], "type": "basic",
                    "credentials": {"user": "acme+ci", "password": PASSWORD}}), ("quay.io", "acme+ci", PASSWORD, "")),
    "Harbor": (json.dumps({**HARBOR, "expires_at": END}), ("", "robot$team+ci", PASSWORD, "2031-01-31")),
    "Harbor, for ever": (json.dumps({**HARBOR, "expires_at": -1}), ("", "robot$team+ci", PASSWORD, "")),
    "az acr login": (
        (FIELD / "12-az-acr-login.json").read_text(), ("example.azurecr.io", AZURE_USER, "INVENTED.REFRESH.TOKEN", "soon")),
    "az acr login, an end in the token": (
        auths("example.azurecr.io", auth=b64(f"{AZURE_USER}:"), identitytoken=jwt(exp=END)),
        ("example.azurecr.io", AZURE_USER, jwt(exp=END), "2031-01-31")),
    "az acr login with podman": (
        auths("example.azurecr.io", auth=b64(f"{AZURE_USER}:{PASSWORD}")), ("example.azurecr.io", AZURE_USER, PASSWORD, "soon")),
    "az acr login --expose-token": (
        json.dumps({"accessToken": jwt(exp=END), "loginServer": "example.azurecr.io", "username": AZURE_USER}),
        ("example.azurecr.io", AZURE_USER, jwt(exp=END), "2031-01-31")),
    "az acr login --expose-token, older": (
        json.dumps({"accessToken": PASSWORD, "loginServer": "example.azurecr.io"}),
        ("example.azurecr.io", AZURE_USER, PASSWORD, "soon")),
    "az acr credential show": (json.dumps({"passwords": PASSWORDS, "username": "example"}), ("", "example", PASSWORD, "")),
    "az acr token create": (
        json.dumps({"name": "epinio", "status": "enabled", "credentials": {"certificates": [], "passwords": TOKEN_PASSWORDS,
                    "username": "epinio"}}), ("", "epinio", PASSWORD, "2031-01-31")),
    "aws ecr get-authorization-token": (
        json.dumps({"authorizationData": [{"authorizationToken": b64(f"AWS:{ECR_TOKEN}"),
                                           "expiresAt": "2031-01-31T09:00:00+01:00",
                                           "proxyEndpoint": f"https://{ECR}"}]}), (ECR, "AWS", ECR_TOKEN, "2031-01-31")),
    "aws ecr-public get-authorization-token": (
        json.dumps({"authorizationData": {"authorizationToken": b64(f"AWS:{PASSWORD}"), "expiresAt": END + 0.5}}),
        ("public.ecr.aws", "AWS", PASSWORD, "2031-01-31")),
    "docker login at ECR": (auths(ECR, auth=b64(f"AWS:{ECR_TOKEN}")), (ECR, "AWS", ECR_TOKEN, "2031-01-31")),
    "a service account": (KEY, ("", "_json_key", KEY, "")),
    "a service account in base64": (b64(KEY), ("", "_json_key", KEY, "")),
    "gcloud auth print-access-token": (json.dumps({"token": "ya29.x"}), ("", "oauth2accesstoken", "ya29.x", "soon")),
    "doctl registry docker-config": (
        auths("registry.digitalocean.com", auth=b64(f"{PASSWORD}:{PASSWORD}")),
        ("registry.digitalocean.com", PASSWORD, PASSWORD, "")),
    "docker-credential-desktop get": (
        json.dumps({"ServerURL": "https://index.docker.io/v1/", "Username": "acme", "Secret": PASSWORD}),
        ("docker.io", "acme", PASSWORD, "")),
    "docker-credential-acr get": (
        json.dumps({"ServerURL": "example.azurecr.io", "Username": "<token>", "Secret": jwt(exp=END)}),
        ("example.azurecr.io", AZURE_USER, jwt(exp=END), "2031-01-31")),
    "Docker Desktop's browser sign-in": (
        json.dumps({"auths": {f"https://index.docker.io/v1/{path}": {"auth": b64(f"acme:{PASSWORD if not path else 'x'}")}
                              for path in ("", "access-token", "refresh-token")}}), ("docker.io", "acme", PASSWORD, "")),
    "a token that states its end": (auths(auth=b64(f"ci:{jwt(exp=END)}")), (HOST, "ci", jwt(exp=END), "2031-01-31")),
    "auth without padding": ((FIELD / "14-unpadded-auth.json").read_text(), (HOST, "ci", "INVENTED12", "")),
    "auth in the URL alphabet": (auths(auth=urlsafe_b64encode(b"ci:\xc3\xbf?>~~").decode()), (HOST, "ci", "\u00ff?>~~", "")),
    "auth in UTF-16": (auths(auth=b64(f"ci:{PASSWORD}".encode("utf-16-le"))), (HOST, "ci", PASSWORD, "")),
    "auth in UTF-16 with a mark": (auths(auth=b64(f"ci:{PASSWORD}".encode("utf-16"))), (HOST, "ci", PASSWORD, "")),
    "auth in Latin-1": (auths(auth=b64("ci:pa\u00dfwort".encode("latin-1"))), (HOST, "ci", "pa\u00dfwort", "")),
    "auth encoded twice": (auths(auth=b64(b64(f"ci:{PASSWORD}"))), (HOST, "ci", PASSWORD, "")),
    "auth as a header": (auths(auth=f"Basic {b64(f'ci:{PASSWORD}')}"), (HOST, "ci", PASSWORD, "")),
    "auth not encoded": (auths(auth=f"ci:{PASSWORD}"), (HOST, "ci", PASSWORD, "")),
    "a file in UTF-16": (auths(auth=b64(f"ci:{PASSWORD}")).encode("utf-16"), (HOST, "ci", PASSWORD, "")),
    "a file in Latin-1": (
        auths(username="ci", password="_").replace("_", "\u00df").encode("latin-1"), (HOST, "ci", "\u00df", "")),
    "what kubectl prints of a Secret": (b64(auths(auth=b64(f"ci:{PASSWORD}"))), (HOST, "ci", PASSWORD, "")),
    "GitLab, a list": (json.dumps([DEPLOY]), ("", "gitlab+deploy-token-41", "gldt-INVENTED-0001", "2031-01-31")),
    "Quay, a command": (f'docker login -u="acme+ci" -p="{PASSWORD}" quay.io\n', ("quay.io", "acme+ci", PASSWORD, "")),
    "podman login": (
        f"$ podman login --username 'robot$team+ci' --password={PASSWORD} https://{HOST}",
        (HOST, "robot$team+ci", PASSWORD, "")),
    "helm registry login": (
        f"echo '{PASSWORD}' | helm registry login \\\n  {HOST} -u ci --password-stdin", (HOST, "ci", PASSWORD, "")),
    "docker login at ECR, the command": (
        f"docker login -u AWS -p {ECR_TOKEN} https://{ECR}", (ECR, "AWS", ECR_TOKEN, "2031-01-31")),
    "Quay, its robots": (json.dumps({"robots": [QUAY]}), ("", "acme+ci", PASSWORD, "")),
    "IBM Cloud": (json.dumps({"name": "epinio", "description": "", "apikey": PASSWORD}), ("", "iamapikey", PASSWORD, "")),
    "Nexus, a user token": (json.dumps({"nameCode": "abCD", "passCode": PASSWORD}), ("", "abCD", PASSWORD, "")),
    "a .dockercfg without auth": (json.dumps({HOST: {"username": "ci", "password": PASSWORD}}), (HOST, "ci", PASSWORD, "")),
    "the data of a Secret": (
        json.dumps({names.CONFIG_KEY: b64(auths(auth=b64(f"ci:{PASSWORD}")))}), (HOST, "ci", PASSWORD, "")),
    "the stringData of a Secret": (
        yaml.safe_dump({names.CONFIG_KEY: auths(auth=b64(f"ci:{PASSWORD}"))}), (HOST, "ci", PASSWORD, "")),
    "a configuration encoded twice": ((FIELD / "15-encoded-twice.yaml").read_text(), (HOST, "ci", "INVENTED1", "")),
}  # fmt: skip


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_the_account_is_taken_with_its_end(kind: str) -> None:
    content, (host, username, password, end) = ACCOUNTS[kind]
    account, _ = read(content)
    assert (account.host, account.username, account.password) == (host, username, password)
    soon = {TODAY, (datetime.now(UTC) + timedelta(hours=3)).date().isoformat()}
    assert account.expires_on in (soon if end == "soon" else {end})


SAID = {
    "Azure's token ends": ("az acr login", "It expires at"),
    "Azure's other password": ("az acr credential show", "two passwords"),
    "any user name": ("GitLab, a project token", "accepts any user name"),
    "tokens of a browser's sign-in": ("Docker Desktop's browser sign-in", "browser sign-in"),
    "ECR's end": ("aws ecr get-authorization-token", "12 hours"),
    "UTF-16": ("auth in UTF-16", "UTF-16"),
    "Latin-1": ("auth in Latin-1", "Latin-1"),
    "twice": ("auth encoded twice", "once too often"),
    "in clear": ("auth not encoded", "not base64-encoded"),
    "the configuration twice": ("a configuration encoded twice", "once too often"),
}


@pytest.mark.parametrize("what", SAID)
def test_what_is_unusual_is_said(what: str) -> None:
    kind, words = SAID[what]
    assert words in read(ACCOUNTS[kind][0])[1]


def test_a_token_that_is_revoked_or_cannot_push_or_has_an_odd_end_is_told() -> None:
    assert "is revoked" in read(json.dumps({**DEPLOY, "revoked": True}))[1]
    assert "cannot push" in read(json.dumps({**GITLAB, "scopes": ["read_registry"]}))[1]
    assert "cannot be read" in read(json.dumps({**DEPLOY, "expires_at": "next year"}))[1]


DESKTOP = {"auths": {"https://index.docker.io/v1/": {}}, "credsStore": "desktop"}
REASONS: dict[str, tuple[str | bytes, str]] = {
    "a token of ECR alone": (
        b64encode(json.dumps({"payload": "x", "datakey": "y", "version": "2", "type": "DATA_KEY"}).encode()),
        "only a token of Amazon ECR",
    ),
    "credsStore": (json.dumps(DESKTOP), "in the credential helper desktop"),
    "credHelpers": (
        json.dumps({"auths": {}, "credHelpers": {ECR: "ecr-login"}}), f"for {ECR} is in the credential helper ecr-login"),
    "an odd helper": (json.dumps({"auths": {HOST: {}}, "credsStore": "x; rm"}), "helper NAME"),
    "an identity token": (auths("ghcr.io", auth=b64("ci:"), identitytoken=PASSWORD), "identity token but no password"),
    "a registry token": (auths(registrytoken=PASSWORD), "identity token but no password"),
    "cut-off base64": (auths(auth=b64(f"ci:{PASSWORD}")[:-3] + "\u2026"), f"The auth of {HOST} is not valid base64"),
    "no colon": (auths(auth=b64("INVENTED")), "contains no colon"),
    "no password": (auths(username="ci"), "a user name and no password"),
    "no user name": (auths(password=PASSWORD), "a password and no user name"),
    "no text": (auths(username="ci", password=12345), "is not a string"),
    "a person at Google": (json.dumps({"type": "authorized_user", "refresh_token": PASSWORD}), "personal sign-in"),
    "a token alone": (json.dumps({"token": PASSWORD}), "no user name"),
    "k3s": (json.dumps({"configs": {HOST: {"auth": {"username": "ci", "password": PASSWORD}}}}), "an unknown form"),
    "Helm's values": (yaml.safe_dump({"imageCredentials": {"username": "ci", "password": PASSWORD}}), "an unknown form"),
    "JFrog's command": (json.dumps({"servers": [{"url": "https://x", "user": "ci", "accessToken": PASSWORD}]}), "unknown form"),
    "a number": ("username: ci\npassword: 12345678\n", "an unknown form"),
    "1Password": (json.dumps({"fields": [{"id": "password", "value": PASSWORD}]}), "an unknown form"),
    "passwords that are shown once": (
        json.dumps({"username": "x", "passwords": [{"name": "password1", "value": None}]}),
        "shows them once"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REASONS)
def test_the_reason_is_the_true_one(kind: str) -> None:
    content, words = REASONS[kind]
    message = why(content)
    assert words in message
    assert "There is no password" not in message
    assert "keep theirs elsewhere" not in message


@pytest.mark.parametrize("content", [auths(), json.dumps({"auths": {}}), "{}", auths(auth="")])
def test_where_there_is_none_it_is_said(content: str) -> None:
    assert "It has no password for a registry." in why(content)


@pytest.mark.parametrize(
    ("given", "day"),
    [
        (-1, ""), (0, ""), (None, ""), (True, ""), ("", ""), ("never", ""), ([], ""), (10**30, ""), ("-1", ""),
        (END, "2031-01-31"), (END * 1000, "2031-01-31"), (str(END), "2031-01-31"), ("2031-01-31", "2031-01-31"),
        ("2031-01-31T00:00:00.000Z", "2031-01-31"), ("20310131", "2031-01-31"), ("2031-01-31t00:00:00z", "2031-01-31"),
        ("20311331", ""), ("2031-01-31T23:30:00-02:00", "2031-02-01"),
    ],
)  # fmt: skip
def test_an_end_is_read_however_it_is_written(given: object, day: str) -> None:
    assert iso_day(tokens.moment(given)) == day


@pytest.mark.parametrize(
    "token", ["a.b.c", "...", jwt(sub="x"), jwt(exp="x"), b64("[1]"), b64("{"), "x" * 100_000, ".".join("é" * 3)]
)
def test_a_token_that_states_no_end_has_none(token: str) -> None:
    assert tokens.stated_end(token) is None
