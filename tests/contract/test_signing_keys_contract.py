"""The port SigningKey: whatever holds the key, the same three promises."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from signing import (
    DEFAULT_SIGNING,
    SANDBOX_DOCUMENT,
    Indication,
    IssuedKey,
    SandboxPki,
    SigningKey,
    sign_detached,
    verify_detached,
)
from signing.algorithms import signature_algorithm, verify_signature
from signing.certificates import Certificate
from signing.keys import pem, pkcs11, pkcs12
from tests import tokens

PASSWORD = b"marked-secret"
KINDS = ("rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ed25519")
NATIONAL = ("gost2015-512", "gost2015-256", "gost2004")
TOKEN = "contract"
NOW = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki() -> SandboxPki:
    return SandboxPki.create(not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2030, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def issued(pki: SandboxPki) -> dict[str, IssuedKey]:
    return {kind: pki.issue("head", "N", "O", key=kind) for kind in (*KINDS, *NATIONAL)}


@pytest.fixture(scope="module")
def token(issued: dict[str, IssuedKey], pki: SandboxPki) -> str:
    tokens.new_token(TOKEN)
    for number, (kind, each) in enumerate(issued.items(), start=1):
        if kind in NATIONAL:
            continue
        private = each.pem().split(b"-----BEGIN CERTIFICATE-----", maxsplit=1)[0]
        tokens.put(TOKEN, kind, number, key=private)
        tokens.put(TOKEN, kind, number, certificates=(each.certificate,))
    tokens.put(TOKEN, "the authority", 90, certificates=(pki.intermediate,))
    return TOKEN


def _pem(issued: IssuedKey, kind: str) -> SigningKey:
    return pem.load(issued.pem(), None, test_keys=True)


def _pem_encrypted(issued: IssuedKey, kind: str) -> SigningKey:
    return pem.load(issued.pem(PASSWORD), PASSWORD, test_keys=True)


def _pkcs12(issued: IssuedKey, kind: str) -> SigningKey:
    return pkcs12.load(issued.pkcs12(PASSWORD), PASSWORD, test_keys=True)


def _pkcs12_legacy(issued: IssuedKey, kind: str) -> SigningKey:
    return pkcs12.load(issued.pkcs12(PASSWORD, legacy=True), PASSWORD, test_keys=True)


def _pkcs11(issued: IssuedKey, kind: str) -> SigningKey:
    return pkcs11.load(pkcs11.TokenPlace(module=tokens.MODULE, token=TOKEN, key=kind), tokens.PIN)


def _pkcs11_pss(issued: IssuedKey, kind: str) -> SigningKey:
    return pkcs11.load(pkcs11.TokenPlace(module=tokens.MODULE, token=TOKEN, key=kind, padding="pss"), tokens.PIN)


IN_FILES = (_pem, _pem_encrypted, _pkcs12, _pkcs12_legacy)
MISSING = tokens.why_absent()
IN_TOKENS = [
    pytest.param(make, kind, marks=[pytest.mark.system, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))])
    for make, kind in (*((_pkcs11, kind) for kind in KINDS), (_pkcs11_pss, "rsa-2048"))
]
EVERY = [*((make, kind) for make in IN_FILES for kind in (*KINDS, *NATIONAL)), *IN_TOKENS]


def _values(case: object) -> tuple[object, ...]:
    return getattr(case, "values", case)


@pytest.fixture
def key(
    make: Callable[[IssuedKey, str], SigningKey],
    kind: str,
    issued: dict[str, IssuedKey],
    request: pytest.FixtureRequest,
) -> SigningKey:
    if make in {_pkcs11, _pkcs11_pss}:
        request.getfixturevalue("token")
    return make(issued[kind], kind)


@pytest.mark.parametrize(("make", "kind"), EVERY)
def test_it_signs_in_the_cms_form_with_the_algorithm_it_names(
    key: SigningKey, kind: str, issued: dict[str, IssuedKey]
) -> None:
    algorithm = signature_algorithm(key.algorithm)
    assert algorithm is not None
    signer = Certificate.from_der(key.certificate_chain[0])
    for message in (b"", b"m", b"m" * 100_000):
        assert verify_signature(algorithm, signer, message, key.sign(message), form="cms")


@pytest.mark.parametrize(("make", "kind"), EVERY)
def test_its_own_certificate_comes_first_and_issuers_follow_as_far_as_they_are_known(
    key: SigningKey, kind: str, issued: dict[str, IssuedKey], pki: SandboxPki, make: Callable[..., SigningKey]
) -> None:
    # a file in the national CA's form brings no issuer
    issuers = () if make is _pkcs12_legacy else (pki.intermediate,)
    assert key.certificate_chain == (issued[kind].certificate, *issuers)


@pytest.mark.parametrize(("make", "kind"), EVERY)
def test_it_shows_nothing_and_is_not_copied(key: SigningKey, kind: str) -> None:
    holders = ("SoftwareKey", "NationalKey", "TokenKey")
    assert repr(key) in {f"<{holder} {key.algorithm}>" for holder in holders}
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(key)


@pytest.mark.parametrize(("make", "kind"), [each for each in EVERY if _pkcs12_legacy not in _values(each)])
def test_a_document_signed_with_it_verifies(key: SigningKey, kind: str, pki: SandboxPki) -> None:
    signature = sign_detached([b"content"], key, policy=DEFAULT_SIGNING, signing_time=NOW)
    report = verify_detached(signature, [b"content"], policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=NOW)
    assert report.indication is Indication.TOTAL_PASSED
