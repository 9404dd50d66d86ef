"""The documents as XML: root element, namespaces, schema and key in the source form of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from adapter.domain.document import DocumentType
from adapter.domain.header import AUTHORITY
from adapter.domain.report import (
    ConsolidatedInformation,
    ProcessingResponse,
    PublishedResults,
    Receipt,
    Report,
    SummaryInformation,
    TreatyInformation,
)

NAMESPACE: Final = f"{AUTHORITY}:monitoring:v1"
"""Authority and major version of every namespace; `:<module>` follows. The authority is a placeholder of our own."""

XML_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {"core": "c", "org": "o", "header": "h", "treaty": "t"}  # the root's own module has no prefix
)


def tag_of(module: str, name: str) -> str:
    """{namespace}name of an element of this module."""
    return f"{{{NAMESPACE}:{module}}}{name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """A document: its type, root element, namespace, key in the source form and schema.

    demands     fields of the header that the schema of this root demands although other roots do without them
    """

    cls: type[Any]
    document_type: DocumentType
    module: str
    demands: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Local name of the root element."""
        return self.cls.__name__

    @property
    def tag(self) -> str:
        """{namespace}name of the root element."""
        return tag_of(self.module, self.name)

    @property
    def key(self) -> str:
        """The one outermost key of the source form."""
        return self.name[0].lower() + self.name[1:]

    @property
    def schema_id(self) -> str:
        """Id in the catalogue."""
        return f"monitoring/v1/{self.module}"

    @property
    def namespaces(self) -> dict[str | None, str]:
        """Declared once, on the root; the same for every document of the type, whether it needs all of them or not."""
        others: dict[str | None, str] = {prefix: f"{NAMESPACE}:{module}" for module, prefix in PREFIXES.items()}
        return {None: f"{NAMESPACE}:{self.module}", **others}


_ADDRESSED: Final = frozenset({"recipient"})
_SIGNED: Final = _ADDRESSED | {"registration_number", "registration_date", "signatory", "executor"}

ROOTS: Final = (
    Root(
        cls=TreatyInformation,
        document_type=DocumentType.TREATY_INFORMATION,
        module="submission",
        demands=_SIGNED | {"responsible_subdivision", "due_date"},
    ),
    Root(
        cls=SummaryInformation,
        document_type=DocumentType.SUMMARY_INFORMATION,
        module="summary",
        demands=_SIGNED | {"due_date"},
    ),
    Root(
        cls=ConsolidatedInformation,
        document_type=DocumentType.CONSOLIDATED_INFORMATION,
        module="consolidated",
        demands=_SIGNED,
    ),
    Root(cls=PublishedResults, document_type=DocumentType.PUBLISHED_RESULTS, module="published"),
    Root(cls=Receipt, document_type=DocumentType.RECEIPT, module="receipt", demands=_ADDRESSED),
    Root(
        cls=ProcessingResponse,
        document_type=DocumentType.PROCESSING_RESPONSE,
        module="response",
        demands=_ADDRESSED,
    ),
)

PUBLISHED_TREATY: Final = frozenset(
    {
        "treaty_id",
        "title",
        "titles_other",
        "short_title",
        "scope",
        "parties",
        "adoption",
        "signature",
        "national_signature_date",
        "entry_into_force",
        "provisional_application",
        "status",
        "lead_body",
        "text_links",
    }
)
"""Fields of a Treaty that a publication may carry (p.11): schema type PublishedTreaty."""


def root_of(report: Report | type[Report]) -> Root:
    """The root of this report or type of report."""
    cls = report if isinstance(report, type) else type(report)
    return next(root for root in ROOTS if root.cls is cls)
