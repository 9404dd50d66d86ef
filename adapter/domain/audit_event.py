"""Audit events and the hash chain that makes a gap or a change visible.

digest(n) = SHA-256( digest(n-1) || canonical JSON of event n ), digest(0) = 32 zero bytes.
Canonical JSON: UTF-8, keys sorted, no white space, no floating point numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from adapter.domain.document import Sha256

GENESIS = Sha256("0" * 64)
"""Digest before the first event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """Who did what to which document, when, under which mandate (paragraph of the Rules or article of a law).

    details hold identifiers, codes, digests and counts; never content, secrets or personal numbers.
    """

    at: datetime
    actor: str
    action: str
    mandate: str
    document_id: str | None
    details: Mapping[str, str | int | bool | None]

    def canonical(self) -> bytes:
        """The bytes that enter the chain."""
        plain = {
            "at": self.at.astimezone(UTC).isoformat(),
            "actor": self.actor,
            "action": self.action,
            "mandate": self.mandate,
            "documentId": self.document_id,
            "details": dict(self.details),
        }
        return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainedEvent:
    """An event with its place in the chain: sequence from 1, the digest before it and its own."""

    sequence: int
    event: AuditEvent
    previous: Sha256
    digest: Sha256


def chain(previous: Sha256, event: AuditEvent) -> Sha256:
    """Digest of `event` standing after `previous`."""
    return Sha256(hashlib.sha256(bytes.fromhex(previous) + event.canonical()).hexdigest())


def first_break(events: Iterable[ChainedEvent]) -> int | None:
    """Sequence of the first event that does not follow from the one before it; None when the chain holds.

    The first event given is trusted for its `previous`: a segment can be judged without the events before it.
    """
    last: ChainedEvent | None = None
    for item in events:
        if item.digest != chain(item.previous, item.event):
            return item.sequence
        if item.sequence == 1 and item.previous != GENESIS:
            return item.sequence
        if last is not None and (item.previous != last.digest or item.sequence != last.sequence + 1):
            return item.sequence
        last = item
    return None
