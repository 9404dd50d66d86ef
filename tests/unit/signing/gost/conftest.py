"""Both providers for the tests of national algorithms; the native one only where the machine has the library."""

from __future__ import annotations

import pytest

from signing.gost import Provider, nettle
from signing.gost.portable import PortableProvider


@pytest.fixture(scope="session")
def native() -> nettle.NettleProvider:
    """The native provider; absence skips, and nothing else does: a library that is there must pass."""
    try:
        return nettle.load()
    except nettle.NettleRefused as refused:
        if refused.kind == "absent":
            pytest.skip(f"no native library on this machine ({refused.detail})")
        raise


@pytest.fixture(params=["portable", "native"])
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return PortableProvider() if request.param == "portable" else request.getfixturevalue("native")
