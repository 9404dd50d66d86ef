"""A throwaway PKI for the whole session, and the moment everything is judged at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from signing import IssuedKey, SandboxPki
from tests.unit.signing.crafted_pki import BIN, IIN

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2030, 1, 1, tzinfo=UTC)
AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def at() -> datetime:
    return AT


@pytest.fixture(scope="session")
def pki() -> SandboxPki:
    return SandboxPki.create(not_before=NOT_BEFORE, not_after=NOT_AFTER)


@pytest.fixture(scope="session")
def stranger_pki() -> SandboxPki:
    """Another PKI with the same names: only keys tell them apart."""
    return SandboxPki.create(not_before=NOT_BEFORE, not_after=NOT_AFTER)


@pytest.fixture(scope="session")
def head(pki: SandboxPki) -> IssuedKey:
    return pki.issue("head", "ТЕСТОВ ТЕСТ", "Министерство испытаний", bin=BIN, iin=IIN)


@pytest.fixture(scope="session")
def ec_head(pki: SandboxPki) -> IssuedKey:
    return pki.issue("head", "ТЕСТОВ ТЕСТ", "Министерство испытаний", bin=BIN, iin=IIN, key="ec-p256")
