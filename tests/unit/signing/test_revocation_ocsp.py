"""OCSP answers: who may speak, on what, and when; each check fails alone, on answers written for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as peer

from signing import Certificate, IssuedKey, SubIndication, asn1
from signing import certificates as certs
from signing.revocation import NEVER_ISSUED, new_request
from signing.revocation.ocsp_response import read_ocsp
from signing.sandbox_services.ocsp import SandboxOcsp
from signing.sandbox_services.register import SandboxRegister
from signing.validation_report import Conclusion
from tests.unit.signing.crafted_pki import (
    ECDSA_SHA1,
    ECDSA_SHA384,
    Draft,
    basic_constraints,
    cn,
    extension,
    key,
    key_id,
    sequence,
)
from tests.unit.signing.status_material import AT, HOUR, MINUTE, World, said, world

NO_CHECK = "1.3.6.1.5.5.7.48.1.5"
OCSP_SIGNING = extension(certs.EXTENDED_KEY_USAGE, sequence(bytes.fromhex("06082b06010505070309")))
DIGITAL_SIGNATURE = extension(certs.KEY_USAGE, b"\x03\x02\x07\x80", critical=True)
KEY_ENCIPHERMENT = extension(certs.KEY_USAGE, b"\x03\x02\x05\x20", critical=True)
NOCHECK_NULL = extension(NO_CHECK, b"\x05\x00")
NOCHECK_EMPTY = extension(NO_CHECK, b"")


class CraftedKey:
    """A responder's key with a certificate written for a test; implements SigningKey."""

    algorithm = "ecdsa-p256-sha256"

    def __init__(self, certificate: bytes, name: str = "responder"):
        self.certificate_chain = (certificate,)
        self._key = key(name)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


def authority(here: World) -> Draft:
    """The intermediate authority of the sandbox as an issuer of crafted certificates."""
    return Draft(subject=here.issuer.subject.der, key=here.pki._intermediate_key)


def responder(here: World, *extensions: bytes, **changes: object) -> CraftedKey:
    issuer = changes.pop("issuer", None) or authority(here)
    issuer_key_id = (here.root if issuer.subject == here.root.subject.der else here.issuer).subject_key_id
    draft = Draft(
        subject=cn("Responder"),
        key=key("responder"),
        serial=0x77,
        extensions=(
            basic_constraints(ca=False),
            extension(certs.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, key_id(key("responder")))),
            extension(certs.AUTHORITY_KEY_IDENTIFIER, sequence(asn1.encode(0x80, issuer_key_id))),
            *extensions,
        ),
        with_key_ids=False,
    )
    return CraftedKey(replace(draft, **changes).signed_by(issuer))


def answer_by(signing_key: object, register: SandboxRegister | None = None, **form: object) -> bytes:
    here = world()
    own = SandboxOcsp(key=signing_key, register=register or SandboxRegister(), clock=lambda: AT).wrong(**form)
    return own.status(here.head.certificate, here.pki.intermediate)


# --- what an answer says ---------------------------------------------------------------------------------------------
def test_a_delegated_responder_says_good():
    statement = said(ocsp=(world().answer(),)).only
    assert (statement.status, statement.this_update, statement.next_update) == ("good", AT, AT + HOUR)
    assert statement.issuer_certificate.der == world().responder.certificate
    assert statement.algorithm == "ecdsa-sha256"
    assert [each.der for each in statement.issuer_path] == [
        world().responder.certificate,
        world().pki.intermediate,
        world().pki.root,
    ]


@pytest.mark.parametrize("named", ["name", "key"])
def test_the_issuer_answers_itself(named: str):
    der = answer_by(world().pki.issuing_key(), responder=named)
    assert said(ocsp=(der,)).only.issuer_certificate == world().issuer


def test_a_bare_answer_is_read_as_signatures_embed_it():
    bare = world().ocsp().status(world().head.certificate, world().pki.intermediate, bare=True)
    assert said(ocsp=(bare,)).only.status == "good"


def test_an_answer_without_certificates_is_verified_with_those_at_hand():
    der = world().answer(certificates=())
    assert said(ocsp=(der,)).checks[0].params["reason"] == "not found"
    own = Certificate.from_der(world().responder.certificate)
    assert said(ocsp=(der,), candidates=(own,)).only.status == "good"


def test_a_revocation_comes_with_its_date_reason_and_invalidity_date():
    register = world().revoked(AT - HOUR, reason=1, invalidity_date=AT - 30 * HOUR)
    statement = said(ocsp=(world().answer(register),)).only
    assert (statement.status, statement.revoked_at, statement.reason) == ("revoked", AT - HOUR, "keyCompromise")
    assert (statement.invalidity_date, statement.revoked_from) == (AT - 30 * HOUR, AT - 30 * HOUR)


def test_R07_unknown_stays_unknown():
    assert said(ocsp=(world().answer(status="unknown"),)).only.status == "unknown"


def test_R07_a_hold_since_1970_under_extended_revoke_means_never_issued():
    statement = said(ocsp=(world().answer(status="never issued"),)).only
    assert (statement.status, statement.reason, statement.revoked_at) == ("unknown", NEVER_ISSUED, None)


def test_a_hold_since_1970_without_extended_revoke_is_a_hold():
    register = world().revoked(datetime(1970, 1, 1, tzinfo=UTC), reason=6)
    assert said(ocsp=(world().answer(register),)).only.status == "revoked"


@pytest.mark.parametrize("nocheck", [NOCHECK_NULL, NOCHECK_EMPTY], ids=["null", "empty octet string"])
def test_nocheck_is_known_by_its_name_alone(nocheck: bytes):
    der = answer_by(responder(world(), OCSP_SIGNING, DIGITAL_SIGNATURE, nocheck))
    assert said(ocsp=(der,), accept_responder_without_nocheck=False).only.status == "good"


def test_an_answer_on_another_certificate_is_passed_over():
    other = world().pki.issue("head", "B", "O", key_of=world().head).certificate
    result = said(ocsp=(world().ocsp().status(other, world().pki.intermediate),))
    assert (result.statements, result.checks) == ((), ())


def test_an_answer_made_after_the_certificate_expired_says_good_only_with_an_archive_cutoff():
    ended = world().pki.issue("head", "B", "O", key_of=world().head, not_after=AT - HOUR).certificate
    certificate = Certificate.from_der(ended)
    for cutoff, expected in ((None, 0), (AT, 0), (AT - 2 * HOUR, 1)):
        der = world().ocsp(archive_cutoff=cutoff).status(ended, world().pki.intermediate)
        result = said(ocsp=(der,), certificate=certificate)
        assert len(result.statements) == expected
        assert [each.id for each in result.checks] == ["revocation.lifetime"] * (1 - expected)
    register = SandboxRegister()
    register.revoke(ended, AT - 2 * HOUR)
    der = world().ocsp(register).status(ended, world().pki.intermediate)
    assert said(ocsp=(der,), certificate=certificate).only.status == "revoked"


# --- each check alone ------------------------------------------------------------------------------------------------
def cases() -> list[tuple[str, str, str, Callable[[World], bytes]]]:
    return [
        ("no DER", "revocation.evidence-format", "asn1.truncated", lambda w: b"\x30\x05"),
        ("octets after", "revocation.evidence-format", "asn1.trailing-bytes", lambda w: w.answer(after=b"\0")),
        ("a version written out", "revocation.evidence-format", "signing.ocsp-version",
         lambda w: w.answer(version=b"\xa0\x03\x02\x01\x00")),
        ("too large", "revocation.evidence-format", "signing.ocsp-too-large", lambda w: b"\x30" + b"\0" * 70_000),
        ("R07 tryLater", "revocation.ocsp-status", "tryLater", lambda w: w.answer(response_status=3)),
        ("R07 unauthorized", "revocation.ocsp-status", "unauthorized", lambda w: w.answer(response_status=6)),
        ("R08 name of another issuer", "revocation.certificate-id", "another issuer",
         lambda w: w.answer(name_hash=b"\1" * 32)),
        ("R08 key of another issuer", "revocation.certificate-id", "another issuer",
         lambda w: w.answer(key_hash=b"\1" * 32)),
        ("critical extension", "revocation.critical-extension", "1.2.3", lambda w: w.answer(critical_extension="1.2.3")),
        ("critical extension of the status", "revocation.critical-extension", "1.2.3",
         lambda w: w.answer(critical_single_extension="1.2.3")),
        ("R11 in the future", "revocation.times", "in the future", lambda w: w.answer(this_update=AT + 10 * MINUTE)),
        ("produced before", "revocation.times", "producedAt before thisUpdate",
         lambda w: w.answer(produced_at=AT - HOUR)),
        ("ends before it begins", "revocation.times", "nextUpdate before thisUpdate",
         lambda w: w.answer(next_update=-MINUTE)),
        ("R09 without OCSPSigning", "revocation.responder", "no OCSPSigning",
         lambda w: answer_by(responder(w, DIGITAL_SIGNATURE, NOCHECK_NULL))),
        ("R09 of another authority", "revocation.responder", "issued by another",
         lambda w: answer_by(w.stranger.issue("ocsp-responder", "OCSP", "Sandbox", key="ec-p256").signing_key())),
        ("R09 issued by the root, not the issuer", "revocation.responder", "issued by another",
         lambda w: answer_by(
             responder(w, OCSP_SIGNING, DIGITAL_SIGNATURE, NOCHECK_NULL,
                       issuer=Draft(subject=w.root.subject.der, key=w.pki._root_key)))),
        ("R09 may not sign", "revocation.responder", "may not sign",
         lambda w: answer_by(responder(w, OCSP_SIGNING, KEY_ENCIPHERMENT, NOCHECK_NULL))),
        ("R09 another name", "revocation.responder", "not found", lambda w: w.answer(responder_name=cn("Nobody"))),
        ("R09 the checked certificate speaks for itself", "revocation.responder", "no OCSPSigning",
         lambda w: answer_by(w.head.signing_key())),
        ("R09 expired", "revocation.issuer-path", "path.validity",
         lambda w: answer_by(responder(w, OCSP_SIGNING, DIGITAL_SIGNATURE, NOCHECK_NULL, not_after=AT - HOUR))),
        ("R09 not yet valid", "revocation.issuer-path", "path.validity",
         lambda w: answer_by(responder(w, OCSP_SIGNING, DIGITAL_SIGNATURE, NOCHECK_NULL, not_before=AT + HOUR))),
        ("another algorithm named", "revocation.signature", "value", lambda w: w.answer(algorithm=ECDSA_SHA384)),
        ("SHA-1", "revocation.algorithm", "refused", lambda w: w.answer(algorithm=ECDSA_SHA1)),
        ("unknown algorithm", "revocation.algorithm", "unknown",
         lambda w: w.answer(algorithm=sequence(b"\x06\x02\x2a\x03"))),
        ("value", "revocation.signature", "value", lambda w: w.answer(broken_value=True)),
    ]  # fmt: skip


CASES = cases()


@pytest.mark.parametrize(("check", "reason", "make"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_an_answer_is_turned_away_for_one_reason(check: str, reason: str, make: Callable[[World], bytes]):
    result = said(ocsp=(make(world()),))
    assert result.statements == ()
    (found,) = result.checks
    assert (found.id, found.conclusion, found.params["reason"]) == (check, Conclusion.INDETERMINATE, reason)
    if check == "revocation.algorithm":
        assert found.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    else:
        assert found.sub_indication is SubIndication.TRY_LATER


def test_R08_a_hash_that_is_not_computed_here_names_nobody():
    sha256, sha512_256 = bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040206")
    der = world().ocsp().status(world().head.certificate, world().pki.intermediate, bare=True)
    (check,) = said(ocsp=(der.replace(sha256, sha512_256),)).checks
    assert (check.id, check.params["reason"]) == ("revocation.certificate-id", "hash not computed here")


def test_a_large_answer_is_read_once_however_many_certificates_it_is_asked_about():
    own = world().responder.certificate
    der = world().answer(certificates=(own,) * 15)
    assert len(der) > 8 * 1024
    assert read_ocsp(der) is read_ocsp(bytes(bytearray(der)))


def test_one_bad_answer_does_not_silence_a_good_one():
    result = said(ocsp=(world().answer(broken_value=True), world().answer()))
    assert [each.status for each in result.statements] == ["good"]
    assert [each.id for each in result.checks] == ["revocation.signature"]


# --- the responder's own status --------------------------------------------------------------------------------------
def without_nocheck() -> CraftedKey:
    return responder(world(), OCSP_SIGNING, DIGITAL_SIGNATURE)


def test_R09_a_responder_without_nocheck_is_taken_or_not_as_the_policy_says():
    der = answer_by(without_nocheck())
    assert said(ocsp=(der,)).only.status == "good"
    (check,) = said(ocsp=(der,), accept_responder_without_nocheck=False).checks
    assert (check.id, check.params["reason"]) == ("revocation.responder", "status unknown")


def test_R09_a_responder_without_nocheck_that_a_list_says_is_good():
    der = answer_by(without_nocheck())
    result = said(ocsp=(der,), crls=(world().crl(),), accept_responder_without_nocheck=False)
    assert {each.kind for each in result.statements} == {"ocsp", "crl"}


def test_R09_a_revoked_responder_is_not_heard():
    signing_key = without_nocheck()
    register = SandboxRegister()
    register.revoke(signing_key.certificate_chain[0], AT - HOUR)
    result = said(ocsp=(answer_by(signing_key),), crls=(world().crl(register),))
    assert [each.kind for each in result.statements] == ["crl"]
    assert [(each.id, each.params["reason"]) for each in result.checks] == [("revocation.responder", "revoked")]


def test_R09_a_responder_does_not_vouch_for_itself():
    signing_key = without_nocheck()
    own = SandboxOcsp(key=signing_key, register=SandboxRegister(), clock=lambda: AT)
    itself = own.status(signing_key.certificate_chain[0], world().pki.intermediate)
    result = said(ocsp=(answer_by(signing_key), itself), accept_responder_without_nocheck=False)
    assert result.statements == ()


def test_a_certificate_policy_demanded_of_signers_is_not_demanded_of_responders():
    demanded = {"require_certificate_policy": True, "acceptable_certificate_policies": ("1.2.3",)}
    assert said(ocsp=(world().answer(),), **demanded).only.status == "good"


# --- the question ----------------------------------------------------------------------------------------------------
def peer_certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_another_library_reads_the_question_as_it_was_meant(digest: str):
    request = new_request(world().leaf, world().issuer, nonce=b"0123456789abcdef", digest=digest)
    read = peer.load_der_ocsp_request(request)
    algorithm = hashes.SHA1() if digest == "sha1" else hashes.SHA256()
    built = (
        peer.OCSPRequestBuilder()
        .add_certificate(
            peer_certificate(world().head.certificate), peer_certificate(world().pki.intermediate), algorithm
        )
        .add_extension(x509.OCSPNonce(b"0123456789abcdef"), critical=False)
        .build()
    )
    assert request == built.public_bytes(serialization.Encoding.DER)
    assert read.serial_number == world().leaf.serial


@pytest.mark.parametrize("nonce", [b"", b"x" * 33])
def test_a_nonce_has_1_to_32_octets(nonce: bytes):
    with pytest.raises(ValueError, match="nonce"):
        new_request(world().leaf, world().issuer, nonce=nonce)


# --- another library on the same answers -----------------------------------------------------------------------------
PEER_STATUS = {
    peer.OCSPCertStatus.GOOD: "good",
    peer.OCSPCertStatus.REVOKED: "revoked",
    peer.OCSPCertStatus.UNKNOWN: "unknown",
}


@pytest.mark.parametrize("seed", range(12))
def test_another_library_reads_the_same_in_an_answer(seed: int):
    status = ("by register", "good", "unknown")[seed % 3]
    register = world().revoked(AT - seed * HOUR, reason=(None, 1, 3, 4, 5, 6, 9, 10)[seed % 8])
    form = {"status": status, "next_update": (None, HOUR)[seed % 2], "responder": ("name", "key")[seed // 2 % 2]}
    der = world().answer(register, **form)
    ours, theirs = said(ocsp=(der,)).only, peer.load_der_ocsp_response(der)
    assert ours.status == PEER_STATUS[theirs.certificate_status]
    assert (ours.this_update, ours.next_update) == (theirs.this_update_utc, theirs.next_update_utc)
    assert (ours.produced_at, ours.revoked_at) == (theirs.produced_at_utc, theirs.revocation_time_utc)
    assert ours.reason == (theirs.revocation_reason.value if theirs.revocation_reason else None)


@pytest.mark.parametrize("reason", [None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.certificate_hold])
def test_an_answer_that_another_library_made_is_understood(reason: x509.ReasonFlags | None):
    own: IssuedKey = world().responder
    naive = AT.replace(tzinfo=None)
    builder = peer.OCSPResponseBuilder().add_response(
        cert=peer_certificate(world().head.certificate),
        issuer=peer_certificate(world().pki.intermediate),
        algorithm=hashes.SHA1(),
        cert_status=peer.OCSPCertStatus.REVOKED if reason else peer.OCSPCertStatus.GOOD,
        this_update=naive,
        next_update=None,
        revocation_time=naive if reason else None,
        revocation_reason=reason,
    )
    builder = builder.responder_id(peer.OCSPResponderEncoding.HASH, peer_certificate(own.certificate))
    builder = builder.certificates([peer_certificate(own.certificate)])
    signed = builder.sign(own.private_key, hashes.SHA256())
    statement = said(ocsp=(signed.public_bytes(serialization.Encoding.DER),)).statements[0]
    assert statement.status == ("revoked" if reason else "good")
    assert statement.reason == (reason.value if reason else None)
