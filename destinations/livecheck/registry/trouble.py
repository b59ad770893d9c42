"""What a check stumbles over on its way to a registry: a code of the port, and never a word from outside."""

from __future__ import annotations

from destinations.livecheck.registry.port import Code


class Trouble(Exception):
    """The way ends here; `code` says why. Its text is the code, so it may be logged."""

    def __init__(self, code: Code) -> None:
        """Keep the code."""
        super().__init__(str(code))
        self.code = code


class OutOfTime(Trouble):
    """The deadline is over."""

    def __init__(self) -> None:
        """Need nothing more."""
        super().__init__(Code.OUT_OF_TIME)


class TooLarge(Trouble):
    """An answer of more bytes or header lines than anybody should send to `/v2/`."""

    def __init__(self) -> None:
        """Need nothing more."""
        super().__init__(Code.BAD_ANSWER)
