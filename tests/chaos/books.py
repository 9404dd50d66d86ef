"""At the end: the books of both sides and of the exchange between them, compared line by line.

Nothing here believes the program: counts come from what `elshi submit` answered, from the rows of every database, from the
bytes themselves and from the exchange's own list of the messages that it took.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import signing
from adapter.composition import Node
from adapter.domain.audit_event import first_break
from adapter.domain.delivery import Attempt, AttemptOutcome, Delivery, DeliveryState, Proof, is_final
from adapter.domain.incoming import JournalEntry, JournalState, RegisteredDocument
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.domain.stamped_files import StampedFiles
from adapter.domain.statement import Statement, StatementKind
from adapter.domain.statement import first_break as break_of_statements
from adapter.errors import ElshiError
from tests.chaos.stand import REGISTRAR

_PAGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One promise that did not hold: its name, and the ids that show it."""

    what: str
    body: str
    ids: str


@dataclass(kw_only=True)
class Book:
    """What stands in one node's store."""

    body: str
    deliveries: list[Delivery]
    attempts: dict[str, tuple[Attempt, ...]]
    entries: list[JournalEntry]
    registered: list[RegisteredDocument]
    statements: list[Statement] = field(default_factory=list)
    signed: dict[int, str] = field(default_factory=dict)
    """Number of a statement to the digest of its signed form."""
    stamped: dict[str, StampedFiles] = field(default_factory=dict)
    """Delivery to what travels of it, where its time-stamp came after it was handed over."""

    def documents(self) -> Iterator[Delivery]:
        """Deliveries of documents, without our own notices."""
        return (one for one in self.deliveries if one.content_kind is ContentKind.DOCUMENT)


@dataclass(kw_only=True)
class Exchange:
    """What the sandbox wrote down, gathered while it ran: the ids of the messages that it took, by href and kind."""

    documents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    notices: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    faults: Counter[str] = field(default_factory=Counter)
    last: int = 0
    gaps: int = 0

    def read(self, events: list[dict[str, object]]) -> None:
        """The next events, in order."""
        for event in events:
            number = int(str(event["number"]))
            self.gaps += number - self.last - 1
            self.last = number
            match event["what"]:
                case "document.taken":
                    self.documents[str(event.get("href"))].append(str(event.get("message_id")))
                case "notice.taken":
                    self.notices[str(event.get("href"))].append(str(event.get("message_id")))
                case "fault.injected":
                    self.faults[str(event.get("fault"))] += 1
                case _:
                    pass


def book_of(node: Node) -> Book:
    """Everything, page by page."""
    with node.store.snapshot() as transaction:
        deliveries: list[Delivery] = []
        while page := transaction.outbox.listed(after=deliveries[-1].id if deliveries else None, limit=_PAGE):
            deliveries += page
        entries: list[JournalEntry] = []
        while rows := transaction.journal.listed(after=entries[-1].id if entries else None, limit=_PAGE):
            entries += rows
        statements: list[Statement] = []
        while stated := transaction.statements.listed(after=statements[-1].sequence if statements else 0):
            statements += stated
        forms = ((one.sequence, transaction.statements.signed(one.sequence)) for one in statements)
        return Book(
            body=str(node.settings.node.body),
            deliveries=deliveries,
            attempts={one.id: transaction.outbox.attempts(one.id) for one in deliveries},
            entries=entries,
            registered=list(transaction.register.listed()),
            statements=statements,
            signed={number: form.sha256 for number, form in forms if form is not None},
            stamped={one.id: found for one in deliveries if (found := transaction.outbox.stamped(one.id)) is not None},
        )


def compare(
    nodes: Mapping[str, Node],
    answered: Mapping[str, Mapping[str, str]],
    exchange: Exchange,
    *,
    now: datetime,
    grace: timedelta,
) -> list[Violation]:
    """Every promise that did not hold. `answered`: by body, the deliveries that submit named, by DocumentId."""
    books = {body: book_of(node) for body, node in nodes.items()}
    found: list[Violation] = []
    for body, node in nodes.items():
        found += _rows(books[body], now, grace)
        found += _bytes(node, books[body])
        found += _stamps(node, books[body])
        found += _chain(node, body)
        found += _stated(books[body])
    for body, told in answered.items():
        found += _submitted(books[body], told)
    for sender, receiver in _pairs(books):
        found += _both_sides(sender, receiver)
    found += _strangers(books)
    found += _exchange(books, exchange)
    return found


def _pairs(books: Mapping[str, Book]) -> Iterator[tuple[Book, Book]]:
    for body, book in books.items():
        if body != REGISTRAR:
            yield book, books[REGISTRAR]
            yield books[REGISTRAR], book


def _submitted(book: Book, told: Mapping[str, str]) -> Iterator[Violation]:
    """Every submit that answered is one delivery."""
    by_document: dict[str, list[Delivery]] = defaultdict(list)
    for one in book.documents():
        by_document[one.document_id].append(one)
    for document, delivery in told.items():
        standing = by_document.get(document, [])
        if not standing:
            yield Violation(what="lost: submit answered and there is no delivery", body=book.body, ids=document)
        elif len(standing) > 1:
            yield Violation(what="doubled: two deliveries of one document", body=book.body, ids=document)
        elif standing[0].id != delivery:
            yield Violation(what="lost: submit named another delivery", body=book.body, ids=f"{document} {delivery}")


def _strangers(books: Mapping[str, Book]) -> Iterator[Violation]:
    """What no pair of books compares: a document for somebody who keeps none, a record of what nobody sent there."""
    compared = {(sender.body, receiver.body) for sender, receiver in _pairs(books)}
    sent: set[tuple[str, str, str]] = set()
    for book in books.values():
        for one in book.documents():
            sent.add((book.body, one.addressee, one.document_id))
            if (book.body, one.addressee) not in compared:
                ids = f"{one.document_id} {one.id} to {one.addressee}"
                yield Violation(what="lost: to an addressee whose register nobody compares", body=book.body, ids=ids)
    for book in books.values():
        for row in book.registered:
            if (row.sender, book.body, row.document_id) not in sent:
                ids = f"{row.document_id} of {row.sender}"
                yield Violation(what="doubled: registered and never submitted", body=book.body, ids=ids)


def _stated(book: Book) -> Iterator[Violation]:
    """Every document that a node took over has one receipt of it, signed, in a chain without a gap."""
    receipts = Counter(one.delivery_id for one in book.statements if one.kind is StatementKind.SUBMISSION_RECEIPT)
    for one in book.documents():
        if receipts[one.id] != 1:
            ids = f"{one.document_id} {one.id}: {receipts[one.id]}"
            yield Violation(what="receipt without bytes: not one for a document taken over", body=book.body, ids=ids)
    for statement in book.statements:
        if statement.sequence not in book.signed:
            ids = f"{statement.sequence} of {statement.document_id}"
            yield Violation(what="receipt without bytes: never signed", body=book.body, ids=ids)
    broken = break_of_statements(book.statements)
    if broken is not None or len(book.statements) != (book.statements[-1].sequence if book.statements else 0):
        yield Violation(what="the chain of statements does not hold", body=book.body, ids=f"statement {broken}")


def _both_sides(sender: Book, receiver: Book) -> Iterator[Violation]:
    """What was sent is registered once, under the number the sender was told, with the bytes it submitted."""
    rows: dict[str, list[RegisteredDocument]] = defaultdict(list)
    for row in receiver.registered:
        rows[row.document_id].append(row)
    for one in sender.documents():
        if one.addressee != receiver.body:
            continue
        ids = f"{one.document_id} {one.id}"
        standing = rows.get(one.document_id, [])
        if one.state is not DeliveryState.REGISTERED:
            yield Violation(what=f"lost: not registered in the end but {one.state.value}", body=sender.body, ids=ids)
        if not standing:
            yield Violation(what="lost: no row in the register of the addressee", body=receiver.body, ids=ids)
            continue
        if len(standing) > 1:
            yield Violation(what="doubled: two rows in the register", body=receiver.body, ids=ids)
        if standing[0].xml != one.digest:
            yield Violation(what="doubled: registered with another digest", body=receiver.body, ids=ids)
        if standing[0].container != container_of(sender, one):
            yield Violation(what="doubled: registered with another container", body=receiver.body, ids=ids)
        if one.registration_number != standing[0].number:
            numbers = f"{one.registration_number} / {standing[0].number}"
            yield Violation(what="doubled: the two sides name two numbers", body=sender.body, ids=f"{ids} {numbers}")
        if sender.body != REGISTRAR and one.proof is not Proof.DIGEST:
            yield Violation(what="no proof of the bytes", body=sender.body, ids=f"{ids} {one.proof.value}")
    numbers_given = Counter(row.number for row in receiver.registered)
    for number, times in numbers_given.items():
        if times > 1:
            yield Violation(what="doubled: one number for two documents", body=receiver.body, ids=number)


def container_of(book: Book, delivery: Delivery) -> str | None:
    """Digest of the container, the first file that travels; None where it was never settled what does."""
    content = delivery.content
    if not isinstance(content, OutgoingDocument):
        return None
    if not content.stamp_pending:
        return content.files[0].sha256
    found = book.stamped.get(delivery.id)
    return None if found is None else found.files[0].sha256


def _stamps(node: Node, book: Book) -> Iterator[Violation]:
    """What got its time-stamp later is what was handed over, but for that."""
    for one in book.documents():
        found = book.stamped.get(one.id)
        if found is None or not isinstance(one.content, OutgoingDocument):
            continue
        handed_over, travels = one.content.files[0].sha256, found.files[0].sha256
        read = node.store.blobs.read
        if handed_over != travels and not signing.is_raised_from(read(travels), read(handed_over)):
            yield Violation(what="doubled: stamped into another document", body=book.body, ids=one.document_id)


def _rows(book: Book, now: datetime, grace: timedelta) -> Iterator[Violation]:
    """Nothing is stuck, overdue or open."""
    for one in book.deliveries:
        if is_final(one.state, one.content_kind):
            continue
        ids = f"{one.id} {one.content_kind.value} {one.state.value} {one.reason} wakes {one.wake_at}"
        if one.wake_at is None or one.wake_at + grace < now:
            yield Violation(what="overdue: an open row past its wake-up", body=book.body, ids=ids)
        elif one.content_kind is ContentKind.NOTICE or one.wake_at > now + grace:
            yield Violation(what="unfinished: a row that nothing wakes soon", body=book.body, ids=ids)
    for entry in book.entries:
        ids = f"{entry.id} {entry.outcome} {entry.document_id} wakes {entry.wake_at}"
        if entry.state in {JournalState.RECEIVED, JournalState.CLAIMED}:
            is_late = entry.wake_at is None or entry.wake_at + grace < now
            what = "overdue: a message past its wake-up" if is_late else "unfinished: a message that waits"
            yield Violation(what=what, body=book.body, ids=ids)
        if entry.state is JournalState.HELD:
            yield Violation(what="unfinished: a message held for a person", body=book.body, ids=ids)
    for delivery, tries in book.attempts.items():
        for one in tries:
            if one.outcome is AttemptOutcome.OPEN:
                yield Violation(
                    what="unfinished: an attempt without an end", body=book.body, ids=f"{delivery} {one.id}"
                )


def _bytes(node: Node, book: Book) -> Iterator[Violation]:
    """Every row that names bytes has them; the store digests them while it reads."""
    named: dict[str, str] = {}
    for delivery, tries in book.attempts.items():
        for one in tries:
            named[one.message] = f"attempt of {delivery}"
            if one.answer is not None:
                named[one.answer] = f"answer to {delivery}"
    for one in book.documents():
        assert isinstance(one.content, OutgoingDocument)
        named |= {file.sha256: f"file of {one.document_id}" for file in one.content.files}
    for delivery, stamped in book.stamped.items():
        named |= {file.sha256: f"stamped file of {delivery}" for file in stamped.files}
    named |= {sha256: f"signed statement {number}" for number, sha256 in book.signed.items()}
    named |= {entry.sha256: f"message {entry.id}" for entry in book.entries}
    named |= {file.sha256: f"file of message {entry.id}" for entry in book.entries for file in entry.files}
    named |= {row.container: f"register {row.number}" for row in book.registered}
    with node.store.snapshot() as transaction:
        for document in {one.document_id for one in book.documents()}:
            for receipt in transaction.receipts.of_document(document):
                named[receipt.raw] = f"receipt {receipt.id} of {document}"
            for stated in transaction.statements.of_document(document):
                signed = transaction.statements.signed(stated.sequence)
                if signed is None:
                    yield Violation(what="receipt without bytes: unsigned", body=book.body, ids=f"{stated.sequence}")
                else:
                    named[signed.sha256] = f"statement {stated.sequence} of {document}"
    for sha256, whose in named.items():
        try:
            node.store.blobs.read(sha256)
        except ElshiError as error:
            yield Violation(what=f"receipt without bytes: {error.code}", body=book.body, ids=f"{sha256} {whose}")


def _chain(node: Node, body: str) -> Iterator[Violation]:
    """The audit trail, without a gap, from its first event to its head."""
    last = None
    count = 0
    with node.store.snapshot() as transaction:
        while page := transaction.audit.events(after=last.sequence if last else 0):
            broken = first_break((last, *page) if last else page)
            if broken is not None:
                yield Violation(what="the audit chain does not hold", body=body, ids=f"event {broken}")
                return
            last = page[-1]
            count += len(page)
        head = transaction.audit.head()
    if last is None or head is None or (head.sequence, head.digest) != (count, last.digest):
        yield Violation(what="the audit chain does not hold", body=body, ids=f"{count} events")


def _exchange(books: Mapping[str, Book], exchange: Exchange) -> Iterator[Violation]:
    """The exchange took nothing that we did not write down before, and nothing more often than we did."""
    if exchange.gaps:
        yield Violation(what="the exchange's list has gaps", body="sandbox", ids=str(exchange.gaps))
    tries: dict[str, int] = defaultdict(int)
    accepted: dict[str, int] = defaultdict(int)
    sent: dict[str, set[str]] = defaultdict(set)
    for book in books.values():
        for one in book.documents():
            href = one.document_id.removeprefix("urn:uuid:")
            tries[href] += len(book.attempts[one.id])
            accepted[href] += sum(try_.outcome is AttemptOutcome.ACCEPTED for try_ in book.attempts[one.id])
            sent[href].add(one.message_id)
    yield from _notices(books, exchange)
    taken = {href.removeprefix("urn:uuid:"): messages for href, messages in exchange.documents.items()}
    for href, messages in taken.items():
        if len(messages) > tries.get(href, 0):
            ids = f"{href}: {len(messages)} taken, {tries.get(href, 0)} attempts"
            yield Violation(what="doubled: more messages taken than attempts written down", body="sandbox", ids=ids)
        if not set(messages) <= sent.get(href, set()):
            yield Violation(what="doubled: a message with an id that no delivery has", body="sandbox", ids=href)
    for href, count in accepted.items():
        if count > len(taken.get(href, [])):
            ids = f"{href}: {count} accepted, {len(taken.get(href, []))} taken"
            yield Violation(what="lost: an attempt counted as accepted that nobody took", body="sandbox", ids=ids)


def _notices(books: Mapping[str, Book], exchange: Exchange) -> Iterator[Violation]:
    """The same of our notices: each that counts as taken was, and none was taken more often than it was sent."""
    taken = Counter(message for messages in exchange.notices.values() for message in messages)
    for book in books.values():
        for one in book.deliveries:
            if one.content_kind is not ContentKind.NOTICE:
                continue
            tries, times = book.attempts[one.id], taken.pop(one.message_id, 0)
            accepted = sum(try_.outcome is AttemptOutcome.ACCEPTED for try_ in tries)
            ids = f"{one.key} {one.id}: {len(tries)} attempts, {accepted} accepted, {times} taken"
            if times < max(accepted, one.state is DeliveryState.SENT):
                yield Violation(what="lost: a notice counted as sent that nobody took", body=book.body, ids=ids)
            if times > len(tries):
                yield Violation(what="doubled: a notice taken more often than it was sent", body=book.body, ids=ids)
    for message in taken:
        yield Violation(what="doubled: a notice with an id that no delivery has", body="sandbox", ids=message)
