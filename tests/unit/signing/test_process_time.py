"""Signatures with time and with long-term availability (EN 319 102-1, 5.5 and 5.6): each condition alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from signing import Check, Conclusion, Indication, SignatureReport, SubIndication
from signing.validation_data import FoundTimeStamp, ValidationData
from signing.validation_report import TimeStampReport
from tests.unit.signing.process_material import (
    CHAINS,
    POLICY,
    Signed,
    answers,
    archive,
    authorities_at,
    day,
    good,
    ocsp_answer,
    stamp,
    who,
)

PASSED, FAILED, UNDECIDED = Indication.TOTAL_PASSED, Indication.TOTAL_FAILED, Indication.INDETERMINATE
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIGNED_AT = day("2022-06-01")
RENEWED_AT = day("2024-06-01")
RENEWED_AGAIN_AT = day("2029-06-01")
SIGNER_ENDED, TSA_ENDED, TSA_2_ENDED = day("2024-03-01"), day("2026-03-01"), day("2032-03-01")


def evidence_at(moment: datetime, *names: str) -> tuple[bytes, ...]:
    """Good answers of that moment on these and on both authorities."""
    return (*(good(name, moment) for name in names), *authorities_at(moment))


def level_t(at: datetime = SIGNER_ENDED) -> Signed:
    """A time-stamp by the first authority; status of everybody given, not embedded."""
    return Signed(
        at=at,
        time_stamps=(stamp("tsa", SIGNED_AT),),
        given=answers(*evidence_at(SIGNED_AT + HOUR, "signer", "tsa")),
        level="B-T",
    )


def level_lt(at: datetime = SIGNER_ENDED) -> Signed:
    signed = level_t(at)
    return replace(signed, embedded=signed.given, given=ValidationData(), level="B-LT")


def certificates() -> tuple[bytes, ...]:
    return tuple(who(name).der for name in CHAINS)


def level_lta(at: datetime = TSA_ENDED, *, unproven: tuple[bytes, ...] = ()) -> Signed:
    """B-LT, and an archive time-stamp by the second authority over everything but `unproven`."""
    signed = level_lt(at)
    covered = [der for der in (*signed.embedded.ocsp_responses, *certificates()) if der not in unproven]
    renewal = archive("tsa-2", RENEWED_AT, *covered, over=signed.time_stamps)
    embedded = signed.embedded.joined(answers(*evidence_at(RENEWED_AT + HOUR, "tsa-2")))
    return replace(signed, time_stamps=(*signed.time_stamps, renewal), embedded=embedded, level="B-LTA")


def renewed_again(at: datetime = TSA_2_ENDED) -> Signed:
    signed = level_lta(at)
    covered = (*signed.embedded.ocsp_responses, *certificates())
    renewal = archive("tsa-3", RENEWED_AGAIN_AT, *covered, position=2, over=signed.time_stamps)
    embedded = signed.embedded.joined(answers(*evidence_at(RENEWED_AGAIN_AT + HOUR, "tsa-3")))
    return replace(signed, time_stamps=(*signed.time_stamps, renewal), embedded=embedded)


def verdict(report: SignatureReport | TimeStampReport) -> tuple[Indication, SubIndication | None]:
    return report.indication, report.sub_indication


def broken(report: SignatureReport | TimeStampReport) -> set[str]:
    return {c.id for c in report.checks if c.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE)}


def found(report: SignatureReport | TimeStampReport, check_id: str) -> Check:
    return next(check for check in report.checks if check.id == check_id)


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(lambda: level_t(SIGNED_AT + DAY), id="B-T"),
        pytest.param(level_t, id="B-T after the signer's end"),
        pytest.param(level_lt, id="B-LT"),
        pytest.param(level_lta, id="B-LTA after the end of the first TSA"),
        pytest.param(renewed_again, id="B-LTA renewed, after the end of the second TSA"),
    ],
)
def test_passes_at_the_time_of_the_first_time_stamp(signed):
    report = signed().judged()
    assert verdict(report) == (PASSED, None)
    assert report.best_signature_time == SIGNED_AT
    assert [each.indication for each in report.time_stamps] == [PASSED] * len(report.time_stamps)
    assert found(report, "signature.level").conclusion is Conclusion.PASSED
    assert [each.sha256 for each in report.path] == [who(name).sha256 for name in ("signer", "ca", "root")]
    assert {each.certificate for each in report.revocation} == {who("signer").sha256, who("ca").sha256}


def test_an_ended_certificate_without_proof_is_out_of_bounds():
    report = replace(level_t(), time_stamps=()).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert report.best_signature_time == SIGNER_ENDED


def test_an_ended_certificate_known_not_to_be_revoked_is_said_to_be_so():
    until_the_end = good("signer", day("2022-12-31"), lasts=DAY * 30)
    report = Signed(at=day("2023-01-10"), given=answers(until_the_end, *authorities_at(day("2023-01-01")))).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED)
    assert broken(report) == {"path.validity"}


def test_T10_an_ended_authority_of_time_stamps_without_an_archive_time_stamp_proves_nothing():
    report = level_lt(TSA_ENDED).judged()
    assert verdict(report) == (UNDECIDED, SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert verdict(report.time_stamps[0]) == (UNDECIDED, SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_A86_an_archive_time_stamp_made_before_its_revocation_data_proves_nothing_of_them():
    on_the_tsa = good("tsa", SIGNED_AT + HOUR)
    report = level_lta(unproven=(on_the_tsa,)).judged()
    first = report.time_stamps[0]
    assert first.indication is UNDECIDED
    assert broken(first) == {"revocation.status"}
    assert found(first, "revocation.status").sub_indication is SubIndication.NO_POE
    assert report.best_signature_time == RENEWED_AT
    assert report.indication is UNDECIDED


# --- one condition broken, everything else good --------------------------------------------------------------------
def with_status(signed: Signed, *answers_: bytes) -> Signed:
    return replace(signed, given=signed.given.joined(answers(*answers_)))


def stamped_by(*time_stamps: FoundTimeStamp, at: datetime = SIGNER_ENDED, **changes: object) -> Signed:
    return replace(level_lt(at), time_stamps=time_stamps, **changes)  # type: ignore[arg-type]


def content_stamp(when: datetime) -> FoundTimeStamp:
    return stamp("tsa", when, kind="content", position=-1, covers=(), over=b"content")


def ended(until: str) -> tuple[Check, ...]:
    """What a format's reader says of an algorithm that had ended by the validation time."""
    check = Check.indeterminate(
        "cms.digest-algorithm",
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        algorithm="sha256",
        reason="ended",
        until=until,
    )
    return (*Signed(at=SIGNED_AT).checks, check)


REVOKED_BEFORE = ocsp_answer("signer", day("2022-06-05"), revoked_at=day("2022-05-30"), reason="superseded")
REVOKED_AFTER = ocsp_answer("signer", day("2022-06-05"), revoked_at=day("2022-06-03"), reason="superseded")
CA_REVOKED_BEFORE = ocsp_answer("ca", day("2022-06-05"), revoked_at=day("2022-05-30"), reason="superseded")
STRICT = replace(POLICY, revoked_without_proof="failed")


@dataclass(frozen=True)
class Case:
    what: str
    signed: Signed
    indication: Indication
    sub_indication: SubIndication
    checks: frozenset[str]


def case(what: str, signed: Signed, indication: Indication, sub_indication: SubIndication, *checks: str) -> Case:
    return Case(what, signed, indication, sub_indication, frozenset(checks))


CASES = (
    case("no status at all", replace(level_lt(), embedded=answers(good("tsa", SIGNED_AT + HOUR), *authorities_at(SIGNED_AT + HOUR))),
         UNDECIDED, SubIndication.TRY_LATER, "revocation.status"),
    case("Z43 R05 status from long before the time-stamp", replace(level_lt(), embedded=answers(
            good("signer", day("2022-05-01")), good("tsa", SIGNED_AT + HOUR), *authorities_at(SIGNED_AT + HOUR))),
         UNDECIDED, SubIndication.TRY_LATER, "revocation.status"),
    case("revoked before the time-stamp", with_status(level_lt(), REVOKED_BEFORE),
         UNDECIDED, SubIndication.REVOKED_NO_POE, "revocation.status"),
    case("R01 revoked before the time-stamp, under national rules", replace(with_status(level_lt(), REVOKED_BEFORE), policy=STRICT),
         FAILED, SubIndication.REVOKED, "revocation.status"),
    case("revoked, and no time-stamp", replace(with_status(level_lt(day("2022-06-06")), REVOKED_AFTER), time_stamps=()),
         UNDECIDED, SubIndication.REVOKED_NO_POE, "revocation.status"),
    case("signed after the revocation, as the content time-stamp proves", with_status(
            stamped_by(content_stamp(day("2022-05-31")), stamp("tsa", SIGNED_AT)), REVOKED_BEFORE),
         FAILED, SubIndication.REVOKED, "revocation.status"),
    case("an authority of the path revoked before the time-stamp", with_status(level_lt(), CA_REVOKED_BEFORE),
         UNDECIDED, SubIndication.REVOKED_CA_NO_POE, "revocation.status"),
    case("proven to be older than its certificate", Signed(
            at=day("2020-02-01"), time_stamps=(stamp("tsa-0", day("2019-12-31")),),
            given=answers(*evidence_at(day("2020-01-15"), "signer", "tsa-0"))),
         FAILED, SubIndication.NOT_YET_VALID, "path.validity"),
    case("time-stamped after the certificate's end", Signed(
            at=SIGNER_ENDED, time_stamps=(stamp("tsa", day("2023-02-01")),),
            given=answers(good("signer", day("2022-12-31"), lasts=DAY * 30), *evidence_at(day("2023-02-02"), "tsa"))),
         UNDECIDED, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED, "path.validity"),
    case("signed after the certificate's end, as the content time-stamp proves", Signed(
            at=SIGNER_ENDED, time_stamps=(content_stamp(day("2023-01-31")), stamp("tsa", day("2023-02-01"))),
            given=answers(good("signer", day("2022-12-31"), lasts=DAY * 30), *evidence_at(day("2023-02-02"), "tsa"))),
         FAILED, SubIndication.EXPIRED, "path.validity"),
    case("A84 time-stamp of another signature, where one is demanded", stamped_by(
            stamp("tsa", SIGNED_AT, of=b"another value"), at=SIGNED_AT + DAY, policy=replace(POLICY, timestamp="required")),
         UNDECIDED, SubIndication.NO_POE, "timestamp.present"),
    case("no time-stamp, where one is demanded", stamped_by(at=SIGNED_AT + DAY, policy=replace(POLICY, timestamp="required")),
         UNDECIDED, SubIndication.NO_POE, "timestamp.present"),
    case("content time-stamp younger than the signature", stamped_by(content_stamp(SIGNED_AT + HOUR / 2), stamp("tsa", SIGNED_AT)),
         UNDECIDED, SubIndication.TIMESTAMP_ORDER_FAILURE, "timestamp.order"),
    case("time-stamp long after the claimed time", replace(
            level_lt(), claimed=SIGNED_AT - DAY, policy=replace(POLICY, max_timestamp_delay=HOUR)),
         UNDECIDED, SubIndication.SIG_CONSTRAINTS_FAILURE, "timestamp.delay"),
    case("a delay is asked for and no time is claimed", replace(level_lt(), policy=replace(POLICY, max_timestamp_delay=HOUR)),
         UNDECIDED, SubIndication.SIG_CONSTRAINTS_FAILURE, "timestamp.delay"),
    case("A83 claimed time after the time-stamp", replace(level_lt(), claimed=SIGNED_AT + HOUR),
         UNDECIDED, SubIndication.SIG_CONSTRAINTS_FAILURE, "claims.signing-time"),
    case("K02 an algorithm that had ended before the time-stamp", replace(level_lt(), checks=ended("2022-06-01")),
         UNDECIDED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "cms.digest-algorithm"),
    case("an algorithm that had ended before the signature was made", replace(
            stamped_by(content_stamp(day("2022-05-31")), stamp("tsa", SIGNED_AT)), checks=ended("2022-05-31")),
         UNDECIDED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "cms.digest-algorithm"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_one_condition_alone_decides(case: Case):
    report = case.signed.judged()
    assert verdict(report) == (case.indication, case.sub_indication)
    assert broken(report) == case.checks


def test_R06_revoked_after_the_time_stamp_passes_and_is_told():
    report = with_status(
        replace(level_lt(), embedded=answers(*evidence_at(SIGNED_AT + HOUR, "tsa"))), REVOKED_AFTER
    ).judged()
    assert verdict(report) == (PASSED, None)
    assert found(report, "revocation.status").params["status"] == "revoked later"
    assert [each.status for each in report.revocation if each.certificate == who("signer").sha256] == ["revoked"]


def test_K02_an_algorithm_that_ended_after_the_time_stamp_is_good():
    report = replace(level_lt(), checks=ended("2022-06-02")).judged()
    assert verdict(report) == (PASSED, None)
    assert found(report, "cms.digest-algorithm").params["proven_at"] == SIGNED_AT.isoformat()
