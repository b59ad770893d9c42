"""The button that undoes what a message tells."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("destinations/_undo.html", takes_context=True)
def undo(context: template.RequestContext, tags: str) -> dict[str, Any]:
    """Return the form: `tags` begins with `on` or `off`, and has a line for each destination with its state."""
    to, *chosen = (tags or "").split("\n")
    return {"to": to, "chosen": chosen, "nonce": token_urlsafe(24), "csrf_token": context.get("csrf_token")}
