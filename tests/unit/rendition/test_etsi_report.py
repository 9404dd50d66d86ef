"""The ETSI report: its order of elements, its references, and that it never says more than was found."""

from __future__ import annotations

from typing import Any

import pytest

import schemas
from adapter.rendition import etsi_report
from adapter.rendition.etsi_report import NAMESPACE
from tests.unit.rendition.findings import AT, EVERY, HOSTILE, rows

VR = f"{{{NAMESPACE}}}"
ORDER = {
    "ValidationReport": ("SignatureValidationReport", "SignatureValidationObjects"),
    "SignatureValidationReport": (
        "SignatureIdentifier",
        "ValidationConstraintsEvaluationReport",
        "ValidationTimeInfo",
        "SignersDocument",
        "SignatureAttributes",
        "SignerInformation",
        "SignatureValidationProcess",
        "SignatureValidationStatus",
        "OtherInformation",
    ),
    "SignatureIdentifier": ("HashOnly", "DocHashOnly", "DAIdentifier", "OtherInformation"),
    "ValidationConstraintsEvaluationReport": ("SignatureValidationPolicy", "ValidationConstraint"),
    "ValidationConstraint": (
        "ValidationConstraintIdentifier",
        "ValidationConstraintParameter",
        "ConstraintStatus",
        "ValidationStatus",
    ),
    "SignatureValidationStatus": ("MainIndication", "SubIndication", "AssociatedValidationReportData"),
    "AssociatedValidationReportData": (
        "TrustAnchor",
        "CertificateChain",
        "RelatedValidationObject",
        "RevocationStatusInformation",
    ),
    "CertificateChain": ("SigningCertificate", "IntermediateCertificate", "TrustAnchor"),
    "RevocationStatusInformation": ("ValidationObjectId", "RevocationTime", "RevocationReason", "RevocationObject"),
    "ValidationObject": ("ObjectType", "ValidationObjectRepresentation", "POEProvisioning", "ValidationReport"),
}
"""Children in the order of the schema of TS 119 102-2, as far as we use them."""


def made(*names: str) -> Any:
    wanted = [row for make, row in zip(EVERY, rows(), strict=True) if not names or make.__name__ in names]
    return schemas.parse_untrusted(etsi_report(wanted, at=AT.isoformat(), program="elshi 0"))


def indications(root: Any) -> list[tuple[str, ...]]:
    return [
        tuple(part.text.rsplit(":", 1)[1] for part in status if part.text and part.text.strip())
        for status in root.findall(f"{VR}SignatureValidationReport/{VR}SignatureValidationStatus")
    ]


def test_elements_stand_in_the_order_of_the_schema() -> None:
    for element in made().iter(f"{VR}*"):
        order = ORDER.get(element.tag.removeprefix(VR))
        if order is None or (element.tag == f"{VR}ValidationReport" and element.getparent() is not None):
            continue
        places = [order.index(child.tag.removeprefix(VR)) for child in element]
        assert places == sorted(places), element.tag


def test_every_reference_leads_to_one_object() -> None:
    root = made()
    ids = [one.get("id") for one in root.iter(f"{VR}ValidationObject")]
    assert len(ids) == len(set(ids))
    wanted = {name for one in root.iter() for name in (one.get("VOReference") or "").split()}
    assert wanted == set(ids)


def test_the_same_findings_give_the_same_bytes() -> None:
    assert etsi_report(rows(), at="", program="elshi") == etsi_report(rows(), at="", program="elshi")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("passed", [("total-passed",)]),
        ("revoked", [("total-passed",), ("total-failed", "REVOKED")]),
        ("undecided", [("total-failed", "SIG_CONSTRAINTS_FAILURE")]),
        ("bare", [("total-failed", "FORMAT_FAILURE")]),
        ("unread", [("indeterminate", "GENERIC")]),
        ("folder", [("total-passed",), ("total-passed",)]),
    ],
)
def test_a_signature_passes_only_in_a_file_that_is_what_it_claims(name: str, said: list[tuple[str, ...]]) -> None:
    assert indications(made(name)) == said


def test_a_revocation_is_stated_with_time_reason_and_evidence() -> None:
    told = made("revoked").find(f".//{VR}RevocationStatusInformation")
    assert told.findtext(f"{VR}RevocationTime") == "2026-11-21T08:00:00Z"
    assert told.findtext(f"{VR}RevocationReason") == "urn:etsi:019102:revocationReason:keyCompromise"


def test_the_best_signature_time_names_the_time_stamp_that_proves_it() -> None:
    best = made("passed").find(f".//{VR}BestSignatureTime")
    assert best.findtext(f"{VR}POETime") == "2026-11-20T08:00:30Z"
    assert best.find(f"{VR}POEObject").get("VOReference") == "T-" + "1" * 64


def test_hostile_text_is_text() -> None:
    root = made("revoked")
    signers = [one.text for one in root.iter(f"{VR}Signer")]
    assert "CN=" + HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd") in signers
