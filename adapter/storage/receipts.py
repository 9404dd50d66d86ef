"""Answers kept as proof, for ever."""

from __future__ import annotations

from sqlalchemy import exists, insert, select

from adapter.domain.document import DocumentId
from adapter.domain.receipt import Receipt
from adapter.errors import Conflict
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import receipt_of, receipt_row
from adapter.storage.tables import receipts

_r = receipts.c


class SqlReceipts:
    """adapter.ports.Receipts inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, receipt: Receipt) -> bool:
        """False when the same bytes are already kept for the same document, addressee and kind.

        Raises Final `storage.nothing-to-point-at` when the raw bytes are not kept yet: no receipt without its bytes.
        """
        known = select(
            exists().where(
                _r.document_id == receipt.document_id,
                _r.addressee == receipt.addressee,
                _r.kind == receipt.kind,
                _r.raw == receipt.raw,
            )
        )
        if self._transaction.value(known):
            return False
        try:
            self._transaction.change(insert(receipts).values(**receipt_row(receipt)))
        except Conflict:
            if self._transaction.value(known):  # another worker kept them a moment ago
                return False
            raise
        return True

    def of_document(self, document_id: DocumentId) -> tuple[Receipt, ...]:
        """In order of arrival."""
        statement = select(receipts).where(_r.document_id == document_id).order_by(_r.received_at, _r.sequence)
        return tuple(receipt_of(row) for row in self._transaction.rows(statement))
