"""One line of JSON in the log for each event, whatever it holds; of an exception its types and places, never its words.

The words of an exception may quote what was being worked on: a password, the body of an answer.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType

from edrportal.telemetry import requestid

_FRAMES = 6


class JsonFormatter(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`, and where there is one `request` and `error`; in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": stamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := requestid.current():
            line["request"] = request
        if record.exc_info and record.exc_info[1]:
            line["error"] = _told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)


def stamp(when: datetime) -> str:
    """Return a moment as logs write it: RFC 3339 in UTC, with milliseconds."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


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
