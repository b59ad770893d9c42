"""A leaked credential: found wherever it is stored, acted on once, and proven; the pasted value is nowhere afterwards."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from destinations import names
from destinations.actions import writes
from destinations.cluster.port import Unreachable
from destinations.livecheck.registry.port import Code, Side, Step
from destinations.model import Credentials
from destinations.permissions import TABLE, Right
from destinations.secret import codec, docker_config, history
from destinations.web.leak import attempts
from tests.services import composition
from tests.services.leaks import canary, find
from tests.services.scripted import ends

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from destinations.cluster.port import Cluster
    from tests.services.scripted import Scripted

HOST = "registry.example.com"
LEAKED = canary("leaked")
NEW = canary("new one")
OTHER = canary("of another")
_nonces = count(70_000_000)


def destination(name: str, config: dict[str, Any] | str, **metadata: Any) -> dict[str, Any]:
    text = config if isinstance(config, str) else json.dumps(config)
    more = metadata.pop("more", {})
    annotations = {names.ORGANIZATION_ANNOTATION: "team", **metadata.pop("annotations", {})}
    labels = {names.REGISTRY_LABEL: "true", **metadata.pop("labels", {})}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": labels, "annotations": annotations, **metadata},
        "stringData": {names.CONFIG_KEY: text, **more},
    }


def account(password: str = LEAKED, username: str = "robot", host: str = HOST) -> dict[str, Any]:
    return json.loads(docker_config.new(host, Credentials(username, password)))  # type: ignore[no-any-return]


def auth(password: str, codec: str = "utf-8") -> str:
    return b64encode(f"robot:{password}".encode(codec)).decode()


def entry(**members: str) -> dict[str, Any]:
    return {"auths": {HOST: members}}


def paste(value: str, **fields: Any) -> Any:
    return Client().post("/leak", {"value": value, **fields})


def found(answer: Any) -> dict[str, str]:
    """Return each Secret that is named, and where it is found, as the report has it."""
    report = Client().post("/leak/report", {"state": state(answer), "format": "json"})
    assert report.status_code == 200
    return {one["name"]: "; ".join(one["found_in"]) for one in report.json()["found"]}


def state(answer: Any) -> str:
    match = re.search(r'name="state"\s+value="([^"]+)"', answer.content.decode())
    assert match, answer.content.decode()[:3000]
    return match[1]


def boxes(answer: Any) -> dict[str, str]:
    chosen = re.findall(r'name="chosen"\s+value="([^"]+)"\s+(checked)?', answer.content.decode())
    return {text.split(" ")[0]: text for text, _ in chosen}


def ticked(answer: Any) -> set[str]:
    chosen = re.findall(r'name="chosen"\s+value="([^"]+)"\s+(checked)?', answer.content.decode())
    return {text.split(" ")[0] for text, is_ticked in chosen if is_ticked}


def respond(answer: Any, action: str, **fields: Any) -> Any:
    """Do something with what is ticked on a page."""
    chosen = [boxes(answer)[name] for name in sorted(ticked(answer))]
    form = {"state": state(answer), "nonce": f"nonce-of-a-leak-{next(_nonces)}", "action": action, "chosen": chosen}
    return Client().post("/leak/response", {**form, **fields})


def results(answer: Any) -> dict[str, str]:
    page = answer.content.decode().partition('id="results"')[2].partition("</table>")[0]
    rows = re.findall(r"<td>([\w-]+)</td>\s*<td>\s*<span[^>]*>([\w ]+)</span>", page)
    return dict(rows)


PLACES: dict[str, dict[str, Any] | str] = {
    "password": entry(username="robot", password=LEAKED),
    "auth": entry(auth=auth(LEAKED)),
    "latin-auth": entry(auth=auth(LEAKED, "latin-1")),
    "identitytoken": entry(identitytoken=LEAKED),
    "registrytoken": entry(registrytoken=LEAKED),
    "line-break": entry(username="robot", password=f"{LEAKED}\n"),
    "case": {"AUTHS": {HOST.upper(): {"PassWord": LEAKED}}},
    "two-hosts": {"auths": {"a.example.com": {"password": OTHER}, "b.example.com": {"password": LEAKED}}},
    "twice": f'{{"auths": {{"h.example.com": {{"password": {json.dumps(LEAKED)}, "password": "x"}}}}}}',
    "broken": f'{{"auths": {{"h.example.com": {{"password": "{OTHER}"',
}


def load_places(cluster: Cluster) -> None:
    for name, config in PLACES.items():
        cluster.create_secret(destination(name, config))
    applied = json.dumps({"data": {names.CONFIG_KEY: b64encode(json.dumps(account()).encode()).decode()}})
    plain = json.dumps({"stringData": {names.CONFIG_KEY: json.dumps(account())}})
    last_applied = names.LAST_APPLIED_ANNOTATION
    cluster.create_secret(destination("applied", account(OTHER), annotations={last_applied: applied}))
    cluster.create_secret(destination("applied-plain", account(OTHER), annotations={last_applied: plain}))
    cluster.create_secret(destination("other-key", account(OTHER), more={"config.json": json.dumps(account())}))
    cluster.create_secret(
        destination("other-text", account(OTHER), more={"robot.env": f"USER=robot\nTOKEN={LEAKED}\n"})
    )
    cluster.create_secret(destination("disabled", account(), labels={names.REGISTRY_LABEL: "false"}))
    cluster.create_secret(destination("hidden", account(), labels={names.REGISTRY_LABEL: "yes"}))
    cluster.create_secret(destination("clean", account(OTHER)))


def test_a_password_is_found_wherever_a_destination_holds_it(cluster: Cluster) -> None:
    load_places(cluster)
    with composition.use(cluster):
        answer = paste(LEAKED)
        places = found(answer)
    assert answer.status_code == 200
    everywhere = {*PLACES, "applied", "applied-plain", "other-key", "other-text", "disabled", "hidden"}
    assert set(places) == everywhere - {"broken"}
    assert places["password"] == "password"
    assert places["auth"] == "auth"
    assert places["identitytoken"] == "identitytoken"
    assert places["registrytoken"] == "registrytoken"
    assert "in another encoding" in places["latin-auth"]
    assert places["line-break"] == "password (without the spaces or line breaks around it)"
    assert places["two-hosts"] == "password for b.example.com"
    assert "last-applied annotation" in places["applied"]
    assert "last-applied annotation" in places["applied-plain"]
    assert "the key config.json" in places["other-key"]
    assert "the key robot.env" in places["other-text"]


FORMS = {
    "with a line break": f"{LEAKED}\r\n",
    "with spaces": f"  {LEAKED} ",
    "in quotation marks": f'"{LEAKED}"',
    "encoded for a URL": quote(LEAKED, safe=""),
    "a JSON text": json.dumps(LEAKED),
    "a JSON object": json.dumps({"token": LEAKED}),
    "a JSON member": f'"password": {json.dumps(LEAKED)}'.replace("\\", "\\"),
    "base64 of the pair": auth(LEAKED),
    "base64 without padding": auth(LEAKED).rstrip("="),
    "a header": f"Authorization: Basic {auth(LEAKED)}",
    "the file of docker login": json.dumps(account()),
    "a pull Secret": json.dumps(
        {"kind": "Secret", "data": {names.CONFIG_KEY: b64encode(json.dumps(account()).encode()).decode()}}
    ),
    "a pull Secret in YAML": "kind: Secret\nmetadata: {name: pull}\ndata:\n  .dockerconfigjson: "
    + b64encode(json.dumps(account()).encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_it_is_found_in_whatever_form_it_is_pasted(portal: InMemoryCluster, form: str) -> None:
    portal.load([destination("one", account()), destination("other", account(OTHER))])
    assert set(found(paste(form))) == {"one"}


PLAIN = canary("plain", special=False)
LINES = [
    f"docker login -u robot -p {PLAIN} {HOST}",
    f"+ docker login --username=robot --password={PLAIN} {HOST}",
    f"cloning https://robot:{PLAIN}@{HOST}/team.git ...",
    f"2026-11-27T05:00:00Z DEBUG token: {PLAIN}, retrying",
    f"export REGISTRY_TOKEN='{PLAIN}'",
    f"header X-Registry-Auth: {auth(PLAIN)}",
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_the_line_of_a_log_is_enough(portal: InMemoryCluster, line: str) -> None:
    portal.load([destination("one", account(PLAIN)), destination("other", account(OTHER))])
    assert "a part of what was pasted" in found(paste(line))["one"] or "another encoding" in found(paste(line))["one"]
    assert set(found(paste(line))) == {"one"}


def test_a_user_name_is_found_and_called_a_mere_name(portal: InMemoryCluster) -> None:
    portal.load([destination("one", account()), destination("two", entry(auth=auth(OTHER)))])
    portal.load([destination("three", account(OTHER, "other"))])
    answer = paste("robot")
    assert found(answer) == {"one": "the user name", "two": "the user name"}
    assert answer.content.decode().count("Only a user name or host is the same.") == 2


def test_a_file_can_be_chosen_also_one_in_latin_1(portal: InMemoryCluster) -> None:
    portal.load([destination("one", account())])
    for raw in (json.dumps(account()).encode(), LEAKED.encode("latin-1"), LEAKED.encode("utf-16")):
        answer = Client().post("/leak", {"value_file": SimpleUploadedFile("leaked", raw)})
        assert set(found(answer)) == {"one"}


@pytest.mark.parametrize(
    ("value", "words"),
    [("", "Nothing was pasted"), (" \n ", "Nothing was pasted"), ("abc", "fewer than 4 characters"),
     ("x" * (256 * 1024 + 1), "larger than 256 KiB"),
     ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n", "encrypted or damaged")],
)  # fmt: skip
def test_what_cannot_be_searched_for_is_refused_with_what_to_do(
    portal: InMemoryCluster, value: str, words: str
) -> None:
    portal.load([destination("one", account())])
    answer = paste(value)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_private_key_finds_its_certificates_and_where_it_is_stored(portal: InMemoryCluster) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now.replace(year=now.year + 1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(Encoding.PEM).decode()
    keys = [
        key.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()
        for kind in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH)
    ]
    portal.load([
        destination("uses-it", account(OTHER), more={"certs": "ca"}),
        destination("clean", account(OTHER), more={"certs": "other-ca"}),
        {"metadata": {"name": "ca"}, "stringData": {"tls.crt": pem}},
        {"metadata": {"name": "with-key"}, "stringData": {"tls.crt": pem, "tls.key": keys[0]}},
        {"metadata": {"name": "other-ca"}, "stringData": {"tls.crt": "nothing"}},
    ])  # fmt: skip
    for pasted in (*keys, keys[0].replace("\n", "\r\n"), json.dumps({"private_key": keys[0]}), keys[1] + pem):
        places = found(paste(pasted))
        assert set(places) == {"uses-it", "ca", "with-key"}
        assert places["uses-it"] == "a certificate of this private key in the key tls.crt of the certificate Secret ca"
        assert "the private key in the key tls.key" in places["with-key"]


def test_who_is_no_administrator_cannot_search(portal: InMemoryCluster) -> None:
    leak = {name: methods for name, methods in TABLE.items() if name.startswith("leak")}
    assert {right for methods in leak.values() for right in methods.values()} == {Right.ADMINISTER}
    assert portal.list_secrets() == []


def test_the_eleventh_search_of_a_minute_is_refused_honestly(portal: InMemoryCluster) -> None:
    portal.load([destination("one", account())])
    assert [paste("nothing-of-it").status_code for _ in range(10)] == [200] * 10
    answer = paste(LEAKED)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 60
    assert "You started 10 searches within a minute." in answer.content.decode()
    assert find(answer.content) == []


def test_a_page_of_a_search_is_never_stored(portal: InMemoryCluster) -> None:
    portal.load([destination("one", account())])
    answer = paste(LEAKED)
    assert answer.headers["Cache-Control"] == "no-store"
    assert Client().get("/leak/response").status_code == 405
    assert Client().get("/leak/report").status_code == 405


def three(cluster: Cluster) -> None:
    for name in ("one", "three", "two"):
        cluster.create_secret(destination(name, account()))
    cluster.create_secret(destination("argo", account(), annotations={"argocd.argoproj.io/tracking-id": "x"}))
    cluster.create_secret(destination("clean", account(OTHER)))


def test_all_are_disabled_rotated_and_enabled_and_the_report_proves_it(cluster: Cluster) -> None:
    three(cluster)
    with composition.use(cluster):
        answer = paste(LEAKED)
        assert ticked(answer) == {"one", "two", "three"}
        assert "Argo CD manages this destination" in answer.content.decode()
        answer = respond(answer, "disable")
        assert answer.status_code == 422
        assert "Select the check box beside the button" in answer.content.decode()
        assert labels(cluster) == {"true"}
        answer = respond(answer, "disable", confirmed="1")
        disabled = {"argo": "skipped", "one": "written", "three": "written", "two": "written"}
        assert results(answer) == disabled
        answer = respond(answer, "rotate", username="robot2", password=NEW)
        assert answer.status_code == 200, answer.content.decode()
        assert results(answer) == disabled
        answer = respond(answer, "enable")
        assert results(answer) == disabled
        answer = paste(LEAKED, state=state(answer))
        assert set(found(answer)) == {"argo", "one", "three", "two"}
        report = Client().post("/leak/report", {"state": state(answer), "format": "json"}).json()
        markdown = Client().post("/leak/report", {"state": state(answer)}).content.decode()
    for name in ("one", "two", "three"):
        secret = cluster.get_secret(name)
        assert docker_config.stored_credentials(secret) == Credentials("robot2", NEW)
        assert secret.labels[names.REGISTRY_LABEL] == "true"
        assert [one.did for one in history.read(secret)] == ["disabled", "rotated", "enabled"]
    assert docker_config.stored_credentials(cluster.get_secret("clean")) == Credentials("robot", OTHER)
    assert [(one["found"], one["by"]) for one in report["searches"]] == [(4, "root"), (1, "root")]
    assert len(report["steps"]) == 12
    assert {one["result"] for one in report["steps"]} == {"written", "skipped"}
    by_name = {one["name"]: one for one in report["found"]}
    assert [one["did"] for one in by_name["one"]["history_since"]] == ["disabled", "rotated", "enabled"]
    assert "Argo CD" in by_name["argo"]["managed_elsewhere"]
    assert "| enable | one | written |" in markdown
    assert find(markdown.encode() + json.dumps(report).encode()) == []


def labels(cluster: Cluster) -> set[str]:
    return {cluster.get_secret(name).labels[names.REGISTRY_LABEL] for name in ("one", "two", "three")}


def test_what_is_so_already_is_not_called_written(portal: InMemoryCluster, registries: Scripted) -> None:
    off = {names.REGISTRY_LABEL: "false"}
    portal.load([destination("on", account()), destination("off", account(), labels=off)])
    answer = respond(paste(LEAKED), "disable", confirmed="1")
    assert results(answer) == {"off": "no change needed", "on": "written"}
    assert "It was disabled already." in answer.content.decode()
    assert history.read(portal.get_secret("off")) == ()
    respond(paste(LEAKED), "enable")
    assert results(respond(paste(LEAKED), "enable")) == {"off": "no change needed", "on": "no change needed"}
    assert len(registries.asked) == 1


def test_what_fails_its_check_is_not_rotated_until_that_is_confirmed(
    portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one", account()), destination("two", account(host="b.example.com"))])
    registries.answers = {"two": ends(Step.LOGIN, Code.WRONG_CREDENTIALS)}
    answer = respond(paste(LEAKED), "rotate", username="robot2", password=NEW)
    assert answer.status_code == 409
    assert results(answer) == {"one": "written", "two": "not written"}
    assert "<b>1</b> written, <b>1</b> not written</p>" in answer.content.decode()
    assert "Live check: An export would fail." in answer.content.decode()
    assert ticked(answer) == {"two"}
    assert "Try the rest again" in answer.content.decode()
    answer = respond(answer, "rotate", username="robot2", password=NEW, anyway="1")
    assert results(answer) == {"two": "written"}


def test_the_same_registry_is_asked_once_and_with_the_new_credentials(
    portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one", account()), destination("two", account())])
    respond(paste(LEAKED), "rotate", username="robot2", password=NEW)
    assert [(plan.chart.username, plan.chart.password) for plan in registries.asked] == [("robot2", NEW)]


def test_enabling_takes_a_passed_check(portal: InMemoryCluster, registries: Scripted) -> None:
    off = {names.REGISTRY_LABEL: "false"}
    portal.load([destination("one", account(), labels=off), destination("two", account(), labels=off)])
    registries.answers = {"one": ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.CHART, ok=None)}
    answer = respond(paste(LEAKED), "enable")
    assert answer.status_code == 409
    assert set(results(answer).values()) == {"not written"}
    assert len(registries.asked) == 1
    assert set(results(respond(answer, "enable", anyway="1")).values()) == {"written"}


def test_a_conflict_is_told_and_the_rest_is_written(portal: InMemoryCluster) -> None:
    three(portal)
    answer = paste(LEAKED)
    portal.load([destination("two", account(), annotations={"x": "changed meanwhile"})])
    answer = respond(answer, "disable", confirmed="1")
    assert answer.status_code == 409
    assert results(answer)["two"] == "not written"
    assert results(answer)["one"] == "written"
    assert "Someone changed this destination" in answer.content.decode() or "replaced it" in answer.content.decode()


def test_a_form_sent_twice_is_one_write(portal: InMemoryCluster) -> None:
    three(portal)
    answer = paste(LEAKED)
    for _ in range(2):
        again = respond(answer, "rotate", username="robot2", password=NEW, nonce="nonce-of-one-form-sent-twice")
        assert set(results(again).values()) <= {"written", "skipped", "not written"}
    assert [one.did for one in history.read(portal.get_secret("one"))] == ["rotated"]


def test_once_the_cluster_is_silent_the_rest_is_not_tried(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(portal)
    answer = paste(LEAKED)
    real, calls = portal.replace_secret, count()

    def fail(manifest: Any) -> Any:
        if next(calls):
            raise Unreachable("Timeout")
        return real(manifest)

    monkeypatch.setattr(portal, "replace_secret", fail)
    answer = respond(answer, "disable", confirmed="1")
    assert results(answer) == {"argo": "skipped", "one": "written", "three": "not written", "two": "not written"}
    assert "Not tried" in answer.content.decode()
    assert ticked(answer) == {"two", "three"}
    assert next(calls) == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"password": ""}, "Type the new password or token."), ({"username": "a:b"}, "User name"),
     ({"password": LEAKED}, "This is the password that is stored now"), ({"chosen": []}, "no destination was selected"),
     ({"password": f" {NEW}"}, "spaces"), ({"chosen": ["clean uid 1"]}, "was not in what was found"),
     ({"chosen": ["nonsense"]}, "no destination was selected"), ({"state": "forged"}, "not made by this portal"),
     ({"action": "delete"}, "the form was not complete")],
)  # fmt: skip
def test_a_form_that_cannot_be_done_changes_nothing(
    portal: InMemoryCluster, fields: dict[str, Any], words: str
) -> None:
    three(portal)
    before = [one.resource_version for one in portal.list_secrets()]
    action = fields.get("action", "rotate")
    more = {"username": "robot2", "password": NEW, **{key: value for key, value in fields.items() if key != "action"}}
    answer = respond(paste(LEAKED), action, **more)
    assert answer.status_code in {409, 422}
    assert words in answer.content.decode()
    assert find(answer.content) == []
    assert [one.resource_version for one in portal.list_secrets()] == before


def test_what_is_pasted_is_nowhere(portal: InMemoryCluster, caplog: pytest.LogCaptureFixture) -> None:
    load_places(portal)
    caplog.set_level("DEBUG")
    answers = [paste(form) for form in list(FORMS.values())[:8]]
    answers += [
        respond(answers[0], "disable", confirmed="1"),
        respond(answers[0], "rotate", username="r", password=NEW),
    ]
    for answer in answers:
        assert find(answer.content + f"{answer.headers} {answer.cookies.output()}".encode()) == []
        assert find(state(answer).encode()) == []
    assert find(caplog.text.encode()) == []
    assert "find-credential" in caplog.text or caplog.records == []


def api(query: str) -> list[dict[str, Any]]:
    return list(Client().get(f"/api/destinations?{query}").json())


def test_same_credentials_are_shown_and_are_a_filter(portal: InMemoryCluster) -> None:
    portal.load([
        destination("one", account()), destination("two", account(host=f"https://{HOST.upper()}:443/v1/")),
        destination("half", entry(auth=auth(LEAKED))), destination("elsewhere", account(host="b.example.com")),
        destination("clean", account(OTHER)), destination("off", account(), labels={names.REGISTRY_LABEL: "false"}),
        destination("several", {"auths": {HOST: {"auth": auth(LEAKED)}, "x.example.com": {"auth": auth(OTHER)}}}),
    ])  # fmt: skip
    page = " ".join(re.sub(r"<[^>]+>", "", Client().get("/destinations/one").content.decode()).split())
    assert "Same credentials as: half, off, several, two." in page
    table = Client().get("/?same=one").content.decode()
    assert set(re.findall(r'data-name="([^"]+)"', table)) == {"one", "two", "half", "off", "several"}
    assert "Only destinations with the same credentials as one" in table
    rows = Client().get("/destinations.csv?same=one").content.decode().splitlines()
    assert len(rows) == 6
    told = [row["name"] for row in api("same=one")]
    assert told == ["half", "off", "one", "several", "two"]
    assert [row["name"] for row in api("same=one&q=seve")] == ["several"]
    assert api("same=clean")[0]["name"] == "clean"
    assert api("same=nowhere") == []
    assert "No other destination has these credentials" in Client().get("/destinations/clean").content.decode()
    assert set(found(Client().post("/leak", {"same": "one"}))) == {"one", "two", "half", "off", "several"}


def test_many_writes_end_in_time_and_say_which_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "SEVERAL_SECONDS", -1)
    (one,) = attempts.write_each(["quay"], lambda _: pytest.fail("written after the time was up"))
    assert one.result is attempts.WriteResult.NOT_WRITTEN
    assert one.why == "Not tried. The portal writes for 20 seconds at a time. Try the rest again now."


def test_a_date_in_the_past_is_asked_about_before_anything_is_rotated(portal: InMemoryCluster) -> None:
    three(portal)
    answer = respond(paste(LEAKED), "rotate", username="robot2", password=NEW, expires_on="2020-01-01")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "2020-01-01 is in the past. Is it right?" in page
    assert 'name="expires_confirmed"' in page
    assert NEW not in page
    answer = respond(answer, "rotate", username="robot2", password=NEW, expires_on="2020-01-01", expires_confirmed="on")
    assert set(results(answer).values()) == {"written", "skipped"}
    assert portal.get_secret("one").annotations[names.EXPIRY_ANNOTATION] == "2020-01-01"


def test_a_stored_password_that_is_no_text_stops_no_rotation(portal: InMemoryCluster) -> None:
    three(portal)
    odd = entry(auth=b64encode(b"robot:" + LEAKED.encode() + b"\xff").decode())
    portal.load([destination("one", odd)])
    answer = respond(paste("robot"), "rotate", username="robot2", password=NEW)
    assert answer.status_code in {200, 409}
    assert results(answer)["one"] == "written"


def test_only_what_can_be_tried_again_is_called_selected(portal: InMemoryCluster) -> None:
    three(portal)
    answer = paste(LEAKED)
    for name in ("one", "two"):
        secret = portal.get_secret(name)
        portal.delete_secret(name, uid=secret.uid, resource_version=secret.resource_version)
    portal.create_secret(destination("two", account()))
    portal.replace_secret(codec.changed(portal.get_secret("three"), annotations={"x": "changed meanwhile"}))
    answer = respond(answer, "disable", confirmed="1")
    assert set(results(answer).values()) == {"not written", "skipped"}
    assert ticked(answer) == {"three"}
    assert "the 1 left over is selected below. The others cannot be selected" in answer.content.decode()


def test_no_text_of_a_secret_is_markup_in_the_report(portal: InMemoryCluster) -> None:
    host = "~~x~~ | [y](z) <b>&lt; https://evil.example.com www.evil.example.com\n# h"
    portal.load([destination("one", account(host=host), more={"k|`": LEAKED})])
    markdown = Client().post("/leak/report", {"state": state(paste(LEAKED))}).content.decode()
    (row,) = (line for line in markdown.splitlines() if line.startswith("| one |"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert re.findall(r"(?<!\\)[~`*_<>#&\[\]]", row) == []
    assert "://" not in row
    assert "www." not in row
