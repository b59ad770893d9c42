"""The overview's rows: one for every destination, whatever state it is in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from destinations import names
from destinations.model import Check, Judgement, Secret, Snapshot, Stage, Verdict
from destinations.overview import answer
from destinations.overview.answer import CheckSummary, ExportAnswer, Prediction
from destinations.secret import codec, docker_config, owners
from destinations.secret.codec import rfc3339
from destinations.secret.mask import masked, masked_judgement, masked_key
from destinations.verdict import certificates, tokens
from destinations.verdict.certificates import CertificateSummary, Health
from destinations.verdict.judge import judge

_WORDS = {
    Verdict.NOT_LISTED: ("hidden", "Hidden by Epinio"),
    Verdict.EXPORT_FAILS: ("fails", "Export will fail"),
    Verdict.AT_RISK: ("at-risk", "Accepted, with warnings"),
    Verdict.ACCEPTED: ("accepted", "Accepted"),
}
_DISABLED = ("disabled", "Disabled")
STATUSES = (*_WORDS.values(), _DISABLED)
"""Every status as a CSS word and in words, those first that someone has to act on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One destination for the table: its judgment in words, its bundle's health, its age.

    `fix` says what to do about `reason`; `expires_on` is the stated end of the credentials, `ends_on` the first day on
    which they or a certificate end; both are dates in ISO form, empty for none. `kind`, `status`, `reason` and `fix` are of
    the Secrets alone, and so is `prediction`, what they mean for an export; `answer` is that and the last live check, where
    the row was made with one.
    """

    secret: Secret = field(hash=False)
    judgement: Judgement = field(hash=False)
    kind: str
    status: str
    reason: str
    url: str
    organization: str
    bundle: str
    age: str
    answer: ExportAnswer
    prediction: Prediction
    fix: str = ""
    expires_on: str = ""
    ends_on: str = ""
    is_expired: bool = False

    @property
    def name(self) -> str:
        return self.secret.name

    @property
    def lock(self) -> str:
        """Why the portal does not write it, in short; empty where it does."""
        owner = owners.owner(self.secret)
        return f"managed by {owner.name}" if owner else "immutable" if self.secret.immutable else ""

    @property
    def team(self) -> str:
        return self.secret.labels.get(names.TEAM_LABEL, "")

    @property
    def description(self) -> str:
        return self.secret.annotations.get(names.DESCRIPTION_ANNOTATION, "")


def rows(snapshot: Snapshot) -> tuple[Row, ...]:
    """Return a row for every Secret that carries the label key, by name."""
    return tuple(row(secret, snapshot) for secret in snapshot.destinations)


def row(secret: Secret, snapshot: Snapshot) -> Row:
    now, judgement = snapshot.now, masked_judgement(judge(secret, snapshot))
    kind, status = status_of(judgement)
    bundle = bundle_of(secret, snapshot.secrets)
    reason, fix = map(masked, _reason(judgement))
    day = tokens.stated_day(secret)
    expires_on = day.isoformat() if day else ""
    prediction = _prediction(Prediction(kind, reason, fix, failing_stage(judgement)), judgement, bundle, now)
    return Row(
        secret=secret,
        judgement=judgement,
        kind=kind,
        status=status,
        reason=reason,
        url=masked_key(judgement.url) if judgement.url else docker_config.shown_hosts(secret) or "-",
        organization=masked_key(secret.annotations.get(names.ORGANIZATION_ANNOTATION, "")),
        bundle=_bundle_health(bundle, secret, now),
        age=age(secret.created_at, now),
        answer=answer.join(prediction, None, now),
        prediction=prediction,
        fix=fix,
        expires_on=expires_on,
        ends_on=min(filter(None, [expires_on, *(f"{one.not_after:%Y-%m-%d}" for one in bundle)]), default=""),
        is_expired=day is not None and day < now.date(),
    )


def with_check(found: Row, check: CheckSummary | None, now: datetime, fresh: timedelta) -> Row:
    """Return the row with the answer that a live check of this very state gives, or with none."""
    if check is None:
        return found
    return replace(found, answer=answer.join(found.prediction, check, now, fresh))


_NONE_VALID = "No certificate in the CA bundle is valid now, so the export will fail at the login."
_NEW_BUNDLE = "Replace the CA bundle with the registry's current CA certificate."


def _prediction(
    said: Prediction, judgement: Judgement, bundle: Sequence[CertificateSummary], now: datetime
) -> Prediction:
    """Return what the Secrets mean for an export: Epinio accepts a bundle that has expired, and Helm trusts nothing else."""
    health = {one.health(now) for one in bundle}
    if said.kind != "at-risk" or not health or not health <= {Health.EXPIRED, Health.NOT_YET}:
        return said
    told = next((one.message for one in judgement.warnings if one.code == "certificates-expired"), _NONE_VALID)
    return Prediction("fails", told, _NEW_BUNDLE, Stage.LOGIN.value, "edit")


def failing_stage(judgement: Judgement) -> str:
    """Return the stage that a row's reason is about, empty for none."""
    return next((check.stage.value for check in judgement.checks if not check.ok), "")


def status_of(judgement: Judgement) -> tuple[str, str]:
    """Return the status as a CSS word and in words."""
    return _DISABLED if judgement.disabled else _WORDS[judgement.verdict]


def failed(judgement: Judgement) -> list[Check]:
    """Return the checks that failed, those of one cause once: the last, which has the message of the export."""
    return list({check.message: check for check in judgement.checks if not check.ok}.values())


def _reason(judgement: Judgement) -> tuple[str, str]:
    """Return why it is not simply accepted, and what to do; both empty where it is."""
    first = next((check for check in judgement.checks if not check.ok), None)
    if first:
        hidden_only = judgement.verdict is Verdict.NOT_LISTED and judgement.failed_stage is None
        by_name = " An export by name still works." if hidden_only else ""
        return f"{first.message}{by_name}", first.fix or ""
    return (judgement.warnings[0].message, judgement.warnings[0].fix) if judgement.warnings else ("", "")


def bundle_of(secret: Secret, secrets: Mapping[str, Secret]) -> tuple[CertificateSummary, ...]:
    """Return the certificates that Helm and skopeo will trust, none where there is no bundle or no usable one."""
    held = secrets.get(codec.certs_name(secret))
    return certificates.read_bundle(held.data.get(names.BUNDLE_KEY, b"")).certificates if held else ()


def _bundle_health(found: Sequence[CertificateSummary], secret: Secret, now: datetime) -> str:
    if not codec.certs_name(secret):
        return "public CAs"
    if not found:
        return "no usable certificate"
    states = [certificate.health(now) for certificate in found]
    worst = next(
        (state for state in (Health.EXPIRED, Health.NOT_YET, Health.EXPIRING) if state in states), Health.VALID
    )
    first = min(certificate.not_after for certificate in found)
    return f"{worst} · {first:%Y-%m-%d}"


def age(created_at: str, now: datetime) -> str:
    """Return how long ago a Secret was made, in its largest unit."""
    try:
        seconds = (now - datetime.fromisoformat(created_at)).total_seconds()
    except (ValueError, TypeError):
        return "-"
    for unit, size in (("y", 31_536_000), ("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


def ago(at: datetime, now: datetime) -> str:
    """Return in words how long ago a check was; one that is later than clocks differ has no age."""
    if at - now > answer.SKEW:
        return "at a time in the future"
    passed = age(rfc3339(at), now)
    return "just now" if passed == "now" else f"{passed} ago"


def aged(found: Iterable[Row], now: datetime) -> tuple[Row, ...]:
    return tuple(replace(one, age=age(one.secret.created_at, now)) for one in found)


def account(found: Row) -> tuple[str, str] | None:
    """Return the host where Epinio logs in, and the user name; None where it does not get so far."""
    login = found.judgement.login
    return (login.host, login.username) if login else None


def notices(*, is_mixed: bool, shared: Iterable[str]) -> tuple[str, ...]:
    """Return what no single destination tells: what Epinio's server remembers between exports.

    `is_mixed` says that some destinations have a CA bundle and some do not; `shared` are the hosts with several accounts.
    """
    said = []
    if is_mixed:
        said.append(
            "Some destinations have a CA bundle and some do not. Epinio's server remembers a bundle: after an "
            "export with one, an export from the same namespace without one fails with “certificate signed by "
            "unknown authority” until the server restarts."
        )
    if hosts := sorted(shared):
        said.append(
            f"Several accounts push to {', '.join(hosts)}. Epinio keeps one login per host: exports that run at "
            "the same time can use each other's account."
        )
    return tuple(said)
