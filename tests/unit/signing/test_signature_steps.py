"""What a certificate may be used for, and what a policy demands besides: each check has a case that breaks it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from signing import (
    KZ_DOCUMENT,
    KZ_SIGNATURE,
    SANDBOX_DOCUMENT,
    SANDBOX_ENVELOPE,
    Certificate,
    Check,
    Conclusion,
    Indication,
    IssuedKey,
    SandboxPki,
    SignatureReport,
    SigningError,
    SubIndication,
    TrustAnchors,
    ValidationPolicy,
)
from signing import certificates as x509
from signing.policy import PERSONS_OF_A_BODY
from signing.verify.context import Context
from signing.verify.signature import CHECKS, SignedClaims, judge_signer
from tests.unit.signing import crafted_pki as made
from tests.unit.signing.crafted_pki import BIN, Chain

AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
SIG = SubIndication.SIG_CONSTRAINTS_FAILURE
FAILED, UNDECIDED = Indication.TOTAL_FAILED, Indication.INDETERMINATE
DONE = Check.passed("cms.signature-value")


def judged(
    signer: IssuedKey | None,
    pki: SandboxPki,
    policy: ValidationPolicy = SANDBOX_DOCUMENT,
    *,
    claimed: datetime | None = AT,
    checks: tuple[Check, ...] = (DONE,),
    has_time_stamp: bool = False,
) -> SignatureReport:
    certificate = Certificate.from_der(signer.certificate) if signer else None
    return judge_certificate(certificate, pki.trust_anchors(), policy, claimed, checks, has_time_stamp=has_time_stamp)


def judge_certificate(
    certificate: Certificate | None,
    anchors: TrustAnchors,
    policy: ValidationPolicy,
    claimed: datetime | None = AT,
    checks: tuple[Check, ...] = (DONE,),
    *,
    candidates: tuple[Certificate, ...] = (),
    has_time_stamp: bool = False,
) -> SignatureReport:
    return judge_signer(
        claims=SignedClaims(
            id="s",
            format="CAdES",
            level="B-B",
            covered=("content",),
            signing_time=claimed,
            has_time_stamp=has_time_stamp,
        ),
        signer=certificate,
        candidates=candidates,
        checks=checks,
        context=Context(policy=policy, anchors=anchors, at=AT),
    )


def crafted(extensions: tuple[bytes, ...], policy: ValidationPolicy) -> SignatureReport:
    chain = Chain().with_leaf(extensions=extensions)
    return judge_certificate(chain.signer, chain.anchors, policy, candidates=chain.candidates)


ANY_PURPOSE = replace(
    SANDBOX_DOCUMENT, required_roles=(), refused_roles=(), refuse_authentication_only=False, required_key_usage=None
)
NO_USAGE = replace(SANDBOX_DOCUMENT, required_key_usage=None)
BOTH_USES = made.extension(x509.KEY_USAGE, b"\x03\x02\x02\x44", critical=True)  # nonRepudiation and keyCertSign


@dataclass(frozen=True)
class Case:
    what: str
    check: str
    indication: Indication
    sub_indication: SubIndication
    make: Callable[[SandboxPki, IssuedKey], SignatureReport]


def issue(pki: SandboxPki, kind: str, key: IssuedKey) -> IssuedKey:
    return pki.issue(kind, "N", "O", bin=BIN, key_of=key)


CASES = (
    Case("anchors of another kind", "policy.anchors", UNDECIDED, SubIndication.POLICY_PROCESSING_ERROR,
         lambda pki, key: judged(key, pki, replace(SANDBOX_DOCUMENT, anchor_kinds=("production",)))),
    Case("no certificate", "signer.identified", UNDECIDED, SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
         lambda pki, key: judged(None, pki)),
    Case("P03 an authority as signer", "signer.end-entity", FAILED, SIG,
         lambda pki, key: crafted((made.basic_constraints(ca=True), made.SIGNER_USAGE), ANY_PURPOSE)),
    Case("P01 an end entity that may sign certificates", "signer.end-entity", FAILED, SIG,
         lambda pki, key: crafted((made.basic_constraints(ca=False), BOTH_USES), ANY_PURPOSE)),
    Case("no key usage at all", "signer.key-usage", FAILED, SIG,
         lambda pki, key: crafted((made.basic_constraints(ca=False),), replace(ANY_PURPOSE, required_key_usage="nonRepudiation"))),
    Case("P01 no nonRepudiation", "signer.key-usage", FAILED, SIG,
         lambda pki, key: judged(issue(pki, "authentication", key), pki,
                                 replace(SANDBOX_DOCUMENT, refuse_authentication_only=False))),
    Case("made for logging in", "signer.not-authentication-only", FAILED, SIG,
         lambda pki, key: judged(issue(pki, "authentication", key), pki, NO_USAGE)),
    Case("information system under a document", "signer.roles", FAILED, SIG,
         lambda pki, key: judged(issue(pki, "information-system", key), pki, replace(SANDBOX_DOCUMENT, refused_roles=()))),
    Case("P02 no purpose stated", "signer.roles", FAILED, SIG,
         lambda pki, key: crafted((made.basic_constraints(ca=False), made.SIGNER_USAGE), SANDBOX_DOCUMENT)),
    Case("a person's certificate on an envelope", "signer.refused-roles", FAILED, SIG,
         lambda pki, key: judged(key, pki, SANDBOX_ENVELOPE, claimed=None)),
    Case("another body's certificate", "signer.bin", FAILED, SIG,
         lambda pki, key: judged(key, pki, replace(SANDBOX_DOCUMENT, expected_signer_bin="999999999999"))),
    Case("revocation demanded", "revocation.status", UNDECIDED, SubIndication.TRY_LATER,
         lambda pki, key: judged(key, pki, replace(SANDBOX_DOCUMENT, revocation="required"))),
    Case("time-stamp demanded", "timestamp.present", UNDECIDED, SubIndication.NO_POE,
         lambda pki, key: judged(key, pki, replace(SANDBOX_DOCUMENT, timestamp="required"))),
    Case("time-stamp demanded, one came along unchecked", "timestamp.present", UNDECIDED, SubIndication.NO_POE,
         lambda pki, key: judged(key, pki, replace(SANDBOX_DOCUMENT, timestamp="required"), has_time_stamp=True)),
    Case("claimed time in the future", "claims.signing-time", UNDECIDED, SIG,
         lambda pki, key: judged(key, pki, claimed=AT + timedelta(minutes=5, seconds=1))),
    Case("no claimed time", "claims.signing-time", FAILED, SIG, lambda pki, key: judged(key, pki, claimed=None)),
)  # fmt: skip


@pytest.mark.parametrize("kind", ["head", "signer", "employee"])
def test_a_person_of_a_body_may_sign_a_document(pki: SandboxPki, ec_head: IssuedKey, kind: str):
    report = judged(issue(pki, kind, ec_head), pki, replace(SANDBOX_DOCUMENT, expected_signer_bin=BIN))
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signer.bin == BIN
    assert report.best_signature_time == AT


@pytest.mark.parametrize("at", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_end_in_a_verdict(pki: SandboxPki, ec_head: IssuedKey, at: datetime):
    certificate = Certificate.from_der(ec_head.certificate)
    claims = SignedClaims(id="s", format="CAdES", level="B-B", covered=("content",), signing_time=AT)
    report = judge_signer(
        claims=claims,
        signer=certificate,
        candidates=(),
        checks=(DONE,),
        context=Context(policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=at),
    )
    assert report.indication is UNDECIDED


@pytest.mark.parametrize("kind", ["information-system", "gateway"])
def test_a_system_may_sign_an_envelope(pki: SandboxPki, ec_head: IssuedKey, kind: str):
    assert judged(issue(pki, kind, ec_head), pki, SANDBOX_ENVELOPE, claimed=None).indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_refuses_what_breaks_one_demand_and_says_which(case: Case, pki: SandboxPki, ec_head: IssuedKey):
    report = case.make(pki, ec_head)
    assert (report.indication, report.sub_indication) == (case.indication, case.sub_indication)
    broken = {c.id for c in report.checks if c.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE)}
    assert broken == {case.check}


def test_every_check_has_a_case_that_breaks_it_alone():
    assert {case.check for case in CASES} == CHECKS


def test_what_a_certificate_says_that_nobody_vouches_for_is_no_final_word(pki: SandboxPki, stranger_pki: SandboxPki):
    """The same breach is final under an anchor, and leaves everything open where no path was found."""
    system = stranger_pki.issue("information-system", "N", "O", bin=BIN, key="ec-p256")
    policy = replace(SANDBOX_DOCUMENT, refused_roles=())
    known, unknown = judged(system, stranger_pki, policy), judged(system, pki, policy)
    assert (known.indication, known.sub_indication) == (FAILED, SIG)
    assert (unknown.indication, unknown.sub_indication) == (UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert {each.id for each in unknown.checks if each.conclusion is Conclusion.INDETERMINATE} == {
        "signer.roles",
        "path.found",
    }


def test_what_was_not_checked_is_said_aloud(pki: SandboxPki, ec_head: IssuedKey):
    report = judged(ec_head, pki)
    silent = {c.id: dict(c.params) for c in report.checks if c.conclusion is Conclusion.NOT_PERFORMED}
    assert silent == {"revocation.status": {"reason": "not checked"}, "timestamp.present": {"reason": "absent"}}
    stamped = judged(ec_head, pki, has_time_stamp=True)
    assert stamped.checks[-1].params == {"reason": "not checked"}


def test_the_claimed_time_is_never_the_reference_time(pki: SandboxPki, ec_head: IssuedKey):
    ended = pki.issue("head", "N", "O", not_after=AT - timedelta(days=1), key_of=ec_head)
    report = judged(ended, pki, claimed=AT - timedelta(days=30))
    assert report.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert judged(ec_head, pki, claimed=AT + timedelta(minutes=5)).indication is Indication.TOTAL_PASSED


def test_a_failed_value_stays_failed_whatever_the_certificate(pki: SandboxPki, ec_head: IssuedKey):
    failed = Check.failed("cms.signature-value", SubIndication.SIG_CRYPTO_FAILURE)
    report = judged(ec_head, pki, checks=(failed,))
    assert (report.indication, report.sub_indication) == (FAILED, SubIndication.SIG_CRYPTO_FAILURE)


def test_the_national_policy_cannot_pass_without_revocation_and_time_stamp():
    assert (KZ_DOCUMENT.revocation, KZ_DOCUMENT.timestamp) == ("required", "required")
    assert KZ_DOCUMENT.required_roles == PERSONS_OF_A_BODY
    assert (KZ_SIGNATURE.revocation, KZ_SIGNATURE.timestamp) == ("required", "required")


def test_anybody_may_sign_under_the_policy_of_any_signature_and_a_key_for_logging_in_may_not(pki: SandboxPki):
    loose = {"anchor_kinds": ("sandbox",), "revocation": "not-checked", "timestamp": "not-required"}
    for kind, expected in (("information-system", Indication.TOTAL_PASSED), ("authentication", FAILED)):
        issued = pki.issue(kind, "Жүйе", "Үлгі министрлігі", bin=BIN, key="ec-p256")
        assert judged(issued, pki, policy=replace(KZ_SIGNATURE, **loose)).indication is expected
        assert judged(issued, pki, policy=replace(KZ_DOCUMENT, **loose)).indication is FAILED


def test_of_a_certificate_that_no_path_leads_to_nobody_says_what_it_is_made_for(
    pki: SandboxPki, stranger_pki: SandboxPki
):
    issued = stranger_pki.issue("information-system", "Жүйе", "Үлгі министрлігі", bin=BIN, key="ec-p256")
    report = judged(issued, pki)
    assert (report.indication, report.sub_indication) == (UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    conclusions = {check.id: check.conclusion for check in report.checks}
    assert conclusions["signer.roles"] is Conclusion.INDETERMINATE


def test_refuses_a_time_without_a_zone(pki: SandboxPki, ec_head: IssuedKey):
    with pytest.raises(SigningError):
        judge_signer(
            claims=SignedClaims(id="s", format="f", level="l", covered=(), signing_time=None),
            signer=None,
            candidates=(),
            checks=(),
            context=Context(policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=datetime(2026, 11, 10)),
        )
