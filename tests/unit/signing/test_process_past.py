"""Past validation (EN 319 102-1, 5.6.2): what archive time-stamps save, and what nothing saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import Check, Conclusion, Indication, SubIndication
from signing.algorithms import digest_algorithm
from signing.validation_data import SIGNATURE, ValidationData
from signing.verify import acceptance, certificate_validation, time_stamps
from signing.verify.cryptographic_verification import worst_of
from signing.verify.proof_of_existence import ProofsOfExistence
from tests.unit.signing import test_process_time as timely
from tests.unit.signing.process_material import (
    POLICY,
    Signed,
    StatusServices,
    answers,
    archive,
    authorities_at,
    day,
    empty_list,
    good,
    ocsp_answer,
    party,
    revocation_list,
    stamp,
    status_url,
    strangers,
    who,
)
from tests.unit.signing.test_process_time import (
    DAY,
    FAILED,
    HOUR,
    PASSED,
    RENEWED_AGAIN_AT,
    RENEWED_AT,
    SIGNED_AT,
    SIGNER_ENDED,
    TSA_ENDED,
    UNDECIDED,
    broken,
    certificates,
    evidence_at,
    found,
    level_lt,
    level_lta,
    renewed_again,
    verdict,
    with_status,
)

CA_REVOKED = ocsp_answer("ca", day("2024-02-01"), revoked_at=day("2024-01-01"), reason="superseded")
CA_REVOKED_LATER = ocsp_answer("ca", day("2025-02-01"), revoked_at=day("2025-01-01"), reason="superseded")
TSA_REVOKED = ocsp_answer("tsa", day("2024-09-01"), revoked_at=day("2024-08-01"), reason="keyCompromise")


def test_A86_T10_a_revoked_authority_of_time_stamps_proves_nothing():
    report = with_status(level_lt(day("2024-10-01")), TSA_REVOKED).judged()
    assert verdict(report.time_stamps[0]) == (UNDECIDED, SubIndication.REVOKED_NO_POE)
    assert report.indication is UNDECIDED
    assert report.best_signature_time == day("2024-10-01")


def test_a_time_stamp_proven_to_be_older_than_the_revocation_of_its_authority_stands():
    report = with_status(level_lta(day("2024-10-01")), TSA_REVOKED).judged()
    assert verdict(report) == (PASSED, None)
    assert report.best_signature_time == SIGNED_AT
    status = found(report.time_stamps[0], "revocation.status")
    assert status.params["status"] in ("good", "revoked later")


@pytest.mark.parametrize("told", [day("2024-06-20"), day("2025-02-20")], ids=["before its end", "after its end"])
def test_A86_a_revoked_authority_of_time_stamps_proves_nothing_after_its_end_either(told: datetime):
    """Whoever took its key could date a token back until the archive time-stamp was made, a month later."""
    revoked = ocsp_answer("tsa", told, revoked_at=day("2024-05-01"), reason="keyCompromise")
    report = with_status(level_lta(), revoked).judged()
    assert verdict(report.time_stamps[0]) == (UNDECIDED, SubIndication.REVOKED_NO_POE)
    assert report.best_signature_time == RENEWED_AT
    assert report.indication is UNDECIDED


def test_an_authority_of_time_stamps_revoked_after_the_archive_time_stamp_stands_after_its_end():
    revoked = ocsp_answer("tsa", day("2024-09-01"), revoked_at=day("2024-08-01"), reason="keyCompromise")
    report = with_status(level_lta(), revoked).judged()
    assert verdict(report) == (PASSED, None)
    assert found(report.time_stamps[0], "revocation.status").params["status"] in ("good", "revoked later")


def test_evidence_of_an_authority_that_was_revoked_since_is_no_evidence_without_proof():
    """Whoever took the key of the CA could write "good" as of any day."""
    report = with_status(level_lt(), CA_REVOKED).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.NO_POE)
    assert broken(report) == {"revocation.status"}
    assert found(report, "revocation.status").params["control_time"] == day("2024-01-01").isoformat()


def test_evidence_proven_to_be_older_than_the_revocation_of_its_authority_stands():
    report = with_status(level_lta(), CA_REVOKED_LATER).judged()
    assert verdict(report) == (PASSED, None)


@pytest.mark.parametrize(("unproven", "expected"), [((), PASSED), ((0,), UNDECIDED), ((1,), UNDECIDED)])
def test_changes_to_a_list_are_proven_only_with_the_list_they_change(unproven: tuple[int, ...], expected: Indication):
    """Whoever took the key of the CA could write a list without the signer under changes that are old."""
    lists = (
        empty_list("ca", SIGNED_AT - 2 * DAY, 7),
        empty_list("ca", SIGNED_AT + HOUR, 9, base_number=7),
    )
    signed = level_lta()
    others = tuple(each for each in signed.embedded.ocsp_responses if each != good("signer", SIGNED_AT + HOUR))
    covered = [*others, *certificates(), *(each for index, each in enumerate(lists) if index not in unproven)]
    signed = replace(
        signed,
        time_stamps=(signed.time_stamps[0], archive("tsa-2", RENEWED_AT, *covered, over=signed.time_stamps[:1])),
        embedded=ValidationData(ocsp_responses=others, crls=lists),
    )
    report = with_status(signed, CA_REVOKED_LATER).judged()
    assert report.indication is expected
    if unproven:
        assert (report.sub_indication, broken(report)) == (SubIndication.NO_POE, {"revocation.status"})


@pytest.mark.parametrize(
    ("is_bare", "is_covered", "expected"),
    [
        pytest.param(False, False, PASSED, id="inside the answer"),
        pytest.param(True, True, PASSED, id="beside it and proven"),
        pytest.param(True, False, UNDECIDED, id="R09 beside it and not proven"),
    ],
)
def test_a_responder_whose_authority_was_revoked_is_proven_to_be_older(
    is_bare: bool, is_covered: bool, expected: Indication
):
    """Whoever took the key of the CA could make a responder of somebody who had his answer time-stamped before."""
    responder = party("Responder", 30, who("ca"), since="2022-01-01", purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    at = SIGNED_AT + HOUR
    answer = ocsp_answer("signer", at, next_update=at + DAY, signed_by=responder, is_bare=is_bare)
    signed = level_lta()
    ocsp = tuple(answer if each == good("signer", at) else each for each in signed.embedded.ocsp_responses)
    covered = (*ocsp, *certificates(), *([responder.der] if is_covered else []))
    signed = replace(
        signed,
        time_stamps=(signed.time_stamps[0], archive("tsa-2", RENEWED_AT, *covered, over=signed.time_stamps[:1])),
        embedded=ValidationData(certificates=(responder.der,), ocsp_responses=ocsp),
    )
    report = with_status(signed, CA_REVOKED_LATER).judged()
    assert report.indication is expected
    if expected is UNDECIDED:
        assert (report.sub_indication, broken(report)) == (SubIndication.NO_POE, {"revocation.status"})


def test_a_revoked_authority_speaks_against_one_path_and_not_against_another():
    """The CA was certified twice; one of the two certificates was revoked."""
    signed = with_status(level_lt(), timely.CA_REVOKED_BEFORE)
    assert signed.judged().sub_indication is SubIndication.REVOKED_CA_NO_POE
    twice = replace(signed, certificates=("ca", "ca-again", "tsa-ca"))
    assert twice.judged().sub_indication is SubIndication.REVOKED_CA_NO_POE  # nobody tells the other's status
    report = with_status(twice, good("ca-again", SIGNED_AT + HOUR)).judged()
    assert verdict(report) == (PASSED, None)
    assert report.path[1].sha256 == who("ca-again").sha256


def test_a_certificate_that_is_not_bound_to_the_signature_must_be_proven_itself():
    lax = replace(level_lta(), checks=level_lta().checks[1:])
    report = with_status(lax, CA_REVOKED_LATER).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.NO_POE)
    assert broken(report) == {"path.existence"}


@pytest.mark.parametrize(
    ("invalid_since", "expected"),
    [
        pytest.param(SIGNED_AT + HOUR, PASSED, id="R13 key lost after the time-stamp"),
        pytest.param(SIGNED_AT - HOUR, UNDECIDED, id="R13 key lost before the time-stamp"),
    ],
)
def test_R13_a_key_that_was_lost_counts_from_the_day_it_was_lost(invalid_since, expected):
    """Revoked two days after the time-stamp in both cases."""
    listed = revocation_list(
        "ca", SIGNED_AT + 3 * DAY, "signer", revoked_at=SIGNED_AT + 2 * DAY, invalid_since=invalid_since
    )
    report = replace(level_lt(), given=ValidationData(crls=(listed,))).judged()
    assert report.indication is expected
    if expected is UNDECIDED:
        assert report.sub_indication is SubIndication.REVOKED_NO_POE
        assert broken(report) == {"revocation.status"}


def test_K02_a_time_stamp_over_digests_lasts_as_long_as_their_hash():
    sha512 = digest_algorithm("sha512")
    signed = level_lta()
    newest = replace(signed.time_stamps[1], named_by=(sha512,))
    for end, expected in ((TSA_ENDED + DAY, PASSED), (TSA_ENDED, UNDECIDED)):
        policy = replace(POLICY, algorithm_end_dates=(("sha512", end.date()),))
        report = replace(signed, time_stamps=(signed.time_stamps[0], newest), policy=policy).judged()
        assert report.indication is expected
    assert verdict(report.time_stamps[1]) == (UNDECIDED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    assert broken(report.time_stamps[1]) == {"timestamp.imprint-algorithm"}


@pytest.mark.parametrize("hours", [-12, 0, 14])
def test_K02_the_day_an_algorithm_ends_is_the_same_in_every_zone(hours: int):
    policy = replace(POLICY, algorithm_end_dates=(("ecdsa-sha256", date(2022, 6, 2)),))
    zone = timezone(timedelta(hours=hours))
    before, after = (datetime(2022, 6, day_, hour, tzinfo=UTC).astimezone(zone) for day_, hour in ((1, 23), (2, 1)))
    assert replace(timely.level_t(before), policy=policy).judged().indication is PASSED
    report = replace(timely.level_t(after), policy=policy).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)


# --- K02: an algorithm that ended -----------------------------------------------------------------------------------
ENDED = replace(POLICY, algorithm_end_dates=(("ecdsa-sha256", date(2030, 1, 1)),))
AFTER_THE_END = day("2031-01-01")


def in_time(*, unproven: tuple[bytes, ...] = ()) -> Signed:
    """Everything signed with an algorithm that has ended, renewed before that with another one."""
    signed = level_lta(AFTER_THE_END)
    covered = [der for der in (*signed.embedded.ocsp_responses, *certificates()) if der not in unproven]
    renewal = archive("new-tsa", RENEWED_AGAIN_AT, *covered, position=2, over=signed.time_stamps)
    status = good("new-tsa", RENEWED_AGAIN_AT + HOUR)
    return replace(
        signed,
        time_stamps=(*signed.time_stamps, renewal),
        embedded=signed.embedded.joined(answers(status)),
        policy=ENDED,
    )


def test_K02_what_was_renewed_before_its_algorithm_ended_passes():
    report = in_time().judged()
    assert verdict(report) == (PASSED, None)
    assert report.best_signature_time == SIGNED_AT


def test_K02_what_was_not_renewed_before_its_algorithm_ended_is_open():
    report = replace(level_lta(day("2029-12-30")), policy=ENDED).judged()
    assert verdict(report) == (PASSED, None)
    later = replace(level_lta(day("2030-01-01")), policy=ENDED).judged()
    assert later.indication is UNDECIDED
    newest = later.time_stamps[1]
    assert newest.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


def test_K02_an_algorithm_that_proof_can_mend_hides_none_that_it_cannot():
    def told(sub_indication: SubIndication, *, failed: bool = False, **params: str) -> Check:
        make = Check.failed if failed else Check.indeterminate
        return make("xmldsig.digest-algorithms", sub_indication, **params)

    ended = told(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, until="2025-01-01")
    ended_earlier = told(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, until="2020-01-01")
    unknown = told(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, reason="unknown")
    refused = told(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, failed=True)
    passed = Check.passed("xmldsig.digest-algorithms")
    assert worst_of([passed, passed], passed) == passed
    assert worst_of([ended, passed, ended_earlier], passed) == ended_earlier
    assert worst_of([ended, unknown], passed) == unknown
    assert worst_of([unknown, ended, refused], passed) == refused


def test_K02_a_certificate_of_the_path_is_proven_to_be_older_than_the_end_of_its_algorithm():
    report = in_time(unproven=(who("ca").der,)).judged()
    # the first archive time-stamp covered it, and was renewed in time
    assert verdict(report) == (PASSED, None)
    signed = in_time(unproven=(who("ca").der,))
    first = archive(
        "tsa-2", RENEWED_AT, *signed.embedded.ocsp_responses, who("tsa-ca").der, over=signed.time_stamps[:1]
    )
    second = archive(
        "new-tsa",
        RENEWED_AGAIN_AT,
        *signed.embedded.ocsp_responses,
        who("tsa-ca").der,
        position=2,
        over=(signed.time_stamps[0], first),
    )
    never = replace(signed, time_stamps=(signed.time_stamps[0], first, second))
    report = never.judged()
    assert verdict(report) == (UNDECIDED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    assert broken(report) == {"path.existence"}


def test_a_time_stamp_made_before_its_authority_was_certified_proves_nothing():
    early = stamp("tsa-2", day("2022-06-02"))
    report = replace(
        level_lt(day("2023-07-01")),
        time_stamps=(early,),
        given=answers(*evidence_at(day("2023-06-30"), "tsa-2")),
    ).judged()
    assert broken(report.time_stamps[0]) == {"timestamp.authority-validity"}
    assert report.time_stamps[0].sub_indication is SubIndication.NOT_YET_VALID
    assert report.best_signature_time == day("2023-07-01")


# --- time-stamps that do not stand ---------------------------------------------------------------------------------
def damaged(der: bytes) -> bytes:
    """The last octet is one of the signature value."""
    return der[:-1] + bytes(((der[-1] + 1) % 256,))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda each: replace(each, token=damaged(each.token)), id="damaged"),
        pytest.param(lambda each: replace(each, token=b"\x30\x00"), id="no token"),
        pytest.param(
            lambda each: replace(each, imprint=lambda digest: digest.of(b"another")), id="A84 C14 of another signature"
        ),
        pytest.param(lambda each: replace(each, token=each.token + b"\0"), id="bytes behind it"),
    ],
)
def test_A84_a_time_stamp_that_does_not_stand_is_said_to_fail_and_proves_nothing(changed):
    signed = level_lt(SIGNED_AT + DAY)
    bad = replace(signed, time_stamps=(changed(signed.time_stamps[0]),))
    demanded = replace(bad, policy=replace(POLICY, timestamp="required")).judged()
    assert demanded.time_stamps[0].indication is FAILED
    assert verdict(demanded) == (UNDECIDED, SubIndication.NO_POE)
    assert found(demanded, "timestamp.present").params["reason"] == "not passed"
    ignored = bad.judged()
    assert ignored.best_signature_time == SIGNED_AT + DAY
    assert verdict(ignored) == (PASSED, None)
    assert found(ignored, "signature.level").params["reached"] == "B-B"


def test_A85_a_damaged_archive_time_stamp_proves_nothing_of_what_it_is_over():
    signed = level_lta()
    renewal = signed.time_stamps[1]
    report = replace(
        signed, time_stamps=(signed.time_stamps[0], replace(renewal, token=damaged(renewal.token)))
    ).judged()
    assert [each.indication for each in report.time_stamps] == [UNDECIDED, FAILED]
    assert report.indication is UNDECIDED


def test_a_content_time_stamp_proves_nothing_of_the_signature_whatever_is_said_of_it():
    lying = replace(timely.content_stamp(SIGNED_AT), covers=frozenset({SIGNATURE}))
    report = replace(level_lt(), time_stamps=(lying,)).judged()
    assert report.time_stamps[0].indication is PASSED
    assert report.best_signature_time == SIGNER_ENDED
    assert report.indication is UNDECIDED


def test_no_more_time_stamps_than_the_limit_are_judged_and_the_newest_are():
    one = stamp("tsa", SIGNED_AT)
    many = tuple(replace(one, id=f"t{number}", position=number) for number in range(time_stamps.MAX_TIME_STAMPS + 5))
    report = replace(level_lt(), time_stamps=many).judged()
    assert [each.id for each in report.time_stamps] == [each.id for each in many[5:]]


# --- what the policy does not ask ----------------------------------------------------------------------------------
UNASKED = replace(POLICY, revocation="not-checked")


def test_R14_what_was_not_checked_is_never_shown_as_good():
    report = replace(level_lt(SIGNED_AT + DAY), embedded=ValidationData(), policy=UNASKED).judged()
    assert verdict(report) == (PASSED, None)
    statuses = [check for check in report.checks if check.id == "revocation.status"]
    assert {check.conclusion for check in statuses} == {Conclusion.NOT_PERFORMED}
    assert report.revocation == ()


@pytest.mark.parametrize("origin", ["embedded", "given"])
def test_no_duty_to_ask_is_no_licence_to_overlook_a_revocation(origin: str):
    signed = replace(level_lt(SIGNED_AT + DAY), embedded=ValidationData(), time_stamps=(), policy=UNASKED)
    revoked = ocsp_answer("signer", SIGNED_AT, revoked_at=SIGNED_AT - DAY)
    report = replace(signed, **{origin: answers(revoked)}).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.REVOKED_NO_POE)
    strict = replace(signed, policy=replace(UNASKED, revoked_without_proof="failed"), **{origin: answers(revoked)})
    assert verdict(strict.judged()) == (FAILED, SubIndication.REVOKED)


def test_P09_looking_for_the_issuers_of_many_strangers_costs_no_more_than_for_one():
    """Each time-stamp is by an authority of its own, whose issuer could be any of eight; the newest come first."""
    authorities = strangers("TSA", "Nobody", 10, (ExtendedKeyUsageOID.TIME_STAMPING,))
    stamps = tuple(stamp(each, SIGNED_AT, position=number) for number, each in enumerate(authorities))
    issuers = tuple(each.der for each in strangers("Nobody", "No one", 8))
    signed = replace(timely.level_t(SIGNED_AT + DAY), time_stamps=stamps, embedded=ValidationData(certificates=issuers))
    report = signed.judged()
    assert [each.sub_indication for each in report.time_stamps] == [
        *[SubIndication.FORMAT_FAILURE] * 2,
        *[SubIndication.NO_CERTIFICATE_CHAIN_FOUND] * 8,
    ]
    assert found(report.time_stamps[0], "path.limits").params["limit"] == "signature checks"
    assert report.indication is PASSED  # by the signer's certificate, which still is valid


def test_a_flood_of_evidence_does_not_hide_what_the_judge_knows():
    """R15: what is given or fetched is looked at before what came with the signature."""
    at = SIGNED_AT + DAY
    flood = [good("signer", SIGNED_AT + timedelta(seconds=number)) for number in range(300)]
    broken_ones = [b"\x30\x01" + bytes((number,)) for number in range(64)]
    signed = Signed(at=at, embedded=answers(*flood, *authorities_at(at)), policy=POLICY)
    assert signed.judged().indication is UNDECIDED  # the status of the CA lies behind the flood
    known = answers(ocsp_answer("signer", at, revoked_at=SIGNED_AT - DAY), *authorities_at(at))
    assert replace(signed, given=known).judged().sub_indication is SubIndication.REVOKED_NO_POE
    spoilt = replace(signed, embedded=answers(*broken_ones, *flood))
    assert replace(spoilt, given=known).judged().sub_indication is SubIndication.REVOKED_NO_POE


def test_a_certificate_without_revocation_is_taken_at_its_issuers_word_where_the_policy_does():
    status = answers(good("ca", SIGNED_AT + HOUR), good("tsa", SIGNED_AT + HOUR), good("tsa-ca", SIGNED_AT + HOUR))
    signed = replace(level_lt(), signer="short-lived", embedded=status)
    report = signed.judged()
    assert verdict(report) == (PASSED, None)
    assert found(report, "revocation.status").conclusion is Conclusion.NOT_PERFORMED
    assert found(report, "signature.level").conclusion is Conclusion.PASSED
    strict = replace(signed, policy=replace(POLICY, accept_certificates_without_revocation=False))
    assert verdict(strict.judged()) == (UNDECIDED, SubIndication.TRY_LATER)
    revoked = ocsp_answer("short-lived", SIGNED_AT + HOUR, revoked_at=SIGNED_AT)
    assert with_status(signed, revoked).judged().sub_indication is SubIndication.REVOKED_NO_POE


NATIONAL = replace(
    POLICY, timestamp="required", timestamp_authority_revocation="if-any", revoked_without_proof="failed"
)
ON_SIGNER_ONLY = answers(good("signer", SIGNED_AT + HOUR), good("ca", SIGNED_AT + HOUR))


def test_the_reference_time_of_national_rules_is_that_of_the_time_stamp_whose_authority_nobody_speaks_of():
    signed = replace(level_lt(), embedded=ON_SIGNER_ONLY, policy=NATIONAL)
    report = signed.judged()
    assert verdict(report) == (PASSED, None)
    assert report.best_signature_time == SIGNED_AT
    assert found(report.time_stamps[0], "revocation.status").conclusion is Conclusion.NOT_PERFORMED
    strict = replace(signed, policy=replace(NATIONAL, timestamp_authority_revocation="required")).judged()
    assert verdict(strict.time_stamps[0]) == (UNDECIDED, SubIndication.TRY_LATER)


def test_under_national_rules_too_a_revoked_or_ended_authority_proves_nothing():
    signed = replace(level_lt(day("2024-10-01")), embedded=ON_SIGNER_ONLY, policy=NATIONAL)
    revoked = with_status(signed, TSA_REVOKED).judged()
    assert verdict(revoked.time_stamps[0]) == (UNDECIDED, SubIndication.REVOKED_NO_POE)
    assert revoked.indication is UNDECIDED
    ended = replace(signed, at=TSA_ENDED).judged()
    assert verdict(ended.time_stamps[0]) == (UNDECIDED, SubIndication.OUT_OF_BOUNDS_NO_POE)


# --- what is missing is fetched -------------------------------------------------------------------------------------
def services(*names: str, at: datetime) -> StatusServices:
    return StatusServices({status_url(who(name).name): good(name, at) for name in names})


def test_status_that_is_missing_is_fetched_and_told_to_be():
    at = SIGNED_AT + DAY
    asked = services("signer", "ca", "tsa", "tsa-ca", at=at)
    report = replace(level_lt(at), embedded=ValidationData(), fetcher=asked).judged()
    assert verdict(report) == (PASSED, None)
    assert {each.origin for each in report.revocation} == {"fetched"}
    assert sorted(asked.asked) == sorted(asked.answers)
    assert found(report, "signature.level").params["reached"] == "B-T"


def test_status_that_is_at_hand_is_not_asked_for():
    nobody = StatusServices({})
    assert replace(level_lt(), fetcher=nobody).judged().indication is PASSED
    assert nobody.asked == []


def test_a_status_from_before_the_signature_is_asked_for_again_where_somebody_can_be_asked():
    """Current by its nextUpdate, and made before the revocation."""
    at = SIGNED_AT + DAY
    older = (good("signer", SIGNED_AT - HOUR), good("ca", SIGNED_AT + HOUR), good("tsa", SIGNED_AT + HOUR))
    signed = replace(level_lt(at), embedded=answers(*older, good("tsa-ca", SIGNED_AT + HOUR)))
    assert verdict(signed.judged()) == (PASSED, None)
    url = status_url("Signer")
    asked = StatusServices({url: ocsp_answer("signer", at, revoked_at=SIGNED_AT - HOUR / 2)})
    assert replace(signed, fetcher=asked).judged().sub_indication is SubIndication.REVOKED_NO_POE
    assert asked.asked == [url]
    silent = StatusServices({})
    assert verdict(replace(signed, fetcher=silent).judged()) == (PASSED, None)


def test_newer_evidence_from_elsewhere_takes_no_level_from_what_a_signature_carries():
    newer = answers(good("signer", SIGNED_AT + 2 * DAY), good("ca", SIGNED_AT + 2 * DAY))
    report = replace(level_lt(SIGNED_AT + 3 * DAY), given=newer).judged()
    assert {each.origin for each in report.revocation} == {"given"}
    assert found(report, "signature.level").conclusion is Conclusion.PASSED


def test_a_service_that_does_not_answer_leaves_the_status_open():
    report = replace(level_lt(SIGNED_AT + DAY), embedded=ValidationData(), fetcher=StatusServices({})).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.TRY_LATER)
    assert broken(report) == {"revocation.status"}
    assert "revocation.fetched" in {check.id for check in report.checks}


def test_nothing_is_asked_for_a_signature_that_has_failed_or_a_certificate_that_has_ended():
    at = SIGNED_AT + DAY
    asked = services("signer", "ca", "tsa", "tsa-ca", at=at)
    failed = Check.failed("cms.signature-value", SubIndication.SIG_CRYPTO_FAILURE)
    bad = replace(level_lt(at), embedded=ValidationData(), fetcher=asked, checks=(failed,))
    assert bad.judged().indication is FAILED
    assert asked.asked == []
    replace(level_lt(), embedded=ValidationData(), fetcher=asked).judged()
    assert status_url("Signer") not in asked.asked


def test_nothing_is_asked_where_the_policy_asks_nothing():
    asked = StatusServices({})
    report = replace(level_lt(), embedded=ValidationData(), fetcher=asked, policy=UNASKED).judged()
    assert verdict(report) == (PASSED, None)
    assert asked.asked == []


# --- nothing taken away helps --------------------------------------------------------------------------------------
def pieces(signed: Signed) -> Iterator[Callable[[Signed], Signed]]:
    """Each way of taking one piece away, or of damaging it."""
    for der in signed.embedded.ocsp_responses:
        yield lambda s, der=der: _with_answers(s, [each for each in s.embedded.ocsp_responses if each != der])
        yield lambda s, der=der: _with_answers(
            s, [damaged(each) if each == der else each for each in s.embedded.ocsp_responses]
        )
    for stamped in signed.time_stamps:
        name = stamped.id
        yield lambda s, name=name: replace(s, time_stamps=tuple(each for each in s.time_stamps if each.id != name))
        yield lambda s, name=name: replace(
            s,
            time_stamps=tuple(
                replace(each, token=damaged(each.token)) if each.id == name else each for each in s.time_stamps
            ),
        )
        yield lambda s, name=name: replace(
            s,
            time_stamps=tuple(replace(each, covers=frozenset()) if each.id == name else each for each in s.time_stamps),
        )
    yield lambda s: replace(s, certificates=s.certificates[1:])
    yield lambda s: replace(s, checks=s.checks[1:])


def _with_answers(signed: Signed, ders: list[bytes]) -> Signed:
    return replace(signed, embedded=replace(signed.embedded, ocsp_responses=tuple(ders)))


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(level_lta, id="B-LTA"),
        pytest.param(lambda: with_status(level_lta(), CA_REVOKED_LATER), id="B-LTA, an authority revoked since"),
        pytest.param(renewed_again, id="B-LTA renewed"),
        pytest.param(lambda: replace(level_lta(), policy=NATIONAL), id="B-LTA under national rules"),
        pytest.param(in_time, id="B-LTA, an algorithm ended"),
    ],
)
def test_what_is_taken_away_or_damaged_never_makes_good_what_was_not(signed: Callable[[], Signed]):
    whole = signed()
    assert whole.judged().indication is PASSED
    ways = list(pieces(whole))
    lacking = [less for less in (way(whole) for way in ways) if less.judged().indication is not PASSED]
    assert len(lacking) > 4
    for less in lacking:
        for way in ways:
            assert way(less).judged().indication is not PASSED


# --- every end is a verdict -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("at", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
@pytest.mark.parametrize("signed", [level_lt, level_lta, renewed_again])
def test_the_ends_of_the_calendar_end_in_a_verdict(signed: Callable[[], Signed], at: datetime):
    assert replace(signed(), at=at).judged().indication is UNDECIDED


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_comes_along_ends_in_a_verdict_and_helps_nobody(data: st.DataObject):
    """Octets changed, cut or put in anywhere in evidence and tokens; the good signature lacks the status of the CA."""
    lacking = without_status_of_the_ca()
    ders = list(lacking.embedded.ocsp_responses)
    index = data.draw(st.integers(0, len(ders) - 1))
    spoilt = bytearray(ders[index])
    at = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    token = bytearray(lacking.time_stamps[0].token)
    at = data.draw(st.integers(0, len(token) - 1))
    token[at] ^= data.draw(st.integers(0, 255))
    changed = replace(
        lacking,
        embedded=ValidationData(
            ocsp_responses=(*ders, bytes(spoilt)), crls=(bytes(spoilt),), certificates=(bytes(spoilt),)
        ),
        time_stamps=(replace(lacking.time_stamps[0], token=bytes(token)), *lacking.time_stamps[1:]),
    )
    assert changed.judged().indication is UNDECIDED


@cache
def without_status_of_the_ca() -> Signed:
    signed = level_lta()
    return _with_answers(signed, [der for der in signed.embedded.ocsp_responses if der not in ON_THE_CA])


ON_THE_CA = frozenset(
    good("ca", moment, lasts=DAY * 30) for moment in (SIGNED_AT + HOUR, RENEWED_AT + HOUR, RENEWED_AGAIN_AT + HOUR)
)


# --- proofs of existence --------------------------------------------------------------------------------------------
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_everything_at_hand_exists_now_and_nothing_longer_without_proof():
    proofs = ProofsOfExistence(at=NOW)
    assert proofs.time("a") == NOW
    assert proofs.of("a").time_stamp is None


def test_the_earliest_proof_counts_whatever_the_order():
    first, second = NOW - DAY, NOW - 2 * DAY
    proofs = (
        ProofsOfExistence(at=NOW)
        .extended({"a"}, time=first, time_stamp="t1")
        .extended({"a"}, time=second, time_stamp="t2")
    )
    assert (proofs.time("a"), proofs.of("a").time_stamp) == (second, "t2")
    again = proofs.extended({"a"}, time=first, time_stamp="t3")
    assert again.of("a") == proofs.of("a")


def test_a_proof_of_a_thing_is_a_proof_of_what_is_inside_it_and_of_nothing_round_it():
    proofs = ProofsOfExistence(at=NOW).holding("token", {"certificate"}).holding("certificate", {"token", "key"})
    proven = proofs.extended({"certificate"}, time=NOW - DAY, time_stamp="t")
    assert proven.time("key") == proven.time("token") == NOW - DAY
    assert proven.time("signature") == NOW


def test_a_time_in_the_future_proves_nothing():
    proofs = ProofsOfExistence(at=NOW).extended({"a"}, time=NOW + DAY, time_stamp="t")
    assert proofs.of("a").time_stamp is None


def test_every_check_of_the_process_has_a_case_that_breaks_it_alone():
    alone = {name for case in timely.CASES for name in case.checks} | {"path.existence", "timestamp.authority-validity"}
    assert alone >= acceptance.CHECKS | certificate_validation.CHECKS | time_stamps.CHECKS
