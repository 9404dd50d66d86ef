"""Evidence made to break its reader, to pass for more than it is, or to spoil what is genuine."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

import signing
from signing import ETSI_BASELINE, TrustAnchors, ValidationData, asn1
from signing import certificates as certs
from signing.certificates import Certificate
from signing.errors import Malformed
from signing.revocation.certificate_list import read_crl
from signing.revocation.crl import may_sign
from signing.revocation.ocsp_response import read_ocsp, reason_name
from signing.sandbox_services.crl import SandboxCrl
from signing.sandbox_services.register import SandboxRegister
from signing.timestamp import token_in, unreadable_token
from signing.validation_report import Check, Conclusion, Indication, SubIndication
from signing.verify.cms_form import format_failure
from tests.unit.signing.crafted_pki import CA_USAGE, Chain, Draft, basic_constraints, cn, extension, key, sequence
from tests.unit.signing.status_material import AT, HOUR, said, world
from tests.unit.signing.test_evidence_files import (
    CONTENT,
    FAILED,
    FORMAT,
    LATER,
    LAX,
    PASSED,
    SIG,
    UNDECIDED,
    alone,
    flaws,
    judged,
    spoilt,
    token,
)
from tests.unit.signing.test_revocation_ocsp import (
    DIGITAL_SIGNATURE,
    NOCHECK_NULL,
    OCSP_SIGNING,
    CraftedKey,
    answer_by,
    responder,
)

HUGE = 1 << 8 * 4000
"""Python refuses to write out a number of more than 4300 digits."""


def status(content: bytes) -> bytes:
    """An OCSPResponse that consists of this status."""
    return sequence(asn1.encode(asn1.ENUMERATED, content))


# --- numbers ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("content", [b"", b"\x00\x00", b"\x01" * 3000], ids=["empty", "two octets", "huge"])
def test_a_status_of_another_length_than_one_octet_is_no_status(content: bytes) -> None:
    found = judged(status(content), kind="ocsp")
    assert (found.report.indication, flaws(found)) == (FAILED, {"ocsp-answer.format": FORMAT})
    with pytest.raises(Malformed):
        read_ocsp(status(content))


@pytest.mark.parametrize("content", [b"", b"\x01" * 3000], ids=["empty", "huge"])
def test_a_reason_of_revocation_of_another_length_than_one_octet_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        reason_name(asn1.read_der(asn1.encode(asn1.ENUMERATED, content)))


@pytest.mark.parametrize("bits", [8, 20_000])
def test_a_long_status_of_a_time_stamp_answer_is_malformed(bits: int) -> None:
    der = sequence(sequence(asn1.encode_integer(1 << bits)))
    with pytest.raises(Malformed):
        token_in(der)
    found = judged(der, kind="time-stamp")
    assert (found.report.indication, flaws(found)) == (FAILED, {"timestamp.format": FORMAT})


@pytest.mark.parametrize("bits", [160, 32_000])
@pytest.mark.parametrize("which", ["number", "base_number"])
def test_a_number_of_a_list_has_at_most_twenty_octets(which: str, bits: int) -> None:
    form = {"number": 5, which: 1 << bits}
    for der in (world().crl(**form), spoilt(world().crl(**form))):
        found = judged(der)
        assert (found.report.indication, flaws(found)) == (FAILED, {"revocation-list.format": FORMAT})
    (check,) = [each for each in said(crls=(world().crl(**form),)).checks if each.id == "revocation.evidence-format"]
    assert check.params["reason"] in ("asn1.structure", "signing.crl-number")


def test_a_number_of_twenty_octets_is_read() -> None:
    assert read_crl(world().crl(number=(1 << 160) - 1)).number == (1 << 160) - 1


def test_evidence_with_a_huge_number_is_turned_away_beside_a_signature() -> None:
    found = said(ocsp=(status(b"\x01" * 3000),))
    assert found.statements == ()
    assert [each.id for each in found.checks] == ["revocation.evidence-format"]


def test_a_huge_serial_number_is_told_in_hex() -> None:
    found = judged(world().answer(serial=HUGE))
    assert found.report.indication is PASSED
    assert found.facts is not None
    assert found.facts.as_json()["statuses"][0]["serial"] == f"{HUGE:x}"


# --- refusals --------------------------------------------------------------------------------------------------------
def named_in_refusals() -> list[str]:
    """The names of all parameters that a refusal of foreign bytes bears anywhere in `signing`."""
    found: set[str] = set()
    for path in Path(signing.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Malformed"):
                found |= {each.arg for each in node.keywords if each.arg is not None}
    return sorted(found)


@pytest.mark.parametrize("name", [*named_in_refusals(), "check_id", "sub_indication", "code", "cls", "self", "params"])
def test_a_refusal_may_say_anything_under_any_name(name: str) -> None:
    params = {name: "what it says"}
    error = Malformed("asn1.time", **params)
    for check in (
        Check.unreadable("x.format", error),
        unreadable_token(error),
        format_failure(error, file="a.p7s"),
        Check.unreadable("x.format", error, reason="place"),
    ):
        assert (check.conclusion, check.params["reason"]) == (Conclusion.FAILED, "asn1.time")
        assert check.params.get(name) in ("what it says", "asn1.time")
    for made in (Check.passed("x", **params), Check.not_performed("x", **params), Check.failed("x", FORMAT, **params)):
        assert dict(made.params) == params


def test_a_reason_of_revocation_that_is_not_in_use_is_a_verdict() -> None:
    der = world().answer(world().revoked(reason=1))
    unused = der.replace(bytes.fromhex("a0030a0101"), bytes.fromhex("a0030a0107"))
    assert unused != der
    found = judged(unused)
    assert (found.report.indication, flaws(found)) == (FAILED, {"ocsp-answer.format": FORMAT})
    (check,) = [each for each in found.report.checks if each.id == "ocsp-answer.format"]
    assert dict(check.params) == {"reason": "signing.revocation-reason", "number": "7"}


# --- what comes along ------------------------------------------------------------------------------------------------
NO_KEY = sequence(sequence(asn1.encode_oid("1.2.3")), asn1.encode(asn1.OCTET_STRING, b"x"))
NULL_BEHIND_ECDSA = sequence(asn1.encode_oid("1.2.840.10045.4.3.2"), b"\x05\x00")


def good_responder() -> CraftedKey:
    return responder(world(), OCSP_SIGNING, DIGITAL_SIGNATURE, NOCHECK_NULL)


def stray(subject: bytes, *extensions: bytes, **changes: object) -> bytes:
    """A certificate by nobody, of this name."""
    draft = Draft(subject=subject, key=key("stray"), extensions=extensions)
    return replace(draft, **changes).signed_by(Draft(subject=cn("Nobody"), key=key("nobody")))


@pytest.mark.parametrize("form", [{"responder": "key"}, {}])
def test_a_certificate_without_a_readable_key_beside_the_responder_changes_nothing(form: dict[str, object]) -> None:
    good = good_responder()
    for odd in (
        stray(cn("Responder"), spki=NO_KEY),
        stray(cn("Authority"), basic_constraints(ca=True), spki=NO_KEY),
    ):
        for bag in ((good.certificate_chain[0], odd), (odd, good.certificate_chain[0])):
            der = answer_by(good, certificates=bag, **form)
            assert judged(der).report.indication is PASSED
            assert said(ocsp=(der,)).only.status == "good"


def test_a_responder_whose_certificate_names_an_odd_algorithm_is_issued_by_nobody() -> None:
    odd = responder(
        world(),
        OCSP_SIGNING,
        DIGITAL_SIGNATURE,
        NOCHECK_NULL,
        inner=NULL_BEHIND_ECDSA,
        outer=NULL_BEHIND_ECDSA,
    )
    found = judged(answer_by(odd))
    assert found.report.indication is not PASSED
    assert said(ocsp=(answer_by(odd),)).statements == ()


# --- who may sign a list ---------------------------------------------------------------------------------------------
CRL_SIGN = extension(certs.KEY_USAGE, b"\x03\x02\x01\x02", critical=True)
CERT_SIGN = extension(certs.KEY_USAGE, b"\x03\x02\x02\x04", critical=True)
INDIRECT = sequence(b"\x84\x01\xff")


@pytest.mark.parametrize(
    ("extensions", "scope", "is_good"),
    [
        ((), None, False),
        ((), INDIRECT, False),
        ((basic_constraints(ca=False),), INDIRECT, False),
        ((basic_constraints(ca=False), CRL_SIGN), None, False),
        ((basic_constraints(ca=False), CRL_SIGN), INDIRECT, True),
        ((basic_constraints(ca=True),), None, True),
        ((basic_constraints(ca=True), CRL_SIGN), None, True),
        ((basic_constraints(ca=True), CERT_SIGN), None, False),
    ],
)
def test_who_is_no_authority_signs_only_an_indirect_list_and_was_let_in_so_many_words(
    extensions: tuple[bytes, ...], scope: bytes | None, is_good: bool
) -> None:
    chain = Chain()
    own = CraftedKey(replace(chain.leaf, subject=cn("Lists"), extensions=extensions).signed_by(chain.ca), "leaf")
    der = SandboxCrl(key=own, register=SandboxRegister()).wrong(scope=scope).issue(AT - HOUR)
    known = ValidationData(certificates=(own.certificate_chain[0], chain.ca.signed_by(chain.root)))
    found = judged(der, anchors=chain.anchors, data=known)
    assert flaws(found) == ({} if is_good else {"revocation-list.issuer-purpose": SIG})
    assert may_sign(read_crl(der), Certificate.from_der(own.certificate_chain[0])) is is_good


def test_an_end_entity_of_its_authority_s_name_does_not_speak_for_it() -> None:
    here = world()
    twin = responder(here, subject=here.issuer.subject.der, issuer=None)
    der = SandboxCrl(key=twin, register=SandboxRegister()).wrong(with_key_id=False).issue(AT - HOUR)
    found = said(crls=(der,), candidates=(Certificate.from_der(twin.certificate_chain[0]),))
    assert found.statements == ()


# --- certificates of one key -----------------------------------------------------------------------------------------
def twin(*extensions: bytes, **changes: object) -> bytes:
    """Another certificate of the responder's key and name, by the same authority."""
    return responder(world(), *extensions, serial=0x78, **changes).certificate_chain[0]


def self_made() -> bytes:
    """A certificate round the responder's key that anybody could write."""
    stranger = Draft(subject=cn("Nobody"), key=key("nobody"))
    return Draft(subject=cn("Responder"), key=key("responder"), extensions=(OCSP_SIGNING,)).signed_by(stranger)


def crowd() -> tuple[bytes, ...]:
    """As many of the responder's name as fit beside it, all under its issuer's name."""
    fake = Draft(subject=world().issuer.subject.der, key=key("nobody"))
    draft = Draft(subject=cn("Responder"), key=key("crowd"), extensions=(OCSP_SIGNING,))
    return tuple(replace(draft, serial=number).signed_by(fake) for number in range(1, 16))


BESIDE = {
    "without a purpose": lambda: (twin(DIGITAL_SIGNATURE),),
    "expired": lambda: (twin(OCSP_SIGNING, DIGITAL_SIGNATURE, NOCHECK_NULL, not_after=AT - HOUR),),
    "self-made": lambda: (self_made(),),
    "crowd": crowd,
}


@pytest.mark.parametrize("beside", BESIDE)
def test_what_else_came_along_with_a_genuine_answer_spoils_nothing(beside: str) -> None:
    good = good_responder()
    bag = (*BESIDE[beside](), good.certificate_chain[0])
    assert judged(answer_by(good, certificates=bag)).report.indication is PASSED
    assert judged(answer_by(good, certificates=bag[::-1])).report.indication is PASSED
    given = ValidationData(certificates=BESIDE[beside]())
    assert judged(answer_by(good), data=given).report.indication is PASSED


def test_an_answer_beside_which_only_a_stranger_lies_is_not_broken() -> None:
    for bag in ((self_made(),), (stray(cn("Responder"), OCSP_SIGNING),)):
        found = judged(answer_by(good_responder(), certificates=bag))
        assert found.report.indication is UNDECIDED


def test_an_answer_that_does_not_verify_with_its_authorised_responder_is_broken() -> None:
    der = answer_by(CraftedKey(good_responder().certificate_chain[0], "nobody"))
    assert judged(der).report.indication is FAILED


TWINS = {
    "without cRLSign": {"extensions": (basic_constraints(ca=True), CERT_SIGN)},
    "expired": {"not_after": AT - HOUR},
}


@pytest.mark.parametrize("which", TWINS)
def test_another_certificate_of_an_authority_s_key_does_not_spoil_its_list(which: str) -> None:
    chain = Chain()
    own = chain.ca.signed_by(chain.root)
    other = replace(chain.ca, serial=9, **TWINS[which]).signed_by(chain.root)
    der = SandboxCrl(key=CraftedKey(own, "ca"), register=SandboxRegister()).issue(AT - HOUR)
    for certificates in ((other, own), (own, other)):
        found = judged(der, anchors=chain.anchors, data=ValidationData(certificates=certificates))
        assert (found.report.indication, flaws(found)) == (PASSED, {})


def test_a_certificate_that_leads_nowhere_does_not_make_a_list_a_breach() -> None:
    chain = Chain()
    own = chain.ca.signed_by(chain.root)
    der = SandboxCrl(key=CraftedKey(own, "ca"), register=SandboxRegister()).issue(AT - HOUR)
    fake = replace(chain.ca, extensions=(basic_constraints(ca=True), CERT_SIGN)).signed_by(
        Draft(subject=cn("Root"), key=key("nobody"))
    )
    found = judged(der, anchors=chain.anchors, data=ValidationData(certificates=(fake,)))
    assert found.report.indication is UNDECIDED


# --- time-stamps -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("octets", [0, 1, 20, 31, 33, 64])
@pytest.mark.parametrize("content", [None, [CONTENT]], ids=["without content", "with it"])
def test_an_imprint_of_another_length_than_its_hash_is_broken(octets: int, content: list[bytes] | None) -> None:
    found = judged(token(imprint=bytes(octets)), content=content, policy=LAX)
    assert (found.report.indication, flaws(found)) == (FAILED, {"timestamp.imprint": SubIndication.HASH_FAILURE})


# --- limits ----------------------------------------------------------------------------------------------------------
def mesh() -> tuple[bytes, ...]:
    """Authorities of four names, each certified by every other: paths without end, none to an anchor."""
    drafts = [
        Draft(
            subject=cn(f"Mesh {number % 4}"),
            key=key(f"mesh {number}"),
            serial=number + 1,
            extensions=(basic_constraints(ca=True), CA_USAGE),
            with_key_ids=False,
        )
        for number in range(8)
    ]
    return tuple(one.signed_by(other) for one in drafts for other in drafts if one is not other)


def test_a_search_that_was_given_up_is_no_breach_of_evidence() -> None:
    bag = mesh()
    leaf = replace(Chain().leaf, with_key_ids=False).signed_by(
        Draft(subject=cn("Mesh 0"), key=key("mesh 0"), with_key_ids=False)
    )
    found = judged(leaf, data=ValidationData(certificates=bag), policy=LAX)
    assert (found.report.indication, flaws(found)) == (
        UNDECIDED,
        {"path.limits": SubIndication.NO_CERTIFICATE_CHAIN_FOUND},
    )


def test_strangers_beside_a_time_stamp_do_not_break_it() -> None:
    only_root = replace(world().pki.trust_anchors(), intermediates=())
    assert judged(token(), anchors=only_root, policy=LAX).report.indication is PASSED
    fakes = [
        stray(
            world().issuer.subject.der,
            basic_constraints(ca=True),
            extension(
                certs.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, world().issuer.subject_key_id or b"")
            ),
            serial=number,
            with_key_ids=False,
        )
        for number in range(1, 41)
    ]
    for bag in (mesh()[:50], tuple(fakes)):
        assert judged(token(other_certificates=bag), anchors=only_root, policy=LAX).report.indication is not FAILED


# --- who is who ------------------------------------------------------------------------------------------------------
def impostor() -> bytes:
    """By nobody, with the name and the key identifier of the sandbox's authority."""
    issuer = world().issuer
    assert issuer.subject_key_id is not None
    identifier = extension(certs.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, issuer.subject_key_id))
    return stray(issuer.subject.der, basic_constraints(ca=True), CA_USAGE, identifier, with_key_ids=False)


@pytest.mark.parametrize("what", ["certificate", "list"])
def test_a_forged_key_identifier_breaks_nothing_genuine(what: str) -> None:
    only_root = replace(world().pki.trust_anchors(), intermediates=())
    der = world().head.certificate if what == "certificate" else world().crl()

    def found(*known: bytes) -> Indication:
        return judged(der, anchors=only_root, data=ValidationData(certificates=known), policy=LAX).report.indication

    assert found(impostor()) is UNDECIDED
    assert found(impostor(), world().pki.intermediate) is PASSED
    assert found(world().pki.intermediate, impostor()) is PASSED


@pytest.mark.parametrize("what", ["certificate", "list"])
def test_what_a_vouched_for_key_does_not_verify_is_broken(what: str) -> None:
    only_root = replace(world().pki.trust_anchors(), intermediates=())
    der = spoilt(world().head.certificate if what == "certificate" else world().crl())
    known = ValidationData(certificates=(world().pki.intermediate,))
    assert judged(der, anchors=only_root, data=known, policy=LAX).report.indication is FAILED
    assert judged(der, policy=LAX).report.indication is FAILED


# --- refusals of services --------------------------------------------------------------------------------------------
def test_a_refusal_is_told_with_its_status_its_failure_and_its_words() -> None:
    words = sequence(asn1.encode(asn1.UTF8_STRING, b"no money, IIN123456789011"))
    der = sequence(sequence(asn1.encode_integer(2), words, asn1.encode(asn1.BIT_STRING, b"\x07\x80")))
    found = judged(der)
    assert (found.report.indication, flaws(found)) == (UNDECIDED, {"timestamp.response": LATER})
    (check,) = [each for each in found.report.checks if each.id == "timestamp.response"]
    assert check.params["answer"] == "rejection: badAlg: no money, IIN(hidden)"
    (status_check,) = [
        each for each in judged(status(b"\x06"), kind="ocsp").report.checks if each.id == "ocsp-answer.response-status"
    ]
    assert status_check.params["status"] == "unauthorized"


# --- anchors ---------------------------------------------------------------------------------------------------------
def test_an_anchor_signed_with_its_older_key_is_not_broken() -> None:
    old = Draft(subject=cn("R"), key=key("old"), extensions=(basic_constraints(ca=True), CA_USAGE))
    new_with_old = replace(old, key=key("new")).signed_by(old)
    found = judged(new_with_old, anchors=alone(new_with_old))
    assert (found.report.indication, flaws(found)) == (
        UNDECIDED,
        {"certificate.self-signature": SubIndication.NO_CERTIFICATE_CHAIN_FOUND},
    )
    both = TrustAnchors(name="both", kind="sandbox", certificates=(new_with_old, old.signed_by(old)))
    assert judged(new_with_old, anchors=both).report.indication is PASSED
    assert judged(spoilt(new_with_old), anchors=alone(spoilt(new_with_old))).report.indication is UNDECIDED


def test_an_anchor_that_names_its_own_key_and_does_not_verify_is_broken() -> None:
    root = spoilt(Chain().root.signed_by(Chain().root))
    assert judged(root, anchors=alone(root)).report.indication is FAILED


def test_an_anchor_on_its_own_list_is_not_confirmed() -> None:
    register = SandboxRegister()
    register.revoke(world().pki.root, AT - HOUR * 24, reason=1)
    own = SandboxCrl(key=world().pki.root_key(), register=register).issue(AT - HOUR)
    for policy in (LAX, ETSI_BASELINE):
        found = judged(world().pki.root, data=ValidationData(crls=(own,)), policy=policy)
        assert (found.report.indication, flaws(found)) == (
            UNDECIDED,
            {"certificate.anchor-status": SubIndication.REVOKED_NO_POE},
        )
    clean = SandboxCrl(key=world().pki.root_key(), register=SandboxRegister()).issue(AT - HOUR)
    assert judged(world().pki.root, data=ValidationData(crls=(clean,))).report.indication is PASSED
