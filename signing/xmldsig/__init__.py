"""XML Signature (XMLDSig 1.1) without policy: structure read exactly, canonical form, reference digests, signature
bytes built.

1. One parse. A Signature is read as an exact sequence of children; a comment, an unknown attribute or a second
   SignedInfo inside it is a failure, so that what is read is what was signed.
2. Base64 is decoded, encoded again and compared: one value has one spelling.
3. Identifiers are unique over Id, ID, id in any namespace (xml:id and wsu:Id among them): what a fragment points to is
   one node.
4. A Reference points into the same document or to a data object beside it; nothing is fetched, ever.
5. Transforms are one of a few exact sequences (`transforms`); XSLT, foreign XPath and the rest are refused and never
   executed, Canonical XML 1.1 with xml:base is unsupported.
6. KeyInfo is a hint: certificates are taken from it, a KeyValue must equal the certificate's, the rest is never
   followed.
7. Limits hold before canonicalization: inclusive C14N is cubic in namespaces (signing README 5.2).

A step that does not pass raises StepError with its Check; the verifiers turn it into a verdict.
"""

from __future__ import annotations

from signing.xmldsig.building import (
    NewReference,
    escape_attribute,
    new_signature_value,
    new_signed_info,
    signing_algorithms,
)
from signing.xmldsig.canonical import (
    CANONICAL_FLOOR,
    EXCLUSIVE,
    MAX_CANONICAL_FACTOR,
    MAX_INCLUSIVE_COST,
    Canonicalization,
    Canonicalizer,
)
from signing.xmldsig.key_info import (
    MAX_CERTIFICATE_BYTES,
    MAX_CERTIFICATES,
    certificate_text,
    certificates_in,
    certificates_named,
    issuer_and_serial,
    readable_certificates,
    require_key_value,
)
from signing.xmldsig.reading import (
    MAX_REFERENCES,
    OBJECT,
    READ_CHECKS,
    SIGNATURE,
    Reference,
    Signature,
    read_signature,
)
from signing.xmldsig.signature_method import RSA_PSS
from signing.xmldsig.steps import (
    C14N_10,
    C14N_11,
    CHECKS,
    DS,
    EXC_C14N,
    XML_NS,
    StepError,
    digest_algorithm,
    failed,
    malformed,
    passed,
    passed_in,
    unsupported,
)
from signing.xmldsig.structure import (
    Element,
    attributes,
    base64_text,
    children,
    fragment,
    leaf_text,
    local_name,
    parse,
    unique_ids,
)
from signing.xmldsig.transforms import (
    ENVELOPED_SIGNATURE,
    MAX_PREFIXES,
    MAX_TRANSFORMS,
    Removal,
    TransformProfile,
    Transforms,
    read_canonicalization,
)

__all__ = [
    "C14N_10",
    "C14N_11",
    "CANONICAL_FLOOR",
    "CHECKS",
    "DS",
    "ENVELOPED_SIGNATURE",
    "EXCLUSIVE",
    "EXC_C14N",
    "MAX_CANONICAL_FACTOR",
    "MAX_CERTIFICATES",
    "MAX_CERTIFICATE_BYTES",
    "MAX_INCLUSIVE_COST",
    "MAX_PREFIXES",
    "MAX_REFERENCES",
    "MAX_TRANSFORMS",
    "OBJECT",
    "READ_CHECKS",
    "RSA_PSS",
    "SIGNATURE",
    "XML_NS",
    "Canonicalization",
    "Canonicalizer",
    "Element",
    "NewReference",
    "Reference",
    "Removal",
    "Signature",
    "StepError",
    "TransformProfile",
    "Transforms",
    "attributes",
    "base64_text",
    "certificate_text",
    "certificates_in",
    "certificates_named",
    "children",
    "digest_algorithm",
    "escape_attribute",
    "failed",
    "fragment",
    "issuer_and_serial",
    "leaf_text",
    "local_name",
    "malformed",
    "new_signature_value",
    "new_signed_info",
    "parse",
    "passed",
    "passed_in",
    "read_canonicalization",
    "read_signature",
    "readable_certificates",
    "require_key_value",
    "signing_algorithms",
    "unique_ids",
    "unsupported",
]
