"""Whether a CMS of others holds as far as cryptography goes, before anything is added to it or made of it.

No trust, no policy, no time: a signature that does not hold gains nothing by a time-stamp or a second name, and whoever
adds one to it lends it a look of truth.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from signing import cades
from signing.algorithms import (
    DigestAlgorithm,
    Standing,
    algorithm_identifier,
    digest_by_oid,
    signature_algorithm_in_cms,
    verify_signature,
)
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.validation_report import Conclusion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from signing.cms import SignedData, SignerInfo


def require_intact(
    signed: SignedData, content: Iterable[bytes], further: Sequence[DigestAlgorithm]
) -> dict[str, bytes]:
    """Every signer's digest, certificate and value hold over `content`; its digests by hash id, those of `further` too.

    Content attached must be `content`. Raises SigningError signing.cms-not-intact with the reason, Malformed.
    """
    if not signed.signers:
        raise SigningError("signing.cms-not-intact", reason="signers")
    wanted = {digest.id: digest for digest in (*map(_digest, signed.signers), *further)}
    states = {name: digest.new() for name, digest in wanted.items()}
    for chunk in content:
        for state in states.values():
            state.update(chunk)
    digests = {name: state.digest() for name, state in states.items()}
    for name, digest in wanted.items():
        if signed.content is not None and digest.of(signed.content) != digests[name]:
            raise SigningError("signing.cms-not-intact", reason="attached content")
    certificates = list(_certificates(signed))
    for signer in signed.signers:
        _require_signer(signer, digests, certificates)
    return digests


def signer_certificate(signer: SignerInfo, certificates: Iterable[Certificate]) -> Certificate:
    """The one certificate the signer names; raises SigningError signing.cms-not-intact."""
    found = [each for each in certificates if signer.identifier.matches(each)]
    if len(found) != 1:
        raise SigningError("signing.cms-not-intact", reason="certificate")
    return found[0]


def _require_signer(signer: SignerInfo, digests: Mapping[str, bytes], certificates: Sequence[Certificate]) -> None:
    digest = _digest(signer)
    attributes = cades.read_signed_attributes(signer)
    if not hmac.compare_digest(attributes.message_digest, digests[digest.id]):
        raise SigningError("signing.cms-not-intact", reason="content")
    certificate = signer_certificate(signer, certificates)
    reference = cades.check_certificate_reference(attributes, certificate, required=False, accept_sha1=True)
    if reference.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE):
        raise SigningError("signing.cms-not-intact", reason="signing certificate")
    algorithm = signature_algorithm_in_cms(signer.signature_algorithm, digest)
    if algorithm is None or algorithm.standing is not Standing.TRUSTED:
        named = algorithm_identifier(signer.signature_algorithm)[0]
        raise SigningError("signing.cms-not-intact", reason=f"algorithm {named}")
    if algorithm.digest is not None and algorithm.digest != digest.id:
        raise SigningError("signing.cms-not-intact", reason="two hashes")
    if signer.signed_bytes is None or not verify_signature(
        algorithm, certificate, signer.signed_bytes, signer.signature, form="cms"
    ):
        raise SigningError("signing.cms-not-intact", reason="signature value")


def _digest(signer: SignerInfo) -> DigestAlgorithm:
    named = algorithm_identifier(signer.digest_algorithm)[0]
    digest = digest_by_oid(named)
    if digest is None or digest.standing is not Standing.TRUSTED:
        raise SigningError("signing.cms-not-intact", reason=f"algorithm {named}")
    return digest


def _certificates(signed: SignedData) -> Iterator[Certificate]:
    for der in dict.fromkeys(signed.certificates):
        try:
            yield Certificate.from_der(der)
        except Malformed:
            continue
