"""YAML that every reader takes for the same texts: kubectl and kubeseal read words and numbers in it that PyYAML does not.

Go's YAML 1.1 and 1.2 (go.yaml.in/yaml v2 and v3) take `y`, `n`, `1e3`, `08`, `0o7`, `0X1F` and more for truth values and
numbers, and U+0085 for a line break. So only what begins like a word, and is none of those, goes without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_./+=-]*")
_NOT_TEXTS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class Dumper(yaml.SafeDumper):
    """Quotes every text that could be taken for anything else."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = _WORD.fullmatch(text) and text.lower() not in _NOT_TEXTS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


Dumper.add_representer(str, _text)


def write(documents: Iterable[Any], *, dumper: type[Dumper] = Dumper, explicit_start: bool = False) -> str:
    """Return documents as YAML in the order of their members, no line folded."""
    found = yaml.dump_all(
        documents,
        Dumper=dumper,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
        explicit_start=explicit_start,
    )
    return str(found)
