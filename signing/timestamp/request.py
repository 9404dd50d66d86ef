"""The question to a time-stamp authority: TimeStampReq (RFC 3161, 2.4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing import asn1
from signing.algorithms import Standing
from signing.errors import SigningError

if TYPE_CHECKING:
    from signing.algorithms import DigestAlgorithm

_VERSION_1 = 1


def new_request(
    digest: DigestAlgorithm, imprint: bytes, *, nonce: int | None, policy: str | None, certificates: bool = True
) -> bytes:
    """DER of a TimeStampReq for `imprint`, a digest made with `digest`.

    `policy` is the OID asked for, None leaves it to the authority; `certificates` asks for the authority's own
    certificate in the token (certReq). Raises SigningError for a digest that is not trusted or not of its length.
    """
    if digest.standing is not Standing.TRUSTED or len(imprint) != digest.size:
        raise SigningError("signing.timestamp-digest", digest=digest.id)
    return asn1.encode(
        asn1.SEQUENCE,
        asn1.encode_integer(_VERSION_1),
        encode_message_imprint(digest, imprint),
        asn1.encode_oid(policy) if policy is not None else b"",
        asn1.encode_integer(nonce) if nonce is not None else b"",
        asn1.encode(asn1.BOOLEAN, b"\xff") if certificates else b"",  # FALSE is the default and is not written in DER
    )


def encode_message_imprint(digest: DigestAlgorithm, imprint: bytes) -> bytes:
    """DER of a MessageImprint; NULL after the hash, as authorities compare it octet by octet (openssl's form)."""
    hashed_by = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(digest.oid), asn1.encode(asn1.NULL))
    return asn1.encode(asn1.SEQUENCE, hashed_by, asn1.encode(asn1.OCTET_STRING, imprint))
