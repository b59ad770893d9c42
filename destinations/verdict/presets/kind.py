"""What is known of one kind of registry. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PORT = re.compile(r":[0-9]+\Z")
_MAX_HOST = 300


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of registry.

    `host` is the host itself where everybody has the same one (`fixed`), else an example of it; `patterns` are regular
    expressions over a host without its port, in lower case. `word` is what the organization is called there, `where`
    the way to an account for a machine, `right` what it needs to push, `credential` which kind of password that is.
    """

    key: str
    kind: str
    host: str
    patterns: tuple[str, ...]
    word: str
    organization: str
    where: str
    right: str
    username: str
    credential: str
    traps: tuple[str, ...] = ()
    fixed: bool = False
    fixed_username: str = ""

    def knows(self, host: str) -> bool:
        """Say whether a host, with or without a port, is probably of this kind."""
        name = _PORT.sub("", host.strip().lower())
        return len(name) <= _MAX_HOST and any(re.fullmatch(pattern, name) for pattern in self.patterns)
