"""What is kept: bound to what was checked, bounded, without a message, and for every replica."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.memory import InMemoryConfigMaps
from destinations.cluster.port import Ambiguous, Conflict, Forbidden
from destinations.livecheck import fingerprint, store
from destinations.livecheck.registry.port import Code, Side, Step
from destinations.livecheck.result import Last
from destinations.livecheck.store import Results
from destinations.secret.codec import rfc3339
from destinations.secret.trim import trim_for_cache
from edrportal.configuration.environment import NO_KEY
from edrportal.signin.sessions import signing_keys
from tests.livecheck.world import PEM, destination, last
from tests.services import composition
from tests.services.scripted import ends

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from destinations.model import Secret


def read() -> Results:
    return composition.results()


def secrets(portal: InMemoryCluster) -> dict[str, Secret]:
    return {one.name: one for one in portal.list_secrets()}


def test_a_result_is_kept_without_its_details_and_read_again(portal: InMemoryCluster) -> None:
    portal.load([destination("one")])
    found = last(
        "one", ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE, repository="kept-nowhere", status="403"), job="j-1_x"
    )
    assert composition.writer().write([found])
    again = read().of("one")
    assert again
    assert (again.report.chart, again.report.image, again.app, again.job) == ("pass", "fail", "workspace/shop", "j-1_x")
    assert [replace(one, detail={}) for one in found.report.stages] == list(again.report.stages)
    assert again.fingerprint == found.fingerprint
    assert b"kept-nowhere" not in portal.config_maps.get(names.CHECKS_CONFIG_MAP).data["one"]


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-01-01T00:00:00 pass pass a/b - -", "2026-01-01T00:00:00Z maybe pass a/b - -",
     "2026-01-01T00:00:00Z pass pass a/b - - push:both:+:later-code:1", "2026-01-01T00:00:00Z pass pass a/b - - x",
     "2026-01-01T00:00:00Z pass pass a/b - - push:both:!:may-push:1", "2026-01-01T00:00:00Z pass pass a/b - -" + " x" * 2000],
)  # fmt: skip
def test_what_others_wrote_there_is_no_result(text: str) -> None:
    assert store.read("one", text) is None


def test_results_of_destinations_that_are_gone_go_but_not_those_that_may_be_new(portal: InMemoryCluster) -> None:
    portal.load([destination("one")])
    old = datetime.now(UTC) - timedelta(minutes=5)
    writer = composition.writer()
    writer.write([last("gone", at=old), last("new")])
    writer.write([last("one", at=old)])
    assert set(portal.config_maps.get(names.CHECKS_CONFIG_MAP).data) == {"one", "new"}


def test_two_thousand_destinations_fit_and_beyond_the_limit_the_oldest_go() -> None:
    lines = {f"{number:04}-of-some-twenty-chars": store.line(last("x")) for number in range(2000)}
    assert store.bounded(lines) == lines
    assert sum(len(name) + len(line) for name, line in lines.items()) < 0.8 * 1024 * 1024
    at = datetime(2026, 1, 1, tzinfo=UTC)
    many = {str(number): store.line(last("x", at=at + timedelta(seconds=number))) for number in range(4000)}
    fitting = store.bounded(many)
    assert sum(len(name) + len(line) for name, line in fitting.items()) <= store.MAX_BYTES
    assert set(fitting) == {str(number) for number in range(4000 - len(fitting), 4000)}


def test_a_conflict_and_a_lost_answer_are_tried_again(portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.load([destination("one"), destination("two")])
    composition.writer().write([last("two")])
    troubles: list[Exception] = [Conflict("Conflict", status=409), Ambiguous("NoUsableAnswer")]
    replace_ = InMemoryConfigMaps.replace

    def troubled(self: InMemoryConfigMaps, manifest: Any) -> Any:
        if troubles:
            raise troubles.pop()
        return replace_(self, manifest)

    monkeypatch.setattr(InMemoryConfigMaps, "replace", troubled)
    monkeypatch.setattr("destinations.cluster.config_maps._PAUSE_SECONDS", 0.0)
    assert composition.writer().write([last("one")])
    assert read().of("one")
    assert read().of("two")


def test_a_write_that_fails_says_so_to_everybody_who_waits_for_it(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert portal.list_secrets() == []

    def refused(*_: Any) -> Any:
        raise Forbidden("Forbidden", status=403)

    monkeypatch.setattr(InMemoryConfigMaps, "get", refused)
    assert not composition.writer().write([last("one")])


def test_results_that_arrive_during_a_write_go_together_into_the_next(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold the first write until five others wait: two writes are enough for six results, and a failure is told to all."""
    portal.load([destination(f"d-{number}") for number in range(6)])
    writes: list[set[str]] = []
    entered, go = Barrier(2), Barrier(2)
    writer, told = composition.writer(), {}
    real = writer._written  # noqa: SLF001 - the write itself is what is watched

    def slow(lines: Any) -> bool:
        writes.append(set(lines))
        if len(writes) == 1:
            entered.wait(10)
            go.wait(10)
            return real(lines)
        return False

    monkeypatch.setattr(writer, "_written", slow)

    def write(name: str) -> None:
        told[name] = writer.write([last(name)])

    first = Thread(target=write, args=("d-0",))
    first.start()
    entered.wait(10)
    others = [Thread(target=write, args=(f"d-{number}",)) for number in range(1, 6)]
    for thread in others:
        thread.start()
    while len(writer._batch.lines) < 5:  # noqa: SLF001 - until all of them wait
        pass
    go.wait(10)
    for thread in (first, *others):
        thread.join(10)
    assert writes == [{"d-0"}, {f"d-{number}" for number in range(1, 6)}]
    assert told == {"d-0": True, **{f"d-{number}": False for number in range(1, 6)}}


def test_a_result_is_bound_to_what_was_checked_and_to_nothing_else(portal: InMemoryCluster) -> None:
    portal.load(
        [destination("one", certs="ca"), {"metadata": {"name": "ca"}, "stringData": {"tls.crt": PEM, "more.pem": PEM}}]
    )
    found = secrets(portal)
    secret, ca = found["one"], found["ca"]
    known = fingerprint.of(secret, found, signing_keys())

    def holds(**changed: Any) -> bool:
        return fingerprint.matches(known, replace(secret, **changed), found, signing_keys())

    assert holds()
    assert holds(labels={**secret.labels, names.TEAM_LABEL: "team-a"})
    assert holds(annotations={**secret.annotations, names.DESCRIPTION_ANNOTATION: "new"}, resource_version="9")
    assert not holds(annotations={**secret.annotations, names.ORGANIZATION_ANNOTATION: "other"})
    assert not holds(data={**secret.data, names.CONFIG_KEY: secret.data[names.CONFIG_KEY].replace(b"robot", b"other")})
    assert not holds(
        data={**secret.data, names.CONFIG_KEY: secret.data[names.CONFIG_KEY].replace(b"registry.", b"other.")}
    )
    assert not holds(data={**secret.data, names.CERTS_KEY: b"other"})
    assert not holds(labels={names.REGISTRY_LABEL: "false"})
    for key in ("tls.crt", "more.pem"):
        changed = {**found, "ca": replace(ca, data={**ca.data, key: b""})}
        assert not fingerprint.matches(known, secret, changed, signing_keys()), key
    private = {**found, "ca": replace(ca, data={**ca.data, "tls.key": b"one"})}
    other = {**found, "ca": replace(ca, data={**ca.data, "tls.key": b"two"})}
    assert fingerprint.of(secret, private, signing_keys()) == fingerprint.of(secret, other, signing_keys())


def test_what_the_watch_keeps_gives_the_same_fingerprint(portal: InMemoryCluster) -> None:
    pem = f"text before\n{PEM}\n-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"
    portal.load(
        [destination("one", certs="ca"), {"metadata": {"name": "ca"}, "stringData": {"tls.crt": PEM, "other": pem}}]
    )
    found = secrets(portal)
    slimmed = {name: trim_for_cache(trim_for_cache(secret)) for name, secret in found.items()}
    assert fingerprint.of(slimmed["one"], slimmed, signing_keys()) == fingerprint.of(
        found["one"], found, signing_keys()
    )


def test_a_fingerprint_outlives_a_new_key_and_none_is_made_without_one(portal: InMemoryCluster, settings: Any) -> None:
    portal.load([destination("one")])
    found = secrets(portal)
    old = fingerprint.of(found["one"], found, signing_keys())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, [settings.SECRET_KEY]
    assert fingerprint.of(found["one"], found, signing_keys()) != old
    assert fingerprint.matches(old, found["one"], found, signing_keys())
    settings.SECRET_KEY_FALLBACKS = []
    assert not fingerprint.matches(old, found["one"], found, signing_keys())
    settings.SECRET_KEY = NO_KEY
    assert fingerprint.of(found["one"], found, signing_keys()) == ""


def test_no_repr_shows_what_a_check_sends(portal: InMemoryCluster) -> None:
    assert portal.list_secrets() == []
    found = Last("one", ends(Step.TLS, Code.EXPIRED), "workspace/shop", "f" * 40)
    assert "fff" not in repr(found)
    assert rfc3339(found.report.checked_at)
