"""Evidence that lies by itself: what is good passes, and each check has a vector that fails it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache

import pytest

from signing import (
    ETSI_BASELINE,
    KZ_DOCUMENT,
    NO_DATA,
    EvidenceValidation,
    IssuedKey,
    TrustAnchors,
    ValidationData,
    ValidationPolicy,
    asn1,
    evidence_kind,
    verify_evidence,
)
from signing import certificates as certs
from signing.algorithms import digest_algorithm
from signing.certificates import Certificate
from signing.revocation.ocsp import NO_CHECK
from signing.sandbox_services.crl import SandboxCrl, entry
from signing.sandbox_services.ocsp import SandboxOcsp
from signing.sandbox_services.register import Revocation, SandboxRegister
from signing.sandbox_services.tsa import SANDBOX_TSA_POLICY, SandboxTsa
from signing.timestamp import new_request
from signing.validation_report import Check, Conclusion, Indication, SubIndication
from signing.verify import evidence_report, lone_answer, lone_certificate, lone_list, lone_token
from tests.unit.signing.crafted_pki import (
    Chain,
    Draft,
    basic_constraints,
    cn,
    extension,
    key,
    key_id,
    sequence,
)
from tests.unit.signing.status_material import AT, HOUR, MINUTE, NOT_BEFORE, world
from tests.unit.signing.test_revocation_ocsp import (
    DIGITAL_SIGNATURE,
    NOCHECK_EMPTY,
    OCSP_SIGNING,
    CraftedKey,
    answer_by,
    responder,
)

DAY = timedelta(days=1)
PASSED, FAILED, UNDECIDED = Indication.TOTAL_PASSED, Indication.TOTAL_FAILED, Indication.INDETERMINATE
SIG, CRYPTO = SubIndication.SIG_CONSTRAINTS_FAILURE, SubIndication.SIG_CRYPTO_FAILURE
FORMAT, LATER = SubIndication.FORMAT_FAILURE, SubIndication.TRY_LATER
NO_CHAIN, NO_SIGNER = SubIndication.NO_CERTIFICATE_CHAIN_FOUND, SubIndication.NO_SIGNING_CERTIFICATE_FOUND
ENDED = (("ecdsa-sha256", date(2026, 1, 1)),)
LAX = replace(ETSI_BASELINE, revocation="not-checked")
TIME_STAMPING = extension(certs.EXTENDED_KEY_USAGE, sequence(bytes.fromhex("06082b06010505070308")), critical=True)
CONTENT = b"what was stamped"


def judged(
    der: bytes,
    *,
    kind: str | None = None,
    policy: ValidationPolicy = ETSI_BASELINE,
    anchors: TrustAnchors | None = None,
    at: datetime = AT,
    content: Iterable[bytes] | None = None,
    data: ValidationData = NO_DATA,
) -> EvidenceValidation:
    claimed = kind or evidence_kind(der)
    assert claimed is not None
    return verify_evidence(
        der,
        claimed,  # type: ignore[arg-type]
        policy=policy,
        anchors=anchors or world().pki.trust_anchors(),
        at=at,
        content=content,
        data=data,
    )


def every_check(found: EvidenceValidation) -> list[Check]:
    report = found.report
    return [*report.checks, *(check for signature in report.signatures for check in signature.checks)]


def flaws(found: EvidenceValidation, *, beside: tuple[str, ...] = ()) -> dict[str, SubIndication | None]:
    """What did not pass, without what follows from it by necessity."""
    return {
        check.id: check.sub_indication
        for check in every_check(found)
        if check.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE) and check.id not in beside
    }


def conclusion(found: EvidenceValidation, check_id: str) -> Conclusion:
    (one,) = {check.conclusion for check in every_check(found) if check.id == check_id}
    return one


# --- material --------------------------------------------------------------------------------------------------------
def spoilt(der: bytes) -> bytes:
    """With another last octet of the signature value."""
    return der[:-1] + bytes((der[-1] ^ 1,))


def status_of_everything() -> ValidationData:
    """The head's status, and the list of the root."""
    here = world()
    root_list = SandboxCrl(key=here.pki.root_key(), register=SandboxRegister()).issue(AT - HOUR)
    return ValidationData(ocsp_responses=(here.answer(),), crls=(root_list,))


def own_list_names_the_root() -> ValidationData:
    register = SandboxRegister()
    register.revoke(world().pki.root, AT - DAY, reason=1)
    return ValidationData(crls=(SandboxCrl(key=world().pki.root_key(), register=register).issue(AT - HOUR),))


def says_two_things() -> bytes:
    """An answer, signed by the responder, that calls one certificate good and revoked."""
    return world().answer(world().revoked(reason=1), also_good=True)


def alone(certificate: bytes) -> TrustAnchors:
    return TrustAnchors(name="alone", kind="sandbox", certificates=(certificate,))


@cache
def stamping() -> IssuedKey:
    return world().pki.issue("tsa", "SANDBOX TSA", "Sandbox", key="ec-p256")


def tsa(**form: object) -> SandboxTsa:
    return SandboxTsa(key=stamping(), clock=lambda: AT - HOUR).wrong(**form)


def token(content: bytes = CONTENT, *, by: SandboxTsa | None = None, **form: object) -> bytes:
    digest = digest_algorithm("sha256")
    assert digest is not None
    return (by or tsa()).wrong(**form).token(digest, digest.of(content))


def answer_of_a_tsa(**form: object) -> bytes:
    digest = digest_algorithm("sha256")
    assert digest is not None
    return tsa(**form).answer(new_request(digest, digest.of(CONTENT), nonce=5, policy=SANDBOX_TSA_POLICY))


def status_of_the_tsa() -> ValidationData:
    own = world().ocsp().status(stamping().certificate, world().pki.intermediate)
    return replace(status_of_everything(), ocsp_responses=(own,))


def young_authority() -> EvidenceValidation:
    """A token older than the authority above its own, which bears an older date than its issuer (as one national CA)."""
    chain = Chain().with_ca(not_before=AT - HOUR)
    draft = replace(
        chain.leaf, subject=cn("TSA"), extensions=(basic_constraints(ca=False), DIGITAL_SIGNATURE, TIME_STAMPING)
    )
    issuer = chain.ca.signed_by(chain.root)
    own = IssuedKey(kind="tsa", certificate=draft.signed_by(chain.ca), chain=(issuer,), private_key=draft.key)
    made = token(by=SandboxTsa(key=own, clock=lambda: AT - 2 * HOUR))
    return judged(made, anchors=chain.anchors, policy=LAX, content=[CONTENT])


def without_nocheck(policy: ValidationPolicy) -> EvidenceValidation:
    return judged(answer_by(responder(world(), OCSP_SIGNING, DIGITAL_SIGNATURE)), policy=policy)


def not_for_lists() -> EvidenceValidation:
    """A list signed by an authority whose key may sign certificates only."""
    usage = extension(certs.KEY_USAGE, b"\x03\x02\x02\x04", critical=True)
    chain = Chain().with_ca(extensions=(basic_constraints(ca=True), usage))
    signing_key = CraftedKey(chain.ca.signed_by(chain.root), "ca")
    made = SandboxCrl(key=signing_key, register=SandboxRegister()).issue(AT - HOUR)
    return judged(made, anchors=chain.anchors, data=ValidationData(certificates=(signing_key.certificate_chain[0],)))


def names_own_key() -> bytes:
    """A root that names its own key as its issuer's, with a spoilt value, and is no anchor."""
    return spoilt(Chain().root.signed_by(Chain().root))


# --- what is good passes ---------------------------------------------------------------------------------------------
def test_a_certificate_with_path_and_status_passes():
    found = judged(world().head.certificate, data=status_of_everything())
    assert flaws(found) == {}
    assert found.report.indication is PASSED
    assert found.report.signatures == ()
    facts = found.facts.as_json()
    assert facts["path"][0]["subject"] == facts["certificate"]["subject"]
    assert (len(facts["path"]), len(facts["revocation"]), facts["anchor"], facts["authority"]) == (3, 2, False, False)


def test_an_anchor_passes_as_what_it_is():
    found = judged(world().pki.root)
    assert (found.report.indication, found.facts.as_json()["anchor"]) == (PASSED, True)
    assert conclusion(found, lone_certificate.SELF_SIGNATURE) is Conclusion.PASSED


def test_the_end_of_an_anchor_counts_as_the_policy_says():
    later = datetime(2031, 1, 1, tzinfo=AT.tzinfo)
    found = judged(world().pki.root, at=later)
    assert flaws(found) == {"path.validity": SubIndication.OUT_OF_BOUNDS_NO_POE}
    assert found.report.indication is UNDECIDED
    ignored = replace(ETSI_BASELINE, anchor_validity="ignored")
    assert judged(world().pki.root, at=later, policy=ignored).report.indication is PASSED


def test_a_list_passes_and_its_facts_are_told():
    found = judged(world().crl(world().revoked(reason=1)))
    assert flaws(found) == {}
    assert found.report.indication is PASSED
    (signature,) = found.report.signatures
    assert (signature.format, len(signature.path), len(signature.covered)) == ("CRL", 2, 1)
    facts = found.facts.as_json()
    assert (facts["number"], facts["base_number"], facts["entries"], facts["reasons"]) == ("7", None, 1, None)


def test_what_limits_a_list_is_told():
    found = judged(world().crl(base_number=3, scope=sequence(asn1.encode(0x83, b"\x03\x50"))))
    facts = found.facts.as_json()
    assert found.report.indication is PASSED
    assert (facts["base_number"], facts["reasons"]) == ("3", ["keyCompromise", "affiliationChanged"])
    only = judged(world().crl(scope=sequence(asn1.encode(0x81, b"\xff")))).facts.as_json()
    assert (only["scope"], only["indirect"], only["distribution_points"]) == ("end entities", False, [])
    point = asn1.encode(0xA0, asn1.encode(0xA0, asn1.encode(0x86, b"http://x/7"), asn1.encode(0x82, b"x\x1b")))
    named = judged(world().crl(scope=sequence(point))).facts.as_json()
    assert named["distribution_points"] == ["http://x/7", "82:781b"]
    hidden = asn1.encode(0xA0, asn1.encode(0xA0, asn1.encode(0x86, b"http://x/IIN123456789011\x1b")))
    assert judged(world().crl(scope=sequence(hidden))).facts.as_json()["distribution_points"] == [
        "http://x/IIN(hidden)\ufffd"
    ]


@pytest.mark.parametrize("form", [{}, {"responder": "key"}, {"next_update": None}])
def test_an_answer_passes_and_says_what_it_says(form: dict[str, object]):
    found = judged(world().answer(world().revoked(reason=1), **form))
    assert flaws(found) == {}
    assert found.report.indication is PASSED
    (status,) = found.facts.as_json()["statuses"]
    assert (status["status"], status["reason"], status["serial"]) == (
        "revoked",
        "keyCompromise",
        f"{world().leaf.serial:x}",
    )
    assert conclusion(found, lone_answer.RESPONDER_STATUS) is Conclusion.PASSED


def test_an_answer_of_the_issuer_itself_passes():
    own = SandboxOcsp(key=world().pki.issuing_key(), register=SandboxRegister(), clock=lambda: AT)
    found = judged(own.status(world().head.certificate, world().pki.intermediate))
    assert (found.report.indication, flaws(found)) == (PASSED, {})


def test_a_number_that_was_never_issued_is_called_so():
    (status,) = judged(world().answer(status="never issued")).facts.as_json()["statuses"]
    assert (status["status"], status["revoked_at"], status["reason"]) == ("never issued", None, None)


def test_a_nocheck_with_an_empty_octet_string_is_read():
    found = judged(answer_by(responder(world(), OCSP_SIGNING, DIGITAL_SIGNATURE, NOCHECK_EMPTY)))
    assert Certificate.from_der(responder(world(), NOCHECK_EMPTY).certificate_chain[0]).extension(NO_CHECK) is not None
    assert (found.report.indication, flaws(found)) == (PASSED, {})


def test_a_token_passes_with_its_content_and_says_so_without():
    found = judged(token(), content=[CONTENT[:3], CONTENT[3:]], data=status_of_the_tsa())
    assert (found.report.indication, flaws(found)) == (PASSED, {})
    facts = found.facts.as_json()
    assert (facts["generated_at"], facts["policy"]) == ((AT - HOUR).isoformat(), SANDBOX_TSA_POLICY)
    bare = judged(token(), data=status_of_the_tsa())
    assert (bare.report.indication, conclusion(bare, "timestamp.imprint")) == (PASSED, Conclusion.NOT_PERFORMED)


def test_a_whole_answer_of_an_authority_is_judged_by_its_token():
    found = judged(answer_of_a_tsa(), content=[CONTENT], data=status_of_the_tsa())
    assert (found.report.indication, flaws(found)) == (PASSED, {})
    assert conclusion(found, lone_token.RESPONSE) is Conclusion.PASSED


# --- status of authorities -------------------------------------------------------------------------------------------
def revoked_authority(certificate: bytes) -> ValidationData:
    register = SandboxRegister()
    register.revoke(certificate, AT - DAY)
    return ValidationData(crls=(SandboxCrl(key=world().pki.root_key(), register=register).issue(AT - HOUR),))


def test_that_nobody_asked_for_the_status_of_an_authority_is_said():
    for der in (world().crl(), world().answer()):
        found = judged(der)
        assert conclusion(found, "revocation.status") is Conclusion.NOT_PERFORMED


def test_an_authority_that_is_known_to_be_revoked_counts():
    known = revoked_authority(world().pki.intermediate)
    assert flaws(judged(world().crl(), data=known)) == {"revocation.status": SubIndication.REVOKED_NO_POE}
    assert flaws(judged(world().answer(), data=known)) == {"revocation.status": SubIndication.REVOKED_CA_NO_POE}


def test_a_responder_that_is_known_to_be_revoked_counts():
    register = SandboxRegister()
    register.revoke(world().responder.certificate, AT - DAY)
    found = judged(world().answer(), data=ValidationData(crls=(world().crl(register),)))
    assert flaws(found) == {"revocation.status": SubIndication.REVOKED_NO_POE}


def test_the_status_of_a_certificate_is_asked_for_as_the_policy_demands():
    bare = judged(world().head.certificate)
    assert flaws(bare) == {"revocation.status": LATER}
    assert judged(world().head.certificate, policy=LAX).report.indication is PASSED
    register = world().revoked()
    data = replace(status_of_everything(), ocsp_responses=(world().answer(register),))
    national = replace(KZ_DOCUMENT, anchor_kinds=("sandbox",))
    found = judged(world().head.certificate, data=data, policy=national)
    assert (found.report.indication, found.report.sub_indication) == (FAILED, SubIndication.REVOKED)


def test_the_status_of_a_time_stamp_authority_is_asked_for_as_the_policy_demands():
    assert flaws(judged(token(), content=[CONTENT])) == {"revocation.status": LATER}
    welcome = replace(ETSI_BASELINE, timestamp_authority_revocation="if-any")
    assert judged(token(), content=[CONTENT], policy=welcome).report.indication is PASSED


def test_anchors_of_a_kind_that_the_policy_does_not_allow_decide_nothing():
    for der in (world().pki.root, world().crl(), world().answer(), token()):
        found = judged(der, policy=KZ_DOCUMENT, data=status_of_the_tsa())
        assert "policy.anchors" in flaws(found)
        assert found.report.indication is UNDECIDED


# --- strangers -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["certificate", "crl", "ocsp", "time-stamp"])
def test_what_a_stranger_signed_leads_nowhere(kind: str):
    here = world()
    made = {
        "certificate": here.head.certificate,
        "crl": here.crl(),
        "ocsp": here.answer(),
        "time-stamp": token(),
    }[kind]
    other = replace(here.stranger.trust_anchors(), intermediates=())
    found = judged(made, anchors=other, content=[CONTENT])
    assert (found.report.indication, found.report.sub_indication) == (UNDECIDED, NO_CHAIN)


def test_a_list_of_unknown_issuer_is_not_counted():
    found = judged(world().crl(), anchors=replace(world().stranger.trust_anchors(), intermediates=()))
    assert found.facts.as_json()["entries"] is None


# --- each check alone ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Case:
    """`beside`: checks that cannot pass either where this one does not."""

    check: str
    sub: SubIndication
    make: Callable[[], EvidenceValidation]
    indication: Indication = UNDECIDED
    beside: tuple[str, ...] = ()
    said: str = ""


def crl(at: datetime = AT, **form: object) -> Callable[[], EvidenceValidation]:
    return lambda: judged(world().crl(**form), kind="crl", at=at)


def old_list() -> EvidenceValidation:
    own = SandboxCrl(key=world().pki.issuing_key(), register=SandboxRegister())
    return judged(own.wrong(next_update=400 * DAY).issue(NOT_BEFORE - DAY))


def ocsp(at: datetime = AT, **form: object) -> Callable[[], EvidenceValidation]:
    return lambda: judged(world().answer(**form), kind="ocsp", at=at)


def critical_entry(oid: str) -> bytes:
    return entry(5, Revocation(at=AT - DAY), extensions=[extension(oid, b"\x05\x00", critical=True)])


CASES = [
    # certificates
    Case(check="certificate.format", sub=FORMAT, indication=FAILED,
         make=lambda: judged(world().head.certificate + b"\0", kind="certificate")),
    Case(check="certificate.signature", sub=CRYPTO, indication=FAILED, beside=("path.found",), said="spoilt value",
         make=lambda: judged(spoilt(world().head.certificate), policy=LAX)),
    Case(check="certificate.anchor-status", sub=SubIndication.REVOKED_NO_POE, said="on its own list",
         make=lambda: judged(world().pki.root, data=own_list_names_the_root())),
    Case(check="certificate.self-signature", sub=CRYPTO, indication=FAILED, said="spoilt anchor",
         make=lambda: judged(spoilt(world().pki.root), anchors=alone(spoilt(world().pki.root)))),
    Case(check="certificate.self-signature", sub=CRYPTO, indication=FAILED, beside=("path.found",),
         said="spoilt root that is no anchor", make=lambda: judged(names_own_key())),
    Case(check="certificate.self-signature", sub=NO_CHAIN, said="anchor issued by another",
         make=lambda: judged(world().pki.intermediate, anchors=alone(world().pki.intermediate))),
    Case(check="certificate.self-signature", sub=SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, said="ended",
         make=lambda: judged(world().pki.root, policy=replace(ETSI_BASELINE, algorithm_end_dates=ENDED))),
    # lists
    Case(check="revocation-list.format", sub=FORMAT, indication=FAILED, make=crl(after=b"\0")),
    Case(check="revocation-list.number", sub=SIG, make=crl(number=None), said="missing"),
    Case(check="revocation-list.number", sub=SIG, make=crl(number_is_critical=True), said="critical"),
    Case(check="revocation-list.extensions", sub=SIG, make=crl(critical_extension="1.2.3.4")),
    Case(check="revocation-list.times", sub=LATER, make=crl(at=AT - 2 * HOUR), said="in the future"),
    Case(check="revocation-list.times", sub=SIG, indication=FAILED, beside=("revocation-list.freshness",),
         make=crl(next_update=-HOUR), said="ends before it begins"),
    Case(check="revocation-list.freshness", sub=LATER, make=crl(at=AT + DAY), said="nextUpdate is over"),
    Case(check="revocation-list.freshness", sub=LATER, make=crl(next_update=None), said="no nextUpdate"),
    Case(check="revocation-list.entries", sub=SIG, make=crl(entries=critical_entry("1.2.3.4")), said="critical"),
    Case(check="revocation-list.entries", sub=FORMAT, indication=FAILED, make=crl(entries=b"\x30\x03\x04\x01\x05")),
    Case(check="revocation-list.issuer", sub=NO_CHAIN, make=crl(issuer=cn("Nobody"))),
    Case(check="revocation-list.issuer-purpose", sub=SIG, indication=FAILED, make=not_for_lists),
    Case(check="revocation-list.algorithm", sub=SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
         make=lambda: judged(world().crl(), policy=replace(ETSI_BASELINE, algorithm_end_dates=ENDED))),
    Case(check="revocation-list.signature", sub=CRYPTO, indication=FAILED, make=crl(broken_value=True)),
    Case(check="revocation-list.signature", sub=NO_CHAIN, make=crl(broken_value=True, with_key_id=False),
         said="the key is not named"),
    # answers
    Case(check="ocsp-answer.format", sub=FORMAT, indication=FAILED, make=ocsp(after=b"\0")),
    Case(check="ocsp-answer.response-status", sub=LATER, make=ocsp(response_status=6)),
    Case(check="ocsp-answer.extensions", sub=SIG, make=ocsp(critical_extension="1.2.3.4")),
    Case(check="ocsp-answer.extensions", sub=SIG, make=ocsp(critical_single_extension="1.2.3.4"), said="of one status"),
    Case(check="ocsp-answer.times", sub=LATER, make=ocsp(at=AT - HOUR), said="in the future"),
    Case(check="ocsp-answer.times", sub=SIG, indication=FAILED, make=ocsp(produced_at=AT - HOUR),
         said="producedAt before thisUpdate"),
    Case(check="ocsp-answer.times", sub=SIG, indication=FAILED, make=ocsp(at=AT - MINUTE, next_update=-HOUR),
         said="ends before it begins"),
    Case(check="ocsp-answer.freshness", sub=LATER, make=ocsp(at=AT + 2 * HOUR), said="nextUpdate is over"),
    Case(check="ocsp-answer.freshness", sub=LATER, make=ocsp(at=AT + 6 * MINUTE, next_update=None), said="the window is"),
    Case(check="ocsp-answer.consistent", sub=SIG, make=lambda: judged(says_two_things())),
    Case(check="ocsp-answer.issuer", sub=NO_CHAIN, make=ocsp(key_hash=b"\0" * 32), said="another key"),
    Case(check="ocsp-answer.issuer", sub=NO_CHAIN, make=ocsp(name_hash=b"\0" * 32), said="another name"),
    Case(check="ocsp-answer.responder", sub=NO_SIGNER, make=ocsp(certificates=())),
    Case(check="ocsp-answer.responder-authorised", sub=SIG, indication=FAILED, said="not for answers",
         make=lambda: judged(answer_by(world().head.signing_key()))),
    Case(check="ocsp-answer.responder-authorised", sub=NO_SIGNER, beside=("path.found",),
         said="appointed by another",
         make=lambda: judged(answer_by(world().stranger.issue("ocsp-responder", "O", "S", key="ec-p256").signing_key()))),
    Case(check="ocsp-answer.responder-status", sub=LATER,
         make=lambda: without_nocheck(replace(ETSI_BASELINE, accept_responder_without_nocheck=False))),
    Case(check="ocsp-answer.algorithm", sub=SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
         make=lambda: judged(world().answer(), policy=replace(ETSI_BASELINE, algorithm_end_dates=ENDED))),
    Case(check="ocsp-answer.signature", sub=CRYPTO, indication=FAILED, make=ocsp(broken_value=True)),
    Case(check="ocsp-answer.signature", sub=NO_SIGNER, said="the key is not named",
         make=lambda: judged(world().answer(broken_value=True, certificates=()),
                             data=ValidationData(certificates=(world().responder.certificate,)))),
    # time-stamps
    Case(check="timestamp.response", sub=LATER, make=lambda: judged(answer_of_a_tsa(status=2))),
    Case(check="timestamp.format", sub=FORMAT, indication=FAILED, make=lambda: judged(answer_of_a_tsa(with_token=False))),
    Case(check="timestamp.signature-value", sub=CRYPTO, indication=FAILED,
         make=lambda: judged(token(broken_value=True), policy=LAX)),
    Case(check="timestamp.imprint", sub=SubIndication.HASH_FAILURE, indication=FAILED,
         make=lambda: judged(token(), policy=LAX, content=[b"something else"])),
    Case(check="timestamp.imprint-algorithm", sub=SubIndication.CRYPTO_CONSTRAINTS_FAILURE, indication=FAILED,
         make=lambda: judged(token(imprint_oid="1.3.14.3.2.26", imprint=b"\0" * 20), policy=LAX, content=[CONTENT])),
    Case(check="timestamp.policy", sub=SIG, indication=FAILED,
         make=lambda: judged(token(), policy=replace(LAX, timestamp_authority_policies=("1.2.3",)))),
    # when it was made
    Case(check="path.when-made", sub=SubIndication.NOT_YET_VALID, make=young_authority, said="a token"),
    Case(check="path.when-made", sub=SubIndication.NOT_YET_VALID, make=old_list, said="a list"),
    Case(check="path.when-made", sub=SubIndication.NOT_YET_VALID, said="an answer",
         make=ocsp(produced_at=NOT_BEFORE - DAY, this_update=NOT_BEFORE - DAY, next_update=400 * DAY)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check} {case.said}".rstrip())
def test_one_flaw_is_seen_by_one_check(case: Case):
    found = case.make()
    assert flaws(found, beside=case.beside) == {case.check: case.sub}
    assert (found.report.indication, found.report.sub_indication) == (case.indication, case.sub)


def test_every_check_has_a_vector():
    own = (evidence_report, lone_answer, lone_certificate, lone_list, lone_token)
    made = frozenset[str]().union(*(module.CHECKS for module in own))
    assert made <= {case.check for case in CASES}


def test_every_check_that_is_made_is_declared():
    own = (evidence_report, lone_answer, lone_certificate, lone_list, lone_token)
    declared = frozenset[str]().union(*(module.CHECKS for module in own))
    families = {name.split(".")[0] for name in declared} - {"path", "timestamp"}
    made = {check.id for case in CASES for check in every_check(case.make())}
    assert {name for name in made if name.split(".")[0] in families} <= declared


def test_a_new_key_under_the_old_name_is_not_called_broken():
    """A certificate in which an authority's old key certifies its new one names one authority twice."""
    old = Draft(subject=cn("Root"), key=key("old"), extensions=(basic_constraints(ca=True),))
    new = replace(old, key=key("new"))
    found = judged(new.signed_by(old), anchors=alone(world().pki.root))
    assert flaws(found) == {"certificate.self-signature": NO_CHAIN, "path.found": NO_CHAIN}
    assert found.report.indication is UNDECIDED


def test_an_authority_among_what_came_along_is_trusted_for_nothing():
    """The answer brings its own issuer, which nobody knows: the responder leads nowhere."""
    there = world().stranger
    own = there.issue("ocsp-responder", "OCSP", "Stranger", key="ec-p256")
    certified = there.issue("head", "A", "B", key="ec-p256").certificate
    made = SandboxOcsp(key=own.signing_key(), register=SandboxRegister(), clock=lambda: AT)
    bag = (own.certificate, there.intermediate, there.root)
    found = judged(made.wrong(certificates=bag).status(certified, there.intermediate))
    assert conclusion(found, lone_answer.AUTHORISED) is Conclusion.PASSED
    assert flaws(found) == {"path.found": NO_CHAIN}


def test_key_ids_of_crafted_certificates_are_their_own():
    certificate = Certificate.from_der(names_own_key())
    assert certificate.subject_key_id == certificate.authority_key_id == key_id(key("root"))
