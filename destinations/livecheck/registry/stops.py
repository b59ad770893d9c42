"""What a check stumbles over on its way to a registry: a code of the port, and never a word from outside."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType

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


_ENDS_THE_TOOLS_TOO = {Code.NO_SUCH_NAME, Code.NO_CONNECTION, Code.BAD_ANSWER}


class Stop(Exception):
    """A stage ends here: `ok` False where the tool would fail, None where nobody can know.

    `ok` is Helm's, `ok_image` skopeo's, where a stage serves both. Holds no word of a server.
    """

    def __init__(
        self,
        code: Code,
        *,
        ok: bool | None = False,
        ok_image: bool | EllipsisType | None = ...,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the outcome; without a word of its own skopeo's is Helm's."""
        super().__init__(code.value)
        self.code = code
        self.ok = ok
        self.ok_image = ok if isinstance(ok_image, EllipsisType) else ok_image
        self.detail = dict(detail or {})

    @classmethod
    def of(cls, trouble: Trouble) -> Stop:
        """Return what follows of a trouble on the way: what the portal itself refuses or gives up says nothing of the tool."""
        return cls(trouble.code, ok=False if trouble.code in _ENDS_THE_TOOLS_TOO else None)
