"""Every code as a sentence and every field as a label, in Kazakh, Russian and English."""

from __future__ import annotations

from adapter.texts.as_json import error_as_json, finding_as_json, findings_of
from adapter.texts.checks import check_sentence, states_a_fault
from adapter.texts.labels import field_ids, label, label_in_all, label_of_code, label_of_code_in_all
from adapter.texts.language import Language
from adapter.texts.sentences import (
    Sentence,
    as_text,
    codes,
    placeholders,
    render,
    render_error,
    render_finding,
    shown,
    unfilled,
)

__all__ = [
    "Language",
    "Sentence",
    "as_text",
    "check_sentence",
    "codes",
    "error_as_json",
    "field_ids",
    "finding_as_json",
    "findings_of",
    "label",
    "label_in_all",
    "label_of_code",
    "label_of_code_in_all",
    "placeholders",
    "render",
    "render_error",
    "render_finding",
    "shown",
    "states_a_fault",
    "unfilled",
]
