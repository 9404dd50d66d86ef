"""Our own description of the interfaces accepts what the exchange accepts, and what we send is held to more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

import schemas
from tests.unit.schemas.exchange_messages import (
    CREDENTIALS,
    FILE_CONTENTS,
    ITEM,
    METADATA,
    NOTICES,
    OUTGOING,
    accepted_messages,
    answer,
    data,
    directory_answer,
    directory_request,
    file_message,
    notice,
    outgoing,
    refused_messages,
    request,
    without,
)

OPERATOR = Path(__file__).resolve().parents[3] / ".." / "shared" / "exchange" / "wsdl"
XS = "{http://www.w3.org/2001/XMLSchema}"


def codes(message: str, schema_id: str) -> list[str]:
    return [violation.code for violation in schemas.validate(message.encode(), schema_id)]


# --- the channel -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", accepted_messages())
def test_the_channel_accepts(name: str) -> None:
    message = accepted_messages()[name]
    assert codes(message, "shep/v10") == []
    assert schemas.gate(schemas.parse_untrusted(message.encode()), "shep/v10")


@pytest.mark.parametrize("name", refused_messages())
def test_the_channel_refuses(name: str) -> None:
    message = refused_messages()[name]
    found = codes(message, "shep/v10")
    assert found != []
    assert "xsd.validators-disagree" not in found
    assert not schemas.gate(schemas.parse_untrusted(message.encode()), "shep/v10")


@pytest.mark.parametrize("body", [request(outgoing()), answer(), '<a xmlns="urn:x-test:a"/>'])
def test_a_whole_envelope_is_checked_down_to_the_business_fields(body: str) -> None:
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    envelope = f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'
    assert codes(envelope, "shep/v10/envelope") == []
    broken = envelope.replace("<docKind>70000010</docKind>", "<docKind/>").replace("<code>SCSS001</code>", "")
    assert (codes(broken, "shep/v10/envelope") == []) is (broken == envelope)


def test_a_type_whose_content_is_not_published_is_taken_as_it_is() -> None:
    assert codes(data("docAppeal", "<anything><deep/></anything>"), "esedo") == []


def test_data_without_a_known_type_is_refused() -> None:
    assert codes("<data/>", "esedo") == ["xsd.abstract-type"]
    (violation,) = schemas.validate(data("docNothing", "").encode(), "esedo")
    assert (violation.code, violation.value) == ("xsd.unknown-type", "d:docNothing")


def test_data_inside_an_envelope_is_judged_where_it_stands() -> None:
    root = schemas.parse_untrusted(request(outgoing(OUTGOING | {"docKind": "x"})).encode())
    payload = next(root.iter("data"))
    (violation,) = schemas.validate(payload, "esedo")
    assert violation.xpath == "/SendMessage/request/requestData/data/docKind"


# --- what we send ----------------------------------------------------------------------------------------------------

SENT_NOTICES = ("stateDelivered", "stateRegistered", "stateNotValid")


def test_what_we_send_is_accepted_by_the_strict_and_by_the_open_schema() -> None:
    for message in (outgoing(), *(notice(name) for name in SENT_NOTICES)):
        assert codes(message, "esedo-out") == []
        assert codes(message, "esedo") == []


OPTIONAL = ("controlTypeOuterCode", "docNoR", "docToNumber", "employeePhone", "executor", "portalSign", "sectionId",
            "resolutionText", "userUin", "docRecPostKz", "docRecPostRu", "controlTypeOuterNameKz",
            "controlTypeOuterNameRu")  # fmt: skip


def test_optional_strings_may_be_left_out() -> None:
    assert codes(outgoing(without(OUTGOING, *OPTIONAL)), "esedo-out") == []


@pytest.mark.parametrize("field", [name for name in OUTGOING if name not in OPTIONAL])
def test_every_other_field_of_a_document_is_mandatory(field: str) -> None:
    assert codes(outgoing(without(OUTGOING, field)), "esedo-out") == ["xsd.missing-element"]


@pytest.mark.parametrize("field", [name for name in OUTGOING if name not in (*OPTIONAL, "secondSignData")])
def test_a_mandatory_field_of_a_document_is_not_sent_empty(field: str) -> None:
    assert codes(outgoing(OUTGOING | {field: ""}), "esedo-out") != []


@pytest.mark.parametrize(
    ("field", "value"),
    [("userUin", "991340000106"), ("docDate", "2026-11-20T00:00:00"), ("carrierType", "2"), ("docLang", "KK"),
     ("secondSignEnabled", "yes"), ("secondSignData", "not base64"), ("sheetCount", "twelve"), ("authorNameRu", "  ")],
)  # fmt: skip
def test_a_field_with_a_value_that_we_never_send_is_refused(field: str, value: str) -> None:
    assert codes(outgoing(OUTGOING | {field: value}), "esedo-out") != []
    assert codes(outgoing(OUTGOING | {field: value}), "esedo") == []


@pytest.mark.parametrize("name", SENT_NOTICES)
def test_a_notice_without_its_date_or_its_document_is_refused(name: str) -> None:
    assert codes(notice(name, without(NOTICES[name], "date")), "esedo-out") != []
    assert codes(notice(name, metadata=""), "esedo-out") != []
    for part in ("activityId", "from", "href", "performers", "senderOrg"):
        assert codes(notice(name, metadata=re.sub(f"<{part}>.*</{part}>", "", METADATA)), "esedo-out") != []


def test_a_notice_that_we_do_not_send_has_no_strict_type() -> None:
    assert codes(notice("stateExecution"), "esedo-out") == ["xsd.unknown-type"]


# --- files and directories -------------------------------------------------------------------------------------------

FORMS = {"qualified": "tempstorage/v2", "mixed": "tempstorage/v2-mixed", "unqualified": "tempstorage/v2-unqualified"}


@pytest.mark.parametrize("name", FILE_CONTENTS)
@pytest.mark.parametrize("form", FORMS)
def test_the_file_store_accepts_each_message_in_each_form_under_the_schema_of_that_form(name: str, form: str) -> None:
    message = file_message(name, form)
    accepting = [known for known, schema_id in FORMS.items() if not codes(message, schema_id)]
    assert accepting == (["mixed", "unqualified"] if form == "unqualified" else [form])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CREDENTIALS, ""),
        ("<type>UPLOAD</type>", "<type>PUT</type>"),
        ("VGVzdA==", "not base64!"),
        ("28800000", "eight hours"),
        ("<content>VGVzdA==</content>", ""),
        ("<fileProcessIdentifier>1</fileProcessIdentifier>", ""),
        ("<name>a.xml</name><mime>application/xml</mime>", "<mime>application/xml</mime><name>a.xml</name>"),
    ],
)
def test_the_file_store_refuses_a_broken_upload(old: str, new: str) -> None:
    broken = file_message("upload").replace(old, new)
    assert broken != file_message("upload")
    assert codes(broken, "tempstorage/v2") != []


RELEVANCE = "<Relevance><Date>2026-11-20T00:00:00+05:00</Date><ConsiderTime>false</ConsiderTime></Relevance>"
SELECT = "<SelectRequisites><Requisite><Name>n</Name><Alias>a</Alias></Requisite></SelectRequisites>"
SORT = "<SortRequisites><Requisite><Name>n</Name><Direction>Ascending</Direction></Requisite></SortRequisites>"
ERROR = "<ErrorInfo><ErrorCode>300</ErrorCode><ErrorMessage>m</ErrorMessage><ErrorDescription>d</ErrorDescription></ErrorInfo>"
NIL = '<member xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
DIRECTORY_ACCEPTED = {
    "request": directory_request(),
    "request with everything": directory_request(RELEVANCE + SELECT + "<Filter>f</Filter>" + SORT),
    "answer": directory_answer(),
    "answer with a nil member": directory_answer(ITEM.replace("<member>70000001</member>", NIL)),
    "error": directory_answer(result="Error", error=ERROR),
}
DIRECTORY_REFUSED = {
    "no entity": directory_request().replace("<EntityName>TEST_ORGANISATIONS</EntityName>", ""),
    "sort without direction": directory_request(SORT.replace("<Direction>Ascending</Direction>", "")),
    "filter before relevance": directory_request("<Filter>f</Filter>" + RELEVANCE),
    "a result that is neither": directory_answer(result="Maybe"),
    "an error code that is no hundred": directory_answer(result="Error", error=ERROR.replace("300", "301")),
    "an item without its code": directory_answer(ITEM.replace("<code>T-1</code>", "")),
    "an empty member": directory_answer(ITEM.replace("70000001", "")),
    "a member of eleven digits": directory_answer(ITEM.replace("70000001", "70000001000")),
    "an empty name": directory_answer(ITEM.replace("Сынақ", "")),
    "a session with braces": directory_answer().replace("<SessionId>0", "<SessionId>{0"),
}


@pytest.mark.parametrize("name", DIRECTORY_ACCEPTED)
def test_the_directory_accepts(name: str) -> None:
    assert codes(DIRECTORY_ACCEPTED[name], "ensi") == []


@pytest.mark.parametrize("name", DIRECTORY_REFUSED)
def test_the_directory_refuses(name: str) -> None:
    assert codes(DIRECTORY_REFUSED[name], "ensi") != []


# --- twins: the operator's own schemas -------------------------------------------------------------------------------


def merged(files: list[Path]) -> etree.XMLSchema:
    """One document per target namespace from scattered files: libxml2 reads only the first import of a namespace."""
    homes: dict[str, list[etree._Element]] = {}
    for file in files:
        tree = etree.parse(str(file), etree.XMLParser(remove_comments=True))
        for schema in tree.iter(XS + "schema"):
            homes.setdefault(schema.get("targetNamespace", ""), []).append(schema)
    texts = {namespace: one_document(namespace, parts, homes) for namespace, parts in homes.items()}
    names = {namespace: f"twin:///{number}.xsd" for number, namespace in enumerate(texts)}

    class Resolver(etree.Resolver):
        def resolve(self, system_url, public_id, context):
            for namespace, name in names.items():
                if system_url == name:
                    return self.resolve_string(texts[namespace], context, base_url=name)
            return None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Resolver())
    imports = "".join(f'<xs:import namespace="{ns}" schemaLocation="{name}"/>' for ns, name in names.items() if ns)
    driver = f'<xs:schema xmlns:xs="{XS[1:-1]}">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(driver, parser, base_url="twin:///driver.xsd"))


def one_document(namespace: str, parts: list[etree._Element], homes: dict[str, list[etree._Element]]) -> bytes:
    prefixes: dict[str | None, str] = {}
    for part in parts:
        prefixes |= part.nsmap
    whole = etree.Element(XS + "schema", nsmap=prefixes)
    whole.set("targetNamespace", namespace)
    if any(part.get("elementFormDefault") == "qualified" for part in parts):
        whole.set("elementFormDefault", "qualified")
    for number, other in enumerate(homes):
        if other not in {namespace, ""}:
            etree.SubElement(whole, XS + "import", namespace=other, schemaLocation=f"twin:///{number}.xsd")
    seen = set()
    for part in parts:
        for child in part:
            if child.tag in {XS + "import", XS + "include", XS + "annotation"}:
                continue
            if (child.tag, child.get("name")) not in seen:
                seen.add((child.tag, child.get("name")))
                whole.append(etree.fromstring(etree.tostring(child)))
    return etree.tostring(whole)


needs_operator = pytest.mark.skipif(
    not OPERATOR.is_dir(), reason="the operator's schemas are not here; the tests above hold the same facts"
)


@needs_operator
def test_the_operators_channel_and_ours_accept_and_refuse_the_same_messages() -> None:
    operator = merged([OPERATOR / "wsdl" / "wsdl_consumer.wsdl"])
    for wanted, messages in ((True, accepted_messages()), (False, refused_messages())):
        for name, message in messages.items():
            root = schemas.parse_untrusted(message.encode())
            assert operator.validate(root) is wanted, (name, operator.error_log.last_error)
            assert schemas.gate(root, "shep/v10") is wanted, name


@needs_operator
def test_the_operators_file_store_and_ours_accept_and_refuse_the_same_messages() -> None:
    operator = etree.XMLSchema(etree.parse(str(OPERATOR / "HedTempStorage.xsd")))
    for name in FILE_CONTENTS:
        for form in FORMS:
            root = schemas.parse_untrusted(file_message(name, form).encode())
            assert operator.validate(root) is schemas.gate(root, "tempstorage/v2") is (form == "qualified"), (
                name,
                form,
            )
    for message in accepted_messages().values():
        assert not operator.validate(schemas.parse_untrusted(message.encode()))


@needs_operator
def test_the_operators_directory_and_ours_accept_and_refuse_the_same_messages() -> None:
    kinds = OPERATOR / "kz" / "nitec" / "unidic"
    asked = etree.XMLSchema(etree.parse(str(kinds / "request" / "GetDataGetItemsRequest.xsd")))
    told = etree.XMLSchema(etree.parse(str(kinds / "response" / "GetDataGetItemsResponse.xsd")))
    items = etree.XMLSchema(etree.parse(str(OPERATOR / "nsi_org.xsd")))
    for wanted, messages in ((True, DIRECTORY_ACCEPTED), (False, DIRECTORY_REFUSED)):
        for name, message in messages.items():
            root = schemas.parse_untrusted(message.encode())
            if root.tag.endswith("Request"):
                assert asked.validate(root) is wanted, name
                continue
            listed = next(root.iter("{http://nitec.kz/unidic/items}Items"))
            verdict = told.validate(root) and items.validate(etree.fromstring(etree.tostring(listed)))
            assert verdict is wanted, (name, told.error_log.last_error, items.error_log.last_error)
