"""What a reading of the audit chain finds: the walk from event to event, and the verdict made of its findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from adapter.domain.audit_event import GENESIS, ChainedEvent, chain
from adapter.domain.document import Sha256
from adapter.errors import Finding, Severity
from adapter.ports import ChainHead

SHOWN = 20
"""Faults told one by one; the rest is counted. After the first break of a chain most of what follows is its echo."""


class JournalVerdict(StrEnum):
    """The three ends."""

    HOLDS = "holds"
    BROKEN = "broken"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """What somebody else was told of the chain: this event has this digest. `source` is where it stands, for people."""

    source: str
    sequence: int
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalReport:
    """What was found. Faults are findings of severity error, what cannot be told is a warning, notes are info.

    events          how many were read
    head            the end of the chain; None when it is empty
    stamps          how many time-stamps stand over it, and the last event that one stands over
    bytes_checked   contents whose size was compared, or that were read
    faults          all of them, those that are not shown too
    """

    verdict: JournalVerdict
    events: int
    head: ChainHead | None
    stamps: int
    stamped_up_to: int
    bytes_checked: int
    faults: int
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Found:
    """Findings of a run, the first of each severity kept."""

    shown: list[Finding] = field(default_factory=list)
    faults: int = 0
    undecided: int = 0

    def fault(self, code: str, **params: object) -> None:
        self.faults += 1
        if self.faults <= SHOWN:
            self.shown.append(Finding(code=code, severity=Severity.ERROR, params=params))

    def cannot_tell(self, code: str, **params: object) -> None:
        self.undecided += 1
        if self.undecided <= SHOWN:
            self.shown.append(Finding(code=code, severity=Severity.WARNING, params=params))

    def note(self, code: str, **params: object) -> None:
        self.shown.append(Finding(code=code, severity=Severity.INFO, params=params))

    @property
    def verdict(self) -> JournalVerdict:
        if self.faults:
            return JournalVerdict.BROKEN
        return JournalVerdict.CANNOT_TELL if self.undecided else JournalVerdict.HOLDS


@dataclass(slots=True)
class Walk:
    """The chain as it is read, event by event; `sees` gets every event that could be read."""

    found: Found
    sequence: int = 0
    digest: Sha256 | None = GENESIS
    events: int = 0
    passed_over: int = 0

    def step(self, item: ChainedEvent) -> None:
        """One event: its place, the one before it, its own digest."""
        if item.sequence != self.sequence + 1:
            self.found.fault("journal.gap", expected=self.sequence + 1, found=item.sequence)
        elif self.digest is not None and item.previous != self.digest:
            self.found.fault("journal.not-following", sequence=item.sequence, expected=self.digest, found=item.previous)
        expected = _digest_of(item)
        if expected != item.digest:
            self.found.fault("journal.edited", sequence=item.sequence, expected=expected, found=item.digest)
        self.sequence, self.digest = item.sequence, item.digest
        self.events += 1
        self.passed_over = 0

    def unreadable(self) -> None:
        """A row that is no event any more; what follows it is judged by itself."""
        self.sequence += 1
        self.passed_over += 1
        self.found.fault("journal.unreadable", sequence=self.sequence)
        self.digest = None


def _digest_of(item: ChainedEvent) -> str:
    try:
        return chain(item.previous, item.event)
    except (ValueError, TypeError):  # a `previous` that is no digest
        return ""
