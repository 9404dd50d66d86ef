"""ASiC-E containers (EN 319 162-1): written in the order the standard asks, read under limits.

No signature is judged here.
"""

from __future__ import annotations

from signing.asic.directory import Entry
from signing.asic.file_list import read_manifest
from signing.asic.names import (
    ASIC_NS,
    CHUNK,
    DEFAULT_LIMITS,
    MANIFEST_NAME,
    META_INF,
    MIMETYPE,
    MIMETYPE_NAME,
    SIGNATURE_NAME,
    SIMPLE_MIMETYPE,
    ContainerLimits,
    DataObject,
    is_reserved,
    is_xades_file,
    reference_uri,
    referenced_name,
    require_data_objects,
)
from signing.asic.reader import CHECKS, Archive, open_archive
from signing.asic.signature_manifest import (
    CMS_TYPE,
    SignatureManifest,
    StatedDigest,
    encode_signature_manifest,
    is_archive_manifest,
    is_cades_file,
    is_signature_manifest,
    is_time_stamp_file,
    read_signature_manifest,
)
from signing.asic.writer import ContainerWriter, manifest

__all__ = [
    "ASIC_NS",
    "CHECKS",
    "CHUNK",
    "CMS_TYPE",
    "DEFAULT_LIMITS",
    "MANIFEST_NAME",
    "META_INF",
    "MIMETYPE",
    "MIMETYPE_NAME",
    "SIGNATURE_NAME",
    "SIMPLE_MIMETYPE",
    "Archive",
    "ContainerLimits",
    "ContainerWriter",
    "DataObject",
    "Entry",
    "SignatureManifest",
    "StatedDigest",
    "encode_signature_manifest",
    "is_archive_manifest",
    "is_cades_file",
    "is_reserved",
    "is_signature_manifest",
    "is_time_stamp_file",
    "is_xades_file",
    "manifest",
    "open_archive",
    "read_manifest",
    "read_signature_manifest",
    "reference_uri",
    "referenced_name",
    "require_data_objects",
]
