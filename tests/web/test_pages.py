"""The pages, through Django's test client: what they show, refuse and never show."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Unreachable
from edrportal.demo.cluster import certificate, demo_cluster
from tests.malformed.asking import words_of
from tests.services import composition
from tests.services.leaks import known

if TYPE_CHECKING:
    from django.test import Client

PASSWORD = known("canary-pass-9926")
NONCE = "n" * 24


def typed(**changed: Any) -> dict[str, Any]:
    return {
        "name": "one", "host": "registry.example.com", "organization": "team", "username": "robot",
        "password": PASSWORD, "nonce": NONCE, **changed,
    }  # fmt: skip


def add(client: Client, **changed: Any) -> Any:
    return client.post("/destinations/new", typed(**changed))


def rotation(portal: InMemoryCluster, **changed: Any) -> dict[str, Any]:
    secret = portal.get_secret("one")
    seen = {"uid": secret.uid, "resource_version": secret.resource_version}
    return {"username": "robot", "password": "new", "bundle_choice": "keep", "nonce": "m" * 24, **seen, **changed}


def stored(portal: InMemoryCluster) -> dict[str, str]:
    config = json.loads(portal.get_secret("one").data[names.CONFIG_KEY])
    found: dict[str, str] = config["auths"]["registry.example.com"]
    return found


def test_the_demo_shows_every_status_and_no_broken_secret_breaks_it(client: Client) -> None:
    with composition.use(demo_cluster(datetime.now(UTC))):
        page = client.get("/").content.decode()
        rows = client.get("/api/destinations").json()
        for row in rows:
            assert client.get(f"/destinations/{row['name']}").status_code == 200
    for words in (
        "Accepted, not checked",
        "Accepted, with warnings",
        "Export will fail",
        "Hidden by Epinio",
        "Disabled",
    ):
        assert f">{words}</span>" in page
    assert len(rows) >= 12
    assert {row["verdict"] for row in rows} == {"accepted", "at-risk", "export-fails", "not-listed"}


def test_an_empty_cluster_says_what_to_do(client: Client, portal: InMemoryCluster) -> None:
    assert portal.list_secrets() == []
    assert "Add the first destination" in client.get("/").content.decode()


def test_the_table_is_searched_and_filtered(client: Client) -> None:
    with composition.use(demo_cluster(datetime.now(UTC))):
        found = client.get("/", {"q": "QUAY"}).content.decode()
        disabled = client.get("/", {"status": "disabled"}).content.decode()
    assert "/destinations/quay" in found
    assert "/destinations/production" not in found
    assert "/destinations/retired" in disabled
    assert "/destinations/quay" not in disabled


def test_add_see_rotate_delete(client: Client, portal: InMemoryCluster) -> None:
    answer = add(client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/destinations/one")
    assert "registry.example.com/team" in client.get("/destinations/one").content.decode()
    answer = client.post("/destinations/one/rotate", rotation(portal))
    assert answer.status_code == 303
    assert stored(portal)["password"] == "new"
    secret = portal.get_secret("one")
    seen = {"uid": secret.uid, "resource_version": secret.resource_version}
    assert client.post("/destinations/one/delete", {"confirmation": "two", **seen}).status_code == 422
    assert client.post("/destinations/one/delete", {"confirmation": "one", **seen}).status_code == 303
    assert portal.list_secrets() == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("host", "https://registry.example.com", "without a scheme"),
        ("host", "oci://registry.example.com", "without a scheme"),
        ("host", "registry.example.com/team", "without a path"),
        ("host", "registry.example.com/v2/", "/v2/"),
        ("host", "https://index.docker.io/v1/", "without a scheme"),
        ("host", "registry.example.com ", "space"),
        ("host", "u:p@registry.example.com", "from the host"),
        ("host", "harbor", "full name"),
        ("host", "index.docker.io", "docker.io"),
        ("host", "registry.example.com:port", "Write the host"),
        ("organization", "Team", "lower"),
        ("organization", "a b", "lowercase"),
        ("organization", "a//b", "empty parts"),
        ("username", "a:b", "colon"),
        ("username", " a", "space"),
        ("password", " secret", "space"),
        ("password", "secret\n", "space"),
        ("password", "", "Type the password"),
        ("password", "a\ufffdb", "not valid UTF-8"),
        ("name", "Upper", "lowercase"),
        ("name", "new", "uses the name new itself"),
        ("name", "a" * 254, "253"),
        ("bundle_text", "hello", "no PEM block"),
        ("expires_on", "soon", "valid date"),
        ("nonce", "", "required"),
    ],
)
def test_a_trap_is_caught_before_the_save(
    client: Client, portal: InMemoryCluster, field: str, value: str, words: str
) -> None:
    answer = add(client, **{field: value})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert portal.list_secrets() == []


def test_nothing_typed_is_lost_but_the_password(client: Client, portal: InMemoryCluster) -> None:
    page = add(client, organization="Bad", description="kept words", username="kept-user").content.decode()
    assert "kept words" in page
    assert "kept-user" in page
    assert PASSWORD not in page
    assert portal.list_secrets() == []


@pytest.mark.parametrize(("choice", "expected"), [("keep", " pass "), ("remove", "pass")])
def test_blanks_around_a_password_are_asked_about(
    client: Client, portal: InMemoryCluster, choice: str, expected: str
) -> None:
    assert "Choose below" in add(client, password=" pass ").content.decode()
    assert add(client, password=" pass ", password_blanks=choice).status_code == 303
    assert stored(portal)["password"] == expected


def test_a_bundle_is_uploaded_or_pasted_and_a_private_key_is_refused(client: Client, portal: InMemoryCluster) -> None:
    pem = certificate(datetime.now(UTC), days=200)
    key = pem.replace(b"CERTIFICATE", b"PRIVATE KEY")
    refused = add(client, bundle_text=(pem + key).decode())
    assert refused.status_code == 422
    assert "private key" in refused.content.decode()
    assert add(client, bundle_file=SimpleUploadedFile("ca.pem", pem)).status_code == 303
    certs = portal.get_secret("one").data[names.CERTS_KEY].decode()
    assert portal.get_secret(certs).data == {names.BUNDLE_KEY: pem}
    assert "Example Corp Root CA" in client.get("/destinations/one").content.decode()


@pytest.mark.parametrize(
    "secret", [{"bundle_text": "-----BEGIN PRIVATE KEY-----"}, {"host": f"u:{PASSWORD}@h.example.com"}]
)
def test_what_is_forgotten_takes_nothing_else_along(
    client: Client, portal: InMemoryCluster, secret: dict[str, str]
) -> None:
    page = add(client, description="kept words", **secret).content.decode()
    assert 'value="kept words"' in page
    assert 'value="team"' in page
    assert 'value="robot"' in page
    assert PASSWORD not in page
    assert "BEGIN PRIVATE KEY" not in page.partition("<form")[2]
    assert portal.list_secrets() == []


KEY = '{\n  "type": "service_account",\n  "key": "x"\n}'


@pytest.mark.parametrize(
    ("content", "changed", "words"),
    [
        (KEY.encode(), {}, ""),
        (KEY.encode() + b"\n", {}, "Choose below"),
        (KEY.encode() + b"\n", {"password_blanks": "keep"}, ""),
        (KEY.encode(), {"password": "typed"}, "typed a password and chose a file"),
        (b"\xff\xfe", {}, "not valid UTF-8 text"),
        (b"x" * 65_537, {}, "larger than 64 KiB"),
        (b"", {}, "Type the password"),
    ],
)
def test_a_key_of_several_lines_comes_as_a_file(
    client: Client, portal: InMemoryCluster, content: bytes, changed: dict[str, str], words: str
) -> None:
    answer = add(client, **{"password": "", "password_file": SimpleUploadedFile("key.json", content), **changed})
    if words:
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert "service_account" not in answer.content.decode()
        assert portal.list_secrets() == []
    else:
        assert answer.status_code == 303
        assert stored(portal)["password"] == content.decode()


def test_a_taken_name_is_a_conflict(client: Client, portal: InMemoryCluster) -> None:
    portal.create_secret({"metadata": {"name": "one"}})
    answer = add(client)
    assert answer.status_code == 409
    assert "not a destination" in answer.content.decode()


def test_a_conflict_loses_nothing_but_the_password_and_takes_a_second_save(
    client: Client, portal: InMemoryCluster
) -> None:
    add(client)
    stale = rotation(portal, username="kept-user")
    client.post("/destinations/one/rotate", rotation(portal, password="between", nonce="b" * 24))
    answer = client.post("/destinations/one/rotate", stale)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "kept-user" in page
    assert "You changed this destination yourself after you opened this page" in page
    assert "edrportal" in page or "root" in page
    assert portal.get_secret("one").resource_version in page
    assert stored(portal)["password"] == "between"


def test_a_double_submit_is_one_write(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    form = rotation(portal)
    client.post("/destinations/one/rotate", form)
    version = portal.get_secret("one").resource_version
    assert client.post("/destinations/one/rotate", form).status_code == 303
    assert portal.get_secret("one").resource_version == version


def test_an_owned_destination_offers_no_form(client: Client, portal: InMemoryCluster) -> None:
    labels = {names.REGISTRY_LABEL: "true", "argocd.argoproj.io/instance": "x"}
    portal.load([{"metadata": {"name": "one", "labels": labels}}])
    page = client.get("/destinations/one/rotate").content.decode()
    assert "Argo CD" in page
    assert 'type="password"' not in page


class Down(InMemoryCluster):
    """A cluster that does not answer."""

    def list_secrets(self) -> Any:
        raise Unreachable("NoUsableAnswer")

    def ready(self) -> None:
        raise Unreachable("NoUsableAnswer")


def test_a_silent_cluster_is_said_in_words(client: Client) -> None:
    with composition.use(Down()):
        for path in ("/", "/destinations/one", "/api/destinations", "/readyz"):
            assert client.get(path).status_code == 503
        assert client.get("/healthz").status_code == 200
        assert "does not answer" in client.get("/").content.decode()
        answer = add(client)
    assert answer.status_code == 503
    assert PASSWORD not in answer.content.decode()


def test_every_answer_has_the_security_headers(client: Client, portal: InMemoryCluster) -> None:
    assert portal.namespace == "epinio"
    for path in ("/", "/nope", "/api/destinations"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"


def test_a_form_without_its_token_is_refused_in_plain_words(portal: InMemoryCluster) -> None:
    from django.test import Client  # noqa: PLC0415 - one that checks

    answer = Client(enforce_csrf_checks=True).post("/destinations/new", typed())
    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()
    assert portal.list_secrets() == []


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: Client, portal: InMemoryCluster) -> None:
    class Unread:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    extra: dict[str, Any] = {"CONTENT_LENGTH": str(10 * 1024 * 1024), "wsgi.input": Unread()}
    assert client.generic("POST", "/destinations/new", b"", **extra).status_code == 413
    assert client.get("/", headers={"transfer-encoding": "chunked"}).status_code == 411
    assert portal.list_secrets() == []


def test_bad_input_is_never_a_server_error(client: Client, portal: InMemoryCluster) -> None:
    for changed in ({"host": "\x00"}, {"organization": "%zz/é"}):
        assert add(client, **changed).status_code == 422
    form = "application/x-www-form-urlencoded"
    assert (
        client.post("/destinations/new", "name=%FF&host=%ED%A0%80&password=%00", content_type=form).status_code == 422
    )
    answer = client.post("/preview", {"host": "[::1", "organization": "\x00"})
    assert answer.status_code == 200
    assert client.post("/destinations/one/rotate", {}).status_code == 404
    assert client.post("/destinations/new", b"\xff", content_type="multipart/form-data").status_code == 400
    assert portal.list_secrets() == []


def test_the_password_is_on_no_page_and_in_no_log(
    client: Client, portal: InMemoryCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    auth = "cm9ib3Q6"  # base64 of `robot:`
    answers = [add(client), add(client, name="two", host="bad host")]
    answers += [
        client.get(path) for path in ("/", "/destinations/one", "/destinations/one/rotate", "/api/destinations")
    ]
    shown = "".join(answer.content.decode() + str(answer.headers) + str(answer.cookies) for answer in answers)
    assert portal.get_secret("one").data
    assert PASSWORD not in shown + caplog.text
    assert auth not in shown + caplog.text


def test_the_preview_works_without_javascript_and_saves_nothing(client: Client, portal: InMemoryCluster) -> None:
    answer = add(client, show="preview", description="kept words")
    page = answer.content.decode() + words_of(answer)
    assert "registry.example.com/team/workspace-shop-chart:0.0.0" in page
    assert "kept words" in page
    assert PASSWORD not in page
    assert "Did you mean" in add(client, show="preview", host="oci://h.example.com").content.decode()
    assert portal.list_secrets() == []


def test_the_preview_shows_both_references(client: Client) -> None:
    page = words_of(client.post("/preview", {"host": "registry.example.com", "organization": "team"}))
    assert "registry.example.com/team/workspace-shop-chart:0.0.0" in page
    assert "registry.example.com/team/workspace-shop-image:1234567890abcdef" in page
