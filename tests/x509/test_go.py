"""The reading of certificates against Go's own crypto/x509, built from the standard library of the Go that is here."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.services.effort import times
from tests.x509 import changed, unusual
from tests.x509.asking import go_says, is_of_the_version, portal_says
from tests.x509.handmade import CASES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(3600)


@pytest.mark.parametrize("what", CASES)
def test_a_certificate_is_refused_in_gos_words(what: str) -> None:
    content, message = CASES[what]
    assert portal_says(content) == message


def test_go_says_the_same_of_those() -> None:
    said = go_says([content for content, _ in CASES.values()])
    answers = zip(CASES, said.messages, strict=True)
    differ = {what: go for what, go in answers if go != CASES[what][1] and not is_of_the_version(go, CASES[what][1])}
    assert not differ, said.version


def compared(certificates: list[tuple[str, bytes]]) -> tuple[list[str], list[str]]:
    """Return which verdicts and which messages differ; print how many, and how many only because Go's versions do."""
    said = go_says([content for _, content in certificates])
    verdicts, messages, excluded = list[str](), list[str](), Counter[str]()
    for (what, content), go in zip(certificates, said.messages, strict=True):
        portal = portal_says(content)
        kind, differing = ("messages", messages) if go and portal else ("verdicts", verdicts)
        if go != portal and is_of_the_version(go, portal):
            excluded[kind] += 1
        elif go != portal:
            differing.append(f"{what[:300]}\n Go: {go!r}\n portal: {portal!r}")
    print(  # noqa: T201 - the figures are what `make soak` is for
        f"{said.version}: of {len(certificates)} certificates {said.messages.count('')} are taken, {len(verdicts)} verdicts and "
        f"{len(messages)} messages differ; by Go's version alone {excluded['verdicts']} and {excluded['messages']} more"
    )
    return verdicts, messages


def test_certificates_with_changed_bytes_are_judged_as_go_judges_them() -> None:
    count = times(2_000, 20_000)
    verdicts, messages = compared(list(islice(changed.certificates(Random(20_000)), count)))
    assert len(verdicts) <= count // 1000, verdicts
    assert len(messages) <= count // 1000, messages


def test_certificates_of_unusual_options_are_judged_as_go_judges_them(tmp_path: Path) -> None:
    verdicts, messages = compared(list(islice(unusual.certificates(tmp_path, Random(500)), times(60, 500))))
    assert not verdicts
    assert not messages


def test_the_certificates_that_are_changed_are_taken_as_they_are() -> None:
    made = changed.made()
    assert go_says(made).messages == [""] * len(made) == list(map(portal_says, made))
