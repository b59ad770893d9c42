"""One line in the log for each event, whatever it holds; of an exception its types and places, never its words.

The words of an exception may quote what was being worked on: a password, the body of an answer.
"""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_FRAMES = 6


class LineFormatter(logging.Formatter):
    """Time (UTC), level, logger and message; control characters are spelled out."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        line = f"{when} {record.levelname} {record.name} {record.getMessage()}"
        if record.exc_info and record.exc_info[1]:
            line += f" | {_told(record.exc_info[1])}"
        return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def _told(error: BaseException) -> str:
    """Return the types of an exception and of what caused it, each with the places it came through."""
    parts, seen = [], set()
    current: BaseException | None = error
    while current and id(current) not in seen:
        seen.add(id(current))
        parts.append(f"{type(current).__qualname__} at {_places(current.__traceback__)}")
        current = current.__cause__ or current.__context__
    return " because of ".join(parts)


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames)) or "nowhere"
