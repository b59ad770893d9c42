"""Repairs that last: no credential is deleted that is the only one, and what was encoded too often is decoded."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from destinations import names, repairs
from destinations.input.imports.docker import AZURE_USER
from destinations.model import Secret, Snapshot, Verdict
from destinations.repairs import Choice
from destinations.secret import docker_config
from tests.unit.test_repairs import ENTRY, HOST, OLD_AUTH, PASSWORD, config, destination, namespace
from tests.unit.test_stored_bundles import from_field

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
AZURE = "example.azurecr.io"
GUID = b64encode(f"{AZURE_USER}:".encode()).decode()


def jwt(end: int) -> str:
    parts = (b'{"alg":"RS256"}', json.dumps({"exp": end}).encode())
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


def azure(host: str = AZURE, **entry: Any) -> Secret:
    return destination(json.dumps({"auths": {host: entry}}))


def proposed(secret: Secret) -> dict[str, str]:
    groups = repairs.proposals(secret, Snapshot(namespace(secret), NOW))
    return {fix.code: fix.title for group in groups for fix in group}


def repaired(secret: Secret) -> tuple[Secret, Any]:
    everything = namespace(secret)
    groups = repairs.proposals(secret, Snapshot(everything, NOW))
    fixed = repairs.apply(secret, Snapshot(everything, NOW), Choice(frozenset(group[0].code for group in groups)))
    return fixed.secret, repairs.judged(fixed, Snapshot(everything, NOW))


def test_the_token_of_az_acr_login_is_written_as_the_password() -> None:
    stored = from_field("12b-az-acr-login-stored.yaml")["acr"]
    before = repairs.judged(repairs.Fixed(stored), Snapshot({"acr": stored}, NOW))
    assert before.verdict is Verdict.EXPORT_FAILS
    assert "but no password" in next(one.message for one in before.warnings if one.code == "identity-token")
    assert proposed(stored) == {
        "identity-token-as-password": f"Write the identitytoken as the password of the user {AZURE_USER}, as Azure accepts it. "
        "It expires three hours after az acr login."
    }
    fixed, after = repaired(stored)
    credentials = docker_config.stored_credentials(fixed)
    assert credentials is not None
    assert (credentials.username, credentials.password) == (AZURE_USER, "INVENTED.REFRESH.TOKEN")
    assert b"identitytoken" not in fixed.data[names.CONFIG_KEY]
    assert after.verdict in {Verdict.ACCEPTED, Verdict.AT_RISK}


@pytest.mark.parametrize(
    "secret",
    [
        azure(auth=GUID, identitytoken=jwt(1795737600)),
        azure(identitytoken=jwt(1795737600)),
        azure(username=AZURE_USER, password="", identitytoken=jwt(1795737600)),
        azure("registry.example.com", auth=GUID, identitytoken=jwt(1795737600)),
    ],
)
def test_the_end_that_such_a_token_states_is_kept(secret: Secret) -> None:
    assert "It expires on 2026-11-27 at 00:00 UTC." in proposed(secret)["identity-token-as-password"]
    fixed, after = repaired(secret)
    assert fixed.annotations[names.EXPIRY_ANNOTATION] == "2026-11-27"
    assert "credentials-expire-soon" in {one.code for one in after.warnings}


ONLY: dict[str, dict[str, Any]] = {
    "an identity token of another registry": {"auth": b64encode(b"robot:").decode(), "identitytoken": PASSWORD},
    "an identity token and a user name": {"username": "robot", "identitytoken": PASSWORD},
    "an identity token alone": {"identitytoken": PASSWORD},
    "a password that is no text": {"username": "robot", "password": [PASSWORD]},
}


@pytest.mark.parametrize("kind", ONLY)
def test_the_only_credential_is_never_removed(kind: str) -> None:
    secret = azure(HOST, **ONLY[kind])
    assert "entry-members" not in proposed(secret)
    for group in repairs.proposals(secret, Snapshot(namespace(secret), NOW)):
        for fix in group:
            assert PASSWORD.encode() in fix.secret.data[names.CONFIG_KEY]


def test_a_token_beside_a_password_still_goes() -> None:
    assert "entry-members" in proposed(destination(config(identitytoken="t")))
    assert "entry-members" in proposed(azure(auth=OLD_AUTH, username="robot", password="old", identitytoken="t"))


TWICE = {
    "once too often": b64encode(config().encode()),
    "twice too often": b64encode(b64encode(config().encode())),
    "in lines": b64encode(config().encode()).replace(b"J", b"J\n"),
    "without padding": b64encode(config().encode()).rstrip(b"="),
    "in the URL alphabet": urlsafe_b64encode(config().encode()),
    "in quotes": b'"' + b64encode(config().encode()) + b'"',
    "as JSON in a text": json.dumps(config()).encode(),
}


@pytest.mark.parametrize("kind", TWICE)
def test_a_configuration_that_was_encoded_too_often_is_named_and_decoded(kind: str) -> None:
    secret = destination(TWICE[kind])
    assert "encoded-twice" in proposed(secret)
    fixed, after = repaired(secret)
    assert json.loads(fixed.data[names.CONFIG_KEY]) == {"auths": {HOST: ENTRY}}
    assert after.verdict is Verdict.ACCEPTED


def test_the_stage_says_that_it_was_encoded_once_too_often() -> None:
    stored = from_field("15-encoded-twice.yaml")["encoded-twice"]
    judged = repairs.judged(repairs.Fixed(stored), Snapshot({"encoded-twice": stored}, NOW))
    assert judged.listed is False
    failed = next(check for check in judged.checks if not check.ok)
    assert "encoded once too often" in (failed.message or "")
    assert repaired(stored)[1].verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("content", [b"", b"e30=", b"aGVsbG8gd29ybGQ=", b"\xff\xfe", b"{", b'"x"'])
def test_what_holds_no_configuration_is_not_decoded(content: bytes) -> None:
    assert "encoded-twice" not in proposed(destination(data={names.CONFIG_KEY: content}))
