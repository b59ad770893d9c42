"""Every odd CA bundle, pasted and uploaded: words and nothing stored, or stored as Go reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from destinations import names
from tests.malformed import bundles
from tests.malformed.asking import PASSWORD, add, rotation, text_of, typed
from tests.malformed.bundles import BUNDLES, ENORMOUS, KEYS, PEM, Bundle
from tests.malformed.fields import ACCEPTED

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # as in gox509
every_bundle = pytest.mark.parametrize("bundle", BUNDLES, ids=bundles.label)


def text(bundle: Bundle) -> str | None:
    """Return what a browser could send as text, or None."""
    try:
        decoded = bundle.content.decode()
    except UnicodeDecodeError:
        return None
    return decoded if decoded.strip() and "\0" not in decoded else None


def check(answer: Any, portal: InMemoryCluster, bundle: Bundle) -> None:
    page = text_of(answer)
    if bundle.form == ACCEPTED:
        assert answer.status_code == 303
        certs = portal.get_secret("one").data[names.CERTS_KEY].decode()
        assert portal.get_secret(certs).data == {names.BUNDLE_KEY: bundle.stored}
        return
    assert answer.status_code == (413 if bundle in ENORMOUS else 422)
    assert bundle.form in page
    assert PASSWORD not in page


@every_bundle
def test_a_file(client: Client, portal: InMemoryCluster, bundle: Bundle) -> None:
    check(add(client, bundle_file=SimpleUploadedFile("ca.pem", bundle.content)), portal, bundle)
    assert bundle.form == ACCEPTED or portal.list_secrets() == []


@every_bundle
def test_a_text(client: Client, portal: InMemoryCluster, bundle: Bundle) -> None:
    typed_in = text(bundle)
    if typed_in is None:
        return
    check(add(client, bundle_text=typed_in), portal, bundle)
    assert bundle.form == ACCEPTED or portal.list_secrets() == []


@every_bundle
def test_a_rotation(client: Client, portal: InMemoryCluster, bundle: Bundle) -> None:
    add(client)
    before = portal.list_secrets()
    file = SimpleUploadedFile("ca.pem", bundle.content)
    form = rotation(portal, bundle_choice="replace", bundle_file=file)
    check(client.post("/destinations/one/rotate", form), portal, bundle)
    assert bundle.form == ACCEPTED or portal.list_secrets() == before


@pytest.mark.parametrize("bundle", ENORMOUS, ids=bundles.label)
def test_an_enormous_one_is_refused_before_it_is_read(client: Client, portal: InMemoryCluster, bundle: Bundle) -> None:
    for given in ({"bundle_text": bundle.content.decode()}, {"bundle_file": SimpleUploadedFile("x", bundle.content)}):
        check(add(client, **given), portal, bundle)
    assert portal.list_secrets() == []


@pytest.mark.parametrize(
    "name", ["../../x.pem", "x.pem.exe", "C:\\ca.pem", "\u202emep.exe", "a" * 300, "<img src=x>.pem"]
)
def test_159_a_files_name_means_nothing(client: Client, portal: InMemoryCluster, name: str) -> None:
    assert add(client, bundle_file=SimpleUploadedFile(name, PEM)).status_code == 303
    shown = "".join(text_of(client.get(path)) for path in ("/", "/destinations/one"))
    assert "x.pem" not in shown
    assert name not in shown
    assert len(portal.list_secrets()) == 2


def test_160_two_files_are_refused_in_words(client: Client, portal: InMemoryCluster) -> None:
    two = [SimpleUploadedFile("a", PEM), SimpleUploadedFile("b", PEM)]
    answer = client.post("/destinations/new", typed(bundle_file=two))
    assert answer.status_code == 422
    assert "chose several files" in text_of(answer)
    both = add(client, bundle_text=PEM.decode(), bundle_file=SimpleUploadedFile("a", PEM))
    assert both.status_code == 422
    assert "Give only one of them" in text_of(both)
    assert portal.list_secrets() == []


@pytest.mark.parametrize("bundle", [one for one in BUNDLES if one.number in {156, 157}], ids=bundles.label)
def test_a_hostile_subject_is_shown_harmlessly(client: Client, portal: InMemoryCluster, bundle: Bundle) -> None:
    assert portal.list_secrets() == []
    add(client, bundle_text=bundle.content.decode())
    page = client.get("/destinations/one").content.decode()
    assert "<img src=x" not in page
    assert "\u202e" not in page
    shown = "&lt;img src=x onerror=alert(1)" if bundle.number == 156 else "\\u202egnp.exe\\nCN=Let"
    assert shown in page


@pytest.mark.parametrize("bundle", KEYS, ids=bundles.label)
@pytest.mark.parametrize("show", [{}, {"show": "preview"}], ids=["saved", "previewed"])
def test_a_pasted_private_key_is_not_shown_again(
    client: Client, portal: InMemoryCluster, bundle: Bundle, show: dict[str, str]
) -> None:
    page = text_of(add(client, bundle_text=bundle.content.decode(), description="kept words", **show))
    assert "kept words" in page
    assert "PRIVATE KEY-----" not in page
    assert all(line not in page for line in bundle.content.decode().splitlines() if len(line) > 20)
    assert portal.list_secrets() == []
