"""The files of an announced document: fetched once, durable before anything is decided, never asked for again.

The exchange forgets files in hours; a silent directory, a hold or a crash may last longer. So:

    1 kept      what an earlier turn kept is taken from our own bytes, and the exchange is not asked
    2 fetch     from the exchange's file store
    3 marking   BR-18 (verified_container, step 0): of a document that is stopped nothing is kept, not even a file's name;
                the other files of a message are looked at as well, whatever they call themselves
    4 keep    T the bytes, then names and digests on the journal entry: from here on the exchange may forget them

Not decided here: what becomes of a document that is stopped, or that the exchange has forgotten (register_document).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapter.domain.incoming import IncomingDocument, JournalEntry
from adapter.domain.outgoing import TravellingFile
from adapter.errors import Final, Finding, Retryable, Severity
from adapter.ports import Clock, FetchedFile, IncomingChannel, KeptBlob, Store
from adapter.usecases.verified_container import (
    CONTAINER_MEDIA_TYPE,
    Judged,
    Trust,
    judge_bytes,
    loose_findings,
    marking_findings,
    sha256_of,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The files are durable.

    entry       as it stands now: its revision has moved if the files were kept in this turn
    judged      the container as it was judged while the bytes were at hand; None: it is to be judged from the kept bytes
    """

    entry: JournalEntry
    judged: Judged | None = None

    @property
    def container(self) -> KeptBlob | None:
        """The signed container among the files; None when there is none."""
        found = next((file for file in self.entry.files if is_container(file)), None)
        return None if found is None else KeptBlob(sha256=found.sha256, size=found.size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """Nothing was kept; `rule` forbids it."""

    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """The exchange has forgotten a file before this message's turn; `error` is what the exchange said."""

    error: Final


Arrived = Kept | Stopped | Gone

_IN_ONE_COMMIT = 1 << 20
"""Bytes: what is larger is kept before, so that the other writers do not wait for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchFiles:
    """Steps 1 to 4. Harmless to repeat: known bytes are not written again."""

    store: Store
    channel: IncomingChannel
    clock: Clock
    trust: Trust

    def __call__(self, incoming: IncomingDocument, entry: JournalEntry) -> Arrived:
        """Raises Retryable when the files cannot be had now, and `receive.moved-meanwhile` when another worker has the entry.

        The caller goes on with the entry of Kept: the one that it gave is out of date.
        """
        if entry.files:
            return Kept(entry=entry)
        try:
            fetched = self.channel.fetch_files(incoming.files, at=self.clock.now())
        except Final as error:
            if error.code != "exchange.file-gone":
                raise
            return Gone(error=error)
        judged, findings = self._look(next((file for file in fetched if is_container(file)), None))
        for file in fetched:
            findings += () if is_container(file) else loose_findings(file.content)
        rule = next((one.code for one in findings if one.severity is Severity.STOP), None)
        awaited = [
            identifier for identifier, file in zip(incoming.files, fetched, strict=True) if file.awaits_confirmation
        ]
        if rule is not None:
            # Nothing of it is kept here, and the sooner the exchange forgets it the better.
            self.channel.confirm_files(awaited, at=self.clock.now())
            return Stopped(rule=rule)
        kept = self._keep(incoming, entry, fetched)
        # Only now: what is confirmed may be forgotten at once, and a worker that dies before it is durable needs it again.
        self.channel.confirm_files(awaited, at=self.clock.now())
        return Kept(entry=kept, judged=judged)

    # --- 3 marking ----------------------------------------------------------------------------------------------------
    def _look(self, container: FetchedFile | None) -> tuple[Judged | None, tuple[Finding, ...]]:
        """The container judged, and what is wrong with it."""
        if container is None:
            return None, ()
        kept = KeptBlob(sha256=sha256_of(container.content), size=len(container.content))
        try:
            judged = judge_bytes(container.content, kept, self.trust, at=self.clock.now())
        except Exception:  # noqa: BLE001 - reason: a defect of judging must not lose the bytes; it shows again over what is kept
            return None, marking_findings(container.content)
        return judged, judged.findings

    # --- 4 keep -------------------------------------------------------------------------------------------------------
    def _keep(self, incoming: IncomingDocument, entry: JournalEntry, fetched: Sequence[FetchedFile]) -> JournalEntry:
        """The entry as it stands once the files are durable, in the order in which they were announced."""
        files = tuple(
            TravellingFile(
                name=file.name, media_type=file.media_type, size=len(file.content), sha256=sha256_of(file.content)
            )
            for file in fetched
        )
        small = [file.content for file in fetched if len(file.content) <= _IN_ONE_COMMIT]
        for file in fetched:
            if len(file.content) > _IN_ONE_COMMIT:
                self.store.blobs.put(file.content)
        named = replace(entry, files=files, document_id=incoming.document_id)
        with self.store.transaction() as transaction:
            for content in small:
                transaction.keep(content)
            if not transaction.journal.save(named):
                raise Retryable("receive.moved-meanwhile", params={"document": incoming.document_id})
        return replace(named, revision=entry.revision + 1)


def is_container(file: FetchedFile | TravellingFile) -> bool:
    """Whether a file travels as a signed container, by its media type or its name."""
    return file.media_type == CONTAINER_MEDIA_TYPE or file.name.lower().endswith(".asice")
