"""`|moment`: a time as UTC, which the script of the page turns into the viewer's own zone."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def moment(value: datetime | str) -> str:
    """Return a time element; a text that is no RFC 3339 time stays a text."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        told = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return format_html("{}", value)
    return format_html('<time datetime="{}">{} UTC</time>', f"{told:%Y-%m-%dT%H:%M:%SZ}", f"{told:%Y-%m-%d %H:%M:%S}")
