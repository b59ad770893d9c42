"""The keys of the settings, for what the sign-in signs."""

from __future__ import annotations

from django.conf import settings

from destinations.secret.keys import SigningKeys
from edrportal.configuration.environment import NO_KEY


def signing_keys() -> SigningKeys:
    """Return the keys of the settings; none where there is no key."""
    present = "" if settings.SECRET_KEY == NO_KEY else settings.SECRET_KEY
    return SigningKeys(present, tuple(settings.SECRET_KEY_FALLBACKS))
