"""Which statement decides: freshness, and the order of sources."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signing import ETSI_BASELINE, KZ_DOCUMENT, Conclusion, SigningError, SubIndication
from signing.revocation import NEVER_ISSUED, StatusStatement, judge_status
from tests.unit.signing.crafted_pki import Chain

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CHAIN = Chain()
LEAF, CA = CHAIN.signer, CHAIN.candidates[0]


def statement(**changes: object) -> StatusStatement:
    fields: dict[str, object] = {
        "certificate": LEAF,
        "kind": "ocsp",
        "status": "good",
        "this_update": AT - MINUTE,
        "next_update": AT + HOUR,
        "produced_at": AT - MINUTE,
        "issuer_certificate": CA,
        "issuer_path": (CA,),
        "algorithm": "ecdsa-sha256",
        "origin": "given",
        "evidence": "00" * 32,
        "der": b"",
    }
    return StatusStatement(**{**fields, **changes})


def revoked(since: datetime, **changes: object) -> StatusStatement:
    return statement(status="revoked", revoked_at=since, **changes)


def crl(**changes: object) -> StatusStatement:
    return statement(kind="crl", this_update=AT - HOUR, **changes)


CURRENT = [
    ("within nextUpdate", {}, "good"),
    ("to the second of nextUpdate", {"next_update": AT}, "good"),
    ("R05 R11 past nextUpdate", {"next_update": AT - timedelta(seconds=1)}, "not fresh"),
    ("no nextUpdate, within the window", {"next_update": None, "this_update": AT - 5 * MINUTE}, "good"),
    ("R11 no nextUpdate, an old answer replayed", {"next_update": None, "this_update": AT - 6 * MINUTE}, "not fresh"),
    ("issued later", {"next_update": None, "this_update": AT + 30 * HOUR}, "good"),
    ("CRL without nextUpdate", {"kind": "crl", "next_update": None}, "not fresh"),
    ("R05 CRL past nextUpdate", {"kind": "crl", "next_update": AT - MINUTE}, "not fresh"),
    ("CRL within nextUpdate", {"kind": "crl"}, "good"),
    ("responder does not know", {"status": "unknown"}, "unknown"),
    ("never issued", {"status": "unknown", "reason": NEVER_ISSUED}, "never issued"),
]


def test_R01_revoked_is_revoked_from_the_day_it_is_said_even_if_the_date_lies_after_it():
    """Local time written as UTC: the revocation seems to come five hours after the answer that tells it."""
    for each in (revoked(AT + 5 * HOUR), crl(status="revoked", revoked_at=AT + 5 * HOUR)):
        assert each.revoked_from == each.this_update
        assert judge_status([each], LEAF, at=AT, policy=KZ_DOCUMENT)[0].sub_indication is SubIndication.REVOKED


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in CURRENT], ids=[row[0] for row in CURRENT])
def test_a_good_status_counts_while_it_is_fresh(changes: dict[str, object], expected: str):
    check, _ = judge_status([statement(**changes)], LEAF, at=AT, policy=KZ_DOCUMENT)
    if expected == "good":
        assert (check.conclusion, check.params["status"]) == (Conclusion.PASSED, "good")
    else:
        assert (check.conclusion, check.sub_indication) == (Conclusion.INDETERMINATE, SubIndication.TRY_LATER)
        assert check.params["reason"] == expected


def test_an_age_that_the_policy_limits_counts_beside_next_update():
    old = statement(this_update=AT - 25 * HOUR)
    strict = replace(KZ_DOCUMENT, max_revocation_age=24 * HOUR)
    assert judge_status([old], LEAF, at=AT, policy=KZ_DOCUMENT)[0].conclusion is Conclusion.PASSED
    assert judge_status([old], LEAF, at=AT, policy=strict)[0].params["reason"] == "not fresh"


def test_R14_no_status_is_never_good():
    for statements in ([], [statement(certificate=CA)]):
        check, decisive = judge_status(statements, LEAF, at=AT, policy=ETSI_BASELINE)
        assert (check.conclusion, check.sub_indication) == (Conclusion.INDETERMINATE, SubIndication.TRY_LATER)
        assert (check.params["reason"], decisive) == ("absent", None)


def test_R06_a_revocation_after_the_time_judged_at_leaves_it_in_force():
    check, decisive = judge_status([revoked(AT + HOUR, this_update=AT + 2 * HOUR)], LEAF, at=AT, policy=KZ_DOCUMENT)
    assert (check.conclusion, check.params["status"]) == (Conclusion.PASSED, "revoked later")
    assert decisive is not None
    assert decisive.report().revoked_at == AT + HOUR


REVOKED = [
    ("R01 before", revoked(AT - HOUR), []),
    ("R01 at the very moment", revoked(AT), []),
    ("stale", revoked(AT - HOUR, next_update=AT - MINUTE), []),
    ("CRL against a good OCSP answer", crl(status="revoked", revoked_at=AT - HOUR), [statement()]),
    ("OCSP against a good CRL", revoked(AT - HOUR), [crl()]),
    ("R13 known to be compromised before", revoked(AT + HOUR, invalidity_date=AT - HOUR, reason="keyCompromise"), []),
    ("R13 hold", revoked(AT - HOUR, reason="certificateHold"), []),
    (
        "R13 hold, an older good answer",
        revoked(AT - HOUR, reason="certificateHold"),
        [statement(this_update=AT - 2 * MINUTE)],
    ),
    ("R13 hold, lifted only after", revoked(AT - HOUR, reason="certificateHold"), [statement(this_update=AT + HOUR)]),
]


@pytest.mark.parametrize(("decisive", "others"), [row[1:] for row in REVOKED], ids=[row[0] for row in REVOKED])
def test_a_revocation_by_the_time_judged_at_decides(decisive: StatusStatement, others: list[StatusStatement]):
    for order in ([decisive, *others], [*others, decisive]):
        check, found = judge_status(order, LEAF, at=AT, policy=KZ_DOCUMENT)
        assert (check.conclusion, check.sub_indication) == (Conclusion.FAILED, SubIndication.REVOKED)
        assert found is decisive


def test_R13_a_hold_that_is_lifted_by_then_is_none():
    hold = crl(status="revoked", revoked_at=AT - 3 * HOUR, reason="certificateHold")
    assert judge_status([hold, statement()], LEAF, at=AT, policy=KZ_DOCUMENT)[0].conclusion is Conclusion.PASSED
    other = replace(hold, reason="superseded")
    assert judge_status([other, statement()], LEAF, at=AT, policy=KZ_DOCUMENT)[0].conclusion is Conclusion.FAILED


def test_R13_a_policy_may_take_a_hold_for_cannot_tell():
    lenient = replace(KZ_DOCUMENT, hold_counts_as_revoked=False)
    check, _ = judge_status([revoked(AT - HOUR, reason="certificateHold")], LEAF, at=AT, policy=lenient)
    assert (check.conclusion, check.params["reason"]) == (Conclusion.INDETERMINATE, "on hold")


def test_ocsp_speaks_before_a_crl_and_unknown_leaves_it_to_the_crl():
    answer, listed = statement(), crl()
    assert judge_status([listed, answer], LEAF, at=AT, policy=KZ_DOCUMENT)[1] is answer
    assert judge_status([listed, statement(status="unknown")], LEAF, at=AT, policy=KZ_DOCUMENT)[1] is listed
    never = statement(status="unknown", reason=NEVER_ISSUED)
    check, found = judge_status([listed, never], LEAF, at=AT, policy=KZ_DOCUMENT)
    assert (check.params["reason"], found) == ("never issued", never)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(SigningError, match=r"signing\.naive-time"):
        judge_status([], LEAF, at=AT.replace(tzinfo=None), policy=KZ_DOCUMENT)
