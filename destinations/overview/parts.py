"""A reference taken apart for people: which piece is the host, the organization, the name, the tag. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from destinations.model import Judgement, Target
from destinations.secret.mask import masked_key

LEGEND = (("host", "host"), ("organization", "organization"), ("name", "name"), ("tag", "tag"))
DOUBLED = "the organization appears twice"
ELSEWHERE = "not the chart's registry"


@dataclass(frozen=True, slots=True)
class ReferencePart:
    """A piece of a reference: a word of the legend, the text with what joins it, and what is odd about it."""

    kind: str
    text: str
    odd: str = ""


def parts(target: Target, tag: str, *, chart: Target | None = None) -> tuple[ReferencePart, ...]:
    """Return the pieces of `HOST/ORGANIZATION/NAME:TAG` in order; `chart` is where the chart goes, for an image."""
    above, slash, name = target.repository.rpartition("/")
    elsewhere = ELSEWHERE if chart is not None and chart.host != target.host else ""
    found = [ReferencePart("host", masked_key(target.host), elsewhere), ReferencePart("", "/")]
    if slash:
        found += [ReferencePart("organization", above, DOUBLED if _is_doubled(above) else ""), ReferencePart("", "/")]
    return (*found, ReferencePart("name", name), ReferencePart("", ":"), ReferencePart("tag", tag))


def references(
    judgement: Judgement, *, chart_tag: str, image_tag: str
) -> tuple[tuple[str, tuple[ReferencePart, ...]], ...]:
    """Return the references that an export results in, each with its name, as far as it gets."""
    found = []
    if judgement.chart:
        found.append(("Chart", parts(judgement.chart, chart_tag)))
    if judgement.image:
        found.append(("Image", parts(judgement.image, image_tag, chart=judgement.chart)))
    return tuple(found)


def odds(found: tuple[tuple[str, tuple[ReferencePart, ...]], ...]) -> tuple[str, ...]:
    """Return what is odd about references, each once: shown beside them, since color alone says nothing."""
    return tuple(dict.fromkeys(part.odd for _, pieces in found for part in pieces if part.odd))


def _is_doubled(path: str) -> bool:
    """Return whether a path is twice the same."""
    words = path.split("/")
    middle = len(words) // 2
    return len(words) % 2 == 0 and words[:middle] == words[middle:]
