"""Opens the store: tables brought up to date, one transaction at a time, bytes beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapter.ports import Clock, KeptBlob
from adapter.storage.audit_trail import SqlAuditTrail
from adapter.storage.blobs import SqlBlobs
from adapter.storage.breakers import SqlBreakers
from adapter.storage.config import StorageConfig
from adapter.storage.database import Database, OpenTransaction
from adapter.storage.figures import SqlFigures, SqlInventory
from adapter.storage.journal import SqlJournal
from adapter.storage.migrations.runner import upgrade
from adapter.storage.outbox import SqlOutbox
from adapter.storage.receipts import SqlReceipts
from adapter.storage.register import SqlRegister
from adapter.storage.statements import SqlStatements
from adapter.storage.subscriptions import SqlHeadStamps, SqlSubscriptions
from adapter.storage.watched import SqlWatched


class SqlTransaction:
    """adapter.ports.Transaction: the parts of one database transaction."""

    def __init__(self, transaction: OpenTransaction, blobs: SqlBlobs) -> None:
        self._transaction = transaction
        self._blobs = blobs
        self._outbox = SqlOutbox(transaction)
        self._journal = SqlJournal(transaction)
        self._register = SqlRegister(transaction)
        self._receipts = SqlReceipts(transaction)
        self._breakers = SqlBreakers(transaction)
        self._audit = SqlAuditTrail(transaction)
        self._statements = SqlStatements(transaction)

    def keep(self, content: bytes) -> KeptBlob:
        """Keep bytes as a part of this transaction: durable with the rest of it, or not there at all."""
        return self._blobs.keep_in(self._transaction, content)

    @property
    def outbox(self) -> SqlOutbox:
        """Deliveries and their attempts."""
        return self._outbox

    @property
    def journal(self) -> SqlJournal:
        """Raw incoming messages."""
        return self._journal

    @property
    def register(self) -> SqlRegister:
        """Documents recorded as received."""
        return self._register

    @property
    def receipts(self) -> SqlReceipts:
        """Answers kept as proof."""
        return self._receipts

    @property
    def breakers(self) -> SqlBreakers:
        """Whether the channels are open."""
        return self._breakers

    @property
    def audit(self) -> SqlAuditTrail:
        """The hash chain; use it last."""
        return self._audit

    @property
    def statements(self) -> SqlStatements:
        """What the node stated; after the hash chain, whose event a statement names."""
        return self._statements

    @property
    def watched(self) -> SqlWatched:
        """Rows that nobody looked at in time."""
        return SqlWatched(self._transaction)

    @property
    def subscriptions(self) -> SqlSubscriptions:
        """Who follows the audit trail."""
        return SqlSubscriptions(self._transaction)

    @property
    def head_stamps(self) -> SqlHeadStamps:
        """Time-stamps over the head of the audit chain."""
        return SqlHeadStamps(self._transaction)

    @property
    def figures(self) -> SqlFigures:
        """Counts for a monitor."""
        return SqlFigures(self._transaction)

    @property
    def inventory(self) -> SqlInventory:
        """Which bytes the rows name."""
        return SqlInventory(self._transaction)


class SqlStore:
    """adapter.ports.Store on a relational database. Safe under threads and beside other processes."""

    def __init__(self, database: Database, blobs: SqlBlobs) -> None:
        self._database = database
        self._blobs = blobs

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Begin for writing; commit at the end of the block, roll back when it raises.

        Raises Retryable `storage.busy`, Final `storage.full`, and RuntimeError inside another one of the same thread.
        """
        with self._database.writing() as transaction:
            yield SqlTransaction(transaction, self._blobs)

    @contextmanager
    def snapshot(self) -> Iterator[SqlTransaction]:
        """What stands at one moment, for whoever reads several things that must fit together."""
        with self._database.reading() as transaction:
            yield SqlTransaction(transaction, self._blobs)

    @property
    def blobs(self) -> SqlBlobs:
        """Bytes by digest; outside of transactions."""
        return self._blobs

    def close(self) -> None:
        """Give back every connection; the store is not used after."""
        self._database.close()


def open_store(config: StorageConfig, *, clock: Clock) -> SqlStore:
    """The store, its tables brought up to date.

    Raises SettingsRefused for a database that cannot keep promises, Final `storage.newer-tables` for tables that a
    newer program made, Retryable `storage.migrating` when another starter holds the tables too long.
    """
    database = Database(config)
    try:
        upgrade(database, clock=clock, lease_for=config.migration_lease_for)
        temporary = config.temporary_directory or database.folder
        return SqlStore(database, SqlBlobs(database, clock, temporary, config.blob_directory))
    except BaseException:  # reason: whatever stops the opening, an interrupt too, connections are given back
        database.close()
        raise
