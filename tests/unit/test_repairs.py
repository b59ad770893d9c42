"""Available repairs mechanically: what is proposed, that it helps, and that it touches nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from destinations import names, repairs
from destinations.model import Secret, Snapshot, Verdict
from destinations.repairs import Choice
from edrportal.demo.cluster import certificate
from tests.services.leaks import known

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PEM = certificate(NOW, days=300)
HOST = "registry.example.com"
PASSWORD = known("canary-repair-551")
ENTRY = {"auth": b64encode(f"robot:{PASSWORD}".encode()).decode(), "username": "robot", "password": PASSWORD}
OLD_AUTH = b64encode(b"robot:old").decode()


def config(**changed: Any) -> str:
    return json.dumps({"auths": {HOST: {**ENTRY, **changed}}})


def pair(username: str, password: str) -> dict[str, str]:
    auth = b64encode(f"{username}:{password}".encode()).decode()
    return {"auth": auth, "username": username, "password": password}


def encoded(text: str) -> str:
    return json.dumps({"auths": {HOST: {"auth": b64encode(text.encode()).decode()}}})


def on_harbor(username: str) -> str:
    return json.dumps({"auths": {"harbor.example.com": pair(username, PASSWORD)}})


def destination(text: str | bytes = "", **changed: Any) -> Secret:
    content = text if isinstance(text, bytes) else (text or config()).encode()
    values: dict[str, Any] = {
        "labels": {names.REGISTRY_LABEL: "true"},
        "annotations": {names.ORGANIZATION_ANNOTATION: "team"},
        "data": {names.CONFIG_KEY: content},
        **changed,
    }
    return Secret("one", **values)


def certs(secret: Secret, name: str) -> Secret:
    return destination(secret.data[names.CONFIG_KEY], data={**secret.data, names.CERTS_KEY: name.encode()})


def namespace(*secrets: Secret) -> dict[str, Secret]:
    return {secret.name: secret for secret in secrets}


def held(content: bytes, key: str = names.BUNDLE_KEY, **others: bytes) -> tuple[Secret, ...]:
    return (Secret("ca", data={key: content, **{name.replace("_", "."): value for name, value in others.items()}}),)


NAMING_CA = certs(destination(), "ca")
UNPADDED = config(auth=ENTRY["auth"].rstrip("=") + "\n", username="", password="")
APPLIED = {names.ORGANIZATION_ANNOTATION: "team", names.LAST_APPLIED_ANNOTATION: '{".dockerconfigjson": 1}'}
TWO_HOSTS = json.dumps({"auths": {HOST: ENTRY, "other.example.com": ENTRY}})
CASES: list[tuple[str, Secret, str, tuple[Secret, ...]]] = [
    ("label", destination(labels={names.REGISTRY_LABEL: "True"}), "label", ()),
    ("label 1", destination(labels={names.REGISTRY_LABEL: "1"}), "label", ()),
    ("organization in upper case", destination(annotations={names.ORGANIZATION_ANNOTATION: "Team"}), "organization", ()),
    ("organization with a line end", destination(annotations={names.ORGANIZATION_ANNOTATION: "team\n"}), "organization", ()),
    ("organization with slashes", destination(annotations={names.ORGANIZATION_ANNOTATION: "a//b/"}), "organization", ()),
    ("auth of an old password", destination(config(auth=OLD_AUTH)), "auth-from-password", ()),
    ("password older than auth", destination(config(password="old")), "password-from-auth", ()),
    ("a line break in auth", destination(encoded(f"robot:{PASSWORD}\n")), "credentials-line-break", ()),
    ("a line break in all", destination(config(**pair("robot", f"{PASSWORD}\r\n"))), "credentials-line-break", ()),
    ("a written line break", destination(config(**pair("robot", PASSWORD + "\\n"))), "credentials-line-break", ()),
    ("quotes", destination(config(**pair("robot", f'"{PASSWORD}"'))), "credentials-quoted", ()),
    ("a byte order mark in the user", destination(config(**pair("\ufeffrobot", PASSWORD))), "credentials-invisible", ()),
    ("a doubled sign", destination(on_harbor("robot$$team+ci")), "robot-name", ()),
    ("an escaped sign", destination(on_harbor("robot\\$team+ci")), "robot-name", ()),
    ("a sign of a URL", destination(on_harbor("robot%24team+ci")), "robot-name", ()),
    ("no auth", destination(config(auth="")), "auth-from-password", ()),
    ("auth without padding", destination(UNPADDED), "password-from-auth", ()),
    ("no username", destination(config(username="", password="", auth=ENTRY["auth"][:-4] + "!!!!")), "", ()),
    ("a helper", destination(json.dumps({"auths": {HOST: ENTRY}, "credHelpers": {HOST: "ecr-login"}})), "foreign-sections", ()),
    ("a store", destination(json.dumps({"auths": {HOST: ENTRY}, "credsStore": "desktop"})), "foreign-sections", ()),
    ("a token", destination(config(identitytoken="t")), "entry-members", ()),
    ("a number as password", destination(config(password=12345, auth=b64encode(b"robot:12345").decode())), "entry-members", ()),
    ("a huge number", destination(f'{{"auths":{{"{HOST}":{{"n":1e999,{json.dumps(ENTRY)[1:-1]}}}}}}}'), "entry-members", ()),
    ("two hosts", destination(TWO_HOSTS), "keep-host-1", ()),
    ("a byte order mark", destination(b"\xef\xbb\xbf" + config().encode()), "byte-order-mark", ()),
    ("UTF-16", destination(config().encode("utf-16")), "byte-order-mark", ()),
    ("Auths", destination(json.dumps({"Auths": {HOST: ENTRY}})), "auths-spelling", ()),
    ("no auths", destination(json.dumps({HOST: ENTRY})), "auths-missing", ()),
    ("another key", destination(data={"config.json": config().encode()}), "config-key", ()),
    ("a blank", destination(json.dumps({"auths": {f"{HOST} ": ENTRY}})), "host", ()),
    ("only Docker uses them", destination(json.dumps({"auths": {"https://index.docker.io/v1/": ENTRY}})), "host", ()),
    ("a path", destination(json.dumps({"auths": {f"{HOST}/v2/": ENTRY}})), "host", ()),
    ("a doubled path", destination(json.dumps({"auths": {f"{HOST}/team": ENTRY}})), "host", ()),
    ("a password in the host", destination(json.dumps({"auths": {f"u:p@{HOST}": ENTRY}})), "host", ()),
    ("certs with a line end", certs(destination(), "ca\n"), "certs-name", held(PEM)),
    ("ca.crt", NAMING_CA, "own-certificates", held(PEM, "ca.crt")),
    ("a key beside it", NAMING_CA, "own-certificates", held(PEM, tls_key=b"k")),
    ("indented", NAMING_CA, "own-certificates", held(b"  " + PEM.replace(b"\n", b"\n  "))),
    ("base64 twice", NAMING_CA, "own-certificates", held(b64encode(PEM))),
    ("literal line ends", NAMING_CA, "own-certificates", held(PEM.replace(b"\n", b"\\n"))),
    ("UTF-16 bundle", NAMING_CA, "own-certificates", held(PEM.decode().encode("utf-16"))),
    ("last-applied", destination(annotations=APPLIED), "last-applied", ()),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "code", "others"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_fault_is_proposed_and_its_repair_is_accepted(secret: Secret, code: str, others: tuple[Secret, ...]) -> None:
    everything = namespace(secret, *others)
    groups = repairs.proposals(secret, Snapshot(everything, NOW))
    codes = [fix.code for group in groups for fix in group]
    if not code:
        assert codes == []
        return
    assert code in codes
    before = repairs.judged(repairs.Fixed(secret), Snapshot(everything, NOW))
    assert before.verdict is not Verdict.ACCEPTED
    fixed = repairs.apply(secret, Snapshot(everything, NOW), Choice(frozenset({code})))
    assert fixed.applied == (code,)
    after = repairs.judged(fixed, Snapshot(everything, NOW))
    assert after.verdict is Verdict.ACCEPTED, after
    assert PASSWORD not in repr(repairs.difference(secret, fixed.secret))
    assert repairs.difference(secret, fixed.secret)


def test_several_faults_at_once_are_mended_at_once() -> None:
    text = json.dumps({"Auths": {f"https://{HOST}/v1/": {**ENTRY, "identitytoken": "t"}}, "credsStore": "x"})
    secret = destination(b"\xef\xbb\xbf" + text.encode(), labels={names.REGISTRY_LABEL: "yes"})
    everything = namespace(secret)
    groups = repairs.proposals(secret, Snapshot(everything, NOW))
    fixed = repairs.apply(secret, Snapshot(everything, NOW), Choice(frozenset(group[0].code for group in groups)))
    assert repairs.judged(fixed, Snapshot(everything, NOW)).verdict is Verdict.ACCEPTED
    assert len(fixed.applied) >= 5


def test_faults_of_which_the_first_hides_the_second_are_all_proposed() -> None:
    text = json.dumps({"auths": {f"https://{HOST}/": {**ENTRY, "auth": b64encode(b"robot:x\n").decode()}}})
    secret = destination(text, annotations={names.ORGANIZATION_ANNOTATION: "Team/"})
    groups = repairs.proposals(secret, Snapshot(namespace(secret), NOW))
    assert [[fix.code for fix in group] for group in groups] == [
        ["host"],
        ["auth-from-password", "password-from-auth"],
        ["organization"],
    ]


def test_one_of_several_hosts_goes_as_one_line() -> None:
    secret = destination(TWO_HOSTS)
    fixed = repairs.apply(secret, Snapshot(namespace(secret), NOW), Choice(frozenset({"keep-host-1"})))
    ((line),) = repairs.difference(secret, fixed.secret)
    assert (line.where, line.after) == (".dockerconfigjson → auths → other.example.com", None)


def test_a_sound_or_a_disabled_destination_has_nothing_to_mend() -> None:
    for secret in (destination(), destination(labels={names.REGISTRY_LABEL: "false"})):
        assert repairs.proposals(secret, Snapshot(namespace(secret), NOW)) == ()


def test_a_missing_organization_is_asked_for() -> None:
    secret = destination(annotations={})
    ((fix,),) = repairs.proposals(secret, Snapshot(namespace(secret), NOW))
    assert fix.asks == "organization"
    assert repairs.apply(secret, Snapshot(namespace(secret), NOW), Choice(frozenset({fix.code}))).applied == ()
    fixed = repairs.apply(secret, Snapshot(namespace(secret), NOW), Choice(frozenset({fix.code}), "team"))
    assert fixed.secret.annotations == {names.ORGANIZATION_ANNOTATION: "team"}


def test_only_what_the_fix_needs_changes() -> None:
    text = f'{{"auths":{{"{HOST}":{json.dumps(ENTRY)}}},"HttpHeaders":{{"a":{{"n":1.50}}}},"credsStore":"x"}}'
    secret = destination(text, data={names.CONFIG_KEY: text.encode(), "other": b"\xff kept"})
    fixed = repairs.apply(secret, Snapshot(namespace(secret), NOW), Choice(frozenset({"foreign-sections"})))
    assert repairs.differing(secret.labels, fixed.secret.labels) == {}
    assert repairs.differing(secret.annotations, fixed.secret.annotations) == {}
    assert set(repairs.differing(secret.data, fixed.secret.data)) == {names.CONFIG_KEY}
    assert b'"n":1.50' in fixed.secret.data[names.CONFIG_KEY]
    ((line),) = repairs.difference(secret, fixed.secret)
    assert (line.where, line.after) == (".dockerconfigjson → credsStore", None)


def test_an_unknown_code_changes_nothing() -> None:
    secret = destination(labels={names.REGISTRY_LABEL: "yes"})
    assert repairs.apply(secret, Snapshot(namespace(secret), NOW), Choice(frozenset({"nope"}))) == repairs.Fixed(secret)


def test_the_difference_of_what_is_no_json_shows_nothing_of_it() -> None:
    old, new = destination(f"{PASSWORD} {{"), destination()
    assert PASSWORD not in repr(repairs.difference(old, new))
    assert repairs.difference(old, new)


def test_a_renamed_host_is_one_line_and_shows_no_password() -> None:
    old = destination(json.dumps({"auths": {f"u:{PASSWORD}@{HOST}": ENTRY}}))
    fixed = repairs.apply(old, Snapshot(namespace(old), NOW), Choice(frozenset({"host"})))
    ((line),) = repairs.difference(old, fixed.secret)
    assert line.where == ".dockerconfigjson → host"
    assert line.after == f'"{HOST}"'
    assert PASSWORD not in repr(line)


def test_what_only_a_person_can_know_is_offered_and_not_proposed() -> None:
    secret = destination(encoded(f"robot:{PASSWORD}\n"))
    ((fix,),) = repairs.proposals(secret, Snapshot(namespace(secret), NOW))
    assert (fix.code, fix.certain) == ("credentials-line-break", False)
    fixed = repairs.apply(secret, Snapshot(namespace(secret), NOW), Choice(frozenset({fix.code})))
    (entry,) = json.loads(fixed.secret.data[names.CONFIG_KEY])["auths"].values()
    assert set(entry) == {"auth"}
    assert (entry["auth"] == ENTRY["auth"]) is True  # and neither is printed where they differ


@pytest.mark.parametrize("username", ["robot", "robot+ci"])
def test_a_sign_that_is_gone_is_not_guessed(username: str) -> None:
    secret = destination(on_harbor(username))
    assert repairs.proposals(secret, Snapshot(namespace(secret), NOW)) == ()


@pytest.mark.parametrize("password", ["++++++++", "${PASSWORD}", "\n", '""'])
def test_what_holds_no_password_is_not_mended(password: str) -> None:
    secret = destination(config(**pair("robot", password)))
    assert repairs.proposals(secret, Snapshot(namespace(secret), NOW)) == ()
