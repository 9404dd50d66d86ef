"""Where the store is and how patient it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from adapter.secret import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageConfig:
    """Settings of the store.

    url                  `sqlite:///relative.db` or `sqlite:////absolute.db`; a local disk, never a network folder.
                         `postgresql://user@host/database`; without a password, which would be shown with it
    password             of the user of PostgreSQL; without it the server decides by other means
    blobs                where bytes live: in the database (one file to back up), or one file per digest in a directory
                         (large documents do not swell the database; two things to back up, the directory last)
    blob_directory       needed for `directory`, refused otherwise
    temporary_directory  where bytes wait before they are kept and after they are read; None: beside the database, or
                         the machine's own folder for temporary files where the database is on a server.
                         A memory file system here breaks the promise that large documents stay out of memory
    busy_timeout         how long a transaction waits for its turn before Retryable `storage.busy`; shorter than the
                         time-out of whoever calls the endpoint, longer than the slowest commit of the disk
    lease_for            how long a worker holds a row without renewing its lease, every third of it; composition hands it
                         to the passes, which give it to `claim`. Shorter: a pause of the machine takes live work away
                         from its worker. Longer: the work of a killed worker waits
    migration_lease_for  how long the lock of a starter that was killed keeps others from migrating
    """

    url: str = field(repr=False)
    password: Secret | None = None
    blobs: Literal["database", "directory"] = "database"
    blob_directory: Path | None = None
    temporary_directory: Path | None = None
    busy_timeout: timedelta = timedelta(seconds=10)
    lease_for: timedelta = timedelta(seconds=25)
    migration_lease_for: timedelta = timedelta(seconds=30)
