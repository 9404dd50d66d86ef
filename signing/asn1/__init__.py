"""The one home of ASN.1: a strict DER reader for what strangers send; the DER library for the rest.

1. Foreign DER is walked once, whole, before anything is read from it: definite minimal lengths, primitive where DER
   says so, minimal integers, exact booleans, no padding bits, at most 64 levels and 100,000 elements, not a byte left
   over. BER is refused (X.690, 10 and 11); where a format lets others write it, `definite` brings it to this form first.
2. The original bytes of every element are kept: signatures are checked over bytes, never over a re-encoding.
3. DER we make is joined here, its integers and object identifiers are asn1crypto's.
4. PEM is read here too, whatever it holds.
5. PKCS#12 files of national tools are BER with indefinite lengths: brought to DER first, then read as everything else.
"""

from __future__ import annotations

from signing.asn1.armour import PemBlock, is_der, pem_blocks
from signing.asn1.ber import definite
from signing.asn1.pkcs12 import Bags, Encrypted, Pkcs12Parts, joined, read_encrypted_key, read_pkcs12, read_safe
from signing.asn1.reading import (
    BIT_STRING,
    BOOLEAN,
    ENUMERATED,
    GENERALIZED_TIME,
    INTEGER,
    MAX_DEPTH,
    MAX_ELEMENTS,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    UTF8_STRING,
    Der,
    Fields,
    bit_string_octets,
    boolean,
    children,
    enumerated,
    expect,
    header,
    integer,
    is_string,
    named_bits,
    octets,
    oid,
    read_der,
    text,
    time,
)
from signing.asn1.spans import Span, SpanFields, inside, span
from signing.asn1.writing import encode, encode_integer, encode_oid, encode_set, encode_time

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "ENUMERATED",
    "GENERALIZED_TIME",
    "INTEGER",
    "MAX_DEPTH",
    "MAX_ELEMENTS",
    "NULL",
    "OCTET_STRING",
    "OID",
    "SEQUENCE",
    "SET",
    "UTC_TIME",
    "UTF8_STRING",
    "Bags",
    "Der",
    "Encrypted",
    "Fields",
    "PemBlock",
    "Pkcs12Parts",
    "Span",
    "SpanFields",
    "bit_string_octets",
    "boolean",
    "children",
    "definite",
    "encode",
    "encode_integer",
    "encode_oid",
    "encode_set",
    "encode_time",
    "enumerated",
    "expect",
    "header",
    "inside",
    "integer",
    "is_der",
    "is_string",
    "joined",
    "named_bits",
    "octets",
    "oid",
    "pem_blocks",
    "read_der",
    "read_encrypted_key",
    "read_pkcs12",
    "read_safe",
    "span",
    "text",
    "time",
]
