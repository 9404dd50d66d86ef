"""Errors and findings as every script is given them, by the command and over HTTP alike: code, place, three languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.errors import CertificatesRefused, DocumentRefused, ElshiError, Finding, Place, SettingsRefused
from adapter.texts.language import Language
from adapter.texts.sentences import Sentence, render_error, render_finding


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """A finding with its place and its sentence in the three languages."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        **_place(finding.place),
        **_sentences({one: render_finding(finding, one) for one in Language}),
    }


def error_as_json(error: ElshiError) -> dict[str, Any]:
    """An error with its place, its sentence in the three languages and every finding; the code is under `error`."""
    return {
        "error": error.code,
        "params": {name: _plain(value) for name, value in error.params.items()},
        **_place(error.place),
        **_sentences({one: render_error(error, one) for one in Language}),
        "findings": [finding_as_json(one) for one in findings_of(error)],
    }


def findings_of(error: ElshiError) -> tuple[Finding, ...]:
    """Every finding behind an error; none for an error that is one thing."""
    return error.findings if isinstance(error, DocumentRefused | CertificatesRefused | SettingsRefused) else ()


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "xpath": place.xpath}


def _sentences(sentences: Mapping[Language, Sentence]) -> dict[str, Any]:
    return {
        "text": {language.value: sentence.what for language, sentence in sentences.items()},
        "toDo": {language.value: sentence.to_do for language, sentence in sentences.items()},
    }


def _plain(value: object) -> object:
    if isinstance(value, str | int | bool | None):
        return value
    return dict(value) if isinstance(value, Mapping) else str(value)
