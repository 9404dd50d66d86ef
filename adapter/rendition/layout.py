"""A Report laid out as blocks for the page: every element of it, except the paper copy and the signature.

The walk is generic on purpose. A field added to the content model appears on paper without anybody's care; a test
takes every text and value of a full document and looks for it in the PDF.

Blocks (all values are text, ready to print):
    heading   level, kk, ru            a part that holds others
    pair      label kk/ru, kk, ru      one text in both languages
    line      label kk/ru, value       one value that is the same in both
    break     the part before ends here
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from adapter import texts
from adapter.domain import codes
from adapter.domain.document import DocumentType
from adapter.domain.report import (
    Bilingual,
    Digest,
    DocRef,
    Multilingual,
    OrgRef,
    PaperCopy,
    PartialDate,
    PartyRef,
    Period,
    RecordRef,
    Report,
    TreatyRef,
)
from adapter.errors import Severity

Block = dict[str, str | int]

_SMALL = 4
"""Values a part may have to stay in its parent's table."""

_CLOSED_LISTS: dict[type[StrEnum], str] = {
    DocumentType: "doctype",
    Severity: "severity",
    codes.AccessMarking: "access",
    codes.Action: "action",
    codes.ActRelation: "act-relation",
    codes.AdvisoryLevel: "advisory-level",
    codes.Capacity: "capacity",
    codes.CompetenceBasis: "competence-basis",
    codes.ConsolidatedMode: "consolidated-mode",
    codes.CoverageStatus: "coverage",
    codes.FactSide: "fact-side",
    codes.OtherPartyState: "other-party-state",
    codes.Outcome: "outcome",
    codes.ProcedureState: "procedure-state",
    codes.ProvisionNature: "provision-nature",
    codes.PublicationDecision: "publishable",
    codes.RecommendationOrigin: "recommendation-origin",
    codes.Scope: "scope",
    codes.SignatureVerdict: "signature-verdict",
    codes.SourceState: "source-state",
    codes.TreatyRelation: "treaty-relation",
}

_UNLABELLED = {
    "signatory": ("Қол қоюшы", "Подписавший"),
    "acting_order": ("Міндетін атқару туралы бұйрық", "Приказ об исполнении обязанностей"),
    "executor": ("Орындаушы", "Исполнитель"),
    "ruleset": ("Қағидалар", "Правила"),
    "reporting_period": ("Есепті кезең", "Отчётный период"),
    "subdivision_order": ("Бөлімшені айқындаған бұйрық", "Приказ об определении подразделения"),
    "supersedes": ("Ауыстыру", "Замена"),
    "other_parties": ("Басқа тараптар", "Другие участники"),
    "by_party": ("Тарап бойынша", "По участнику"),
    "issues": ("Проблемалық мәселе", "Проблемный вопрос"),
    "proposals": ("Ұсыныс", "Предложение"),
    "previous_record": ("Алдыңғы жылғы жазба", "Запись прошлого года"),
    "publishable": ("Жариялау", "Опубликование"),
    "provisions": ("Шарттың ережесі", "Положение договора"),
    "acts": ("Нормативтік құқықтық акт", "Нормативный правовой акт"),
    "indicators": ("Көрсеткіш", "Показатель"),
    "publications": ("Жарияланым", "Публикация"),
    "reports": ("Мерзімді баяндама", "Периодический доклад"),
    "items": ("Тармақ", "Пункт"),
    "procedures": ("Рәсім", "Процедура"),
    "non_completion": ("Орындалмау себебі", "Причина невыполнения"),
    "other_party_procedures": ("Басқа тараптың рәсімдері", "Процедуры другого участника"),
    "provisional_application": ("Уақытша қолдану", "Временное применение"),
    "adoption": ("Қабылдау", "Принятие"),
    "signature": ("Қол қою", "Подписание"),
    "consent": ("Міндеттілігіне келісім", "Согласие на обязательность"),
    "entry_into_force": ("Күшіне ену", "Вступление в силу"),
    "duration": ("Қолданылу мерзімі", "Срок действия"),
    "reservations_declarations": ("Ескертпе немесе мәлімдеме", "Оговорка или заявление"),
    "reporting_obligations": ("Есептілік міндеті", "Обязательство по отчётности"),
    "related_treaties": ("Байланысты шарт", "Связанный договор"),
    "text_links": ("Мәтінге сілтеме", "Ссылка на текст"),
    "diplomatic_channel": ("Дипломатиялық арна", "Дипломатический канал"),
    "response": ("Ұстаным", "Позиция"),
    "follow_ups": ("Орындалуы", "Исполнение"),
    "coverage": ("Қамту", "Охват"),
    "source_submissions": ("Негізге алынған ақпарат", "Исходная информация"),
    "foreign_policy_assessment": ("Сыртқы саяси бағалау", "Внешнеполитическая оценка"),
    "treaty_entries": ("Шарт бойынша жазба", "Запись по договору"),
    "pending_entries": ("Күшіне енбеген шарт бойынша жазба", "Запись по не вступившему в силу договору"),
    "recommendations": ("Ұсынымдар", "Рекомендации"),
    "source_summary": ("Негізге алынған жиынтық ақпарат", "Исходная сводная информация"),
    "withheld": ("Жарияланбаған бөліктер", "Неопубликованные части"),
    "ref_document": ("Құжат", "Документ"),
    "sender": ("Жіберуші", "Отправитель"),
    "paper_received": ("Қағаз данасы", "Бумажный экземпляр"),
    "findings": ("Тексеру бойынша ескерту", "Замечание по проверке"),
    "header": ("Деректемелер", "Реквизиты"),
    "issuing_body": ("Ұсыным берген орган", "Орган, вынесший рекомендацию"),
    "parties": ("Тарап", "Сторона"),
}
"""Headings of containers that have no field of their own in the content model."""


def blocks(report: Report) -> list[Block]:
    """Every element of `report` in document order: requisites first, then the body."""
    return list(_walk(report, level=1))


def _walk(value: Any, *, level: int) -> Iterator[Block]:
    for field in fields(value):
        item = getattr(value, field.name)
        if item is None or item == () or isinstance(item, PaperCopy):
            continue
        if item is False and field.default is False:
            continue  # an element that stands in the document only to say yes
        kk, ru = _label(field.name, field.metadata.get("id"))
        code_list = field.metadata.get("codes")
        if isinstance(item, tuple):
            for number, part in enumerate(item, start=1):
                many = len(item) > 1
                yield from _element(
                    part, f"{kk} {number}" if many else kk, f"{ru} {number}" if many else ru, code_list, level
                )
        else:
            yield from _element(item, kk, ru, code_list, level)


def _element(item: Any, kk: str, ru: str, code_list: str | None, level: int) -> Iterator[Block]:
    if isinstance(item, Bilingual):
        yield _pair(kk, ru, item.kk, item.ru)
    elif isinstance(item, OrgRef):
        suffix = f" ({item.code}{f', БСН/БИН {item.bin}' if item.bin else ''})"
        scheme = "" if item.scheme == "kz-bodies" else f" [{item.scheme}]"
        yield _pair(kk, ru, item.name.kk + suffix + scheme, item.name.ru + suffix + scheme)
    elif isinstance(item, TreatyRef):
        yield _pair(kk, ru, f"{item.short_title.kk} ({item.treaty_id})", f"{item.short_title.ru} ({item.treaty_id})")
    elif isinstance(item, Multilingual):
        for text in item.texts:
            yield _line(f"{kk} [{text.language}]", f"{ru} [{text.language}]", text.text)
    elif isinstance(item, DocRef):
        yield from _document_reference(item, kk, ru)
    elif (value := _simple(item)) is not None:
        yield _line(kk, ru, value)
    elif isinstance(item, bool):
        yield _pair(kk, ru, "иә" if item else "жоқ", "да" if item else "нет")
    elif isinstance(item, PartyRef):
        yield _coded(kk, ru, item.code, "parties", f"{item.scheme}:{item.code}")
    elif isinstance(item, StrEnum):
        yield _coded(kk, ru, item.value, _CLOSED_LISTS[type(item)], item.value)
    elif isinstance(item, str):
        yield _coded(kk, ru, item, code_list, item) if code_list else _line(kk, ru, item)
    elif is_dataclass(item):
        yield from _group(item, kk, ru, level)
    else:
        raise TypeError(type(item).__name__)  # a type that the content model does not have


def _group(item: Any, kk: str, ru: str, level: int) -> Iterator[Block]:
    """A part of several values: a small one stays in its parent's table, a large one gets a heading of its own.

    After a large one a break follows, so that what comes next is not read as belonging to it.
    """
    inside = list(_walk(item, level=level + 1))
    if len(inside) <= _SMALL and all(block["t"] in {"pair", "line"} for block in inside):
        for block in inside:
            own_kk, own_ru = str(block["label_kk"]), str(block["label_ru"])
            yield {**block, "label_kk": _joined(kk, own_kk), "label_ru": _joined(ru, own_ru)}
        return
    yield {"t": "heading", "level": level, "kk": kk, "ru": ru}
    yield from inside
    yield {"t": "break"}


def _joined(outer: str, inner: str) -> str:
    """Label of a value with the part it stands in; said once when the two say the same."""
    return inner if inner.startswith(outer) else outer if outer.startswith(inner) else f"{outer}: {inner}"


def _document_reference(item: DocRef, kk: str, ru: str) -> Iterator[Block]:
    number = f", № {item.registration_number}" if item.registration_number else ""
    day = f", {_day(item.registration_date)}" if item.registration_date else ""
    yield _line(kk, ru, f"{item.document_id}{number}{day}")
    if item.digest is not None:
        yield _line(f"{kk}: хэш", f"{ru}: хэш", _digest(item.digest))


def _simple(item: Any) -> str | None:
    """Values that need no words: numbers, dates, digests, references."""
    result: str | None = None
    if isinstance(item, bool | StrEnum | str):
        result = None
    elif isinstance(item, int | Decimal | PartialDate):
        result = str(item)
    elif isinstance(item, datetime):
        result = item.strftime("%d.%m.%Y %H:%M:%S") + item.strftime("%z")[:3] + ":" + item.strftime("%z")[3:]
    elif isinstance(item, date):
        result = _day(item)
    elif isinstance(item, Digest):
        result = _digest(item)
    elif isinstance(item, RecordRef):
        result = f"{item.document_id} / {item.record_id}"
    elif isinstance(item, Period):
        result = str(item.year) if item.year else f"{_day(item.from_)} – {_day(item.to)}"
    return result


def _coded(kk: str, ru: str, code: str, code_list: str | None, shown: str) -> Block:
    names = [
        texts.label_of_code(code_list, code, language) if code_list else code
        for language in (texts.Language.KK, texts.Language.RU)
    ]
    return _pair(kk, ru, *(name if name == shown else f"{name} ({shown})" for name in names))


def _label(name: str, field_id: str | None) -> tuple[str, str]:
    if field_id is not None:
        return texts.label(field_id, texts.Language.KK), texts.label(field_id, texts.Language.RU)
    return _UNLABELLED[name]


def _pair(label_kk: str, label_ru: str, kk: str, ru: str) -> Block:
    return {"t": "pair", "label_kk": label_kk, "label_ru": label_ru, "kk": kk, "ru": ru}


def _line(label_kk: str, label_ru: str, value: str) -> Block:
    return {"t": "line", "label_kk": label_kk, "label_ru": label_ru, "value": value}


def _day(day: date | None) -> str:
    return day.strftime("%d.%m.%Y") if day is not None else ""


def _digest(digest: Digest) -> str:
    return f"{digest.algorithm.rsplit('#', 1)[-1]} {base64.b64encode(digest.value).decode()}"
