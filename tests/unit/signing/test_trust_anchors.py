"""Trust anchors are named, of one kind, and never empty by accident."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signing import SANDBOX_DOCUMENT, Certificate, Indication, IssuedKey, SandboxPki, SigningError, TrustAnchors
from signing.certification_path import validate_path
from tests.unit.signing import crafted_pki as made
from tests.unit.signing.crafted_pki import Chain

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"


def code_of(*args: object) -> str:
    with pytest.raises(SigningError) as caught:
        TrustAnchors.from_pem(*args)
    return caught.value.code


def test_self_issued_certificates_become_anchors_and_others_help(pki: SandboxPki):
    anchors = TrustAnchors.from_pem("demo", "sandbox", pki.anchor_pem())
    assert anchors.certificates == (pki.root,)
    assert anchors.intermediates == (pki.intermediate,)
    assert anchors.label() == "demo (sandbox)"


def test_takes_der_and_several_texts_and_drops_repeats(pki: SandboxPki):
    anchors = TrustAnchors.from_pem("demo", "sandbox", pki.root, pki.anchor_pem(), pki.root)
    assert (anchors.certificates, anchors.intermediates) == ((pki.root,), (pki.intermediate,))


def test_an_intermediate_alone_is_the_anchor(pki: SandboxPki):
    assert TrustAnchors.from_pem("demo", "sandbox", pki.intermediate).certificates == (pki.intermediate,)


@pytest.mark.parametrize("kind", ["production", "test"])
def test_p17_a_sandbox_authority_enters_no_other_set(pki: SandboxPki, kind: str):
    assert code_of("mixed", kind, pki.anchor_pem()) == "signing.anchors-mixed"


def test_p17_a_test_authority_enters_no_production_set():
    root = Chain().with_root(subject=made.cn("ROOT (GOST) TEST 2022")).root
    der = root.signed_by(root)
    assert code_of("mixed", "production", der) == "signing.anchors-mixed"
    assert TrustAnchors.from_pem("test", "test", der).kind == "test"


def test_an_end_entity_is_no_anchor(head: IssuedKey):
    assert code_of("x", "sandbox", head.certificate) == "signing.anchors-not-a-ca"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "signing.anchors-unreadable", id="empty file"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----", "signing.anchors-unreadable", id="base64"
        ),
        pytest.param(b"\x30\x00", "signing.anchors-unreadable", id="not a certificate"),
    ],
)
def test_an_unreadable_file_is_an_error_and_not_an_empty_set(content: bytes, code: str):
    assert code_of("x", "sandbox", content) == code


def test_no_anchors_at_all_is_an_error():
    assert code_of("x", "sandbox") == "signing.anchors-empty"
    with pytest.raises(SigningError):
        TrustAnchors(name="x", kind="other", certificates=())


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_the_national_rsa_authority_chains_to_its_root():
    folder = VECTORS / "prod-ca"
    anchors = TrustAnchors.from_pem("national", "production", (folder / "root_rsa_2020.cer").read_bytes())
    authority = Certificate.from_der((folder / "nca_rsa_2022.cer").read_bytes())
    at = datetime(2026, 11, 10, tzinfo=UTC)
    policy = replace(SANDBOX_DOCUMENT, anchor_kinds=("production",))
    result = validate_path(authority, [], anchors, at=at, policy=policy)
    assert result.indication is Indication.TOTAL_PASSED
    legacy = TrustAnchors.from_pem("legacy", "production", (folder / "root_rsa.pem").read_bytes())
    assert validate_path(authority, [], legacy, at=at, policy=policy).indication is Indication.INDETERMINATE


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_the_national_test_root_enters_no_production_set():
    assert (
        code_of("x", "production", (VECTORS / "test-ca/root_test_gost_2022.cer").read_bytes())
        == "signing.anchors-mixed"
    )
