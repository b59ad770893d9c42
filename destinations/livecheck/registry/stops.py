"""How a stage of a check ends early."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType

from destinations.livecheck.registry.port import Code
from destinations.livecheck.registry.trouble import Trouble

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
