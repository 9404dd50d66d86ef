"""CMS SignedData (RFC 5652): read strictly, written in DER. No policy here, and no trust.

1. The whole input is one ContentInfo in DER, walked before anything is read: nothing before, between or after.
2. What was signed is the original bytes of signedAttrs with the tag SET in place of the implicit one (5.4); nothing
   is encoded again.
3. Certificates are a bag: they may help, they prove nothing; those of other kinds than X.509 are left out.
"""

from __future__ import annotations

from signing.cms.reading import MAX_ATTRIBUTES, MAX_BYTES, MAX_CERTIFICATES, MAX_SIGNER_INFOS, read_signed_data
from signing.cms.structure import DATA, SIGNED_DATA, Attribute, SignedData, SignerIdentifier, SignerInfo
from signing.cms.writing import encode_attribute, encode_signed_data

__all__ = [
    "DATA",
    "MAX_ATTRIBUTES",
    "MAX_BYTES",
    "MAX_CERTIFICATES",
    "MAX_SIGNER_INFOS",
    "SIGNED_DATA",
    "Attribute",
    "SignedData",
    "SignerIdentifier",
    "SignerInfo",
    "encode_attribute",
    "encode_signed_data",
    "read_signed_data",
]
