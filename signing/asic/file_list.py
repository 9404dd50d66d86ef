"""META-INF/manifest.xml read: step 9 of `asic.reader`."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import schemas
from signing.asic.names import MANIFEST_NAME, MANIFEST_NS
from signing.xmldsig import attributes, children, malformed, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signing.asic.reader import Archive

_MANIFEST: Final = f"{{{MANIFEST_NS}}}manifest"
_FILE_ENTRY: Final = f"{{{MANIFEST_NS}}}file-entry"
_UNQUALIFIED: Final = ("full-path", "media-type", "version", "size", "preferred-view-mode")
_QUALIFIED: Final = tuple(f"{{{MANIFEST_NS}}}{name}" for name in _UNQUALIFIED)
_FULL_PATH: Final = _QUALIFIED[0]


def read_manifest(archive: Archive) -> Mapping[str, str]:
    """Data object name -> media type from META-INF/manifest.xml ("asic.manifest"), without the entry for the container.

    That the list is the data objects of the archive is the caller's question.
    """
    if MANIFEST_NAME not in archive.entries:
        raise malformed("asic.manifest", "missing")
    content = archive.read_markup(MANIFEST_NAME)
    listed = _remembered_list(content) if len(content) <= _REMEMBERED_MANIFEST else _listed(content)
    if listed.get("/") != archive.media_type:
        raise malformed("asic.manifest", "no entry for the container")
    return {name: media_type for name, media_type in listed.items() if name != "/"}


def _listed(content: bytes) -> Mapping[str, str]:
    root = parse(content, schemas.SIGNATURE_LIMITS, MANIFEST_NAME)
    if root.tag != _MANIFEST:
        raise malformed("asic.manifest", "root element")
    listed: dict[str, str] = {}
    for element in children(root, "asic.manifest"):
        if element.tag != _FILE_ENTRY or children(element, "asic.manifest"):
            raise malformed("asic.manifest", "children")
        # OpenDocument qualifies the attributes; some writers do not, and then none of them is
        names = _QUALIFIED if _FULL_PATH in element.attrib else _UNQUALIFIED
        named = attributes(element, names[:2], names[2:], "asic.manifest")
        path = named[names[0]]
        if path in listed:
            raise malformed("asic.manifest", "twice", name=path[:255])
        listed[path] = named[names[1]]
    return MappingProxyType(listed)


# Reports of one kind have one list of files; what a stranger may make us remember is bounded.
_REMEMBERED_MANIFEST: Final = 4 * 1024
_remembered_list = lru_cache(maxsize=64)(_listed)
