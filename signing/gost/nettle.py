"""The national algorithms by libnettle and libhogweed, when the machine has them: the same answers, many times faster.

1. Loaded at run time, never bundled, never required. What is loaded must be Nettle 3.8 or newer and below 4: before 3.7.2
   scalars out of range could end the process (CVE-2021-20305), which 3.7 does not let us tell apart; a new major version
   has other functions under the old names, and a wrong call is not an error but a crash.
2. Before it is used it answers every question of `known_answers`; one wrong answer, one missing function, and it is refused
   with the reason.
3. nettle_gosthash94 is the hash with the test set, as we need it; nettle_gosthash94cp is the other one. gc256b is
   CryptoPro-A and gc512a is tc26-512-A; what lies on another curve is computed by `portable`.
4. Numbers go to and fro as limbs: on a machine of the other byte order it is refused.
5. A signature with (s/e) G = -(r/e) Q, the case its addition does not cover, is refused here and accepted by `portable`;
   to make one, the signer must give away the key.
"""

from __future__ import annotations

import ctypes
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, NamedTuple

from signing.gost import known_answers
from signing.gost.curve import CRYPTOPRO_A, TC26_512_A, Curve
from signing.gost.portable import PortableProvider
from signing.gost.provider import Hash
from signing.gost.signature import PrivateKey, PublicKey, digest_number, split_signature

LIBRARIES: Final = (
    ("libnettle.so.8", "libhogweed.so.6"),
    ("libnettle.8.dylib", "libhogweed.6.dylib"),
    ("libnettle-8.dll", "libhogweed-6.dll"),
)
"""By the number of their interface, as the loader knows them: looking for names of any number would start a compiler."""

_OLDEST: Final = (3, 8)
_NEWEST_MAJOR: Final = 3
_PIECE: Final = 1 << 20
"""Octets copied at a time from memory that may not be written to, and that ctypes therefore gives no address of."""

_Limb = ctypes.c_uint64
_State = ctypes.c_uint64 * 64
"""512 octets, more than either state; the library says how many it needs, and is refused when that is more."""

Refused = Literal["absent", "version", "byte-order", "incomplete", "wrong-answer"]


class NettleRefused(Exception):
    """The library is not used: why, and what exactly (a name, a version, the question it answered wrongly)."""

    def __init__(self, kind: Refused, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


class _Mpz(ctypes.Structure):
    _fields_ = (("alloc", ctypes.c_int), ("size", ctypes.c_int), ("limbs", ctypes.c_void_p))


class _EccPoint(ctypes.Structure):
    _fields_ = (("curve", ctypes.c_void_p), ("limbs", ctypes.c_void_p))


class _NettleHash(ctypes.Structure):
    """The head of struct nettle_hash."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("context_size", ctypes.c_uint),
        ("digest_size", ctypes.c_uint),
        ("block_size", ctypes.c_uint),
    )


class _HashFunctions(NamedTuple):
    init: Callable[..., None]
    update: Callable[..., None]
    digest: Callable[..., None]
    digest_size: int


class NettleHash:
    """A hash object over memory of Python's: nothing to free. It may be shared, calls then wait for each other."""

    __slots__ = ("_functions", "_lock", "_state")

    def __init__(self, functions: _HashFunctions) -> None:
        self._functions = functions
        self._state = _State()
        self._lock = threading.Lock()  # the interpreter's own lock is let go during a call
        functions.init(self._state)

    @property
    def digest_size(self) -> int:
        return self._functions.digest_size

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Add octets, without a copy where they are bytes or may be written to; a memoryview must be contiguous."""
        if type(data) is bytes:  # a subclass may answer another length than it has
            with self._lock:
                self._functions.update(self._state, len(data), data)
            return
        view = memoryview(data).cast("B")
        if not view:
            return
        with self._lock:
            if view.readonly:
                for at in range(0, len(view), _PIECE):
                    piece = bytes(view[at : at + _PIECE])
                    self._functions.update(self._state, len(piece), piece)
            else:
                start = ctypes.c_char.from_buffer(view)  # holds the memory in its place
                self._functions.update(self._state, len(view), ctypes.byref(start))

    def digest(self) -> bytes:
        result = ctypes.create_string_buffer(self._functions.digest_size)
        state = _State()
        with self._lock:
            ctypes.memmove(state, self._state, ctypes.sizeof(_State))
        self._functions.digest(state, len(result), result)  # it begins its state anew, so it is given another
        return result.raw

    def copy(self) -> NettleHash:
        twin = NettleHash(self._functions)
        with self._lock:
            ctypes.memmove(twin._state, self._state, ctypes.sizeof(_State))
        return twin


class _NativeCurve(NamedTuple):
    """A curve of the library; how many limbs of working memory verifying and signing take."""

    handle: int
    verify_memory: type[ctypes.Array[ctypes.c_uint64]]
    sign_memory: type[ctypes.Array[ctypes.c_uint64]]


class NettleProvider:
    """Made by `load` only, which tests it first; `version` and `library` are for reports."""

    def __init__(self, nettle: Any, hogweed: Any, library: str = "") -> None:
        major = _bind(nettle, "nettle_version_major", ctypes.c_int)()
        minor = _bind(nettle, "nettle_version_minor", ctypes.c_int)()
        self.version = f"{major}.{minor}"
        self.library = library
        if (major, minor) < _OLDEST or major > _NEWEST_MAJOR:
            raise NettleRefused("version", self.version)
        if sys.byteorder != "little":
            raise NettleRefused("byte-order", sys.byteorder)
        self._portable = PortableProvider()
        self._streebog512 = _hash_functions(nettle, "streebog512", "streebog512")
        self._streebog256 = _hash_functions(nettle, "streebog256", "streebog512")
        self._gost34311 = _hash_functions(nettle, "gosthash94", "gosthash94")
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        # of the GMP that the library itself is linked with
        self._mpz_init = _bind(hogweed, "__gmpz_init", None, pointer)
        self._mpz_clear = _bind(hogweed, "__gmpz_clear", None, pointer)
        self._mpz_import = _bind(
            hogweed, "__gmpz_import", None, pointer, size, ctypes.c_int, size, ctypes.c_int, size, pointer
        )
        self._point_init = _bind(hogweed, "nettle_ecc_point_init", None, pointer, pointer)
        self._point_clear = _bind(hogweed, "nettle_ecc_point_clear", None, pointer)
        self._point_set = _bind(hogweed, "nettle_ecc_point_set", ctypes.c_int, pointer, pointer, pointer)
        self._verify = _bind(
            hogweed, "nettle_ecc_gostdsa_verify", ctypes.c_int, pointer, pointer, size, *(4 * (pointer,))
        )
        self._sign = _bind(hogweed, "nettle_ecc_gostdsa_sign", None, *(3 * (pointer,)), size, *(4 * (pointer,)))
        self._curves = {
            CRYPTOPRO_A: _native_curve(hogweed, "nettle_get_gost_gc256b"),
            TC26_512_A: _native_curve(hogweed, "nettle_get_gost_gc512a"),
        }

    @property
    def name(self) -> str:
        return f"Nettle {self.version}"

    def streebog512(self) -> Hash:
        return NettleHash(self._streebog512)

    def streebog256(self) -> Hash:
        return NettleHash(self._streebog256)

    def gost34311(self) -> Hash:
        return NettleHash(self._gost34311)

    def verify(self, public_key: PublicKey, digest: bytes, signature: bytes) -> bool:
        curve = public_key.curve
        native = self._curves.get(curve)
        if native is None:
            return self._portable.verify(public_key, digest, signature)
        e = digest_number(curve, digest).to_bytes(curve.octets, "little")
        if split_signature(curve, signature) is None:
            return False
        r, s = _limbs(signature[: curve.octets]), _limbs(signature[curve.octets :])
        with self._point(native, public_key.octets()) as point:
            return bool(self._verify(native.handle, point.limbs, len(e), e, r, s, native.verify_memory()))

    def sign(self, private_key: PrivateKey, digest: bytes, *, test_keys: bool = False) -> bytes:
        """Octets r then s, with a nonce of the operating system's generator.

        In constant time, by the word of its authors and not measured by us: the multiplication by the nonce and the
        arithmetic modulo q; the working memory is wiped. Not constant: what Python does to turn the key into octets, and
        how often a nonce is drawn again. Not wiped: Python's own copies of key and nonce. Keys on `TC26_256_A` are signed
        with by `portable`, on its terms.
        """
        if private_key.curve not in self._curves:
            return self._portable.sign(private_key, digest, test_keys=test_keys)
        while True:
            signature = self.sign_with_nonce(private_key, digest, _nonce(private_key.curve))
            if signature is not None:
                return signature

    def sign_with_nonce(self, private_key: PrivateKey, digest: bytes, nonce: bytes) -> bytes | None:
        """The same with k given, first octet least significant, 0 < k < q; None when r or s is 0."""
        curve = private_key.curve
        native, octets = self._curves[curve], curve.octets
        e = digest_number(curve, digest).to_bytes(octets, "little")
        key, number, r, s = _limbs(private_key.number.to_bytes(octets, "little")), _limbs(nonce), _limbs(), _limbs()
        memory = native.sign_memory()
        try:
            self._sign(native.handle, key, number, octets, e, r, s, memory)
        finally:
            for secret in (key, number, memory):
                ctypes.memset(secret, 0, ctypes.sizeof(secret))
        signature = bytes(r)[:octets] + bytes(s)[:octets]
        return None if split_signature(curve, signature) is None else signature

    def takes_point(self, curve: Curve, octets: bytes) -> bool:
        """Whether the library itself takes x then y for a point of the curve; for the test at loading."""
        try:
            with self._point(self._curves[curve], octets):
                return True
        except ValueError:
            return False

    @contextmanager
    def _point(self, native: _NativeCurve, octets: bytes) -> Iterator[_EccPoint]:
        """A point of the library's from x then y; ValueError off the curve, which `PublicKey` has already excluded."""
        size = len(octets) // 2
        x, y, point = _Mpz(), _Mpz(), _EccPoint()
        for number in (x, y):
            self._mpz_init(ctypes.byref(number))
        self._point_init(ctypes.byref(point), native.handle)
        try:
            for number, part in ((x, octets[:size]), (y, octets[size:])):
                self._mpz_import(ctypes.byref(number), size, -1, 1, 0, 0, part)
            if not self._point_set(ctypes.byref(point), ctypes.byref(x), ctypes.byref(y)):
                raise ValueError("gost: public key off the curve")
            yield point
        finally:
            self._point_clear(ctypes.byref(point))
            for number in (x, y):
                self._mpz_clear(ctypes.byref(number))


def load(open_library: Callable[[str], Any] = ctypes.CDLL) -> NettleProvider:
    """The library, tested; NettleRefused with the reason when there is none or it cannot be relied on."""
    for names in LIBRARIES:
        try:
            nettle, hogweed = (open_library(name) for name in names)
        except OSError:
            continue
        provider = NettleProvider(nettle, hogweed, ", ".join(names))
        wrong = first_wrong_answer(provider)
        if wrong is not None:
            raise NettleRefused("wrong-answer", wrong)
        return provider
    raise NettleRefused("absent", ", ".join(LIBRARIES[0]))


def first_wrong_answer(provider: NettleProvider) -> str | None:
    """The first question the library answers wrongly; None when all answers are right.

    Beside `known_answers`, which ask any provider: whether a point off the curve is refused by the library itself, and
    whether the nonce that is known gives the signature that is known.
    """
    wrong = known_answers.first_wrong_answer(provider)
    if wrong is not None:
        return wrong
    for known in known_answers.SIGNATURES:
        curve, octets = known.curve, known.curve.octets
        if curve not in (CRYPTOPRO_A, TC26_512_A):
            continue
        off_curve = bytes((known.public_key[0] ^ 1,)) + known.public_key[1:]
        if not provider.takes_point(curve, known.public_key) or provider.takes_point(curve, off_curve):
            return f"point on {curve.name}"
        private_key = PrivateKey(curve, known.private_number)
        nonce = known.nonce.to_bytes(octets, "little")
        if provider.sign_with_nonce(private_key, known.digest, nonce) != known.signature:
            return f"signing on {curve.name}"
    return None


def _bind(library: Any, symbol: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    function = _function(library, symbol)
    function.restype, function.argtypes = result, arguments
    return function  # type: ignore[no-any-return]


def _function(library: Any, symbol: str) -> Any:
    try:
        return getattr(library, symbol)
    except AttributeError as error:
        raise NettleRefused("incomplete", symbol) from error


def _hash_functions(nettle: Any, name: str, update: str) -> _HashFunctions:
    """Streebog-256 shares the update of Streebog-512."""
    described = ctypes.cast(_function(nettle, f"nettle_{name}"), ctypes.POINTER(_NettleHash))
    if described.contents.context_size > ctypes.sizeof(_State):
        raise NettleRefused("incomplete", f"nettle_{name}")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    digest = _bind(nettle, f"nettle_{name}_digest", None, pointer, size, pointer)
    return _HashFunctions(
        init=_bind(nettle, f"nettle_{name}_init", None, pointer),
        update=_bind(nettle, f"nettle_{update}_update", None, pointer, size, pointer),
        digest=digest,
        digest_size=described.contents.digest_size,
    )


def _native_curve(hogweed: Any, symbol: str) -> _NativeCurve:
    handle = _bind(hogweed, symbol, ctypes.c_void_p)()
    memory = [
        _Limb * _bind(hogweed, f"nettle_ecc_gostdsa_{step}_itch", ctypes.c_ssize_t, ctypes.c_void_p)(handle)
        for step in ("verify", "sign")
    ]
    return _NativeCurve(handle, *memory)


def _limbs(octets: bytes = b"") -> ctypes.Array[ctypes.c_uint64]:
    """Room for a number of 512 bits, and its octets, the first least significant; ValueError for more."""
    limbs = (_Limb * 8)()
    if len(octets) > ctypes.sizeof(limbs):
        raise ValueError("gost: number of more than 512 bits")
    ctypes.memmove(limbs, octets, len(octets))
    return limbs


def _nonce(curve: Curve) -> bytes:
    while True:
        octets = secrets.token_bytes(curve.octets)
        if 0 < int.from_bytes(octets, "little") < curve.q:
            return octets
