"""What the overview keeps is always what would be computed now, after whatever happened."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.access import Authority
from destinations.actions import bundles
from destinations.cluster.known import REMEMBERED_SECONDS, Journal, KnownSecrets, Listings
from destinations.cluster.port import Unread
from destinations.model import EpinioVersion, Secret, Snapshot
from destinations.overview import table
from destinations.overview.answer import BROKEN, CheckSummary, Result
from destinations.overview.filters import ORDERS, Filter
from destinations.overview.index.follower import MOST_CENSUSES, MOST_PLACES
from destinations.overview.index.index import Index
from destinations.overview.index.rowcache import KnownChecks
from destinations.secret import codec
from edrportal.demo.cluster import certificate, demo_cluster
from edrportal.signin.roles import ADMIN, Role
from edrportal.signin.users import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEAMS = ("team-a", "team-b", "team-c")
FRESH = timedelta(hours=24)


class World:
    """A cluster as a watch knows it, with people and checks; `step` changes something about it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now, self.journal = NOW, Journal()
        self.version: EpinioVersion | None = None
        self.known: KnownSecrets | None = None
        self.secrets = {one.name: replace(one, manifest={}) for one in demo_cluster(NOW).list_secrets()}
        config = json.dumps({"auths": {"registry.example.com": {"auth": b64encode(b"robot:pw").decode()}}}).encode()
        one = self.secrets["production"]
        self.secrets["only-auth"] = replace(
            one, name="only-auth", uid="only-auth", data={**one.data, names.CONFIG_KEY: config}
        )  # judged by the version of Epinio
        self.listings = Listings(
            lambda: list(map(Unread.of, self.secrets.values())), lambda one: one, lambda: self.known or {}
        )
        self.lines: Mapping[str, bytes] = {}
        self.recent: Mapping[str, datetime] = {}
        self.checks: dict[str, CheckSummary] = {}
        self.uids = dict.fromkeys(TEAMS, "u1")
        self.enabled = {TEAMS[0]: "u1"}
        self.index = Index()
        self.number = 0

    def step(self) -> None:
        steps = [self.change, self.change, self.change, self.add, self.delete, self.renew_certificates, self.check,
                 self.check, self.pass_time, self.begin_anew, self.upgrade, self.move_people, self.edit_much]  # fmt: skip
        self.chance.choice(steps)()

    def put(self, secret: Secret) -> None:
        self.number += 1
        self.secrets[secret.name] = replace(secret, resource_version=f"n{self.number}")
        self.journal.note([secret.name])

    def change(self) -> None:
        there = [one for one in self.secrets.values() if codec.is_destination(one)]
        one = self.chance.choice(there)
        rest = {} if len(there) > 6 and self.chance.random() < 0.3 else one.labels
        day = (self.now + timedelta(days=self.chance.randint(-3, 20))).date().isoformat()
        certs = self.chance.choice([name for name, other in self.secrets.items() if not codec.is_destination(other)])
        self.put(self.chance.choice([
            replace(one, labels={**one.labels, names.REGISTRY_LABEL: self.chance.choice(["true", "false", "no"])}),
            replace(one, labels={**one.labels, names.TEAM_LABEL: self.chance.choice(TEAMS)}),
            replace(one, annotations={**one.annotations, names.EXPIRY_ANNOTATION: day}),
            replace(one, annotations={**one.annotations, names.ORGANIZATION_ANNOTATION: self.chance.choice(["A", "b", ""])}),
            replace(one, data={**one.data, names.CERTS_KEY: certs.encode()}),
            replace(one, labels=rest),
        ]))  # fmt: skip

    def add(self) -> None:
        model = self.chance.choice(list(self.secrets.values()))
        self.put(replace(model, name=f"{model.name}-{self.chance.randint(0, 40)}", uid=str(self.number)))

    def delete(self) -> None:
        if len(self.secrets) > 8:
            name = self.chance.choice(list(self.secrets))
            if sum(map(codec.is_destination, self.secrets.values())) > 3 or not codec.is_destination(
                self.secrets[name]
            ):
                del self.secrets[name]
                self.journal.note([name])

    def renew_certificates(self) -> None:
        one = self.chance.choice([one for one in self.secrets.values() if not codec.is_destination(one)])
        pem = certificate(self.now + timedelta(hours=self.chance.randint(-2, 48)), days=0)
        self.put(replace(one, data={**one.data, names.BUNDLE_KEY: pem}))

    def check(self) -> None:
        name, at = self.chance.choice(list(self.secrets)), self.now - timedelta(hours=self.chance.randint(0, 30))
        self.checks[name] = CheckSummary(at, self.chance.choice(list(Result)), "a/b", "login", "Login", "refused")
        if self.chance.random() < 0.5:
            self.lines = {**self.lines, name: str(self.chance.random()).encode()}
        else:
            self.recent = {**self.recent, name: datetime.fromtimestamp(self.chance.random() * 1e9, UTC)}

    def pass_time(self) -> None:
        self.now += self.chance.choice([timedelta(seconds=1), timedelta(hours=1), timedelta(hours=13), timedelta(days=9),
                                        timedelta(hours=-5), timedelta(days=-2)])  # fmt: skip

    def begin_anew(self) -> None:
        self.secrets = {name: replace(one) for name, one in self.secrets.items()}
        self.journal.begin()

    def upgrade(self) -> None:
        self.version = self.chance.choice([None, EpinioVersion(1, 13, 7)])

    def move_people(self) -> None:
        self.uids[self.chance.choice(TEAMS)] = self.chance.choice(["u1", "u2", None, ""])  # type: ignore[assignment]
        self.enabled = {team: "u1" for team in TEAMS if self.chance.random() < 0.5}

    def edit_much(self) -> None:
        for _ in range(self.chance.choice([5, 300])):
            self.change()

    def snapshot(self) -> Snapshot:
        if self.known is None or self.known.number != self.journal.number:
            self.known = KnownSecrets(self.secrets, self.journal, self.known)
        return Snapshot(self.known, self.now, self.version)

    def listed(self) -> Snapshot:
        """Return what a page looks at that cannot rely on the watch."""
        return Snapshot(self.listings.known(self.listings.read()), self.now, self.version)

    def checks_of(self, _: Snapshot, sees_all: bool) -> KnownChecks:  # noqa: FBT001 - as the index calls it
        found = self.checks if sees_all else {name: replace(one, message="hidden") for name, one in self.checks.items()}
        return KnownChecks(self.lines, self.recent, lambda name: found.get(name), FRESH, "rules")  # noqa: PLW0108

    def authority(self) -> Authority:
        exporting = Role("dev", may_list=self.chance.random() < 0.3, may_export=self.chance.random() < 0.9)
        teams = tuple(self.chance.sample(TEAMS, self.chance.randint(0, 3)))
        person = Principal("p", "epinio", (self.chance.choice([ADMIN, exporting]),), teams)
        return Authority(person, self.enabled, self.uids.get)

    def asked(self) -> Filter:
        return Filter(
            self.chance.choice(["", "", "a", "PRO", "team-b", "nothing"]),
            self.chance.choice(["", "", "", "accepted"]),
            self.chance.choice(list(ORDERS)),
            self.chance.choice(["", "", "", "works", "fails", "at-risk"]),
        )


def assert_same(world: World) -> None:
    """Compare with what is computed from nothing but the present."""
    snapshot = world.listed() if world.chance.random() < 0.3 else world.snapshot()
    authority, asks = world.authority(), world.asked()
    seen = world.index.select(snapshot, world.checks_of, authority, asks)
    checks = world.checks_of(snapshot, authority.person.is_administrator)
    plain = Snapshot(dict(world.secrets), world.now, world.version)
    answered = [table.with_check(row, checks.summary(row.name), world.now, FRESH) for row in table.rows(plain)]
    rows = [row for row in answered if authority.sees(row.secret)]
    chosen = asks.apply(rows)
    selection = seen.selection
    assert list(map(told, selection.rows)) == list(map(told, chosen))
    assert selection.total == len(rows)
    assert selection.changeable == sum(authority.changes(row.secret) for row in rows)
    assert selection.every == sum(authority.changes(row.secret) for row in chosen)
    assert +Counter(selection.counts) == Counter(row.answer.kind for row in rows)
    broken = [(row.answer.cause, row.name) for row in rows if row.answer.kind in BROKEN]
    begin = min(broken)[1] if broken else None
    assert (selection.first.name if selection.first else None) == begin
    accounts = {account for row in rows if (account := table.account(row))}
    hosts = Counter(host for host, _ in accounts)
    mixed = len({bool(codec.certs_name(row.secret)) for row in rows}) > 1
    assert selection.notices == table.notices(is_mixed=mixed, shared={host for host in hosts if hosts[host] > 1})
    unused = [one.secret.name for one in bundles.unused(seen.unused, world.now)]
    assert unused == [one.secret.name for one in bundles.unused(world.secrets.values(), world.now)]
    everything = world.index.rows(snapshot, world.checks_of, sees_all=True)
    assert [row.name for row in everything] == sorted(row.name for row in answered)


def told(row: table.Row) -> tuple[object, ...]:
    return (
        row.name,
        row.judgement,
        row.kind,
        row.reason,
        row.answer,
        row.bundle,
        row.ends_on,
        row.is_expired,
        row.team,
    )


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_the_index_is_what_would_be_computed_now(seed: int) -> None:
    world = World(seed)
    assert_same(world)
    for _ in range(40):
        world.step()
        for _ in range(world.chance.randint(0, 3)):
            assert_same(world)
    assert_same(world)


def test_who_knew_less_is_shown_what_is_known_by_now() -> None:
    world = World(1)
    before = world.snapshot()
    one = replace(world.secrets["production"], labels={names.REGISTRY_LABEL: "false"})
    world.put(one)
    administrator = Authority(Principal("p", "epinio", (ADMIN,), ()), {}, world.uids.get)
    newer = world.index.select(world.snapshot(), world.checks_of, administrator, Filter())
    older = world.index.select(before, world.checks_of, administrator, Filter())
    assert older.snapshot.secrets is newer.snapshot.secrets
    assert older.selection.counts == newer.selection.counts
    rows = {row.name: row.kind for row in world.index.rows(before, world.checks_of, sees_all=True)}
    assert rows["production"] != "disabled"  # rows are of exactly the snapshot


def test_a_mistake_while_it_follows_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(2)
    assert_same(world)
    world.edit_much()
    with monkeypatch.context() as patch:
        patch.setattr(table, "row", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            assert_same(world)
    assert_same(world)


def test_no_more_permissions_and_places_are_kept_than_stated() -> None:
    world = World(3)
    for number in range(3 * MOST_CENSUSES):
        team = f"team-{number}"
        world.put(replace(world.secrets["production"], name=f"of-{team}", labels={
            names.REGISTRY_LABEL: "true", names.TEAM_LABEL: team}))  # fmt: skip
        world.uids[team] = "u1"
    for number in range(3 * MOST_CENSUSES):
        person = Principal("p", "epinio", (Role("dev", may_export=True),), (f"team-{number}",))
        authority = Authority(person, {}, world.uids.get)
        for sort in ORDERS:
            seen = world.index.select(world.snapshot(), world.checks_of, authority, Filter(sort=sort))
            assert f"of-team-{number}" in [row.name for row in seen.selection.rows]
    (follower,) = world.index._followers.values()  # noqa: SLF001 - what it holds is the point
    assert len(follower._censuses) == MOST_CENSUSES  # noqa: SLF001
    assert follower._places() <= MOST_PLACES  # noqa: SLF001


def test_what_lists_showed_is_forgotten_once_the_watch_has_been_enough_for_a_while() -> None:
    world, now = World(5), [0.0]
    world.index = Index(lambda: now[0])
    known = world.snapshot()
    for seconds, kept in ((0.0, 2), (REMEMBERED_SECONDS, 2), (2 * REMEMBERED_SECONDS, 1)):
        now[0] = seconds
        if not seconds:
            world.index.rows(world.listed(), world.checks_of, sees_all=True)
        world.index.rows(known, world.checks_of, sees_all=True)
        assert len(world.index._followers) == kept  # noqa: SLF001 - what it holds is the point


def test_of_watches_that_were_replaced_nothing_is_kept() -> None:
    world = World(4)
    for _ in range(5):
        world.journal, world.known = Journal(), None
        assert_same(world)
        world.index.rows(world.listed(), world.checks_of, sees_all=True)
        assert len(world.index._followers) <= 2  # noqa: SLF001 - what it holds is the point
