"""What may stand in a container and under which name; the same rules when writing and when reading."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote, unquote_to_bytes

from signing.errors import SigningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIMETYPE: Final = "application/vnd.etsi.asic-e+zip"
SIMPLE_MIMETYPE: Final = "application/vnd.etsi.asic-s+zip"
MIMETYPE_NAME: Final = "mimetype"
META_INF: Final = "META-INF/"
MANIFEST_NAME: Final = "META-INF/manifest.xml"
SIGNATURE_NAME: Final = "META-INF/signatures0.xml"
ASIC_NS: Final = "http://uri.etsi.org/02918/v1.2.1#"
MANIFEST_NS: Final = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
CHUNK: Final = 256 * 1024

_OWN_ENTRIES: Final = 3  # mimetype, manifest, signature
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_PLAIN_NAME: Final = re.compile(r"(?:[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*/)*[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*")
_XADES_FILE: Final = re.compile(r"META-INF/[^/]*signatures[^/]*\.xml", re.IGNORECASE)
_KEPT: Final = frozenset({"meta-inf", MIMETYPE_NAME})
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Names are shown to people: these turn the reading order round, so that exe.pdf may be fdp.exe.
_BIDI_CONTROLS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerLimits:
    """Sizes in bytes, counted from the directory and again while reading. Loosening one costs memory, disk or time."""

    max_archive: int = 3 << 30
    max_entry: int = 2 << 30
    max_unpacked: int = 4 << 30
    max_entries: int = 1_000
    max_ratio: int = 100
    ratio_from: int = 1 << 20
    """Entries up to this size are not asked for their ratio: short texts pack well honestly."""
    max_name: int = 255
    max_depth: int = 16
    max_meta_inf: int = 8 << 20
    """Each file under META-INF: these are held in memory."""
    max_meta_inf_total: int = 24 << 20
    """All of them: thirty hostile signature files would take thirty times as long to refuse as one."""
    max_binary_ratio: int = 8
    """CMS and tokens under META-INF, all together, beyond a megabyte: what is signed, hashed and encrypted hardly packs."""
    max_markup: int = 300_000
    """Tags, attributes and (each as eight) namespace declarations in all files under META-INF that are read as XML: these
    pack a hundred times, and cost a hundred times what the same number of plain octets does. A signature over a
    thousand data objects has 25,000."""
    max_signatures_per_file: int = 16
    max_signatures: int = 32


DEFAULT_LIMITS: Final = ContainerLimits()


@dataclass(frozen=True, kw_only=True, slots=True)
class DataObject:
    """One named thing to be signed. `open` gives a fresh stream at its beginning each time it is called."""

    name: str
    media_type: str
    open: Callable[[], BinaryIO]

    @classmethod
    def of(cls, name: str, media_type: str, content: bytes) -> DataObject:
        return cls(name=name, media_type=media_type, open=lambda: io.BytesIO(content))


def name_flaw(name: str, limits: ContainerLimits = DEFAULT_LIMITS) -> str | None:
    """What makes this entry name unacceptable, in a few English words for a report; None when nothing does."""
    if (
        _PLAIN_NAME.fullmatch(name)
        and len(name) <= limits.max_name
        and name.count("/") < limits.max_depth
        and (name == MIMETYPE_NAME or name.startswith(META_INF) or name[:8].lower() not in _KEPT)
    ):
        return None  # what nearly every name is, at a tenth of the cost of asking one by one
    parts = name.split("/")
    flaw: str | None = None
    if not name or len(name.encode("utf-8", "surrogatepass")) > limits.max_name:
        flaw = "length"
    elif not name.isascii() and (not unicodedata.is_normalized("NFC", name) or _BIDI_CONTROLS.search(name)):
        flaw = "unicode form"
    elif not name.isprintable() and any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        flaw = "control character"
    elif (
        "\\" in name
        or ":" in name
        or len(parts) > limits.max_depth
        or any(not part or part.endswith((".", " ")) for part in parts)  # also "..", and what Windows would cut off
    ):
        flaw = "path"
    elif _is_mistakable(name, parts[0]):
        flaw = "reserved"
    return flaw


def _is_mistakable(name: str, first: str) -> bool:
    """Whether a name is one that the standard keeps, otherwise written: a file nobody signs and nobody would list.

    META-INF is a folder, `mimetype` a file; in any other spelling, or as the other of the two, they are neither.
    """
    if first.casefold() == "meta-inf":
        return not name.startswith(META_INF)
    return name != MIMETYPE_NAME and name.casefold() == MIMETYPE_NAME


def name_key(name: str) -> str:
    """Equal for two names that some reader could take for one another: by case, Unicode form or percent-encoding."""
    decoded = unquote_to_bytes(name).decode("utf-8", "replace") if "%" in name else name
    if decoded.isascii():
        return decoded.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", decoded).casefold())


def is_reserved(name: str) -> bool:
    """Whether the standard keeps this name for itself; such a name is never a data object."""
    if name[:1] not in "mM":  # what nearly every data object is
        return False
    folded = name.casefold()
    return folded in {MIMETYPE_NAME, "meta-inf"} or folded.startswith("meta-inf/")


def is_xades_file(name: str) -> bool:
    """Whether this entry holds XAdES signatures (EN 319 162-1, 4.3.3.2, 4.4.3.2)."""
    return _XADES_FILE.fullmatch(name) is not None


def reference_uri(name: str) -> str:
    """The ds:Reference URI of a data object: percent-encoded UTF-8, slashes kept (RFC 3986)."""
    return quote(name, safe="/")


def referenced_name(uri: str) -> str | None:
    """The entry name a URI points to, decoded once; None when it is no relative path inside the container."""
    if not uri or uri.startswith("/") or any(char in uri for char in ":?#\\") or _BAD_PERCENT.search(uri):
        return None
    try:
        return unquote_to_bytes(uri).decode("utf-8")
    except UnicodeDecodeError:
        return None


def require_data_objects(objects: Sequence[DataObject], limits: ContainerLimits = DEFAULT_LIMITS) -> None:
    """Refuse what our own reader would refuse, before a byte is written.

    Raises SigningError signing.no-data-objects, signing.too-many-data-objects, signing.data-object-name,
    signing.data-object-name-twice, signing.media-type.
    """
    if not objects:
        raise SigningError("signing.no-data-objects")
    if len(objects) > limits.max_entries - _OWN_ENTRIES:
        raise SigningError(
            "signing.too-many-data-objects", count=str(len(objects)), limit=str(limits.max_entries - _OWN_ENTRIES)
        )
    seen: set[str] = set()
    for item in objects:
        flaw = "reserved" if is_reserved(item.name) else name_flaw(item.name, limits)
        if flaw is not None:
            raise SigningError("signing.data-object-name", name=item.name, flaw=flaw)
        key = name_key(item.name)
        if key in seen:
            raise SigningError("signing.data-object-name-twice", name=item.name)
        seen.add(key)
        if not _MEDIA_TYPE.fullmatch(item.media_type):
            raise SigningError("signing.media-type", name=item.name, media_type=item.media_type)
