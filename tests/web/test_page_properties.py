"""What holds for any Secret on any page and for any form; HYPOTHESIS_PROFILE=soak tries many more of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from tests.malformed.asking import destination, encoded, rotation, text_of
from tests.malformed.strategies import forms, namespaces
from tests.services import composition
from tests.services.leaks import known

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [
    pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning"),
    pytest.mark.timeout(1200),
]
PASSWORD = known("canary-pass-8802")
PASSWORDS = st.sampled_from(
    [PASSWORD, f" {PASSWORD}", f"{PASSWORD}\n", f'{PASSWORD}"\\</script>', f"{PASSWORD}\0", f"ü{PASSWORD}"]
)
CODES = (
    "label", "config-key", "byte-order-mark", "auths-spelling", "auths-missing", "foreign-sections", "keep-host-1", "host",
    "entry-members", "auth-from-password", "password-from-auth", "auth-encoding", "organization", "certs-name",
    "own-certificates", "last-applied", "encoded-twice", "identity-token-as-password",
)  # fmt: skip
heavy = settings(max_examples=settings().max_examples // 2)


def post(client: Client, path: str, form: Mapping[str, Any]) -> Any:
    files = {key: SimpleUploadedFile("ca.pem", value) for key, value in form.items() if isinstance(value, bytes)}
    return client.post(path, {**form, **files})


@heavy
@given(namespaces())
def test_every_page_of_any_namespace_answers(namespace: list[dict[str, Any]]) -> None:
    client, cluster = Client(), InMemoryCluster()
    cluster.load(namespace)
    with composition.use(cluster):
        assert client.get("/").status_code == 200
        rows = client.get("/api/destinations").json()
        for row in rows:
            path = f"/destinations/{row['name']}"
            forms_of_it = ("", "/rotate", "/edit", "/repair", "/delete")
            assert {client.get(path + page).status_code for page in forms_of_it} == {200}
            assert client.get("/destinations/new", {"from": row["name"]}).status_code == 200
        assert (
            not rows or "table" in client.get("/", {"q": "a"}, headers={"HX-Target": "table"}).content.decode().lower()
        )


@heavy
@given(forms(password=PASSWORDS | st.just("")))
def test_any_form_of_a_new_destination_is_stored_as_typed_or_refused_in_words(form: dict[str, Any]) -> None:
    client, cluster = Client(), InMemoryCluster()
    with composition.use(cluster):
        answer = post(client, "/destinations/new", form)
    page = text_of(answer)
    assert PASSWORD not in page
    assert "PRIVATE KEY-----" not in page
    if answer.status_code != 303:
        assert (answer.status_code, "show" in form) in {(422, False), (200, True)}
        assert cluster.list_secrets() == []
        return
    check_stored(cluster, form)


def check_stored(cluster: InMemoryCluster, form: Mapping[str, Any]) -> None:
    secret = cluster.get_secret(form["name"])
    ((host, entry),) = json.loads(secret.data[names.CONFIG_KEY])["auths"].items()
    password = form["password"].strip() if form.get("password_blanks") == "remove" else form["password"]
    assert (host, entry["username"], entry["password"]) == (form["host"], form["username"], password)
    assert entry["auth"] == encoded(f"{form['username']}:{password}")
    assert secret.annotations[names.ORGANIZATION_ANNOTATION] == form["organization"]
    assert secret.annotations.get(names.DESCRIPTION_ANNOTATION, "") == form.get("description", "")
    for other in cluster.list_secrets():
        assert other.name == secret.name or set(other.data) == {names.BUNDLE_KEY}


@heavy
@given(forms(password=PASSWORDS | st.just("")), namespaces())
def test_any_rotation_of_any_destination_takes_effect_or_changes_nothing(
    form: dict[str, Any], namespace: list[dict[str, Any]]
) -> None:
    client, cluster = Client(), InMemoryCluster()
    cluster.load(namespace)
    before = cluster.list_secrets()
    with composition.use(cluster):
        answer = post(client, "/destinations/one/rotate", {**rotation(cluster), **form})
        after = cluster.list_secrets()
        assert PASSWORD not in text_of(answer)
        if answer.status_code != 303:
            assert answer.status_code in {404, 409, 422} | ({200} if "show" in form else set())
            assert after == before
            return
        written = cluster.get_secret("one").data[names.CONFIG_KEY].decode()
        assert PASSWORD in written if form["password"] else PASSWORD not in written
        assert client.get("/destinations/one").status_code == 200


@heavy
@given(forms(password=PASSWORDS | st.just("")), namespaces())
def test_any_edit_of_any_destination_takes_effect_or_changes_nothing(
    form: dict[str, Any], namespace: list[dict[str, Any]]
) -> None:
    client, cluster = Client(), InMemoryCluster()
    cluster.load(namespace)
    before = {secret.name: secret for secret in cluster.list_secrets()}
    with composition.use(cluster):
        answer = post(client, "/destinations/one/edit", {**rotation(cluster), **form})
        after = {secret.name: secret for secret in cluster.list_secrets()}
        assert PASSWORD not in text_of(answer)
        if answer.status_code != 303:
            assert answer.status_code in {404, 409, 422} | ({200} if "show" in form else set())
            assert after == before
            return
        assert all(after[name] == secret for name, secret in before.items() if name != "one")
        assert after["one"].annotations[names.ORGANIZATION_ANNOTATION] == form["organization"]
        ((host, entry),) = json.loads(after["one"].data[names.CONFIG_KEY])["auths"].items()
        assert host == form["host"]
        if host not in before["one"].data.get(names.CONFIG_KEY, b"").decode("utf-8", "replace"):
            assert PASSWORD in entry["password"]  # the stored password never follows to another host


@heavy
@given(namespaces())
def test_any_repair_helps_and_touches_nothing_else(namespace: list[dict[str, Any]]) -> None:
    client, cluster = Client(), InMemoryCluster()
    cluster.load(namespace)
    before = {secret.name: secret for secret in cluster.list_secrets()}
    chosen = {f"fix-{code}": code for code in CODES} | {"organization": "team"}
    with composition.use(cluster):
        shown = client.get("/destinations/one/repair")
        answer = post(client, "/destinations/one/repair", {**rotation(cluster), **chosen})
        after = {secret.name: secret for secret in cluster.list_secrets()}
        rows = {row["name"]: row for row in client.get("/api/destinations").json()}
    assert PASSWORD not in text_of(shown) + text_of(answer)
    assert answer.status_code in {303, 404, 409, 422}
    assert all(after[name] == secret for name, secret in before.items() if name != "one")
    if answer.status_code != 303:
        assert after == before
        return
    old, new = before["one"], after["one"]
    for key in {*old.data} - {names.CONFIG_KEY, names.CERTS_KEY, "config.json"}:
        assert new.data.get(key, old.data[key]) == old.data[key]
    assert rows["one"]["checks"]


@heavy
@given(forms(password=PASSWORDS))
def test_any_deletion_and_any_preview_answers_and_harms_nothing(form: dict[str, Any]) -> None:
    client, cluster = Client(), InMemoryCluster()
    cluster.load([destination()])
    with composition.use(cluster):
        preview = post(client, "/preview", form)
        assert preview.status_code == 200
        answer = post(client, "/destinations/one/delete", {**rotation(cluster), **form})
    assert PASSWORD not in text_of(preview) + text_of(answer)
    deleted = form.get("confirmation") == "one"
    assert answer.status_code == (303 if deleted else 422)
    assert len(cluster.list_secrets()) == (0 if deleted else 1)


@heavy
@given(
    st.binary(max_size=400),
    st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""]),
)
def test_any_body_is_answered(body: bytes, content_type: str) -> None:
    client, cluster = Client(), InMemoryCluster()
    cluster.load([destination()])
    before = cluster.list_secrets()
    with composition.use(cluster):
        one = (f"/destinations/one/{page}" for page in ("rotate", "edit", "repair", "delete"))
        for path in ("/destinations/new", *one, "/preview", "/switch"):
            assert client.generic("POST", path, body, content_type).status_code in {200, 400, 422}
    assert cluster.list_secrets() == before
