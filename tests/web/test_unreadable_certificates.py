"""Certificates that Go takes and `cryptography` cannot show: no page breaks, and what Go reads of them is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from destinations import names
from destinations.golang import gox509
from destinations.livecheck import result
from destinations.livecheck.registry import trust
from destinations.verdict.certificates import read_bundle
from tests.malformed.asking import add, destination, encoded, verdict
from tests.malformed.bundles import PEM, pem
from tests.x509.handmade import CASES

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

TAKEN = {what: content for what, (content, message) in CASES.items() if not message}
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # as in gox509
every_certificate = pytest.mark.parametrize("what", TAKEN)


@every_certificate
def test_a_stored_one_breaks_no_page(client: Client, portal: InMemoryCluster, what: str, tmp_path: Path) -> None:
    held = {names.BUNDLE_KEY: encoded(PEM + pem(TAKEN[what]))}
    manifests = [
        destination(data={names.CERTS_KEY: encoded("held")}),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "held"}, "data": held},
    ]
    portal.load(manifests)
    pages = ["/", "/api/destinations", *(f"/destinations/one{path}" for path in ("", "/rotate", "/edit", "/delete"))]
    assert {path: client.get(path).status_code for path in pages} == dict.fromkeys(pages, 200)
    code, (row,) = verdict(manifests, tmp_path)
    assert (code, row["failed_stage"]) == (0, None)


@every_certificate
def test_a_given_one_is_stored_as_it_is(client: Client, portal: InMemoryCluster, what: str) -> None:
    bundle = PEM + pem(TAKEN[what])
    assert client.post("/certificates/look", {"bundle_text": bundle.decode()}).status_code == 200
    assert add(client, bundle_file=SimpleUploadedFile("ca.pem", bundle)).status_code == 303
    certs = portal.get_secret("one").data[names.CERTS_KEY].decode()
    assert portal.get_secret(certs).data == {names.BUNDLE_KEY: bundle}


@every_certificate
def test_one_that_a_registry_presents_breaks_no_check(what: str) -> None:
    content = TAKEN[what]
    (shown,) = result.read([content])
    assert shown.subject
    assert result.missing([content])
    trust.go_accepts([content], [content], {content})
    assert trust.has_only_a_common_name((content,)) is (b"\x06\x03\x55\x1d\x11" not in content)


def test_there_are_such_certificates() -> None:
    read = [certificate.read for certificate in map(gox509.parse_certificate, TAKEN.values())]
    assert read.count(None) > 5


def test_a_name_that_only_go_reads_is_shown() -> None:
    bundle = read_bundle(pem(TAKEN["printable with star and ampersand"]))
    assert bundle.certificates[0].subject == "CN=*&A"
