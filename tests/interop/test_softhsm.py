"""A token that is there, a token that is not, and everything it may say in between; SoftHSM2 plays the token."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pkcs11 as driver
import pytest

from signing import IssuedKey, SandboxPki, SigningError
from signing.algorithms import signature_algorithm, verify_signature
from signing.certificates import Certificate
from signing.keys import pkcs11
from signing.keys.pkcs11 import LOST, PIN_REFUSED, TokenPlace, error_of
from tests import tokens

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(tokens.why_absent() is not None, reason=str(tokens.why_absent())),
]
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki() -> SandboxPki:
    return SandboxPki.create(not_before=START, not_after=END)


@pytest.fixture(scope="module")
def head(pki: SandboxPki) -> IssuedKey:
    return pki.issue("head", "N", "O", key="ec-p256")


@pytest.fixture(scope="module")
def other(pki: SandboxPki) -> IssuedKey:
    return pki.issue("head", "N", "O", key="ec-p256")


@pytest.fixture(scope="module")
def serial(head: IssuedKey, other: IssuedKey) -> str:
    """A token with a good key, one without a certificate, and two that share a label and have two certificates."""
    serial = tokens.new_token("office")
    tokens.put("office", "good", 1, key=_private(head), certificates=(head.certificate,))
    tokens.put("office", "bare", 2, key=_private(other))
    tokens.put("office", "twin", 3, key=_private(head))
    tokens.put("office", "twin", 4, key=_private(other))
    return serial


@pytest.fixture
def place(serial: str) -> TokenPlace:
    return TokenPlace(module=tokens.MODULE, token="office", serial=serial, key="good")


@pytest.fixture(autouse=True)
def logged_out() -> Iterator[None]:
    """Each test begins without a login: it is the process's, not the test's."""
    tokens.folder()
    driver.lib(str(tokens.MODULE)).reinitialize()
    yield


def _private(issued: IssuedKey) -> bytes:
    return issued.pem().split(b"-----BEGIN CERTIFICATE-----", maxsplit=1)[0]


def failure(place: TokenPlace, pin: str | None = tokens.PIN, **options: object) -> SigningError:
    """The error; checks on the way that no text of it, nor of what stands behind it, holds the PIN."""
    with pytest.raises(SigningError) as caught:
        pkcs11.load(place, pin, **options)
    error: BaseException | None = caught.value
    while error is not None:
        for text in (str(error), repr(error), repr(error.args)):
            assert "marked-secret" not in text
        error = error.__cause__
    return caught.value


# --- finding the key -------------------------------------------------------------------------------------------------
def test_the_key_is_found_by_label_by_id_and_by_serial_number(place: TokenPlace, serial: str, head: IssuedKey) -> None:
    for found in (
        place,
        TokenPlace(module=tokens.MODULE, serial=serial, key_id=b"\x01"),
        TokenPlace(module=tokens.MODULE, token="office", key="twin", key_id=b"\x03"),
    ):
        key = pkcs11.load(found, tokens.PIN)
        assert key.certificate_chain[0] == head.certificate


def test_a_certificate_given_beside_serves_a_key_that_has_none_on_the_token(
    place: TokenPlace, other: IssuedKey, pki: SandboxPki
) -> None:
    bare = replace(place, key="bare")
    assert failure(bare).code == "signing.token-no-certificate"
    key = pkcs11.load(bare, tokens.PIN, certificates=(pki.intermediate, other.certificate))
    assert key.certificate_chain == (other.certificate, pki.intermediate)
    algorithm = signature_algorithm(key.algorithm)
    assert algorithm is not None
    assert verify_signature(algorithm, Certificate.from_der(other.certificate), b"m", key.sign(b"m"), form="cms")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"module": Path("/nowhere/driver.so")}, "signing.token-module"),
        ({"module": Path(__file__)}, "signing.token-module"),
        ({"token": "another"}, "signing.token-not-found"),
        ({"serial": "0"}, "signing.token-not-found"),
        ({"key": "another"}, "signing.token-no-key"),
        ({"key": "twin"}, "signing.token-several-keys"),
        ({"key": None, "key_id": b"\x09"}, "signing.token-no-key"),
        ({"key": None}, "signing.token-several-keys"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_each_way_not_to_find_it_has_its_code(place: TokenPlace, changes: dict[str, object], code: str) -> None:
    assert failure(replace(place, **changes)).code == code


def test_several_tokens_of_one_label_are_told_apart_by_the_serial_number(place: TokenPlace) -> None:
    serials = [tokens.new_token("twins") for _ in range(2)]
    driver.lib(str(tokens.MODULE)).reinitialize()
    assert failure(replace(place, token="twins", serial=None)).code == "signing.token-several"
    assert failure(replace(place, token="twins", serial=serials[0])).code == "signing.token-no-key"


def test_several_certificates_of_one_key_are_not_chosen_from(head: IssuedKey, pki: SandboxPki) -> None:
    from tests.unit.signing.crafted_pki import Chain, public_key_info

    tokens.new_token("renewed")
    chain = Chain()
    renewed = chain.with_leaf(spki=public_key_info(head.private_key)).leaf.signed_by(chain.ca)
    tokens.put("renewed", "k", 1, key=_private(head), certificates=(head.certificate, renewed))
    where = TokenPlace(module=tokens.MODULE, token="renewed")
    assert failure(where).code == "signing.token-several-certificates"
    assert pkcs11.load(where, tokens.PIN, certificates=(renewed,)).certificate_chain[0] == renewed


def test_a_certificate_of_another_key_is_refused_before_anything_is_signed(place: TokenPlace, other: IssuedKey) -> None:
    assert failure(place, certificates=(other.certificate,)).code == "signing.key-certificate-mismatch"


def test_a_national_certificate_ends_in_a_code_of_its_own(place: TokenPlace, pki: SandboxPki) -> None:
    national = pki.issue("head", "N", "O", key="gost2015-512")
    error = failure(place, certificates=(national.certificate,))
    assert (error.code, error.params["key"]) == ("signing.token-national-key", "good")


# --- K07: PINs -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("pin", ["marked-secret-wrong", "1", "", "marked-secret" * 100])
def test_k07_a_wrong_pin_is_called_that_and_the_right_one_still_opens(place: TokenPlace, pin: str) -> None:
    error = failure(place, pin)
    assert error.code == "signing.token-pin-wrong"
    assert error.code in PIN_REFUSED - LOST
    assert pkcs11.load(place, tokens.PIN).sign(b"m")


def test_k07_a_wrong_pin_is_tried_once(place: TokenPlace) -> None:
    spy = _CountingToken()
    with pytest.raises(driver.PinIncorrect):
        pkcs11._session(place, spy, "marked-secret-wrong", may_spend_last_try=False)
    assert spy.logins == 1


@pytest.mark.parametrize(
    ("flag", "pin", "code"),
    [
        (driver.TokenFlag.USER_PIN_LOCKED, "p", "signing.token-pin-locked"),
        (driver.TokenFlag.USER_PIN_FINAL_TRY, "p", "signing.token-last-try"),
        (driver.TokenFlag(0), None, "signing.token-no-keypad"),
    ],
    ids=["locked", "last try", "no keypad"],
)
def test_k07_what_the_token_says_of_its_pin_is_heard_before_a_try_is_spent(
    place: TokenPlace, flag: driver.TokenFlag, pin: str | None, code: str
) -> None:
    spy = _CountingToken(flag)
    with pytest.raises(SigningError) as caught:
        pkcs11._session(place, spy, pin, may_spend_last_try=False)
    assert (caught.value.code, spy.logins) == (code, 0)


def test_k07_the_last_try_is_a_person_s(place: TokenPlace) -> None:
    spy = _CountingToken(driver.TokenFlag.USER_PIN_FINAL_TRY)
    with pytest.raises(driver.PinIncorrect):
        pkcs11._session(place, spy, "p", may_spend_last_try=True)
    assert spy.logins == 1


def test_k07_a_token_without_a_user_pin(place: TokenPlace) -> None:
    spy = _CountingToken()
    spy.flags = driver.TokenFlag(0)
    with pytest.raises(SigningError, match="signing.token-pin-not-set"):
        pkcs11._session(place, spy, "p", may_spend_last_try=False)


class _CountingToken:
    """A token as far as the login goes, which counts the tries it is asked for and refuses each."""

    def __init__(self, flag: driver.TokenFlag | None = None) -> None:
        self.flags = driver.TokenFlag.USER_PIN_INITIALIZED | (flag or driver.TokenFlag(0))
        self.logins = 0

    def open(self, user_pin: object = None) -> None:
        self.logins += 1
        raise driver.PinIncorrect


@pytest.mark.parametrize(
    ("raised", "code", "comes_back"),
    [
        (driver.PinLocked, "signing.token-pin-locked", False),
        (driver.PinExpired, "signing.token-pin-expired", False),
        (driver.PinIncorrect, "signing.token-pin-wrong", False),
        (driver.DeviceRemoved, "signing.token-lost", True),
        (driver.TokenNotPresent, "signing.token-lost", True),
        (driver.SessionHandleInvalid, "signing.token-lost", True),
        (driver.UserNotLoggedIn, "signing.token-lost", True),
        (driver.MechanismInvalid, "signing.token-mechanism-refused", False),
        (driver.DeviceError, "signing.token-failed", True),
        (driver.GeneralError, "signing.token-failed", True),
    ],
)
def test_k07_each_answer_of_a_driver_says_whether_it_may_come_back_by_itself(
    raised: type[driver.PKCS11Error], code: str, comes_back: bool
) -> None:
    error = error_of(raised("marked-secret"), "office")
    assert error.code == code
    assert (error.code in LOST) is comes_back
    assert "marked-secret" not in repr(error)


def test_k07_a_lost_session_is_a_typed_error_and_a_new_load_signs(place: TokenPlace) -> None:
    key = pkcs11.load(place, tokens.PIN)
    assert key.sign(b"m")
    driver.lib(str(tokens.MODULE)).reinitialize()
    with pytest.raises(SigningError) as caught:
        key.sign(b"m")
    assert caught.value.code in LOST
    assert pkcs11.load(place, tokens.PIN).sign(b"m")


def test_k07_a_token_that_is_gone_is_a_typed_error(place: TokenPlace, head: IssuedKey) -> None:
    tokens.new_token("leaving")
    tokens.put("leaving", "good", 1, key=_private(head), certificates=(head.certificate,))
    leaving = replace(place, token="leaving", serial=None)
    key = pkcs11.load(leaving, tokens.PIN)
    before = set((tokens.folder() / "tokens").iterdir())
    mine = next(each for each in before if b"leaving" in (each / "token.object").read_bytes())
    away = tokens.folder() / "away"
    shutil.move(mine, away)
    try:
        with pytest.raises(SigningError) as caught:
            key.sign(b"m")
        assert caught.value.code in LOST
        assert failure(leaving).code in LOST
    finally:
        shutil.move(away, mine)
    driver.lib(str(tokens.MODULE)).reinitialize()
    assert pkcs11.load(leaving, tokens.PIN).sign(b"m")


# --- K06: threads ----------------------------------------------------------------------------------------------------
_THREADS = """
import sys, threading
from pathlib import Path
from signing.keys import pkcs11
place = pkcs11.TokenPlace(module=Path(sys.argv[1]), token="office", key="good")
failed = []
def work():
    try:
        key = pkcs11.load(place, sys.argv[2])
        for _ in range(500):
            key.sign(b"m" * 200)
    except BaseException as error:
        failed.append(repr(error))
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
sys.exit("; ".join(failed) or 0)
"""


def test_k06_four_threads_on_one_driver_sign_two_thousand_times(place: TokenPlace) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _THREADS, str(tokens.MODULE), tokens.PIN],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_two_keys_of_one_token_share_the_login_of_the_process(place: TokenPlace, other: IssuedKey) -> None:
    keys = [
        pkcs11.load(place, tokens.PIN),
        pkcs11.load(replace(place, key="bare"), tokens.PIN, certificates=(other.certificate,)),
    ]
    signed: list[bytes] = []
    threads = [threading.Thread(target=lambda key=key: signed.append(key.sign(b"m"))) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 2
