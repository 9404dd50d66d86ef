"""Every field of the content model is in the schemas, with its cardinality; every closed list is an enumeration.

content_model_fields.csv is our own extract: id, where, how often, closed list. Where the domain reference lies beside the
project, the extract is compared with it field by field; elsewhere the extract speaks alone.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from xmlschema.validators import XsdElement, XsdGroup

import schemas
from adapter.conversion.roots import NAMESPACE, ROOTS

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / ".." / "shared" / "domain"
MANY = None

HEADERS = tuple(root.name for root in ROOTS)
PARENTS = {
    "TreatyRecord": ("submission", "TreatyRecord"),
    "AnalysisBasis": ("submission", "AnalysisBasis"),
    "PendingRecord": ("submission", "PendingRecord"),
    "Treaty": ("treaty", "Treaty"),
    "Recommendation": ("treaty", "Recommendation"),
    "Attachment": ("header", "Attachment"),
}
ROOT_OF_PARENT = {
    "TreatyInformation": "TreatyInformation",
    "Summary": "SummaryInformation",
    "Consolidated": "ConsolidatedInformation",
    "Published": "PublishedResults",
    "Receipt": "Receipt",
    "Response": "ProcessingResponse",
}
SHARED_TYPES = {
    **dict.fromkeys(("Bi", "Ml", "DocRef", "RecordRef", "TreatyRef", "Digest", "Period"), "core"),
    **dict.fromkeys(("OrgRef", "PartyRef", "ActRef"), "org"),
}
SLOTS = (
    "TreatyProvisions",
    "NationalLegalActs",
    "FactualInformation",
    "MediaPublications",
    "PeriodicReports",
    "ExternalRecommendations",
    "AdvisoryBodyProposals",
)
SIGNED = ("TreatyInformation", "SummaryInformation", "ConsolidatedInformation")
MESSAGES = (*SIGNED, "Receipt", "ProcessingResponse")
NARROWER = {  # the column "Condition" of section 4.1: which root makes it mandatory
    "HDR-12": MESSAGES,
    "HDR-13": ("TreatyInformation",),
    "HDR-16": SIGNED,
    "HDR-17": SIGNED,
    "HDR-18": ("TreatyInformation", "SummaryInformation"),
    "HDR-23": SIGNED,
    "HDR-24": SIGNED,
    "HDR-25": SIGNED,
    "HDR-28": SIGNED,
    "HDR-29": SIGNED,
}
DECIDED_OTHERWISE = {
    # id: (least, most) in the schema, and why: see the comments in the schemas
    "HDR-34": (0, MANY),  # our original is ASiC-E with a detached signature; an enveloped one is allowed
}
EITHER = {"TR-02": ("Treaty", "TreatyRef"), "PR-02": ("Treaty", "TreatyRef")}


def fields():
    with (HERE / "content_model_fields.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def schema_of(module):
    root = next((root for root in ROOTS if root.module == module), None)
    addresses = {entry.location: entry.path.as_uri() for entry in schemas.catalog_entries() if entry.location}
    path = schemas.schema_entry(root.schema_id if root else f"monitoring/v1/{module}").path
    return xmlschema.XMLSchema10(path, allow="local", uri_mapper=addresses)


def type_named(module, name):
    return schema_of(module).maps.types[f"{{{NAMESPACE}:{module}}}{name}"]


def root_type(name):
    root = next(root for root in ROOTS if root.name == name)
    return schema_of(root.module).maps.elements[root.tag].type


def header_type(name):
    return next(element for element in root_type(name).content.iter_elements() if element.local_name == "Header").type


def starts(parent, path):
    """[(type, path below it, root the type belongs to)]"""
    if parent == "Header":
        if path == "ds:Signature":
            return [(root_type(name), "Signature", name) for name in HEADERS]
        return [(header_type(name), path, name) for name in HEADERS]
    if parent == "shared types":
        name, _, rest = path.partition("/")
        return [(type_named(SHARED_TYPES[name], name), rest, None)]
    if parent in ROOT_OF_PARENT:
        return [(root_type(ROOT_OF_PARENT[parent]), path, None)]
    module, name = PARENTS[parent]
    if path.startswith("{slot}"):
        return [(type_named(module, name), path.replace("{slot}", slot), None) for slot in SLOTS]
    return [(type_named(module, name), path, None)]


def occurrences(group: XsdGroup, name):
    """(least, most, element) of an element in a content model: in a choice it may be absent."""
    for item in group:
        found = None
        if isinstance(item, XsdElement):
            if item.local_name == name:
                found = (item.min_occurs, item.max_occurs, item)
        else:
            found = occurrences(item, name)
        if found:
            least, most, element = found
            least = 0 if group.model == "choice" and len(group) > 1 else least * group.min_occurs
            most = MANY if MANY in {most, group.max_occurs} else most * group.max_occurs
            return least, most, element
    return None


def step(xsd_type, name):
    """(least, most, declaration) of one step below a type."""
    if name == "text()":
        assert xsd_type.has_simple_content()
        return 1, 1, xsd_type
    if name.startswith("@"):
        attribute = next(
            item for key, item in xsd_type.attributes.items() if key and key.rpartition("}")[2] == name[1:]
        )
        return (1 if attribute.use == "required" else 0), 1, attribute
    found = occurrences(xsd_type.content, name)
    assert found is not None, f"{name} is not in {xsd_type.local_name or xsd_type}"
    return found


def walk(xsd_type, path):
    """(cardinality of the last step, cardinality of the whole path, declaration)."""
    least, most, declaration = 1, 1, None
    for name in path.split("/"):
        own_least, own_most, declaration = step(xsd_type, name)
        least *= own_least
        most = MANY if MANY in {most, own_most} else most * own_most
        xsd_type = getattr(declaration, "type", None)
    return (own_least, own_most), (least, most), declaration


def test_the_extract_holds_304_fields_and_no_id_twice():
    ids = [row["id"] for row in fields()]
    assert len(ids) == len(set(ids)) == 304


@pytest.mark.skipif(
    not (SHARED / "content_model.csv").exists(), reason="the domain reference is not beside the project"
)
def test_the_extract_says_what_the_content_model_says():
    with (SHARED / "content_model.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["field_id"].startswith(("ENV", "ROOT"))]
    model = {row["field_id"]: (row["parent"], row["path"], row["min"], row["max"]) for row in rows}
    assert {row["id"]: (row["parent"], row["path"], row["least"], row["most"]) for row in fields()} == model
    closed = {row["field_id"]: row["code_list"] for row in rows if row["list_kind"] == "closed"}
    closed.pop("RS-05")  # rule identifiers have a pattern: a rule made later must be sayable
    assert {row["id"]: row["closed_list"] for row in fields() if row["closed_list"]} == closed


@pytest.mark.parametrize("row", fields(), ids=lambda row: row["id"])
def test_the_field_is_in_the_schema_with_its_cardinality(row):
    expected = (int(row["least"]), MANY if row["most"] == "unbounded" else int(row["most"]))
    expected = DECIDED_OTHERWISE.get(row["id"], expected)
    for xsd_type, path, root in starts(row["parent"], row["path"]):
        if row["id"] in EITHER:
            found = [occurrences(xsd_type.content, name) for name in EITHER[row["id"]]]
            assert all(least == 0 and most == 1 for least, most, _ in found)
            choice = next(item for item in xsd_type.content if isinstance(item, XsdGroup) and item.model == "choice")
            assert (choice.min_occurs, choice.max_occurs) == expected
            continue
        own, whole, _ = walk(xsd_type, path)
        if root in NARROWER.get(row["id"], ()):
            assert whole == (1, 1)
        else:
            assert (own if row["inside"] else whole) == expected


@pytest.mark.parametrize("row", [row for row in fields() if row["closed_list"]], ids=lambda row: row["id"])
def test_the_closed_list_is_an_enumeration_with_exactly_its_values(row):
    values = {item.code for item in schemas.code_list(row["closed_list"]).values}
    found = set()
    for xsd_type, path, _ in starts(row["parent"], row["path"]):
        _, _, declaration = walk(xsd_type, path)
        # a slot is a container: its list stands on @state; PR-21 names a type, its list stands on Decision
        inner = {"source-state": "@state", "publishable": "Decision"}.get(row["closed_list"])
        if declaration.type.is_complex() and inner:
            declaration = step(declaration.type, inner)[2]
        found |= set(declaration.type.enumeration)
    assert found == values


@pytest.mark.skipif(not (SHARED / "code_lists.csv").exists(), reason="the domain reference is not beside the project")
def test_every_closed_list_of_the_content_model_is_a_type_of_the_module_codes():
    with (SHARED / "code_lists.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] != "open"]
    model = {}
    for row in rows:
        model.setdefault(row["list"], set()).add(row["code"])
    assert lists_in_codes() == model


def test_the_module_codes_holds_the_closed_lists_of_the_catalogue_and_no_open_one():
    closed = {name for name in schemas.code_list_ids() if schemas.code_list(name).kind == "closed"}
    assert set(lists_in_codes()) == closed
    for name, values in lists_in_codes().items():
        assert values == {item.code for item in schemas.code_list(name).values}


def lists_in_codes():
    module = xmlschema.XMLSchema10(schemas.schema_entry("monitoring/v1/codes").path, allow="local")
    return {
        xsd_type.annotation.appinfo[0].text.removeprefix("list:"): set(xsd_type.enumeration)
        for xsd_type in module.types.values()
    }


def test_what_a_root_demands_of_its_header_is_what_the_conversion_says_it_demands():
    from adapter.conversion.blocks import block_of
    from adapter.domain.header import Header

    optional = [row for row in block_of(Header).rows if row.optional and not row.repeats]
    for root in ROOTS:
        demanded = {
            row.field
            for row in optional
            if occurrences(header_type(root.name).content, row.branches[0].name)[0] == 1
            and row.field != "schema_version"
        }
        assert demanded == root.demands


def test_a_published_treaty_has_exactly_the_fields_that_the_conversion_says_it_has():
    from adapter.conversion.blocks import block_of
    from adapter.conversion.roots import PUBLISHED_TREATY
    from adapter.domain.treaty import Treaty

    published = schema_of("published").maps.types[f"{{{NAMESPACE}:treaty}}PublishedTreaty"]
    names = {element.local_name for element in published.content.iter_elements()}
    rows = {row.wrapper[0] if row.wrapper else row.branches[0].name: row.field for row in block_of(Treaty).rows}
    assert {rows[name] for name in names} == PUBLISHED_TREATY
    assert "Consent" not in names
