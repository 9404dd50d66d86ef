"""How keys of the national algorithms are written: OID of the key, OIDs of its curve and hash, and the curve they mean.

The parameters of a key are the two that stand here with it and no others: a curve is never guessed at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import asn1, gost
from signing.algorithms.table import (
    GOST2004_KEY,
    GOST2015_256_KEY,
    GOST2015_512_KEY,
    GOST2015_512_KEY_OF_EFC,
    KeyType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class NationalKeyForm:
    """One way to write a key: `parameters` are the OIDs of curve and hash; `algorithm` is the id it signs with."""

    oid: str
    key_type: KeyType
    curve: gost.Curve
    parameters: tuple[str, str]
    algorithm: str

    def algorithm_identifier(self) -> bytes:
        """DER of the AlgorithmIdentifier of a key in this form."""
        return asn1.encode(
            asn1.SEQUENCE,
            asn1.encode_oid(self.oid),
            asn1.encode(asn1.SEQUENCE, *(asn1.encode_oid(each) for each in self.parameters)),
        )

    def public_key_info(self, key: gost.PublicKey) -> bytes:
        """DER of the SubjectPublicKeyInfo: BIT STRING { OCTET STRING { x, y } }, as the national CA writes it."""
        point = asn1.encode(asn1.OCTET_STRING, key.octets())
        return asn1.encode(asn1.SEQUENCE, self.algorithm_identifier(), asn1.encode(asn1.BIT_STRING, b"\x00", point))


NATIONAL_KEY_FORMS: Final[Mapping[str, NationalKeyForm]] = {
    form.oid: form
    for form in (
        NationalKeyForm(
            oid=GOST2015_512_KEY,
            key_type="gost2015-512",
            curve=gost.TC26_512_A,
            parameters=(f"{GOST2015_512_KEY}.1", "1.2.398.3.10.1.3.3"),
            algorithm="gost3410-2015-512",
        ),
        NationalKeyForm(
            oid=GOST2015_512_KEY_OF_EFC,
            key_type="gost2015-512",
            curve=gost.TC26_512_A,
            parameters=(f"{GOST2015_512_KEY_OF_EFC}.1", "1.2.398.3.10.1.3.3"),
            algorithm="gost3410-2015-512",
        ),
        NationalKeyForm(
            oid=GOST2015_256_KEY,
            key_type="gost2015-256",
            curve=gost.TC26_256_A,
            parameters=(f"{GOST2015_256_KEY}.1", "1.2.398.3.10.1.3.2"),
            algorithm="gost3410-2015-256",
        ),
        NationalKeyForm(
            oid=GOST2004_KEY,
            key_type="gost2004",
            curve=gost.CRYPTOPRO_A,
            parameters=(f"{GOST2004_KEY}.1", "1.2.398.3.10.1.3.1.1.0"),
            algorithm="gost34310-2004",
        ),
    )
}
"""By the OID of the key. A key type's first entry is the form that keys of ours are written in."""


def national_key_form(key_type: str) -> NationalKeyForm | None:
    """The form the national CA writes keys of this type in; None for any other type."""
    return next((form for form in NATIONAL_KEY_FORMS.values() if form.key_type == key_type), None)
