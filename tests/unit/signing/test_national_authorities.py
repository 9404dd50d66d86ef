"""The table of national authorities has the shape that it is read by, and says of each certificate what stands in it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from signing import NATIONAL_AUTHORITIES, NATIONAL_SETS, Certificate, NationalAuthority, RefusedAuthority
from signing.algorithms import describe_public_key
from signing.revocation.extensions import ALL_REASONS, distribution_points

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"
FOLDERS = {"production": VECTORS / "prod-ca", "test": VECTORS / "test-ca"}
TRUSTED, REFUSED = NATIONAL_AUTHORITIES.trusted, NATIONAL_AUTHORITIES.refused

needs_vectors = pytest.mark.skipif(
    not all(folder.is_dir() for folder in FOLDERS.values()),
    reason="the certificates of the national authorities are not beside the project; they are not shipped with it",
)


def test_every_fingerprint_is_a_sha_256_and_stands_once() -> None:
    everything = [one.sha256 for one in (*TRUSTED, *REFUSED)]
    assert len(everything) == 13 + 3
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in everything)
    assert len(set(everything)) == len(everything)


def test_every_name_is_short_and_stands_once() -> None:
    names = [one.name for one in (*TRUSTED, *REFUSED)]
    assert all(re.fullmatch("[a-z][a-z0-9_]*", one) for one in names), "it becomes the name of a file"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("authority", TRUSTED, ids=lambda one: one.name)
def test_a_trusted_one_is_valid_for_some_time_and_is_published_by_the_state(authority: NationalAuthority) -> None:
    assert authority.not_before < authority.not_after
    assert re.fullmatch(r"http://(?:[a-z]+\.)*gov\.kz/cert/[a-z0-9_./]+\.(?:cer|crt|zip)", authority.url)
    assert ("test" in authority.name) == (authority.kind == "test")
    assert authority.is_legacy == (authority.not_after.year == 2025)


def test_production_and_test_are_two_sets_each_with_a_root() -> None:
    assert dict(NATIONAL_SETS) == {"nuc-rk": "production", "nuc-rk-test": "test"}
    for name, kind in NATIONAL_SETS.items():
        members = NATIONAL_AUTHORITIES.of_set(name)
        assert {one.kind for one in members} == {kind}
        assert "root" in {one.role for one in members}
    assert sum(len(NATIONAL_AUTHORITIES.of_set(name)) for name in NATIONAL_SETS) == len(TRUSTED)


def test_a_certificate_is_found_by_its_fingerprint_alone() -> None:
    for one in (*TRUSTED, *REFUSED):
        assert NATIONAL_AUTHORITIES.find(one.sha256) is one
    assert NATIONAL_AUTHORITIES.find("0" * 64) is None
    assert isinstance(NATIONAL_AUTHORITIES.find(REFUSED[0].sha256), RefusedAuthority)


# --- the published certificates themselves ---------------------------------------------------------------------------
def _published(kind: str) -> dict[str, bytes]:
    found = {}
    for path in sorted(FOLDERS[kind].iterdir()):
        if path.suffix in {".pem", ".cer"}:
            content = path.read_bytes()
            body = re.search(rb"-----BEGIN CERTIFICATE-----(.*?)-----END", content, re.DOTALL)
            found[path.stem] = base64.b64decode(body[1]) if body else content
    return found


@needs_vectors
@pytest.mark.parametrize("authority", TRUSTED, ids=lambda one: one.name)
def test_the_table_says_what_stands_in_the_certificate(authority: NationalAuthority) -> None:
    der = _published(authority.kind)[authority.name]
    assert hashlib.sha256(der).hexdigest() == authority.sha256
    certificate = Certificate.from_der(der)
    assert (certificate.not_before.date(), certificate.not_after.date()) == (authority.not_before, authority.not_after)
    assert certificate.is_self_issued == (authority.role == "root")
    assert describe_public_key(certificate.public_key_info).type == authority.family
    assert certificate.is_ca


@needs_vectors
def test_every_intermediate_has_its_issuer_in_the_same_set_by_key_identifier() -> None:
    for kind in FOLDERS:
        certificates = [Certificate.from_der(der) for der in _published(kind).values()]
        for one in certificates:
            if one.is_self_issued:
                continue
            issuers = [
                other
                for other in certificates
                if other.subject.key == one.issuer.key and other.subject_key_id == one.authority_key_id
            ]
            assert len(issuers) == 1, one.subject.shown()


@needs_vectors
def test_key_identifiers_of_four_octets_and_a_padded_address_are_read_as_they_stand() -> None:
    published = {name: Certificate.from_der(der) for name, der in _published("production").items()}
    assert {len(published[name].subject_key_id or b"") for name in ("nca_gost", "nca_rsa")} == {4}
    for name in ("nca_gost", "nca_rsa"):
        urls = [url for point in distribution_points(published[name]) for url in point.urls]
        assert urls == [f"http://crl.root.gov.kz/{name.removeprefix('nca_')}.crl"]
    (point,) = distribution_points(published["ucgo_gost"])
    key_compromise = 1
    assert key_compromise not in point.reasons
    assert point.reasons < ALL_REASONS


def test_the_table_holds_facts_and_no_certificate() -> None:
    source = (Path(__file__).resolve().parents[3] / "signing" / "national_authorities.py").read_text(encoding="utf-8")
    assert "BEGIN CERTIFICATE" not in source
    assert max(map(len, re.findall(r"[A-Za-z0-9+/=]+", source))) <= 64
