"""Keys that stay inside a token, used through PKCS#11 (OASIS PKCS#11 2.40 and later).

Rules, each with the reason it is one:

1. One lock round every call of every driver. The binding lets go of the interpreter's own lock inside the driver, and
   two threads that log in by themselves end in a segmentation fault (docs/adr/0019).
2. One login for one `load`. A wrong PIN is never tried again here, and the last try that the token has left is spent by
   a person only: `may_spend_last_try`.
3. One session for each token, kept as long as the process: a driver may forget the keys of all sessions when one of them
   is closed (SoftHSM 2.6.1 does, seen here), and a login is the process's in any case (PKCS#11, 5.6).
4. The PIN is not kept. A session that is lost is opened anew by whoever called `load`, with the PIN from its source.
5. What is signed is made by the token, what is hashed may be hashed here: the mechanism is chosen by what the token
   has, the signature is the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import MGF, Attribute, KeyType, Mechanism, ObjectClass, TokenFlag

from signing.algorithms import NATIONAL_KEYS
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.keys import SigningKey
from signing.keys.software import HASH_BITS_BY_CURVE_BITS, algorithm_of, in_order

LOST: Final = frozenset({"signing.token-lost", "signing.token-not-found", "signing.token-failed"})
"""Codes after which the key may be there again later, without anybody changing a setting."""

PIN_REFUSED: Final = frozenset({"signing.token-pin-wrong", "signing.token-pin-locked", "signing.token-pin-expired"})
"""Codes after which nothing may be tried again by itself."""

MAX_CERTIFICATES: Final = 64
"""Read from one token; cards in the field hold fewer than ten."""

_DRIVER: Final = threading.RLock()
_SESSIONS: Final[dict[tuple[str, str, bytes], Any]] = {}
"""Logged in, by module, label and serial number of the token."""
_SHA256_PREFIX: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2, note 1), for tokens that pad but do not hash."""

_POINT_SIZES: Final = (32, 65, 97, 133)
"""Octets of a point: Ed25519, P-256, P-384, P-521."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenPlace:
    """Where a key is.

    module          shared library of the token's maker
    token, serial   label and serial number as the token says them; what is None is not asked
    key, key_id     CKA_LABEL and CKA_ID of the private key; what is None is not asked
    padding         of RSA signatures; a token may have one of the two only
    """

    module: Path
    token: str | None = None
    serial: str | None = None
    key: str | None = None
    key_id: bytes | None = None
    padding: Literal["pkcs1", "pss"] = "pkcs1"


def load(
    place: TokenPlace,
    pin: str | None,
    *,
    certificates: Sequence[bytes] = (),
    may_spend_last_try: bool = False,
) -> SigningKey:
    """Log in once and find the one key. `pin` None: it is typed on the reader's own keypad.

    `certificates`: DER of the key's own and its issuers, given beside the token; none: those on the token. A second key
    on a token that this process is logged in to is opened without another login, whatever `pin` is.

    Raises SigningError: signing.token-module, -not-found, -several, -pin-wrong, -pin-locked, -pin-expired, -pin-not-set,
    -last-try, -no-keypad, -no-key, -several-keys, -no-certificate, -several-certificates, -lost, -failed,
    -mechanism, -national-key; signing.key-unsupported, -weak, -certificate-mismatch, -certificate-unreadable. None holds the PIN.
    """
    with _DRIVER, _told(place):
        token = _token(place)
        session = _SESSIONS.pop(_name_of(place, token), None)
        if session is None or not _is_alive(session):
            session = _session(place, token, pin, may_spend_last_try=may_spend_last_try)
        _SESSIONS[_name_of(place, token)] = session
        private = _private_key(place, session)
        chain, algorithm = _chain(place, session, private, certificates)
        return TokenKey(private, chain, algorithm, _operation(place, token, algorithm, chain[0].public_key.bits))


class TokenKey:
    """Implements SigningKey by a key in a token. Shows nothing of where it is."""

    __slots__ = ("_algorithm", "_chain", "_operation", "_private")

    def __init__(
        self,
        private: Any,
        chain: Sequence[Certificate],
        algorithm: str,
        operation: Callable[[Any, bytes], bytes],
    ) -> None:
        self._private = private
        self._chain = tuple(certificate.der for certificate in chain)
        self._algorithm = algorithm
        self._operation = operation

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        return self._chain

    @property
    def algorithm(self) -> str:
        return self._algorithm

    def sign(self, message: bytes) -> bytes:
        """As SigningKey. Raises SigningError signing.token-lost, -failed, -mechanism; after any of them load anew."""
        with _DRIVER, _told(None):
            return self._operation(self._private, message)

    def __repr__(self) -> str:
        return f"<TokenKey {self._algorithm}>"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not to be copied or stored")


# --- finding -------------------------------------------------------------------------------------------------------
def _token(place: TokenPlace) -> Any:
    try:
        library = pkcs11.lib(str(place.module))
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise SigningError("signing.token-module", module=place.module.name) from error
    serial = None if place.serial is None else place.serial.encode()
    found = list(library.get_tokens(token_label=place.token, token_serial=serial))
    if not found:
        raise SigningError("signing.token-not-found", token=_named(place))
    if len(found) > 1:
        raise SigningError("signing.token-several", token=_named(place), count=str(len(found)))
    return found[0]


def _session(place: TokenPlace, token: Any, pin: str | None, *, may_spend_last_try: bool) -> Any:
    flags = token.flags
    if TokenFlag.USER_PIN_LOCKED in flags:
        raise SigningError("signing.token-pin-locked", token=_named(place))
    if TokenFlag.USER_PIN_INITIALIZED not in flags:
        raise SigningError("signing.token-pin-not-set", token=_named(place))
    if TokenFlag.USER_PIN_FINAL_TRY in flags and not may_spend_last_try:
        raise SigningError("signing.token-last-try", token=_named(place))
    if pin == "":
        raise SigningError("signing.token-pin-wrong", token=_named(place))  # and no try was spent to find that out
    if pin is None and TokenFlag.PROTECTED_AUTHENTICATION_PATH not in flags:
        raise SigningError("signing.token-no-keypad", token=_named(place))
    try:
        return token.open(user_pin=pkcs11.PROTECTED_AUTH if pin is None else pin)
    except pkcs11.UserAlreadyLoggedIn:
        # the session was lost and the login was not
        return token.open()


def _is_alive(session: Any) -> bool:
    """Asked by the smallest question there is: a search in a dead session leaves an error that nobody can catch."""
    try:
        session.generate_random(64)
    except pkcs11.RandomNoRNG:
        return True
    except pkcs11.PKCS11Error:
        return False
    return True


def _private_key(place: TokenPlace, session: Any) -> Any:
    wanted: dict[Attribute, object] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if place.key is not None:
        wanted[Attribute.LABEL] = place.key
    if place.key_id is not None:
        wanted[Attribute.ID] = place.key_id
    found = list(session.get_objects(wanted))
    if not found:
        raise SigningError("signing.token-no-key", token=_named(place), key=_key_named(place))
    if len(found) > 1:
        raise SigningError("signing.token-several-keys", token=_named(place), key=_key_named(place))
    return found[0]


def _chain(place: TokenPlace, session: Any, private: Any, given: Sequence[bytes]) -> tuple[list[Certificate], str]:
    """The key's own certificate with its issuers, and the algorithm; the public key decides which is its own."""
    numbers = _public_numbers(session, private)
    identifier = _attribute(private, Attribute.ID)
    on_token = [] if given else _certificates_on(session)
    ders = list(dict.fromkeys([*given, *(der for _, der in on_token)]))
    try:
        parsed = [Certificate.from_der(der) for der in ders]
    except Malformed as error:
        raise SigningError("signing.key-certificate-unreadable", reason=error.code) from error
    if numbers is not None:
        own = [each for each in parsed if _numbers_of(each) == numbers]
    elif given:
        own = parsed[
            :1
        ]  # the token does not show the public key: that they belong together shows at the first signature
    else:
        with_identifier = {der for id_, der in on_token if id_ and id_ == identifier}
        own = [each for each in parsed if each.der in with_identifier]
    national = [each for each in own or parsed if each.public_key.type in NATIONAL_KEYS]
    if national and (own or len(national) == len(parsed)):
        # what mechanism a token signs with then, and over what, no maker has published
        raise SigningError("signing.token-national-key", token=_named(place), key=_key_named(place))
    if not own:
        if given:
            raise SigningError("signing.key-certificate-mismatch")
        raise SigningError("signing.token-no-certificate", token=_named(place), key=_key_named(place))
    if len(own) > 1:
        raise SigningError("signing.token-several-certificates", token=_named(place), key=_key_named(place))
    public = own[0].public_key
    if public.weakness is not None:
        raise SigningError("signing.key-weak", reason=public.weakness)
    return in_order(own[0], parsed), algorithm_of(own[0], place.padding)


def _certificates_on(session: Any) -> list[tuple[bytes | None, bytes]]:
    found = []
    for item in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        value = _attribute(item, Attribute.VALUE)
        if isinstance(value, bytes) and value:
            found.append((_attribute(item, Attribute.ID), value))
        if len(found) == MAX_CERTIFICATES:
            break
    return found


def _public_numbers(session: Any, private: Any) -> tuple[object, ...] | None:
    """Modulus and exponent, or the point; None when the token shows neither on the private nor on a public key."""
    identifier = _attribute(private, Attribute.ID)
    beside = []
    if identifier:
        beside = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: identifier}))
    is_rsa = private.key_type is KeyType.RSA
    for item in (private, *beside):
        if is_rsa:
            modulus, exponent = (_attribute(item, each) for each in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT))
            if modulus and exponent:
                return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
        elif point := _attribute(item, Attribute.EC_POINT):
            return (_bare(point),)
    return None


def _bare(point: bytes) -> bytes:
    """A point without the OCTET STRING that PKCS#11 2.x puts round it and some tokens do not; lengths tell them apart."""
    return point if len(point) in _POINT_SIZES else point[3 if point[1:2] == b"\x81" else 2 :]


def _numbers_of(certificate: Certificate) -> tuple[object, ...] | None:
    if certificate.public_key.type not in {"rsa", "ec", "ed25519"}:
        return None
    try:
        key = load_der_public_key(certificate.public_key_info)
    except ValueError:
        return None
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return numbers.n, numbers.e
    if isinstance(key, ec.EllipticCurvePublicKey):
        return (key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return (key.public_bytes(Encoding.Raw, PublicFormat.Raw),)
    return None


def _attribute(item: Any, attribute: Attribute) -> Any:
    """The attribute's value; None where the token has none or keeps it to itself."""
    try:
        return item[attribute]
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive, pkcs11.FunctionFailed, KeyError):
        return None


# --- signing -------------------------------------------------------------------------------------------------------
def _operation(place: TokenPlace, token: Any, algorithm: str, bits: int) -> Callable[[Any, bytes], bytes]:
    has = token.slot.get_mechanisms()

    def first(*mechanisms: Mechanism) -> Mechanism:
        chosen = next((each for each in mechanisms if each in has), None)
        if chosen is None:
            raise SigningError("signing.token-mechanism", token=_named(place), algorithm=algorithm)
        return chosen

    if algorithm == "rsa-sha256":
        chosen = first(Mechanism.SHA256_RSA_PKCS, Mechanism.RSA_PKCS)
        hashes = chosen is Mechanism.SHA256_RSA_PKCS
        return lambda key, message: bytes(
            key.sign(message if hashes else _SHA256_PREFIX + hashlib.sha256(message).digest(), mechanism=chosen)
        )
    if algorithm == "rsa-pss-sha256":
        chosen = first(Mechanism.SHA256_RSA_PKCS_PSS, Mechanism.RSA_PKCS_PSS)
        hashes = chosen is Mechanism.SHA256_RSA_PKCS_PSS
        parameters = (Mechanism.SHA256, MGF.SHA256, 32)
        return lambda key, message: bytes(
            key.sign(
                message if hashes else hashlib.sha256(message).digest(), mechanism=chosen, mechanism_param=parameters
            )
        )
    if algorithm == "ed25519":
        chosen = first(Mechanism.EDDSA)
        return lambda key, message: bytes(key.sign(message, mechanism=chosen))
    chosen = first(Mechanism.ECDSA)
    digest = f"sha{HASH_BITS_BY_CURVE_BITS[bits]}"

    def ecdsa(key: Any, message: bytes) -> bytes:
        value = bytes(key.sign(hashlib.new(digest, message).digest(), mechanism=chosen))
        half = len(value) // 2
        return encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))

    return ecdsa


# --- what the driver says ------------------------------------------------------------------------------------------
_WORDS: Final[dict[type[Exception], str]] = {
    pkcs11.PinIncorrect: "signing.token-pin-wrong",
    pkcs11.PinInvalid: "signing.token-pin-wrong",
    pkcs11.PinLenRange: "signing.token-pin-wrong",
    pkcs11.PinLocked: "signing.token-pin-locked",
    pkcs11.PinExpired: "signing.token-pin-expired",
    pkcs11.UserPinNotInitialized: "signing.token-pin-not-set",
    pkcs11.TokenNotPresent: "signing.token-lost",
    pkcs11.TokenNotRecognised: "signing.token-lost",
    pkcs11.DeviceRemoved: "signing.token-lost",
    pkcs11.SlotIDInvalid: "signing.token-lost",
    pkcs11.SessionClosed: "signing.token-lost",
    pkcs11.SessionHandleInvalid: "signing.token-lost",
    pkcs11.UserNotLoggedIn: "signing.token-lost",
    pkcs11.KeyHandleInvalid: "signing.token-lost",
    pkcs11.ObjectHandleInvalid: "signing.token-lost",
    pkcs11.MechanismInvalid: "signing.token-mechanism-refused",
    pkcs11.MechanismParamInvalid: "signing.token-mechanism-refused",
    pkcs11.KeyTypeInconsistent: "signing.token-mechanism-refused",
}


def error_of(raised: pkcs11.PKCS11Error, token: str = "") -> SigningError:
    """A driver's return value as ours; what is not in the table is signing.token-failed with its name."""
    code = _WORDS.get(type(raised), "signing.token-failed")
    return SigningError(code, token=token, reason=type(raised).__name__)


@contextlib.contextmanager
def _told(place: TokenPlace | None) -> Iterator[None]:
    try:
        yield
    except pkcs11.PKCS11Error as error:
        # from None: a driver's own message is nothing we have read, and the PIN stood among its arguments
        raise error_of(error, "" if place is None else _named(place)) from None


def _name_of(place: TokenPlace, token: Any) -> tuple[str, str, bytes]:
    return str(place.module), token.label, token.serial


def _named(place: TokenPlace) -> str:
    return " ".join(each for each in (place.token, place.serial) if each) or place.module.name


def _key_named(place: TokenPlace) -> str:
    return " ".join(each for each in (place.key, place.key_id.hex() if place.key_id else None) if each) or "*"
