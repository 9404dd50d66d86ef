"""What the node stated: a hash chain beside the audit trail, and the first signed form of each link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Select, exists, func, insert, select

from adapter.domain.audit_event import GENESIS
from adapter.domain.document import DocumentId, Sha256
from adapter.domain.statement import SignedStatement, Statement, StatementKind, chained
from adapter.errors import Conflict
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import signed_row, statement_of, statement_row
from adapter.storage.tables import statement_signatures, statements

_s = statements.c


class SqlStatements:
    """adapter.ports.Statements inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def append(
        self,
        kind: StatementKind,
        *,
        document_id: DocumentId,
        delivery_id: str,
        made_at: datetime,
        compose: Callable[[int, Sha256], bytes],
    ) -> Statement:
        """Add after the last one; nobody else appends until the commit.

        Raises ValueError when the content names another place, Conflict `storage.already-there` for a second statement of
        the kind about the delivery, Final `storage.nothing-to-point-at` for a delivery that is not there.
        """
        self._transaction.queue_for("statements")
        last = self._transaction.row(select(_s.sequence, _s.digest).order_by(_s.sequence.desc()).limit(1))
        sequence, previous = (1, GENESIS) if last is None else (int(last["sequence"]) + 1, Sha256(last["digest"]))
        content = compose(sequence, previous)
        statement = Statement(
            sequence=sequence,
            kind=kind,
            document_id=document_id,
            delivery_id=delivery_id,
            made_at=made_at,
            content=content,
            previous=previous,
            digest=chained(sequence, previous, content),
        )
        self._transaction.change(insert(statements).values(**statement_row(statement)))
        return statement

    def get(self, sequence: int) -> Statement | None:
        """The statement with this number."""
        found = self._all(select(statements).where(_s.sequence == sequence))
        return found[0] if found else None

    def of_document(self, document_id: DocumentId) -> tuple[Statement, ...]:
        """In order of the chain."""
        return self._all(select(statements).where(_s.document_id == document_id).order_by(_s.sequence))

    def listed(self, *, after: int = 0, limit: int = 1000) -> tuple[Statement, ...]:
        """A gapless segment that follows statement `after`."""
        return self._all(select(statements).where(_s.sequence > after).order_by(_s.sequence).limit(limit))

    def last(self) -> int:
        """Number of the last statement; 0 where there is none."""
        return int(self._transaction.value(select(func.max(_s.sequence))) or 0)

    def unsigned(self, *, after: int = 0, limit: int = 100) -> tuple[Statement, ...]:
        """Without a signed form, in order of the chain."""
        is_signed = exists().where(statement_signatures.c.sequence == _s.sequence)
        return self._all(select(statements).where(_s.sequence > after, ~is_signed).order_by(_s.sequence).limit(limit))

    def add_signed(self, signed: SignedStatement) -> SignedStatement:
        """The first signed form stands; whoever comes later gets it back."""
        standing = self.signed(signed.sequence)
        if standing is not None:
            return standing
        try:
            self._transaction.change(insert(statement_signatures).values(**signed_row(signed)))
        except Conflict:
            standing = self.signed(signed.sequence)  # another signer kept his a moment ago
            if standing is None:
                raise
            return standing
        return signed

    def signed(self, sequence: int) -> SignedStatement | None:
        """Which bytes are the signed form; None before there is one."""
        row = self._transaction.row(select(statement_signatures).where(statement_signatures.c.sequence == sequence))
        return None if row is None else SignedStatement(**row)

    def _all(self, statement: Select[tuple[object, ...]]) -> tuple[Statement, ...]:
        return tuple(statement_of(row) for row in self._transaction.rows(statement))
