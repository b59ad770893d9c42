"""What a fix is, and what the makers of fixes have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from destinations.model import Judgement, Secret, Snapshot
from destinations.names import BUNDLE_KEY
from destinations.secret.codec import merged
from destinations.verdict.judge import judge

NEW_BUNDLE = "a-new-certificate-secret"
"""Placeholder for the certificate Secret that a fix makes, until the write gives it a name."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to repair one thing.

    `secret` is the destination after it; `bundle` is the content of a certificate Secret to be made, which the
    destination then names; `asks` names what a person has to type for it, if anything. One that is not `certain` is
    offered and not proposed: only a person knows whether it is right.
    """

    code: str
    title: str
    secret: Secret
    bundle: bytes = field(default=b"", repr=False)
    asks: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """Which fixes someone chose, and what was typed for those that ask."""

    codes: frozenset[str]
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What the makers look at beside the Secret: its namespace, the choice, and the bundle made so far."""

    snapshot: Snapshot
    choice: Choice
    bundle: bytes = field(default=b"", repr=False)

    def judged(self, secret: Secret) -> Judgement:
        made = Secret(NEW_BUNDLE, data={BUNDLE_KEY: self.bundle})
        return judge(secret, self.snapshot.having(secret, made))


Maker: TypeAlias = Callable[[Secret, Case], list[Fix]]
"""Returns the ways to repair one kind of fault, several where a person has to choose, none where there is no fault."""


def set_data(secret: Secret, changes: Mapping[str, bytes | None]) -> Secret:
    return replace(secret, data=merged(secret.data, changes))


def set_annotations(secret: Secret, changes: Mapping[str, str | None]) -> Secret:
    return replace(secret, annotations=merged(secret.annotations, changes))
