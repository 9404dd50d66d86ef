"""A participant's node in memory: the real use cases on the store in memory and on channels that do what they are told.

Signatures, schemas, rules and printed forms are the real ones; only network, database and clock are stand-ins.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import Any
from uuid import UUID

import schemas
import signing
from adapter import rules
from adapter.composition.passes import OwnBody, Passes
from adapter.domain.delivery import Delivery
from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.header import RulesetRef
from adapter.domain.incoming import (
    IncomingDocument,
    Interpreted,
    JournalEntry,
    JournalState,
    NotUnderstood,
)
from adapter.domain.outgoing import Words
from adapter.domain.receipt import MessageVerdict
from adapter.domain.reference import Bilingual, OrgRef
from adapter.errors import ElshiError, Final
from adapter.ports import Accepted, FetchedFile, Opened, Participant, Prepared
from adapter.usecases.convert import Attached
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.process_message import ProcessMessage
from adapter.usecases.register_document import RegisterDocument
from adapter.usecases.submit import Submit, SubmitLimits, Submitted
from adapter.usecases.verified_container import Trust
from tests.doubles.memory_store import MemoryStore
from tests.factories import BINS, COPY_BYTES, TABLE_BYTES

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
"""11:00 in Almaty, the day on which the documents of tests.factories were registered."""
MEMBERS = {"KZ-MOF": "90000101", "KZ-MLSP": "90000102", "KZ-MFA": "90000106", "KZ-GA": "90000107", "KZ-AP": "90000108"}
OFFICES = {"KZ-GA": "991340002011", "KZ-AP": "991340002403"}
ALL_BINS = BINS | OFFICES


@dataclass
class HandClock:
    """Moves when told."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def running(self) -> timedelta:
        return timedelta(seconds=1.5)

    def move(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


class Counting:
    """Identifiers 1, 2, 3, ... as UUIDs; no chance."""

    def __init__(self, start: int = 1) -> None:
        self._numbers = itertools.count(start)

    def new(self) -> UUID:
        return UUID(int=next(self._numbers) | (4 << 76) | (8 << 60))

    def jitter(self) -> float:
        return 0.0


# --- channels --------------------------------------------------------------------------------------------------------
class ScriptedOutgoing:
    """OutgoingChannel: takes everything until it is scripted otherwise, and remembers what was asked of it."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.files_live: timedelta | None = timedelta(hours=8)
        self.preparing: deque[ElshiError | None] = deque()
        self.answering: deque[ElshiError | Accepted | Callable[[bytes], Any]] = deque()
        self.prepared: list[Any] = []
        self.sent: list[bytes] = []
        self.left_within: list[timedelta | None] = []

    def prepare(self, content: Any, *, message_id: str, files: Any, at: datetime) -> Prepared:
        self.prepared.append(content)
        error = self.preparing.popleft() if self.preparing else None
        if error is not None:
            raise error
        for file in getattr(content, "files", ()):
            files.open(file.sha256).close()
        message = f"message {len(self.prepared)} {message_id}".encode()
        expire_at = at + self.files_live if self.files_live is not None and hasattr(content, "files") else None
        return Prepared(message=message, message_id=message_id, files_expire_at=expire_at)

    def send(self, message: bytes, *, at: datetime, leave_within: timedelta | None = None) -> Accepted:
        self.sent.append(message)
        self.left_within.append(leave_within)
        answer = self.answering.popleft() if self.answering else accepted()
        if callable(answer):
            answer = answer(message)
        if isinstance(answer, ElshiError):
            raise answer
        assert isinstance(answer, Accepted)
        return answer


def accepted(answer: bytes = b"<SCSS001/>", verdict: MessageVerdict = MessageVerdict.VERIFIED) -> Accepted:
    return Accepted(answer=answer, verdict=verdict, code="SCSS001", text="taken")


class ScriptedIncoming:
    """IncomingChannel: what each message says and what the file store holds is laid down beforehand."""

    def __init__(self) -> None:
        self.says: dict[bytes, Interpreted] = {}
        self.judges: dict[bytes, dict[str, Any]] = {}
        self.files: dict[str, FetchedFile | ElshiError] = {}
        self.fetched: list[str] = []
        self.confirmed: list[str] = []

    def open(self, raw: bytes, *, at: datetime) -> Opened:
        plain: dict[str, Any] = {
            "message_id": raw.decode(errors="replace").split()[0],
            "verdict": MessageVerdict.VERIFIED,
            "state": JournalState.RECEIVED,
            "answer": b"<SCSS001 at='" + at.isoformat().encode() + b"'/>",
            "status": 200,
        }
        return Opened(**(plain | self.judges.get(raw, {})))

    def interpret(self, raw: bytes) -> Interpreted:
        return self.says.get(raw, NotUnderstood(what="unknown"))

    def fetch_files(self, identifiers: Sequence[str], *, at: datetime) -> tuple[FetchedFile, ...]:
        self.fetched += identifiers
        found = []
        for one in identifiers:
            file = self.files.get(one) or Final("exchange.file-gone", params={"file": one})
            if isinstance(file, ElshiError):
                raise file
            found.append(file)
        return tuple(found)

    def confirm_files(self, identifiers: Sequence[str], *, at: datetime) -> None:
        self.confirmed += identifiers


class KnownAddresses:
    """AddressBook over a table."""

    def find(self, body: BodyCode, *, on: date) -> Participant:
        return Participant(body=body, member=MEMBERS[body], name=Words(kk=body, ru=body))

    def body_of(self, member: str) -> BodyCode | None:
        return next((BodyCode(body) for body, number in MEMBERS.items() if number == member), None)


# --- keys ------------------------------------------------------------------------------------------------------------
@cache
def pki() -> signing.SandboxPki:
    """One throwaway authority for the whole run."""
    return signing.SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2028, 1, 1, tzinfo=UTC)
    )


@cache
def issued(kind: str, body: str, *, start: datetime | None = None, end: datetime | None = None) -> signing.IssuedKey:
    """A key of a body: `head`, `signer`, `employee`, `authentication`, `information-system`."""
    return pki().issue(
        kind, f"{kind} {body}", body, bin=ALL_BINS.get(body), not_before=start, not_after=end, key="ec-p256"
    )


@cache
def forger() -> signing.IssuedKey:
    """A head's key of an authority that nobody trusts."""
    other = signing.SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2028, 1, 1, tzinfo=UTC), keys_of=pki()
    )
    # The same names under another root key.
    other = signing.SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2028, 1, 1, tzinfo=UTC)
    )
    return other.issue("head", "head KZ-MOF", "KZ-MOF", bin=BINS["KZ-MOF"], key="ec-p256")


TRUST_POLICY = signing.SANDBOX_DOCUMENT


@cache
def rulesets() -> rules.Rulesets:
    return rules.load_rulesets()


def org(code: str) -> OrgRef:
    value = schemas.code_list("bodies").get(code)
    assert value is not None
    return OrgRef(code=BodyCode(code), name=Bilingual(kk=value.kk, ru=value.ru), bin=ALL_BINS.get(code))


ATTACHED = (
    Attached(name="recommendation-1-en.txt", media_type="text/plain", open=lambda: io.BytesIO(COPY_BYTES)),
    Attached(name="accessibility-2026.csv", media_type="text/plain", open=lambda: io.BytesIO(TABLE_BYTES)),
)
"""The attachments that FX-2 of tests.factories declares."""


# --- a node ----------------------------------------------------------------------------------------------------------
@dataclass
class House(Passes):
    """Everything of one body, on a clock that the test moves: a node's own passes over stand-ins."""

    body: str
    clock: HandClock = field(default_factory=HandClock)
    head: signing.IssuedKey | None = None
    bins: dict[BodyCode, str] = field(default_factory=lambda: {BodyCode(k): v for k, v in ALL_BINS.items()})
    plan: DeliveryPlan = field(default_factory=DeliveryPlan)
    limits: SubmitLimits = field(default_factory=SubmitLimits)
    is_office_signed: bool = True

    def __post_init__(self) -> None:
        self.identifiers = Counting(1000 * (1 + sorted(MEMBERS).index(self.body)))
        self.keys_asked = 0

    # --- parts ---
    @cached_property
    def own(self) -> OwnBody:
        return OwnBody(
            ref=org(self.body),
            member=MEMBERS[self.body],
            system=f"ELSHI-{self.body}",
            number_prefix="К-",
            decided_by=Words(kk="Автоматты тексеру", ru="Автоматическая проверка"),
            ruleset=RulesetRef(id="RK-GOV-1141-2010", version="2021-03-18"),
        )

    @cached_property
    def store(self) -> MemoryStore:
        return MemoryStore()

    @cached_property
    def rulesets(self) -> rules.Rulesets:
        return rulesets()

    @cached_property
    def outgoing(self) -> ScriptedOutgoing:
        return ScriptedOutgoing(self.clock)

    @cached_property
    def incoming(self) -> ScriptedIncoming:
        return ScriptedIncoming()

    @cached_property
    def addresses(self) -> KnownAddresses:
        return KnownAddresses()

    @cached_property
    def trust(self) -> Trust:
        return Trust(policy=TRUST_POLICY, anchors=pki().trust_anchors())

    @cached_property
    def envelope_trust(self) -> Trust:
        return Trust(policy=signing.SANDBOX_ENVELOPE, anchors=pki().trust_anchors())

    def head_key(self) -> signing.SigningKey:
        self.keys_asked += 1
        return (self.head or issued("head", self.body)).signing_key()

    def office_key(self) -> signing.SigningKey:
        return issued("employee", self.body).signing_key()

    def submit(self, key: Any = None) -> Submit:
        """`key` may be a key that the authority of the tests has issued."""
        return super().submit(key.signing_key if isinstance(key, signing.IssuedKey) else key)

    # --- names of the tests ---
    @cached_property
    def process(self) -> ProcessMessage:
        return self.process_message

    @cached_property
    def register(self) -> RegisterDocument:
        return self.register_document

    # --- what tests look at ---
    def delivery(self, delivery_id: str) -> Delivery:
        with self.store.transaction() as transaction:
            found = transaction.outbox.get(delivery_id)
        assert found is not None
        return found

    def deliveries(self, document_id: str) -> list[Delivery]:
        with self.store.transaction() as transaction:
            return list(transaction.outbox.of_document(DocumentId(document_id)))

    def everything_queued(self) -> list[Delivery]:
        with self.store.transaction() as transaction:
            return list(transaction.outbox.listed())

    def attempts(self, delivery_id: str) -> list[Any]:
        with self.store.transaction() as transaction:
            return list(transaction.outbox.attempts(delivery_id))

    def receipts(self, document_id: str) -> list[Any]:
        with self.store.transaction() as transaction:
            return list(transaction.receipts.of_document(DocumentId(document_id)))

    def registered(self, document_id: str) -> Any:
        with self.store.transaction() as transaction:
            return transaction.register.find(DocumentId(document_id))

    def told(self) -> list[str]:
        """Actions of the audit trail, in order."""
        with self.store.transaction() as transaction:
            return [one.event.action for one in transaction.audit.events()]

    # --- carrying ---
    def carried(
        self, submitted: Submitted | Delivery, to: House, **changes: Any
    ) -> tuple[IncomingDocument, JournalEntry]:
        """What the exchange makes of a delivery of ours at the addressee: an announcement, and files in its store."""
        delivery = submitted.delivery if isinstance(submitted, Submitted) else submitted
        content = delivery.content
        identifiers = []
        for number, file in enumerate(content.files):
            identifier = f"{self.body}-{delivery.id}-{number}"
            to.incoming.files[identifier] = FetchedFile(
                name=file.name, media_type=file.media_type, content=self.store.blobs.read(file.sha256)
            )
            identifiers.append(identifier)
        plain: dict[str, Any] = {
            "document_id": delivery.document_id,
            "sender": MEMBERS[self.body],
            "files": tuple(identifiers),
            "office_signature": content.office_signature,
            "outgoing_number": content.registration_number,
            "outgoing_date": content.registration_date,
            "description": content.description.ru,
        }
        announced = IncomingDocument(**(plain | changes))
        return announced, to.entry(announced, f"{self.body}-{delivery.id}")

    def entry(self, said: Interpreted, name: str) -> JournalEntry:
        """The journal entry of a message that says this; the message has come through the endpoint."""
        raw = f"{name} {said!r}".encode()
        self.incoming.says[raw] = said
        self.receive(raw)
        with self.store.transaction() as transaction:
            return next(
                one for one in transaction.journal.listed() if one.sha256 == Sha256(hashlib.sha256(raw).hexdigest())
            )


def queued_document(house: House, report: Any, attachments: Sequence[Attached] = ()) -> Delivery:
    """A real document in the outbox."""
    return house.submit().report(report, attachments).delivery
