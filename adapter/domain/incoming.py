"""What arrives, and the pure decision about it: register, refuse, hold or stop.

The table of decisions (architecture, receive pass):

    TOTAL-PASSED, no errors                  register; lateness flags and never refuses
    file link wrong or expired               refuse, reason wrong-link
    TOTAL-FAILED                             refuse, reason signature-negative
    schema or rule errors                    refuse, reason against-rules, with every finding
    marking above official-use               stop: nothing kept but rule id and time
    INDETERMINATE; same id with other bytes; a rule that cannot tell;
    nothing says who signs for the sender                                 hold for a person
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.notice import Notice, RefusalReason
from adapter.domain.outgoing import TravellingFile, Words
from adapter.errors import Finding, Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingDocument:
    """A document announced by the exchange; its files are still to be fetched.

    sender              participant id as the exchange gives it; the body behind it is looked up
    files               identifiers in the exchange's file store, in the order given
    office_signature    CMS (DER) over the files; None when absent
    outgoing_number     number and date the sender gave it
    """

    document_id: DocumentId
    sender: str
    files: tuple[str, ...]
    office_signature: bytes | None
    outgoing_number: str
    outgoing_date: date | None
    description: str
    signer: Words | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingNotice:
    """A notice addressed to us."""

    notice: Notice


@dataclass(frozen=True, kw_only=True, slots=True)
class NotUnderstood:
    """A message that is kept and shown to a person: an unknown type, or one that cannot be read.

    what    the type as the exchange named it, or the code of the reading error
    """

    what: str


Interpreted = IncomingDocument | IncomingNotice | NotUnderstood


class JournalState(StrEnum):
    """Where an incoming message stands."""

    RECEIVED = "received"
    CLAIMED = "claimed"
    DONE = "done"
    HELD = "held"
    """A person must look: quarantined, not understood, indeterminate or in conflict."""
    REFUSED = "refused"
    """Not a message we take (broken, wrongly signed); kept as it came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalEntry:
    """One raw incoming message.

    message_id  the exchange's id; with `sha256` it recognises a repeat
    raw         digest of the raw bytes' blob
    answer      what we answered, byte for byte; a repeat gets it again
    verdict     on the envelope's signature: verified, unverified (unsigned), failed
    outcome     code of what was done with it, once DONE, HELD or REFUSED
    files       what came with it, in announced order, durable under their digests; none before they were fetched
    lapses      leases in a row that ended without a word of their worker
    """

    id: str
    message_id: str
    sha256: Sha256
    size: int
    received_at: datetime
    verdict: str
    answer: bytes
    state: JournalState
    wake_at: datetime | None
    lease: str | None = None
    lease_until: datetime | None = None
    tries: int = 0
    document_id: str | None = None
    outcome: str | None = None
    outcome_params: str | None = None
    revision: int = 0
    files: tuple[TravellingFile, ...] = ()
    lapses: int = 0


class Decision(StrEnum):
    """What becomes of an incoming document."""

    REGISTER = "register"
    REFUSE = "refuse"
    HOLD = "hold"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The decision with its ground: the reason told to the sender, or the code shown to a person who must look."""

    decision: Decision
    reason: RefusalReason | None = None
    code: str | None = None
    findings: tuple[Finding, ...] = ()


class ContainerVerdict(StrEnum):
    """The three ends of a verification, as far as the decision needs them."""

    PASSED = "TOTAL-PASSED"
    FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"


CANNOT_TELL = "rules.cannot-tell"
"""Code of a rule that lacks a fact. The sender is not at fault, so the document waits for a person."""

SIGNER_UNKNOWN = "receive.signer-unknown"
"""Code of a body whose business number nobody told us: any certificate under our anchors could pass for its own."""

_UNDECIDED = frozenset({CANNOT_TELL, SIGNER_UNKNOWN})


def decide(  # noqa: PLR0911 - one line for each row of the table above
    *,
    verdict: ContainerVerdict,
    findings: tuple[Finding, ...],
    known_with_other_bytes: bool,
) -> Judgement:
    """The decision about a document whose files are here.

    Only a failed signature becomes the reason `signature-negative`: one that cannot be judged holds the document and is
    never told to the sender as invalid. A `stop` finding wins over everything, because then nothing may be kept.
    """
    if any(finding.severity is Severity.STOP for finding in findings):
        stops = tuple(finding for finding in findings if finding.severity is Severity.STOP)
        return Judgement(decision=Decision.STOP, code=stops[0].code, findings=stops)
    if verdict is ContainerVerdict.FAILED:
        return Judgement(decision=Decision.REFUSE, reason=RefusalReason.SIGNATURE_NEGATIVE, findings=findings)
    if verdict is ContainerVerdict.INDETERMINATE:
        return Judgement(decision=Decision.HOLD, code="receive.indeterminate", findings=findings)
    if known_with_other_bytes:
        return Judgement(decision=Decision.HOLD, code="BR-19b", findings=findings)
    errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    if any(finding.code not in _UNDECIDED for finding in errors):
        return Judgement(decision=Decision.REFUSE, reason=RefusalReason.AGAINST_RULES, findings=findings)
    if errors:
        code = SIGNER_UNKNOWN if any(finding.code == SIGNER_UNKNOWN for finding in errors) else CANNOT_TELL
        return Judgement(decision=Decision.HOLD, code=code, findings=findings)
    return Judgement(decision=Decision.REGISTER, findings=findings)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredDocument:
    """A document recorded in our system: by law it is received from this moment (Law 370-II, article 7).

    number          incoming number; unique in the register
    received_at     time of recording; what lateness is judged by
    container       digest of the container's blob; `xml` of the document inside it
    is_late         recorded at or after the end of the due date
    """

    document_id: DocumentId
    case_id: str
    document_type: DocumentType
    reporting_year: int
    sender: BodyCode
    sender_participant: str
    number: str
    received_at: datetime
    outgoing_number: str
    outgoing_date: date | None
    container: Sha256
    container_size: int
    xml: Sha256
    signer: str
    verdict: str
    is_late: bool
    supersedes: DocumentId | None = None
    findings: tuple[Finding, ...] = ()
    office_verdict: str | None = None
