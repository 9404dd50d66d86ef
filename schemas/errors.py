"""Why bytes are not accepted as XML, and what is wrong with a tree that is.

    Exception
    ├── XmlRefused           the bytes never became a tree: not UTF-8, a document type, not well-formed, over a limit
    └── SchemaCatalogError   the catalogue itself: unknown schema id, a file whose digest is not the one entered

A document that breaks its schema is no exception: `validate` returns every violation.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class XmlRefused(Exception):
    """The bytes are not accepted as XML. `code` is stable (`xml.*`), `params` fill the sentence of that code.

    `line` counts from 1 and is None where the parser had not begun. Params never hold text of the document.
    """

    def __init__(self, code: str, line: int | None = None, params: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.params: Mapping[str, str] = MappingProxyType(dict(params or {}))

    def __str__(self) -> str:
        place = "" if self.line is None else f" (line {self.line})"
        return f"{self.code}{place} {dict(self.params)}"


class SchemaCatalogError(Exception):
    """The catalogue cannot answer: an installation fault, or an id that nobody entered. Codes `catalog.*`."""

    def __init__(self, code: str, params: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params: Mapping[str, str] = MappingProxyType(dict(params or {}))

    def __str__(self) -> str:
        return f"{self.code} {dict(self.params)}"
