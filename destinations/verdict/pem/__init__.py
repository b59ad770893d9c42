"""PEM as people have it: damaged, wrapped, joined. What Go itself reads is `golang/gopem.py`. Pure."""

from __future__ import annotations

from destinations.verdict.pem.marks import begun
from destinations.verdict.pem.repair import Repaired, holds_private_key, read

__all__ = ["Repaired", "begun", "holds_private_key", "read"]
