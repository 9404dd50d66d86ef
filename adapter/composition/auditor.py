"""What an auditor needs and nothing else: anchors that the command names, files from the disk; no settings, no store.

An Assignment is plain values only, so that another process can be given it (audit_pool.py).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Literal
from typing import Final as Constant

import signing
from adapter import texts
from adapter.composition.key_files import certificate, signing_errors
from adapter.composition.regular_files import read_file, regular_file
from adapter.composition.trust_files import MAX_CERTIFICATES, certificates_in, crls_in
from adapter.composition.trust_services import OncePerAudit, TrustServices
from adapter.composition.trust_sets import TrustSet
from adapter.domain.document import Sha256
from adapter.errors import ElshiError, Final, Place
from adapter.exchange.channel import interpret
from adapter.ports import KeptBlob
from adapter.storage import DirectoryEvidenceFolder
from adapter.usecases.verdict import Verdict, unjudged
from adapter.usecases.verified_container import Trust
from adapter.usecases.verify import Verify

_MAX_OCSP: Constant = 4_000_000
"""Octets of a file with an OCSP answer; `signing` takes less of one."""

PolicyName = Literal["sandbox", "kz-document", "kz-signature", "etsi-baseline"]
AnchorKind = Literal["production", "test", "sandbox", "named"]

_ETSI_ENVELOPE: Constant = replace(
    signing.ETSI_BASELINE,
    name="etsi-envelope/1",
    require_signing_certificate=False,
    require_signing_time=False,
)
"""A SOAP message outside national law: WS-Security carries neither a signing time nor a certificate reference."""

POLICIES: Constant[Mapping[PolicyName, tuple[signing.ValidationPolicy, signing.ValidationPolicy, AnchorKind]]] = (
    MappingProxyType(
        {
            "sandbox": (signing.SANDBOX_DOCUMENT, signing.SANDBOX_ENVELOPE, "sandbox"),
            "kz-document": (signing.KZ_DOCUMENT, signing.KZ_ENVELOPE, "production"),
            "kz-signature": (signing.KZ_SIGNATURE, signing.KZ_ENVELOPE, "production"),
            "etsi-baseline": (signing.ETSI_BASELINE, _ETSI_ENVELOPE, "named"),
        }
    )
)
"""Rules for documents, rules for messages, and what kind of anchors the command names under them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Everything an audit is made under, as the command says it.

    anchors         files with the trusted certificates (PEM or DER); none where `trust_set` names a set
    trusted         the anchors themselves, read already; `with_anchors` puts them here
    at, seal_at     validation times; see Verify
    exchange        files with the exchange's own certificates, one in each
    content         files that a detached CMS or a time-stamp was made over, in order; empty: `X` beside `X.p7s`
    certificates, crls, ocsp    files with evidence given beside what is judged
    hosts           of trust services that may be asked; None: offline, nobody is asked
    """

    anchors: tuple[Path, ...]
    policy: PolicyName
    at: datetime
    seal_at: datetime
    trust_set: TrustSet | None = None
    trusted: signing.TrustAnchors | None = None
    exchange: tuple[Path, ...] = ()
    content: tuple[Path, ...] = ()
    certificates: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    ocsp: tuple[Path, ...] = ()
    hosts: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Auditor:
    """Judges paths of this machine."""

    judge: Verify
    content: tuple[Path, ...]

    def verdict(self, path: Path) -> Verdict:
        """The verdict on a file or evidence folder. Whatever is wrong with it, and nothing of it ends the audit.

        A file that cannot be read, or that lacks its content, is INDETERMINATE with the code of the error.
        """
        name = shown_name(path)
        try:
            if path.is_dir():
                return self.judge.folder(name, evidence_folder(path))
            with opened_container(path) as (source, kept):
                parts = self.content or _beside(path)
                return self.judge.file(name, source, kept, (lambda: _pieces(parts)) if parts else None)
        except ElshiError as error:
            return unjudged(name, texts.error_as_json(error))
        except signing.SigningError as error:
            told = Final(error.code, place=Place(file=path.name), params=dict(error.params))
            return unjudged(name, texts.error_as_json(told))
        except Exception as error:  # noqa: BLE001 - reason: a defect that one file finds is that file's verdict
            params = {"file": shown_name(Path(path.name)), "cause": type(error).__name__}
            told = Final("verify.unreadable", place=Place(file=path.name), params=params)
            return unjudged(name, texts.error_as_json(told))


def with_anchors(assignment: Assignment) -> Assignment:
    """The same with its anchors read: every process judges under these, and the report names these.

    Read again for the report, a set that `elshi trust add` has changed meanwhile would name others than were judged with.
    Raises Final when they cannot be read, `trust.set-and-policy` for a set under rules that take none of its kind.
    """
    return replace(assignment, trusted=_trusted(assignment))


def auditor(assignment: Assignment) -> Auditor:
    """Read what the assignment names. Raises Final when anything of it cannot be read."""
    judge = verifier(
        _trusted(assignment),
        at=assignment.at,
        policy=assignment.policy,
        seal_at=assignment.seal_at,
        exchange_files=assignment.exchange,
        data=signing.ValidationData(
            certificates=tuple(der for path in assignment.certificates for der in certificates_in(path)),
            crls=tuple(der for path in assignment.crls for der in crls_in(path)),
            ocsp_responses=tuple(
                read_file(path, "verify.evidence-unreadable", limit=_MAX_OCSP) for path in assignment.ocsp
            ),
        ),
        fetcher=OncePerAudit(TrustServices(assignment.hosts)) if assignment.hosts is not None else None,
    )
    return Auditor(judge=judge, content=assignment.content)


def verifier(
    anchors: signing.TrustAnchors,
    *,
    at: datetime,
    policy: PolicyName,
    seal_at: datetime | None = None,
    exchange_files: Sequence[Path] = (),
    data: signing.ValidationData = signing.NO_DATA,
    fetcher: signing.Fetcher | None = None,
) -> Verify:
    """The auditor's verifier: under these anchors, nothing else from anywhere.

    seal_at         validation time of the seals of evidence folders; `at` without it
    exchange_files  certificates of the exchange, one in each file: its messages have to be signed with one of them
    """
    document, envelope, _ = POLICIES[policy]
    return Verify(
        trust=Trust(policy=document, anchors=anchors, data=data, fetcher=fetcher),
        envelope_trust=Trust(policy=envelope, anchors=anchors, data=data, fetcher=fetcher),
        interpret=interpret,
        at=at,
        seal_at=seal_at,
        exchange=tuple(_certificate(path) for path in exchange_files),
        only_signatures=policy in ("kz-signature", "etsi-baseline"),
    )


def anchors_of(files: Sequence[Path], kind: AnchorKind) -> signing.TrustAnchors:
    """The trust anchors of the command. Raises Final for a file that holds none."""
    texts_of = [read_file(path, "trust.unreadable", limit=MAX_CERTIFICATES) for path in files]
    return signing_errors(lambda: signing.TrustAnchors.from_pem("command-line", kind, *texts_of))


def _trusted(assignment: Assignment) -> signing.TrustAnchors:
    """The one set of anchors of an audit; its kind is the set's own, or for files what the policy takes them for.

    Raises Final `trust.set-and-policy` for a set under rules that take none of its kind.
    """
    if assignment.trusted is not None:
        return assignment.trusted
    document, _, kind_of_files = POLICIES[assignment.policy]
    chosen = assignment.trust_set
    if chosen is None:
        return anchors_of(assignment.anchors, kind_of_files)
    if signing.NATIONAL_SETS[chosen.name] not in document.anchor_kinds:
        raise Final("trust.set-and-policy", params={"set": chosen.name, "policy": assignment.policy})
    return chosen.anchors()


def terms_of(assignment: Assignment) -> dict[str, Any]:
    """What a report says of the whole audit: anchors with their fingerprints, policy, times, whether anybody was asked."""
    anchors = _trusted(assignment)
    facts = [signing.certificate_facts(der) for der in anchors.certificates]
    return {
        "policy": assignment.policy,
        "at": assignment.at.isoformat(),
        "sealAt": assignment.seal_at.isoformat(),
        "online": assignment.hosts is not None,
        "anchors": [{"subject": one.subject, "sha256": one.sha256} for one in facts],
    }


def _certificate(path: Path) -> bytes:
    content = certificate(path)
    signing_errors(lambda: signing.certificate_facts(content))
    return content


def shown_name(path: Path) -> str:
    """A path as text that can be written anywhere: bytes of its name that are not UTF-8 are shown as U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def _beside(path: Path) -> tuple[Path, ...]:
    """`X` beside the detached signature `X.p7s` or the time-stamp `X.tst`, where it is there."""
    if path.suffix.lower() not in {".p7s", ".cms", ".sig", ".tst", ".tsr"}:
        return ()
    content = path.with_suffix("")
    return (content,) if content.is_file() else ()


def _pieces(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        with regular_file(path) as source:
            while piece := _read(source, path):
                yield piece


def _read(source: BinaryIO, path: Path) -> bytes:
    try:
        return source.read(1 << 18)
    except OSError as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> Final:
    return Final("file.unreadable", place=Place(file=path.name), params={"file": path.name})


@contextmanager
def opened_container(path: Path) -> Iterator[tuple[BinaryIO, KeptBlob]]:
    """A container file with the digest of its bytes; nothing is read into memory."""
    digest, size = hashlib.sha256(), 0
    with regular_file(path) as source:
        while chunk := _read(source, path):
            digest.update(chunk)
            size += len(chunk)
        source.seek(0)
        yield source, KeptBlob(sha256=Sha256(digest.hexdigest()), size=size)


def evidence_folder(path: Path) -> DirectoryEvidenceFolder:
    """An evidence folder on disk."""
    return DirectoryEvidenceFolder(path)
