"""The verdict on one destination: runs the stages in Epinio's order and adds the cautions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from destinations.acceptance.version import EpinioVersion
    from destinations.model import Judgement, Secret


def judge(
    secret: Secret, secrets: Mapping[str, Secret], *, now: datetime, version: EpinioVersion | None = None
) -> Judgement:
    """Return what Epinio will do with `secret`, which carries the label key; `secrets` is its namespace by name."""
    raise NotImplementedError


def preview(host: str, organization: str, *, version: EpinioVersion | None = None) -> Judgement:
    """Return the judgement of a sound destination with this host key and organization: its targets and its break."""
    raise NotImplementedError
