"""The tables against the operator's description, where it is at hand, and against the project's own, which always is."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

import schemas
from adapter.sandbox import vocabulary
from adapter.sandbox.vocabulary import Field, Kind
from tests.unit.sandbox.soap import REGISTERED, document, entity, notice, upload

XS = "{http://www.w3.org/2001/XMLSchema}"
OPERATOR = Path(__file__).resolve().parents[3] / ".." / "shared" / "exchange" / "wsdl"
TYPES = [
    *[(vocabulary.DOCUMENT, "docOutgoing")],
    *[(vocabulary.NOTIFICATION, name) for name in vocabulary.NOTICE_FIELDS],
]
LONGS = {"long": Kind.LONG, "dateTime": Kind.DATE_TIME, "base64Binary": Kind.BASE64, "boolean": Kind.BOOLEAN}


def operators(name: str) -> list[etree._Element]:
    path = OPERATOR / name
    if not path.exists():
        pytest.skip(f"the operator's {name} is not at hand")
    return list(etree.parse(path).iter(f"{XS}schema"))


def sequence(schema: etree._Element, name: str) -> list[tuple[str, str]]:
    """Elements of a named complex type: name and local name of the type."""
    found = next(one for one in schema.iter(f"{XS}complexType") if one.get("name") == name)
    elements = found.xpath("*//xs:sequence/xs:element", namespaces={"xs": XS[1:-1]}) or found.xpath(
        "xs:sequence/xs:element", namespaces={"xs": XS[1:-1]}
    )
    return [(one.get("name"), (one.get("type") or "").rpartition(":")[2]) for one in elements]


def ours(fields: tuple[Field, ...]) -> list[tuple[str, Kind]]:
    return [(one.name, one.kind) for one in fields]


@pytest.mark.parametrize(("namespace", "name"), TYPES, ids=lambda value: value.rpartition("/")[2])
def test_own_fields_stand_in_the_operators_order_and_kind(namespace: str, name: str) -> None:
    schema = next(one for one in operators("wsdl/wsdl_consumer.wsdl") if one.get("targetNamespace") == namespace)
    fields = vocabulary.fields_of(namespace, name)
    assert fields is not None
    own = fields[len(vocabulary.MESSAGE_FIELDS) :]
    expected = sequence(schema, name)
    assert [one.name for one in own] == [element for element, _ in expected]
    for field, (_, kind) in zip(own, expected, strict=True):
        assert (field.kind in {Kind.LONG, Kind.DATE_TIME}) == (kind in LONGS), field.name
        if kind in LONGS:
            assert field.kind is LONGS[kind]


def test_every_type_of_the_operator_is_known_and_no_other() -> None:
    described = {
        (schema.get("targetNamespace"), one.get("name"))
        for schema in operators("wsdl/wsdl_consumer.wsdl")
        if "/model/" in schema.get("targetNamespace", "") and "extension" not in schema.get("targetNamespace", "")
        for one in schema.findall(f"{XS}complexType")
    }
    assert described == set(vocabulary.KNOWN_TYPES)


def test_metadata_stands_in_the_operators_order() -> None:
    extension = "http://esedo.nitec.kz/service/model/extension"
    schema = next(one for one in operators("wsdl/wsdl_consumer.wsdl") if one.get("targetNamespace") == extension)
    meta = next(one for one in vocabulary.MESSAGE_FIELDS if one.name == "metadataSystem")
    assert [one.name for one in meta.parts] == [name for name, _ in sequence(schema, "metadataSystem")]


@pytest.mark.parametrize(
    ("file", "type_name", "fields"),
    [
        ("wsdl/SyncChannel/v10/Types/SyncMessageInfo.xsd", "SyncMessageInfo", vocabulary.REQUEST_FIELDS[0].parts),
        (
            "wsdl/SyncChannel/v10/Types/SyncMessageInfoResponse.xsd",
            "SyncMessageInfoResponse",
            vocabulary.RESPONSE_FIELDS[0].parts,
        ),
        ("HedTempStorage.xsd", "TempStorageRequest", vocabulary.TEMP_STORAGE_FIELDS),
        ("HedTempStorage.xsd", "UploadFileRequest", vocabulary.TEMP_STORAGE_FIELDS[1].parts[0].parts),
    ],
)
def test_the_channel_and_the_files_stand_in_the_operators_order(
    file: str, type_name: str, fields: tuple[Field, ...]
) -> None:
    (schema,) = operators(file)
    assert [one.name for one in fields] == [name for name, _ in sequence(schema, type_name)]


def test_the_directory_stands_in_the_operators_order() -> None:
    (schema,) = operators("kz/nitec/unidic/request/GetDataGetItemsRequest.xsd")
    top = schema.findall(f"{XS}element/{XS}complexType/{XS}sequence/{XS}element")
    assert [one.name for one in vocabulary.DIRECTORY_FIELDS] == [one.get("name") for one in top]


# --- the twin: the project's own description of the same interfaces -----------------------------------------------------
@pytest.mark.parametrize(("namespace", "name"), TYPES, ids=lambda value: value.rpartition("/")[2])
def test_own_fields_stand_in_the_order_of_the_projects_schemas(namespace: str, name: str) -> None:
    folder = Path(schemas.__file__).parent / "esedo"
    described = [
        schema
        for schema in (etree.parse(path).getroot() for path in sorted(folder.glob("**/*.xsd")))
        if schema.get("targetNamespace") == namespace
    ]
    assert described, f"the project describes {namespace}"
    fields = vocabulary.fields_of(namespace, name)
    assert fields is not None
    own = [one.name for one in fields[len(vocabulary.MESSAGE_FIELDS) :]]
    assert own == [element for element, _ in sequence(described[0], name)]


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (document(), vocabulary.fields_of(vocabulary.DOCUMENT, "docOutgoing")),
        (notice("stateRegistered", *REGISTERED), vocabulary.fields_of(vocabulary.NOTIFICATION, "stateRegistered")),
        (upload(b"x"), vocabulary.TEMP_STORAGE_FIELDS),
        (entity(), vocabulary.DIRECTORY_FIELDS),
    ],
    ids=["document", "notice", "files", "directory"],
)
def test_the_clean_messages_of_these_tests_name_known_elements_only(data: str, fields: tuple[Field, ...]) -> None:
    root = etree.fromstring(data)
    inner = root if root.get("{http://www.w3.org/2001/XMLSchema-instance}type") else root[0]
    names = [one.name for one in fields]
    places = [names.index(etree.QName(one).localname) for one in inner]
    assert places == sorted(places)
