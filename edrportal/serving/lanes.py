"""How many requests of a kind are answered at once, and how long others wait for a place. For one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Choose = Callable[[str], "Lane"]


class Lane:
    """Places for requests of a kind; a waiting request holds no thread."""

    def __init__(self, places: int, wait: float, what: str = "requests") -> None:
        self.places = places
        self.taken_by = f"{places} other {what}"
        self._wait = wait
        self._semaphore = asyncio.Semaphore(places)
        self._taken = 0
        self._moved = 0.0

    async def enter(self) -> bool:
        """Return False where no place became free in time."""
        try:
            async with asyncio.timeout(self._wait):
                await self._semaphore.acquire()
        except TimeoutError:
            return False
        self._taken += 1
        self._moved = asyncio.get_running_loop().time()
        return True

    def leave(self) -> None:
        self._taken -= 1
        self._moved = asyncio.get_running_loop().time()
        self._semaphore.release()

    def stuck(self, now: float) -> float:
        """Return for how many seconds every place has been taken and none became free; 0 where one is. Safe for threads."""
        return now - self._moved if self._taken >= self.places else 0.0
