"""CMS SignedData (RFC 5652): read strictly, written in DER. No policy here, and no trust.

1. The whole input is one ContentInfo in DER: nothing before, between or after. Every part is walked before anything is
   read from it; certificates and revocation lists, by their own readers. Where a policy lets others write BER around
   what is signed, it is brought to DER first.
2. What was signed is the original bytes of signedAttrs with the tag SET in place of the implicit one (5.4); nothing
   is encoded again.
3. Certificates are a bag: they may help, they prove nothing; those of other kinds than X.509 are left out.
"""

from __future__ import annotations

from signing.cms.reading import (
    MAX_ATTRIBUTES,
    MAX_BYTES,
    MAX_CERTIFICATES,
    MAX_CONTENT,
    MAX_REVOCATION,
    MAX_SIGNER_INFOS,
    answers_in,
    read_signed_data,
)
from signing.cms.structure import DATA, SIGNED_DATA, Attribute, SignedData, SignerIdentifier, SignerInfo
from signing.cms.writing import (
    encode_attribute,
    encode_ocsp_response,
    encode_signed_data,
    encode_signer_info,
    with_additions,
    without_content,
)

__all__ = [
    "DATA",
    "MAX_ATTRIBUTES",
    "MAX_BYTES",
    "MAX_CERTIFICATES",
    "MAX_CONTENT",
    "MAX_REVOCATION",
    "MAX_SIGNER_INFOS",
    "SIGNED_DATA",
    "Attribute",
    "SignedData",
    "SignerIdentifier",
    "SignerInfo",
    "answers_in",
    "encode_attribute",
    "encode_ocsp_response",
    "encode_signed_data",
    "encode_signer_info",
    "read_signed_data",
    "with_additions",
    "without_content",
]
