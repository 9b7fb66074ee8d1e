"""Whoever asks without signing in is counted, by address and minute, in each process."""

import contextlib
import time
from collections.abc import Callable, Generator

from comptoir.feeds.errors import TooOften

MINUTE = 60.0
MOST_ADDRESSES = 100_000


class Guard:
    """`guard.take("near", address, most=120)`: raises TooOften beyond so many in a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minute = 0.0
        self._taken: dict[tuple[str, str], int] = {}
        self._busy: dict[str, int] = {}

    def take(self, what: str, who: str, *, most: int) -> None:
        now = self._clock()
        # Beyond that many addresses all begin anew, rather than filling the memory.
        if now - self._minute >= MINUTE or len(self._taken) >= MOST_ADDRESSES:
            self._minute, self._taken = now, {}
        taken = self._taken.get((what, who), 0)
        if taken >= most:
            raise TooOften(f"At most {most} a minute.", most=most)
        self._taken[what, who] = taken + 1

    def room(self, what: str, *, most: int) -> None:
        """Raises TooOften while so many are under way."""
        if self._busy.get(what, 0) >= most:
            raise TooOften(f"At most {most} at once.", most=most)

    @contextlib.contextmanager
    def busy(self, what: str) -> Generator[None]:
        """Something long is under way."""
        self._busy[what] = self._busy.get(what, 0) + 1
        try:
            yield
        finally:
            self._busy[what] -= 1
