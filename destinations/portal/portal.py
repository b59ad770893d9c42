"""What the pages are handed: the Portal of the process, and what one request reads of its cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from destinations.access import Authority
from destinations.cluster.known import KnownSecrets, Listed
from destinations.cluster.lookups import DeployedVersion
from destinations.cluster.port import Cluster, ClusterError
from destinations.cluster.services import ServiceAddress
from destinations.input.leak.sameness import AccountDigests
from destinations.livecheck import presentation
from destinations.livecheck.ratelimit import RateLimiter
from destinations.livecheck.result import Last
from destinations.livecheck.runner import Checks
from destinations.livecheck.store import Results, Writer
from destinations.model import EpinioVersion, Secret, Snapshot
from destinations.overview import answer, table
from destinations.overview.answer import CheckSummary
from destinations.overview.filters import Filter
from destinations.overview.hub import Hub
from destinations.overview.index.index import Index, Overview
from destinations.overview.index.rowcache import KnownChecks
from destinations.overview.table import Row
from destinations.portal.connection import ClusterConnection
from destinations.portal.event import Event
from destinations.secret.keys import SigningKeys
from destinations.secret.trim import trim_config_map


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The portal of a process: made by the composition root, and replaced whole in tests.

    `connect` returns the same connection at each call once there is one, and raises the port's errors where the cluster
    cannot be configured. `record` writes an event to the audit log; `notices` returns what administrators should know
    about users, `exporters` the namespaces that Epinio's users have and who may export from each; both raise the port's
    errors. `skopeo_roots` is what skopeo's image trusts by itself: `public`, `none`, or a PEM text. A check that passed
    counts for `check_fresh`. `stated_version` is the version of Epinio by the settings, empty for that of its Deployment.
    """

    connect: Callable[[], ClusterConnection]
    checks: Checks
    results: Writer
    record: Callable[[Event], None]
    notices: Callable[[Reads], Sequence[object]]
    skopeo_roots: Callable[[], str | bytes]
    exporters: Callable[[Reads], Mapping[str, Sequence[str]]] = lambda _: {}
    index: Index = field(default_factory=Index)
    check_fresh: timedelta = answer.FRESH
    accounts: AccountDigests = field(default_factory=AccountDigests)
    searches: RateLimiter = field(default_factory=lambda: RateLimiter(clock=time.monotonic, what="searches"))
    keys: SigningKeys = field(default_factory=SigningKeys)
    namespace: str = "epinio"
    installation_name: str = ""
    stated_version: str = ""
    sealing_controller: ServiceAddress | None = None
    proxy_hops: int = 0
    live_pages: int = 0
    is_read_only: bool = False
    has_kubernetes_events: bool = False
    is_demo: bool = False

    @property
    def cluster(self) -> Cluster:
        """The cluster. Raises the port's errors where it cannot be configured."""
        return self.connect().cluster

    def deployed(self) -> DeployedVersion:
        """Return what Epinio's Deployment states of its version, or why that is not known."""
        try:
            return self.connect().deployed.last()
        except ClusterError:
            return DeployedVersion(why="the cluster could not be reached")

    def version(self) -> EpinioVersion | None:
        """Return the version of Epinio to judge by, the stated one or that of its Deployment; None for the newest rules."""
        return EpinioVersion.parse(self.stated_version or self.deployed().label)

    def namespace_uid(self, name: str) -> str | None:
        """Return what `Namespaces.uid` returns. Raises the port's errors."""
        return self.connect().namespaces.uid(name)

    def hub(self) -> Hub | None:
        """Return what feeds the open pages, its watches started; None where no watch does. Raises the port's errors."""
        connection = self.connect()
        for watch in connection.watches.values():
            watch.start()
        return connection.hub

    def has_hub(self) -> bool:
        """Return whether there is a watch to feed open pages; nothing starts by this."""
        try:
            return self.connect().hub is not None
        except ClusterError:
            return False

    def last_check(self, name: str, results: Results) -> Last | None:
        """Return the last check of a destination, the newer of what is kept and what this process knows."""
        return self.checks.recent.newer(name, results.of(name))

    def answered(self, snapshot: Snapshot, *, sees_all: bool) -> tuple[Row, ...]:
        """Return the rows of `table.rows`, but for the ages, with the answers that checks give.

        `sees_all` is for administrators, who may learn where a check ended.
        """
        return self.index.rows(snapshot, self._known_checks, sees_all=sees_all)

    def select(self, snapshot: Snapshot, seer: Authority, asks: Filter, among: Collection[str] | None) -> Overview:
        """Return what someone sees as a filter asks: of all destinations, or among some. Raises the port's errors."""
        return self.index.select(snapshot, self._known_checks, seer, asks, among)

    def _known_checks(self, snapshot: Snapshot, sees_all: bool) -> KnownChecks:  # noqa: FBT001 - see ChecksOf
        results = Results(snapshot.config_maps)
        return KnownChecks(
            results.lines, self.checks.recent.known(), fresh=self.check_fresh, rules=self.keys,
            summary=lambda name: self._summary(snapshot.secrets[name], snapshot, results, sees_all=sees_all))  # fmt: skip

    def answered_row(self, secret: Secret, snapshot: Snapshot, *, sees_all: bool) -> Row:
        """Return one destination's row, as `answered` does."""
        check = self._summary(secret, snapshot, Results(snapshot.config_maps), sees_all=sees_all)
        return table.with_check(table.row(secret, snapshot), check, snapshot.now, self.check_fresh)

    def _summary(self, secret: Secret, snapshot: Snapshot, results: Results, *, sees_all: bool) -> CheckSummary | None:
        """Return the last check if it fits the destination as it is."""
        last = self.last_check(secret.name, results)
        is_known = last is not None and not presentation.is_outdated(last, secret, snapshot, self.keys)
        return presentation.summary(last, sees_all=sees_all) if last and is_known else None

    def moment(self) -> str:
        """Return the moment that a page shows which is read from now on, empty where no stream follows."""
        hub = self.connect().hub
        return hub.moment if hub else ""


class Reads:
    """What one request reads of the cluster: each resource once. Everything here raises the port's errors."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.now = datetime.now(UTC)

    @cached_property
    def version(self) -> EpinioVersion | None:
        return self._portal.version()

    @cached_property
    def _listed(self) -> Listed:
        return self._portal.connect().list_secrets()

    @cached_property
    def secrets(self) -> Sequence[Secret]:
        """The namespace's Secrets, whole and read directly. Not for what follows a write of the same request."""
        return [one.read() for one in self._listed.secrets]

    @property
    def _shown(self) -> KnownSecrets:
        return self._portal.connect().listings.known(self._listed)

    @cached_property
    def cached(self) -> KnownSecrets:
        """The Secrets for a page that only looks, trimmed: from the watch where that is current, else read now."""
        connection = self._portal.connect()
        known = connection.secrets.known() if connection.secrets else None
        if known is None:
            return self._shown
        connection.listings.rest()
        return known

    @cached_property
    def users(self) -> Sequence[Secret]:
        """Those of `cached` that have the label of Epinio's users, whatever its value."""
        return self.cached.users

    @cached_property
    def config_maps(self) -> Sequence[Secret]:
        """The namespace's ConfigMaps: from the watch where that is current, else read now."""
        connection = self._portal.connect()
        cached = connection.config_maps.secrets() if connection.config_maps else None
        if cached is not None:
            return cached
        return connection.cluster.config_maps.list_with_version(trim_config_map).secrets

    @cached_property
    def rules(self) -> Snapshot:
        """The rules and the time, without an object of the cluster."""
        return Snapshot({}, self.now, self.version)

    @cached_property
    def snapshot(self) -> Snapshot:
        """What a page looks at that only looks, as far as the watches are current."""
        return Snapshot(self.cached, self.now, self.version, self.config_maps)

    @cached_property
    def fresh(self) -> Snapshot:
        """What a page looks at that only looks, and comes after a write: read directly, trimmed."""
        return Snapshot(self._shown, self.now, self.version, self.config_maps)

    @cached_property
    def direct(self) -> Snapshot:
        """What a form looks at, or the page of one destination: the Secrets whole and read directly."""
        return Snapshot.of(self.secrets, self.now, self.version, self.config_maps)
