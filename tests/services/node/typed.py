"""What the documents tell people to type and to apply, word by word."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

_PROJECT = Path(__file__).parents[3]


def command(document: str, beginning: str) -> str:
    """Return the only command of a document that begins so, as it stands there."""
    lines = (_PROJECT / document).read_text().splitlines()
    found = {line.strip() for line in lines if re.match(rf" {{4,}}{re.escape(beginning)}(\s|$)", line)}
    (only,) = found
    return only


def commands(document: str) -> list[str]:
    """Return what a document tells to type, in its order, each line once."""
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", (_PROJECT / document).read_text())
    return list(dict.fromkeys(re.findall(r"(?m)^ {4}([a-z].*)$", text)))


def manifest(kind: str, name: str) -> dict[str, Any]:
    """Return the only object of a kind and a name, or the beginning of one, that stands in any document as YAML."""
    found = []
    for document in (_PROJECT / "README.md", *sorted((_PROJECT / "docs").glob("*.md"))):
        blocks = re.findall(r"(?ms)^( *)```yaml\n(.*?)^\1```", document.read_text())
        objects = [one for _, text in blocks for one in yaml.safe_load_all(textwrap.dedent(text))]
        found += [one for one in objects if isinstance(one, dict) and one.get("kind") == kind]
    (only,) = (one for one in found if name in {one["metadata"].get("name"), one["metadata"].get("generateName")})
    return dict(only)
