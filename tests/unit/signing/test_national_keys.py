"""National keys in files: what is a key and what is not, each refusal by its code, and none that shows a secret."""

from __future__ import annotations

import base64
import copy
import hashlib
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12 as p12
from cryptography.x509 import load_der_x509_certificate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signing import IssuedKey, SandboxPki, SigningError, asn1, gost
from signing.algorithms import NATIONAL_KEY_FORMS, national_key_form, signature_algorithm, verify_signature
from signing.certificates import Certificate
from signing.gost.portable import PortableProvider
from signing.keys import pem, pkcs12, rc2
from signing.keys.national import national_key
from signing.keys.national_pkcs8 import form_of, read_national_key, write_national_key
from signing.keys.password_based import MAX_HASHES, MAX_RC2
from signing.sandbox_pki import key_files
from signing.sandbox_pki.private_keys import private_key_info
from tests.unit.signing import test_keys as files
from tests.unit.signing.crafted_pki import NOT_AFTER, NOT_BEFORE, Chain
from tests.unit.signing.test_keys import bag, data, derive, failure, octets, pfx, seq, shrouded

PASSWORD = files.PASSWORD
VECTORS = files.VECTORS / "test-p12"
KINDS = ("gost2015-512", "gost2015-256", "gost2004")
CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3"
PBE_RC2_40 = "1.2.840.113549.1.12.1.6"


@pytest.fixture(scope="module")
def national_pki() -> SandboxPki:
    return SandboxPki.create(not_before=NOT_BEFORE, not_after=NOT_AFTER, key="gost2015-512")


@pytest.fixture(scope="module")
def issued(national_pki: SandboxPki) -> dict[str, IssuedKey]:
    return {kind: national_pki.issue("head", "N", "O", key=kind) for kind in KINDS}


def signs(key: object) -> bool:
    """Whether what it signs verifies with the certificate that stands first."""
    algorithm = signature_algorithm(key.algorithm)
    own = Certificate.from_der(key.certificate_chain[0])
    return verify_signature(algorithm, own, b"content", key.sign(b"content"), form="cms")


# --- opening -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("legacy", [False, True], ids=["today's form", "the national CA's form"])
def test_a_national_key_in_pkcs12_signs(issued: dict[str, IssuedKey], kind: str, legacy: bool):
    file = issued[kind].pkcs12(PASSWORD, legacy=legacy)
    assert failure(pkcs12.load, file, b"another") == "signing.p12-wrong-password"
    key = pkcs12.load(file, PASSWORD, test_keys=True)
    assert key.certificate_chain == (issued[kind].certificate, *(() if legacy else issued[kind].chain))
    assert key.algorithm == national_key_form(kind).algorithm
    assert signs(key)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_national_key_in_pem_signs(issued: dict[str, IssuedKey], kind: str, password: bytes | None):
    text = issued[kind].pem(password)
    assert signs(pem.load(text, password, test_keys=True))
    if password is not None:
        assert failure(pem.load, text, b"another") == "signing.pem-wrong-password"
        assert failure(pem.load, text, None) == "signing.pem-password-needed"


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_any_other_key_in_the_national_ca_s_form_signs(pki: SandboxPki, kind: str):
    other = pki.issue("head", "N", "O", key=kind)
    file = key_files.national_pkcs12(private_key_info(other.private_key), other.certificate, PASSWORD)
    assert b"\x30\x80" in file[:2]
    assert failure(pkcs12.load, file, b"another") == "signing.p12-wrong-password"
    assert signs(pkcs12.load(file, PASSWORD))


def test_a_file_without_a_password_is_opened_with_none(issued: dict[str, IssuedKey]):
    file = issued["gost2004"].pkcs12(b"", legacy=True)
    assert signs(pkcs12.load(file, b"", test_keys=True))
    assert failure(pkcs12.load, file, b"x") == "signing.p12-wrong-password"


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_keys_of_the_national_test_authority_verify_and_come_back_the_same():
    paths = sorted(VECTORS.glob("*.p12"))
    assert len(paths) == 4
    for path in paths:
        key = pkcs12.load(path.read_bytes(), b"Qwerty12", test_keys=True)
        assert signs(key)
        again = key_files.national_pkcs12(write_national_key(key._key), key.certificate_chain[0], b"Qwerty12")
        assert pkcs12.load(again, b"Qwerty12", test_keys=True).certificate_chain == key.certificate_chain


def test_issuers_follow_in_their_order_whatever_order_they_came_in(
    issued: dict[str, IssuedKey], national_pki: SandboxPki
):
    own = issued["gost2015-512"]
    mixed = (national_pki.root, issued["gost2004"].certificate, national_pki.intermediate, own.certificate)
    key = national_key(own.private_key, mixed, test_keys=True)
    assert key.certificate_chain == (own.certificate, national_pki.intermediate, national_pki.root)


# --- signing in constant time ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_plain_python_signs_with_test_keys_only(issued: dict[str, IssuedKey], kind: str):
    own = issued[kind]
    with pytest.raises(SigningError) as caught:
        national_key(own.private_key, (own.certificate,), provider=PortableProvider())
    assert caught.value.code == "signing.key-variable-time"
    assert dict(caught.value.params) == {"algorithm": national_key_form(kind).algorithm}
    assert signs(national_key(own.private_key, (own.certificate,), provider=PortableProvider(), test_keys=True))


def test_the_curve_no_library_signs_on_is_refused_in_every_case(issued: dict[str, IssuedKey]):
    own = issued["gost2015-256"]
    assert failure(pkcs12.load, own.pkcs12(PASSWORD), PASSWORD) == "signing.key-variable-time"
    assert failure(pem.load, own.pem(), None) == "signing.key-variable-time"


@pytest.mark.skipif(gost.provider_report().refusal is not None, reason="libnettle is not on this machine")
@pytest.mark.parametrize("kind", ["gost2015-512", "gost2004"])
def test_the_native_library_signs_with_any_key(issued: dict[str, IssuedKey], kind: str):
    assert signs(pkcs12.load(issued[kind].pkcs12(PASSWORD, legacy=True), PASSWORD))


def test_on_a_stand_a_test_key_is_one_whose_certificates_come_from_a_sandbox(issued: dict[str, IssuedKey]):
    own = issued["gost2015-256"]
    file, text = own.pkcs12(PASSWORD), own.pem()
    assert signs(pkcs12.load(file, PASSWORD, test_keys="of-a-sandbox"))
    assert signs(pem.load(text, None, test_keys="of-a-sandbox"))
    foreign = Chain().ca.signed_by(Chain().root)
    assert "SANDBOX" not in Certificate.from_der(foreign).issuer.shown()
    for others in ((own.certificate, foreign), (foreign,), ()):
        with pytest.raises(SigningError) as caught:
            national_key(own.private_key, others, provider=PortableProvider(), test_keys="of-a-sandbox")
        assert caught.value.code == "signing.key-variable-time"


# --- nothing shown ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_a_national_key_shows_nothing_and_is_not_copied(issued: dict[str, IssuedKey], kind: str):
    key = issued[kind].signing_key()
    assert repr(key) == f"<NationalKey {key.algorithm}>"
    number = issued[kind].private_key.number
    for shown in (repr(key), repr(issued[kind]), repr(issued[kind].private_key)):
        assert str(number) not in shown
        assert f"{number:x}" not in shown
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, lambda each: each.__getstate__()):
        for each in (key, issued[kind].private_key):
            with pytest.raises(TypeError):
                leak(each)


def refused(read: Callable[[], object], code: str, secret: bytes = b"") -> None:
    """This code, and nothing of the secret in any error on the way to it."""
    with pytest.raises(SigningError) as caught:
        read()
    error: BaseException | None = caught.value
    assert caught.value.code == code, caught.value
    while error is not None:
        for text in (str(error), repr(error.args)):
            assert not secret or (secret.hex() not in text and repr(secret)[2:20] not in text)
        error = error.__cause__


# --- PKCS#8 -------------------------------------------------------------------------------------------------------------
def pkcs8(
    kind: str, inside: bytes, *, parameters: bytes | None = None, oid: str | None = None, version: int = 0
) -> bytes:
    form = national_key_form(kind)
    named = seq(*map(asn1.encode_oid, form.parameters)) if parameters is None else parameters
    algorithm = seq(asn1.encode_oid(oid or form.oid), named)
    return seq(asn1.encode_integer(version), algorithm, octets(inside))


def written(kind: str, number: int, size: int | None = None) -> bytes:
    """The private number as this kind writes it."""
    if kind == "gost2004":
        return asn1.encode_integer(number)
    return octets(number.to_bytes(size or national_key_form(kind).curve.octets, "little"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_private_key_comes_back_as_it_was_written(kind: str):
    q = national_key_form(kind).curve.q
    for number in (1, 0x80, q // 2, q - 1):
        key = gost.PrivateKey(national_key_form(kind).curve, number)
        der = write_national_key(key)
        assert der == pkcs8(kind, written(kind, number))
        found = read_national_key(der)
        assert (found.curve, found.number, form_of(found).key_type) == (key.curve, number, kind)


def test_the_form_of_another_authority_is_read():
    key = gost.PrivateKey(gost.TC26_512_A, 12345)
    form = NATIONAL_KEY_FORMS["1.2.398.3.10.1.4.1.2"]
    der = pkcs8(
        "gost2015-512",
        written("gost2015-512", key.number),
        oid=form.oid,
        parameters=seq(*map(asn1.encode_oid, form.parameters)),
    )
    assert read_national_key(der).number == key.number


def test_attributes_behind_a_key_are_not_read():
    der = pkcs8("gost2004", written("gost2004", 5))
    with_attributes = seq(asn1.read_der(der).content, asn1.encode(0xA0, b""))
    assert read_national_key(with_attributes).number == 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", ["0", "q", "q + 1"])
def test_a_number_out_of_range_is_no_key(kind: str, number: str):
    value = {"0": 0, "q": national_key_form(kind).curve.q, "q + 1": national_key_form(kind).curve.q + 1}[number]
    refused(lambda: read_national_key(pkcs8(kind, written(kind, value))), "signing.key-damaged")


def test_a_negative_number_is_no_key():
    refused(lambda: read_national_key(pkcs8("gost2004", asn1.encode_integer(-5))), "signing.key-damaged")


@pytest.mark.parametrize(
    ("kind", "inside"),
    [
        pytest.param("gost2015-512", written("gost2015-512", 5, 63), id="63 octets"),
        pytest.param("gost2015-512", written("gost2015-512", 5, 65), id="65 octets"),
        pytest.param("gost2015-512", written("gost2015-256", 5), id="32 octets for 512 bits"),
        pytest.param("gost2015-256", written("gost2015-512", 5), id="64 octets for 256 bits"),
        pytest.param("gost2015-512", asn1.encode_integer(5), id="an integer for 2015"),
        pytest.param("gost2004", written("gost2015-256", 5), id="octets for 2004"),
        pytest.param("gost2004", asn1.encode_integer(2**256 + 5), id="33 octets that count"),
        pytest.param("gost2004", b"\x02\x02\x00\x05", id="an integer not in DER"),
        pytest.param("gost2004", b"", id="nothing"),
        pytest.param("gost2004", written("gost2004", 5) + b"\x05\x00", id="something behind"),
    ],
)
def test_a_private_number_in_another_form_is_damage(kind: str, inside: bytes):
    refused(lambda: read_national_key(pkcs8(kind, inside)), "signing.key-damaged")


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        pytest.param(
            "gost2015-512", seq(*map(asn1.encode_oid, national_key_form("gost2004").parameters)), id="mixed sets"
        ),
        pytest.param("gost2015-512", seq(asn1.encode_oid("1.2.398.3.10.1.1.2.2.1")), id="no hash"),
        pytest.param(
            "gost2015-512",
            seq(asn1.encode_oid("1.2.398.3.10.1.1.2.2.9"), asn1.encode_oid("1.2.398.3.10.1.3.3")),
            id="unknown curve",
        ),
        pytest.param(
            "gost2004",
            seq(asn1.encode_oid("1.2.398.3.10.1.1.1.1.1"), asn1.encode_oid("1.2.398.3.10.1.3.1.1.1")),
            id="unknown S-box",
        ),
        pytest.param("gost2004", b"\x05\x00", id="NULL"),
        pytest.param("gost2004", b"", id="absent"),
        pytest.param(
            "gost2004",
            seq(*map(asn1.encode_oid, national_key_form("gost2004").parameters), b"\x05\x00"),
            id="one too many",
        ),
    ],
)
def test_parameters_that_are_not_the_key_s_own_are_never_guessed_at(kind: str, parameters: bytes):
    refused(lambda: read_national_key(pkcs8(kind, written(kind, 5), parameters=parameters)), "signing.key-parameters")


def test_a_national_key_of_a_kind_nobody_described_is_called_that():
    for oid in ("1.2.398.3.10.1.1.9.9", "1.3.6.1.4.1.6801.1.5.8"):
        der = pkcs8("gost2004", written("gost2004", 5), oid=oid)
        refused(lambda der=der: read_national_key(der), "signing.key-national-algorithm")


def test_a_key_of_another_version_is_damage():
    refused(lambda: read_national_key(pkcs8("gost2004", written("gost2004", 5), version=1)), "signing.key-damaged")


@given(st.integers(0, 8 * 200), st.sampled_from(KINDS))
@example(8 * 20, "gost2015-512")
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_of_a_private_key_is_another_key_or_an_error_of_ours(bit: int, kind: str):
    der = bytearray(write_national_key(gost.PrivateKey(national_key_form(kind).curve, 2**250 + 12345)))
    der[bit // 8 % len(der)] ^= 1 << bit % 8
    try:
        found = read_national_key(bytes(der))
    except SigningError as error:
        assert error.code.startswith("signing.key-")  # noqa: PT017 - an error or another key, both are right
    else:
        assert found.number != 2**250 + 12345


# --- keys and certificates that do not belong together -------------------------------------------------------------------
def test_a_key_of_2004_under_a_certificate_of_2015_is_a_mismatch(issued: dict[str, IssuedKey]):
    file = key_files.national_pkcs12(
        private_key_info(issued["gost2004"].private_key), issued["gost2015-512"].certificate, PASSWORD
    )
    refused(lambda: pkcs12.load(file, PASSWORD, test_keys=True), "signing.key-certificate-mismatch")


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_of_another_person_is_a_mismatch(issued: dict[str, IssuedKey], national_pki: SandboxPki, kind: str):
    other = national_pki.issue("head", "Another", "O", key=kind)
    secret = private_key_info(other.private_key)
    in_files = [
        key_files.national_pkcs12(secret, issued[kind].certificate, PASSWORD),
        key_files.pkcs12(secret, (issued[kind].certificate, *issued[kind].chain), PASSWORD),
    ]
    for file in in_files:
        refused(lambda file=file: pkcs12.load(file, PASSWORD, test_keys=True), "signing.key-certificate-mismatch")


def test_a_national_key_with_a_certificate_of_another_family_is_a_mismatch(
    issued: dict[str, IssuedKey], head: IssuedKey
):
    file = key_files.national_pkcs12(private_key_info(issued["gost2004"].private_key), head.certificate, PASSWORD)
    refused(lambda: pkcs12.load(file, PASSWORD, test_keys=True), "signing.key-certificate-mismatch")


def test_a_national_key_without_a_certificate_is_told_so(issued: dict[str, IssuedKey]):
    secret = private_key_info(issued["gost2004"].private_key)
    assert failure(pkcs12.load, key_files.pkcs12(secret, (), PASSWORD), PASSWORD) == "signing.p12-no-certificate"
    assert failure(pem.load, key_files.pem("PRIVATE KEY", secret), None) == "signing.pem-no-certificate"


def test_a_certificate_that_cannot_be_read_is_told_so(issued: dict[str, IssuedKey]):
    secret = private_key_info(issued["gost2004"].private_key)
    file = key_files.national_pkcs12(secret, b"\x30\x00", PASSWORD)
    assert failure(pkcs12.load, file, PASSWORD) == "signing.key-certificate-unreadable"


# --- PKCS#12 that is wrong -----------------------------------------------------------------------------------------------
def rc2_safe(content: bytes, *, iterations: int = 3, ciphertext: bytes | None = None) -> bytes:
    """EncryptedData with RC2 of 40 bits, for `pfx_of`."""
    key, vector = derive(1, 5, b"12345678", 3), derive(2, 8, b"12345678", 3)
    padded = content + bytes((8 - len(content) % 8,)) * (8 - len(content) % 8)
    hidden = rc2.encrypt_cbc(key, 40, vector, padded) if ciphertext is None else ciphertext
    algorithm = seq(asn1.encode_oid(PBE_RC2_40), seq(octets(b"12345678"), asn1.encode_integer(iterations)))
    inner = seq(asn1.encode_oid(files.DATA), algorithm, asn1.encode(0x80, hidden))
    encrypted = seq(asn1.encode_integer(0), inner)
    return seq(asn1.encode_oid("1.2.840.113549.1.7.6"), asn1.encode(0xA0, encrypted))


def certificate_bag(certificate: bytes) -> bytes:
    held = seq(asn1.encode_oid("1.2.840.113549.1.9.22.1"), asn1.encode(0xA0, octets(certificate)))
    return bag(CERTIFICATE_BAG, held)


def pfx_of(*safes: bytes) -> bytes:
    """A file with these ContentInfo, under a MAC that is right."""
    import hmac

    safe = seq(*safes)
    mac = hmac.new(derive(3, 20, b"saltsalt", 5), safe, hashlib.sha1).digest()
    digest = seq(seq(asn1.encode_oid("1.3.14.3.2.26"), b"\x05\x00"), octets(mac))
    return seq(asn1.encode_integer(3), data(safe), seq(digest, octets(b"saltsalt"), asn1.encode_integer(5)))


def test_another_writer_s_file_opens(issued: dict[str, IssuedKey]):
    own = issued["gost2015-512"]
    key_safe = data(seq(shrouded(private_key_info(own.private_key))))
    file = pfx_of(key_safe, rc2_safe(seq(certificate_bag(own.certificate))))
    assert signs(pkcs12.load(file, PASSWORD, test_keys=True))
    assert signs(
        pkcs12.load(
            pfx(shrouded(private_key_info(own.private_key)), certificate_bag(own.certificate)), PASSWORD, test_keys=True
        )
    )
    plain = pfx(bag(files.KEY_BAG, private_key_info(own.private_key)), certificate_bag(own.certificate))
    assert signs(pkcs12.load(plain, PASSWORD, test_keys=True))


def test_garbage_after_a_right_mac_is_damage(issued: dict[str, IssuedKey]):
    own = issued["gost2015-512"]
    key_safe = data(seq(shrouded(private_key_info(own.private_key))))
    good = seq(certificate_bag(own.certificate))
    broken_key = bag(
        files.SHROUDED,
        seq(seq(asn1.encode_oid(files.PBE_3DES), seq(octets(b"12345678"), asn1.encode_integer(3))), octets(b"x" * 24)),
    )
    for safes in (
        (key_safe, rc2_safe(good, ciphertext=b"\x55" * 64)),
        (key_safe, rc2_safe(good, ciphertext=b"\x55" * 63)),
        (key_safe, rc2_safe(good, ciphertext=b"")),
        (key_safe, rc2_safe(b"not a safe at all")),
        (data(seq(broken_key)), rc2_safe(good)),
        (data(seq(shrouded(b"\x30\x03\x02\x01\x00"))), rc2_safe(good)),
    ):
        assert failure(pkcs12.load, pfx_of(*safes), PASSWORD) == "signing.p12-damaged"


def test_without_a_mac_the_key_still_says_whether_the_password_was_right(issued: dict[str, IssuedKey]):
    own = issued["gost2004"]
    key_safe = data(seq(shrouded(private_key_info(own.private_key))))
    version, safes, _ = asn1.children(asn1.read_der(pfx_of(key_safe, rc2_safe(seq(certificate_bag(own.certificate))))))
    file = seq(version.raw, safes.raw)
    assert signs(pkcs12.load(file, PASSWORD, test_keys=True))
    assert failure(pkcs12.load, file, b"another") == "signing.p12-wrong-password"


def test_a_damaged_private_key_in_a_file_is_named_as_that(issued: dict[str, IssuedKey]):
    file = pfx(
        shrouded(pkcs8("gost2015-512", written("gost2015-512", 0))), certificate_bag(issued["gost2015-512"].certificate)
    )
    assert failure(pkcs12.load, file, PASSWORD) == "signing.key-damaged"


def test_a_scheme_that_is_not_known_is_named(issued: dict[str, IssuedKey]):
    own = issued["gost2004"]
    for oid in ("1.2.840.113549.1.12.1.5", "1.2.3.4"):
        parameters = seq(octets(b"12345678"), asn1.encode_integer(3))
        hidden = bag(files.SHROUDED, seq(seq(asn1.encode_oid(oid), parameters), octets(b"x" * 24)))
        file = pfx(hidden, certificate_bag(own.certificate))
        with pytest.raises(SigningError) as caught:
            pkcs12.load(file, PASSWORD)
        assert (caught.value.code, dict(caught.value.params)) == ("signing.encryption-unsupported", {"scheme": oid})


def test_what_costs_too_much_is_refused_before_it_costs(issued: dict[str, IssuedKey]):
    own = issued["gost2004"]
    key_safe = data(seq(shrouded(private_key_info(own.private_key))))
    good = seq(certificate_bag(own.certificate))
    costly = rc2_safe(good, iterations=10**9)
    assert failure(pkcs12.load, pfx_of(key_safe, costly), PASSWORD) == "signing.key-file-iterations"
    together = [rc2_safe(good, iterations=MAX_HASHES // 2 + 1)] * 2
    assert failure(pkcs12.load, pfx_of(key_safe, *together), PASSWORD) == "signing.key-file-iterations"
    for wrong in (0, -1):
        code = failure(pkcs12.load, pfx_of(key_safe, rc2_safe(good, iterations=wrong)), PASSWORD)
        assert code in {"signing.key-file-iterations", "signing.p12-damaged"}
    large = rc2_safe(good, ciphertext=bytes(MAX_RC2 + 8))
    assert failure(pkcs12.load, pfx_of(key_safe, large), PASSWORD) == "signing.p12-too-large"


def test_a_costly_pem_is_refused_before_it_costs(issued: dict[str, IssuedKey]):
    secret = key_files.encrypted_key(private_key_info(issued["gost2004"].private_key), PASSWORD)
    costly = secret.replace(asn1.encode_integer(key_files.ITERATIONS), b"\x02\x02\x7f\xff")
    assert costly != secret
    many = seq(
        seq(
            asn1.encode_oid("1.2.840.113549.1.12.1.3"),
            seq(octets(b"12345678"), asn1.encode_integer(10**9)),
        ),
        octets(b"x" * 24),
    )
    text = key_files.pem("ENCRYPTED PRIVATE KEY", many) + pem_of(issued["gost2004"].certificate)
    assert failure(pem.load, text, PASSWORD) == "signing.key-file-iterations"


def pem_of(certificate: bytes) -> bytes:
    return load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


def test_several_national_keys_are_not_chosen_from(issued: dict[str, IssuedKey]):
    one, two = (private_key_info(issued[kind].private_key) for kind in ("gost2004", "gost2015-512"))
    assert failure(pkcs12.load, pfx(shrouded(one), shrouded(two)), PASSWORD) == "signing.p12-several-keys"
    hidden = rc2_safe(seq(bag(files.KEY_BAG, one), bag(files.KEY_BAG, two)))
    assert failure(pkcs12.load, pfx_of(data(seq()), hidden), PASSWORD) == "signing.p12-several-keys"


BOMBS = [
    pytest.param(b"\x30\x80" * 400_000, id="nested open lengths"),
    pytest.param(b"\x30\x80" * 70 + b"\x00\x00" * 70, id="nested open lengths, all closed"),
    pytest.param(b"\x30\x84\xff\xff\xff\xff" + b"\x00" * 100, id="four gigabytes"),
    pytest.param(b"\x30\x88" + b"\xff" * 8, id="more than any file"),
    pytest.param(b"\x30\xff" + b"\x01" * 127, id="a length of 127 octets"),
    pytest.param(b"\x24\x80" * 200_000 + b"\x00\x00" * 200_000, id="pieces of pieces"),
    pytest.param(b"\x30\x80" + b"\x05\x00" * 400_000 + b"\x00\x00", id="very many elements"),
    pytest.param(b"\x30\x80\x02\x01\x03", id="never closed"),
    pytest.param(b"\x04\x80\x00\x00", id="an open string that holds nothing"),
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_of_lengths_or_nesting_is_damage_at_little_cost(bomb: bytes):
    assert failure(pkcs12.load, bomb, PASSWORD) == "signing.p12-damaged"
    assert failure(pkcs12.load, pfx_of(bomb), PASSWORD) == "signing.p12-damaged"


def test_a_bomb_behind_the_password_is_damage(issued: dict[str, IssuedKey]):
    key_safe = data(seq(shrouded(private_key_info(issued["gost2004"].private_key))))
    for bomb in (b"\x30\x80" * 10_000, b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" + b"\x05\x00" * 100_001 + b"\x00\x00"):
        assert failure(pkcs12.load, pfx_of(key_safe, rc2_safe(bomb)), PASSWORD) == "signing.p12-damaged"


@pytest.fixture(scope="module")
def national_file(issued: dict[str, IssuedKey]) -> bytes:
    own = issued["gost2004"]
    return key_files.national_pkcs12(private_key_info(own.private_key), own.certificate, PASSWORD, iterations=5)


def test_a_flipped_bit_of_a_national_file_is_an_error_of_ours_or_changes_nothing(national_file: bytes):
    expected = pkcs12.load(national_file, PASSWORD, test_keys=True).certificate_chain
    # every seventh octet, one bit in each: a prime, so that all bits come by
    for at in range(0, len(national_file), 7):
        flipped = bytearray(national_file)
        flipped[at] ^= 1 << at % 8
        try:
            found = pkcs12.load(bytes(flipped), PASSWORD, test_keys=True)
        except SigningError as error:
            assert error.code in files.UNREADABLE, (at, error.code)  # noqa: PT017 - an error or none, both are right
        else:
            assert found.certificate_chain == expected


def test_a_file_cut_short_is_an_error_of_ours(national_file: bytes):
    for end in range(0, len(national_file), 13):
        assert failure(pkcs12.load, national_file[:end], PASSWORD) in files.UNREADABLE


def test_bytes_behind_a_file_are_damage(national_file: bytes):
    assert failure(pkcs12.load, national_file + b"\x00", PASSWORD) == "signing.p12-damaged"


# --- PEM that is wrong ---------------------------------------------------------------------------------------------------
def test_a_national_key_in_pem_that_is_no_key_says_why(issued: dict[str, IssuedKey]):
    certificate = pem_of(issued["gost2015-512"].certificate)
    zero = key_files.pem("PRIVATE KEY", pkcs8("gost2015-512", written("gost2015-512", 0)))
    mixed = key_files.pem(
        "PRIVATE KEY",
        pkcs8(
            "gost2015-512",
            written("gost2015-512", 5),
            parameters=seq(*map(asn1.encode_oid, national_key_form("gost2004").parameters)),
        ),
    )
    foreign = key_files.pem("PRIVATE KEY", private_key_info(issued["gost2004"].private_key))
    assert failure(pem.load, zero + certificate, None) == "signing.key-damaged"
    assert failure(pem.load, mixed + certificate, None) == "signing.key-parameters"
    refused(lambda: pem.load(foreign + certificate, None, test_keys=True), "signing.key-certificate-mismatch")


# --- RC2 and the derivation of keys ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "bits", "plain", "secret"),
    [
        ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
        ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
        ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
        ("88", 64, "0000000000000000", "61a8a244adacccf0"),
        ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
        ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
        ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
        (
            "88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e",
            129,
            "0000000000000000",
            "5b78d3a43dfff1f1",
        ),
    ],
)
def test_rc2_gives_the_answers_of_its_specification(key: str, bits: int, plain: str, secret: str):
    words = rc2.expanded_key(bytes.fromhex(key), bits)
    assert rc2.encrypt_block(words, bytes.fromhex(plain)).hex() == secret
    assert rc2.decrypt_block(words, bytes.fromhex(secret)).hex() == plain


def test_forty_bits_of_rc2_are_what_another_library_reads(head: IssuedKey):
    file = key_files.national_pkcs12(private_key_info(head.private_key), head.certificate, PASSWORD)
    with pytest.warns(UserWarning, match="BER"):
        key, certificate, _ = p12.load_key_and_certificates(file, PASSWORD)
    assert key.private_numbers() == head.private_key.private_numbers()
    assert certificate.public_bytes(serialization.Encoding.DER) == head.certificate


@given(st.binary(min_size=1, max_size=16), st.integers(1, 128), st.binary(max_size=64))
@settings(max_examples=50, deadline=None)
def test_rc2_comes_back(key: bytes, bits: int, content: bytes):
    padded = content + bytes(-len(content) % 8)
    assert rc2.decrypt_cbc(key, bits, b"v" * 8, rc2.encrypt_cbc(key, bits, b"v" * 8, padded)) == padded


def test_messages_of_all_refusals_hold_no_octet_of_the_key(issued: dict[str, IssuedKey]):
    secret = private_key_info(issued["gost2015-512"].private_key)
    number = asn1.read_der(secret).raw[-64:]
    body = base64.b64encode(secret).decode()
    text = key_files.pem("PRIVATE KEY", secret)[:-30] + b"-----END PRIVATE KEY-----\n"
    with pytest.raises(SigningError) as caught:
        pem.load(text, None)
    shown = f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"
    assert not re.search(re.escape(body[:12]), shown)
    assert number.hex()[:12] not in shown


def test_the_samples_are_not_kept_here():
    assert not list(Path(__file__).parent.rglob("*.p12"))
