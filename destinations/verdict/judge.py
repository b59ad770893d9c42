"""The verdict on one destination: runs the stages in Epinio's order and adds the cautions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import dumps

from destinations.golang.gox509 import GoCertificate
from destinations.model import Check, Judgement, Secret, Snapshot, Stage, Target, Verdict
from destinations.names import CONFIG_KEY, ORGANIZATION_ANNOTATION, REGISTRY_LABEL
from destinations.verdict import export, parsing
from destinations.verdict.cautions import cautions
from destinations.verdict.explanations import EpinioError
from destinations.verdict.export import Destination
from destinations.verdict.parsing import Reading, login_reads_auth

_PASSED = {stage: Check(stage, ok=True) for stage in Stage}


@dataclass(slots=True)
class _Progress:
    checks: list[Check] = field(default_factory=list)
    url: str | None = None
    listing_error: str | None = None
    exact: bool = True
    login: Target | None = None
    chart: Target | None = None
    image: Target | None = None
    stop: EpinioError | None = None

    def passed(self, stage: Stage) -> None:
        self.checks.append(_PASSED[stage])

    def failed(self, stage: Stage, stop: EpinioError) -> None:
        why = stop.advice
        self.exact &= stop.exact and not stop.why
        said = Check(stage, ok=False, message=why.message, fix=why.fix, error=stop.error, error_is_exact=stop.exact)
        self.checks.append(said)


def judge(secret: Secret, snapshot: Snapshot) -> Judgement:
    """Return what Epinio will do with `secret`; the snapshot is of its namespace."""
    progress, secrets = _Progress(), snapshot.secrets
    reading = Reading(secret)
    trusted = export.trusted(secret, secrets)
    _list(secret, reading, progress)
    _export(
        _stages(secret, secrets, reading, trusted, progress, reads_auth=login_reads_auth(snapshot.version)), progress
    )
    found = cautions(secret, secrets, reading, trusted, login=progress.login, image=progress.image, now=snapshot.now)
    return Judgement(
        name=secret.name,
        namespace=secret.namespace,
        listed=progress.url is not None,
        url=progress.url,
        listing_error=progress.listing_error,
        verdict=_verdict(progress, at_risk=bool(found)),
        failed_stage=progress.checks[-1].stage if progress.stop else None,
        error=progress.stop.error if progress.stop else None,
        error_is_exact=progress.exact,
        why=progress.stop.why if progress.stop else None,
        login=progress.login,
        chart=progress.chart,
        image=progress.image,
        checks=tuple(progress.checks),
        warnings=found,
        disabled=secret.labels.get(REGISTRY_LABEL) == "false",
    )


def _verdict(progress: _Progress, *, at_risk: bool) -> Verdict:
    if progress.url is None:
        return Verdict.NOT_LISTED
    if progress.stop:
        return Verdict.EXPORT_FAILS
    return Verdict.AT_RISK if at_risk else Verdict.ACCEPTED


def _list(secret: Secret, reading: Reading, progress: _Progress) -> None:
    """Run the listing: the label selector first, then the lenient reading of the Secret."""
    try:
        export.look_up(secret)
    except EpinioError as stop:
        progress.failed(Stage.LISTING, EpinioError(None, stop.advice))
        return
    try:
        progress.url = reading.url
    except EpinioError as error:
        progress.listing_error = error.error
        progress.failed(Stage.LISTING, error)
    else:
        progress.passed(Stage.LISTING)


def _export(stages: Iterator[None], progress: _Progress) -> None:
    for stage in export.STAGES:
        try:
            next(stages)
        except EpinioError as stop:
            progress.stop = stop
            progress.failed(stage, stop)
            return
        progress.passed(stage)


def _stages(  # noqa: PLR0913 - everything that is known of a destination
    secret: Secret,
    secrets: Mapping[str, Secret],
    reading: Reading,
    trusted: Sequence[GoCertificate],
    progress: _Progress,
    *,
    reads_auth: bool,
) -> Iterator[None]:
    """Run the export, one stage between two yields; a stage that fails raises EpinioError."""
    export.look_up(secret)
    yield
    destination = read_credentials(reading, reads_auth=reads_auth)
    yield
    host = export.destination_host(secret.name, destination.url)
    yield
    bundle = export.load_bundle(secret, secrets)
    yield
    progress.login = login = export.log_in(host, destination, bundle, trusted)
    yield
    progress.chart = chart = export.push_chart(destination, host, login)
    yield
    image, found = export.push_image(destination)
    progress.image = Target(image.host, image.repository, found.username, found.password)
    export.compare_targets(chart, image, found)
    yield


def read_credentials(reading: Reading, *, reads_auth: bool) -> Destination:
    """Stage `credentials`: the strict reading of the Secret. Raises EpinioError."""
    try:
        config = reading.config
        entry = parsing.read_entry(config)
    except EpinioError as error:
        raise EpinioError(f"bad export destination: bad url: {error}", error.advice, exact=error.exact) from None
    username, password = parsing.effective_login(entry, reads_auth=reads_auth)
    return Destination(f"{entry.host_key}/{config.organization}", username, password, config.document)


def preview(host: str, organization: str, snapshot: Snapshot) -> Judgement:
    """Return the judgment of a sound destination with this host key and organization: its references, or its failure."""
    auth = {"auth": b64encode(b"user:password").decode(), "username": "user", "password": "password"}
    secret = Secret(
        name="preview",
        labels={REGISTRY_LABEL: "true"},
        annotations={ORGANIZATION_ANNOTATION: organization},
        data={CONFIG_KEY: dumps({"auths": {host: auth}}).encode()},
    )
    return judge(secret, replace(snapshot, secrets={secret.name: secret}))
