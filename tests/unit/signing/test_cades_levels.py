"""CAdES above B-B: what is added and over which octets, judged after signer and first authority have expired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    DEFAULT_SIGNING,
    FetchRequest,
    Indication,
    SignatureReport,
    SigningError,
    TimeStampAuthority,
    ValidationData,
    add_signer,
    asn1,
    augment_detached,
    cades,
    cms,
    sign_attached,
    sign_detached,
    verify_attached,
    verify_detached,
)
from signing.algorithms import digest_algorithm
from signing.cades.archive import read_hash_index
from signing.sandbox_services.tsa import SandboxTsa
from signing.timestamp import read_token
from signing.verify import cms_form
from tests.unit.signing import levels_material as lm
from tests.unit.signing import process_material as pm
from tests.unit.signing import xml_material as m

SHA256, SHA512 = digest_algorithm("sha256"), digest_algorithm("sha512")
CONTENT = b"report " * 200
SIGNED = pm.day("2020-06-01")
ARCHIVED = pm.day("2020-07-01")
AFTER = pm.day("2024-01-01")
"""The signer's certificate ended in 2023, that of the first authority in 2021, that of the second ends in 2025."""
PASSED = Indication.TOTAL_PASSED


@dataclass(frozen=True)
class Wire:
    tsa: SandboxTsa

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        assert limit
        return self.tsa.answer(request.body or b"")


def authority(name: str, at: datetime, digest: str = "sha256", **wrong: object) -> TimeStampAuthority:
    tsa = SandboxTsa(key=pm.who(name).issued_key(), clock=lambda: at).wrong(**wrong)
    return TimeStampAuthority(
        url="http://tsa.test/", fetcher=Wire(tsa), nonce=lambda: 7, clock=lambda: at, digest=digest
    )


@cache
def status(at: datetime, *names: str) -> ValidationData:
    ca = tuple(pm.who(name).der for name in ("ca", "tsa-ca"))
    lasting = timedelta(days=30)
    return ValidationData(
        certificates=ca,
        ocsp_responses=(*pm.authorities_at(at), *(pm.good(name, at, lasts=lasting) for name in names)),
    )


def raised(
    signature: bytes,
    level: str,
    tsa: str,
    at: datetime,
    *names: str,
    content: bytes | None = CONTENT,
    digest: str = "sha256",
) -> bytes:
    return augment_detached(
        signature,
        None if content is None else [content],
        level=level,
        time_stamps=authority(tsa, at, digest),
        anchors=pm.anchors(),
        policy=pm.POLICY,
        at=at,
        data=status(at, *names),
    )


@cache
def signed() -> bytes:
    key = pm.who("signer").issued_key().signing_key()
    return sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=SIGNED)


@cache
def long_term() -> bytes:
    return raised(signed(), "B-LT", "tsa-0", SIGNED, "signer", "tsa-0")


@cache
def archived(digest: str = "sha256") -> bytes:
    return raised(long_term(), "B-LTA", "tsa", ARCHIVED, "tsa", digest=digest)


def judged(signature: bytes, at: datetime = AFTER, content: bytes = CONTENT) -> SignatureReport:
    data = replace(status(at, "tsa"), certificates=()) if at == AFTER else ValidationData()
    (report,) = verify_detached(
        signature, [content], policy=pm.POLICY, anchors=pm.anchors(), at=at, data=data
    ).signatures
    return report


# --- levels ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("level", "kinds"),
    [("B-T", ["signature"]), ("B-LT", ["signature"]), ("B-LTA", ["signature", "archive"])],
)
def test_each_level_is_reached_at_once_and_passes_by_what_it_carries(level: str, kinds: list[str]):
    signature = raised(signed(), level, "tsa-0", SIGNED, "signer", "tsa-0")
    data = status(SIGNED, "signer", "tsa-0") if level == "B-T" else ValidationData()
    report = verify_detached(signature, [CONTENT], policy=pm.POLICY, anchors=pm.anchors(), at=SIGNED, data=data)
    (one,) = report.signatures
    assert (report.indication, one.level, [each.kind for each in one.time_stamps]) == (PASSED, level, kinds)


def test_the_archive_time_stamp_carries_the_signature_over_its_certificates():
    assert judged(long_term()).indication is Indication.INDETERMINATE
    report = judged(archived())
    assert report.indication is PASSED, [each for each in report.checks if each.conclusion.value != "PASSED"]
    assert report.best_signature_time == SIGNED


def test_a_renewed_archive_time_stamp_covers_the_one_before_and_its_status():
    renewed = raised(archived(), "B-LTA", "tsa-2", pm.day("2024-06-01"), "tsa")
    at = pm.day("2027-01-01")
    report = verify_detached(
        renewed, [CONTENT], policy=pm.POLICY, anchors=pm.anchors(), at=at, data=status(at, "tsa-2")
    )
    (one,) = report.signatures
    assert report.indication is PASSED, [each for each in one.checks if each.conclusion.value != "PASSED"]
    assert [each.generated_at for each in one.time_stamps] == [SIGNED, ARCHIVED, pm.day("2024-06-01")]


def test_an_archive_time_stamp_by_another_hash_needs_the_content_under_that_hash():
    assert judged(archived("sha512")).indication is PASSED


def test_K02_the_hash_of_the_index_is_judged_by_its_day():
    read = cms_form.read_cms(archived(), pm.POLICY)
    (signer,) = read.signers
    digests = {"sha256": SHA256.of(CONTENT)}
    found = cades.found_time_stamps(
        read.signed, signer.info, signer.attributes, signer.unsigned, digests, signer_id="s"
    )
    assert [each.named_by for each in found] == [(), (read_hash_index(found[1].token).digest,)]


def test_attached_content_is_raised_from_itself():
    key = pm.who("signer").issued_key().signing_key()
    attached = sign_attached(CONTENT, key, policy=DEFAULT_SIGNING, signing_time=SIGNED)
    long = raised(attached, "B-LTA", "tsa-0", SIGNED, "signer", "tsa-0", content=None)
    found = verify_attached(long, policy=pm.POLICY, anchors=pm.anchors(), at=SIGNED)
    assert (found.report.indication, found.content) == (PASSED, CONTENT)


def test_each_of_two_signers_gets_a_time_stamp_of_its_own():
    key = pm.who("signer").issued_key().signing_key()
    both = add_signer(signed(), [CONTENT], key, policy=DEFAULT_SIGNING, signing_time=SIGNED + timedelta(minutes=1))
    long = raised(both, "B-LTA", "tsa-0", SIGNED + timedelta(minutes=2), "signer", "tsa-0")
    report = verify_detached(long, [CONTENT], policy=pm.POLICY, anchors=pm.anchors(), at=SIGNED + timedelta(minutes=3))
    assert [(one.indication, one.level, len(one.time_stamps)) for one in report.signatures] == [
        (PASSED, "B-LTA", 2)
    ] * 2


def test_a_signer_that_comes_later_gets_data_of_its_own_and_the_first_keeps_what_it_has():
    at = SIGNED + timedelta(minutes=2)
    key = pm.party("Second", 20, pm.who("ca"), since="2020-01-01", until="2030-01-01").issued_key().signing_key()
    both = add_signer(long_term(), [CONTENT], key, policy=DEFAULT_SIGNING, signing_time=at)
    with pytest.raises(SigningError, match="status-unavailable"):
        raised(both, "B-LT", "tsa-0", at)
    with pytest.raises(SigningError, match="level-reached"):
        raised(long_term(), "B-LT", "tsa-0", ARCHIVED)


# --- octets ------------------------------------------------------------------------------------------------------------
def test_augmenting_keeps_every_octet_of_what_is_there():
    before, after = cms.read_signed_data(long_term()), cms.read_signed_data(archived())
    assert before.signers[0].fields == after.signers[0].fields == cms.read_signed_data(signed()).signers[0].fields
    assert set(before.certificate_choices) <= set(after.certificate_choices)
    assert set(before.revocation_choices) <= set(after.revocation_choices)
    assert {each.raw for each in before.signers[0].unsigned_attributes} <= {
        each.raw for each in after.signers[0].unsigned_attributes
    }


def test_ocsp_answers_lie_in_the_field_crls_as_rfc_5940_says():
    kinds = {each[:1] for each in cms.read_signed_data(long_term()).revocation_choices}
    assert kinds == {b"\xa1"}
    assert asn1.children(asn1.children(asn1.children(asn1.read_der(long_term()))[1])[0])[0].content == b"\x05"


def test_the_archive_imprint_put_together_by_another_road():
    """EN 319 122-1, 5.5.3, from the parsed tree: type, digest of the content, six fields, index."""
    content_info = asn1.children(asn1.read_der(archived()))
    parts = asn1.children(asn1.children(content_info[1])[0])
    info = asn1.children(asn1.children(parts[-1])[0])
    token = next(
        asn1.children(asn1.children(each)[1])[0].raw
        for each in asn1.children(info[-1])
        if asn1.oid(asn1.children(each)[0]) == "0.4.0.1733.2.4"
    )
    index = read_hash_index(token)
    octets = asn1.children(parts[2])[0].raw + hashlib.sha256(CONTENT).digest() + b"".join(each.raw for each in info[:6])
    assert read_token(token).imprint == hashlib.sha256(octets + index.der).digest()
    # the time-stamp over the value came before, the archive time-stamp itself after
    named = [hashlib.sha256(asn1.children(each)[0].raw + value.raw).digest()
             for each in asn1.children(info[-1]) for value in asn1.children(asn1.children(each)[1])]  # fmt: skip
    assert len(named) == 2
    assert index.attributes < set(named)
    bag = cms.read_signed_data(long_term())
    assert index.certificates >= {hashlib.sha256(each).digest() for each in bag.certificate_choices}
    assert index.revocation >= {hashlib.sha256(each).digest() for each in bag.revocation_choices}


def test_the_first_version_of_the_index_names_whole_attributes():
    """TS 101 733, 6.4.2: SHA-256 is the default and is not stated."""
    found = cms.read_signed_data(long_term())
    (signer,) = found.signers
    named = (found.certificate_choices, found.revocation_choices, [each.raw for each in signer.unsigned_attributes])
    index = asn1.encode(
        asn1.SEQUENCE,
        *(
            asn1.encode(asn1.SEQUENCE, *(asn1.encode(asn1.OCTET_STRING, SHA256.of(each)) for each in listed))
            for listed in named
        ),
    )
    imprint = cades.archive_imprint(found, signer, index, SHA256.of(CONTENT), SHA256)
    token = with_attribute(authority("tsa", ARCHIVED).stamp(SHA256, imprint), "0.4.0.1733.2.5", index)
    added = with_attribute(long_term(), cades.ARCHIVE_TIME_STAMP_V3, token)
    # its own authority's certificate lies in the token, its status is given
    assert judged(added).indication is PASSED


def test_equal_input_key_and_time_source_give_equal_octets():
    """RSA draws no random number; what an authority answers depends on question and time."""
    first, second = (
        sign_detached([CONTENT], m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, time_stamps=lm.authority())
        for _ in range(2)
    )
    assert first == second
    at_once = [
        augment_detached(
            first, [CONTENT], level="B-LTA", time_stamps=lm.authority(), anchors=m.anchors(), policy=lm.STRICT,
            at=m.NOW, data=lm.statuses(m.head()),
        )
        for _ in range(2)
    ]  # fmt: skip
    assert at_once[0] == at_once[1]
    assert cms.with_additions(cms.read_signed_data(at_once[0])) == at_once[0]


# --- refused -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Refusal:
    what: str
    code: str
    run: Callable[[], bytes]


REFUSALS = (
    Refusal("level that is there", "signing.level-reached",
            lambda: raised(long_term(), "B-LT", "tsa-0", SIGNED, "signer", "tsa-0")),
    Refusal("content of another", "signing.cms-not-intact",
            lambda: raised(signed(), "B-T", "tsa-0", SIGNED, content=b"other")),
    Refusal("no content at all", "signing.cms-not-intact", lambda: raised(signed(), "B-T", "tsa-0", SIGNED, content=None)),
    Refusal("no status to be had", "signing.status-unavailable",
            lambda: raised(signed(), "B-LT", "tsa-0", SIGNED, "tsa-0")),
    Refusal("authority that lies", "signing.timestamp-not-believed",
            lambda: augment_detached(
                signed(), [CONTENT], level="B-T", time_stamps=authority("tsa-0", SIGNED, broken_value=True),
                anchors=pm.anchors(), policy=pm.POLICY, at=SIGNED)),
    Refusal("older archive time-stamp over the bags", "signing.not-augmentable",
            lambda: raised(with_attribute(signed(), "1.2.840.113549.1.9.16.2.48", b"\x05\x00"), "B-LT", "tsa-0", SIGNED,
                           "signer", "tsa-0")),
)  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.what)
def test_what_is_not_raised_is_said_why(case: Refusal):
    with pytest.raises(SigningError) as caught:
        case.run()
    assert caught.value.code == case.code


# --- bent --------------------------------------------------------------------------------------------------------------
def with_attribute(signature: bytes, oid: str, *values: bytes) -> bytes:
    found = cms.read_signed_data(signature)
    return cms.with_additions(found, unsigned={0: [cms.encode_attribute(oid, value) for value in values]})


def without_certificate(signature: bytes) -> bytes:
    """An indexed certificate is taken away and another put in its place."""
    found = cms.read_signed_data(signature)
    kept = [each for each in found.certificate_choices if each != pm.who("tsa-0").der]
    return cms.with_additions(replace(found, certificate_choices=tuple(kept)), certificates=[pm.who("tsa-3").der])


def token_of(signature: bytes, oid: str) -> bytes:
    signer = cms.read_signed_data(signature).signers[0]
    return next(each.values[0].raw for each in signer.unsigned_attributes if each.oid == oid)


def with_token_of_another(signature: bytes) -> bytes:
    """The signature time-stamp of another SignerInfo over the same content."""
    key = pm.who("signer").issued_key().signing_key()
    other = sign_detached(
        [CONTENT], key, policy=DEFAULT_SIGNING, signing_time=SIGNED, time_stamps=authority("tsa-0", SIGNED)
    )
    return with_attribute(signature, cades.SIGNATURE_TIME_STAMP, token_of(other, cades.SIGNATURE_TIME_STAMP))


def without_index(signature: bytes) -> bytes:
    """An archive time-stamp that does not say what it is over."""
    token = authority("tsa", ARCHIVED).stamp(SHA256, SHA256.of(b"anything"))
    return with_attribute(signature, cades.ARCHIVE_TIME_STAMP_V3, token)


BENT = (
    ("indexed certificate taken away", lambda: without_certificate(archived()), "archive"),
    ("C14 time-stamp of another SignerInfo", lambda: with_token_of_another(signed()), "signature"),
    ("archive time-stamp without its index", lambda: without_index(long_term()), "archive"),
    ("archive time-stamp of another signature", lambda: with_attribute(
        sign_detached([CONTENT], pm.who("signer").issued_key().signing_key(), policy=DEFAULT_SIGNING, signing_time=SIGNED),
        cades.ARCHIVE_TIME_STAMP_V3, token_of(archived(), cades.ARCHIVE_TIME_STAMP_V3)), "archive"),
)  # fmt: skip


@pytest.mark.parametrize(("what", "make", "kind"), BENT, ids=[each[0] for each in BENT])
def test_a_time_stamp_over_something_else_proves_nothing(what: str, make: Callable[[], bytes], kind: str):
    """Octets that cannot be put together any more are INDETERMINATE: somebody may still have what was taken away."""
    assert what
    for each in judged(make(), ARCHIVED).time_stamps:
        flaws = {check.id for check in each.checks if check.conclusion.value in ("FAILED", "INDETERMINATE")}
        if each.kind != kind:
            assert each.indication is PASSED
        else:
            assert each.indication is not PASSED
            assert flaws - {"revocation.status"} == {"timestamp.imprint"}


def test_what_was_added_after_the_archive_time_stamp_does_not_break_it():
    later = cms.with_additions(cms.read_signed_data(archived()), certificates=[pm.who("tsa-3").der])
    later = with_attribute(later, "1.2.3.4", b"\x05\x00")
    assert judged(later).indication is PASSED


def test_more_time_stamps_than_anybody_needs_are_refused():
    tokens = [asn1.encode(asn1.SEQUENCE, asn1.encode_integer(number)) for number in range(17)]
    report = judged(with_attribute(signed(), cades.ARCHIVE_TIME_STAMP_V3, *tokens), SIGNED)
    assert "cms.unsigned-attributes" in {each.id for each in report.checks if each.conclusion.value == "FAILED"}


@pytest.mark.parametrize(
    ("oid", "values"),
    [
        pytest.param("1.2.840.113549.1.9.16.2.23", 1, id="C11 certificate-values of 65"),
        pytest.param("1.2.840.113549.1.9.16.2.24", 1, id="C11 revocation-values of 65"),
        pytest.param("1.2.3.4", 129, id="C11 values of 129"),
    ],
)
def test_floods_of_values_are_refused_by_their_number(oid: str, values: int):
    many = asn1.encode(asn1.SEQUENCE, b"\x30\x00" * 65)
    value = asn1.encode(asn1.SEQUENCE, asn1.encode(0xA0, many)) if oid.endswith("24") else many
    flood = [cms.encode_attribute(oid, value)]
    if values > 1:
        inside = asn1.encode_set([asn1.encode_integer(number) for number in range(values)])
        flood = [asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), inside)]
    report = verify_detached(
        cms.with_additions(cms.read_signed_data(signed()), unsigned={0: flood}),
        [CONTENT],
        policy=pm.POLICY,
        anchors=pm.anchors(),
        at=SIGNED,
    )
    checks = [*report.checks, *(check for one in report.signatures for check in one.checks)]
    assert "signing.cms-too-many" in {
        check.params.get("reason") for check in checks if check.conclusion.value == "FAILED"
    }


def substance(signature: bytes) -> tuple[object, ...]:
    """What the archive time-stamp protects, and of its own token what that one's signature protects."""
    found = cms.read_signed_data(signature)
    (signer,) = found.signers
    token = cms.read_signed_data(token_of(signature, cades.ARCHIVE_TIME_STAMP_V3))
    (own,) = token.signers
    rest = {each.raw for each in signer.unsigned_attributes if each.oid != cades.ARCHIVE_TIME_STAMP_V3}
    return (
        found.content_type,
        found.certificate_choices,
        found.revocation_choices,
        signer.fields,
        rest,
        token.content,
        own.signed_bytes,
        own.signature,
        own.unsigned_attributes,
    )


@given(st.integers(0, 10**9), st.integers(0, 7))
@settings(max_examples=120, deadline=None)
def test_a_flipped_bit_of_an_archived_signature_never_passes_unless_it_says_nothing(place: int, bit: int):
    """Unprotected, and named: SignedData.version and digestAlgorithms; of the archive time-stamp's token the same two,
    the name its signer is looked up by, and certificates that its path does not need.
    """
    flipped = bytearray(archived())
    flipped[place % len(flipped)] ^= 1 << bit
    try:
        report = judged(bytes(flipped))
    except ValueError:  # no signature is left to be reported
        return
    if report.indication is PASSED:
        assert substance(bytes(flipped)) == substance(archived())
