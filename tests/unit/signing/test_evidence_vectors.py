"""National evidence that nobody of us made, judged as its manifest says: lists, answers, a token, certificates, signatures.

The files are not part of the project. Anchors are made here of the national authorities among them, never of the file
under judgement.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from signing import (
    KZ_DOCUMENT,
    EvidenceValidation,
    Indication,
    SubIndication,
    TrustAnchors,
    ValidationReport,
    evidence_kind,
    is_key_file,
    verify_attached,
    verify_evidence,
    verify_xml,
)
from signing.validation_report import Check, Conclusion

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"
pytestmark = pytest.mark.skipif(
    not (VECTORS / "MANIFEST.csv").is_file(), reason="the national vectors are not beside the project"
)

NOW = datetime(2026, 9, 1, tzinfo=UTC)
PASSED, FAILED, UNDECIDED = Indication.TOTAL_PASSED, Indication.TOTAL_FAILED, Indication.INDETERMINATE
LATER, ENDED = SubIndication.TRY_LATER, SubIndication.OUT_OF_BOUNDS_NO_POE
NO_CHAIN = SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def der_of(name: str) -> bytes:
    content = (VECTORS / name).read_bytes()
    if not content.startswith(b"-----BEGIN"):
        return content
    return base64.b64decode(b"".join(content.split(b"-----")[2].split()))


@cache
def anchors(kind: str) -> TrustAnchors:
    folder = {"production": "prod-ca", "test": "test-ca"}[kind]
    files = sorted(one for one in (VECTORS / folder).iterdir() if one.suffix in {".pem", ".cer"})
    return TrustAnchors.from_pem(kind, kind, *(one.read_bytes() for one in files))  # type: ignore[arg-type]


def judged(name: str, *, under: str, at: datetime = NOW) -> EvidenceValidation:
    der = der_of(name)
    kind = evidence_kind(der)
    assert kind is not None
    return verify_evidence(der, kind, policy=KZ_DOCUMENT, anchors=anchors(under), at=at)


def verdict(found: EvidenceValidation | ValidationReport) -> tuple[Indication, SubIndication | None]:
    report = found.report if isinstance(found, EvidenceValidation) else found
    return report.indication, report.sub_indication


def checks_of(report: ValidationReport) -> list[Check]:
    return [*report.checks, *(check for signature in report.signatures for check in signature.checks)]


def conclusions(checks: list[Check]) -> dict[str, Conclusion]:
    return {check.id: check.conclusion for check in checks}


# --- certificates ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["root_gost_2022.pem", "root_gost_2020.cer", "root_rsa_2020.cer"])
def test_a_root_in_force_passes_as_an_anchor(name: str):
    found = judged(f"prod-ca/{name}", under="production")
    assert verdict(found) == (PASSED, None)
    assert conclusions(checks_of(found.report))["certificate.self-signature"] is Conclusion.PASSED


@pytest.mark.parametrize("name", ["root_gost.pem", "root_rsa.pem"])
def test_a_root_that_has_ended_was_good_in_its_time(name: str):
    assert verdict(judged(f"prod-ca/{name}", under="production")) == (UNDECIDED, ENDED)
    then = judged(f"prod-ca/{name}", under="production", at=datetime(2024, 1, 1, tzinfo=UTC))
    assert verdict(then) == (PASSED, None)


@pytest.mark.parametrize(
    ("name", "sub"),
    [
        ("nca_gost_2022.pem", LATER),
        ("nca_rsa_2022.cer", LATER),
        ("ucgo_gost.cer", LATER),
        ("btsd_gost.cer", LATER),
        ("nca_gost.pem", ENDED),
        ("nca_rsa.pem", ENDED),
    ],
)
def test_an_authority_verifies_under_its_root_and_its_status_is_asked_for(name: str, sub: SubIndication):
    found = judged(f"prod-ca/{name}", under="production")
    assert verdict(found) == (UNDECIDED, sub)
    made = conclusions(checks_of(found.report))
    assert (made["certificate.signature"], made["path.found"]) == (Conclusion.PASSED, Conclusion.PASSED)


def test_the_test_authorities_lead_to_the_test_root_and_to_no_other():
    assert verdict(judged("test-ca/root_test_gost_2022.cer", under="test")) == (PASSED, None)
    assert verdict(judged("test-ca/nca_gost2022_test.cer", under="test")) == (UNDECIDED, LATER)
    assert verdict(judged("test-ca/nca_gost2022_test.cer", under="production")) == (UNDECIDED, NO_CHAIN)
    assert verdict(judged("test-ca/root_test_gost_2022.cer", under="production")) == (UNDECIDED, NO_CHAIN)


# --- list, answers, token --------------------------------------------------------------------------------------------
def test_the_test_list_passes_and_says_what_the_manifest_says():
    found = judged("test-ca/nca_gost2022_test.crl", under="test")
    assert verdict(found) == (PASSED, None)
    facts = found.facts.as_json()
    assert (facts["number"], facts["entries"], facts["base_number"]) == ("166", 195, None)
    assert (facts["this_update"], facts["next_update"]) == ("2026-08-11T03:49:19+00:00", "2027-02-07T03:49:19+00:00")
    assert verdict(judged("test-ca/nca_gost2022_test.crl", under="production")) == (UNDECIDED, NO_CHAIN)


def test_a_list_with_one_octet_changed_fails():
    der = bytearray(der_of("test-ca/nca_gost2022_test.crl"))
    der[3000] ^= 1
    found = verify_evidence(bytes(der), "crl", policy=KZ_DOCUMENT, anchors=anchors("test"), at=NOW)
    assert verdict(found) == (FAILED, SubIndication.SIG_CRYPTO_FAILURE)


def test_the_answer_on_a_revoked_head_passes_under_the_test_root():
    at = datetime(2022, 9, 2, 17, 3, tzinfo=UTC)
    found = judged("ocsp/ocsp_response_ceo_2015_revoked.bin", under="test", at=at)
    assert verdict(found) == (PASSED, None)
    (status,) = found.facts.as_json()["statuses"]
    assert (status["serial"], status["status"]) == ("3a90343e720594c55204b19cb9a402422ef0e622", "revoked")
    assert (status["reason"], status["revoked_at"]) == ("certificateHold", "2022-07-27T10:25:30+00:00")
    # five minutes are all that an answer without nextUpdate has
    late = judged("ocsp/ocsp_response_ceo_2015_revoked.bin", under="test", at=datetime(2022, 9, 2, 17, 5, tzinfo=UTC))
    assert verdict(late) == (UNDECIDED, LATER)


def test_the_answer_of_an_unknown_authority_verifies_and_leads_nowhere():
    at = datetime(2022, 9, 2, 16, 57, tzinfo=UTC)
    found = judged("ocsp/ocsp_response_individual_sign_2004.bin", under="test", at=at)
    assert verdict(found) == (UNDECIDED, NO_CHAIN)
    made = conclusions(checks_of(found.report))
    assert made["ocsp-answer.signature"] is Conclusion.PASSED
    assert made["ocsp-answer.responder-authorised"] is Conclusion.NOT_PERFORMED
    (status,) = found.facts.as_json()["statuses"]
    assert (status["serial"], status["status"]) == ("4279390a141f5353a62947b61ed65e81741467d1", "good")


def test_the_token_verifies_leads_nowhere_and_has_a_hash_that_is_refused():
    found = judged("tsp/tsp_token.bin", under="test", at=datetime(2022, 9, 18, 14, tzinfo=UTC))
    assert verdict(found) == (FAILED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    made = conclusions(checks_of(found.report))
    assert [name for name, each in made.items() if each is Conclusion.FAILED] == ["timestamp.imprint-algorithm"]
    assert [name for name, each in made.items() if each is Conclusion.INDETERMINATE] == ["path.found"]
    assert (made["timestamp.message-digest"], made["timestamp.signature-value"]) == (Conclusion.PASSED,) * 2
    facts = found.facts.as_json()
    assert (facts["policy"], facts["generated_at"]) == ("1.2.398.3.3.2.6.1", "2022-09-18T13:20:14+00:00")
    assert (facts["imprint_algorithm"], facts["imprint"]) == ("sha1", "1465dad126d32bf7aa5d3b95a5c7c331cdff34df")


@pytest.mark.parametrize("name", ["head_valid", "head_revoked", "individual_valid", "information_system_valid"])
def test_a_national_file_of_keys_is_known_for_what_it_is(name: str):
    der = der_of(f"test-p12/{name}.p12")
    assert is_key_file(der)
    assert evidence_kind(der) is None


# --- signatures on documents -----------------------------------------------------------------------------------------
def signature_checks(report: ValidationReport) -> list[dict[str, Conclusion]]:
    return [conclusions(list(signature.checks)) for signature in report.signatures]


@pytest.mark.parametrize(
    ("name", "under", "expected"),
    [
        # expired, and nothing proves that it was signed before
        ("mitwork_hist_1_8fdad25077.xml", "test", ENDED),
        ("GOSTKNCA_13a3741b52d7bf860aab199b56fad1f4652e357b.xml", "test", NO_CHAIN),
        ("RSA256_11c707bd54cbfcccb3815e39c4eb57b1dc7dfea9.xml", "production", NO_CHAIN),
    ],
)
def test_signed_xml_verifies_and_ends_as_its_certificate_does(name: str, under: str, expected: SubIndication):
    document = (VECTORS / "xml" / name).read_bytes()
    report = verify_xml(document, policy=KZ_DOCUMENT, anchors=anchors(under), at=NOW).report
    (made,) = signature_checks(report)
    assert made["xmldsig.digests"] is made["xmldsig.signature-value"] is Conclusion.PASSED
    assert verdict(report) == (UNDECIDED, expected)


def test_a_cms_of_two_signers_gets_a_verdict_for_each():
    report = verify_attached(der_of("cms/cms_unit_0.der"), policy=KZ_DOCUMENT, anchors=anchors("test"), at=NOW).report
    first, second = report.signatures
    for made in signature_checks(report):
        assert made["cms.message-digest"] is made["cms.signature-value"] is Conclusion.PASSED
    # both are individuals: final under the test root, open where nobody vouches for what the certificate says
    assert (first.indication, first.sub_indication) == (FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert [one.id for one in first.checks if one.conclusion is Conclusion.FAILED] == ["signer.roles"]
    assert (second.indication, second.sub_indication) == (UNDECIDED, NO_CHAIN)
