"""`|masked` and `|masked_key`: for texts that may hold a host key."""

from __future__ import annotations

from django import template

from destinations.secret.mask import masked, masked_key

register = template.Library()
register.filter("masked", masked)
register.filter("masked_key", masked_key)
