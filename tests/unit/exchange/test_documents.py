"""docOutgoing, both ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

import schemas
from adapter.domain.document import DocumentId
from adapter.domain.incoming import IncomingDocument, NotUnderstood
from adapter.domain.outgoing import Words
from adapter.errors import Final
from adapter.exchange import documents, envelope
from adapter.exchange.config import DocumentConfig, SecondSignConfig
from tests.unit.exchange import kit

DOCUMENT = kit.document()
ORDER = [
    "attachments",
    "metadataSystem",
    "appendCount",
    "authorNameKz",
    "authorNameRu",
    "carrierType",
    "character",
    "controlTypeOuterCode",
    "controlTypeOuterNameKz",
    "controlTypeOuterNameRu",
    "description",
    "docDate",
    "docKind",
    "docLang",
    "docNo",
    "docNoR",
    "docRecPostKz",
    "docRecPostRu",
    "docToNumber",
    "documentReceiverKz",
    "documentReceiverRu",
    "documentSectionId",
    "employeePhone",
    "executionDate",
    "executor",
    "idPortalInternal",
    "outTime",
    "portalSign",
    "preparedDate",
    "resolutionText",
    "secondSignData",
    "secondSignEnabled",
    "sectionId",
    "sheetCount",
    "signerNameKz",
    "signerNameRu",
    "userUin",
]
EMPTY_IN_THE_TEMPLATE = {
    *[
        "controlTypeOuterCode",
        "controlTypeOuterNameKz",
        "controlTypeOuterNameRu",
        "docNoR",
        "docRecPostKz",
        "docRecPostRu",
    ],
    *["portalSign", "resolutionText", "sectionId", "userUin"],
}


def written(document: Any = DOCUMENT, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "files": ["TF-1", "TF-2"],
        "performer": kit.PEER,
        "activity": "2a6c1d3e-4b5f-4a6b-8c7d-9e0f1a2b3c4d",
        "section": "2a6c1d3e-4b5f-4a6b-8c7d-9e0f1a2b3c4d",
        "at": kit.AT,
        "config": kit.config(),
    }
    return documents.data_of(document, **(fields | changes))


def fields_of(markup: bytes) -> dict[str, str]:
    root = schemas.parse_untrusted(markup)
    return {one.tag: one.text or "" for one in root if not len(one)}


def test_every_field_stands_in_the_order_of_the_reference() -> None:
    root = schemas.parse_untrusted(written(files=["TF-1"]))
    assert [one.tag for one in root] == ORDER


@pytest.mark.parametrize("document", [DOCUMENT, replace(DOCUMENT, due_on=None, answers=None, executor_phone="")])
@pytest.mark.parametrize("empty", ["as_template", "omit"])
@pytest.mark.parametrize("case", ["schema", "lower"])
@pytest.mark.parametrize("signed", [True, False])
def test_what_we_write_satisfies_both_schemas(document: Any, empty: Any, case: Any, signed: bool) -> None:
    settings = kit.config(
        document=DocumentConfig(empty_elements=empty, doc_lang_case=case), second_sign=SecondSignConfig(enabled=signed)
    )
    markup = written(document, config=settings)
    assert schemas.validate(markup, "esedo-out") == ()
    assert schemas.validate(markup, "esedo") == ()


def test_values_stand_where_the_reference_wants_them() -> None:
    values = fields_of(written())
    assert values["docDate"] == "2026-01-30T00:00:00.000+05:00"
    assert values["executionDate"] == "2026-02-01T00:00:00.000+05:00"
    assert values["outTime"] == "2026-11-20T10:15:00.000+05:00"
    assert values["preparedDate"] == "2026-01-31T14:30:15.250+05:00"
    assert values["docLang"] == "KZRU"
    assert values["appendCount"] == "1"
    assert values["sheetCount"] == "4"
    assert values["secondSignData"] == "MAD/"
    assert values["secondSignEnabled"] == "1"
    assert values["docToNumber"] == "11-1-4/135"
    assert values["description"] == "Сыртқы істер министрлігі / Министерство иностранных дел"
    assert values["idPortalInternal"] == "0"


def test_routing_names_the_document_the_sender_and_one_recipient() -> None:
    root = schemas.parse_untrusted(written())
    routing = root.find("metadataSystem")
    assert routing is not None
    assert {one.tag: one.text for one in routing} == {
        "activityId": "2a6c1d3e-4b5f-4a6b-8c7d-9e0f1a2b3c4d",
        "from": str(kit.US),
        "href": "00000000-0000-4000-8000-000000000001",
        "performers": kit.PEER,
        "senderOrg": "90000002",
    }
    assert [one.findtext("fileIdentifier") for one in root.findall("attachments")] == ["TF-1", "TF-2"]


def test_unused_texts_are_empty_as_in_the_template_and_never_a_number_or_a_date() -> None:
    values = fields_of(written(replace(DOCUMENT, due_on=None)))
    assert {name for name, value in values.items() if not value} == EMPTY_IN_THE_TEMPLATE
    assert "executionDate" not in values


def test_unused_texts_may_be_left_out() -> None:
    values = fields_of(written(config=kit.config(document=DocumentConfig(empty_elements="omit"))))
    assert all(values.values())


def test_without_office_signature_the_flag_says_so() -> None:
    values = fields_of(written(config=kit.config(second_sign=SecondSignConfig(enabled=False))))
    assert (values["secondSignEnabled"], values["secondSignData"]) == ("0", "")


def test_a_missing_office_signature_stops_the_document() -> None:
    with pytest.raises(Final) as caught:
        written(replace(DOCUMENT, office_signature=None))
    assert caught.value.code == "exchange.office-signature-missing"


def test_both_languages_are_required() -> None:
    words = Words(kk=" ", ru="")
    with pytest.raises(Final) as caught:
        written(replace(DOCUMENT, author=words, signer=Words(kk="А", ru="")))
    assert caught.value.params["fields"] == "author.kk, author.ru, signer.ru"


@pytest.mark.parametrize("bad", ["urn:uuid:not-a-guid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", "", "urn:isbn:1"])
def test_a_document_without_a_guid_is_not_sent(bad: str) -> None:
    with pytest.raises(Final) as caught:
        written(replace(DOCUMENT, document_id=DocumentId(bad)))
    assert caught.value.code == "exchange.document-id"


# --- read ------------------------------------------------------------------------------------------------------------
def read(markup: bytes | str) -> IncomingDocument | NotUnderstood:
    root = schemas.parse_untrusted(markup if isinstance(markup, bytes) else markup.encode())
    assert envelope.type_of(root) == documents.DOC_OUTGOING
    return documents.incoming(root)


def test_we_read_what_we_write() -> None:
    assert read(written()) == IncomingDocument(
        document_id=DOCUMENT.document_id,
        sender=str(kit.US),
        files=("TF-1", "TF-2"),
        office_signature=DOCUMENT.office_signature,
        outgoing_number=DOCUMENT.registration_number,
        outgoing_date=DOCUMENT.registration_date,
        description=f"{DOCUMENT.description.kk} / {DOCUMENT.description.ru}",
        signer=DOCUMENT.signer,
    )


def foreign(inside: str) -> str:
    return (
        '<data xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:q="http://esedo.nitec.kz/service/model/document" '
        f'i:type="q:docOutgoing">{inside}</data>'
    )


def test_reads_other_orders_several_files_in_one_attachment_and_empty_elements() -> None:
    found = read(
        foreign(
            "<docNo>1-2</docNo><docDate>2026-11-20T00:00:00.000+06:00</docDate><secondSignData/><userUin/>"
            f"<metadataSystem><performers>5</performers><senderOrg/><from>0090000003</from><href>{{{kit.HREF.upper()}}}</href>"
            "</metadataSystem><attachments><fileIdentifier>../../a</fileIdentifier><fileIdentifier/>"
            "<fileIdentifier>b</fileIdentifier></attachments><attachments/>"
        )
    )
    assert found == IncomingDocument(
        document_id=DocumentId(f"urn:uuid:{kit.HREF}"),
        sender=kit.PEER,
        files=("../../a", "b"),
        office_signature=None,
        outgoing_number="1-2",
        outgoing_date=date(2026, 11, 20),
        description="",
        signer=None,
    )


META = "<metadataSystem><from>5</from><href>{href}</href></metadataSystem>"


@pytest.mark.parametrize("href", ["", "../../etc/passwd", "7c9e6679", "7c9e6679-7425-40de-944b-e07fc1f90aeZ"])
def test_a_document_without_a_readable_guid_is_for_a_person(href: str) -> None:
    assert read(foreign(META.format(href=href))) == NotUnderstood(what="exchange.href-unreadable")


@pytest.mark.parametrize("sender", ["", "abc", "-5", "9" * 20, "٣"])
def test_a_document_without_a_sender_is_for_a_person(sender: str) -> None:
    markup = foreign(META.format(href=kit.HREF).replace("<from>5</from>", f"<from>{sender}</from>"))
    assert read(markup) == NotUnderstood(what="exchange.sender-missing")


@pytest.mark.parametrize(
    ("written_as", "signature"),
    [
        ("MAD/", b"\x30\x00\xff"),
        ("\n MA\n D/ \n", b"\x30\x00\xff"),
        ("-----BEGIN CMS-----\nMAD/\n-----END CMS-----\n", b"\x30\x00\xff"),
        ("не base64", "не base64".encode()),
        ("MAD", b"MAD"),
        ("  ", None),
    ],
)
def test_an_unreadable_office_signature_is_not_an_absent_one(written_as: str, signature: bytes | None) -> None:
    found = read(foreign(META.format(href=kit.HREF) + f"<secondSignData>{written_as}</secondSignData>"))
    assert isinstance(found, IncomingDocument)
    assert found.office_signature == signature
