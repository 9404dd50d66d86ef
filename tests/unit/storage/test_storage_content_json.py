"""JSON of a stated version: nothing is lost, nothing unknown is taken."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.domain.document import DocumentType
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.domain.outgoing import OutgoingDocument, OutgoingNotice, TravellingFile, Words
from adapter.errors import Final, Finding, Place, Severity
from adapter.storage.content_json import (
    content_from_json,
    content_to_json,
    files_from_json,
    files_to_json,
    findings_from_json,
    findings_to_json,
)
from tests.contract.samples import NOW, outgoing_document, outgoing_notice

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5)), timezone(timedelta(minutes=-90))])
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=zones)
words = st.builds(Words, kk=text, ru=text)
files = st.builds(TravellingFile, name=text, media_type=text, size=st.integers(0), sha256=text)
documents = st.builds(
    OutgoingDocument,
    document_id=text,
    document_type=st.sampled_from(DocumentType),
    sender=text,
    addressee=text,
    registration_number=text,
    registration_date=st.dates(),
    description=words,
    author=words,
    recipient=words,
    signer=words,
    executor=text,
    executor_phone=text,
    sheets=st.integers(0, 9999),
    files=st.lists(files, max_size=3).map(tuple),
    office_signature=st.none() | st.binary(max_size=40),
    prepared_at=instants,
    answers=st.none() | text,
    due_on=st.none() | st.dates(),
)
notices = st.builds(
    Notice,
    document_id=text,
    kind=st.sampled_from(NoticeKind),
    speaker=st.none() | text,
    addressee=st.none() | text,
    said_at=st.none() | instants,
    registration_number=st.none() | text,
    reason=st.none() | st.sampled_from(RefusalReason),
    reason_text=st.none() | text,
    text=st.none() | text,
    details=st.lists(st.tuples(text, text), max_size=3).map(tuple),
    sha256=st.none() | text,
)
contents = documents | st.builds(OutgoingNotice, notice=notices, sender=text, addressee=text)


@given(contents)
def test_a_content_is_read_back_as_it_was_written(content):
    written = content_to_json(content)
    assert content_from_json(written) == content
    assert content_to_json(content_from_json(written)) == written


@given(st.lists(files, max_size=3).map(tuple))
def test_files_are_read_back_as_they_were_written(came):
    assert files_from_json(files_to_json(came)) == came


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", ""),
        ("[]", ""),
        ("null", ""),
        ('{"files": []}', "version"),
        ('{"version": 2, "files": []}', "version"),
        ('{"version": 1}', "files"),
        ('{"version": 1, "files": {}}', "files"),
        ('{"version": 1, "files": [], "more": 1}', "more"),
        ('{"version": 1, "files": [{"name": "a", "mediaType": "b", "size": 1}]}', "sha256"),
        ('{"version": 1, "files": [{"name": "a", "mediaType": "b", "size": "1", "sha256": "c"}]}', "size"),
        ('{"version": 1, "files": [{"name": "a", "mediaType": "b", "size": 1, "sha256": "c", "path": "/"}]}', "path"),
    ],
    ids=str,
)
def test_files_that_this_version_did_not_write_are_refused_by_their_key(written, key):
    with pytest.raises(Final) as refused:
        files_from_json(written)
    assert refused.value.code == "storage.unreadable-row"
    assert refused.value.params == {"what": "files", "key": key}


findings = st.builds(
    Finding,
    code=text,
    severity=st.sampled_from(Severity),
    params=st.dictionaries(
        text,
        st.none() | st.booleans() | st.integers() | text | st.dictionaries(text, text) | st.lists(text).map(tuple),
        max_size=3,
    ),
    place=st.builds(Place, file=st.none() | text, line=st.none() | st.integers(1), xpath=st.none() | text),
)


@given(st.lists(findings, max_size=3).map(tuple))
def test_findings_are_read_back_as_they_were_written(found):
    assert findings_from_json(findings_to_json(found)) == found


def test_a_parameter_that_json_cannot_hold_is_kept_as_its_text():
    finding = Finding(
        code="c",
        severity=Severity.ERROR,
        params={"on": date(2026, 2, 1), "sum": Decimal("1.50"), "severity": Severity.STOP},
    )
    (read,) = findings_from_json(findings_to_json((finding,)))
    assert read.params == {"on": "2026-02-01", "sum": "1.50", "severity": "stop"}


def altered(change):
    document = json.loads(content_to_json(outgoing_document()))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", ""),
        ("[]", ""),
        ("{}", "version"),
        ('{"version": 2}', "version"),
        ('{"version": 1}', "content"),
        (altered(lambda d: d.update(extra=1)), "extra"),
        (altered(lambda d: d.update(version=2)), "version"),
        (altered(lambda d: d["document"].update(priority="high")), "priority"),
        (altered(lambda d: d["document"].pop("sheets")), "sheets"),
        (altered(lambda d: d["document"].update(sheets="4")), "sheets"),
        (altered(lambda d: d["document"].update(sheets=True)), "sheets"),
        (altered(lambda d: d["document"].update(documentType="letter")), "documentType"),
        (altered(lambda d: d["document"].update(preparedAt="2026-01-31T10:00:00")), "preparedAt"),
        (altered(lambda d: d["document"].update(registrationDate=None)), "registrationDate"),
        (altered(lambda d: d["document"].update(officeSignature="zz")), "officeSignature"),
        (altered(lambda d: d["document"]["files"][0].update(path="/etc")), "path"),
        (altered(lambda d: d["document"].update(files={})), "files"),
        (altered(lambda d: d["document"]["signer"].pop("kk")), "kk"),
        (altered(lambda d: d.update(document=None)), "content"),
        (altered(lambda d: d.update(document=[])), ""),
    ],
    ids=str,
)
def test_what_this_version_did_not_write_is_refused_by_its_key(written, key):
    with pytest.raises(Final) as refused:
        content_from_json(written)
    assert refused.value.code == "storage.unreadable-row"
    assert refused.value.params["key"] == key


def test_a_content_is_a_document_or_a_notice_and_never_both():
    both = json.loads(content_to_json(outgoing_document())) | json.loads(content_to_json(outgoing_notice()))
    with pytest.raises(Final):
        content_from_json(json.dumps(both))


def test_a_refusal_names_the_key_and_never_the_value():
    with pytest.raises(Final) as refused:
        content_from_json(altered(lambda d: d["document"].update(sheets="SECRET")))
    assert "SECRET" not in str(refused.value)


def test_the_same_content_gives_the_same_text():
    assert content_to_json(outgoing_document()) == content_to_json(outgoing_document(prepared_at=NOW))
