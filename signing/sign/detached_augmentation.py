"""The signers of a CMS raised to a higher level, and kept there (ETSI EN 319 122-1, 6.3).

    B-B -> B-T     signature-time-stamp over the signature value
    B-T -> B-LT    certificates and status into the bags of SignedData: of the signer, of every authority
    B-LT -> B-LTA  archive-time-stamp-v3 with its index over all of it; one more before that one's time is up

Nothing that was signed or time-stamped before is touched: attributes and members of bags are added, and the octets of
what is there are copied. The verdict on a signature is not formed here; verify before, and after.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from signing import asn1, cades, cms
from signing.certificates import Certificate
from signing.certification_path import validate_path
from signing.errors import Malformed, SigningError
from signing.revocation import gather, judge_status, statements_on
from signing.sign.intact_cms import require_intact, signer_certificate
from signing.timestamp import judge_token, read_token
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import Conclusion, Indication

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from signing.cms import SignedData
    from signing.fetcher import Fetcher
    from signing.policy import SignatureLevel, ValidationPolicy
    from signing.timestamp import TimeStampAuthority, TimeStampToken
    from signing.trust_anchors import TrustAnchors

_WITH_DATA: Final = ("B-LT", "B-LTA")
_ENUMERATED: Final = 0x0A


@dataclass(frozen=True, kw_only=True, slots=True)
class _Means:
    """What the signers are raised with."""

    time_stamps: TimeStampAuthority
    anchors: TrustAnchors
    policy: ValidationPolicy
    at: datetime
    data: ValidationData
    fetcher: Fetcher | None


def augment_detached(
    signature: bytes,
    content: Iterable[bytes] | None,
    *,
    level: SignatureLevel,
    time_stamps: TimeStampAuthority,
    anchors: TrustAnchors,
    policy: ValidationPolicy,
    at: datetime,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> bytes:
    """The CMS with each of its signers at `level`, in DER; at B-LTA each gets one archive time-stamp more.

    `content` is read once, chunk by chunk; None takes the content the CMS holds. `anchors`, `policy`, `at` (aware) and
    `data` are those a verifier would use; `fetcher` is asked for status that is neither in the CMS nor in `data`.
    What came along already is not asked for again. A CMS to which nothing is to be added is signing.level-reached. Raises
    SigningError signing.cms-not-intact, signing.not-augmentable, signing.naive-time, signing.no-path,
    signing.augmented-wrongly, what `gather`, the authority and the fetcher raise, and Malformed.
    """
    if at.tzinfo is None:
        raise SigningError("signing.naive-time")
    if level == "B-B":
        raise SigningError("signing.level-reached", level=level)
    signed = cms.read_signed_data(signature, accept_ber=True)
    if content is None and signed.content is None:
        raise SigningError("signing.cms-not-intact", reason="no content")
    digest = time_stamps.digest_algorithm
    digests = require_intact(signed, [signed.content or b""] if content is None else content, [digest])
    means = _Means(time_stamps=time_stamps, anchors=anchors, policy=policy, at=at, data=data, fetcher=fetcher)
    before = cms.with_additions(signed)
    for place, signer in enumerate(signed.signers):
        if not cades.read_unsigned_attributes(signer).signature_time_stamps:
            signed = _with_signature_time_stamp(signed, place, means)
    if level in _WITH_DATA:
        signed = _with_validation_data(signed, means)
    if level == "B-LTA":
        for place in range(len(signed.signers)):
            signed = _with_archive_time_stamp(signed, place, digests[digest.id], means)
    after = cms.with_additions(signed)
    if after == before:
        raise SigningError("signing.level-reached", level=level)
    return after


# --- B-T ---------------------------------------------------------------------------------------------------------------
def _with_signature_time_stamp(signed: SignedData, place: int, means: _Means) -> SignedData:
    digest = means.time_stamps.digest_algorithm
    token = means.time_stamps.stamp(digest, digest.of(signed.signers[place].signature))
    return _with_attribute(signed, place, cades.SIGNATURE_TIME_STAMP, token)


# --- B-LT --------------------------------------------------------------------------------------------------------------
def _with_validation_data(signed: SignedData, means: _Means) -> SignedData:
    """Of each signer and of every authority whose time-stamp stands there, the last archive time-stamp's included."""
    bag = [*_certificates(signed.certificates)]
    found = NO_DATA
    for signer in signed.signers:
        unsigned = cades.read_unsigned_attributes(signer)
        if not _UNTOUCHABLE.isdisjoint(unsigned.others):
            # its imprint is over the bags as they are
            raise SigningError("signing.not-augmentable", reason="archive-time-stamp-v2")
        bag += _certificates(unsigned.data.certificates)
        embedded = ValidationData(crls=signed.crls, ocsp_responses=signed.ocsp_responses).joined(unsigned.data)
        stamps = [_read(token) for token in unsigned.signature_time_stamps]
        if not unsigned.archive_time_stamps:
            signed_by = signer_certificate(signer, dict.fromkeys(bag))
            moment = min((stamp.generated_at for stamp in stamps), default=means.at)
            found = found.joined(_gathered(signed_by, bag, embedded, moment, means))
        # what an archive time-stamp covers was put in before it, and its time is proven
        covered = cades.covered_tokens(signed, signer, unsigned)
        later = [_read(token) for token in unsigned.archive_time_stamps if token not in covered]
        for stamp in (*(() if unsigned.archive_time_stamps else stamps), *later):
            authority, others = _authority(stamp, bag, means)
            inside = embedded.joined(stamp.embedded)
            found = found.joined(_gathered(authority, others, inside, stamp.generated_at, means))
    der = cms.with_additions(
        signed,
        certificates=found.certificates,
        revocation=[*found.crls, *map(_other_revocation, found.ocsp_responses)],
    )
    return cms.read_signed_data(der)


_UNTOUCHABLE: Final = frozenset({cades.ARCHIVE_TIME_STAMP_V2, cades.LONG_TERM_VALIDATION})


def _gathered(
    certificate: Certificate,
    candidates: Sequence[Certificate],
    embedded: ValidationData,
    moment: datetime,
    means: _Means,
) -> ValidationData:
    """What came along where it speaks for `moment`, the time of the time-stamp; else what can be had now.

    The certificate may have ended since: what is renewed outlives it.
    """
    known = (*candidates, *_certificates(means.data.certificates))
    path = _path(certificate, known, moment, means)
    if all(_is_told(each, issuer, known, embedded, moment, means) for each, issuer in pairwise(path)):
        return ValidationData(certificates=tuple(each.der for each in path[:-1]))
    return gather(
        _path(certificate, known, means.at, means),
        candidates=known,
        anchors=means.anchors,
        given=means.data.joined(embedded),
        fetcher=means.fetcher,
        at=means.at,
        policy=means.policy,
    )


def _is_told(  # noqa: PLR0917 - one certificate, what came along, and the moment
    certificate: Certificate,
    issuer: Certificate,
    known: Sequence[Certificate],
    embedded: ValidationData,
    moment: datetime,
    means: _Means,
) -> bool:
    """Whether what came along says that the certificate was good at `moment`; it was made after that, as a rule."""
    statements, _ = statements_on(
        certificate,
        issuer,
        embedded=embedded,
        candidates=known,
        anchors=means.anchors,
        at=means.at,
        policy=means.policy,
    )
    check, _ = judge_status(statements, certificate, at=moment, policy=means.policy)
    return check.conclusion is Conclusion.PASSED


def _path(
    certificate: Certificate, known: Sequence[Certificate], at: datetime, means: _Means
) -> tuple[Certificate, ...]:
    result = validate_path(certificate, known, means.anchors, at=at, policy=means.policy)
    if result.indication is not Indication.TOTAL_PASSED:
        raise SigningError("signing.no-path", certificate=certificate.sha256, reason=result.params.get("reason", ""))
    return result.path


def _read(token: bytes) -> TimeStampToken:
    try:
        return read_token(token)
    except Malformed as error:
        raise SigningError("signing.not-augmentable", reason=error.code) from error


def _authority(
    token: TimeStampToken, came_along: Sequence[Certificate], means: _Means
) -> tuple[Certificate, Sequence[Certificate]]:
    """Who made a token, and the certificates its path may be found among."""
    given = _certificates((*token.embedded.certificates, *means.data.certificates))
    candidates = (*given, *came_along)
    _, authority = judge_token(token, lambda _: token.imprint, candidates, policy=means.policy, at=means.at)
    if authority is None:
        raise SigningError("signing.not-augmentable", reason="timestamp.signing-certificate")
    return authority, candidates


def _other_revocation(answer: bytes) -> bytes:
    """An OCSP answer as an element of crls: a whole OCSPResponse begins with its status, a BasicOCSPResponse does not."""
    status = asn1.inside(asn1.span(answer))[0]
    return cms.encode_ocsp_response(answer, basic=status.tag != _ENUMERATED)


# --- B-LTA -------------------------------------------------------------------------------------------------------------
def _with_archive_time_stamp(signed: SignedData, place: int, content_digest: bytes, means: _Means) -> SignedData:
    """One archive-time-stamp-v3 over what is there now (5.5.3); its index goes into the token, under its imprint."""
    digest = means.time_stamps.digest_algorithm
    signer = signed.signers[place]
    index = cades.encode_hash_index(signed, signer, digest)
    imprint = cades.archive_imprint(signed, signer, index, content_digest, digest)
    token = cms.read_signed_data(means.time_stamps.stamp(digest, imprint))
    with_index = cms.with_additions(token, unsigned={0: [cms.encode_attribute(cades.HASH_INDEX_V3, index)]})
    result = _with_attribute(signed, place, cades.ARCHIVE_TIME_STAMP_V3, with_index)
    _require_right(result, place, with_index, {digest.id: content_digest})
    return result


def _require_right(signed: SignedData, place: int, token: bytes, digests: dict[str, bytes]) -> None:
    """Read what was made as a verifier would, and compare the imprint."""
    signer = signed.signers[place]
    found = cades.found_time_stamps(
        signed,
        signer,
        cades.read_signed_attributes(signer),
        cades.read_unsigned_attributes(signer),
        digests,
        signer_id="signer",
    )
    made = [each for each in found if each.token == token]
    stamp = read_token(token)
    if len(made) != 1 or stamp.imprint_digest is None or made[0].imprint(stamp.imprint_digest) != stamp.imprint:
        raise SigningError("signing.augmented-wrongly", reason="archive-time-stamp-v3")


def _with_attribute(signed: SignedData, place: int, oid: str, value: bytes) -> SignedData:
    """`signed` with one unsigned attribute more; signers keep their places, because additions to one may reorder them."""
    before = [signer.fields for signer in signed.signers]
    result = cms.read_signed_data(cms.with_additions(signed, unsigned={place: [cms.encode_attribute(oid, value)]}))
    if [signer.fields for signer in result.signers] != before:
        raise SigningError("signing.augmented-wrongly", reason="order of signers")
    return result


def _certificates(ders: Iterable[bytes]) -> Iterator[Certificate]:
    for der in dict.fromkeys(ders):
        try:
            yield Certificate.from_der(der)
        except Malformed:
            continue
