"""Bytes of a new signature: SignedInfo in its canonical form, the value checked before it leaves."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing import algorithms
from signing.errors import SigningError
from signing.xmldsig.steps import DS, EXC_C14N
from signing.xmldsig.transforms import ENVELOPED_SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from signing.algorithms import DigestAlgorithm, SignatureAlgorithm
    from signing.certificates import Certificate


@dataclass(frozen=True, kw_only=True, slots=True)
class NewReference:
    """A ds:Reference to be written: `digest` is the digest of what `uri` stands for, after exclusive C14N if
    `canonical`, without the Signature itself if `enveloped` as well.
    """

    uri: str
    digest: bytes
    id: str | None = None
    type: str | None = None
    canonical: bool = False
    enveloped: bool = False
    prefixes: tuple[str, ...] = ()


def escape_attribute(value: str) -> str:
    """Text of an attribute value in canonical form (Canonical XML 1.0, 2.3), to stand between double quotes."""
    for char, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ('"', "&quot;"),
        ("\t", "&#x9;"),
        ("\n", "&#xA;"),
        ("\r", "&#xD;"),
    ):
        if char in value:
            value = value.replace(char, entity)
    return value


def new_signed_info(
    algorithm: SignatureAlgorithm, digest: DigestAlgorithm, references: Iterable[NewReference]
) -> bytes:
    """ds:SignedInfo in its own exclusive canonical form: what is signed is a slice of the file."""
    return (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithm.xmldsig_uri}"></ds:SignatureMethod>'
        f"{''.join(_new_reference(reference, digest) for reference in references)}</ds:SignedInfo>"
    ).encode()


def _new_reference(reference: NewReference, digest: DigestAlgorithm) -> str:
    named = "".join(
        f' {name}="{escape_attribute(value)}"'
        for name, value in (("Id", reference.id), ("Type", reference.type), ("URI", reference.uri))
        if value is not None
    )
    transforms = ""
    if reference.canonical:
        parameters = ""
        if reference.prefixes:
            prefixes = escape_attribute(" ".join(reference.prefixes))
            parameters = (
                f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{prefixes}"></ec:InclusiveNamespaces>'
            )
        before = f'<ds:Transform Algorithm="{ENVELOPED_SIGNATURE}"></ds:Transform>' if reference.enveloped else ""
        transforms = (
            f'<ds:Transforms>{before}<ds:Transform Algorithm="{EXC_C14N}">{parameters}</ds:Transform></ds:Transforms>'
        )
    return (
        f"<ds:Reference{named}>{transforms}"
        f'<ds:DigestMethod Algorithm="{digest.xml_uri}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(reference.digest).decode()}</ds:DigestValue></ds:Reference>"
    )


def signing_algorithms(algorithm_id: str, digest_id: str) -> tuple[SignatureAlgorithm, DigestAlgorithm]:
    """What a key of this algorithm signs with, and references are hashed with: for a national key its own hash, else `digest_id`.

    Raises SigningError signing.algorithm-refused, also for what has no name in XML.
    """
    algorithm = algorithms.signature_algorithm(algorithm_id)
    if algorithm is not None and algorithm.key_type in algorithms.NATIONAL_KEYS:
        digest_id = algorithm.digest or ""
    digest = algorithms.digest_algorithm(digest_id)
    if algorithm is None or algorithm.xmldsig_uri is None or algorithm.standing is not algorithms.Standing.TRUSTED:
        raise SigningError("signing.algorithm-refused", algorithm=algorithm_id)
    if digest is None or digest.standing is not algorithms.Standing.TRUSTED or not digest.xml_uri:
        raise SigningError("signing.algorithm-refused", algorithm=digest_id)
    return algorithm, digest


def new_signature_value(
    sign: Callable[[bytes], bytes], algorithm: SignatureAlgorithm, certificate: Certificate, signed_info: bytes
) -> bytes:
    """What `SigningKey.sign` gives for SignedInfo, in the XML form; verified with the certificate's key before it leaves.

    Raises SigningError signing.own-signature-wrong: a fault in the token, or a certificate that is not the key's.
    """
    value = sign(signed_info)
    if algorithm.key_type == "ec":
        try:
            value = algorithms.ecdsa_to_raw(value, certificate.public_key.bits)
        except (ValueError, OverflowError) as error:
            raise SigningError("signing.own-signature-wrong", algorithm=algorithm.id) from error
    if not algorithms.verify_signature(algorithm, certificate, signed_info, value, form="xmldsig"):
        raise SigningError("signing.own-signature-wrong", algorithm=algorithm.id)
    return value
