"""The time-stamp that was not to be had at submit, obtained before the first byte leaves ("stamp pending").

An authority that is silent or not to be believed keeps no document out of the outbox: it is signed at level B-B, taken
over with its receipt, and waits here. What was handed over is never changed; the container with its time-stamp is kept
beside it, judged as any other that we send, and travels (domain/stamped_files.py).

1 ask           the authority, and whoever tells the status of certificates; not again for a while after silence
2 judge         the raised container under the whole policy
3 office        signs the files as they will travel
4 settle    T   what travels, and the event that names both containers

From the last safe try on until the legal deadline the document goes as it was handed over: late is worse than without a
time-stamp, and the addressee's system states its own time of receipt. What is late in any case waits: an addressee that
demands a time-stamp would hold it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Delivery
from adapter.domain.outgoing import Content, OutgoingDocument, TravellingFile
from adapter.domain.retry import RetryPolicy, last_safe_try
from adapter.domain.stamped_files import StampedFiles
from adapter.errors import Conflict, Final, Retryable
from adapter.ports import Clock, KeptBlob, Store, Transaction
from adapter.usecases.delivery_plan import MANDATE
from adapter.usecases.sign import Sign
from adapter.usecases.sign_refusals import SIGNED_AHEAD, is_of_services

STAMP_PENDING = "deliver.stamp-pending"
"""Code of the wait: no attempt, nothing of the exchange's."""

STAMPED = "delivery.stamped"
"""Action of the event that names both containers."""

SENT_WITHOUT = "watch.sent-without-time-stamp"
"""Action of the alarm when the last safe try came first."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ObtainStamp:
    """What travels of a delivery. `retry` says when the last safe try before a deadline is."""

    store: Store
    clock: Clock
    sign: Sign
    retry: RetryPolicy

    def __call__(self, delivery: Delivery) -> Content:
        """The content with the files as they travel; at once for a document that was stamped when it was signed.

        Raises Retryable `deliver.stamp-pending` while the authority is silent, Final `sign.own-verification` when what it
        was raised to does not pass, and what the store and the office's key raise.
        """
        content = delivery.content
        if not isinstance(content, OutgoingDocument) or not content.stamp_pending:
            return content
        with self.store.snapshot() as transaction:
            standing = transaction.outbox.stamped(delivery.id)
        settled = standing or self._settled(delivery, content)
        return replace(content, files=settled.files, office_signature=settled.office_signature, stamp_pending=False)

    def _settled(self, delivery: Delivery, content: OutgoingDocument) -> StampedFiles:
        action = STAMPED
        try:
            stamped = self._stamped(delivery, content)
        except (Retryable, Final) as error:
            if not _is_waited_for(error.code):
                raise
            if not self._is_last_moment(delivery):
                params = {"document": delivery.document_id, "reason": error.code}
                raise Retryable(STAMP_PENDING, params=params) from error
            action, stamped = SENT_WITHOUT, self._files(delivery, content, _handed_over(content), level=None)
        try:
            with self.store.transaction() as transaction:
                transaction.outbox.add_stamped(stamped)
                _note(transaction, action, delivery, content, stamped)
        except Conflict:
            # Another worker, who took this one for dead, was faster: what he settled travels.
            with self.store.snapshot() as transaction:
                standing = transaction.outbox.stamped(delivery.id)
            if standing is None:
                raise
            return standing
        return stamped

    def _stamped(self, delivery: Delivery, content: OutgoingDocument) -> StampedFiles:
        """Steps 1 to 3. Raises Retryable for a silence, this one's or the last one's."""
        silent = self.sign.silence.lasts(self.clock.now())
        if silent is not None:
            raise Retryable(silent)
        begun = self.clock.running()
        try:
            kept = self.sign.raised_later(_handed_over(content), clock=self.clock)
            return self._files(delivery, content, kept, level=self.sign.level)
        except (Retryable, Final) as error:
            if not is_of_services(error.code):
                raise
            self.sign.silence.begins(error.code, now=self.clock.now(), took=self.clock.running() - begun)
            _log.warning("%s: document %s: %s", STAMP_PENDING, delivery.document_id, error.code)
            raise

    def _files(
        self, delivery: Delivery, content: OutgoingDocument, container: KeptBlob, *, level: str | None
    ) -> StampedFiles:
        """With that container; `level` None: as it was handed over, the office's signature without a
        time-stamp, too.
        """
        now = self.clock.now()
        first, *others = content.files
        files = (replace(first, sha256=container.sha256, size=container.size), *others)
        sign = self.sign if level is not None else self.sign.without_services
        return StampedFiles(
            delivery_id=delivery.id,
            document_id=delivery.document_id,
            level=level or "B-B",
            files=files,
            office_signature=sign.office_signature(files, at=now),
            stamped_at=now,
        )

    def _is_last_moment(self, delivery: Delivery) -> bool:
        deadline = delivery.deadline
        return deadline is not None and last_safe_try(self.retry, deadline) <= self.clock.now() < deadline


def _is_waited_for(code: str) -> bool:
    return code == SIGNED_AHEAD or is_of_services(code)


def travelled(transaction: Transaction, delivery: Delivery) -> KeptBlob | None:
    """The container of a delivery as it travels; while its time-stamp is pending as it was handed over. None for a notice."""
    content = delivery.content
    if not isinstance(content, OutgoingDocument):
        return None
    settled = transaction.outbox.stamped(delivery.id) if content.stamp_pending else None
    return _handed_over(content) if settled is None else _container(settled.files[0])


def _handed_over(content: OutgoingDocument) -> KeptBlob:
    return _container(content.files[0])


def _container(file: TravellingFile) -> KeptBlob:
    return KeptBlob(sha256=file.sha256, size=file.size)


def _note(
    transaction: Transaction, action: str, delivery: Delivery, content: OutgoingDocument, stamped: StampedFiles
) -> None:
    transaction.audit.append(
        AuditEvent(
            at=stamped.stamped_at,
            actor="worker",
            action=action,
            mandate=MANDATE,
            document_id=delivery.document_id,
            details={
                "delivery": delivery.id,
                "addressee": delivery.addressee,
                "level": stamped.level,
                "handedOver": content.files[0].sha256,
                "container": stamped.files[0].sha256,
            },
        )
    )
