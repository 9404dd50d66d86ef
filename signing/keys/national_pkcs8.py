"""Private keys of the national algorithms in PKCS#8 (RFC 5208), as the national CA hands them out.

1. The AlgorithmIdentifier is the key's own, with exactly its two parameters: a curve is never guessed at.
2. GOST 2015: OCTET STRING { OCTET STRING d }, d as long as a coordinate, its first octet least significant.
3. GOST 34.310-2004: OCTET STRING { INTEGER d }.
4. 0 < d < q. Attributes may follow and are not read; a public key beside the private one (RFC 5958) is refused.
"""

from __future__ import annotations

from typing import Final

from signing import asn1, gost
from signing.algorithms import NATIONAL_KEY_FORMS, NationalKeyForm
from signing.errors import Malformed, SigningError

NATIONAL_ARC: Final = "1.2.398."
BEFORE_2016: Final = "1.3.6.1.4.1.6801."
"""National keys of the years before 2016, in a form of their own that nobody has described."""


def algorithm_oid(private_key_info: bytes) -> str:
    """OID of the algorithm of a PrivateKeyInfo in DER, whatever key it is; raises Malformed."""
    fields = asn1.Fields(asn1.read_der(private_key_info))
    fields.take(asn1.INTEGER)
    return asn1.oid(asn1.Fields(fields.take(asn1.SEQUENCE)).take(asn1.OID))


def is_national(oid: str) -> bool:
    return oid.startswith((NATIONAL_ARC, BEFORE_2016))


def read_national_key(private_key_info: bytes) -> gost.PrivateKey:
    """The key of a PrivateKeyInfo in DER.

    Raises SigningError signing.key-national-algorithm (before 2016, or of a national arc that is not known),
    signing.key-parameters, signing.key-damaged.
    """
    try:
        fields = asn1.Fields(asn1.read_der(private_key_info))
        version = asn1.integer(fields.take(asn1.INTEGER))
        algorithm = asn1.children(fields.take(asn1.SEQUENCE))
        octets = asn1.octets(fields.take(asn1.OCTET_STRING))
        fields.take_optional(0xA0)
        fields.end()
        oid = asn1.oid(asn1.expect(algorithm[0] if algorithm else None, asn1.OID))
        form = NATIONAL_KEY_FORMS.get(oid)
        if form is None:
            raise SigningError("signing.key-national-algorithm", oid=oid)
        named = [each.raw for each in algorithm[1:]]
        if asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), *named) != form.algorithm_identifier():
            raise SigningError("signing.key-parameters", algorithm=form.algorithm)
        if version != 0:
            raise SigningError("signing.key-damaged")
        return _key(form, asn1.read_der(octets))
    except Malformed:
        # from None: what could not be read is a private key, and no piece of it is worth a trace
        raise SigningError("signing.key-damaged") from None


def write_national_key(key: gost.PrivateKey) -> bytes:
    """DER of the PrivateKeyInfo in the form of the national CA, not encrypted."""
    form = form_of(key)
    if form.key_type == "gost2004":
        inside = asn1.encode_integer(key.number)
    else:
        inside = asn1.encode(asn1.OCTET_STRING, key.number.to_bytes(key.curve.octets, "little"))
    return asn1.encode(
        asn1.SEQUENCE, asn1.encode_integer(0), form.algorithm_identifier(), asn1.encode(asn1.OCTET_STRING, inside)
    )


def form_of(key: gost.PrivateKey) -> NationalKeyForm:
    """How the national CA writes keys on this curve; ValueError for a curve that none of its keys lie on."""
    for form in NATIONAL_KEY_FORMS.values():
        if form.curve is key.curve:
            return form
    raise ValueError(key.curve.name)


def _key(form: NationalKeyForm, element: asn1.Der) -> gost.PrivateKey:
    try:
        if form.key_type == "gost2004":
            return gost.PrivateKey(form.curve, asn1.integer(element))
        return gost.read_private_key(form.curve, asn1.octets(element))
    except ValueError:
        raise SigningError("signing.key-damaged") from None
