"""Names of XAdES: its two namespaces, its properties, and the ids of the checks of this package."""

from __future__ import annotations

from typing import Final

XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
XADES141: Final = "http://uri.etsi.org/01903/v1.4.1#"
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"

CHECKS: Final = frozenset(
    {
        "xades.qualifying-properties",
        "xades.signed-properties",
        "xades.signature-policy",
        "xades.signing-time",
        "xades.signing-certificate",
        "xades.data-object-format",
        "xades.validation-data",
        "xades.time-stamps",
    }
)
NOTES: Final = frozenset({"xades.unsigned-properties", "xades.baseline"})
"""Ids of checks that are only ever NOT_PERFORMED: what stands there and was not looked at, what is not baseline."""

MAX_UNSIGNED_PROPERTIES: Final = 64
MAX_ARCHIVE_TIME_STAMPS: Final = 16
MAX_TOKEN_BYTES: Final = 256 * 1024
MAX_OCSP_BYTES: Final = 256 * 1024
MAX_CRL_BYTES: Final = 64 << 20
MAX_VALUES: Final = 64
"""Certificates, and revocation values, of one property: as many as a CMS may carry."""


def local(name: str) -> str:
    """The tag of a property of XAdES 1.3.2."""
    return f"{{{XADES}}}{name}"


def local141(name: str) -> str:
    """The tag of a property that version 1.4.1 of the namespace added."""
    return f"{{{XADES141}}}{name}"
