"""What a live check asks for a destination: where Helm and skopeo go, as whom, and whom they trust. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from destinations.cluster.limits import is_dns_label
from destinations.golang import gox509
from destinations.golang.gox509 import GoCertificate
from destinations.livecheck.registry.port import Leg, Plan, Trust
from destinations.model import EpinioVersion, InputError, Secret, Snapshot, Target
from destinations.secret.codec import certs_name
from destinations.verdict import explanations, export, references
from destinations.verdict.explanations import EpinioError
from destinations.verdict.export import Destination
from destinations.verdict.judge import read_credentials
from destinations.verdict.parsing import Reading, login_reads_auth

DEFAULT_APP = "workspace/shop"
PUBLIC_ROOTS, NO_ROOTS = "public", "none"
_STRICT_FROM = EpinioVersion(1, 14, 1)
_ASKED_ALL_THE_SAME = (explanations.NO_LOGIN, explanations.HALF_LOGIN)  # a token service may let them in


@dataclass(frozen=True, slots=True)
class App:
    """An application, for the names that an export gives its chart and image by default."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> App:
        """Return the application that NAMESPACE/NAME names. Raises InputError."""
        namespace, slash, name = text.partition("/")
        if not slash or not is_dns_label(namespace) or not is_dns_label(name):
            raise InputError("An application is named NAMESPACE/NAME, such as workspace/shop.")
        return cls(namespace, name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def chart(self) -> str:
        return f"{self.namespace}-{self.name}-chart"

    @property
    def image(self) -> str:
        return f"{self.namespace}-{self.name}-image"


def plan(
    secret: Secret, snapshot: Snapshot, *, app: str = DEFAULT_APP, skopeo_roots: str | bytes = PUBLIC_ROOTS
) -> Plan:
    """Return what to ask for a destination; the snapshot is of its namespace.

    `skopeo_roots` is what the image of skopeo trusts beside a mounted certificate Secret: `public`, `none`, or a PEM text.
    Raises ValueError for an application that cannot exist.
    """
    named, version, secrets = App.parse(app), snapshot.version, snapshot.secrets
    lenient = version is not None and version < _STRICT_FROM
    try:
        destination = read_credentials(Reading(secret), reads_auth=login_reads_auth(version))
        login_host = export.destination_host(secret.name, destination.url)
        bundle = export.load_bundle(secret, secrets)
    except EpinioError as stop:
        ended = _stopped(stop)
        return Plan(secret.name, ended, ended, str(named), lenient)
    chart = _chart(destination, login_host, bundle, export.trusted(secret, secrets), named)
    image = _image(destination, chart.host or login_host, _image_trust(secret, secrets, skopeo_roots), named)
    return Plan(secret.name, _refused(secret, chart), _refused(secret, image), str(named), lenient)


def _refused(secret: Secret, leg: Leg) -> Leg:
    """Return the leg with the reason why Epinio refuses the destination's name; the registry can be asked all the same."""
    try:
        export.look_up(secret)
    except EpinioError as stop:
        return replace(leg, stop=stop.advice.message, fix=stop.advice.fix)
    return leg


def _stopped(stop: EpinioError) -> Leg:
    return Leg(stop=stop.advice.message, fix=stop.advice.fix)


def _chart(
    destination: Destination, login_host: str, bundle: bytes | None, trusted: Sequence[GoCertificate], app: App
) -> Leg:
    try:
        login = _login(login_host, destination, bundle, trusted)
        chart = export.push_chart(destination, login_host, login, name=app.chart)
    except EpinioError as stop:
        return _stopped(stop)
    trust = Trust() if bundle is None else Trust((_certificates(bundle),), public=False)
    return Leg(chart.host, chart.repository, login.username, login.password, trust=trust)


def _login(host: str, destination: Destination, bundle: bytes | None, trusted: Sequence[GoCertificate]) -> Target:
    """Return where and as whom Helm logs in; whether empty credentials will do, the registry has to say."""
    try:
        return export.log_in(host, destination, bundle, trusted)
    except EpinioError as stop:
        if stop.advice not in _ASKED_ALL_THE_SAME:
            raise
    whole = references.requested(host) == references.api_host(host)
    username, password = (destination.username, destination.password) if whole else ("", "")
    return export.login_target(host, username, password)


def _image(destination: Destination, chart_host: str, trust: Trust, app: App) -> Leg:
    try:
        image, found = export.push_image(destination, name=app.image)
    except EpinioError as stop:
        return _stopped(stop)
    if export.goes_elsewhere(chart_host, image):
        return Leg(stop=explanations.OTHER_REGISTRY.message, fix=explanations.OTHER_REGISTRY.fix)
    return Leg(
        references.api_host(image.host),
        image.repository,
        found.username,
        found.password,
        found.identity_token,
        trust=trust,
    )


def _image_trust(secret: Secret, secrets: Mapping[str, Secret], roots: str | bytes) -> Trust:
    """Return what skopeo trusts: every key of the certificate Secret, beside its image's own root file."""
    held = secrets.get(certs_name(secret))
    if held is None:
        return Trust()
    own = (roots,) if isinstance(roots, bytes) else ()
    return Trust(tuple(map(_certificates, (*own, *held.data.values()))), public=roots == PUBLIC_ROOTS)


def _certificates(pem: bytes) -> bytes:
    """Return what Go takes of a text, so that a private key beside it goes no further."""
    return b"".join(one.pem() for one in gox509.usable_certificates(pem))
