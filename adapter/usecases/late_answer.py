"""A gateway's answer that finds its row moved by a notice. Mostly the two agree; a refusal of what the exchange itself has
reported as carried is a dispute: the answer is kept as a receipt, a person is told, and the row stays as it is.

So the two orders of a refusal and a notice differ in who came first, and in nothing that is lost: in the other one it is
the notice that is the dispute (apply_notice.py).
"""

from __future__ import annotations

from datetime import datetime

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Attempt, Delivery
from adapter.domain.receipt import MessageVerdict, Receipt, ReceiptKind
from adapter.ports import Transaction

DISPUTE = "answer.dispute"
"""Action of the alarm."""

_MANDATE = "Law 370-II, art. 7"


def keep_disputed(transaction: Transaction, standing: Delivery, attempt: Attempt, *, receipt_id: str) -> None:
    """The answer of `attempt` as a receipt, once; an answer without a byte leaves nothing to keep but its attempt.

    The bytes are kept before. `standing` is the row as it is now.
    """
    if attempt.answer is None:
        return
    transaction.receipts.add(
        Receipt(
            id=receipt_id,
            document_id=standing.document_id,
            addressee=standing.addressee,
            kind=ReceiptKind.GATEWAY_ANSWER,
            says=attempt.code or attempt.outcome.value,
            received_at=attempt.ended_at or attempt.started_at,
            raw=attempt.answer,
            verdict=MessageVerdict(attempt.answer_verdict or MessageVerdict.UNVERIFIED),
            is_dispute=True,
        )
    )


def note_disputed(transaction: Transaction, standing: Delivery, attempt: Attempt, code: str, *, now: datetime) -> None:
    """The alarm; appended with the other events of the transaction, last."""
    transaction.audit.append(
        AuditEvent(
            at=now,
            actor="exchange",
            action=DISPUTE,
            mandate=_MANDATE,
            document_id=standing.document_id,
            details={
                "delivery": standing.id,
                "addressee": standing.addressee,
                "state": standing.state.value,
                "attempt": attempt.number,
                "code": code,
                "sha256": attempt.answer,
            },
        )
    )
