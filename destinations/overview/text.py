"""Verdicts as text for people: aligned, with the broken stage and the fix under the row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from destinations.model import Judgement, Verdict
from destinations.secret.mask import masked, masked_judgement

_COLOURS = {Verdict.ACCEPTED: 32, Verdict.AT_RISK: 33, Verdict.EXPORT_FAILS: 31, Verdict.NOT_LISTED: 35}


def render(judgements: Sequence[Judgement], *, colour: bool) -> str:
    """Return the text, empty for no destination. Control characters are spelled out."""
    namespaces = {judgement.namespace for judgement in judgements}
    names = {id(one): plain(f"{one.namespace}/{one.name}" if len(namespaces) > 1 else one.name) for one in judgements}
    width = max((len(name) for name in names.values()), default=0)
    lines = []
    for label, one in zip(names.values(), map(masked_judgement, judgements), strict=True):
        word = f"{one.verdict.value:12}"
        shown = f"\x1b[{_COLOURS[one.verdict]}m{word}\x1b[0m" if colour else word
        lines.append(f"{label:{width}}  {shown}  {plain(one.url or '-')}".rstrip())
        lines += [f"{'':{width}}    {plain(line)}" for line in _reasons(one)]
    return "\n".join(lines)


def _reasons(judgement: Judgement) -> Iterator[str]:
    for check in judgement.checks:
        if not check.ok:
            yield f"{check.stage.value}: {check.message}"
            if check.error:
                label = "Epinio's message" if check.error_is_exact else "Details"
                yield f"{label}: {check.error}"
            yield f"Fix: {check.fix}"
    for warning in judgement.warnings:
        yield f"{warning.code}: {warning.message}"
        yield f"Fix: {warning.fix}"


def plain(text: str) -> str:
    """Return text for a terminal: passwords in host keys masked, control characters spelled out."""
    text = masked(text)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
