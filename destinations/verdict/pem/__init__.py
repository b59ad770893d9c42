"""PEM as people have it: damaged, wrapped, joined. What Go itself reads is `acceptance/gopem.py`. Pure."""

from __future__ import annotations

from destinations.verdict.pem.marks import begun
from destinations.verdict.pem.repair import Refusal, Repaired, holds_private_key, read

__all__ = ["Refusal", "Repaired", "begun", "holds_private_key", "read"]
