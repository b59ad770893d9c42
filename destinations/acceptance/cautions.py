"""What an administrator should look at although Epinio may accept it: each with a code, a reason and a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from destinations.model import Caution

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from destinations.model import Secret, Target


def cautions(
    secret: Secret, secrets: Mapping[str, Secret], *, login: Target | None, image: Target | None, now: datetime
) -> tuple[Caution, ...]:
    """Return the cautions about a destination; `now` is aware."""
    return ()
