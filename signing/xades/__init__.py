"""XAdES baseline signatures (EN 319 132-1): qualifying properties, built and read back, and time-stamps over them.

Which objects a signature qualifies is the question of its container or document; nothing here is judged under a policy.
"""

from __future__ import annotations

from signing.xades.augmenting import (
    new_any_validation_data,
    new_archive_time_stamp,
    new_certificate_values,
    new_revocation_values,
    new_signature_time_stamp,
    new_time_stamp_validation_data,
)
from signing.xades.building import DigestedObject, new_signature, require_signable
from signing.xades.names import (
    CHECKS,
    MAX_UNSIGNED_PROPERTIES,
    NOTES,
    SIGNED_PROPERTIES_TYPE,
    XADES,
    XADES141,
)
from signing.xades.own_form import read_own_form
from signing.xades.signed_properties import (
    QualifyingProperties,
    read_qualifying_properties,
    require_formats,
)
from signing.xades.signing_certificate import signing_certificate
from signing.xades.splicing import with_properties
from signing.xades.time_stamps import TimeStampedOctets, found_time_stamps
from signing.xades.unsigned_properties import (
    VALUES,
    TimeStampProperty,
    UnsignedProperties,
    read_content_time_stamps,
    read_unsigned_properties,
)

__all__ = [
    "CHECKS",
    "MAX_UNSIGNED_PROPERTIES",
    "NOTES",
    "SIGNED_PROPERTIES_TYPE",
    "VALUES",
    "XADES",
    "XADES141",
    "DigestedObject",
    "QualifyingProperties",
    "TimeStampProperty",
    "TimeStampedOctets",
    "UnsignedProperties",
    "found_time_stamps",
    "new_any_validation_data",
    "new_archive_time_stamp",
    "new_certificate_values",
    "new_revocation_values",
    "new_signature",
    "new_signature_time_stamp",
    "new_time_stamp_validation_data",
    "read_content_time_stamps",
    "read_own_form",
    "read_qualifying_properties",
    "read_unsigned_properties",
    "require_formats",
    "require_signable",
    "signing_certificate",
    "with_properties",
]
