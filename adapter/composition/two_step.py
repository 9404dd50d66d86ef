"""A report, or files, signed in two steps: prepared here, signed on a device of somebody's own, finished and judged here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO
from typing import Final as Constant

import signing
from adapter import rules, texts
from adapter.composition.key_files import certificates as certificates_in
from adapter.composition.key_files import signing_errors
from adapter.composition.node import Node, Signed
from adapter.composition.prepared_folder import (
    MESSAGE,
    Form,
    Padding,
    Prepared,
    PreparedFolder,
    new_folder,
    note_completed,
    read_prepared,
    write_objects,
    write_prepared,
)
from adapter.composition.regular_files import read_file
from adapter.domain.report import Report
from adapter.errors import Final, Finding
from adapter.ports import KeptBlob
from adapter.texts import Language
from adapter.usecases.sign import container_objects
from adapter.usecases.sign_refusals import refuse_unfit_certificate, refuse_unless_passed
from adapter.usecases.verified_container import judge

_LONGEST_SIGNATURE: Constant = 20_000_000
"""Bytes of a CMS with what it may carry along; a signature value is some hundred."""
_ARMOUR: Constant = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
_BASE64: Constant = re.compile(rb"[A-Za-z0-9+/=\s]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedReport:
    """What the first step leaves: the digest (hexadecimal) of what has to be signed, by which hash, and the warnings."""

    digest_algorithm: str
    digest: str
    findings: tuple[Finding, ...]


def prepare_report(
    node: Node, report: Path, folder: Path, *, form: Form, certificate: Path | None, padding: Padding = "pkcs1"
) -> PreparedReport:
    """Check a report as submit does and leave in `folder` exactly what has to be signed.

    form "xades"    a ds:SignedInfo, which names the signer's certificate: it is needed now
    form "cades"    the ASiCManifest of the container, signed as a detached CMS that brings its own certificate
    Raises DocumentRefused and Final as signing does; Final `two-step.certificate-needed`, `two-step.folder-in-use`.
    """
    chain = () if certificate is None else certificates_in(certificate)
    if form == "xades" and not chain:
        raise Final("two-step.certificate-needed")
    now = node.clock.now().replace(microsecond=0)
    if certificate is not None:
        signing_errors(lambda: refuse_unfit_certificate(chain[0], at=now), file=certificate.name)
    opened = node.open_report(report)
    facts = node.facts.before_signing(opened.report, at=now, attachments=opened.attachments)
    composed = node.convert(
        opened.report, opened.attachments, facts=facts, stage=rules.Stage.LOCK, places=opened.places
    )
    with new_folder(folder) as place:
        prepared = Prepared(
            form=form,
            signing_time=now,
            certificates=chain,
            padding=padding,
            objects=write_objects(place, container_objects(composed)),
            message_sha256="",
        )
        objects = PreparedFolder(folder=place, prepared=prepared, message=b"").objects
        with TemporaryFile(dir=place) as nowhere:
            to_be_signed = signing_errors(lambda: _to_be_signed(prepared, objects, nowhere))
        sealed = replace(prepared, message_sha256=hashlib.sha256(to_be_signed.message).hexdigest())
        card = _card(composed.report, sealed, to_be_signed, folder.name)
        write_prepared(place, sealed, to_be_signed.message, card)
    return PreparedReport(
        digest_algorithm=to_be_signed.digest_algorithm, digest=to_be_signed.digest.hex(), findings=composed.findings
    )


def complete_report(node: Node, folder: Path, signature: Path) -> Signed:
    """Finish what was prepared with a value or CMS made elsewhere; the container is judged as one of our own and kept.

    Raises Final of `read_prepared`, the signing errors of the second step, `two-step.wrong-signer`, `two-step.not-verified`
    with what is missing.
    """
    opened = read_prepared(folder)
    prepared, value = opened.prepared, _octets_of(signature)
    now = node.clock.now()
    kept = node.sign().raised(
        lambda out, time_stamps: _finish(opened, value, out, time_stamps),
        at=now,
        is_time_stamped=prepared.form == "xades",
    )
    judged = judge(kept, node.store.blobs, node.trust, at=now)
    signer = judged.validation.signatures[0].signer if judged.validation.signatures else None
    if prepared.certificates and signer is not None and signer != signing.certificate_facts(prepared.certificates[0]):
        raise Final("two-step.wrong-signer", params={"signer": signer.common_name})
    refuse_unless_passed(judged, "two-step.not-verified")
    return Signed(kept=kept, judged=judged, findings=())


def note_finished(folder: Path, node: Node, kept: KeptBlob) -> None:
    """The container is where it was wanted: the folder is done with."""
    note_completed(folder, at=node.clock.now(), sha256=kept.sha256)


def _to_be_signed(prepared: Prepared, objects: Sequence[signing.DataObject], nowhere: BinaryIO) -> signing.ToBeSigned:
    if prepared.form == "xades":
        build = _build(prepared, objects, nowhere, None)
        return signing.prepare_signature(build, prepared.certificates, rsa_padding=prepared.padding)
    manifest = _manifest(objects, nowhere)
    digest = hashlib.sha256(manifest).digest()
    return signing.ToBeSigned(message=manifest, algorithm="cms", digest_algorithm="sha256", digest=digest)


def _finish(
    opened: PreparedFolder, value: bytes, out: BinaryIO, time_stamps: signing.TimeStampAuthority | None
) -> None:
    prepared = opened.prepared
    if prepared.form == "xades":
        signing.complete_signature(
            _build(prepared, opened.objects, out, time_stamps),
            prepared.certificates,
            opened.message,
            value,
            rsa_padding=prepared.padding,
        )
        return
    with TemporaryFile() as unsigned:
        if _manifest(opened.objects, unsigned) != opened.message:
            raise signing.SigningError("signing.two-step-changed")
        unsigned.seek(0)
        signing.add_cms(unsigned, out, value, policy=signing.DEFAULT_SIGNING)


def _build(
    prepared: Prepared,
    objects: Sequence[signing.DataObject],
    out: BinaryIO,
    time_stamps: signing.TimeStampAuthority | None,
) -> Callable[[signing.SigningKey], None]:
    return lambda key: signing.sign_container(
        objects,
        key,
        policy=signing.DEFAULT_SIGNING,
        signing_time=prepared.signing_time,
        out=out,
        time_stamps=time_stamps,
    )


def _manifest(objects: Sequence[signing.DataObject], unsigned: BinaryIO) -> bytes:
    """The octets that a CMS over these objects signs; the container that nobody has signed stands in `unsigned`."""
    signing.write_unsigned_container(objects, unsigned)
    unsigned.seek(0)
    return signing.cades_manifest(unsigned, policy=signing.DEFAULT_SIGNING)


def _octets_of(path: Path) -> bytes:
    """A signature as tools write it: the octets themselves, base64, or PEM."""
    content = read_file(path, "two-step.signature-unreadable")
    if not content or len(content) > _LONGEST_SIGNATURE:
        raise Final("two-step.signature-unreadable", params={"file": path.name})
    bare = b"".join(_ARMOUR.sub(b"", content).split())
    if _BASE64.fullmatch(bare):
        try:
            return base64.b64decode(bare, validate=True)
        except binascii.Error:
            return content
    return content


def _card(report: Report, prepared: Prepared, to_be_signed: signing.ToBeSigned, folder: str) -> str:
    """For the person who signs, in the three languages; what they compare with the screen of their device."""
    kk, ru = rules.document_title(report.header.document_type)
    sender, recipient = report.header.sender, report.header.recipient
    rows: list[tuple[str, dict[str, object]]] = [
        ("two-step.card-title", {}),
        (
            "two-step.card-document",
            {
                "title": {"kk": kk, "ru": ru, "en": report.header.document_type.value},
                "year": report.header.reporting_year,
                "number": report.header.registration_number,
                "sender": {"kk": sender.name.kk, "ru": sender.name.ru},
                "recipient": {"kk": recipient.name.kk, "ru": recipient.name.ru} if recipient else None,
            },
        ),
        *(
            ("two-step.card-file", {"name": item.name, "size": item.size, "sha256": item.sha256})
            for item in prepared.objects
        ),
        *map(_signer_row, prepared.certificates[:1]),
        (
            "two-step.card-sign" if prepared.form == "xades" else "two-step.card-sign-cms",
            {
                "file": MESSAGE,
                "algorithm": to_be_signed.algorithm,
                "hash": to_be_signed.digest_algorithm,
                "digest": to_be_signed.digest.hex(),
                "at": prepared.signing_time,
            },
        ),
        ("two-step.card-finish", {"folder": folder}),
    ]
    parts = ["\n".join(texts.render(code, params, language).what for code, params in rows) for language in Language]
    return "\n\n".join(parts) + "\n"


def _signer_row(certificate: bytes) -> tuple[str, dict[str, object]]:
    facts = signing.certificate_facts(certificate)
    return "two-step.card-signer", {"signer": facts.common_name, "from": facts.not_before, "to": facts.not_after}
