"""Judgements as JSON rows: what the command line and `/api/destinations` print. No credentials in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from destinations.model import Judgement, Secret, Target
from destinations.secret.codec import is_destination
from destinations.verdict.judge import judge
from destinations.verdict.version import EpinioVersion


def judge_namespace(
    found: Iterable[Secret], *, now: datetime, version: EpinioVersion | None = None
) -> tuple[Judgement, ...]:
    """Return the judgement of every Secret of one namespace that carries the label key, by name."""
    secrets = {secret.name: secret for secret in found}
    listed = sorted((secret for secret in secrets.values() if is_destination(secret)), key=lambda secret: secret.name)
    return tuple(judge(secret, secrets, now=now, version=version) for secret in listed)


def row(judgement: Judgement) -> dict[str, Any]:
    """Return one judgement in the shape of the JSON interface."""
    return {
        "namespace": judgement.namespace,
        "name": judgement.name,
        "listed": judgement.listed,
        "url": judgement.url,
        "listing_error": judgement.listing_error,
        "verdict": judgement.verdict.value,
        "failed_stage": judgement.failed_stage.value if judgement.failed_stage else None,
        "error": judgement.error,
        "login": {"host": _text(judgement.login.host)} if judgement.login else None,
        "chart": _target(judgement.chart),
        "image": _target(judgement.image),
        "checks": [
            {"stage": check.stage.value, "ok": check.ok, "message": check.message, "fix": check.fix}
            for check in judgement.checks
        ],
        "warnings": [
            {"code": warning.code, "message": warning.message, "fix": warning.fix} for warning in judgement.warnings
        ],
        "error_is_exact": judgement.error_is_exact,
    }


def _target(target: Target | None) -> dict[str, str] | None:
    return {"host": _text(target.host), "repository": _text(target.repository)} if target else None


def _text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
