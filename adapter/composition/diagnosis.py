"""What this machine gives the program, as findings for an operator: what is here, what is missing and what it costs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final as Constant

import signing
from adapter.errors import ElshiError, Finding, Place, Severity
from adapter.settings import load_settings
from adapter.texts import findings_of

_LIBRARIES: Constant = ("lxml", "xmlschema", "cryptography", "requests", "tenacity")
_WHY_PLAIN: Constant[Mapping[str, str]] = {
    "absent": "doctor.national-absent",
    "version": "doctor.national-version",
    "byte-order": "doctor.national-byte-order",
    "incomplete": "doctor.national-incomplete",
    "wrong-answer": "doctor.national-wrong-answer",
}
"""Kind of refusal of the native library -> code."""


def diagnosis(settings: Path | None, provider: signing.ProviderReport | None = None) -> tuple[Finding, ...]:
    """Everything there is to say; an ERROR among it is what keeps a node of these settings from working.

    settings    of the node, None where there is none; nothing is opened but the file itself
    provider    who computes the national algorithms; None: asked of this process
    """
    return (
        *_program(),
        *_national_algorithms(provider or signing.national_provider()),
        *(_settings(settings) if settings is not None else ()),
    )


def _program() -> Iterator[Finding]:
    yield _note("doctor.program", version=version("elshi"), python=platform.python_version())
    yield _note("doctor.libraries", libraries=", ".join(f"{name} {version(name)}" for name in _LIBRARIES))


def _national_algorithms(report: signing.ProviderReport) -> Iterator[Finding]:
    """Which provider computes GOST, why, and what that means: verifying is slow without the native one, signing refused."""
    if report.refusal is None:
        yield _note("doctor.national-native", provider=report.name, library=report.library or "")
        return
    kind, _, detail = report.refusal.partition(": ")
    yield Finding(code=_WHY_PLAIN[kind], severity=Severity.WARNING, params={"detail": detail})
    yield _note("doctor.national-integers", integers=report.integers)


def _settings(path: Path) -> Iterator[Finding]:
    try:
        settings = load_settings(path, os.environ)
    except ElshiError as error:
        inside = findings_of(error)
        if inside:
            yield from inside
        else:
            yield Finding(code=error.code, severity=Severity.ERROR, params=error.params, place=error.place)
        return
    yield _note("doctor.settings", place=Place(file=path.name), profile=settings.profile, body=settings.node.body)


def _note(code: str, place: Place | None = None, **params: str) -> Finding:
    return Finding(code=code, severity=Severity.INFO, params=params, place=place or Place())
