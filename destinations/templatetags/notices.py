"""The notices of a page: what was done, and each sentence of it one time."""

from __future__ import annotations

from collections.abc import Collection

from django import template
from django.contrib.messages.storage.base import Message

register = template.Library()


@register.filter
def without_repeats(messages: Collection[Message]) -> list[Message]:
    """Return the messages without those that a later one repeats, in their order.

    A form that is sent twice is written once and answered twice, and a browser may keep both answers for one page.
    """
    told = [*messages] if len(messages) else []  # what was looked through is forgotten, by a cookie with every page
    last = {(one.level, one.message, one.extra_tags): place for place, one in enumerate(told)}
    return [told[place] for place in sorted(last.values())]
