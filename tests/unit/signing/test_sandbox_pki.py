"""The throwaway PKI looks like the national one and can never be taken for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509

from signing import (
    KZ_DOCUMENT,
    SANDBOX_DOCUMENT,
    Certificate,
    Indication,
    IssuedKey,
    SandboxPki,
    SigningError,
    TrustAnchors,
    certificate_facts,
)
from signing.certification_path import validate_path
from tests.unit.signing.crafted_pki import BIN, IIN

ROLES = {
    "head": {"1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.1"},
    "signer": {"1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.2"},
    "employee": {"1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.5"},
    "information-system": {"1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.6"},
    "gateway": {"1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.6"},
    "authentication": {"1.3.6.1.5.5.7.3.2", "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.5"},
}


@pytest.mark.parametrize("kind", ROLES)
def test_each_kind_has_the_national_roles_and_key_usage(pki: SandboxPki, ec_head: IssuedKey, kind: str):
    facts = certificate_facts(pki.issue(kind, "N", "O", bin=BIN, iin=IIN, key_of=ec_head).certificate)
    assert set(facts.roles) == ROLES[kind]
    assert ("nonRepudiation" in facts.key_usage) == (kind != "authentication")
    assert ("keyEncipherment" in facts.key_usage) == (kind == "authentication")
    assert (facts.bin, facts.iin_present) == (BIN, True)


def test_an_information_system_has_an_identifier_and_its_name(pki: SandboxPki, ec_head: IssuedKey):
    facts = certificate_facts(pki.issue("information-system", "СЭД", "O", bin=BIN, key_of=ec_head).certificate)
    assert "UID=1.2.398.6.10.1.1" in facts.subject
    assert facts.common_name == "СЭД"
    assert not facts.iin_present


def test_every_certificate_says_sandbox(pki: SandboxPki, head: IssuedKey):
    for der in (pki.root, pki.intermediate, head.certificate):
        facts = certificate_facts(der)
        assert "SANDBOX" in facts.subject
        assert "SANDBOX" in facts.issuer


def test_another_library_finds_the_same_path(pki: SandboxPki, head: IssuedKey):
    leaf, ca, root = map(x509.load_der_x509_certificate, (head.certificate, pki.intermediate, pki.root))
    leaf.verify_directly_issued_by(ca)
    ca.verify_directly_issued_by(root)
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_keys_can_be_taken_over_and_certificates_stay_different(pki: SandboxPki, head: IssuedKey):
    again = SandboxPki.create(not_before=pki.not_before, not_after=pki.not_after, keys_of=pki)
    assert again.root != pki.root
    issued = again.issue("signer", "N", "O", key_of=head)
    assert issued.private_key is head.private_key
    at = datetime(2026, 11, 10, tzinfo=UTC)
    result = validate_path(
        Certificate.from_der(issued.certificate), [], again.trust_anchors(), at=at, policy=SANDBOX_DOCUMENT
    )
    assert result.indication is Indication.TOTAL_PASSED


def test_a_short_validity_is_kept_to_the_second(pki: SandboxPki, head: IssuedKey):
    start, end = datetime(2026, 5, 1, 10, 0, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
    facts = certificate_facts(pki.issue("head", "N", "O", not_before=start, not_after=end, key_of=head).certificate)
    assert (facts.not_before, facts.not_after) == (start, end)


def test_anchors_are_of_the_kind_sandbox_and_come_back_from_pem(pki: SandboxPki):
    assert pki.trust_anchors().kind == "sandbox"
    assert "sandbox" not in KZ_DOCUMENT.anchor_kinds
    read = TrustAnchors.from_pem(pki.name, "sandbox", pki.anchor_pem())
    assert read == pki.trust_anchors()


def test_a_long_name_still_makes_a_certificate():
    pki = SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2027, 1, 1, tzinfo=UTC), name="N" * 200
    )
    assert "SANDBOX" in certificate_facts(pki.root).subject


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "minister"}, "signing.sandbox-kind"),
        ({"bin": "12345"}, "signing.sandbox-number"),
        ({"iin": "12345678901a"}, "signing.sandbox-number"),
        ({"key": "rsa-512"}, "signing.sandbox-key-kind"),
    ],
)
def test_what_is_not_in_the_profile_is_refused(pki: SandboxPki, changes: dict[str, str], code: str):
    with pytest.raises(SigningError) as caught:
        pki.issue(**{"kind": "head", "common_name": "N", "organization": "O", **changes})
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["ec-p384", "ed25519"])
def test_authorities_may_have_keys_of_another_kind(kind: str, ec_head: IssuedKey):
    here = SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2030, 1, 1, tzinfo=UTC), key=kind
    )
    key = here.issue("head", "N", "O", bin=BIN, iin=IIN, key_of=ec_head)
    signer = Certificate.from_der(key.certificate)
    result = validate_path(
        signer, (), here.trust_anchors(), at=datetime(2026, 11, 10, tzinfo=UTC), policy=SANDBOX_DOCUMENT
    )
    assert result.indication is Indication.TOTAL_PASSED
