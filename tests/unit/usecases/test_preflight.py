"""Sizes and certificates are told before anything is signed, and check tells what submit tells."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import signing
from adapter.domain.delivery import DeliveryState
from adapter.domain.outgoing import OutgoingDocument, message_bytes
from adapter.errors import DocumentRefused, Final, Finding, Severity
from adapter.usecases.certificate_runway import OwnCertificate, certificate_findings, runway
from adapter.usecases.convert import Attached
from adapter.usecases.preflight import SubmitLimits, announcement_too_large, size_findings
from adapter.usecases.sign import container_objects
from tests.factories import RECORD, fx1, fx2, put
from tests.unit.usecases.houses import ATTACHED, NOW, House, issued

REPORT = fx1()
DAY = timedelta(days=1)


def findings_of_submit(house: House, report: Any, attached: Sequence[Attached] = ()) -> tuple[Finding, ...]:
    try:
        return house.submit().report(report, attached).findings
    except DocumentRefused as refused:
        return refused.findings


def deadline_of(house: House) -> datetime:
    deadline = house.submit().report(REPORT, ()).delivery.deadline
    assert deadline is not None
    return deadline


# --- sizes -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def measured() -> tuple[int, int, int]:
    """Bytes of the printed form, of the container before it is signed, and of the container."""
    house = House("KZ-MOF")
    composed = house.convert(REPORT, (), facts=house.facts.before_signing(REPORT, at=NOW), stage=_lock(), places=None)
    out = io.BytesIO()
    signing.write_unsigned_container(container_objects(composed), out)
    files = house.submit().report(REPORT, ()).delivery.content.files
    return len(composed.rendition.content), len(out.getvalue()), files[0].size


def _lock() -> Any:
    from adapter import rules

    return rules.Stage.LOCK


@pytest.mark.parametrize(("place", "name"), [(0, ".pdf"), (1, ".asice")], ids=["printed form", "container"])
def test_one_byte_over_the_limit_is_refused_before_anything_is_signed(
    mof: House, measured: tuple[int, int, int], place: int, name: str
) -> None:
    """Fault 23: at check and submit, never later."""
    limit = measured[place] - 1
    mof.limits = SubmitLimits(max_file_bytes=limit)
    (found,) = findings_of_submit(mof, REPORT)
    assert mof.everything_queued() == []
    assert (found.code, found.severity) == ("submit.file-too-large", Severity.ERROR)
    assert (found.params["size"], found.params["limit"]) == (measured[place], limit)
    assert str(found.params["file"]).endswith(name)
    assert mof.keys_asked == 0
    assert mof.check(REPORT, ()).findings == (found,)


@pytest.mark.parametrize(("place", "name"), [(0, ".pdf"), (1, ".asice")], ids=["printed form", "container"])
def test_one_byte_over_the_limit_of_a_message_is_refused_before_anything_is_signed(
    mof: House, measured: tuple[int, int, int], place: int, name: str
) -> None:
    """The file itself is not too large: as base64, in its envelope, it is. Three raw bytes are four of a message."""
    limit = message_bytes(measured[place]) - 1
    mof.limits = SubmitLimits(max_message_bytes=limit)
    (found,) = findings_of_submit(mof, REPORT)
    assert mof.everything_queued() == []
    assert (found.code, found.severity) == ("submit.message-too-large", Severity.ERROR)
    assert (found.params["raw"], found.params["size"], found.params["limit"]) == (measured[place], limit + 1, limit)
    assert str(found.params["file"]).endswith(name)
    assert mof.keys_asked == 0
    assert mof.check(REPORT, ()).findings == (found,)


@pytest.mark.parametrize("in_message", [False, True])
def test_exactly_at_the_limit_the_unsigned_container_passes_and_its_signature_is_announced(
    mof: House, measured: tuple[int, int, int], *, in_message: bool
) -> None:
    mof.limits = _limits(measured[1], in_message=in_message)
    composed = mof.convert(REPORT, (), facts=mof.facts.before_signing(REPORT, at=NOW), stage=_lock(), places=None)
    (found,) = size_findings(composed, mof.limits)
    assert (found.code, found.severity, found.params["size"]) == (
        "submit.file-near-limit",
        Severity.WARNING,
        measured[1],
    )
    assert mof.check(REPORT, ()).findings == (found,)
    (refused,) = findings_of_submit(mof, REPORT)
    assert refused.code == ("submit.message-too-large" if in_message else "submit.file-too-large")
    assert mof.everything_queued() == [], "measured to the byte before it is queued"


@pytest.mark.parametrize("in_message", [False, True])
def test_what_fits_with_its_signature_is_queued_and_the_announcement_stays_with_it(
    mof: House, measured: tuple[int, int, int], *, in_message: bool
) -> None:
    """Some bytes more than measured: no two signatures are of one length."""
    mof.limits = _limits(measured[2] + 100, in_message=in_message)
    submitted = mof.submit().report(REPORT, ())
    assert [one.code for one in submitted.findings] == ["submit.file-near-limit"]
    assert len(mof.everything_queued()) == 1


def _limits(size: int, *, in_message: bool) -> SubmitLimits:
    return SubmitLimits(max_message_bytes=message_bytes(size)) if in_message else SubmitLimits(max_file_bytes=size)


def test_the_message_that_names_the_files_is_measured_with_the_signature_of_the_office(mof: House) -> None:
    content = mof.submit().report(REPORT, ()).delivery.content
    assert isinstance(content, OutgoingDocument)
    evidence = replace(content, office_signature=bytes(12_000_000))
    (found,) = announcement_too_large(evidence, SubmitLimits())
    assert (found.code, found.params["raw"], found.params["file"]) == (
        "submit.message-too-large",
        12_000_000,
        "docOutgoing",
    )
    assert announcement_too_large(content, SubmitLimits()) == ()


def test_the_signed_container_is_measured_to_the_byte(mof: House) -> None:
    elsewhere = House("KZ-MOF")
    content = elsewhere.store.blobs.read(elsewhere.submit().report(REPORT, ()).delivery.content.files[0].sha256)
    kept = mof.store.blobs.put(content)
    mof.limits = SubmitLimits(max_file_bytes=kept.size - 1)
    with pytest.raises(DocumentRefused) as refused:
        mof.submit().container(kept)
    (found,) = refused.value.findings
    assert (found.code, found.params["size"], found.params["limit"]) == (
        "submit.file-too-large",
        kept.size,
        kept.size - 1,
    )
    assert mof.everything_queued() == []
    mof.limits = SubmitLimits(max_file_bytes=kept.size)
    assert mof.submit().container(kept).delivery.state is DeliveryState.QUEUED


def test_an_attachment_that_is_too_large_by_itself_is_told_with_its_place() -> None:
    house = House("KZ-MLSP", limits=SubmitLimits(max_file_bytes=400_000))
    noise = bytes(range(256)) * 1600
    packed = _scrambled(noise)
    report, attached = _with_attachment(packed)
    (found,) = house.check(report, attached).findings
    assert (found.code, found.params["size"]) == ("submit.file-too-large", len(packed))
    assert found.place.xpath is not None
    assert found.place.xpath.endswith("Attachment[2]")
    assert findings_of_submit(house, report, attached) == (found,)
    # The same bytes as a text that packs well are no obstacle.
    report, attached = _with_attachment(b"a" * len(packed))
    assert house.check(report, attached).findings == ()


def _scrambled(content: bytes) -> bytes:
    import hashlib

    return b"".join(hashlib.sha256(content[:64] + number.to_bytes(4)).digest() for number in range(len(content) // 32))


def _with_attachment(content: bytes) -> tuple[Any, tuple[Attached, ...]]:
    import hashlib

    from adapter.domain.reference import Digest

    report = fx2()
    declared = report.header.attachments
    changed = replace(declared[1], size_bytes=len(content), digest=Digest(value=hashlib.sha256(content).digest()))
    report = put(report, ("header", "attachments"), (declared[0], changed))
    return report, (ATTACHED[0], replace(ATTACHED[1], open=lambda: io.BytesIO(content)))


# --- check and submit ------------------------------------------------------------------------------------------------
LAME = put(put(REPORT, (*RECORD, "progress", "kk"), ""), ("header", "signatory"), None)
CORPUS = {
    "clean": ("KZ-MOF", REPORT, ()),
    "with attachments": ("KZ-MLSP", fx2(), ATTACHED),
    "an attachment missing": ("KZ-MLSP", fx2(), ATTACHED[:1]),
    "a marking": ("KZ-MOF", put(REPORT, ("header", "access_marking"), "secret"), ()),
    "a language missing": ("KZ-MOF", put(REPORT, (*RECORD, "progress", "ru"), ""), ()),
    "several faults": ("KZ-MOF", LAME, ()),
}


@pytest.mark.parametrize("limit", [10**7, 10**5, 10**4], ids=["all fits", "large", "larger"])
@pytest.mark.parametrize("name", CORPUS)
def test_check_tells_what_submit_tells(name: str, limit: int) -> None:
    body, report, attached = CORPUS[name]
    house = House(body, limits=SubmitLimits(max_file_bytes=limit))
    checked = house.check(report, attached).findings
    told = findings_of_submit(house, report, attached)
    assert told == checked
    assert bool(house.everything_queued()) == (not any(one.severity in _BLOCKING for one in checked))


_BLOCKING = {Severity.STOP, Severity.ERROR}


# --- certificates ----------------------------------------------------------------------------------------------------
def test_a_signer_whose_certificate_ends_before_the_deadline_is_refused_with_the_date(mof: House) -> None:
    """Fault 18."""
    end = deadline_of(House("KZ-MOF")) - DAY
    with pytest.raises(DocumentRefused) as refused:
        mof.submit(issued("head", "KZ-MOF", end=end)).report(REPORT, ())
    (found,) = refused.value.findings
    assert (found.code, found.severity) == ("submit.certificate-ends-before-deadline", Severity.ERROR)
    assert (found.params["to"], found.params["role"]) == (end, "signer")
    assert mof.everything_queued() == []


def test_a_container_signed_elsewhere_with_such_a_certificate_is_refused_too(mof: House) -> None:
    deadline = deadline_of(House("KZ-MOF"))
    elsewhere = House("KZ-MOF")
    composed = elsewhere.convert(
        REPORT, (), facts=elsewhere.facts.before_signing(REPORT, at=NOW), stage=_lock(), places=None
    )
    short = elsewhere.sign(issued("head", "KZ-MOF", end=deadline - DAY).signing_key)
    kept, _ = short.container(composed, at=NOW)
    with pytest.raises(DocumentRefused) as refused:
        mof.submit().container(mof.store.blobs.put(elsewhere.store.blobs.read(kept.sha256)))
    assert "submit.certificate-ends-before-deadline" in {one.code for one in refused.value.findings}


def test_certificates_of_the_way_are_announced_and_the_document_is_queued(mof: House) -> None:
    deadline = deadline_of(House("KZ-MOF"))
    way = tuple(
        OwnCertificate(role=role, open=_opening(end))
        for role, end in (("office", deadline - DAY), ("envelope", NOW - DAY), ("gateway", deadline))
    )
    submitted = replace(mof.submit(), certificates=way).report(REPORT, ())
    assert [(one.code, one.severity, one.params["role"]) for one in submitted.findings] == [
        ("submit.certificate-ends-before-deadline", Severity.WARNING, "office"),
        ("submit.certificate-ended", Severity.WARNING, "envelope"),
    ]
    assert replace(mof.check, certificates=way)(REPORT, ()).findings == submitted.findings


def _opening(end: datetime) -> Callable[[], bytes]:
    return lambda: issued("employee", "KZ-MOF", end=end).signing_key().certificate_chain[0]


def test_a_certificate_that_cannot_be_read_is_said_to_be_unknown_and_a_persons_is_left_alone() -> None:
    def absent() -> bytes:
        raise Final("keys.unreadable")

    found = certificate_findings(
        [
            OwnCertificate(role="envelope", open=absent),
            OwnCertificate(role="gateway", open=lambda: b"no certificate"),
            OwnCertificate(role="signer", open=lambda: None),
        ],
        now=NOW,
        deadline=None,
    )
    assert [(one.code, one.params["role"]) for one in found] == [
        ("submit.certificate-unknown", "envelope"),
        ("submit.certificate-unknown", "gateway"),
    ]


@pytest.mark.parametrize(
    ("role", "at", "deadline", "code"),
    [
        ("signer", 0, 10, None),
        ("signer", 0, 11, "ends-before-deadline"),
        ("office", 0, 11, "ends-before-deadline"),
        ("signer", 0, None, None),
        ("signer", -6, 3, "not-yet-valid"),
        ("signer", 11, None, "ended"),
        ("signer", 9, 8, None),
    ],
)
def test_the_runway_of_a_certificate(role: Any, at: int, deadline: int | None, code: str | None) -> None:
    """Valid from five days ago for fifteen days; a deadline that has passed asks for nothing more."""
    facts = signing.certificate_facts(
        issued("head", "KZ-MOF", start=NOW - 5 * DAY, end=NOW + 10 * DAY).signing_key().certificate_chain[0]
    )
    due = None if deadline is None else NOW + deadline * DAY
    found = runway(role, facts, now=NOW + at * DAY, deadline=due)
    assert [one.code for one in found] == ([] if code is None else [f"submit.certificate-{code}"])
    assert all(one.severity is (Severity.ERROR if role == "signer" else Severity.WARNING) for one in found)
