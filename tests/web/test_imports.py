"""An account from a file: each kind that people have, what is left out of it, and what never comes back."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile

from destinations import names
from destinations.input import imports
from tests.malformed.asking import add, text_of
from tests.services.leaks import canary

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

SECRET = canary("imported")
HOST = "registry.example.com"


def auth(user: str = "robot", password: str = SECRET) -> str:
    return b64encode(f"{user}:{password}".encode()).decode()


def config(*hosts: str, **more: Any) -> str:
    return json.dumps({"auths": {host: {"auth": auth()} for host in hosts}, **more})


def pull_secret(content: str, key: str = names.CONFIG_KEY, **more: Any) -> dict[str, Any]:
    data = {key: b64encode(content.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull"}, "data": data, **more}


def given(client: Client, content: str | bytes, **changed: Any) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    blank = {"host": "", "organization": "team", "username": "", "password": ""}
    return add(client, **{**blank, "import_file": SimpleUploadedFile("config.json", raw), **changed})


def entry(portal: InMemoryCluster) -> tuple[str, dict[str, str]]:
    auths = json.loads(portal.get_secret("one").data[names.CONFIG_KEY])["auths"]
    ((host, found),) = auths.items()
    return host, found


KINDS = {
    "config.json": (config(HOST), HOST, "robot"),
    "config.json of Docker Hub": (config("https://index.docker.io/v1/"), "docker.io", "robot"),
    "config.json with user and password": (
        json.dumps({"auths": {HOST: {"username": "robot", "password": SECRET}}}), HOST, "robot"),
    ".dockercfg": (json.dumps({HOST: {"auth": auth(), "email": "x@example.com"}}), HOST, "robot"),
    "pull secret in JSON": (json.dumps(pull_secret(config(HOST))), HOST, "robot"),
    "pull secret in YAML": (yaml.safe_dump(pull_secret(config(HOST))), HOST, "robot"),
    "old pull secret": (
        yaml.safe_dump(pull_secret(json.dumps({HOST: {"auth": auth()}}), ".dockercfg")), HOST, "robot"),
    "a List": (json.dumps({"kind": "List", "items": [pull_secret(config(HOST))]}), HOST, "robot"),
    "plain data": (
        yaml.safe_dump({"kind": "Secret", "metadata": {"name": "x"}, "stringData": {names.CONFIG_KEY: config(HOST)}}),
        HOST, "robot"),
    "byte order mark": ("\ufeff" + config(HOST), HOST, "robot"),
    "robot of Quay in YAML": (
        yaml.safe_dump(pull_secret(config("quay.io").replace(auth(), auth("acme+ci")))), "quay.io", "acme+ci"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_becomes_a_destination_with_auth_made_anew(
    client: Client, portal: InMemoryCluster, kind: str
) -> None:
    content, host, user = KINDS[kind]
    assert given(client, content).status_code == 303
    assert entry(portal) == (host, {"auth": auth(user), "username": user, "password": SECRET})


ROBOTS = {
    "robot of Harbor": (json.dumps({"name": "robot$team+ci", "secret": SECRET, "expires_at": 1893456000}),
                        "robot$team+ci", SECRET, "2030-01-01"),
    "robot of Harbor for ever": (json.dumps({"name": "robot$ci", "secret": SECRET, "expires_at": -1}),
                                 "robot$ci", SECRET, None),
    "robot of Quay": (json.dumps({"name": "acme+ci", "token": SECRET}), "acme+ci", SECRET, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robots_file_needs_a_host_beside_it(client: Client, portal: InMemoryCluster, kind: str) -> None:
    content, user, password, ends = ROBOTS[kind]
    missing = given(client, content)
    assert missing.status_code == 422
    assert "required" in text_of(missing)
    assert given(client, content, host=HOST).status_code == 303
    assert entry(portal) == (HOST, {"auth": auth(user, password), "username": user, "password": password})
    assert portal.get_secret("one").annotations.get(names.EXPIRY_ANNOTATION) == ends


def test_the_key_of_a_service_account_is_the_whole_file(client: Client, portal: InMemoryCluster) -> None:
    key = json.dumps({"type": "service_account", "private_key": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n"}, indent=2)
    assert given(client, key + "\n", host="europe-docker.pkg.dev").status_code == 303
    assert entry(portal)[1] == {"auth": auth("_json_key", key), "username": "_json_key", "password": key}


def test_a_pasted_text_is_as_good_and_never_shown_again(client: Client, portal: InMemoryCluster) -> None:
    wrong = add(client, host="", username="", password="", name="Not good", import_text=config(HOST))
    page = text_of(wrong)
    assert wrong.status_code == 422
    assert SECRET not in page
    assert auth() not in page
    assert f'value="{HOST}"' in page
    assert 'value="robot"' in page
    assert "Paste or choose it again when you save" in page
    assert add(client, host="", username="", password="", import_text=config(HOST)).status_code == 303
    assert entry(portal)[0] == HOST


def test_of_several_registries_one_is_chosen_and_the_rest_is_left_out(client: Client, portal: InMemoryCluster) -> None:
    several = config("a.example.com", "https://b.example.com/v2/", "quay.io/acme", "quay.io/other")
    page = text_of(given(client, several))
    for choice in ("a.example.com", "b.example.com", "quay.io/acme", "quay.io/other"):
        assert f'name="import_host" value="{choice}"' in " ".join(page.split())
    assert SECRET not in page
    assert portal.list_secrets() == []
    assert "no credentials for this registry" in text_of(given(client, several, host="c.example.com"))
    assert given(client, several, import_host="quay.io/other", organization="").status_code == 303
    assert entry(portal)[0] == "quay.io"
    assert portal.get_secret("one").annotations[names.ORGANIZATION_ANNOTATION] == "other"
    assert "other registries were left out: 3" in text_of(client.get("/destinations/one"))


def test_a_password_never_goes_to_another_host_than_the_files(client: Client, portal: InMemoryCluster) -> None:
    page = text_of(given(client, config("a.example.com"), host="b.example.com"))
    assert "no credentials for this registry" in page
    assert portal.list_secrets() == []


def test_the_typed_host_chooses_too(client: Client, portal: InMemoryCluster) -> None:
    assert given(client, config("a.example.com", "b.example.com"), host="b.example.com").status_code == 303
    assert entry(portal)[0] == "b.example.com"


LEFT_OUT = {
    "credsStore": (config(HOST, credsStore="desktop"), "A credential helper"),
    "credHelpers": (config(HOST, credHelpers={"x.example.com": "ecr-login"}), "A credential helper"),
    "HttpHeaders": (config(HOST, HttpHeaders={"User-Agent": "x"}), "HttpHeaders were left out"),
    "others": (config(HOST, currentContext="x"), "Other settings"),
    "identitytoken": (
        json.dumps({"auths": {HOST: {"auth": auth(), "identitytoken": SECRET}}}), "A token next to a password"),
    "empty entry": (json.dumps({"auths": {HOST: {"auth": auth()}, "b.example.com": {}}}), "Entries without a password"),
    "disagreement": (
        json.dumps({"auths": {HOST: {"auth": auth("other"), "username": "robot", "password": SECRET}}}), "auth is rewritten"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_what_is_left_out_is_said(client: Client, portal: InMemoryCluster, kind: str) -> None:
    content, words = LEFT_OUT[kind]
    assert given(client, content).status_code == 303
    assert entry(portal) == (HOST, {"auth": auth(), "username": "robot", "password": SECRET})
    assert words in text_of(client.get("/destinations/one"))


ODD = {
    "nothing": (b"", "no password for a registry"),
    "blanks": (b"  \n", "no password for a registry"),
    "a number": (b"7", "not valid JSON or YAML"),
    "a list": (b"[1]", "not valid JSON or YAML"),
    "half a JSON": (config(HOST)[:-3].encode(), "not valid JSON or YAML"),
    "no text": (b"\xff\xfe\x00", "not valid UTF-8 text"),
    "too large": (b"#" * (imports.MAX_BYTES + 1), "larger than 256 KiB"),
    "deep": (b"[" * 100_000, "not valid JSON or YAML"),
    "aliases": (b"a: &a [1]\nb: [*a, *a]", "it contains an alias, which is not supported; write out its content (line 2)"),
    "merges": (b"name: a\n<<: {secret: x}", "it contains a merge (<<), which is not supported"),
    "many values": (b"- a\n" * 30_000, "more than 20,000 values"),
    "deep YAML": (b"- " * 3_000 + b"x", "it is nested too deeply"),
    "a number in base 60": (b"a: 1:" + b"00:" * 600 + b"0.0", "no password for a registry"),
    "a long number": (b"a: 0x" + b"f" * 600, "a number has more than 100 digits; quote it (line 1)"),
    "a tag": (b"!!python/object/apply:os.system [id]", "not valid JSON or YAML"),
    "helpers alone": (json.dumps({"credsStore": "desktop", "auths": {HOST: {}}}).encode(), "A credential helper"),
    "auths is no object": (b'{"auths": ["x"]}', "no password for a registry"),
    "an entry is no object": (json.dumps({"auths": {HOST: "x"}}).encode(), "no password for a registry"),
    "auth is no base64": (json.dumps({"auths": {HOST: {"auth": "%%"}}}).encode(), "is not valid base64"),
    "auth without a colon": (
        json.dumps({"auths": {HOST: {"auth": b64encode(b"robot").decode()}}}).encode(), "contains no colon"),
    "a number as password": (
        json.dumps({"auths": {HOST: {"username": "u", "password": 1}}}).encode(), "is not a string"),
    "another Secret": (json.dumps(pull_secret("x", "tls.crt")).encode(), "without registry credentials"),
    "a broken Secret": (json.dumps(pull_secret("{", names.CONFIG_KEY)).encode(), "are not a JSON object"),
    "a Secret of a list": (json.dumps(pull_secret("[]", names.CONFIG_KEY)).encode(), "are not a JSON object"),
    "a Secret without a name": (b'{"kind": "Secret", "data": {}}', "not valid JSON or YAML"),
    "a sealed one": (b"kind: SealedSecret\nmetadata: {name: x}", "create a Secret in the cluster"),
    "half a character": (
        b'{"auths": {"registry.example.com": {"username": "robot", "password": "a\\ud800b"}}}', "not valid UTF-8"),
    "a long password": (
        json.dumps({"name": "robot", "secret": "x" * 70_000}).encode(), "at most 65536"),
    "a colon in the user name": (json.dumps({"name": "a:b", "secret": SECRET}).encode(), "a user name with a colon"),
    "an odd end": (json.dumps({"name": "a:b", "secret": SECRET, "expires_at": 10**30}).encode(), "user name with a colon"),
    "a host with an account": (json.dumps({"auths": {f"u:{SECRET}@[::1": {"auth": auth()}}}).encode(), "accept an IPv6 address"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_what_cannot_be_used_is_said_at_the_field_and_stored_nowhere(
    client: Client, portal: InMemoryCluster, kind: str
) -> None:
    content, words = ODD[kind]
    answers = [given(client, content)]
    if b"\0" not in content and b"\xff" not in content and content.strip():
        answers.append(add(client, host="", username="", password="", import_text=content.decode()))
    for answer in answers:
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert SECRET not in text_of(answer)
    assert portal.list_secrets() == []


def test_a_password_beside_an_import_and_a_text_beside_a_file_are_refused(
    client: Client, portal: InMemoryCluster
) -> None:
    assert "typed a password and imported a file" in text_of(given(client, config(HOST), password="x"))
    assert "both text and a file" in text_of(given(client, config(HOST), import_text=config(HOST)))
    assert portal.list_secrets() == []


def test_the_interface_for_scripts_takes_no_import(client: Client, portal: InMemoryCluster) -> None:
    body = {"name": "one", "host": HOST, "organization": "team", "import_text": config(HOST)}
    answer = client.post("/api/destinations", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert portal.list_secrets() == []


def shown(client: Client, content: str, **typed: str) -> str:
    """Return the page on which a file is only looked at."""
    blank = {"name": "", "host": "", "organization": "", "username": "", "password": "", "show": "import"}
    file = SimpleUploadedFile("pull.yaml", content.encode())
    return text_of(client.post("/destinations/new", {**blank, "nonce": "n" * 24, "import_file": file, **typed}))


def value_of(page: str, name: str) -> str:
    (field,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
    return next(iter(re.findall(r'value="([^"]*)"', field)), "")


HELPED = {
    "credsStore": json.dumps({"auths": {HOST: {}}, "credsStore": "desktop"}),
    "credHelpers": json.dumps({"credHelpers": {HOST: "ecr-login"}}),
    "credsStore in a pull secret": yaml.safe_dump(
        pull_secret(json.dumps({"auths": {HOST: {}}, "credsStore": "desktop"}))
    ),
    "user name alone": json.dumps({"auths": {HOST: {"username": "robot"}}, "credsStore": "pass"}),
    "token alone": json.dumps({"auths": {HOST: {"identitytoken": SECRET, "username": "robot"}}}),
}


@pytest.mark.parametrize("kind", HELPED)
def test_a_file_without_a_password_fills_in_what_it_has_and_says_what_is_missing(
    client: Client, portal: InMemoryCluster, kind: str
) -> None:
    page = shown(client, HELPED[kind])
    user = "robot" if "robot" in HELPED[kind] else ""
    assert (value_of(page, "host"), value_of(page, "username")) == (HOST, user)
    assert "not in the file" in page
    missing = ["organization", *([] if user else ["user name"])]
    assert f"{', '.join(missing)} and password or token" in page
    assert re.search("credential helper|identity token", page)
    assert SECRET not in page
    assert portal.list_secrets() == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_shown_before_it_is_saved_but_its_password(
    client: Client, portal: InMemoryCluster, kind: str
) -> None:
    content, host, user = KINDS[kind]
    page = shown(client, content)
    assert (value_of(page, "host"), value_of(page, "username"), value_of(page, "password")) == (host, user, "")
    assert "in the file, and never shown" in page
    assert "Paste or choose it again when you save" in page
    assert SECRET not in page
    assert auth(user) not in page
    assert portal.list_secrets() == []


def test_what_was_typed_stays_when_a_file_is_looked_at(client: Client, portal: InMemoryCluster) -> None:
    page = shown(client, config(HOST), name="mine", organization="typed", description="kept", host="other.example.com")
    assert (value_of(page, "name"), value_of(page, "organization")) == ("mine", "typed")
    assert value_of(page, "description") == "kept"
    assert value_of(page, "host") == "other.example.com"
    assert "no credentials for this registry" in page
    assert portal.list_secrets() == []


def test_of_several_without_a_password_one_is_chosen(client: Client, portal: InMemoryCluster) -> None:
    several = json.dumps({"auths": {"a.example.com": {}, "b.example.com": {"username": "robot"}}, "credsStore": "pass"})
    page = shown(client, several)
    assert value_of(page, "host") == ""
    for host in ("a.example.com", "b.example.com"):
        assert f'name="import_host" value="{host}"' in " ".join(page.split())
    page = shown(client, several, import_host="b.example.com")
    assert (value_of(page, "host"), value_of(page, "username")) == ("b.example.com", "robot")
    assert portal.list_secrets() == []


@pytest.mark.parametrize("kind", ["nothing", "a number", "too large", "aliases"])
def test_a_file_that_cannot_be_read_says_so_when_it_is_looked_at(
    client: Client, portal: InMemoryCluster, kind: str
) -> None:
    content, words = ODD[kind]
    assert words in shown(client, content.decode(), name="mine")
    assert portal.list_secrets() == []
