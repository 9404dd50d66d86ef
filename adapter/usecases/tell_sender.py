"""Notices of ours about a document that came in: each is queued once, in the transaction of what it tells."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.document import BodyCode
from adapter.domain.incoming import IncomingDocument
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.domain.outgoing import ContentKind, OutgoingNotice
from adapter.ports import Clock, Identifiers, Transaction
from adapter.usecases.verified_container import Judged, sha256_of


@dataclass(frozen=True, kw_only=True, slots=True)
class TellSender:
    """Speaks to the participant that the exchange named as sender, in a lane of the body that signed.

    member      our own participant id, which stands in our notices
    """

    body: BodyCode
    member: str
    clock: Clock
    identifiers: Identifiers

    def __call__(
        self,
        transaction: Transaction,
        incoming: IncomingDocument,
        kind: NoticeKind,
        lane: BodyCode,
        *,
        registration_number: str | None = None,
        reason: RefusalReason | None = None,
        repeat: str | None = None,
    ) -> None:
        """Queue once per document and kind: a notice that stands there already stays as it is.

        repeat      journal entry that asks for the same notice once more
        """
        now = self.clock.now()
        notice = Notice(
            document_id=incoming.document_id,
            kind=kind,
            speaker=self.member,
            addressee=incoming.sender,
            said_at=now,
            registration_number=registration_number,
            reason=reason,
        )
        key = f"{notice.document_id}#{kind.value}{f'#{repeat}' if repeat else ''}"
        if transaction.outbox.find(key, ContentKind.NOTICE, lane) is not None:
            return
        transaction.outbox.add(
            Delivery(
                id=str(self.identifiers.new()),
                key=key,
                content_kind=ContentKind.NOTICE,
                content=OutgoingNotice(notice=notice, sender=self.body, addressee=lane),
                document_id=notice.document_id,
                sender=self.body,
                addressee=lane,
                digest=sha256_of(repr(notice).encode()),
                message_id=str(self.identifiers.new()),
                state=DeliveryState.QUEUED,
                wake_at=now,
                created_at=now,
                changed_at=now,
            )
        )


def lane_of(incoming: IncomingDocument, judged: Judged | None) -> BodyCode:
    """The lane of our notices: the body that signed, or the bare participant id while nothing signed is known."""
    if judged is not None and judged.report is not None:
        return judged.report.header.sender.code
    return BodyCode(f"member:{incoming.sender}")
