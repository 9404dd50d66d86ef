"""Which provider computes: the native library where there is one that passes its test, else plain Python."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from signing.gost.multiples import fastest_integer
from signing.gost.portable import PortableProvider
from signing.gost.provider import Provider


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderReport:
    """What computes, for an operator: `refusal` says why it is not the fast one, None when it is.

    `refusal` is a kind ("absent", "version", "byte-order", "incomplete", "wrong-answer") and what it concerns. `integers`:
    "gmpy2" or "int", what plain Python computes curves with where it is asked.
    """

    name: str
    library: str | None
    integers: str
    refusal: str | None


def choose(open_library: Callable[[str], Any] | None = None) -> tuple[Provider, ProviderReport]:
    """Load, test and choose anew; `open_library` takes the place of ctypes.CDLL."""
    from signing.gost import nettle  # with ctypes, which only those need who compute

    integers = "int" if fastest_integer() is int else "gmpy2"
    try:
        native = nettle.load(open_library) if open_library else nettle.load()
    except nettle.NettleRefused as refused:
        portable = PortableProvider()
        refusal = f"{refused.kind}: {refused.detail}"
        return portable, ProviderReport(name=portable.name, library=None, integers=integers, refusal=refusal)
    return native, ProviderReport(name=native.name, library=native.library, integers=integers, refusal=None)


def chosen() -> Provider:
    """The provider of this process; the first call loads and tests it, some thirty milliseconds."""
    return _once()[0]


def provider_report() -> ProviderReport:
    return _once()[1]


_lock = threading.Lock()
_choice: list[tuple[Provider, ProviderReport]] = []


def _once() -> tuple[Provider, ProviderReport]:
    with _lock:
        if not _choice:
            _choice.append(choose())
        return _choice[0]
