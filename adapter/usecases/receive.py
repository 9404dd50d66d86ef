"""Raw message, journal, answer. Nothing slow, no network: the answer is given only after the bytes are durable."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.domain.audit_event import AuditEvent
from adapter.domain.incoming import JournalEntry, JournalState
from adapter.ports import Clock, Identifiers, IncomingChannel, Store
from adapter.usecases.delivery_plan import MANDATE
from adapter.usecases.verified_container import sha256_of

_TAKEN = 200
"""HTTP status of an answer that is no fault (SOAP 1.1, section 6.2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the endpoint sends back: exact bytes and HTTP status. `code` says why the message was not taken, if so."""

    content: bytes
    status: int
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Receive:
    """The endpoint's one deed. The same message id and bytes get the same answer, any number of times."""

    store: Store
    channel: IncomingChannel
    clock: Clock
    identifiers: Identifiers

    def __call__(self, raw: bytes) -> Answer:
        """Judge, keep, answer. Raises only what the store raises: then nothing was promised to the other side."""
        now = self.clock.now()
        opened = self.channel.open(raw, at=now)
        sha256 = sha256_of(raw)
        entry = JournalEntry(
            id=str(self.identifiers.new()),
            # Only what was taken holds its id: judged anew, under settings that were mended, the same bytes may be taken.
            message_id=opened.message_id
            if opened.state is JournalState.RECEIVED
            else f"{opened.state.value}:sha256:{sha256}",
            sha256=sha256,
            size=len(raw),
            received_at=now,
            verdict=opened.verdict.value,
            answer=opened.answer,
            state=opened.state,
            wake_at=now if opened.state is JournalState.RECEIVED else None,
            outcome=opened.code,
        )
        with self.store.transaction() as transaction:
            if opened.state is not JournalState.RECEIVED:
                taken = transaction.journal.find(opened.message_id, sha256)
                if taken is not None:
                    # Taken once, under a certificate that has since been replaced: whoever asks again is told the same.
                    return Answer(content=taken.answer, status=_TAKEN, code=None)
            transaction.keep(raw)
            added = transaction.journal.add(entry)
            if not added.replayed:
                transaction.audit.append(
                    AuditEvent(
                        at=now,
                        actor="endpoint",
                        action=f"message.{added.entry.state.value}",
                        mandate=MANDATE,
                        document_id=None,
                        details={
                            "entry": added.entry.id,
                            "sha256": sha256,
                            "size": len(raw),
                            "verdict": opened.verdict.value,
                            "code": opened.code,
                        },
                    )
                )
                if added.conflict is not None:
                    # Which of the two is meant only the sender can say; a person is told, and asks.
                    transaction.audit.append(
                        AuditEvent(
                            at=now,
                            actor="endpoint",
                            action="message.conflict",
                            mandate=MANDATE,
                            document_id=None,
                            details={
                                "entry": added.entry.id,
                                "known_sha256": added.conflict,
                                "new_sha256": sha256,
                                "code": "receive.same-id-other-bytes",
                            },
                        )
                    )
        return Answer(content=added.entry.answer, status=opened.status, code=added.entry.outcome)
