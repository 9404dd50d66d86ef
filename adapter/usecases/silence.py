"""That a trust service was silent a moment ago, as one process knows it: nobody waits for the same silence twice in a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_SHORTEST = timedelta(seconds=3)
_TIMES_AS_LONG = 5
"""Nobody asks again for so many times as long as the silence took: what waits for no service must not stand behind one
timeout after the other."""
_LONGEST = timedelta(minutes=5)


@dataclass(slots=True)
class Silence:
    """Changed in place; worth nothing to another process, and lost with this one."""

    until: datetime | None = None
    code: str = ""

    def lasts(self, now: datetime) -> str | None:
        """The code of the silence while nobody should ask; a clock that went back does not make it longer."""
        if self.until is None or not now < self.until <= now + _LONGEST:
            return None
        return self.code

    def begins(self, code: str, *, now: datetime, took: timedelta) -> None:
        """A service did not answer, which took so long."""
        self.until = now + min(_LONGEST, max(_SHORTEST, took * _TIMES_AS_LONG))
        self.code = code
