"""One journal entry to its end: a notice moves a delivery, a document is registered or refused, the rest waits for a person."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Effect
from adapter.domain.incoming import IncomingDocument, IncomingNotice, JournalEntry, JournalState, NotUnderstood
from adapter.domain.notice import NoticeKind
from adapter.domain.retry import RetryPolicy, wait_after
from adapter.errors import ElshiError, Retryable
from adapter.ports import AddressBook, Clock, Identifiers, IncomingChannel, Store, Transaction
from adapter.usecases.apply_notice import ApplyNotice, documents_sent
from adapter.usecases.delivery_plan import MANDATE
from adapter.usecases.fetch_files import Arrived, FetchFiles, Kept
from adapter.usecases.leases import HeldLease, HeldLeases, LeaseKind
from adapter.usecases.own_store import later_if_ours
from adapter.usecases.register_document import RegisterDocument

_log = logging.getLogger(__name__)

DONE = "message.done"
"""Outcome of an entry that needed nothing more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Processed:
    """What one turn did with an entry: its state afterwards and the code of what happened."""

    entry: JournalEntry
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessMessage:
    """The incoming half of the worker.

    lease_for   how long a worker holds an entry without renewing its lease
    leases      what this process holds
    tries       failing turns (the file store or the directory is silent) before the entry is held for a person
    """

    store: Store
    channel: IncomingChannel
    addresses: AddressBook
    clock: Clock
    identifiers: Identifiers
    apply_notice: ApplyNotice
    fetch_files: FetchFiles
    register_document: RegisterDocument
    retry: RetryPolicy
    lease_for: timedelta = timedelta(seconds=30)
    tries: int = 200
    leases: HeldLeases = field(default_factory=HeldLeases)

    def __call__(self) -> Processed | None:
        """Take one due entry; None when nothing is due."""
        lease = str(self.identifiers.new())
        with self.store.transaction() as transaction:
            entry = transaction.journal.claim(now=self.clock.now(), lease=lease, lease_for=self.lease_for)
        if entry is None:
            return None
        with self.leases.during(
            HeldLease(kind=LeaseKind.ENTRY, row=entry.id, lease=lease, since=self.clock.now()),
        ):
            return self._end_of(entry)

    def _end_of(self, entry: JournalEntry) -> Processed:  # noqa: PLR0911 - each way a message can end is one line
        try:
            said = self.channel.interpret(self.store.blobs.read(entry.sha256))
            if isinstance(said, IncomingNotice):
                return self._notice(entry, said)
            if isinstance(said, IncomingDocument):
                arrived = self.fetch_files(said, entry)
                # Keeping the files has moved the entry on; whatever goes wrong from here is written over that one.
                entry = arrived.entry if isinstance(arrived, Kept) else entry
                return self._document(entry, said, arrived)
            return self._hold(entry, "message.not-understood", said)
        except Retryable as error:
            return self._later(entry, error)
        except ElshiError as error:
            told = later_if_ours(error)
            if isinstance(told, Retryable):
                return self._later(entry, told)
            _log.warning("entry %s is held: %s", entry.id, error.code)
            return self._end(entry, JournalState.HELD, error.code, params=_texts_of(error))
        except Exception as error:  # noqa: BLE001 - reason: a defect costs one message, which a person sees, not the worker
            # The class alone: the text of a foreign exception may hold content.
            _log.error("entry %s is held by a defect: %s", entry.id, type(error).__name__)
            return self._end(entry, JournalState.HELD, "message.defect", params={"what": type(error).__name__})

    def _notice(self, entry: JournalEntry, said: IncomingNotice) -> Processed:
        with self.store.snapshot() as transaction:
            is_ours = bool(documents_sent(transaction, said.notice))
        # Asked outside the transaction: the directory may have to be fetched.
        by_addressee = said.notice.kind is not NoticeKind.PROCESSED_IN_CENTRE and said.notice.speaker is not None
        asks = is_ours and by_addressee
        speaker = self.addresses.body_of(said.notice.speaker or "") if asks else None
        with self.store.transaction() as transaction:
            applied = self.apply_notice(transaction, said.notice, entry, speaker=speaker)
            if applied.effect is Effect.IMPOSSIBLE:
                # Someone moved the delivery while we read it: read it again at once, nothing is lost.
                return self._save(transaction, entry, JournalState.RECEIVED, applied.code, again=True)
            state = JournalState.HELD if applied.delivery is None else JournalState.DONE
            return self._save(transaction, entry, state, applied.code, document_id=said.notice.document_id)

    def _document(self, entry: JournalEntry, said: IncomingDocument, arrived: Arrived) -> Processed:
        outcome = self.register_document(said, entry, arrived)
        state = JournalState.HELD if outcome.is_held else JournalState.DONE
        document_id = None if outcome.is_stopped else said.document_id
        # Stopped by what showed only later, with another trust or program: then the entry names no file any more.
        after = replace(entry, files=()) if outcome.is_stopped else entry
        return self._end(after, state, outcome.code, document_id=document_id, params=dict(outcome.params))

    def _hold(self, entry: JournalEntry, code: str, said: NotUnderstood) -> Processed:
        return self._end(entry, JournalState.HELD, code, params={"what": said.what})

    def _later(self, entry: JournalEntry, error: Retryable) -> Processed:
        now = self.clock.now()
        if entry.tries + 1 >= self.tries:
            return self._end(entry, JournalState.HELD, error.code)
        wait = wait_after(self.retry, entry.tries + 1, self.identifiers.jitter())
        after = replace(
            entry,
            state=JournalState.RECEIVED,
            wake_at=now + wait,
            tries=entry.tries + 1,
            lapses=0,
            lease=None,
            lease_until=None,
            outcome=error.code,
        )
        with self.store.transaction() as transaction:
            transaction.journal.save(after)
        return Processed(entry=after, code=error.code)

    def _end(
        self,
        entry: JournalEntry,
        state: JournalState,
        code: str,
        *,
        document_id: str | None = None,
        params: dict[str, str] | None = None,
    ) -> Processed:
        with self.store.transaction() as transaction:
            return self._save(transaction, entry, state, code, document_id=document_id, params=params)

    def _save(
        self,
        transaction: Transaction,
        entry: JournalEntry,
        state: JournalState,
        code: str,
        *,
        document_id: str | None = None,
        params: dict[str, str] | None = None,
        again: bool = False,
    ) -> Processed:
        now = self.clock.now()
        after = replace(
            entry,
            state=state,
            wake_at=now if again else None,
            lapses=0,
            lease=None,
            lease_until=None,
            document_id=document_id or entry.document_id,
            outcome=code,
            outcome_params=json.dumps(params, ensure_ascii=False, sort_keys=True) if params else entry.outcome_params,
        )
        if transaction.journal.save(after) and state is not JournalState.RECEIVED:
            transaction.audit.append(
                AuditEvent(
                    at=now,
                    actor="worker",
                    action=f"message.{state.value}",
                    mandate=MANDATE,
                    document_id=after.document_id,
                    details={"entry": entry.id, "sha256": entry.sha256, "code": code},
                )
            )
        return Processed(entry=after, code=code)


def _texts_of(error: ElshiError) -> dict[str, str]:
    """What fills the error's sentence where a person reads of the held message; never secret (errors.Finding)."""
    return {name: value for name, value in error.params.items() if isinstance(value, str)}
