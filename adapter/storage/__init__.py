"""The store: one relational database and the bytes it names; evidence folders on disk. Front door of the package."""

from __future__ import annotations

from adapter.storage.config import StorageConfig
from adapter.storage.evidence_folder import DirectoryEvidenceFolder, FolderLimits
from adapter.storage.store import SqlStore, open_store

__all__ = ["DirectoryEvidenceFolder", "FolderLimits", "SqlStore", "StorageConfig", "open_store"]
