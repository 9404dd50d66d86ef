"""What an auditor needs and nothing else: anchors from the command, files from the disk; no settings, store or network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

import signing
from adapter.composition.key_files import certificate, read_file, signing_errors
from adapter.domain.document import Sha256
from adapter.errors import Final, Place
from adapter.exchange.channel import interpret
from adapter.ports import KeptBlob
from adapter.storage import DirectoryEvidenceFolder
from adapter.usecases.verified_container import Trust
from adapter.usecases.verify import Verify

PolicyName = Literal["sandbox", "kz-document"]


def verifier(
    anchor_files: Sequence[Path],
    *,
    kind: Literal["production", "test", "sandbox"],
    at: datetime,
    policy: PolicyName,
    seal_at: datetime | None = None,
    exchange_files: Sequence[Path] = (),
) -> Verify:
    """The auditor's verifier: anchors from the command, nothing else from anywhere.

    seal_at         validation time of the seals of evidence folders; `at` without it
    exchange_files  certificates of the exchange, one in each file: its messages have to be signed with one of them
    """
    texts = [read_file(path, "trust.unreadable") for path in anchor_files]
    anchors = signing_errors(lambda: signing.TrustAnchors.from_pem("command-line", kind, *texts))
    document = {"sandbox": signing.SANDBOX_DOCUMENT, "kz-document": signing.KZ_DOCUMENT}[policy]
    envelope = {"sandbox": signing.SANDBOX_ENVELOPE, "kz-document": signing.KZ_ENVELOPE}[policy]
    return Verify(
        trust=Trust(policy=document, anchors=anchors),
        envelope_trust=Trust(policy=envelope, anchors=anchors),
        interpret=interpret,
        at=at,
        seal_at=seal_at,
        exchange=tuple(_certificate(path) for path in exchange_files),
    )


def _certificate(path: Path) -> bytes:
    content = certificate(path)
    signing_errors(lambda: signing.certificate_facts(content))
    return content


@contextmanager
def opened_container(path: Path) -> Iterator[tuple[BinaryIO, KeptBlob]]:
    """A container file with the digest of its bytes; nothing is read into memory."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as source:
            while chunk := source.read(1 << 18):
                digest.update(chunk)
                size += len(chunk)
            source.seek(0)
            yield source, KeptBlob(sha256=Sha256(digest.hexdigest()), size=size)
    except OSError as error:
        raise Final("file.unreadable", place=Place(file=path.name), params={"file": path.name}) from error


def evidence_folder(path: Path) -> DirectoryEvidenceFolder:
    """An evidence folder on disk."""
    return DirectoryEvidenceFolder(path)
