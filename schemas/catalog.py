"""Every schema and every code list, once: id, version, file, SHA-256 and where it comes from (`catalog.toml`).

Rules.
1. A file of ours whose bytes do not have the digest entered is not used: a released schema is never edited.
   `python -m schemas.catalog --refresh` enters the digests anew while a schema is still being written.
2. Nothing is fetched. An import names a file of this catalogue, or the address under which the catalogue enters a W3C
   schema; that file is taken from the installed xmlschema package.
3. A code is data with a term of validity. It is judged on the date of the document, never on today's.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from schemas.errors import SchemaCatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from lxml import etree

_HOME: Final = Path(__file__).resolve().parent
_CATALOG: Final = _HOME / "catalog.toml"
_W3C_PREFIX: Final = "xmlschema:"


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaEntry:
    """One schema document. `validate` is called with `id`; `roots` are local names a document may begin with."""

    id: str
    version: str
    file: str  # relative to schemas/, or "xmlschema:<path>" for a W3C schema shipped by that package
    sha256: str
    namespace: str  # "" where the schema has no target namespace
    roots: tuple[str, ...]
    origin: str
    location: str  # the address by which other schemas import it; "" where they use the relative path

    @property
    def path(self) -> Path:
        """Where the file lies on this machine."""
        if self.file.startswith(_W3C_PREFIX):
            return _xmlschema_home() / "schemas" / self.file.removeprefix(_W3C_PREFIX)
        return _HOME / self.file


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeValue:
    """One code with its labels. Dates are as precise as is known: year, year-month or day; None means open."""

    code: str
    kk: str
    ru: str
    en: str
    valid_from: str | None = None
    valid_to: str | None = None  # the first day, month or year that is no longer covered
    successor: tuple[str, ...] = ()
    group: str = ""
    mark: str = ""  # S: in a published source; P: partly; K: professional knowledge, to be confirmed

    def is_valid_on(self, on: date) -> bool:
        """valid_from <= on < valid_to, each side compared at the precision in which it is known."""
        day = on.isoformat()
        begun = self.valid_from is None or day[: len(self.valid_from)] >= self.valid_from
        ended = self.valid_to is not None and day[: len(self.valid_to)] >= self.valid_to
        return begun and not ended


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeList:
    """A list of codes. `closed` lists stand in the schemas too; an unknown value of an `open` one is a warning."""

    id: str
    version: str
    kind: Literal["open", "closed"]
    origin: str
    values: tuple[CodeValue, ...]

    def get(self, code: str) -> CodeValue | None:
        """The value with this code, None when the list has none. Case matters."""
        return _index(self.id).get(code)


# --- schemas ---------------------------------------------------------------------------------------------------------


@cache
def catalog_entries() -> tuple[SchemaEntry, ...]:
    """All schemas in the order of `catalog.toml`; where two accept the same root, the first is its usual schema."""
    return tuple(_entry(table) for table in _catalog().get("schema", ()))


def schema_entry(schema_id: str) -> SchemaEntry:
    """The entry with this id. Raises SchemaCatalogError `catalog.unknown-schema`."""
    entry = _entries_by_id().get(schema_id)
    if entry is None:
        raise SchemaCatalogError("catalog.unknown-schema", {"id": schema_id})
    return entry


def schema_id_of(root: etree._Element) -> str | None:
    """Which schema a document with this root is meant for, by namespace and local name; None when none of ours."""
    tag = str(root.tag)
    namespace, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    return _ids_by_root().get((namespace, local))


def schema_bytes(entry: SchemaEntry) -> bytes:
    """The schema file, checked against its digest (ours; a W3C file changes with the package, a test watches it).

    Raises SchemaCatalogError `catalog.missing-file` or `catalog.wrong-digest`.
    """
    try:
        content = entry.path.read_bytes()
    except OSError as error:
        raise SchemaCatalogError("catalog.missing-file", {"id": entry.id, "file": entry.file}) from error
    if not entry.file.startswith(_W3C_PREFIX):
        _require_digest(entry.id, entry.file, entry.sha256, content)
    return content


def import_target(importer: SchemaEntry, location: str) -> SchemaEntry:
    """The entry that `schemaLocation` means in the file of `importer`. Raises `catalog.import-outside`."""
    entry = _entries_by_location().get(location)
    if entry is None and "://" not in location:
        entry = _entries_by_path().get((importer.path.parent / location).resolve())
    if entry is None:
        raise SchemaCatalogError("catalog.import-outside", {"id": importer.id, "location": location})
    return entry


# --- code lists ------------------------------------------------------------------------------------------------------


def code_list_ids() -> tuple[str, ...]:
    """The ids of all code lists, sorted."""
    return tuple(sorted(table["id"] for table in _catalog().get("code_list", ())))


@cache
def code_list(list_id: str) -> CodeList:
    """The list with this id. Raises SchemaCatalogError `catalog.unknown-list`, `.missing-file`, `.wrong-digest`."""
    for table in _catalog().get("code_list", ()):
        if table["id"] == list_id:
            return CodeList(
                id=list_id,
                version=table["version"],
                kind=table["kind"],
                origin=table["origin"],
                values=_read_values(table),
            )
    raise SchemaCatalogError("catalog.unknown-list", {"id": list_id})


def body(code: str) -> CodeValue | None:
    """The state body with this code, former bodies included; None when unknown."""
    return code_list("bodies").get(code)


def valid_on(code: str, on: date, *, list_id: str = "bodies") -> bool | None:
    """Was the code in force on that day? None when the list does not know the code: that is not the same as no."""
    value = code_list(list_id).get(code)
    return None if value is None else value.is_valid_on(on)


# --- reading ---------------------------------------------------------------------------------------------------------


@cache
def _catalog() -> Mapping[str, Any]:
    return tomllib.loads(_CATALOG.read_text(encoding="utf-8"))


@cache
def _xmlschema_home() -> Path:
    # The folder is found without importing the library: a code list is read without it.
    spec = importlib.util.find_spec("xmlschema")
    if spec is None or spec.origin is None:
        raise SchemaCatalogError("catalog.missing-file", {"id": "w3c", "file": _W3C_PREFIX})
    return Path(spec.origin).resolve().parent


def _entry(table: Mapping[str, Any]) -> SchemaEntry:
    return SchemaEntry(
        id=table["id"],
        version=table["version"],
        file=table["file"],
        sha256=table["sha256"],
        namespace=table["namespace"],
        roots=tuple(table["roots"]),
        origin=table["origin"],
        location=table.get("location", ""),
    )


@cache
def _entries_by_id() -> Mapping[str, SchemaEntry]:
    return {entry.id: entry for entry in catalog_entries()}


@cache
def _entries_by_location() -> Mapping[str, SchemaEntry]:
    return {entry.location: entry for entry in catalog_entries() if entry.location}


@cache
def _entries_by_path() -> Mapping[Path, SchemaEntry]:
    return {entry.path.resolve(): entry for entry in catalog_entries()}


@cache
def _ids_by_root() -> Mapping[tuple[str, str], str]:
    pairs = [((entry.namespace, root), entry.id) for entry in catalog_entries() for root in entry.roots]
    return dict(reversed(pairs))  # the first entry wins


@cache
def _index(list_id: str) -> Mapping[str, CodeValue]:
    return {value.code: value for value in code_list(list_id).values}


def _read_values(table: Mapping[str, Any]) -> tuple[CodeValue, ...]:
    try:
        content = (_HOME / table["file"]).read_bytes()
    except OSError as error:
        raise SchemaCatalogError("catalog.missing-file", {"id": table["id"], "file": table["file"]}) from error
    _require_digest(table["id"], table["file"], table["sha256"], content)
    rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
    return tuple(
        CodeValue(
            code=row["code"],
            kk=row["kk"],
            ru=row["ru"],
            en=row["en"],
            valid_from=row.get("valid_from") or None,
            valid_to=row.get("valid_to") or None,
            successor=tuple((row.get("successor") or "").split()),
            group=row.get("group") or "",
            mark=row.get("mark") or "",
        )
        for row in rows
    )


def _require_digest(entry_id: str, file: str, expected: str, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SchemaCatalogError(
            "catalog.wrong-digest", {"id": entry_id, "file": file, "expected": expected, "found": found}
        )


# --- while a schema is still being written ---------------------------------------------------------------------------


def refreshed(text: str) -> str:
    """The text of `catalog.toml` with the digests of the files as they lie there now; nothing else is touched."""

    def with_digest(match: re.Match[str]) -> str:
        file = match["file"]
        w3c = file.startswith(_W3C_PREFIX)
        path = _xmlschema_home() / "schemas" / file.removeprefix(_W3C_PREFIX) if w3c else _HOME / file
        return f'{match["head"]}sha256 = "{hashlib.sha256(path.read_bytes()).hexdigest()}"'

    return re.sub(r'(?P<head>file = "(?P<file>[^"]+)"\n)sha256 = "[^"]*"', with_digest, text)


def main(arguments: list[str]) -> int:
    """Tell whether the digests entered are those of the files (exit 0 or 1); with --refresh, enter them."""
    text = _CATALOG.read_text(encoding="utf-8")
    fresh = refreshed(text)
    if "--refresh" in arguments and fresh != text:
        _CATALOG.write_text(fresh, encoding="utf-8")
    same = fresh == text or "--refresh" in arguments
    sys.stdout.write("catalog.toml: digests entered\n" if same else "catalog.toml: digests differ, use --refresh\n")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
