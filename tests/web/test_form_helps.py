"""What stands beside a form: the guide to a kind of registry, the certificates found, the marked references, the manifest."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile

from destinations import names
from destinations.model import Target
from destinations.overview import parts
from destinations.verdict import presets
from edrportal.demo.cluster import certificate, demo_cluster
from tests.livecheck.world import destination
from tests.malformed.asking import PASSWORD, add, rotation, text_of, words_of
from tests.services import composition
from tests.services.leaks import canary
from tests.web.test_daily_work import form

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

PEM = certificate(datetime.now(UTC), days=200, name="Helpful CA").decode()
OLD = certificate(datetime.now(UTC), days=-1, name="Old CA").decode()
KEY = f"-----BEGIN PRIVATE KEY-----\n{canary('key', special=False)}\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.key)
def test_a_chosen_kind_fills_what_everybody_types_and_says_what_goes_wrong(
    client: Client, portal: InMemoryCluster, preset: presets.Preset
) -> None:
    page = text_of(client.get("/destinations/new", {"preset": preset.key}))
    assert f'<option value="{preset.key}" selected>' in page
    assert preset.traps[0] in page
    assert preset.where in page
    assert (f"<b>{preset.word}</b>" in page) is (preset.word != "organization")
    assert (f'name="host" value="{preset.host}"' in page) is preset.fixed
    assert bool(preset.fixed_username) is (f'name="username" value="{preset.fixed_username}"' in page)
    assert portal.list_secrets() == []


def test_the_host_tells_the_kind_and_a_choice_beats_it(client: Client) -> None:
    found = text_of(client.post("/preview", {"host": "harbor.example.com", "organization": "team", "preset": ""}))
    assert "Guide: Harbor" in found
    assert 'hx-swap-oob="true"' in found
    chosen = text_of(client.post("/preview", {"host": "harbor.example.com", "preset": "quay"}))
    assert "Guide: Quay" in chosen
    assert 'name="chosen_preset" value="quay"' in chosen
    assert "Guide: " not in text_of(client.post("/preview", {"host": "x.example.com", "preset": "<b>"}))


def test_a_choice_outlives_a_form_that_is_sent_back(client: Client, portal: InMemoryCluster) -> None:
    page = text_of(add(client, organization="Bad", chosen_preset="nexus"))
    assert "Guide: Nexus Repository" in page
    assert '<option value="nexus" selected>' in page
    assert portal.list_secrets() == []


def test_a_rotation_is_guided_by_the_stored_host(client: Client, portal: InMemoryCluster) -> None:
    add(client, host="quay.io")
    assert "Guide: Quay" in text_of(client.get("/destinations/one/rotate"))
    assert "Guide: Quay" in text_of(client.get("/destinations/one/edit"))
    assert portal.get_secret("one").name == "one"


@pytest.mark.parametrize("as_file", [False, True])
def test_every_certificate_is_shown_before_the_save_with_what_is_wrong(client: Client, *, as_file: bool) -> None:
    content = PEM + OLD + "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
    form = {"bundle_file": SimpleUploadedFile("ca", content.encode())} if as_file else {"bundle_text": content}
    page = text_of(client.post("/certificates/look", form))
    for words in ("CN=Helpful CA", "CN=Old CA", "Issuer", "SHA-256", "<b>expired</b>", "certificate request (CSR)"):
        assert words in page
    assert text_of(client.post("/certificates/look", {})).count("SHA-256") == 0


def test_a_private_key_is_refused_and_not_echoed(client: Client) -> None:
    page = text_of(client.post("/certificates/look", {"bundle_text": PEM + KEY}))
    assert "It contains a private key" in page
    assert "PRIVATE KEY-----" not in page
    assert KEY.splitlines()[1] not in page


@pytest.mark.parametrize("path", ["/destinations/new", "/destinations/one/rotate", "/destinations/one/edit"])
def test_a_button_shows_it_without_javascript_and_a_chosen_file_is_not_lost(
    client: Client, portal: InMemoryCluster, path: str
) -> None:
    add(client)
    before = portal.list_secrets()
    form = {
        **rotation(portal),
        "host": "kept.example.com",
        "organization": "team",
        "username": "kept-user",
        "password": PASSWORD,
    }
    for given in ({"bundle_text": PEM}, {"bundle_file": SimpleUploadedFile("ca.pem", PEM.encode())}):
        answer = client.post(path, {**form, **given, "show": "certificates"})
        page = text_of(answer)
        assert answer.status_code == 200
        assert "CN=Helpful CA" in page
        assert PEM.splitlines()[1] in page.partition("<textarea")[2]
        assert "kept-user" in page
        assert PASSWORD not in page
    assert portal.list_secrets() == before


def test_a_bundle_from_a_file_survives_a_mistake_elsewhere(client: Client, portal: InMemoryCluster) -> None:
    page = text_of(add(client, organization="Bad", bundle_file=SimpleUploadedFile("ca.pem", PEM.encode())))
    assert PEM.splitlines()[1] in page
    assert "CN=Helpful CA" in page
    assert portal.list_secrets() == []


def test_a_summed_up_error_leads_to_its_field(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    form = rotation(portal, bundle_choice="", username="a:b")
    page = text_of(client.post("/destinations/one/rotate", form))
    for field in ("username", "bundle_choice"):
        assert f'<a href="#id_{field}">' in page
        assert f'id="id_{field}"' in page
        assert f'aria-describedby="id_{field}_' in page or f'id_{field}_error"' in page
    assert 'id="problems"' in page


def test_the_parts_of_a_reference_are_told_apart() -> None:
    chart = Target("harbor", "team/workspace-shop-chart")
    found = parts.parts(Target("docker.io", "acme/acme/workspace-shop-image"), "1", chart=chart)
    assert [(part.kind, part.text) for part in found if part.kind] == [
        ("host", "docker.io"), ("organization", "acme/acme"), ("name", "workspace-shop-image"), ("tag", "1"),
    ]  # fmt: skip
    assert [part.odd for part in found if part.odd] == [parts.ELSEWHERE, parts.DOUBLED]
    assert "".join(part.text for part in parts.parts(chart, "0")) == "harbor/team/workspace-shop-chart:0"


@pytest.mark.parametrize(("name", "words"), [("quay", parts.DOUBLED), ("short-name", parts.ELSEWHERE)])
def test_a_doubled_organization_and_a_docker_hub_mix_up_are_seen_on_the_page(
    client: Client, name: str, words: str
) -> None:
    with composition.use(demo_cluster(datetime.now(UTC))):
        page = text_of(client.get(f"/destinations/{name}"))
        sound = text_of(client.get("/destinations/production"))
    assert words in page
    assert "part--odd" in page
    assert words not in sound
    assert "part--organization" in sound


def manifests_on(page: str) -> list[dict[str, Any]]:
    text = page.partition('id="gitops"')[2].partition(">")[2].partition("</pre>")[0]
    return list(yaml.safe_load_all(text))


def test_the_manifest_for_git_is_a_sound_destination_with_placeholders(client: Client, portal: InMemoryCluster) -> None:
    add(client, bundle_text=PEM, description="kept words")
    page = text_of(client.get("/destinations/one"))
    authentication, bundle = manifests_on(page)
    assert PASSWORD not in page
    assert authentication["metadata"]["labels"] == {names.REGISTRY_LABEL: "true"}
    assert authentication["metadata"]["annotations"][names.DESCRIPTION_ANNOTATION] == "kept words"
    assert '"auth": "VVNFUjpQQVNTV09SRA=="' in authentication["stringData"][names.CONFIG_KEY]
    assert "robot" not in authentication["stringData"][names.CONFIG_KEY]
    assert bundle["metadata"]["name"] == authentication["stringData"][names.CERTS_KEY]
    assert bundle["stringData"] == {names.BUNDLE_KEY: PEM}
    judged = demo_cluster(datetime.now(UTC))
    for manifest in (authentication, bundle):
        judged.create_secret(manifest)
    with composition.use(judged):
        assert "Accepted" in words_of(client.get("/destinations/one")).partition("Export destinations")[2][:400]
    assert portal.get_secret("one").name == "one"


FIELDS = ("host", "organization", "username", "password", "bundle_text", "expires_on", "description")


@pytest.mark.parametrize("path", ["/destinations/new", "/destinations/one/edit", "/destinations/one/rotate"])
def test_every_form_has_the_same_order_of_fields(client: Client, portal: InMemoryCluster, path: str) -> None:
    add(client)
    assert portal.get_secret("one").name == "one"
    page = client.get(path).content.decode()
    found = [name for name in re.findall(r'<(?:input|textarea|select)[^>]*name="(\w+)"', page) if name in FIELDS]
    assert found == [name for name in FIELDS if name in found]
    assert {"username", "password", "bundle_text", "expires_on"} <= set(found)


@pytest.mark.parametrize("key", sorted(set(presets.BY_KEY) - {"plain"}))
def test_a_guide_links_to_the_vendors_page(client: Client, portal: InMemoryCluster, key: str) -> None:
    page = words_of(client.get(f"/destinations/new?preset={key}"))
    html = client.get(f"/destinations/new?preset={key}").content.decode()
    assert f'href="{presets.BY_KEY[key].docs}"' in html
    assert presets.BY_KEY[key].docs.startswith("https://")
    assert f"documentation of {presets.BY_KEY[key].kind}" in page
    assert ("rotate-ecr.yaml" in html) is (key == "ecr")
    assert portal.list_secrets() == []


def test_the_recipe_of_a_guide_is_the_one_of_the_documents() -> None:
    (shown,) = re.findall(
        r"```yaml\n(apiVersion: batch/v1\nkind: CronJob.*?)```", Path("docs/scripts.md").read_text(), re.DOTALL
    )
    assert Path("static/rotate-ecr.yaml").read_text().endswith(shown)


def test_hints_follow_the_kind_that_was_chosen_or_recognized(client: Client, portal: InMemoryCluster) -> None:
    chosen = client.get("/destinations/new?preset=harbor").content.decode()
    general = client.get("/destinations/new").content.decode()
    for name, hint in (
        ("organization", "The project, such as team-a"),
        ("password", "A robot&#x27;s secret, shown once"),
    ):
        assert re.search(rf'id="id_{name}_helptext">{hint}', chosen)
        assert not re.search(rf'id="id_{name}_helptext">{hint}', general)
    assert re.search(r'id="id_username_helptext">robot\$PROJECT\+NAME, as Harbor shows it once', chosen)
    gitlab = client.get("/destinations/new?preset=gitlab").content.decode()
    assert re.search(
        r'id="id_username_helptext">gitlab\+deploy-token-NUMBER, or the user name', gitlab
    )  # as it is typed
    typed = client.post("/preview", {"host": "harbor.example.com", "organization": ""}).content.decode()
    assert "Type a host and an organization to see where an export goes." in typed
    assert re.search(r'id="id_organization_helptext"[^>]*hx-swap-oob="true">The project, such as team-a', typed)
    unknown = client.post("/preview", {"host": "registry.example.com", "organization": ""}).content.decode()
    assert "The path below the host, such as team or platform/team" in unknown
    add(client, host="harbor.example.com", username="robot$team+ci")
    assert portal.get_secret("one").name == "one"
    for path in ("/destinations/one/edit", "/destinations/one/rotate"):
        assert "A robot&#x27;s secret, shown once" in client.get(path).content.decode()


def test_the_host_is_shown_wherever_something_else_is_asked_for(client: Client, portal: InMemoryCluster) -> None:
    made = destination("one")
    made["metadata"]["annotations"] = {}
    several = destination("several")
    hosts: dict[str, Any] = {"a.example.com": {}, "b.example.com": {}, "c.example.com": {}, "d.example.com": {}}
    several["stringData"] = {names.CONFIG_KEY: json.dumps({"auths": hosts})}
    portal.load([made, several])
    for path in ("repair", "rotate"):
        page = client.get(f"/destinations/one/{path}").content.decode()
        assert "Registry: <code>registry.example.com</code>" in page, path
        page = client.get(f"/destinations/several/{path}").content.decode()
        assert "Registry: <code>a.example.com, b.example.com, c.example.com and 1 more</code>" in page, path
    page = client.get("/destinations/one/edit").content.decode()
    assert re.search(r'<input[^>]*name="host"[^>]*value="registry.example.com"', page)
    assert re.search(r'<input[^>]*name="username"[^>]*value="robot"', page)
    overview = client.get("/").content.decode()
    assert '<code class="url">registry.example.com</code>' in overview
    assert '<code class="url">a.example.com, b.example.com, c.example.com and 1 more</code>' in overview
    rows = {row["name"]: row["url"] for row in client.get("/api/destinations").json()}
    assert rows == {"one": None, "several": None}


def test_what_lacks_only_its_organization_gets_it_without_the_password(client: Client, portal: InMemoryCluster) -> None:
    made = destination("one")
    made["metadata"]["annotations"] = {}
    portal.load([made])
    config = portal.get_secret("one").data
    fields = form(client, "/destinations/one/edit", organization="team")
    assert client.post("/destinations/one/edit", fields).status_code == 303
    assert portal.get_secret("one").data == config
    assert client.get("/api/destinations").json()[0]["answer"] == "accepted"
