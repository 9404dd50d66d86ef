"""What is to be submitted by one body: reports with ids and numbers of their own, and which of them `elshi submit` answered for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from tests.chaos.plan import identifiers
from tests.chaos.stand import Seat, samples


class Submissions:
    """The stream of a body's documents through a submitter that may die at any moment."""

    def __init__(self, seat: Seat, folder: Path, seed: int, batch: int) -> None:
        self.seat = seat
        self.answered: dict[str, str] = {}
        self.replayed = 0
        self.refused: Counter[str] = Counter()
        self.given: set[str] = set()
        self._home, self._text, self._document, self._number = samples(folder, seat.body)
        self._ids: Iterator[tuple[UUID, int]] = identifiers(seed, seat.body)
        self._batch = batch
        self._open: list[Path] = []
        self._last: Path | None = None
        self._read = 0

    def fill(self, count: int) -> None:
        """Prepare up to so many more."""
        for _ in range(min(count, self._batch) - len(self._open)):
            document, number = next(self._ids)
            path = self._home / f"{document}.yaml"
            text = self._text.replace(self._document, str(document))
            path.write_text(text.replace(self._number, f"{self._number.rpartition('-')[0]}-{number}"), encoding="utf-8")
            self._open.append(path)
            self.given.add(f"urn:uuid:{document}")

    def next_run(self) -> list[str]:
        """Files for the next start: what has no answer yet, and once more the last that has one."""
        if not self._open:
            return []
        again = [self._last] if self._last is not None else []
        return [str(one) for one in (*again, *self._open)]

    def read(self) -> None:
        """What the submitter has answered since the last look; a line that was cut by a kill is no answer."""
        if not self.seat.output.exists():
            return
        with self.seat.output.open("rb") as file:
            file.seek(self._read)
            told = file.read()
        whole = told.rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                # The end of a line that a killed predecessor began.
                continue
            if "delivery" not in row:
                self.refused[str(row.get("error"))] += 1
                continue
            path = Path(row["file"])
            self.replayed += bool(row["replayed"])
            self.answered[row["documentId"]] = row["delivery"]
            if path in self._open:
                self._open.remove(path)
            self._last = path
