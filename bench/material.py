"""What is measured on: one invented report in two sizes, one RSA-2048 key, one moment."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

import signing
from adapter import conversion
from adapter.domain.document import DocumentId
from adapter.domain.header import RulesetRef
from adapter.domain.report import TreatyInformation
from adapter.sources import SourceContext, read_report

NOW = dt.datetime(2026, 11, 20, 10, 15, tzinfo=dt.UTC)
SMALL = 5_000
LARGE = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key pair in the forms that the contestants want; `issued` and `certificate` belong together."""

    issued: signing.IssuedKey
    ours: signing.SigningKey
    private: PrivateKeyTypes
    certificate: x509.Certificate


@cache
def pki() -> signing.SandboxPki:
    """Valid at any moment a reader of this may run it: signxml signs with its own clock."""
    return signing.SandboxPki.create(
        not_before=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), not_after=dt.datetime(2049, 1, 1, tzinfo=dt.UTC)
    )


@cache
def anchors() -> signing.TrustAnchors:
    return pki().trust_anchors()


@cache
def key(kind: str = "head") -> Key:
    issued = pki().issue(kind, "Үлгі Б.", "Үлгі министрлігі", bin="123456789012")  # type: ignore[arg-type]
    return Key(
        issued=issued,
        ours=issued.signing_key(),
        private=issued.private_key,
        certificate=x509.load_der_x509_certificate(issued.certificate),
    )


@cache
def report(size: int) -> TreatyInformation:
    """The report of report.yaml with its one record repeated until its XML has at least `size` bytes."""
    context = SourceContext(ruleset=RulesetRef(id="bench", version="1"), due_date=lambda _, year: dt.date(year, 11, 10))
    read = read_report((Path(__file__).parent / "report.yaml").read_bytes(), context, file="report.yaml")
    if not isinstance(read.report, TreatyInformation):
        raise SystemExit(f"bench: report.yaml cannot be read: {read.findings}")
    first = read.report
    one = len(conversion.build(first))
    records = first.pending_section.pending_records
    each = len(conversion.build(_with(first, (*records, _again(records[0], 0))))) - one
    copies = max(0, -(-(size - one) // each))
    return _with(first, (*records, *(_again(records[0], number) for number in range(copies))))


def _with(first, records):
    return replace(first, pending_section=replace(first.pending_section, pending_records=records))


def _again(record, number: int):
    identifier = DocumentId(f"urn:uuid:00000000-0000-5000-8000-1{number:011d}")
    treaty = replace(record.treaty, treaty_id=f"urn:x-elshi:treaty:BENCH-1-{number}")
    return replace(record, record_id=identifier, treaty=treaty)


@cache
def document(size: int) -> bytes:
    """The report's XML; it satisfies its schema, which is checked here."""
    return conversion.validated(conversion.build(report(size))).content


@cache
def noise(size: int) -> bytes:
    """Bytes that do not pack, the same in every run: they stand for a printed form."""
    return Random(size).randbytes(size)


def container(objects: Sequence[signing.DataObject], signer: signing.SigningKey | None = None) -> bytes:
    out = io.BytesIO()
    signing.sign_container(objects, signer or key().ours, policy=signing.DEFAULT_SIGNING, signing_time=NOW, out=out)
    return out.getvalue()


def usual() -> tuple[signing.DataObject, ...]:
    """A report of 20 KB with a printed form of 100 KB: what usually travels."""
    return (
        signing.DataObject.of("document.xml", "application/xml", document(20_000)),
        signing.DataObject.of("document.pdf", "application/pdf", noise(100_000)),
    )


def of_document(size: int) -> tuple[signing.DataObject, ...]:
    return (signing.DataObject.of("document.xml", "application/xml", document(size)),)


def require_passed(
    validation: signing.ContainerValidation | signing.EnvelopeValidation | signing.XmlValidation,
) -> None:
    """A measured verification is one that verified."""
    validation.report.require_total_passed()


def verify(content: bytes) -> None:
    require_passed(signing.verify_container(content, policy=signing.SANDBOX_DOCUMENT, anchors=anchors(), at=NOW))


PLAIN_XML = replace(signing.SANDBOX_DOCUMENT, name="bench-xmldsig/1", require_signing_certificate=False)
"""A plain XML signature signs no reference to its certificate."""


WITHOUT_CHAIN = replace(signing.DEFAULT_SIGNING, name="bench-signing/1", include_chain=False)
"""The signer's certificate alone in KeyInfo, as the peers write it."""


def enveloped(
    size: int, form: Literal["xades", "xmldsig"] = "xades", policy: signing.SigningPolicy = WITHOUT_CHAIN
) -> bytes:
    """The report with a signature inside it."""
    return signing.sign_xml(document(size), key().ours, policy=policy, signing_time=NOW, form=form)


def verify_enveloped(signed: bytes) -> None:
    require_passed(signing.verify_xml(signed, policy=signing.SANDBOX_DOCUMENT, anchors=anchors(), at=NOW))


def verify_plain(signed: bytes) -> None:
    require_passed(signing.verify_xml(signed, policy=PLAIN_XML, anchors=anchors(), at=NOW))


ENVELOPE = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%b</soap:Body></soap:Envelope>'
)


@cache
def envelope(size: int) -> bytes:
    """An unsigned SOAP message whose Body is the report."""
    return ENVELOPE % document(size).partition(b"?>")[2].strip()


def signed_envelope(size: int) -> bytes:
    return signing.sign_envelope(
        envelope(size), key("information-system").ours, policy=signing.DEFAULT_SIGNING, body_id="id-1"
    )


def verify_envelope(message: bytes) -> None:
    require_passed(signing.verify_envelope(message, policy=signing.SANDBOX_ENVELOPE, anchors=anchors(), at=NOW))
