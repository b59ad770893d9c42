"""The people of the sign-in's tests, to have pages open."""

from __future__ import annotations

from tests.signin.conftest import fresh_attempts, people

__all__ = ["fresh_attempts", "people"]
