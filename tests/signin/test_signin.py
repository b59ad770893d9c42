"""The sign-in page and what a session is worth."""

from __future__ import annotations

import html
import json
import time
from base64 import b64decode, urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
from django.conf import settings
from django.test import Client, override_settings

from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Forbidden, Unreachable
from edrportal.configuration.environment import Environment
from edrportal.signin import sessions, users
from tests.services import composition
from tests.signin import world
from tests.signin.test_permissions import tokenless

if TYPE_CHECKING:
    from edrportal.signin.attempts import Attempts

pytestmark = pytest.mark.people
COOKIE = "edrportal-session"


def post(client: Client, username: str, password: str, **more: Any) -> Any:
    return client.post("/signin", {"username": username, "password": password, **more})


def replaced(cluster: InMemoryCluster, name: str, **data: str) -> None:
    manifest = dict(cluster.get_secret(name).manifest)
    cluster.replace_secret({**manifest, "stringData": data})


def test_who_signs_in_gets_back_to_where_they_were(people: InMemoryCluster) -> None:
    client = Client()
    asked = client.get("/destinations/shared?x=1")
    assert asked.headers["Location"] == "/signin?next=%2Fdestinations%2Fshared%3Fx%3D1"
    page = client.get(asked.headers["Location"]).content.decode()
    assert 'name="next" value="/destinations/shared?x=1"' in page
    answer = post(client, "manager", world.PASSWORD, next="/destinations/shared?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/destinations/shared?x=1")
    assert client.get("/destinations/shared").status_code == 200
    assert people.get_secret("shared").name == "shared"


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_it_never_leads_elsewhere(people: InMemoryCluster, target: str) -> None:
    assert people.get_secret("shared").name == "shared"
    assert post(Client(), "administrator", world.PASSWORD, next=target).headers["Location"] == "/"
    assert post(Client(), "manager", world.PASSWORD, next=target).headers["Location"] == "/team/"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("manager", "wrong"),
        ("unknown", "wrong"),
        ("MANAGER", world.PASSWORD),
        ("manager ", world.PASSWORD),
        ("twice", world.PASSWORD),
        ("hashless", "x"),
        ("a\0b", "x"),
        ("\u202egnol", "x"),
        ("x" * 10_000, "x"),
        ("manager", "x" * 73),
        ("manager", "ä" * 400_000),
    ],
)
def test_every_wrong_attempt_is_answered_alike(people: InMemoryCluster, username: str, password: str) -> None:
    for number in "12":
        twice = world.user("twice", "admin")
        twice["metadata"]["name"] = f"twice-{number}"
        people.load([twice])
    hashless = world.user("hashless", "admin")
    hashless["stringData"]["password"] = ""
    people.load([hashless])
    reference = post(Client(), "manager", "certainly wrong")
    answer = post(Client(), username, password)
    assert answer.status_code == reference.status_code == 401
    assert tokenless(answer.content) == tokenless(reference.content)
    assert COOKIE not in answer.cookies


def test_an_empty_name_or_password_is_refused_whatever_epinio_does(people: InMemoryCluster) -> None:
    nameless = world.user("", "admin")
    nameless["metadata"]["name"] = "nameless"
    people.load([nameless])
    for username, password in (("", world.PASSWORD), ("manager", ""), ("", "")):
        assert post(Client(), username, password).status_code == 422
        assert COOKIE not in Client().cookies


def test_a_body_of_a_megabyte_or_of_json_does_no_harm(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    assert post(Client(), "manager", "x" * 1_100_000).status_code == 413
    assert Client().post("/signin", b'{"username": "x"}', content_type="application/json").status_code == 422


def test_the_user_whom_epinio_would_fail_on_is_told_so_and_administrators_why(people: InMemoryCluster) -> None:
    bare = world.user("bare", "admin")
    del bare["metadata"]["annotations"]
    people.load([bare])
    answer = post(Client(), "bare", world.PASSWORD)
    assert answer.status_code == 403
    assert "Epinio cannot sign in this user" in answer.content.decode()
    page = world.sign_in("administrator").get("/").content.decode()
    assert "kubectl annotate secret user-bare" in page
    assert "user-bare" not in world.sign_in("viewer").get("/").content.decode()


def test_the_password_that_the_chart_ships_is_a_banner_for_administrators(people: InMemoryCluster) -> None:
    shipped = world.user("epinio", "user")
    shipped["stringData"]["password"] = "$2a$10$6bCi5NMstMK781In7JGiL.B44pgoplUb330FQvm6mVXMppbXBPiXS"
    dex = {"metadata": {"name": "dex-config"}, "stringData": {"config.yaml": DEX_STATIC}}
    people.load([shipped, dex])
    page = world.sign_in("administrator").get("/").content.decode()
    assert "The password of admin@epinio.io, epinio" in page
    assert "The password of admin@epinio.io" not in world.sign_in("viewer").get("/").content.decode()


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("- connectorId: github\n  groups:\n  - {id: g, role: admin}", "line 3: the group has the key role"),
        ("- id: github\n  groups: []", "has no connectorId"),
        ("github: []", "is a map"),
        ("- connectorId: [", "not valid YAML"),
    ],
)
def test_a_mapping_that_gives_fewer_roles_than_it_seems_to_is_a_notice_for_administrators(
    people: InMemoryCluster, mapping: str, said: str
) -> None:
    people.load([{"metadata": {"name": "dex-config"}, "stringData": {"rolesMapping": mapping}}])
    page = world.sign_in("administrator").get("/").content.decode()
    assert said in page
    assert "Correct the key rolesMapping" in page
    assert said not in world.sign_in("viewer").get("/").content.decode()


DEX_STATIC = """
staticPasswords:
- {email: admin@epinio.io, hash: "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W"}
"""


def cookie(client: Client) -> str:
    return client.cookies[COOKIE].value


def status(text: str) -> int:
    client = Client()
    client.cookies[COOKIE] = text
    return int(client.get("/team/").status_code)


def test_the_cookie_holds_no_secret_and_is_small(people: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    morsel = client.cookies[COOKIE]
    payload = cookie(client).split(":")[0]
    told = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert told["s"] == "manager"
    assert set(told) == {"s", "p", "b", "a", "f", "r", "i"}
    stored = b64decode(people.get_secret("user-manager").manifest["data"]["password"]).decode()
    assert stored not in json.dumps(told)
    assert world.PASSWORD not in json.dumps(told)
    assert len(cookie(client)) < 600
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Strict", "/")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text[: len(text) // 2],
        lambda text: text[1:],
        lambda text: ":".join(reversed(text.split(":"))),
        lambda text: "x" * 5000,
        lambda text: "",
        lambda text: text + "\x00",
    ],
)
def test_a_spoiled_cookie_is_nobodys(people: InMemoryCluster, spoil: Any) -> None:
    assert people.get_secret("shared").name == "shared"
    good = cookie(world.sign_in("manager"))
    assert status(good) == 200
    assert status(spoil(good)) == 302


def test_a_cookie_of_another_key_salt_or_time_is_nobodys(people: InMemoryCluster) -> None:
    from django.core.signing import Signer  # noqa: PLC0415 - only forging needs it

    good = cookie(world.sign_in("manager"))
    told = Signer(salt="edrportal.session").unsign_object(good)
    assert status(Signer(salt="edrportal.oidc").sign_object(told)) == 302
    assert status(Signer(key="another key of thirty-two letters", salt="edrportal.session").sign_object(told)) == 302
    now = time.time()
    for key, value in {"a": now - 16 * 60, "b": (now - 9 * 3600) * 1000}.items():
        assert status(Signer(salt="edrportal.session").sign_object({**told, key: int(value)})) == 302, key
    for key, value in {"a": now + 3600, "b": (now + 3600) * 1000}.items():
        assert status(Signer(salt="edrportal.session").sign_object({**told, key: int(value)})) == 302, key
    assert status(Signer(salt="edrportal.session").sign_object({**told, "s": "administrator"})) == 302
    assert status(Signer(salt="edrportal.session").sign_object({"s": []})) == 302
    assert people.get_secret("shared").name == "shared"


def test_a_changed_key_keeps_the_sessions_of_the_one_before(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    good = cookie(world.sign_in("manager"))
    with override_settings(SECRET_KEY="n" * 40, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert status(good) == 200
    with override_settings(SECRET_KEY="n" * 40, SECRET_KEY_FALLBACKS=[]):
        assert status(good) == 302


def test_signing_out_ends_every_session_of_that_person_on_every_replica(people: InMemoryCluster) -> None:
    here, there, other = world.sign_in("manager"), world.sign_in("manager"), world.sign_in("viewer")
    stolen = cookie(here)
    answer = here.post("/signout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin?out=1")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    for _ in range(100):
        assert status(stolen) == 302
    assert there.get("/team/").status_code == 302
    assert other.get("/team/").status_code == 200
    assert world.sign_in("manager").get("/team/").status_code == 200  # a new session is not ended with the old
    assert "manager" not in str(people.config_maps.get("edrportal-sessions").data)


def test_sign_outs_survive_a_change_of_the_key(people: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    stolen = cookie(client)
    client.post("/signout")
    with override_settings(SECRET_KEY="n" * 40, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert status(stolen) == 302
    assert people.get_secret("shared").name == "shared"


def test_a_sign_out_that_cannot_be_written_is_not_called_one(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.sign_in("manager")

    def fail(*_: Any, **__: Any) -> None:
        raise Forbidden("Forbidden", status=403, verb="create", resource="ConfigMaps")

    monkeypatch.setattr(type(people.config_maps), "create", fail)
    answer = client.post("/signout")
    assert answer.status_code == 502
    assert "You are not signed out yet" in answer.content.decode()
    assert client.get("/team/").status_code == 200


def test_two_replicas_that_end_sessions_at_once_lose_none(people: InMemoryCluster) -> None:
    found = [sessions.Session(f"user-{number}", "epinio", 1, 1, "") for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda session: sessions.end(people.config_maps, session, datetime.now(UTC)), found))
    ended = people.config_maps.list_with_version(lambda one: one).secrets
    assert all(sessions.ended_at(ended, session.subject) for session in found)


def test_old_entries_go_when_the_sessions_would_have_ended_by_themselves(people: InMemoryCluster) -> None:
    now = datetime.now(UTC)
    sessions.end(people.config_maps, sessions.Session("old", "epinio", 1, 1, ""), now - timedelta(hours=9))
    sessions.end(people.config_maps, sessions.Session("new", "epinio", 1, 1, ""), now)
    assert len(people.config_maps.get("edrportal-sessions").data) == 1


@pytest.mark.parametrize("change", ["deleted", "password", "roles", "recreated", "twin"])
def test_who_is_not_the_one_who_signed_in_any_more_is_out(people: InMemoryCluster, change: str) -> None:
    client = world.sign_in("manager")
    stored = people.get_secret("user-manager")
    if change in {"deleted", "recreated"}:
        people.delete_secret(stored.name, uid=stored.uid, resource_version=stored.resource_version)
    if change == "recreated":
        people.load([world.user("manager", "exporter:team-a")])
    if change == "password":
        replaced(people, stored.name, password=world.hashed("another"))
    if change == "roles":
        manifest = dict(stored.manifest)
        manifest["metadata"] = {**manifest["metadata"], "annotations": {"epinio.io/roles": "view_only"}}
        people.replace_secret(manifest)
    if change == "twin":
        twin = world.user("manager", "admin")
        twin["metadata"]["name"] = "twin"
        people.load([twin])
    answer = client.get("/team/")
    assert answer.status_code == 302
    assert answer.cookies[COOKIE].value == ""


def test_a_namespace_that_epinio_notes_on_the_user_ends_no_session(people: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    replaced(people, "user-manager", namespaces="team-a\nanother")
    assert client.get("/team/").status_code == 200


def test_nobody_is_let_in_on_trust_while_the_cluster_is_silent(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.sign_in("manager")

    def silent(*_: Any) -> None:
        raise Unreachable("NoUsableAnswer")

    monkeypatch.setattr(InMemoryCluster, "list_secrets", silent)
    assert client.get("/team/").status_code == 503
    assert client.get("/signin").status_code == 200
    assert post(Client(), "manager", world.PASSWORD).status_code == 503
    assert people.namespace == "epinio"


def test_activity_prolongs_a_session_and_a_minute_passes_in_between(people: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    assert COOKIE not in client.get("/team/").cookies
    session = sessions.decode(cookie(client), datetime.now(UTC))
    assert session
    later = datetime.now(UTC) + timedelta(minutes=14)
    newer = sessions.renewed(session, later)
    assert newer
    assert (newer.begun, newer.active) == (session.begun, int(later.timestamp()))
    assert sessions.decode(sessions.encode(newer), later + timedelta(minutes=14))
    assert not sessions.decode(sessions.encode(newer), later + timedelta(minutes=16))
    assert people.get_secret("shared").name == "shared"


def test_a_session_that_does_not_fit_into_a_cookie_is_refused_in_words() -> None:
    user = users.User("x", (), ())
    session = sessions.begin(user, "oidc", datetime.now(UTC), matched=[f"role-{number}" for number in range(600)])
    with pytest.raises(ValueError, match="fit into a cookie"):
        sessions.encode(session)


def test_five_failures_close_an_account_for_a_while_and_no_other(
    people: InMemoryCluster, fresh_attempts: Attempts
) -> None:
    assert fresh_attempts is not None
    for _ in range(5):
        assert post(Client(), "manager", "wrong").status_code == 401
    answer = post(Client(), "manager", world.PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 300
    world.sign_in("viewer")  # fails where it may not
    for _ in range(6):
        assert post(Client(), "never there", "wrong").status_code in {401, 429}
    assert post(Client(), "never there", "wrong").status_code == 429  # an unknown name is closed, too
    assert people.get_secret("shared").name == "shared"


def test_attempts_are_counted_by_the_address_that_a_trusted_proxy_saw(people: InMemoryCluster) -> None:
    def attempt(forwarded: str, hops: int) -> int:
        stated = {"EDRPORTAL_PROXY_HOPS": str(hops)}
        with override_settings(ENVIRONMENT=Environment.read(stated)):
            data = {"username": f"u{forwarded}{time.monotonic_ns()}", "password": "x"}
            return int(Client().post("/signin", data, HTTP_X_FORWARDED_FOR=forwarded).status_code)

    for number in range(50):
        assert attempt(f"203.0.113.{number}, 198.51.100.7", 1) == 401
    assert attempt("203.0.113.99, 198.51.100.7", 1) == 429  # what the person writes in front changes nothing
    assert attempt("203.0.113.99, 198.51.100.8", 1) == 401
    assert people.get_secret("shared").name == "shared"


def test_a_forged_form_signs_nobody_in_or_out(people: InMemoryCluster) -> None:
    client = Client(enforce_csrf_checks=True)
    data = {"username": "manager", "password": world.PASSWORD}
    assert client.post("/signin", data).status_code == 403
    signed = world.sign_in("manager")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed.cookies
    for path in ("/signout", "/destinations/a-one/delete", "/switch", "/destinations/new", "/preview"):
        assert strict.post(path, {}).status_code == 403, path
        assert strict.post(path, {}, HTTP_ORIGIN="null").status_code == 403, path
    assert signed.get("/team/").status_code == 200
    assert people.get_secret("shared").name == "shared"


def test_behind_tls_the_cookies_are_for_this_host_alone(people: InMemoryCluster) -> None:
    environment = Environment.read({"EDRPORTAL_PUBLIC_URL": "https://testserver"})
    with override_settings(ENVIRONMENT=environment):
        answer = Client().post("/signin", {"username": "manager", "password": world.PASSWORD}, secure=True)
    morsel = answer.cookies["__Host-edrportal-session"]
    assert (morsel["secure"], morsel["path"], morsel["domain"], morsel["samesite"]) == (True, "/", "", "Strict")
    assert people.get_secret("shared").name == "shared"


def test_a_link_from_elsewhere_finds_the_session(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    answer = Client().get("/destinations/shared", HTTP_SEC_FETCH_SITE="cross-site")
    assert answer.status_code == 200
    assert 'content="0;url=/destinations/shared"' in answer.content.decode()
    assert "registry.example.com" not in answer.content.decode()


def test_a_fragment_leads_the_whole_page_to_the_sign_in(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    answer = Client().get("/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/?q=x")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/signin?next=%2F%3Fq%3Dx")
    answer = Client().get("/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="https://evil.example//evil.example")
    assert Client().get(answer.headers["HX-Redirect"]).content.decode().count('value="/"') >= 1


@pytest.mark.parametrize(
    "current", ["http://[", "http://[::1", "http://[x]/", "//", "\\", "http://a:b:c/", "x" * 9_000]
)
def test_a_fragment_from_an_address_that_is_none_leads_to_the_sign_in(people: InMemoryCluster, current: str) -> None:
    assert people.get_secret("shared").name == "shared"
    answer = Client().get("/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL=current)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/signin?next=")


@pytest.mark.parametrize("path", ["/preview", "/certificates/look", "/destinations/new", "/destinations/a-one/repair"])
def test_what_a_form_asks_by_itself_leads_nobody_away_from_what_is_typed(people: InMemoryCluster, path: str) -> None:
    assert people.get_secret("shared").name == "shared"
    answer = Client().post(path, {"host": "registry.example.com"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content, "HX-Redirect" in answer.headers) == (401, b"", False)


def test_the_demos_click_is_nowhere_else(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    assert Client().post("/demo/signin", {"as": "administrator"}).status_code == 404
    assert "demo/signin" not in Client().get("/signin").content.decode()
    assert Client().get("/").status_code == 302


def test_the_demo_begins_at_its_sign_in_buttons() -> None:
    from edrportal.demo.cluster import demo_cluster  # noqa: PLC0415 - makes certificates

    with override_settings(DEMO=True), composition.use(demo_cluster(datetime.now(UTC))):
        assert Client().get("/").headers["Location"].startswith("/signin")
        signin = Client().get("/signin").content.decode()
        assert signin.index("Choose a role") < signin.index("Password")
        assert Client().get("/api/destinations").status_code == 200
        assert Client().get("/team/").status_code == 302
        assert Client().get("/api/me").status_code == 401
        assert Client().post("/switch").status_code == 401
        for name, code in {"administrator": 200, "manager": 200, "exporter": 403, "viewer": 403}.items():
            client = Client()
            assert client.post("/demo/signin", {"as": name}).status_code == 302
            assert client.get("/team/").status_code == 200
            assert client.get("/destinations/new").status_code == code, name
        assert Client().post("/demo/signin", {"as": "root"}).status_code == 404


PAYLOADS = [
    "<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "javascript:alert(1)", "{{7*7}}", "{% debug %}",
    "'-alert(1)-'", "</title><svg onload=alert(1)>", "\u202egnp.exe", "a\nb", "&lt;b&gt;",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_user_of_any_name_is_shown_as_text(people: InMemoryCluster, payload: str) -> None:
    odd = world.user("odd", "admin")
    odd["stringData"]["username"] = payload
    bare = world.user("bare", "admin")
    bare["stringData"]["username"] = f"{payload}!"
    del bare["metadata"]["annotations"]
    people.load([odd, bare])
    page = world.sign_in(payload).get("/").content.decode()
    assert payload not in page or not set("<>\"'&") & set(payload)
    assert html.escape(payload, quote=True) in page
    assert page.count("<script") == page.count('<script src="/static/')


def test_of_two_cookies_of_the_name_neither_opens_what_one_alone_would_not(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    good = cookie(world.sign_in("manager"))
    for pair in (f"{COOKIE}={good}; {COOKIE}=forged", f"{COOKIE}=forged; {COOKIE}={good}"):
        answer = Client().get("/api/me", HTTP_COOKIE=pair)
        assert answer.status_code == 401 or answer.json()["username"] == "manager"


def test_a_single_sign_on_over_plain_http_is_told_to_administrators(people: InMemoryCluster) -> None:
    data = {"issuer": "https://auth.example", "endpoint": "http://dex:5556"}
    people.load([{"metadata": {"name": "dex-config"}, "stringData": data}])
    stated = {"EDRPORTAL_OIDC_CLIENT_ID": "portal", "EDRPORTAL_PUBLIC_URL": "http://localhost"}
    with override_settings(ENVIRONMENT=Environment.read(stated)):
        assert "unencrypted" in world.sign_in("administrator").get("/").content.decode()
        assert "unencrypted" not in world.sign_in("viewer").get("/").content.decode()
    with override_settings(ENVIRONMENT=Environment.read(stated | {"EDRPORTAL_OIDC_ENDPOINT": "https://auth.example"})):
        assert "unencrypted" not in world.sign_in("administrator").get("/").content.decode()


@pytest.mark.parametrize("path", ["page", "api"])
def test_the_work_of_a_sign_in_tells_neither_who_exists_nor_whose_hash_is_cheap(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    stored = {"cheap": 4, "dear": 6, "middling": 5, "refused": 15}
    for name, cost in stored.items():
        manifest = world.user(name, "view_only")
        manifest["stringData"]["password"] = f"$2b${cost:02}$" + "." * 53
        people.load([manifest])
    for name, hashed in (("hashless", ""), ("odd", "plain text")):
        manifest = world.user(name, "view_only")
        manifest["stringData"]["password"] = hashed
        people.load([manifest])
    twin = world.user("cheap", "admin")
    twin["metadata"]["name"] = "twin"
    twin["stringData"]["username"] = "dear-twin"
    people.load([twin, {**twin, "metadata": {**twin["metadata"], "name": "twin-of-twin"}}])
    rounds: list[int] = []
    real = bcrypt.hashpw

    def noted(word: bytes, salt: bytes) -> bytes:
        rounds.append(2 ** int(salt[4:6]))
        return real(word, salt)

    monkeypatch.setattr(bcrypt, "hashpw", noted)
    spent = set()
    for name in (*stored, "hashless", "odd", "dear-twin", "manager", "never there"):
        rounds.clear()
        if path == "page":
            assert post(Client(), name, "wrong").status_code == 401
        else:
            assert Client().get("/api/me", HTTP_AUTHORIZATION=world.basic(name, "wrong")).status_code == 401
        spent.add(sum(rounds))
    assert spent == {2**6}
