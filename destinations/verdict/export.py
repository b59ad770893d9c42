"""The stages of an export after the listing, in Epinio's order, each a function that passes or raises EpinioError.

Mirrors internal/api/v1/application/export.go, Helm 3.19 (pkg/registry, pkg/pusher) with oras-go 2.6, and skopeo.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from destinations.golang import goescape, gourl
from destinations.golang.gojson import Value
from destinations.golang.gostrings import GoError, quote
from destinations.golang.gox509 import GoCertificate, usable_certificates
from destinations.model import Secret, Stage, Target, Why
from destinations.names import BUNDLE_KEY, CERTS_KEY, REGISTRY_LABEL
from destinations.verdict import explanations, references, skopeo
from destinations.verdict.explanations import EpinioError
from destinations.verdict.references import Reference

IMAGE_TAG = "1234567890abcdef"
CHART_NAME = "workspace-shop-chart"
CHART_VERSION = "0.0.0"
IMAGE_NAME = "workspace-shop-image"

_OCI = "oci://"
_SCHEMES = (_OCI, "https://", "http://")
_PLAIN = re.compile(r"([A-Za-z0-9._-]+(?::[0-9]+)?)/[A-Za-z0-9._~/-]*", re.ASCII)  # most: nothing to escape or refuse


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
        raise EpinioError("bad export destination: marker label is missing", explanations.LABEL_MISSING)
    if value != "true":
        reason = explanations.LABEL_FALSE if value == "false" else explanations.LABEL_OTHER
        raise EpinioError("bad export destination: bad value for marker label", reason)


def destination_host(name: str, url: str) -> str:
    """Stage `destination-url`: return the host that Helm will log in to."""
    plain = _PLAIN.fullmatch(url)
    if plain:
        return plain[1]
    try:
        host = gourl.parse(url if "://" in url else f"oci://{url}").host
    except GoError as error:
        raise EpinioError(str(error), explanations.BAD_URL) from None
    if not host:
        raise EpinioError(f"registry '{name}': Missing host in '{url}'", explanations.NO_URL_HOST)
    return host


def load_bundle(secret: Secret, secrets: Mapping[str, Secret]) -> bytes | None:
    """Stage `certificates`: return the content of `tls.crt`, or None where no certificate Secret is named."""
    name = secret.data.get(CERTS_KEY, b"").decode("utf-8", "surrogateescape")
    if not name:
        return None
    problem = _path_segment_problem(name)
    if problem:
        raise EpinioError(f"invalid resource name {quote(name)}: [{problem}]", explanations.CERTS_BAD_NAME)
    if name not in secrets:
        raise EpinioError(f"secrets {quote(name)} not found", explanations.CERTS_MISSING)
    bundle = secrets[name].data.get(BUNDLE_KEY)
    if bundle is None:
        raise EpinioError(f"cert secret {name} not suitable, no key '{BUNDLE_KEY}'", explanations.CERTS_NO_KEY)
    return bundle


def _path_segment_problem(name: str) -> str:
    """Return what client-go says of a name that cannot be in a path (apimachinery's IsValidPathSegmentName)."""
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
        raise EpinioError("unable to parse CA file", explanations.NO_CERTIFICATE, exact=False)
    if not gourl.is_authority(host):
        raise EpinioError(f"invalid reference: invalid registry {quote(host)}", explanations.BAD_LOGIN_HOST)
    asked = references.requested(host)
    unreachable = references.problem(asked)
    if unreachable:
        problem = f"Get {quote(_api_url(asked))}: {unreachable}"
        raise EpinioError(f"authenticating to {quote(host)}: {problem}", explanations.UNREACHABLE_HOST, exact=False)
    username, password = destination.username, destination.password
    if asked != references.api_host(host) or not (username or password):
        raise EpinioError(_login_error(host, asked, "basic credential not found"), explanations.NO_LOGIN, exact=False)
    if not (username and password):
        problem = _login_error(host, asked, "missing username or password for basic auth")
        raise EpinioError(problem, explanations.HALF_LOGIN, exact=False)
    if ":" in username:
        raise EpinioError("bad credential format: colons(:) are not allowed in username", explanations.COLON_IN_USER)
    return login_target(host, username, password)


def login_target(host: str, username: str, password: str) -> Target:
    """Return where Helm logs in, whatever the credentials are worth."""
    return Target(references.sent(references.requested(host)), username=username, password=password)


def _login_error(host: str, asked: str, problem: str) -> str:
    return f"authenticating to {quote(host)}: GET {quote(_api_url(asked))}: {problem}"


def _api_url(asked: str, path: str = "") -> str:
    return f"https://{goescape.escape(asked, goescape.Part.HOST)}/v2/{path}"


def push_chart(destination: Destination, login_host: str, login: Target, *, name: str = CHART_NAME) -> Target:
    """Stage `chart-push`: return where Helm pushes the chart; it knows credentials for `login_host` alone."""
    path = _printed(destination.url)
    try:
        chart = references.parse_chart(f"{gourl.join(path, name)}:{CHART_VERSION}")
    except GoError as error:
        raise EpinioError(str(error), explanations.BAD_CHART) from None
    asked = references.requested(chart.host)
    unreachable = references.problem(asked)
    if unreachable:
        raise EpinioError(_chart_error("Head", asked, chart, unreachable), explanations.UNREACHABLE_HOST, exact=False)
    if asked != references.api_host(login_host):
        problem = _chart_error("HEAD", asked, chart, "basic credential not found")
        raise EpinioError(problem, explanations.OTHER_LOGIN, exact=False)
    return Target(references.sent(asked), chart.repository, login.username, login.password)


def _chart_error(method: str, asked: str, chart: Reference, problem: str) -> str:
    url = _api_url(asked, f"{chart.repository}/manifests/{CHART_VERSION}")
    return f'failed to perform "Exists" on destination: {method} {quote(url)}: {problem}'


def _printed(url: str) -> str:
    """Return the URL as Helm's uploader hands it on, without its scheme: read as a URL and printed again."""
    trimmed = url.removeprefix(_OCI) if url.startswith(_OCI) else trim_schemes(url)
    if _PLAIN.fullmatch(trimmed):
        return trimmed
    try:
        return str(gourl.parse(_OCI + trimmed)).removeprefix(_OCI)
    except GoError:
        raise EpinioError(f"invalid chart URL format: {_OCI}{trimmed}", explanations.BAD_CHART) from None


def trim_schemes(url: str) -> str:
    for scheme in _SCHEMES:
        url = url.removeprefix(scheme)
    return url


def push_image(destination: Destination, *, name: str = IMAGE_NAME) -> tuple[Reference, skopeo.Login]:
    """Stage `image-push`, first half: return where skopeo pushes the image and with which credentials."""
    try:
        image = references.parse_image(f"{trim_schemes(destination.url)}/{name}:{IMAGE_TAG}")
    except GoError as error:
        raise EpinioError(str(error), explanations.BAD_IMAGE) from None
    try:
        return image, skopeo.find_login(destination.document, image)
    except GoError as error:
        raise EpinioError(str(error), explanations.BAD_AUTH_FILE, exact=False) from None


def compare_targets(chart: Target, image: Reference, login: skopeo.Login) -> None:
    """Stage `image-push`, second half, the portal's own judgment: anonymous, or another registry than the chart's."""
    elsewhere = goes_elsewhere(chart.host, image)
    if login.anonymous:
        cause = explanations.OTHER_REGISTRY if elsewhere else explanations.ANONYMOUS
        raise EpinioError(None, cause, Why.ANONYMOUS)
    if elsewhere:
        raise EpinioError(None, explanations.OTHER_REGISTRY, Why.OTHER_REGISTRY)


def goes_elsewhere(chart_host: str, image: Reference) -> bool:
    return image.host != chart_host and not {image.host, chart_host} <= references.HUB


STAGES = tuple(stage for stage in Stage if stage is not Stage.LISTING)
