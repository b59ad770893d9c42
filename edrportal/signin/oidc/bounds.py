"""The bounds of an answer from the OpenID provider: time, size, and no redirect."""

from __future__ import annotations

import time
from typing import Any

from requests import PreparedRequest, Response, codes
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.reasons import OidcTrouble

_MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024
_CONNECT_SECONDS, _READ_SECONDS = 2.0, 4.0


class Deadline:
    """The moment from which an answer comes too late."""

    def __init__(self, seconds: float) -> None:
        """Begin to count."""
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that remain. Raises OidcTrouble where none do."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise OidcTrouble(*why.SLOW)
        return seconds


class Bounded(HTTPAdapter):
    """Reads an answer to its end within the deadline and the size, and refuses a redirect before anybody follows it."""

    def __init__(self, deadline: Deadline) -> None:
        """Take the deadline of what is asked."""
        self._deadline = deadline
        super().__init__()

    def send(self, request: PreparedRequest, *_: Any, **options: Any) -> Response:  # noqa: ANN401
        """Send and read. Raises OidcTrouble, and what requests and urllib3 raise."""
        left = self._deadline.left
        timeout = (min(_CONNECT_SECONDS, left), min(_READ_SECONDS, left))
        answer = super().send(request, **options | {"stream": True, "timeout": timeout})
        try:
            if answer.status_code // 100 == codes.multiple_choices // 100:
                raise OidcTrouble(*why.REDIRECTS)
            answer.encoding = "utf-8"  # as RFC 8259 has it for JSON; guessing takes seconds
            answer._content = self._content(answer.raw)  # noqa: SLF001 - where requests keeps what it read
        finally:
            answer.close()
        return answer

    def _content(self, raw: HTTPResponse) -> bytes:
        content = b""
        while chunk := raw.read1(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > _MAX_BYTES:
                raise OidcTrouble(*why.TOO_LARGE)
            _ = self._deadline.left
        return content
