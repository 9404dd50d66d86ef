"""The catalogue: every file known by its digest, every import answered inside, every schema usable by both validators."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest

import schemas
from schemas import SchemaCatalogError, catalog
from schemas.validator import CompiledSchema

HOME = Path(catalog.__file__).parent
IDS = [entry.id for entry in schemas.catalog_entries()]


def test_ids_of_schemas_and_lists_are_given_once() -> None:
    assert len(IDS) == len(set(IDS))
    assert len(schemas.code_list_ids()) == len(set(schemas.code_list_ids()))


def test_every_file_under_schemas_stands_in_the_catalogue() -> None:
    entered = {entry.path.resolve() for entry in schemas.catalog_entries()}
    assert {path.resolve() for path in HOME.rglob("*.xsd")} <= entered
    lists = {path.stem for path in (HOME / "codes").iterdir()}
    assert lists == set(schemas.code_list_ids())


def test_the_digests_entered_are_those_of_the_files_w3c_files_included() -> None:
    # Fails while a schema is being written (python -m schemas.catalog --refresh) and when the xmlschema package
    # brings another xmldsig, xml or soap-envelope: then somebody looks at the difference before entering it.
    text = (HOME / "catalog.toml").read_text(encoding="utf-8")
    assert catalog.refreshed(text) == text


@pytest.mark.parametrize("schema_id", IDS)
def test_both_validators_compile(schema_id: str) -> None:
    root = schemas.parse_untrusted(b'<nothing xmlns="urn:x-test:nothing"/>')
    assert not schemas.gate(root, schema_id)
    assert [violation.code for violation in schemas.validate(root, schema_id)] == ["xsd.unknown-root"]


@pytest.mark.parametrize(
    "entry", [entry for entry in schemas.catalog_entries() if entry.roots], ids=lambda entry: entry.id
)
def test_every_root_entered_is_an_element_of_its_schema(entry: schemas.SchemaEntry) -> None:
    for name in entry.roots:
        tag = f'<{name} xmlns="{entry.namespace}"/>' if entry.namespace else f"<{name}/>"
        root = schemas.parse_untrusted(tag.encode())
        codes = {violation.code for violation in schemas.validate(root, entry.id)}
        assert "xsd.unknown-root" not in codes
        assert schemas.schema_id_of(root) is not None


def test_a_root_leads_to_the_first_schema_that_accepts_it() -> None:
    assert schemas.schema_id_of(schemas.parse_untrusted(b"<data/>")) == "esedo"
    shep = b'<SendMessage xmlns="http://bip.bee.kz/SyncChannel/v10/Types"/>'
    assert schemas.schema_id_of(schemas.parse_untrusted(shep)) == "shep/v10"
    assert schemas.schema_id_of(schemas.parse_untrusted(b"<unheard-of/>")) is None


def test_an_unknown_id_is_an_error_of_the_caller_not_a_verdict() -> None:
    for question in (lambda: schemas.validate(b"<a/>", "none"), lambda: schemas.schema_entry("none")):
        with pytest.raises(SchemaCatalogError) as caught:
            question()
        assert caught.value.code == "catalog.unknown-schema"
    with pytest.raises(SchemaCatalogError) as caught:
        schemas.code_list("none")
    assert caught.value.code == "catalog.unknown-list"


def test_a_schema_that_was_edited_is_not_used(tmp_path: Path) -> None:
    entry = schemas.schema_entry("esedo/extension")
    edited = tmp_path / "extension.xsd"
    edited.write_bytes(schemas.schema_bytes(entry).replace(b'minOccurs="0"', b'minOccurs="1"'))
    with pytest.raises(SchemaCatalogError) as caught:
        CompiledSchema(dataclasses.replace(entry, file=str(edited)))
    assert caught.value.code == "catalog.wrong-digest"


def test_a_schema_that_is_gone_is_named(tmp_path: Path) -> None:
    entry = dataclasses.replace(schemas.schema_entry("esedo/extension"), file=str(tmp_path / "gone.xsd"))
    with pytest.raises(SchemaCatalogError) as caught:
        schemas.schema_bytes(entry)
    assert caught.value.code == "catalog.missing-file"


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:9/other.xsd", "../../etc/passwd", "/etc/passwd", "file:///etc/passwd"]
)
def test_an_import_from_outside_the_catalogue_is_refused_and_not_fetched(tmp_path: Path, location: str) -> None:
    file = tmp_path / "outside.xsd"
    text = f'<xs:import namespace="urn:x-test:o" schemaLocation="{location}"/>'
    file.write_text(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{text}</xs:schema>', encoding="utf-8")
    entry = dataclasses.replace(schemas.schema_entry("w3c/xml"), id="test", file=str(file), location="")
    digest = catalog.hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(SchemaCatalogError) as caught:
        CompiledSchema(dataclasses.replace(entry, sha256=digest))
    assert caught.value.code == "catalog.import-outside"


def test_a_schema_location_in_a_document_is_not_followed() -> None:
    hint = (
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://127.0.0.1:9/a.xsd"'
    )
    found = schemas.validate(f"<data {hint}/>".encode(), "esedo")
    assert [violation.code for violation in found] == ["xsd.abstract-type"]


def test_threads_that_ask_for_the_same_schema_at_once_get_their_own_answers() -> None:
    schema_id = "esedo"
    good = '<data xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:n="http://esedo.nitec.kz/service/model/notification"'
    good += ' xsi:type="n:stateDelivered"><date>{}</date></data>'
    wrong: list[str] = []

    def ask(number: int) -> None:
        for turn in range(20):
            valid = (number + turn) % 2 == 0
            document = good.format("2026-11-20T10:00:00+05:00" if valid else f"never-{number}-{turn}").encode()
            found = schemas.validate(document, schema_id)
            if (valid and found) or (not valid and [each.value for each in found] != [f"never-{number}-{turn}"]):
                wrong.append(f"{number} {turn} {found}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
