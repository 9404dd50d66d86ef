"""The judgement whether a tree satisfies a schema: xmlschema is the authority, libxml2 the second opinion."""

from __future__ import annotations

import threading
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from schemas.authority import from_xmlschema, unjudged
from schemas.catalog import catalog_entries, import_target, schema_bytes, schema_entry
from schemas.errors import SchemaCatalogError
from schemas.parser import Limits, parse_untrusted
from schemas.references import References, imports_of, references_in
from schemas.violations import (
    MAX_VIOLATIONS,
    Violation,
    disagreement,
    explains_disagreement,
    from_libxml2,
    too_many,
)

if TYPE_CHECKING:
    import xmlschema

    from schemas.catalog import SchemaEntry

_SCHEMA_FILE_LIMITS: Final = Limits(allow_processing_instructions=True)  # the W3C's own xml.xsd names a stylesheet
_AUTHORITY_BREAKS: Final = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
# A document that libxml2 has refused already and that is larger than this gets libxml2's list only: the authority keeps
# every error in memory before it gives the first, and looks for each unexpected child by counting from the first one
# (190,000 of them under one parent took 313 s). A valid report of 5 MB has about 150,000 elements and attributes.
_HEAVY: Final = etree.XPath("count(//*) + count(//@*) > 200000 or //*[count(*) > 2000]")
_SCHEME: Final = "catalog:///"  # what libxml2 is told instead of a path; an address that only the catalogue can answer


def gate(root: etree._Element, schema_id: str) -> bool:
    """The fast answer of libxml2 alone: does the tree satisfy the schema, references included?

    False means no. True is a second opinion, not the verdict: `validate` asks the authority too.
    Raises SchemaCatalogError for an unknown id.
    """
    return _compiled(schema_id).passes_gate(root)


def validate(document: bytes | etree._Element, schema_id: str) -> tuple[Violation, ...]:
    """Every violation, in document order; () when both validators accept. At most MAX_VIOLATIONS are listed.

    xmlschema is the authority, libxml2 the second opinion. Where they disagree, and not for one of the reasons listed
    in `violations`, the disagreement is itself a violation: nobody may sign what two readers read differently.
    Bytes go through `parse_untrusted` first. Raises XmlRefused, and SchemaCatalogError for an unknown id.
    """
    root = parse_untrusted(document) if isinstance(document, bytes) else document
    return _compiled(schema_id).violations(root)


class CompiledSchema:
    """One schema in both validators. Each is compiled when first asked, and asked by one thread at a time."""

    def __init__(self, entry: SchemaEntry) -> None:
        self._entry = entry
        self._lock = threading.Lock()
        self._sources = _closure(entry)

    def passes_gate(self, root: etree._Element) -> bool:
        """See `gate`."""
        with self._lock:
            return self._second.validate(root) and not self._references.dangling(root)

    def violations(self, root: etree._Element) -> tuple[Violation, ...]:
        """See `validate`."""
        with self._lock:
            accepted = self._second.validate(root)
            log: Any = self._second.error_log  # the stub does not know that it can be counted
            objections = () if accepted else tuple(islice(log, MAX_VIOLATIONS))
            if not accepted and _is_heavy(root):
                return (too_many(root), *(from_libxml2(root, entry) for entry in objections))
            found = self._judged(root)
        if found and accepted and not all(explains_disagreement(violation) for violation in found):
            return (disagreement(root, "xmlschema", found[0].rule), *found)
        if not found and not accepted:
            others = tuple(from_libxml2(root, entry) for entry in objections)
            return (disagreement(root, "libxml2", others[0].rule if others else ""), *others)
        return found

    def _judged(self, root: etree._Element) -> tuple[Violation, ...]:
        try:
            errors = tuple(islice(self._authority.iter_errors(root), MAX_VIOLATIONS))
        except _AUTHORITY_BREAKS as error:
            # The library raises instead of reporting where a document names an unknown type, and may do so elsewhere:
            # a hostile document gets a verdict, never a traceback.
            return unjudged(root, self._authority.maps.types, error)
        found = from_xmlschema(root, errors, self._references)
        return found if len(errors) < MAX_VIOLATIONS else (*found, too_many(root))

    @cached_property
    def _references(self) -> References:
        return references_in(self._sources)

    @cached_property
    def _second(self) -> etree.XMLSchema:
        # No foreign bytes: `schema_bytes` has held the file against its digest, and `_closure` has read it by the door.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)  # noqa: TID251
        parser.resolvers.add(_CatalogResolver())
        content = schema_bytes(self._entry)
        root = etree.fromstring(content, parser, base_url=_SCHEME + self._entry.file)  # noqa: TID251
        return etree.XMLSchema(root)

    @cached_property
    def _authority(self) -> xmlschema.XMLSchema10:
        import xmlschema

        addresses = {entry.location: entry.path.as_uri() for entry in catalog_entries() if entry.location}
        return xmlschema.XMLSchema10(self._entry.path, allow="local", uri_mapper=addresses)


def _is_heavy(root: etree._Element) -> bool:
    answer: Any = _HEAVY(root)
    return bool(answer)


class _CatalogResolver(etree.Resolver):
    """Hands libxml2 the files of the catalogue, and nothing else."""

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
        # The stub of lxml leaves out the third argument, without which nothing can be resolved.
        del public_id
        for entry in catalog_entries():
            if system_url in {entry.location, _SCHEME + entry.file}:
                return self.resolve_string(schema_bytes(entry), context, base_url=_SCHEME + entry.file)
        raise SchemaCatalogError("catalog.import-outside", {"id": "", "location": system_url})


def _closure(entry: SchemaEntry) -> tuple[etree._Element, ...]:
    """The schema and all it imports. Every file is checked against its digest before any validator reads it."""
    sources: dict[str, etree._Element] = {}
    waiting = [entry]
    while waiting:
        current = waiting.pop()
        if current.id in sources:
            continue
        root = parse_untrusted(schema_bytes(current), _SCHEMA_FILE_LIMITS)
        sources[current.id] = root
        waiting += [import_target(current, location) for location in imports_of(root)]
    return tuple(sources.values())


@cache
def _compiled(schema_id: str) -> CompiledSchema:
    return CompiledSchema(schema_entry(schema_id))
