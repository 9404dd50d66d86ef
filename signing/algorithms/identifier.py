"""AlgorithmIdentifier in DER, as certificates and CMS name an algorithm: its OID with exactly its own parameters."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from signing import asn1
from signing.algorithms.national_keys import NATIONAL_KEY_FORMS
from signing.algorithms.table import (
    DIGEST_BY_ID,
    MGF1,
    NATIONAL_KEYS,
    RSA_ENCRYPTION,
    RSASSA_PSS,
    DigestAlgorithm,
    SignatureAlgorithm,
    Standing,
    digest_by_oid,
    signature_algorithm,
    signature_algorithm_by_oid,
)
from signing.errors import Malformed

_NULL_BEHIND: Final = ("rsa", *NATIONAL_KEYS)


@lru_cache(maxsize=1024)
def signature_algorithm_from_der(algorithm: asn1.Der) -> SignatureAlgorithm | None:
    """The entry an AlgorithmIdentifier of a certificate names; its parameters must be exactly those of that algorithm.

    None when we do not know it; raises Malformed for other parameters than the algorithm's own.
    """
    oid, parameters = algorithm_identifier(algorithm)
    if oid == RSASSA_PSS:
        return _pss_from_parameters(parameters)
    entry = signature_algorithm_by_oid(oid)
    if entry is not None:
        _check_parameters(entry, parameters)
    return entry


def signature_algorithm_in_cms(algorithm: asn1.Der, digest: DigestAlgorithm) -> SignatureAlgorithm | None:
    """The entry a SignerInfo names by signatureAlgorithm together with its digestAlgorithm.

    rsaEncryption there means RSA PKCS#1 v1.5 with the hash of digestAlgorithm (RFC 3370, 3.2). The OID of a national key
    means the algorithm of that key, as tools of 2018-2019 wrote it; whether that may stand there (`is_key_oid`), and whether
    the hash inside the algorithm equals `digest`, are the caller's checks.
    """
    oid, parameters = algorithm_identifier(algorithm)
    if oid == RSA_ENCRYPTION:
        if parameters not in (None, b"\x05\x00"):
            raise Malformed("signing.algorithm-parameters", algorithm=oid)
        return signature_algorithm(f"rsa-{digest.id}")
    form = NATIONAL_KEY_FORMS.get(oid)
    if form is None:
        return signature_algorithm_from_der(algorithm)
    entry = signature_algorithm(form.algorithm)
    if entry is not None:
        _check_parameters(entry, parameters)
    return entry


def is_key_oid(oid: str) -> bool:
    """Whether this names a national key, and no signature."""
    return oid in NATIONAL_KEY_FORMS


@lru_cache(maxsize=1024)
def algorithm_identifier(algorithm: asn1.Der) -> tuple[str, bytes | None]:
    """OID and DER of the parameters (None when absent) of an AlgorithmIdentifier."""
    fields = asn1.Fields(algorithm)
    oid = asn1.oid(fields.take(asn1.OID))
    rest = asn1.children(algorithm)[1:]
    if len(rest) > 1:
        raise Malformed("asn1.structure", expected="end", found=f"{rest[1].tag:02x}")
    return oid, rest[0].raw if rest else None


def encode_algorithm_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """DER of the AlgorithmIdentifier we write for a signature: NULL after RSA and the national ones, else nothing."""
    if algorithm.padding == "pss":
        digest = DIGEST_BY_ID[algorithm.digest or ""]
        hash_der = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(digest.oid), b"\x05\x00")
        mask = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(MGF1), hash_der)
        parameters = asn1.encode(
            asn1.SEQUENCE,
            asn1.encode(0xA0, hash_der),
            asn1.encode(0xA1, mask),
            asn1.encode(0xA2, asn1.encode_integer(digest.size)),
        )
        return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(RSASSA_PSS), parameters)
    parameters = b"\x05\x00" if algorithm.key_type in _NULL_BEHIND else b""
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(algorithm.oids[0]), parameters)


def _check_parameters(entry: SignatureAlgorithm, parameters: bytes | None) -> None:
    # absent and NULL mean the same after RSA and the national ones (national CRLs leave it out); ECDSA and EdDSA have
    # none (RFC 5758, 8410); of what we refuse or cannot verify anyway the parameters are not judged
    if entry.standing is not Standing.TRUSTED:
        return
    allowed = (None, b"\x05\x00") if entry.key_type in _NULL_BEHIND else (None,)
    if parameters not in allowed:
        raise Malformed("signing.algorithm-parameters", algorithm=entry.id)


def _pss_from_parameters(parameters: bytes | None) -> SignatureAlgorithm | None:
    """RSASSA-PSS-params (RFC 4056): one hash for message and mask, salt as long as the hash, no other trailer."""
    if parameters is None:
        raise Malformed("signing.algorithm-parameters", algorithm=RSASSA_PSS)
    fields = asn1.Fields(asn1.read_der(parameters))
    wrapped = [fields.take_optional(tag) for tag in (0xA0, 0xA1, 0xA2, 0xA3)]
    fields.end()
    hash_part, mask_part, salt_part, trailer = wrapped
    if hash_part is None or mask_part is None or salt_part is None or trailer is not None:
        # the defaults are SHA-1 throughout and a salt of 20; the only trailer there is may not be written in DER
        raise Malformed("signing.algorithm-parameters", algorithm=RSASSA_PSS)
    digest = _hash_of(_only(hash_part))
    mask_oid, mask_parameters = algorithm_identifier(_only(mask_part))
    mask_digest = _hash_of(asn1.read_der(mask_parameters or b""))
    salt = asn1.integer(_only(salt_part))
    if digest is None or mask_oid != MGF1 or mask_digest != digest or salt != digest.size:
        raise Malformed("signing.algorithm-parameters", algorithm=RSASSA_PSS)
    return signature_algorithm(f"rsa-pss-{digest.id}")


def _only(element: asn1.Der) -> asn1.Der:
    inside = asn1.children(element)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]


def _hash_of(algorithm: asn1.Der) -> DigestAlgorithm | None:
    oid, parameters = algorithm_identifier(algorithm)
    if parameters not in (None, b"\x05\x00"):
        raise Malformed("signing.algorithm-parameters", algorithm=oid)
    return digest_by_oid(oid)
