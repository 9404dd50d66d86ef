"""Names of fields and of code values. Fields are keyed by their id in the content model (HDR-01, TR-05 ...)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import schemas
from adapter.texts.language import Language

_HOME: Final = Path(__file__).resolve().parent


def field_ids() -> frozenset[str]:
    """Every field that has a label."""
    return frozenset(_labels(Language.EN))


def label(field_id: str, language: Language) -> str:
    """The label of a field; an id without a label is shown as it is."""
    return _labels(language).get(field_id, field_id)


def label_in_all(field_id: str) -> Mapping[str, str]:
    """The label in the three languages: a parameter of a finding."""
    return MappingProxyType({language.value: label(field_id, language) for language in Language})


def label_of_code(list_id: str, code: str, language: Language) -> str:
    """The label of a value of a code list; an unknown value or list is shown as its code, never an error."""
    value = _value(list_id, code)
    if value is None:
        return code
    return {Language.KK: value.kk, Language.RU: value.ru, Language.EN: value.en}[language] or code


def label_of_code_in_all(list_id: str, code: str) -> Mapping[str, str]:
    """The label of a code in the three languages: a parameter of a finding."""
    return MappingProxyType({language.value: label_of_code(list_id, code, language) for language in Language})


def _value(list_id: str, code: str) -> schemas.CodeValue | None:
    return schemas.code_list(list_id).get(code) if list_id in schemas.code_list_ids() else None


@cache
def _labels(language: Language) -> Mapping[str, str]:
    return MappingProxyType(tomllib.loads((_HOME / f"labels_{language}.toml").read_text(encoding="utf-8")))
