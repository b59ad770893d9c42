"""The stages of an export after the listing, in Epinio's order, each a function that passes or raises Stop.

Mirrors internal/api/v1/application/export.go, Helm 3.19 (pkg/registry, pkg/pusher) with oras-go 2.6, and skopeo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from destinations.acceptance import explanations, gopath, gourl, hosts, references, skopeo
from destinations.acceptance.gostrings import quote
from destinations.acceptance.gox509 import usable_certificates
from destinations.model import Stage, Target, Why
from destinations.names import BUNDLE_KEY, CERTS_KEY, REGISTRY_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from destinations.acceptance.explanations import Explanation
    from destinations.acceptance.gojson import Value
    from destinations.acceptance.gox509 import GoCertificate
    from destinations.acceptance.references import Reference
    from destinations.model import Secret

IMAGE_TAG = "1234567890abcdef"
CHART_NAME = "workspace-shop-chart"
CHART_VERSION = "0.0.0"
IMAGE_NAME = "workspace-shop-image"

_SCHEMES = ("oci://", "https://", "http://")


class Stop(Exception):
    """The export ends here. `error` is Epinio's message, or None where `why` says it in the portal's terms."""

    def __init__(self, error: str | None, explanation: Explanation, why: Why | None = None) -> None:
        """Keep the outcome."""
        super().__init__(error or why)
        self.error = error
        self.explanation = explanation
        self.why = why


@dataclass(frozen=True, slots=True)
class Destination:
    """What Epinio knows after it has read the Secret: URL, Helm's credentials, the document for skopeo."""

    url: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)
    document: Value = field(repr=False)


def look_up(secret: Secret) -> None:
    """Stage `lookup`: the label has to be exactly `true`."""
    value = secret.labels.get(REGISTRY_LABEL)
    if value is None:
        raise Stop("bad export destination: marker label is missing", explanations.LABEL_MISSING)
    if value != "true":
        reason = explanations.LABEL_FALSE if value == "false" else explanations.LABEL_OTHER
        raise Stop("bad export destination: bad value for marker label", reason)


def destination_host(name: str, url: str) -> str:
    """Stage `destination-url`: return the host that Helm will log in to."""
    try:
        host = gourl.host_of(url if "://" in url else f"oci://{url}")
    except gourl.URLError as error:
        raise Stop(str(error), explanations.BAD_URL) from None
    if not host:
        raise Stop(f"registry '{name}': Missing host in '{url}'", explanations.NO_URL_HOST)
    return host


def load_bundle(secret: Secret, secrets: Mapping[str, Secret]) -> bytes | None:
    """Stage `certificates`: return the content of `tls.crt`, or None where no certificate secret is named."""
    name = secret.data.get(CERTS_KEY, b"").decode("utf-8", "surrogateescape")
    if not name:
        return None
    problem = _path_segment_problem(name)
    if problem:
        raise Stop(f"invalid resource name {quote(name)}: [{problem}]", explanations.CERTS_BAD_NAME)
    if name not in secrets:
        raise Stop(f"secrets {quote(name)} not found", explanations.CERTS_MISSING)
    bundle = secrets[name].data.get(BUNDLE_KEY)
    if bundle is None:
        raise Stop(f"cert secret {name} not suitable, no key '{BUNDLE_KEY}'", explanations.CERTS_NO_KEY)
    return bundle


def _path_segment_problem(name: str) -> str:
    """Return what client-go says of a name that cannot stand in a path (apimachinery's IsValidPathSegmentName)."""
    if name in {".", ".."}:
        return f"may not be '{name}'"
    return " ".join(f"may not contain '{char}'" for char in "/%" if char in name)


def trusted(secret: Secret, secrets: Mapping[str, Secret]) -> tuple[GoCertificate, ...]:
    """Return the certificates of the bundle that Go takes, none where there is no bundle."""
    named = secret.data.get(CERTS_KEY)
    held = secrets.get(named.decode("utf-8", "surrogateescape")) if named else None
    return usable_certificates(held.data.get(BUNDLE_KEY, b"")) if held else ()


def log_in(host: str, destination: Destination, bundle: bytes | None, certificates: Sequence[GoCertificate]) -> Target:
    """Stage `login`, judged as a registry with Basic authentication answers: return where Helm is logged in."""
    if bundle is not None and not certificates:
        raise Stop("unable to parse CA file", explanations.NO_CERTIFICATE)
    if not gourl.is_authority(host):
        raise Stop(f"invalid reference: invalid registry {quote(host)}", explanations.BAD_LOGIN_HOST)
    asked = hosts.requested(host)
    username, password = destination.username, destination.password
    if asked != hosts.api_host(host) or not (username or password):
        raise Stop(_login_error(host, asked, "basic credential not found"), explanations.NO_LOGIN)
    if not (username and password):
        raise Stop(_login_error(host, asked, "missing username or password for basic auth"), explanations.HALF_LOGIN)
    if ":" in username:
        raise Stop("bad credential format: colons(:) are not allowed in username", explanations.COLON_IN_USER)
    return login_target(host, username, password)


def login_target(host: str, username: str, password: str) -> Target:
    """Return where Helm logs in, whatever the credentials are worth."""
    return Target(hosts.sent(hosts.requested(host)), username=username, password=password)


def _login_error(host: str, asked: str, problem: str) -> str:
    return f'authenticating to {quote(host)}: GET "https://{asked}/v2/": {problem}'


def push_chart(destination: Destination, login_host: str, login: Target, *, name: str = CHART_NAME) -> Target:
    """Stage `chart-push`: return where Helm pushes the chart; it knows credentials for `login_host` alone."""
    path = _trim_schemes(destination.url)
    try:
        chart = references.parse_chart(f"{gopath.join(path, name)}:{CHART_VERSION}")
    except references.BadReference as error:
        raise Stop(str(error), explanations.BAD_CHART) from None
    asked = hosts.requested(chart.host)
    if asked != hosts.api_host(login_host):
        url = f"https://{asked}/v2/{chart.repository}/manifests/{CHART_VERSION}"
        problem = f'failed to perform "Exists" on destination: HEAD "{url}": basic credential not found'
        raise Stop(problem, explanations.OTHER_LOGIN)
    return Target(hosts.sent(asked), chart.repository, login.username, login.password)


def _trim_schemes(url: str) -> str:
    for scheme in _SCHEMES:
        url = url.removeprefix(scheme)
    return url


def push_image(destination: Destination, *, name: str = IMAGE_NAME) -> tuple[Reference, skopeo.Login]:
    """Stage `image-push`, first half: return where skopeo pushes the image and with which credentials."""
    try:
        image = references.parse_image(f"{_trim_schemes(destination.url)}/{name}:{IMAGE_TAG}")
    except references.BadReference as error:
        raise Stop(str(error), explanations.BAD_IMAGE) from None
    try:
        return image, skopeo.find_login(destination.document, image)
    except skopeo.SkopeoError as error:
        raise Stop(str(error), explanations.BAD_AUTH_FILE) from None


def compare_targets(chart: Target, image: Reference, login: skopeo.Login) -> None:
    """Stage `image-push`, second half, the portal's own judgement: anonymous, or another registry than the chart's."""
    elsewhere = goes_elsewhere(chart.host, image)
    if login.anonymous:
        cause = explanations.OTHER_REGISTRY if elsewhere else explanations.ANONYMOUS
        raise Stop(None, cause, Why.ANONYMOUS)
    if elsewhere:
        raise Stop(None, explanations.OTHER_REGISTRY, Why.OTHER_REGISTRY)


def goes_elsewhere(chart_host: str, image: Reference) -> bool:
    """Say whether the image goes to another registry than the chart."""
    return image.host != chart_host and not {image.host, chart_host} <= hosts.HUB


STAGES = tuple(stage for stage in Stage if stage is not Stage.LISTING)
