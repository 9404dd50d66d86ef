"""ASiCManifest (EN 319 162-1, A.4): which files of the container a CMS or a time-stamp is over, by their digests.

The CMS signs the octets of this file, so what it says is signed; that it says something of the right files is asked by
whoever reads it. ASiCArchiveManifest has the same form and stands for a time-stamp over everything before it.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import schemas
from signing.asic.names import ASIC_NS, META_INF, reference_uri, referenced_name
from signing.xmldsig import DS, StepError, attributes, base64_text, children, escape_attribute, malformed, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from signing.algorithms import DigestAlgorithm
    from signing.asic.reader import Archive
    from signing.xmldsig import Element

CHECK: Final = "asic.signature-manifest"
CMS_TYPE: Final = "application/pkcs7-signature"

_CADES_FILE: Final = re.compile(r"META-INF/[^/]*signature[^/]*\.p7s", re.IGNORECASE)
_MANIFEST: Final = re.compile(r"META-INF/ASiCManifest[^/]*\.xml", re.IGNORECASE)
_ARCHIVE_MANIFEST: Final = re.compile(r"META-INF/ASiCArchiveManifest[^/]*\.xml", re.IGNORECASE)
_TIME_STAMP_FILE: Final = re.compile(r"META-INF/[^/]*timestamp[^/]*\.tst", re.IGNORECASE)

_ROOT: Final = f"{{{ASIC_NS}}}ASiCManifest"
_SIG_REFERENCE: Final = f"{{{ASIC_NS}}}SigReference"
_DATA_REFERENCE: Final = f"{{{ASIC_NS}}}DataObjectReference"
_EXTENSIONS: Final = f"{{{ASIC_NS}}}ASiCManifestExtensions"
_DIGEST_METHOD: Final = f"{{{DS}}}DigestMethod"
_DIGEST_VALUE: Final = f"{{{DS}}}DigestValue"


class StatedDigest(NamedTuple):
    """What a manifest says of one file; `media_type` empty when it does not say. `digest` raw, by `digest_uri`."""

    name: str
    media_type: str
    digest_uri: str
    digest: bytes


class SignatureManifest(NamedTuple):
    """One manifest as it lies in the archive: `octets` are what the signature file `signature` is over."""

    name: str
    octets: bytes
    signature: str
    references: dict[str, StatedDigest]


def is_cades_file(name: str) -> bool:
    """Whether this entry is a CMS over a manifest, or over the one object of ASiC-S (4.3.3.2, 4.4.3.2)."""
    return _CADES_FILE.fullmatch(name) is not None


def is_signature_manifest(name: str) -> bool:
    return _MANIFEST.fullmatch(name) is not None


def is_archive_manifest(name: str) -> bool:
    return _ARCHIVE_MANIFEST.fullmatch(name) is not None


def is_time_stamp_file(name: str) -> bool:
    return _TIME_STAMP_FILE.fullmatch(name) is not None


def read_signature_manifest(archive: Archive, name: str) -> SignatureManifest:
    """Check "asic.signature-manifest": one SigReference to a file under META-INF, each other file once; StepError."""
    octets = archive.read_markup(name)
    root = parse(octets, schemas.SIGNATURE_LIMITS, name)
    inside = children(root, CHECK)
    if root.tag != _ROOT or len(inside) < 2 or inside[0].tag != _SIG_REFERENCE:  # noqa: PLR2004 - a signature and a file
        raise malformed(CHECK, "children", file=name)
    if inside[-1].tag == _EXTENSIONS:
        # none is known, and a critical one would have to be
        raise malformed(CHECK, "extensions", file=name)
    target = referenced_name(attributes(inside[0], ("URI",), ("MimeType",), CHECK)["URI"])
    if target is None or target not in archive.entries or not target.startswith(META_INF):
        raise malformed(CHECK, "SigReference", file=name)
    references: dict[str, StatedDigest] = {}
    for element in inside[1:]:
        stated = _stated(element, name)
        if stated.name in references:
            raise malformed(CHECK, "twice", file=name, name=stated.name[:255])
        if stated.name in (name, target):
            raise malformed(CHECK, "itself", file=name)
        references[stated.name] = stated
    return SignatureManifest(name, octets, target, references)


def encode_signature_manifest(
    signature: str, references: Iterable[tuple[str, str, bytes]], digest: DigestAlgorithm
) -> bytes:
    """An ASiCManifest for the signature file of this name over (name, media type, digest) of each data object."""
    files = "".join(
        f'<asic:DataObjectReference URI="{escape_attribute(reference_uri(name))}"'
        f' MimeType="{escape_attribute(media_type)}">'
        f'<ds:DigestMethod Algorithm="{digest.xml_uri}"/>'
        f"<ds:DigestValue>{base64.b64encode(value).decode()}</ds:DigestValue></asic:DataObjectReference>"
        for name, media_type, value in references
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<asic:ASiCManifest xmlns:asic="{ASIC_NS}" xmlns:ds="{DS}">'
        f'<asic:SigReference URI="{escape_attribute(reference_uri(signature))}" MimeType="{CMS_TYPE}"/>'
        f"{files}</asic:ASiCManifest>"
    ).encode()


def _stated(element: Element, file: str) -> StatedDigest:
    if element.tag != _DATA_REFERENCE:
        raise malformed(CHECK, "children", file=file)
    named = attributes(element, ("URI",), ("MimeType", "Rootfile"), CHECK)
    name = referenced_name(named["URI"])
    inside = children(element, CHECK)
    if name is None or [each.tag for each in inside] != [_DIGEST_METHOD, _DIGEST_VALUE] or len(inside[0]):
        raise malformed(CHECK, "DataObjectReference", file=file)
    method = attributes(inside[0], ("Algorithm",), (), CHECK)["Algorithm"]
    try:
        value = base64_text(inside[1])
    except StepError as error:
        raise malformed(CHECK, "DigestValue", file=file) from error
    return StatedDigest(name, named.get("MimeType", ""), method, value)
