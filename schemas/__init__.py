"""What Elshi accepts as XML: the one door through which bytes become trees; every schema and code list by its id."""

from __future__ import annotations

from schemas.catalog import (
    CodeList,
    CodeValue,
    SchemaEntry,
    body,
    catalog_entries,
    code_list,
    code_list_ids,
    schema_bytes,
    schema_entry,
    schema_id_of,
    valid_on,
)
from schemas.errors import SchemaCatalogError, XmlRefused
from schemas.parser import DOCUMENT_LIMITS, ENVELOPE_LIMITS, SIGNATURE_LIMITS, Limits, parse_untrusted
from schemas.validator import gate, validate
from schemas.violations import Violation

__all__ = [
    "DOCUMENT_LIMITS",
    "ENVELOPE_LIMITS",
    "SIGNATURE_LIMITS",
    "CodeList",
    "CodeValue",
    "Limits",
    "SchemaCatalogError",
    "SchemaEntry",
    "Violation",
    "XmlRefused",
    "body",
    "catalog_entries",
    "code_list",
    "code_list_ids",
    "gate",
    "parse_untrusted",
    "schema_bytes",
    "schema_entry",
    "schema_id_of",
    "valid_on",
    "validate",
]
