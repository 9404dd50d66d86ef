"""Each way a key file can be unusable has its own code, and no message holds the password."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.serialization import pkcs12 as p12
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import IssuedKey, SandboxPki, SigningError, asn1
from signing.algorithms import signature_algorithm, verify_signature
from signing.certificates import Certificate
from signing.keys import pem, pkcs12
from tests.unit.signing.crafted_pki import NOT_AFTER, NOT_BEFORE

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"
PASSWORD = b"marked-secret-\xd0\xb0"
DATA, KEY_BAG, SHROUDED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.12.10.1.1", "1.2.840.113549.1.12.10.1.2"
PBE_3DES = "1.2.840.113549.1.12.1.3"


def failure(load: object, *args: object) -> str:
    """The code of the error; checks on the way that no text of it holds the password."""
    with pytest.raises(SigningError) as caught:
        load(*args)
    error: BaseException | None = caught.value
    while error is not None:
        for text in (str(error), repr(error), repr(error.args)):
            assert "marked-secret" not in text
        error = error.__cause__ or error.__context__
    return caught.value.code


# --- a small writer of PKCS#12, for the files nobody makes on purpose ---------------------------------------------------


def seq(*parts: bytes) -> bytes:
    return asn1.encode(asn1.SEQUENCE, *parts)


def octets(content: bytes) -> bytes:
    return asn1.encode(asn1.OCTET_STRING, content)


def data(content: bytes) -> bytes:
    return seq(asn1.encode_oid(DATA), asn1.encode(0xA0, octets(content)))


def bag(oid: str, value: bytes) -> bytes:
    return seq(asn1.encode_oid(oid), asn1.encode(0xA0, value))


def fill(value: bytes, block: int) -> bytes:
    """The value over and over, to a whole number of blocks."""
    return (value * block)[: block * -(-len(value) // block)]


def derive(purpose: int, size: int, salt: bytes, rounds: int) -> bytes:
    """RFC 7292, B.2, written out for up to two blocks of SHA-1."""
    text = PASSWORD.decode().encode("utf-16-be") + b"\x00\x00"
    i_block = fill(salt, 64) + fill(text, 64)
    out = b""
    while len(out) < size:
        state = bytes((purpose,)) * 64 + i_block
        for _ in range(rounds):
            state = hashlib.sha1(state).digest()
        out += state
        b = int.from_bytes(fill(state, 64), "big") + 1
        i_block = b"".join(
            ((int.from_bytes(i_block[n : n + 64], "big") + b) % 2**512).to_bytes(64, "big")
            for n in range(0, len(i_block), 64)
        )
    return out[:size]


def pfx(*bags: bytes, iterations: int = 5) -> bytes:
    safe = seq(data(seq(*bags)))
    salt = b"saltsalt"
    mac = hmac.new(derive(3, 20, salt, min(iterations, 5)), safe, hashlib.sha1).digest()
    digest = seq(seq(asn1.encode_oid("1.3.14.3.2.26"), b"\x05\x00"), octets(mac))
    return seq(asn1.encode_integer(3), data(safe), seq(digest, octets(salt), asn1.encode_integer(iterations)))


def shrouded(private_key_info: bytes) -> bytes:
    key, vector = derive(1, 24, b"12345678", 3), derive(2, 8, b"12345678", 3)
    padded = private_key_info + bytes((8 - len(private_key_info) % 8,)) * (8 - len(private_key_info) % 8)
    cipher = Cipher(TripleDES(key), modes.CBC(vector)).encryptor()
    parameters = seq(octets(b"12345678"), asn1.encode_integer(3))
    return bag(
        SHROUDED, seq(seq(asn1.encode_oid(PBE_3DES), parameters), octets(cipher.update(padded) + cipher.finalize()))
    )


def key_of_before_2016() -> bytes:
    """Of the form that national keys had then; what is inside is nobody's key."""
    algorithm = seq(asn1.encode_oid("1.3.6.1.4.1.6801.1.5.8"), b"\x05\x00")
    return seq(asn1.encode_integer(0), algorithm, octets(octets(b"\x01" * 32)))


# --- PKCS#12 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("legacy", [False, True], ids=["today's encryption", "the national CA's encryption"])
def test_a_pkcs12_file_signs(head: IssuedKey, legacy: bool):
    key = pkcs12.load(head.pkcs12(PASSWORD, legacy=legacy), PASSWORD)
    assert key.certificate_chain[0] == head.certificate
    assert key.algorithm == "rsa-sha256"
    signer = Certificate.from_der(head.certificate)
    assert verify_signature(signature_algorithm(key.algorithm), signer, b"m", key.sign(b"m"), form="cms")


def test_today_s_file_brings_its_chain_and_the_national_one_does_not(head: IssuedKey, pki: SandboxPki):
    assert pkcs12.load(head.pkcs12(PASSWORD), PASSWORD).certificate_chain == (head.certificate, pki.intermediate)
    assert pkcs12.load(head.pkcs12(PASSWORD, legacy=True), PASSWORD).certificate_chain == (head.certificate,)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_wrong_password_is_called_that(head: IssuedKey, legacy: bool):
    file = head.pkcs12(PASSWORD, legacy=legacy)
    for wrong in (b"marked-secret", b"", b"\xff\xfe"):
        assert failure(pkcs12.load, file, wrong) == "signing.p12-wrong-password"


def test_a_file_with_no_key(head: IssuedKey):
    own = load_der_x509_certificate(head.certificate)
    file = p12.serialize_key_and_certificates(b"x", None, None, [own], serialization.BestAvailableEncryption(PASSWORD))
    assert failure(pkcs12.load, file, PASSWORD) == "signing.p12-no-key"


def test_a_file_with_several_keys(head: IssuedKey):
    plain = head.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert failure(pkcs12.load, pfx(bag(KEY_BAG, plain), bag(KEY_BAG, plain)), PASSWORD) == "signing.p12-several-keys"


def test_a_key_without_a_certificate(head: IssuedKey):
    file = p12.serialize_key_and_certificates(
        b"x", head.private_key, None, None, serialization.BestAvailableEncryption(PASSWORD)
    )
    assert failure(pkcs12.load, file, PASSWORD) == "signing.p12-no-certificate"


def test_a_certificate_of_another_key(head: IssuedKey, ec_head: IssuedKey):
    text = head.pem().split(b"-----BEGIN CERT")[0] + ec_head.pem().split(b"-----END PRIVATE KEY-----\n")[1]
    assert failure(pem.load, text, None) == "signing.key-certificate-mismatch"
    plain = head.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = bag(
        "1.2.840.113549.1.12.10.1.3",
        seq(asn1.encode_oid("1.2.840.113549.1.9.22.1"), asn1.encode(0xA0, octets(ec_head.certificate))),
    )
    assert failure(pkcs12.load, pfx(bag(KEY_BAG, plain), certificate), PASSWORD) == "signing.key-certificate-mismatch"


def indefinite(element: bytes) -> bytes:
    """The same constructed element with its length left open, as BER allows."""
    return element[:1] + b"\x80" + asn1.read_der(element).content + b"\x00\x00"


def test_a_file_in_ber_with_open_lengths_signs(ec_head: IssuedKey):
    plain = ec_head.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = bag(
        "1.2.840.113549.1.12.10.1.3",
        seq(asn1.encode_oid("1.2.840.113549.1.9.22.1"), asn1.encode(0xA0, octets(ec_head.certificate))),
    )
    local_key_id = seq(asn1.encode_oid("1.2.840.113549.1.9.21"), asn1.encode(asn1.SET, octets(b"1")))
    bags = [
        seq(asn1.read_der(each).content, asn1.encode(asn1.SET, local_key_id)) for each in (shrouded(plain), certificate)
    ]
    key = pkcs12.load(indefinite(pfx(*bags)), PASSWORD)
    assert key.certificate_chain == (ec_head.certificate,)


def test_a_national_key_of_before_2016_is_called_that_and_not_a_wrong_password():
    file = pfx(shrouded(key_of_before_2016()))
    assert failure(pkcs12.load, file, PASSWORD) == "signing.key-national-algorithm"
    assert failure(pkcs12.load, file, b"other") == "signing.p12-wrong-password"


@pytest.mark.parametrize("file", [b"", b"\x30\x00", b"not a key file", b"-----BEGIN CERTIFICATE-----"])
def test_a_damaged_file(file: bytes):
    assert failure(pkcs12.load, file, PASSWORD) == "signing.p12-damaged"


def test_a_file_whose_key_is_damaged_under_a_good_mac():
    assert failure(pkcs12.load, pfx(shrouded(b"\x30\x03\x02\x01\x00")), PASSWORD) == "signing.p12-damaged"


def test_a_file_that_costs_too_much_is_refused_before_it_costs():
    assert failure(pkcs12.load, b"\x30" * (pkcs12.MAX_BYTES + 1), PASSWORD) == "signing.p12-too-large"
    assert failure(pkcs12.load, pfx(iterations=10**9), PASSWORD) == "signing.key-file-iterations"


def same_or_refused(bit: int) -> bool:
    """With this bit flipped: the same key as before, or an error of ours."""
    flipped = bytearray(FLIPPED)
    flipped[bit // 8 % len(flipped)] ^= 1 << bit % 8
    try:
        key = pkcs12.load(bytes(flipped), PASSWORD)
    except SigningError as error:
        return error.code in UNREADABLE
    return key.certificate_chain == pkcs12.load(FLIPPED, PASSWORD).certificate_chain


UNREADABLE = (
    "signing.p12-damaged",
    "signing.p12-wrong-password",
    "signing.key-file-iterations",
    "signing.encryption-unsupported",
)


@given(st.integers(0, 3000 * 8))
@settings(max_examples=80, deadline=None)
def test_a_flipped_bit_is_a_signing_error_or_changes_nothing(bit: int):
    assert same_or_refused(bit)


def test_k04_every_flipped_bit_of_the_mac_is_a_signing_error_or_changes_nothing():
    # where another reader of the file than ours has the last word
    end = len(FLIPPED) * 8
    assert [bit for bit in range(end - 64 * 8, end) if not same_or_refused(bit)] == []


def _small_file() -> bytes:
    issued = SandboxPki.create(not_before=NOT_BEFORE, not_after=NOT_AFTER).issue("head", "N", "O", key="ec-p256")
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(10)
    encryption = (
        builder.key_cert_algorithm(p12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256()).build(PASSWORD)
    )
    certificate = load_der_x509_certificate(issued.certificate)
    return p12.serialize_key_and_certificates(b"x", issued.private_key, certificate, None, encryption)


FLIPPED = _small_file()


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_containers_of_the_national_test_authority_sign():
    files = sorted((VECTORS / "test-p12").glob("*.p12"))
    assert len(files) == 4
    for file in files:
        key = pkcs12.load(file.read_bytes(), b"Qwerty12", test_keys=True)
        (own,) = key.certificate_chain
        assert key.algorithm == "gost3410-2015-512"
        algorithm, signer = signature_algorithm(key.algorithm), Certificate.from_der(own)
        assert verify_signature(algorithm, signer, b"m", key.sign(b"m"), form="cms")
        assert failure(pkcs12.load, file.read_bytes(), b"qwerty12") == "signing.p12-wrong-password"


# --- PEM ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_pem_text_signs(ec_head: IssuedKey, pki: SandboxPki, password: bytes | None):
    key = pem.load(ec_head.pem(password), password)
    assert key.certificate_chain == (ec_head.certificate, pki.intermediate)
    assert key.algorithm == "ecdsa-p256-sha256"


def test_key_and_certificates_may_come_in_two_files_in_any_order(ec_head: IssuedKey):
    key, certificates = ec_head.pem().split(b"-----BEGIN CERTIFICATE-----", 1)
    joined = b"-----BEGIN CERTIFICATE-----" + certificates + key
    assert pem.load(joined, None).certificate_chain[0] == ec_head.certificate


def test_each_unusable_pem_text_has_its_code(ec_head: IssuedKey):
    encrypted = ec_head.pem(PASSWORD)
    key, certificates = ec_head.pem().split(b"-----BEGIN CERTIFICATE-----", 1)
    assert failure(pem.load, encrypted, None) == "signing.pem-password-needed"
    assert failure(pem.load, encrypted, b"other") == "signing.pem-wrong-password"
    assert failure(pem.load, b"-----BEGIN CERTIFICATE-----" + certificates, None) == "signing.pem-no-key"
    assert failure(pem.load, key * 2, None) == "signing.pem-several-keys"
    assert failure(pem.load, key, None) == "signing.pem-no-certificate"
    assert failure(pem.load, key.replace(b"M", b"!", 1), None) == "signing.pem-damaged"
    assert failure(pem.load, b"x" * (pem.MAX_BYTES + 1), None) == "signing.pem-too-large"
    broken = key + b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"
    assert failure(pem.load, broken, None) == "signing.pem-damaged"
    unreadable = key + b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    assert failure(pem.load, unreadable, None) == "signing.key-certificate-unreadable"


def test_a_password_for_a_key_that_has_none_is_no_error(ec_head: IssuedKey):
    assert pem.load(ec_head.pem(), PASSWORD).algorithm == "ecdsa-p256-sha256"


def test_a_national_key_of_before_2016_in_pem_is_called_that(ec_head: IssuedKey):
    import base64

    body = base64.encodebytes(key_of_before_2016())
    text = b"-----BEGIN PRIVATE KEY-----\n" + body + b"-----END PRIVATE KEY-----\n" + load_pem(ec_head.certificate)
    assert failure(pem.load, text, None) == "signing.key-national-algorithm"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (rsa.generate_private_key(65537, 1024), "signing.key-weak"),
        (ec.generate_private_key(ec.SECP256K1()), "signing.key-unsupported"),
    ],
    ids=["RSA of 1024 bits", "another curve"],
)
def test_a_key_that_may_not_sign(key: object, code: str):
    from tests.unit.signing.crafted_pki import Chain, public_key_info

    chain = Chain()
    certificate = chain.with_leaf(spki=public_key_info(key)).leaf.signed_by(chain.ca)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + load_pem(certificate)
    assert failure(pem.load, text, None) == code


def load_pem(der: bytes) -> bytes:
    import base64

    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def test_a_key_shows_nothing_and_is_not_copied(ec_head: IssuedKey):
    import copy
    import pickle

    key = ec_head.signing_key()
    secret = str(ec_head.private_key.private_numbers().private_value)
    assert repr(key) == "<SoftwareKey ecdsa-p256-sha256>"
    assert secret not in repr(ec_head)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(key)


@pytest.mark.parametrize("kind", ["rsa-2048", "rsa-3072", "ec-p256", "ec-p384", "ec-p521", "ed25519"])
def test_every_kind_of_sandbox_key_signs_in_the_cms_form(pki: SandboxPki, kind: str):
    issued = pki.issue("signer", "N", "O", key=kind)
    key = issued.signing_key()
    signer = Certificate.from_der(issued.certificate)
    assert verify_signature(signature_algorithm(key.algorithm), signer, b"m", key.sign(b"m"), form="cms")
