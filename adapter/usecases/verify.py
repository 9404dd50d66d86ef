"""Containers, signatures and messages to a verdict, with no settings, no database and no network.

Trust anchors come from the command, never from the thing judged. Evidence folders are judged in verify_folder.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import signing
from adapter.domain.incoming import Interpreted
from adapter.ports import EvidenceFolder, KeptBlob
from adapter.usecases.verdict import Verdict, of_container, of_report
from adapter.usecases.verified_container import Trust, judge_bytes
from adapter.usecases.verify_folder import VerifyFolder


@dataclass(frozen=True, kw_only=True, slots=True)
class Verify:
    """The auditor's deed.

    interpret   reads a raw message of the exchange; only what it says is used, never as a ground to trust it
    seal_at     validation time of the seals of evidence folders, which are made at the export; `at` without it
    exchange    DER of the exchange's certificates as the auditor knows them: a message has to be signed with one of them
    """

    trust: Trust
    envelope_trust: Trust
    interpret: Callable[[bytes], Interpreted]
    at: datetime
    seal_at: datetime | None = None
    exchange: tuple[bytes, ...] = ()

    def container(self, name: str, source: BinaryIO | bytes, kept: KeptBlob) -> Verdict:
        """Judge one ASiC-E container."""
        return of_container(name, judge_bytes(source, kept, self.trust, at=self.at))

    def detached(self, name: str, signature: bytes, content: Sequence[bytes]) -> Verdict:
        """Judge a detached CMS over content given in pieces."""
        report = signing.verify_detached(
            signature, content, policy=self.trust.policy, anchors=self.trust.anchors, at=self.at
        )
        return of_report(name, report)

    def envelope(self, name: str, message: bytes) -> Verdict:
        """Judge a SOAP message."""
        judged = signing.verify_envelope(
            message,
            policy=self.envelope_trust.policy,
            anchors=self.envelope_trust.anchors,
            at=self.at,
            pinned=self.exchange,
        )
        return of_report(name, judged.report)

    def folder(self, name: str, folder: EvidenceFolder) -> Verdict:
        """Judge an evidence folder."""
        judge = VerifyFolder(
            trust=self.trust,
            envelope_trust=self.envelope_trust,
            interpret=self.interpret,
            at=self.at,
            seal_at=self.seal_at or self.at,
            exchange=self.exchange,
        )
        return judge(name, folder)
