"""BR-01, BR-02, BR-21 and BR-22: both languages, hygiene of texts, dates and timestamps, business numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from adapter import texts
from adapter.domain.reference import Bilingual, LanguageText, OrgRef
from adapter.domain.report import FieldPath
from adapter.rules.subject import Hit, Node, Subject

_KAZAKH_LETTERS: Final = frozenset("әғқңөұүһіӘҒҚҢӨҰҮҺІ")
_KAZAKH_FROM: Final = 40
"""A Kazakh text with more letters than this and none of the nine is hardly Kazakh (content model, BR-02a)."""
_SAME_FROM: Final = 20
"""Names of places and persons are often equal; longer texts are not (BR-02b)."""

_INVISIBLE: Final = frozenset("\u2800\u3164\u115f\u1160\uffa0")
"""Letters and symbols that print nothing (Braille blank, Hangul fillers); Unicode does not class them as space."""

_BLANK_CATEGORIES: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
_ZONED_DATE: Final = re.compile(r"-?[0-9]{4,}(-[0-9]{2}){0,2}(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_ZONED_TIME: Final = re.compile(r".*T.*(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_BIN_FORM: Final = re.compile(r"[0-9]{12}", re.ASCII)
_BIN_WEIGHTS: Final = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))


def both_languages_filled(subject: Subject) -> Iterator[Hit]:
    """BR-01a: Kazakh and Russian are there and print something."""
    for node, text in _bilingual(subject):
        for language, written in (("kk", text.kk), ("ru", text.ru)):
            if is_blank(written):
                params = {"field": _label(node), "lang": _language_name(language)}
                yield Hit(path=(*node.path, language), params=params)


def language_marks_fit(subject: Subject) -> Iterator[Hit]:
    """BR-01b: the language mark of each text is that of its element. A typed Report cannot hold a wrong one."""
    marks = subject.facts.spelling.language_marks if subject.facts.spelling else ()
    fields = _fields(subject) if marks else {}
    for mark in marks:
        params = {"field": _label_at(fields, mark.path), "found": mark.found, "expected": mark.expected}
        yield Hit(path=mark.path, params=params)


def kazakh_looks_kazakh(subject: Subject) -> Iterator[Hit]:
    """BR-02a: a Kazakh text of some length has a letter that Russian does not have."""
    for node, language, text in _texts(subject):
        letters = sum(1 for each in _normal(text) if each.isalpha())
        if language == "kk" and letters > _KAZAKH_FROM and not _KAZAKH_LETTERS & set(_normal(text)):
            yield Hit(path=node.path, params={"field": _label(node)})


def languages_differ(subject: Subject) -> Iterator[Hit]:
    """BR-02b: the Kazakh text is not the Russian one over again."""
    for node, text in _bilingual(subject):
        if _letters(text.kk) == _letters(text.ru) and len(_letters(text.kk)) > _SAME_FROM:
            yield Hit(path=node.path, params={"field": _label(node)})


def words_in_one_alphabet(subject: Subject) -> Iterator[Hit]:
    """BR-02c: no word mixes Cyrillic and Latin letters; each such word is told once per text."""
    for node, _, text in _texts(subject):
        for word in dict.fromkeys(mixed_words(text)):
            yield Hit(path=node.path, params={"field": _label(node), "word": word})


def moments_written_rightly(subject: Subject) -> Iterator[Hit]:
    """BR-21: dates have no zone, timestamps have one."""
    moments = subject.facts.spelling.moments if subject.facts.spelling else ()
    fields = _fields(subject) if moments else {}
    for moment in moments:
        wrong = not _ZONED_TIME.fullmatch(moment.text) if moment.is_timestamp else _ZONED_DATE.fullmatch(moment.text)
        if wrong:
            yield Hit(path=moment.path, params={"field": _label_at(fields, moment.path)})
    for node in subject.nodes:
        # A datetime is a date for the type checker, so a date field can hold one; and a naive one says no instant.
        if isinstance(node.value, datetime) and (node.field_id not in _TIMESTAMPS or node.value.tzinfo is None):
            yield Hit(path=node.path, params={"field": _label(node)})


_TIMESTAMPS: Final = frozenset({"SU-09", "PB-08", "RE-05"})


def business_numbers_right(subject: Subject) -> Iterator[Hit]:
    """BR-22: every BIN has twelve ASCII digits and the right control digit."""
    for node in subject.nodes:
        if isinstance(node.value, OrgRef) and node.value.bin is not None and not is_bin(node.value.bin):
            yield Hit(path=(*node.path, "bin"), params={"bin": node.value.bin})


# --- the facts about texts and numbers -------------------------------------------------------------------------------
def is_blank(text: str) -> bool:
    """True when nothing of the text can be seen: white space of every kind, zero-width characters included."""
    return all(unicodedata.category(each) in _BLANK_CATEGORIES or each in _INVISIBLE for each in text)


def mixed_words(text: str) -> Iterator[str]:
    """Words with Cyrillic and Latin letters, in order; every character that is not a letter ends a word."""
    for word in "".join(each if each.isalpha() else " " for each in _normal(text)).split():
        scripts = {unicodedata.name(each, "").split(" ", 1)[0] for each in word}
        if {"CYRILLIC", "LATIN"} <= scripts:
            yield word


def is_bin(number: str) -> bool:
    """Twelve ASCII digits with the control digit of the national registers (weights 1 to 11, then 3 to 11, 1, 2)."""
    return _BIN_FORM.fullmatch(number) is not None and control_digit(number) == int(number[11])


def control_digit(number: str) -> int | None:
    """The control digit over the first eleven digits; None when both rows give 10: such a number is never issued."""
    for weights in _BIN_WEIGHTS:
        remainder = sum(weight * int(digit) for weight, digit in zip(weights, number[:11], strict=True)) % 11
        if remainder != 10:  # noqa: PLR2004 - the remainder that is no digit
            return remainder
    return None


# --- walking ---------------------------------------------------------------------------------------------------------
def _bilingual(subject: Subject) -> Iterator[tuple[Node, Bilingual]]:
    for node in subject.nodes:
        if isinstance(node.value, Bilingual):
            yield node, node.value


def _texts(subject: Subject) -> Iterator[tuple[Node, str, str]]:
    """Every text in Kazakh (Cyrillic) or Russian: where, its language, itself."""
    fields = {node.path: node.field_id for node in subject.nodes}
    for node in subject.nodes:
        if isinstance(node.value, Bilingual):
            for language, text in (("kk", node.value.kk), ("ru", node.value.ru)):
                yield Node(path=(*node.path, language), field_id=node.field_id, value=text), language, text
        elif isinstance(node.value, LanguageText):
            language = node.value.language.lower()
            if language in {"kk", "kk-kz", "kk-cyrl", "ru", "ru-kz", "ru-ru"}:
                owner = fields.get(node.path[:-2], "")  # the field that holds the Multilingual: two steps up
                yield (
                    Node(path=(*node.path, "text"), field_id=owner, value=node.value.text),
                    language[:2],
                    node.value.text,
                )


def _label(node: Node) -> object:
    return texts.label_in_all(node.field_id) if node.field_id else ".".join(str(step) for step in node.path)


def _fields(subject: Subject) -> dict[FieldPath, str]:
    """The field of each place that has one; the two texts of a Bilingual belong to the field that holds it."""
    texts_of_bilingual = ("TYP-01", "TYP-02")
    return {n.path: n.field_id for n in subject.nodes if n.field_id and n.field_id not in texts_of_bilingual}


def _label_at(fields: Mapping[FieldPath, str], path: FieldPath) -> object:
    """The label of the field at the path, or of the nearest one around it that has a label."""
    for length in range(len(path), 0, -1):
        if path[:length] in fields:
            return texts.label_in_all(fields[path[:length]])
    return ".".join(str(step) for step in path)


def _language_name(language: str) -> dict[str, str]:
    names = {"kk": ("қазақша", "казахский", "Kazakh"), "ru": ("орысша", "русский", "Russian")}
    return dict(zip(("kk", "ru", "en"), names[language], strict=True))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _letters(text: str) -> str:
    return "".join(each for each in _normal(text).casefold() if each.isalpha())
