"""Reports as XML: build, read back, validate, and say where in the one a place of the other is."""

from __future__ import annotations

from adapter.conversion.build import build, build_content, content_digest
from adapter.conversion.places import path_of, xpath_of
from adapter.conversion.plain import parts_to_plain, to_plain
from adapter.conversion.read import read
from adapter.conversion.read_statements import is_statement, read_statement
from adapter.conversion.statements import write_statement
from adapter.conversion.template import template
from adapter.conversion.validate import findings_of, has_marking_above, validated, violations

__all__ = [
    "build",
    "build_content",
    "content_digest",
    "findings_of",
    "has_marking_above",
    "is_statement",
    "parts_to_plain",
    "path_of",
    "read",
    "read_statement",
    "template",
    "to_plain",
    "validated",
    "violations",
    "write_statement",
    "xpath_of",
]
