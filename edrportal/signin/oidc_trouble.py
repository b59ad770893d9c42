"""Why a single sign-on did not work, fit for a page."""

from __future__ import annotations


class OidcTrouble(Exception):
    """What went wrong, and what to do; never a code, a token, a secret or the provider's own words."""

    def __init__(self, message: str, fix: str) -> None:
        """Keep both sentences."""
        super().__init__(message)
        self.message = message
        self.fix = fix
