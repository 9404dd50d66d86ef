"""The native library is used when it answers right, and refused with a reason when it does not."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import pytest

from signing.gost import chosen, known_answers, nettle, provider_report
from signing.gost.choice import choose
from signing.gost.portable import PortableProvider


class Library:
    """A native library of which one function is another; everything else is the real one's."""

    def __init__(self, real: Any, **other: Any) -> None:
        self._real, self._other = real, other

    def __getattr__(self, name: str) -> Any:
        if name in self._other:
            if self._other[name] is None:
                raise AttributeError(name)
            return self._other[name]
        return getattr(self._real, name)


def opening(**other: Any) -> Callable[[str], Library]:
    return lambda name: Library(ctypes.CDLL(name), **other)


def answering(value: int) -> Callable[..., int]:
    return lambda *_: value


def forgetful(_state: Any, _length: int, _octets: Any) -> None:
    """An update that hashes nothing."""


def refusal(open_library: Callable[[str], Any]) -> str:
    provider, report = choose(open_library)
    assert isinstance(provider, PortableProvider)
    assert report.name == "plain Python"
    assert report.library is None
    assert report.refusal is not None
    return report.refusal


def test_plain_python_answers_right():
    assert known_answers.first_wrong_answer(PortableProvider()) is None


def test_a_library_that_answers_right_is_chosen(native: nettle.NettleProvider):
    provider, report = choose()
    assert isinstance(provider, nettle.NettleProvider)
    assert report.name == f"Nettle {native.version}" == provider.name
    assert report.library is not None
    assert "hogweed" in report.library
    assert report.refusal is None
    assert report.integers in ("int", "gmpy2")


def test_absence_is_a_reason():
    def open_library(name: str) -> Any:
        raise OSError(name)

    assert refusal(open_library).startswith("absent: libnettle")


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        pytest.param({"nettle_version_minor": answering(7)}, "version: 3.7", id="old"),
        pytest.param({"nettle_version_major": answering(4)}, "version: 4.", id="new"),
        pytest.param({"nettle_gosthash94_init": None}, "incomplete: nettle_gosthash94_init", id="no hash"),
        pytest.param({"nettle_ecc_gostdsa_sign": None}, "incomplete: nettle_ecc_gostdsa_sign", id="no signing"),
        pytest.param({"__gmpz_import": None}, "incomplete: __gmpz_import", id="no gmp"),
        pytest.param({"nettle_streebog512_update": forgetful}, "wrong-answer: streebog512 of 63", id="deaf hash"),
        pytest.param({"nettle_gosthash94_update": forgetful}, "wrong-answer: gost34311 of 3", id="deaf old hash"),
        pytest.param({"nettle_ecc_gostdsa_verify": answering(0)}, "wrong-answer: signature on", id="refuses all"),
        pytest.param({"nettle_ecc_gostdsa_verify": answering(1)}, "wrong-answer: forged signature", id="accepts all"),
        pytest.param({"nettle_ecc_gostdsa_sign": answering(0)}, "wrong-answer: signing on", id="signs nothing"),
    ],
)
def test_a_library_that_is_not_what_it_should_be_is_refused(other: dict[str, Any], reason: str):
    assert refusal(opening(**other)).startswith(reason)


@pytest.mark.usefixtures("native")
def test_a_hash_with_the_other_substitution_is_refused():
    hogweed, real = nettle.LIBRARIES[0][1], ctypes.CDLL(nettle.LIBRARIES[0][0])
    other = {
        "nettle_gosthash94_update": real.nettle_gosthash94cp_update,
        "nettle_gosthash94_digest": real.nettle_gosthash94cp_digest,
    }
    reason = refusal(lambda name: ctypes.CDLL(name) if name == hogweed else Library(ctypes.CDLL(name), **other))
    assert reason == "wrong-answer: gost34311 of 0 octets"


@pytest.mark.usefixtures("native")
def test_a_library_that_takes_points_off_the_curve_is_refused():
    hogweed = ctypes.CDLL(nettle.LIBRARIES[0][1])

    def credulous(point: Any, x: Any, y: Any) -> int:
        hogweed.nettle_ecc_point_set(point, x, y)
        return 1

    assert refusal(opening(nettle_ecc_point_set=credulous)).startswith("wrong-answer: point on")


def test_a_process_chooses_once_whoever_asks_first():
    found = []
    threads = [threading.Thread(target=lambda: found.append(chosen())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(provider is found[0] for provider in found)
    assert provider_report().name == found[0].name


def test_threads_do_not_disturb_each_other(native: nettle.NettleProvider):
    known = known_answers.SIGNATURES[0]
    key = nettle.PrivateKey(known.curve, known.private_number).public_key()
    shared, wrong = native.streebog512(), []

    def work() -> None:
        for _ in range(20):
            state = native.gost34311()
            state.update(bytes(5000))
            shared.update(b"\1" * 640)
            if not native.verify(key, known.digest, known.signature) or state.digest() != expected:
                wrong.append(1)

    zeros = native.gost34311()
    zeros.update(bytes(5000))
    expected = zeros.digest()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = native.streebog512()
    whole.update(b"\1" * (640 * 80))
    assert not wrong
    assert shared.digest() == whole.digest()
