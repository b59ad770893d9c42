"""The attempts to sign in that this process has seen; every replica counts its own."""

from __future__ import annotations

from edrportal.signin.limits import Attempts

ATTEMPTS = Attempts()
