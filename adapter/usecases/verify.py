"""Containers, signatures and messages to a verdict, with no settings and no database; a network only where one is given.

Trust anchors come from the command, never from the thing judged. Evidence folders are judged in verify_folder.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO
from typing import Final as Constant

import signing
from adapter import conversion
from adapter.domain.incoming import Interpreted
from adapter.domain.statement import SubmissionReceipt
from adapter.errors import Final, Place
from adapter.ports import EvidenceFolder, KeptBlob
from adapter.usecases.evidence_own import verified
from adapter.usecases.signed_form import HEAD_BYTES, Form, armoured, der_of, form_of
from adapter.usecases.verdict import FAILED, INDETERMINATE, Verdict, check, joined, of_container, of_report
from adapter.usecases.verified_container import DOCUMENT_NAME, Trust, judge_bytes, sha256_of
from adapter.usecases.verify_folder import VerifyFolder

_STATEMENT: Constant = b'"urn:x-elshi:statement:v1"'
"""Bytes that every statement of ours has in its first tag: only what has them is read to see whether it is one."""
LARGEST_IN_MEMORY: Constant = 64_000_000
"""Bytes of a signature, message or XML that are read whole; containers and detached content are read in pieces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verify:
    """The auditor's deed.

    interpret       reads a raw message of the exchange; only what it says is used, never as a ground to trust it
    seal_at         validation time of the seals of evidence folders, which are made at the export; `at` without it
    exchange        DER of the exchange's certificates as the auditor knows them: a message has to be signed with one
    only_signatures judge a container as a signed container and nothing more: no document of ours is looked for in it
    """

    trust: Trust
    envelope_trust: Trust
    interpret: Callable[[bytes], Interpreted]
    at: datetime
    seal_at: datetime | None = None
    exchange: tuple[bytes, ...] = ()
    only_signatures: bool = False

    def file(
        self, name: str, source: BinaryIO, kept: KeptBlob, content: Callable[[], Iterable[bytes]] | None = None
    ) -> Verdict:
        """Judge a file by the form it claims (signed_form.py); `source` stands at its beginning and is seekable.

        content     opens what a detached CMS or a time-stamp was made over; None where nobody knows
        Raises Final `verify.too-large`, `verify.several-in-file`; what `content` raises passes through.
        """
        form = form_of(name, source.read(HEAD_BYTES))
        source.seek(0)
        if form == "container":
            verdict = self.container(name, source, kept)
        elif kept.size > LARGEST_IN_MEMORY:
            params = {"file": _last(name), "limit": LARGEST_IN_MEMORY}
            raise Final("verify.too-large", place=Place(file=_last(name)), params=params)
        else:
            verdict = self._in_memory(form, name, source.read(), kept, content)
        return replace(verdict, sha256=kept.sha256)

    def _in_memory(
        self,
        form: Form,
        name: str,
        whole: bytes,
        kept: KeptBlob,
        content: Callable[[], Iterable[bytes]] | None,
    ) -> Verdict:
        if form == "envelope":
            return self.envelope(name, whole)
        if form == "xml":
            return self.xml(name, whole)
        if form == "cms":
            count = armoured(whole)
            if count > 1:
                params = {"file": _last(name), "count": count}
                raise Final("verify.several-in-file", place=Place(file=_last(name)), params=params)
            der = der_of(whole)
            kind = signing.evidence_kind(der)
            if kind is not None:
                return self.evidence(name, kind, der, content() if content is not None else None)
            if signing.is_key_file(der):
                return self.key_file(name, der)
            return self.attached(name, der) if content is None else self.detached(name, der, content())
        return self.container(name, whole, kept)

    def container(self, name: str, source: BinaryIO | bytes, kept: KeptBlob) -> Verdict:
        """Judge one ASiC container."""
        if self.only_signatures:
            trust = self.trust
            judged = signing.verify_container(
                source, policy=trust.policy, anchors=trust.anchors, at=self.at, data=trust.data, fetcher=trust.fetcher
            )
            return replace(of_report(name, judged.report), container=kept.sha256)
        read = judge_bytes(source, kept, self.trust, at=self.at)
        if read.objects and DOCUMENT_NAME not in read.objects:
            # somebody else's container: its signatures are what there is to judge, and that is said
            absent = check("document.absent", "NOT_PERFORMED", name=DOCUMENT_NAME)
            return joined(replace(of_report(name, read.validation), container=kept.sha256), [absent])
        return of_container(name, read)

    def detached(self, name: str, signature: bytes, content: Iterable[bytes]) -> Verdict:
        """Judge a detached CMS (DER) over content given in pieces."""
        trust = self.trust
        report = signing.verify_detached(
            signature,
            content,
            policy=trust.policy,
            anchors=trust.anchors,
            at=self.at,
            data=trust.data,
            fetcher=trust.fetcher,
        )
        return of_report(name, report)

    def attached(self, name: str, signature: bytes) -> Verdict:
        """Judge a CMS (DER) that holds its own content; one that holds none says what it lacks."""
        trust = self.trust
        judged = signing.verify_attached(
            signature, policy=trust.policy, anchors=trust.anchors, at=self.at, data=trust.data, fetcher=trust.fetcher
        )
        verdict = of_report(name, judged.report)
        apart = any(one["id"] == "cms.attached" and one["conclusion"] == "INDETERMINATE" for one in verdict.checks)
        needed = [check("verify.content-needed", INDETERMINATE, file=_last(name))] if apart else []
        return joined(verdict, needed)

    def evidence(
        self, name: str, kind: signing.EvidenceKind, der: bytes, content: Iterable[bytes] | None = None
    ) -> Verdict:
        """Judge a time-stamp, an OCSP answer, a CRL or a certificate that lies by itself (DER)."""
        trust = self.trust
        judged = signing.verify_evidence(
            der,
            kind,
            policy=trust.policy,
            anchors=trust.anchors,
            at=self.at,
            content=content,
            data=trust.data,
            fetcher=trust.fetcher,
        )
        facts = judged.facts.as_json() if judged.facts is not None else None
        return replace(of_report(name, judged.report), evidence=facts)

    def key_file(self, name: str, content: bytes) -> Verdict:
        """A file of keys (PKCS#12) is no CMS, which it is judged as, and no evidence, which it may be sent as."""
        verdict = self.attached(name, content)
        own = check("verify.key-file", FAILED, file=_last(name))
        return replace(verdict, checks=(own, *verdict.checks))

    def envelope(self, name: str, message: bytes) -> Verdict:
        """Judge a SOAP message."""
        trust = self.envelope_trust
        judged = signing.verify_envelope(
            message,
            policy=trust.policy,
            anchors=trust.anchors,
            at=self.at,
            pinned=self.exchange,
            data=trust.data,
            fetcher=trust.fetcher,
        )
        return of_report(name, judged.report)

    def xml(self, name: str, document: bytes) -> Verdict:
        """Judge every signature of an XML document."""
        trust = self.trust
        if not self.only_signatures and _STATEMENT in document and conversion.is_statement(document):
            return self.statement(name, document)
        judged = signing.verify_xml(
            document, policy=trust.policy, anchors=trust.anchors, at=self.at, data=trust.data, fetcher=trust.fetcher
        )
        return of_report(name, judged.report)

    def statement(self, name: str, document: bytes) -> Verdict:
        """Judge a statement of a node that lies by itself: a machine may have signed it, and what it is about is not
        at hand to be compared.
        """
        verdict = of_report(name, verified(document, self.trust, at=self.at))
        try:
            said, content = conversion.read_statement(document)
        except Final as error:
            reason = str(error.params.get("reason", ""))
            return joined(verdict, [check("statement.form", FAILED, reason=reason)])
        code = "statement.submission-receipt" if isinstance(said, SubmissionReceipt) else "statement.non-delivery"
        about = check(
            code,
            "NOT_PERFORMED",
            body=said.body,
            document=said.document_id,
            addressee=said.addressee,
            at=said.received_at.isoformat() if isinstance(said, SubmissionReceipt) else said.made_at.isoformat(),
            container=said.container,
            digest=sha256_of(content),
        )
        return joined(verdict, [about])

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


def _last(name: str) -> str:
    """The last part of a path of either system: an error shows a name, never where it lies."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]
