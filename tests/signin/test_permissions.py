"""Every address by every method, for every role and kind of destination: what is answered, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Unreachable
from destinations.permissions import TABLE
from tests.services import leaks
from tests.signin import world

pytestmark = pytest.mark.people
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
EVERYBODY = ("administrator", "manager", "exporter", "viewer", "nobody")
KINDS = ("own", "other", "shared", "ownerless", "missing")
SEES = {
    "administrator": {"own", "other", "shared", "ownerless"},
    "manager": {"own", "shared"},
    "exporter": {"own", "shared"},
    "viewer": {"own", "other", "shared", "ownerless"},
    "nobody": set(),
}
CHANGES = {"administrator": {"own", "other", "shared", "ownerless"}, "manager": {"own"}}
OPEN = {"signin", "oidc-start", "oidc-callback", "demo-signin", "healthz", "readyz", "signout"}
ADMIN_ONLY = {"assign", "teams", "sweep", "leak", "leak-response", "leak-report"}
ADDING = {"new", "preview", "certificates", "sealing-certificate", "external-secret"}
FORMS = {"rotate", "edit", "repair", "delete"}


def addresses() -> dict[str, str]:
    """Return every address of the site by its name, with {name} where a destination stands."""
    found = {}
    for pattern in get_resolver().url_patterns:
        for one in getattr(pattern, "url_patterns", [pattern]):
            found[str(one.name)] = "/" + str(one.pattern).replace("<str:name>", "{name}")
    return found


def named(role: str, kind: str) -> str:
    shared = {"shared": "shared", "ownerless": "orphaned", "missing": "not-there"}
    return world.OWN[role] if kind == "own" else world.OTHER[role] if kind == "other" else shared[kind]


def expected(name: str, method: str, role: str, kind: str) -> set[int]:  # noqa: PLR0911 - one line a rule
    """Return which statuses are right, from the issue's words and not from the code."""
    read = method in {"GET", "HEAD"}
    if name in {"healthz", "readyz", "signin"}:
        return {200} if read else {422} if (name, method) == ("signin", "POST") else {405}
    if name == "live":
        return {503} if method == "GET" else {405}  # there is no watch here that could feed a stream
    if name in {"oidc-start", "oidc-callback"}:
        return {404} if read else {405}  # no provider is configured
    if name == "demo-signin":
        return {404} if method == "POST" else {405}
    if name == "signout":
        return {303} if method == "POST" else {405}
    if name in ADMIN_ONLY and role != "administrator":
        return {403}
    if role not in CHANGES and (name in ADDING | {"switch"} or (name, method) == ("api", "POST")):
        return {403}
    if not read and method != "POST":
        return {405}
    return expected_of(name, method, role, kind)


def expected_of(name: str, method: str, role: str, kind: str) -> set[int]:
    seen, changed = kind in SEES[role], kind in CHANGES.get(role, set())
    if name in {"destination", "destination-any-name", "row"}:
        return {405} if method == "POST" else {200} if seen else {404}
    if name in {"check", "api-check"}:
        done = 303 if name == "check" else 200
        return {405} if method != "POST" else {done} if changed else {403} if seen else {404}
    if name in FORMS | {"assign"}:
        return ({422} if method == "POST" else {200}) if changed else {403} if seen else {404}
    if name == "api-rotate":  # the body is no JSON, which is found out after who may change what
        return {405} if method != "POST" else {400} if changed else {403} if seen else {404}
    posts = {"new": 422, "teams": 422, "switch": 422, "preview": 200, "sweep": 303, "api": 400, "checks": 422}
    posts |= {"certificates": 200, "sealing-certificate": 200, "external-secret": 422}
    posts |= {"leak": 422, "leak-response": 422, "leak-report": 422}
    if method == "POST":
        return {posts.get(name, 405)}
    only_posts = {"switch", "preview", "certificates", "sealing-certificate", "sweep", "leak-response", "leak-report"}
    return {405} if name in only_posts else {200}


def test_every_address_is_in_the_table() -> None:
    assert set(addresses()) == set(TABLE)


@pytest.mark.parametrize("role", EVERYBODY)
def test_each_role_gets_what_is_theirs_and_is_told_nothing_else(people: InMemoryCluster, role: str) -> None:
    before = [(secret.name, secret.resource_version) for secret in people.list_secrets()]
    for name, address in addresses().items():
        if name == "signout":
            continue  # at the end
        client = world.sign_in(role)
        for kind in KINDS if "{name}" in address else KINDS[:1]:
            for method in METHODS:
                account: dict[str, Any] = {"HTTP_AUTHORIZATION": world.basic(role)} if name.startswith("api") else {}
                answer = client.generic(method, address.format(name=named(role, kind)), **account)
                assert answer.status_code in expected(name, method, role, kind), (name, method, role, kind)
                check_told(answer.content, role, (name, method, kind))
                check_headers(answer)
    assert [(secret.name, secret.resource_version) for secret in people.list_secrets()] == before
    assert world.sign_in(role).post("/signout").status_code == 303


def check_headers(answer: Any) -> None:
    """Hold every answer, errors included, to what keeps pages out of frames, caches and sniffers."""
    headers = answer.headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def check_told(content: bytes, role: str, where: tuple[str, str, str]) -> None:
    """Hold a page to what the role may know: accounts, who changed something, and that a destination exists."""
    name, _, kind = where
    text = content.decode("utf-8", "replace")
    assert leaks.find(content) == [], where
    assert world.STORED not in text, where
    assert world.PASSWORD not in text, where
    may_know = role == "administrator" or (kind == "own" and role == "manager")
    if not may_know or name not in FORMS | {"destination", "destination-any-name", "new"}:
        assert world.ACCOUNT not in text, where
        assert world.CHANGER not in text, where
    if role not in {"administrator", "viewer"} and kind not in {"other", "ownerless"}:
        hidden = {world.OTHER[role], "orphaned"} | ({"shared", world.OWN[role]} if role == "nobody" else set())
        for one in hidden:
            assert f">{one}<" not in text.replace("\n", ""), (where, one)
            assert f'"{one}"' not in text, (where, one)


@pytest.mark.parametrize("method", METHODS)
def test_somebody_unknown_gets_to_the_sign_in_and_nowhere_else(people: InMemoryCluster, method: str) -> None:
    client = Client()
    for name, address in addresses().items():
        if name in OPEN:
            continue
        for kind in KINDS:
            answer = client.generic(method, address.format(name=named("manager", kind)))
            assert answer.status_code in {302, 401}, (name, method)
            assert answer.status_code == 401 or answer.headers["Location"].startswith("/signin?next=%2F")
            assert answer.status_code == 302 or method not in {"GET", "HEAD"} or name.startswith("api")
    assert people.get_secret("a-one").name == "a-one"


@pytest.mark.parametrize("role", ["manager", "exporter", "nobody"])
def test_a_guessed_name_is_answered_like_one_that_does_not_exist(people: InMemoryCluster, role: str) -> None:
    client = world.sign_in(role)
    assert people.get_secret("orphaned").name == "orphaned"
    for tail in ("", "/", "/rotate", "/edit", "/repair", "/delete"):
        for kind in ("other", "ownerless"):
            known = client.get(f"/destinations/{named(role, kind)}{tail}")
            unknown = client.get(f"/destinations/not-there{tail}")
            assert known.status_code == unknown.status_code == 404
            assert tokenless(known.content) == tokenless(unknown.content)


def tokenless(content: bytes) -> bytes:
    """Return the page without what differs by the token and the second of the answer."""
    passing = (b"csrfmiddlewaretoken", b"data-idle=", b"data-whole=")
    return b"\n".join(line for line in content.splitlines() if not any(word in line for word in passing))


def test_a_button_that_is_not_ones_own_says_which_right_is_missing(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    page = world.sign_in("manager").get("/destinations/shared").content.decode()
    assert 'disabled aria-describedby="missing">Rotate credentials' in page
    assert "This destination is shared: only administrators can change it." in page
    page = world.sign_in("exporter").get("/team/").content.decode()
    assert "Self-service is disabled for team-b. An administrator can enable it." in page


def test_the_manifest_the_history_and_the_account_are_for_those_who_change_it(people: InMemoryCluster) -> None:
    assert people.get_secret("a-one").name == "a-one"
    assert world.CHANGER in world.sign_in("manager").get("/destinations/a-one").content.decode()
    assert world.ACCOUNT in world.sign_in("manager").get("/destinations/a-one/rotate").content.decode()
    assert world.CHANGER not in world.sign_in("viewer").get("/destinations/a-one").content.decode()


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("broken", ["namespace_uid", "get_secret", "list_secrets", "config maps"])
def test_a_cluster_that_fails_halfway_is_answered_in_words(
    people: InMemoryCluster, role: str, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.sign_in(role)

    def silent(*_: Any) -> None:
        raise Unreachable("NoUsableAnswer")

    if broken == "config maps":
        monkeypatch.setattr(type(people.config_maps), "list_with_version", silent)
    else:
        monkeypatch.setattr(InMemoryCluster, broken, silent)
    answered = set()
    for name, address in addresses().items():
        if name in OPEN:
            continue
        for kind in KINDS if "{name}" in address else KINDS[:1]:
            for method in ("GET", "POST"):
                account: dict[str, Any] = {"HTTP_AUTHORIZATION": world.basic(role)} if name.startswith("api") else {}
                answer = client.generic(method, address.format(name=named(role, kind)), **account)
                assert answer.status_code != 500, (name, method, kind)
                answered.add(answer.status_code)
    assert broken == "namespace_uid" or 503 in answered


def test_a_form_that_cannot_be_judged_is_given_back_without_its_secrets(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.sign_in("manager")

    def silent(*_: Any) -> None:
        raise Unreachable("NoUsableAnswer")

    form = {"name": "kept", "organization": "kept-too", "host": "u:p@registry.example.com", "username": "robot",
            "password": world.STORED, "team": "no namespace at all", "bundle_text": "-----BEGIN PRIVATE KEY-----"}  # fmt: skip
    with monkeypatch.context() as broken:
        broken.setattr(InMemoryCluster, "list_secrets", silent)
        answer = client.post("/destinations/new", form)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert 'name="name" value="kept"' in page
    assert 'action="/destinations/new"' in page
    for lost in ("u:p@", world.STORED, "no namespace", "PRIVATE KEY"):
        assert lost not in page
    assert people.get_secret("a-one").name == "a-one"
