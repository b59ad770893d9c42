"""Damaged certificates in forms, files, the look before, the interface for scripts and the repair: none disappears silently."""

from __future__ import annotations

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from destinations import names
from destinations.golang import gox509
from tests.malformed.asking import add, rotation, text_of, typed
from tests.malformed.bundles import OTHER, PEM

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

JOINED = Path("tests/data/field/02-joined-in-the-middle.pem").read_bytes()
DAMAGED = PEM + OTHER.replace(b"M", b"!", 1)
SAID = "Joined lines were separated at line 18."
AFTER = len(PEM.splitlines()) + 1
REFUSED = f"Line {AFTER}: Go cannot read a CERTIFICATE block"


def stored(portal: InMemoryCluster) -> int:
    certs = portal.get_secret("one").data[names.CERTS_KEY].decode()
    return len(gox509.usable_certificates(portal.get_secret(certs).data[names.BUNDLE_KEY]))


@pytest.mark.parametrize("given", ["text", "file"])
def test_a_form_keeps_all_four_and_says_what_it_did(client: Client, portal: InMemoryCluster, given: str) -> None:
    file = {"bundle_file": SimpleUploadedFile("ca.pem", JOINED)}
    assert add(client, **(file if given == "file" else {"bundle_text": JOINED.decode()})).status_code == 303
    assert stored(portal) == 4
    assert SAID in text_of(client.get("/destinations/one"))


def test_a_rotation_and_an_edit_say_it_too(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    form = rotation(portal, bundle_choice="replace", bundle_text=JOINED.decode())
    assert client.post("/destinations/one/rotate", form).status_code == 303
    assert stored(portal) == 4
    assert SAID in text_of(client.get("/destinations/one"))
    secret = portal.get_secret("one")
    seen = {"uid": secret.uid, "resource_version": secret.resource_version, "bundle_choice": "replace"}
    answer = client.post("/destinations/one/edit", typed(**seen, bundle_text=JOINED.decode()))
    assert answer.status_code == 303
    assert SAID in text_of(client.get("/destinations/one"))


def test_the_look_before_shows_all_four_and_names_the_line_of_what_is_damaged(client: Client) -> None:
    page = text_of(client.post("/certificates/look", {"bundle_text": JOINED.decode()}))
    assert SAID in page
    assert all(f"CN=Example {name}" in page for name in ("Root A", "Issuing B", "Root C", "Root D"))
    file = SimpleUploadedFile("ca.pem", DAMAGED)
    assert REFUSED in text_of(client.post("/certificates/look", {"bundle_file": file}))


def test_a_preview_of_a_damaged_file_does_not_put_the_rest_into_the_form(client: Client) -> None:
    file = SimpleUploadedFile("ca.pem", DAMAGED)
    page = text_of(add(client, bundle_file=file, show="preview"))
    assert REFUSED in page
    assert "-----BEGIN CERTIFICATE-----" not in page.partition("id_bundle_text")[2].partition("</textarea>")[0]


def test_what_is_damaged_is_saved_nowhere(client: Client, portal: InMemoryCluster) -> None:
    answer = add(client, bundle_text=DAMAGED.decode())
    assert answer.status_code == 422
    assert REFUSED in text_of(answer)
    assert portal.list_secrets() == []


def test_the_interface_for_scripts_says_the_same(client: Client, portal: InMemoryCluster) -> None:
    body = {
        "name": "one",
        "host": "registry.example.com",
        "organization": "team",
        "username": "robot",
        "password": "s3",
    }

    def post(path: str, **fields: str) -> Any:
        return client.post(path, json.dumps(fields), content_type="application/json")

    refused = post("/api/destinations", **body, bundle=DAMAGED.decode())
    assert refused.status_code == 400
    assert REFUSED in refused.json()["fields"]["bundle"][0]
    assert SAID in post("/api/destinations", **body, bundle=JOINED.decode()).json()["notes"]
    assert stored(portal) == 4
    answer = post("/api/destinations/one/rotate", password="new", bundle=JOINED.decode())
    assert SAID in answer.json()["notes"]


def test_the_command_says_it_on_its_second_output(
    client: Client, portal: InMemoryCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    add(client)
    file = tmp_path / "ca.pem"
    file.write_bytes(JOINED)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"new\n")))
    call_command("rotate", "one", "--password-stdin", f"--bundle={file}")
    assert SAID in capsys.readouterr().err
    assert stored(portal) == 4
