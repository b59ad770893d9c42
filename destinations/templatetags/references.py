"""`{% references judgment %}`: chart and image with their parts marked, and a legend."""

from __future__ import annotations

from typing import Any

from django import template

from destinations.model import Judgement
from destinations.overview import parts
from destinations.verdict.export import CHART_VERSION, IMAGE_TAG

register = template.Library()


@register.inclusion_tag("destinations/_references.html")
def references(judgement: Judgement) -> dict[str, Any]:
    found = parts.references(judgement, chart_tag=CHART_VERSION, image_tag=IMAGE_TAG)
    return {"found": found, "odds": parts.odds(found), "legend": parts.LEGEND}
