"""Whether the audit trail is whole: every gap, edit, reordering or cut-off end, and where it stands.

    1 chain       each event follows from the one before it (domain/audit_event.py), from the genesis to the head row
    2 stamps      each time-stamp stands over the event that is there now, and is judged at the time it was made
    3 witnesses   what others were told of the chain - events of the feed, of a webhook, of an evidence folder - is in it
    4 bytes       what rows and events name by digest is kept, in its size; on demand every byte is read
    5 statements  what the node itself stated is a chain of its own, every event that it names is in the trail, and every
                  event that tells of a statement has one; the rows beside it say what it says

What a verdict can rest on: 1 finds whoever changed rows. Who writes the whole chain anew, head row included, is found by
2 and 3 alone, because a stamp was made by somebody else and a witness was kept elsewhere. Where neither reaches, the end is
"cannot tell" once what lies there is old enough to have one; an empty trail tells nothing at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import signing
from adapter.domain.audit_event import ChainedEvent
from adapter.domain.document import Sha256
from adapter.domain.head_stamp import STAMPED, HeadStamp, StampKind, stamped_bytes
from adapter.errors import Final
from adapter.ports import ChainHead, Clock, Store, Transaction
from adapter.usecases.journal_report import SHOWN, Found, JournalReport, Walk, Witness
from adapter.usecases.stamp_head import judged_token
from adapter.usecases.verified_container import Trust
from adapter.usecases.verify_statements import UNREADABLE, NamedEvent, look_at_statements, states

_PAGE = 1000
_OLD = timedelta(days=2)
"""An event older than this stands under a time-stamp: one is made a day, and a day is left to a silent authority."""
_APART = timedelta(days=1)
"""How far the time inside a token may lie from ours: more is a token of another day."""
_NAMES = ("sha256", "container")
"""Details of events that are digests of bytes we keep."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyJournal:
    """Reads everything, changes nothing, and may run beside workers.

    trust           under what tokens are judged; a policy that asks nobody for revocation judges them as they stand
    has_authority   the settings name a time-stamp authority: then a stamp by our own key is none
    """

    store: Store
    clock: Clock
    trust: Trust
    has_authority: bool = False

    def __call__(self, witnesses: Sequence[Witness] = (), *, reads_bytes: bool = False) -> JournalReport:
        """The verdict. Raises only what the store raises when it cannot be read at all."""
        found = Found()
        before = self._end()
        stamps = self._stamps(found)
        # Before the trail is read: what is stated meanwhile names an event that the reading may not reach any more.
        stated = look_at_statements(self.store, reads_bytes=reads_bytes)
        elsewhere: tuple[Witness | NamedEvent, ...] = (*witnesses, *stated.events)
        told_of = {one.sequence for one in stated.events}
        looked_for = {stamp.sequence for stamp in stamps} | {one.sequence for one in elsewhere}
        told: dict[int, Sha256] = {}
        named: dict[str, int] = {}
        reach = max((0, *(one.sequence for one in stamps if self._counts(one)), *(one.sequence for one in witnesses)))
        beyond: datetime | None = None

        def see(item: ChainedEvent) -> None:
            nonlocal beyond
            if item.sequence in looked_for:
                told[item.sequence] = item.digest
            if item.event.action == STAMPED:
                named[str(item.event.details.get("token"))] = item.sequence
            elif item.sequence > reach:
                beyond = beyond or item.event.at
            if states(item) and item.sequence <= before and item.sequence not in told_of:
                found.fault("journal.statement-missing", sequence=item.sequence)

        walk, head = self._chain(found, see)
        self._judge_stamps(found, stamps, told, named)
        for finding in stated.findings:
            found.fault(finding.code, **finding.params)
        for witness in elsewhere:
            _compare(found, witness, told.get(witness.sequence), walk.sequence)
        if beyond is not None and self.clock.now() - beyond > _OLD:
            # Nothing that was made elsewhere speaks for these: whoever wrote them anew would not be seen.
            found.cannot_tell("journal.not-stamped", reach=reach)
        self._emptied(found, walk)
        checked = self._bytes(found, reads_bytes=reads_bytes)
        return JournalReport(
            verdict=found.verdict,
            events=walk.events,
            head=head,
            stamps=len(stamps),
            stamped_up_to=stamps[-1].sequence if stamps else 0,
            bytes_checked=checked,
            faults=found.faults,
            findings=tuple(found.shown),
        )

    # --- 1 ---------------------------------------------------------------------------------------------------------
    def _chain(self, found: Found, see: Callable[[ChainedEvent], None]) -> tuple[Walk, ChainHead | None]:
        walk = Walk(found=found)
        while True:
            with self.store.snapshot() as transaction:
                head = _head(transaction)
                page = self._page(transaction, walk)
                missing = transaction.inventory.absent(_digests_in(page))
            for item in page:
                walk.step(item)
                see(item)
            for sha256 in missing:
                found.fault("journal.bytes-missing", sha256=sha256)
            if not page and not self._passes_over(walk, head):
                # Head and end of the chain are of one moment: no event came between the two looks.
                _compare_head(found, walk, head)
                return walk, head

    def _page(self, transaction: Transaction, walk: Walk) -> tuple[ChainedEvent, ...]:
        """What can be read behind the last event; a row that is no event any more ends the page before it."""
        limit = _PAGE
        while True:
            try:
                return transaction.audit.events(after=walk.sequence, limit=limit)
            except UNREADABLE:
                if limit == 1:
                    return ()
                limit = max(1, limit // 10)

    def _passes_over(self, walk: Walk, head: ChainHead | None) -> bool:
        """A row that cannot be read stands next, or the end is reached."""
        try:
            with self.store.snapshot() as transaction:
                is_end = not transaction.audit.events(after=walk.sequence, limit=1)
        except UNREADABLE:
            is_end = False
        if is_end or (walk.passed_over > _PAGE and (head is None or walk.sequence > head.sequence)):
            return False
        walk.unreadable()
        return True

    def _end(self) -> int:
        """The number of the last event as its own row states it now; 0 where it states none."""
        with self.store.snapshot() as transaction:
            head = _head(transaction)
        return 0 if head is None else head.sequence

    def _emptied(self, found: Found, walk: Walk) -> None:
        """Whatever is queued or stated leaves an event behind."""
        if walk.sequence:
            return
        try:
            with self.store.snapshot() as transaction:
                has_rows = bool(transaction.outbox.listed(limit=1)) or transaction.statements.last() > 0
        except UNREADABLE:
            has_rows = True
        if has_rows:
            found.fault("journal.emptied")
        else:
            found.cannot_tell("journal.empty")

    # --- 2 ---------------------------------------------------------------------------------------------------------
    def _counts(self, stamp: HeadStamp) -> bool:
        """Whether it is the stamp that this node has to have: who holds the office's key makes any number of his own."""
        return stamp.kind is StampKind.TIME_STAMP or not self.has_authority

    def _stamps(self, found: Found) -> list[HeadStamp]:
        stamps: list[HeadStamp] = []
        while True:
            after = stamps[-1].sequence if stamps else 0
            try:
                with self.store.snapshot() as transaction:
                    page = transaction.head_stamps.listed(after=after)
            except UNREADABLE:
                found.fault("journal.rows-unreadable", table="head_stamps", sequence=after)
                return stamps
            stamps += page
            if not page:
                return stamps

    def _judge_stamps(
        self, found: Found, stamps: Sequence[HeadStamp], told: Mapping[int, Sha256], named: Mapping[str, int]
    ) -> None:
        tokens = {hashlib.sha256(stamp.token).hexdigest() for stamp in stamps}
        for token, sequence in named.items():
            if token not in tokens:
                found.fault("journal.stamp-missing", sequence=sequence, token=token)
        for stamp in stamps:
            standing = told.get(stamp.sequence)
            if standing != stamp.digest:
                found.fault(
                    "journal.stamp-differs", sequence=stamp.sequence, expected=stamp.digest, found=standing or ""
                )
            if hashlib.sha256(stamp.token).hexdigest() not in named:
                found.fault("journal.stamp-unrecorded", sequence=stamp.sequence)
            self._judge_token(found, stamp)
        own = [stamp for stamp in stamps if stamp.kind is StampKind.OWN_KEY]
        if own:
            found.note("journal.own-key", count=len(own), all=len(stamps))

    def _judge_token(self, found: Found, stamp: HeadStamp) -> None:
        content = stamped_bytes(stamp.sequence, stamp.digest)
        if stamp.kind is StampKind.OWN_KEY:
            report = signing.verify_detached(
                stamp.token,
                [content],
                policy=self.trust.policy,
                anchors=self.trust.anchors,
                at=stamp.stamped_at,
                data=self.trust.data,
                fetcher=self.trust.fetcher,
            )
        else:
            judged = judged_token(stamp.token, content, self.trust, at=stamp.stamped_at)
            report = judged.report
            made = getattr(judged.facts, "generated_at", None)
            if made is not None and abs(made - stamp.stamped_at) > _APART:
                found.fault("journal.stamp-of-another-day", sequence=stamp.sequence, made=made, kept=stamp.stamped_at)
        if report.indication is signing.Indication.TOTAL_PASSED:
            return
        failed = [one for each in report.signatures for one in each.checks]
        reason = ", ".join(
            check.id
            for check in (*report.checks, *failed)
            if check.conclusion in (signing.Conclusion.FAILED, signing.Conclusion.INDETERMINATE)
        )
        tell = found.fault if report.indication is signing.Indication.TOTAL_FAILED else found.cannot_tell
        tell("journal.stamp-not-passed", sequence=stamp.sequence, indication=report.indication.value, reason=reason)

    # --- 4 ---------------------------------------------------------------------------------------------------------
    def _bytes(self, found: Found, *, reads_bytes: bool) -> int:
        with self.store.snapshot() as transaction:
            missing = transaction.inventory.missing(limit=SHOWN)
        for sha256 in missing:
            found.fault("journal.bytes-missing", sha256=sha256)
        checked, after = 0, ""
        while True:
            try:
                with self.store.snapshot() as transaction:
                    page = transaction.inventory.kept(after=after)
            except UNREADABLE:
                found.fault("journal.rows-unreadable", table="blobs", sequence=after)
                return checked
            if not page:
                return checked
            after = page[-1].sha256
            for kept in page:
                checked += 1
                measured = self.store.blobs.measure(kept.sha256)
                if measured != kept.size:
                    found.fault("journal.bytes-size", sha256=kept.sha256, expected=kept.size, found=measured)
                elif reads_bytes:
                    self._read(found, kept.sha256)

    def _read(self, found: Found, sha256: Sha256) -> None:
        try:
            self.store.blobs.open(sha256).close()
        except Final:
            found.fault("journal.bytes-damaged", sha256=sha256)


def _head(transaction: Transaction) -> ChainHead | None:
    """The row about the end; None where it says nothing that can be read, which is a fault once there are events."""
    try:
        return transaction.audit.head()
    except UNREADABLE:
        return None


def _compare(found: Found, witness: Witness | NamedEvent, standing: Sha256 | None, end: int) -> None:
    if standing is None and witness.sequence > end:
        found.fault("journal.witness-beyond-end", file=witness.source, sequence=witness.sequence, end=end)
    elif standing != witness.digest:
        found.fault(
            "journal.witness-differs",
            file=witness.source,
            sequence=witness.sequence,
            expected=witness.digest,
            found=standing or "",
        )


def _compare_head(found: Found, walk: Walk, head: ChainHead | None) -> None:
    """The chain's own row says where it ends."""
    if head is None:
        if walk.events:
            found.fault("journal.head-missing", sequence=walk.sequence)
    elif head.sequence > walk.sequence:
        found.fault("journal.cut-off", expected=head.sequence, found=walk.sequence)
    elif head.sequence < walk.sequence or (walk.digest is not None and head.digest != walk.digest):
        found.fault(
            "journal.head-differs",
            sequence=walk.sequence,
            digest=walk.digest or "",
            head=head.sequence,
            head_digest=head.digest,
        )


def _digests_in(page: Iterable[ChainedEvent]) -> tuple[Sha256, ...]:
    named = {str(item.event.details.get(name)) for item in page for name in _NAMES if item.event.details.get(name)}
    return tuple(Sha256(one) for one in sorted(named))
