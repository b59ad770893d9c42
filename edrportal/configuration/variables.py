"""Reads single environment variables; what is wrong with one is told by its name and never by its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

MAX_PORT = 65535


class ConfigurationError(ValueError):
    """A setting that the server cannot start with; the text names the variable and never its value."""


def number(variables: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number, -1 if it is not one: `check` says so when a server starts."""
    text = variables.get(name) or str(default)
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else -1


def secret(variables: Mapping[str, str], name: str) -> str:
    """Return what the variable holds, or the file that its `…_FILE` twin names. Raises ConfigurationError."""
    if path := variables.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"{name}_FILE cannot be read") from None
    return variables.get(name, "")
