"""Answers kept as proof, for ever."""

from __future__ import annotations

from sqlalchemy import bindparam, exists, insert, select

from adapter.domain.document import DocumentId
from adapter.domain.receipt import Receipt
from adapter.errors import Conflict
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import receipt_of, receipt_row
from adapter.storage.tables import receipts

_r = receipts.c

_KNOWN = select(
    exists().where(
        _r.document_id == bindparam("of_document"),
        _r.addressee == bindparam("of_addressee"),
        _r.kind == bindparam("of_kind"),
        _r.raw == bindparam("of_raw"),
    )
)
_ADD = insert(receipts)
_OF_DOCUMENT = select(receipts).where(_r.document_id == bindparam("of_document")).order_by(_r.received_at, _r.sequence)


class SqlReceipts:
    """adapter.ports.Receipts inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, receipt: Receipt) -> bool:
        """False when the same bytes are already kept for the same document, addressee and kind.

        Raises Final `storage.nothing-to-point-at` when the raw bytes are not kept yet: no receipt without its bytes.
        """
        bytes_of_it = {
            "of_document": receipt.document_id,
            "of_addressee": receipt.addressee,
            "of_kind": receipt.kind,
            "of_raw": receipt.raw,
        }
        if self._transaction.value(_KNOWN, **bytes_of_it):
            return False
        try:
            self._transaction.change(_ADD, **receipt_row(receipt))
        except Conflict:
            if self._transaction.value(_KNOWN, **bytes_of_it):  # another worker kept them a moment ago
                return False
            raise
        return True

    def of_document(self, document_id: DocumentId) -> tuple[Receipt, ...]:
        """In order of arrival."""
        return tuple(receipt_of(row) for row in self._transaction.rows(_OF_DOCUMENT, of_document=document_id))
