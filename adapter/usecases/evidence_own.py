"""What the sender's node stated itself, under statements/ of an evidence folder, laid beside the rest of the folder.

    1 form        the schema of statements is satisfied, and the file bears the number and the kind that stand inside
    2 signature   over the whole document, under all that is asked of a document's signature but the role
    3 author      the certificate is one of the body that states, which is the one that sent the document
    4 subject     it is about this document, from this sender to this recipient
    5 digests     the XML and the container are these, and so is each file that lies here
    6 event       the event of the audit trail that it names stands in audit.json, with that digest, and is that deed
    7 link        statements that follow each other name each other's digests; a non-delivery names this receipt

A statement proves what the node took upon itself, and when, to whoever holds it. It is the sender's own word: for the
addressee's there are receipts/.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import signing
from adapter import conversion
from adapter.domain.audit_event import ChainedEvent
from adapter.domain.document import Sha256
from adapter.domain.statement import NonDelivery, StatementKind, SubmissionReceipt, place_of
from adapter.errors import Final
from adapter.usecases.evidence_seal import Party, owned, signers_of
from adapter.usecases.sign_statements import machine_policy
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, check
from adapter.usecases.verified_container import DOCUMENT_NAME, RENDITION_NAME, Judged, Trust

FOLDER = "statements/"
VERSION = "elshi-evidence/3"
"""The form of folders from which on nodes state something themselves."""
_NAME = re.compile(r"statements/([0-9]{3,18})-(submission-receipt|non-delivery)\.xml")
ACTIONS = {StatementKind.SUBMISSION_RECEIPT: "delivery.queued", StatementKind.NON_DELIVERY: "watch.non-delivery"}


def name_of(sequence: int, kind: StatementKind) -> str:
    """The file of a statement in a folder."""
    return f"{FOLDER}{sequence:03}-{kind.value}.xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnStatement:
    """A statement of the folder that could be read; `digest` of its content, as the chain names it."""

    name: str
    kind: StatementKind
    sequence: int
    previous: Sha256
    digest: Sha256
    said: SubmissionReceipt | NonDelivery


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """What statements are laid beside: the judged container, the sender's certificates, the chain.

    container   digest of the container that the node took over: this one, or what it was before its time-stamp came
    """

    document: Judged
    container: str
    parties: Mapping[str, Sequence[Party]]
    events: Sequence[ChainedEvent]
    trust: Trust
    at: datetime


def judge_own_statements(
    contents: Mapping[str, bytes], beside: Beside, checks: list[Mapping[str, Any]]
) -> tuple[OwnStatement, ...]:
    """Judge everything under statements/; what is found is added to `checks`."""
    found: list[OwnStatement] = []
    for name in sorted(contents):
        if not name.startswith(FOLDER):
            continue
        own = _read(name, contents[name])
        if own is None:
            checks.append(check("evidence.node-form", FAILED, name=name))
            continue
        report = verified(contents[name], beside.trust, at=beside.at)
        indication = report.indication.value if report.signatures else FAILED
        checks += [
            check("evidence.node-signature", indication, name=name, reason=_sub(report)),
            _author(own, report, beside),
            _subject(own, beside.document),
            _digests(own, beside),
        ]
        if beside.events:  # without them evidence.audit-chain has failed
            checks.append(_event(own, beside.events))
        found.append(own)
    checks += _links(found)
    return tuple(found)


def verified(signed: bytes, trust: Trust, *, at: datetime) -> signing.ValidationReport:
    """The verdict on the signature of a statement: all is asked of it that is asked of a document's but the role."""
    return signing.verify_xml(
        signed,
        policy=machine_policy(trust.policy),
        anchors=trust.anchors,
        at=at,
        data=trust.data,
        fetcher=trust.fetcher,
    ).report


def _sub(report: signing.ValidationReport) -> str:
    return report.sub_indication.value if report.sub_indication else ""


def _read(name: str, content: bytes) -> OwnStatement | None:
    told = _NAME.fullmatch(name)
    try:
        said, unsigned = conversion.read_statement(content)
    except Final:
        return None
    place = place_of(unsigned)
    kind = StatementKind.SUBMISSION_RECEIPT if isinstance(said, SubmissionReceipt) else StatementKind.NON_DELIVERY
    if told is None or place is None or name != name_of(place[0], kind):
        return None
    return OwnStatement(
        name=name,
        kind=kind,
        sequence=place[0],
        previous=place[1],
        digest=Sha256(hashlib.sha256(unsigned).hexdigest()),
        said=said,
    )


def _author(own: OwnStatement, report: signing.ValidationReport, beside: Beside) -> Mapping[str, Any]:
    """Whoever signs a receipt in the sender's name gives the sender's word: it must be the sender's machine."""
    signers = signers_of(report)
    parties = beside.parties.get(own.said.body, ())
    verdicts = [owned(parties, one) for one in signers] if parties else []
    found = ", ".join(one.bin or one.organization or one.subject for one in signers)
    conclusion = PASSED if verdicts and all(verdicts) else INDETERMINATE
    if any(one is False for one in verdicts):
        conclusion = FAILED
    return check("evidence.node-author", conclusion, name=own.name, body=own.said.body, signer=found)


def _subject(own: OwnStatement, document: Judged) -> Mapping[str, Any]:
    if document.report is None:
        return check("evidence.node-subject", INDETERMINATE, name=own.name, document=own.said.document_id)
    header = document.report.header
    recipient = header.recipient.code if header.recipient is not None else None
    same = (own.said.document_id, own.said.body, own.said.addressee) == (
        header.document_id,
        header.sender.code,
        recipient,
    )
    return check("evidence.node-subject", PASSED if same else FAILED, name=own.name, document=own.said.document_id)


def _digests(own: OwnStatement, beside: Beside) -> Mapping[str, Any]:
    """The XML, the container, and of the files that travelled those that are here: the container and the printed form."""
    objects = beside.document.objects
    signed = objects.get(DOCUMENT_NAME)
    if signed is None:
        return check("evidence.node-digests", INDETERMINATE, name=own.name)
    same = own.said.xml == signed.sha256.hex() and own.said.container == beside.container
    if isinstance(own.said, SubmissionReceipt):
        page = objects.get(RENDITION_NAME)
        travelled = [one.sha256 for one in own.said.files]
        here = [beside.container, *([page.sha256.hex()] if page is not None else [])]
        same = same and travelled == here
    return check("evidence.node-digests", PASSED if same else FAILED, name=own.name)


def _event(own: OwnStatement, events: Sequence[ChainedEvent]) -> Mapping[str, Any]:
    named = own.said.audit_event
    same = any(
        one.sequence == named.sequence
        and one.digest == named.digest
        and one.event.action == named.action == ACTIONS[own.kind]
        and one.event.document_id == own.said.document_id
        and one.event.details.get("delivery") == own.said.delivery_id
        for one in events
    )
    return check(
        "evidence.node-event",
        PASSED if same else FAILED,
        name=own.name,
        sequence=str(named.sequence),
        digest=named.digest,
    )


def _links(found: Sequence[OwnStatement]) -> list[Mapping[str, Any]]:
    """Between statements that lie here; others of the same chain are about other documents."""
    by_number = {one.sequence: one for one in found}
    checks = []
    for one in found:
        before = by_number.get(one.sequence - 1)
        follows = before is None or one.previous == before.digest
        named = one.said.receipt if isinstance(one.said, NonDelivery) else None
        receipts = [
            each
            for each in found
            if each.kind is StatementKind.SUBMISSION_RECEIPT and each.said.delivery_id == one.said.delivery_id
        ]
        names_it = named is None or any(
            (each.sequence, each.digest) == (named.sequence, named.digest) for each in receipts
        )
        if not (follows and names_it):
            checks.append(check("evidence.node-link", FAILED, name=one.name))
    return checks
