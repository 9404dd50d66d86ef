"""Documents recorded as received, and the numbers they get."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from adapter.domain.document import DocumentId, DocumentType
from adapter.domain.incoming import RegisteredDocument
from adapter.errors import Conflict
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import registered_of, registered_row
from adapter.storage.tables import number_series, register

_r = register.c
_BY_NUMBER = select(register).where(_r.number == bindparam("of_number"))
_BY_DOCUMENT = select(register).where(_r.document_id == bindparam("of_document"))
_ADD = insert(register)
_ONE_MORE = (
    update(number_series)
    .where(number_series.c.series == bindparam("of_series"))
    .values(last=number_series.c.last + 1)
    .returning(number_series.c.last)
)


class SqlRegister:
    """adapter.ports.Register inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, document: RegisteredDocument) -> None:
        """Conflict `register.document-taken` or `register.number-taken`; Final when the container is not kept yet."""
        standing = self.find(document.document_id)
        if standing is not None:
            raise Conflict("register.document-taken", params=taken(standing))
        row = self._transaction.row(_BY_NUMBER, of_number=document.number)
        if row is not None:
            raise Conflict("register.number-taken", params=taken(registered_of(row)))
        self._transaction.change(_ADD, **registered_row(document))

    def find(self, document_id: DocumentId) -> RegisteredDocument | None:
        """The record of this document; where there is none, nobody else records it before this transaction ends."""
        self._transaction.queue_for(f"register {document_id}")
        row = self._transaction.row(_BY_DOCUMENT, of_document=document_id)
        return None if row is None else registered_of(row)

    def listed(
        self, *, document_type: DocumentType | None = None, reporting_year: int | None = None
    ) -> tuple[RegisteredDocument, ...]:
        """In order of recording."""
        statement = select(register).order_by(register.c.sequence)
        if document_type is not None:
            statement = statement.where(register.c.document_type == document_type)
        if reporting_year is not None:
            statement = statement.where(register.c.reporting_year == reporting_year)
        return tuple(registered_of(row) for row in self._transaction.rows(statement))

    def next_number(self, series: str) -> int:
        """The next number, from 1; a transaction that is rolled back gives its number back.

        The series stays locked until then: a number that is given is known to be the last.
        """
        given = self._one_more(series)
        if given is None:
            self._transaction.queue_for(f"number_series {series}")
            given = self._one_more(series)
        if given is None:
            self._transaction.change(insert(number_series).values(series=series, last=1))
            return 1
        return given

    def _one_more(self, series: str) -> int | None:
        given = self._transaction.value(_ONE_MORE, of_series=series)
        return None if given is None else int(given)


def taken(standing: RegisteredDocument) -> dict[str, object]:
    """What a person needs to find the record that stands in the way."""
    return {"document": standing.document_id, "number": standing.number, "at": standing.received_at.isoformat()}
