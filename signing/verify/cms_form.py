"""A CMS read as far as a verdict needs it, and the checks on its form: step 1 of `verify.signature`.

The content is given by its digests: it is hashed once for all signers and their time-stamps together.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import cades, cms
from signing.algorithms import DigestAlgorithm, Standing, algorithm_identifier, digest_algorithm, digest_by_oid
from signing.certificates import Certificate
from signing.errors import Malformed
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from signing.cades import SignedAttributes, UnsignedAttributes
    from signing.cms import SignedData, SignerInfo
    from signing.policy import ValidationPolicy

CHECKS: Final = frozenset({"cms.format", "cms.signers", "cms.detached", "cms.content-type"})
NOTES: Final = frozenset({"cms.encoding"})
"""Ids of checks that are only ever NOT_PERFORMED."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSigner:
    """One signer with its attributes, or with what was wrong with them."""

    info: SignerInfo
    attributes: SignedAttributes | None
    attributes_flaw: Malformed | None
    unsigned: UnsignedAttributes | None
    unsigned_flaw: Malformed | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadCms:
    """A SignedData, its signers, and every certificate that came along and can be read."""

    signed: SignedData
    signers: tuple[ReadSigner, ...]
    certificates: tuple[Certificate, ...]

    def wanted(self) -> dict[str, DigestAlgorithm]:
        """Hashes under which the content's digest is needed, by id: the signers' and those of their time-stamps."""
        found: dict[str, DigestAlgorithm] = {}
        for signer in self.signers:
            digests = [digest_of(signer.info)]
            if signer.attributes is not None and signer.unsigned is not None:
                digests += cades.wanted_digests(signer.attributes, signer.unsigned)
            for digest in digests:
                if digest is not None and digest.standing is Standing.TRUSTED:
                    found[digest.id] = digest
        return found


def read_cms(signature: bytes, policy: ValidationPolicy) -> ReadCms:
    """Read a CMS and the attributes of its signers; raises Malformed for what is no SignedData at all."""
    signed = cms.read_signed_data(signature, accept_ber=policy.accept_ber)
    signers = tuple(_read_signer(each) for each in signed.signers)
    ders = [*signed.certificates]
    for each in signers:
        ders += each.unsigned.data.certificates if each.unsigned is not None else ()
    return ReadCms(signed=signed, signers=signers, certificates=tuple(readable_certificates(ders)))


def format_failure(error: Malformed, **place: str) -> Check:
    """Check "cms.format" that failed; `place` says where the CMS lies."""
    return Check.unreadable("cms.format", error, **place)


def format_checks(read: ReadCms) -> Iterator[Check]:
    """What holds of the whole, whatever is signed: its form, its content type, at least one signer."""
    yield Check.passed("cms.format", signers=str(len(read.signers)))
    if not read.signed.is_der:
        yield Check.not_performed("cms.encoding", found="BER")
    if read.signed.content_type != cms.DATA:
        yield Check.failed(
            "cms.content-type", SubIndication.FORMAT_FAILURE, found=read.signed.content_type, expected=cms.DATA
        )
    if not read.signers:
        yield Check.failed("cms.signers", SubIndication.FORMAT_FAILURE, reason="none")


def apart_check(read: ReadCms, digests: Mapping[str, bytes], policy: ValidationPolicy) -> Check:
    """Check "cms.detached": the content stands apart, or the policy lets a copy stand inside."""
    if read.signed.content is None:
        return Check.passed("cms.detached")
    if not policy.allow_attached_content:
        return Check.failed("cms.detached", SubIndication.FORMAT_FAILURE, reason="content attached")
    return _attached_is_same(read.signed.content, digests)


def _attached_is_same(attached: bytes, digests: Mapping[str, bytes]) -> Check:
    """There is one true content: what the caller gave. An attached copy must be the same bytes."""
    same = bool(digests) and all(
        hmac.compare_digest(digest.of(attached), value)
        for name, value in digests.items()
        if (digest := digest_algorithm(name)) is not None
    )
    if same:
        return Check.passed("cms.detached", reason="attached copy is the same")
    return Check.failed("cms.detached", SubIndication.HASH_FAILURE, reason="attached content differs")


def hash_content(content: Iterable[bytes], wanted: Mapping[str, DigestAlgorithm]) -> dict[str, bytes]:
    """Digests of the content by the id of each wanted hash; it is read once, and read to its end also for none."""
    states = {name: digest.new() for name, digest in wanted.items()}
    for chunk in content:
        for state in states.values():
            state.update(chunk)
    return {name: state.digest() for name, state in states.items()}


def digest_of(signer: SignerInfo) -> DigestAlgorithm | None:
    """The hash a signer names for the content, None when it is unknown."""
    try:
        return digest_by_oid(algorithm_identifier(signer.digest_algorithm)[0])
    except Malformed:
        return None


def _read_signer(info: SignerInfo) -> ReadSigner:
    attributes: SignedAttributes | None = None
    unsigned: UnsignedAttributes | None = None
    attributes_flaw: Malformed | None = None
    unsigned_flaw: Malformed | None = None
    try:
        attributes = cades.read_signed_attributes(info)
    except Malformed as error:
        attributes_flaw = error
    try:
        unsigned = cades.read_unsigned_attributes(info)
    except Malformed as error:
        unsigned_flaw = error
    return ReadSigner(
        info=info,
        attributes=attributes,
        attributes_flaw=attributes_flaw,
        unsigned=unsigned,
        unsigned_flaw=unsigned_flaw,
    )


def readable_certificates(ders: Iterable[bytes]) -> Iterator[Certificate]:
    """The bag as far as it can be read: a broken certificate that nobody needs changes no verdict."""
    for der in dict.fromkeys(ders):
        try:
            yield Certificate.from_der(der)
        except Malformed:
            continue
