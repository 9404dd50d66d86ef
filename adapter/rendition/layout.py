"""A Report laid out for the page: every element of it, except the paper copy and the signature.

The walk is generic on purpose. A field added to the content model appears on paper without anybody's care; a test
takes every value of a full document and looks for it in the PDF.

    Heading   a part with a table of its own; `End` closes it, so that what follows is not read as belonging to it
    Row       one line of the table: its label and its entries
    Entry     one value; in Kazakh and Russian side by side, or as it is, across both columns

A part of few values is one row with labelled entries: a party, a procedure, a line of coverage.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias, get_args

from adapter import texts
from adapter.domain import codes, reference
from adapter.domain.document import DocumentType
from adapter.domain.header import Attachment, Header, PaperCopy
from adapter.domain.record import AnalysisBasis, PendingRecord, Slot, TreatyRecord
from adapter.domain.reference import (
    Bilingual,
    Digest,
    DocRef,
    Multilingual,
    OrgRef,
    PartialDate,
    PartyRef,
    Period,
    RecordRef,
    TreatyRef,
)
from adapter.domain.report import InForceSection, PendingSection, PublishedTreatyEntry, Report
from adapter.domain.summary import ForeignPolicyAssessment, Statistics
from adapter.domain.treaty import ExternalId, Recommendation, Treaty
from adapter.errors import Severity
from adapter.texts import Language


class Label(NamedTuple):
    """A name in Kazakh and Russian; empty when the value needs none."""

    kk: str = ""
    ru: str = ""


_NO_LABEL: Final = Label()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One value: a text in Kazakh and Russian, or what has no language (`kk` and `ru` are the same then).

    language    of a text that is in one language only
    is_neutral  says the same in every language: names of files, numbers of documents
    is_code     identifiers, digests, addresses: set in a typewriter face and broken anywhere
    """

    kk: str
    ru: str
    label: Label = _NO_LABEL
    language: str | None = None
    is_neutral: bool = False
    is_code: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether the value stands across both columns, once."""
        return self.is_code or self.language is not None or (self.is_neutral and len(self.kk) > _SHORT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """The heading of a part. `level` counts from 1."""

    level: int
    kk: str
    ru: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table. `is_one_of_many`: a numbered part, whose number must not be lost."""

    label: Label
    entries: tuple[Entry, ...]
    is_one_of_many: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """The part before ends here."""


Block: TypeAlias = Heading | Row | End

_SHORT: Final = 24
"""Longest value without a language that is said in both columns, as dates and numbers are."""

_SMALL: Final = 9
"""Entries a part may have to be one row."""

_ALWAYS_HEADED: Final = (
    Header,
    Attachment,
    InForceSection,
    PendingSection,
    TreatyRecord,
    PendingRecord,
    Treaty,
    AnalysisBasis,
    *get_args(Slot),
    Recommendation,
    Statistics,
    ForeignPolicyAssessment,
    PublishedTreatyEntry,
)
"""Parts a reader looks for: they have a heading however little they hold."""

_CLOSED_LISTS: Final[dict[type[StrEnum], str]] = {
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

_LABELS: Final[dict[str, Label]] = {
    name: Label(*words)
    for name, words in {
        "acting_order": ("Міндетін атқару туралы бұйрық", "Приказ об исполнении обязанностей"),
        "acts": ("Нормативтік құқықтық акт", "Нормативный правовой акт"),
        "adoption": ("Қабылдау", "Принятие"),
        "by_party": ("Тарап бойынша", "По участнику"),
        "consent": ("Міндеттілігіне келісім", "Согласие на обязательность"),
        "coverage": ("Қамту", "Охват"),
        "diplomatic_channel": ("Дипломатиялық арна", "Дипломатический канал"),
        "duration": ("Қолданылу мерзімі", "Срок действия"),
        "entry_into_force": ("Күшіне ену", "Вступление в силу"),
        "executor": ("Орындаушы", "Исполнитель"),
        "findings": ("Тексеру бойынша ескерту", "Замечание по проверке"),
        "follow_ups": ("Орындалуы", "Исполнение"),
        "foreign_policy_assessment": ("Сыртқы саяси бағалау", "Внешнеполитическая оценка"),
        "header": ("Деректемелер", "Реквизиты"),
        "indicators": ("Көрсеткіш", "Показатель"),
        "issues": ("Проблемалық мәселе", "Проблемный вопрос"),
        "AdvisoryBodyProposals.items": ("Ұсыным немесе ұсыныс", "Рекомендация или предложение"),
        "ForeignPolicyAssessment.items": ("Серіктес немесе шарт бойынша", "По партнёру или договору"),
        "non_completion": ("Орындалмау себебі", "Причина невыполнения"),
        "other_parties": ("Басқа тараптар", "Другие участники"),
        "other_party_procedures": ("Басқа тараптың рәсімдері", "Процедуры другого участника"),
        "paper_received": ("Қағаз данасы", "Бумажный экземпляр"),
        "pending_entries": ("Күшіне енбеген шарт бойынша жазба", "Запись по не вступившему в силу договору"),
        "previous_record": ("Алдыңғы жылғы жазба", "Запись прошлого года"),
        "procedures": ("Рәсім", "Процедура"),
        "proposals": ("Ұсыныс", "Предложение"),
        "provisional_application": ("Уақытша қолдану", "Временное применение"),
        "provisions": ("Шарттың ережесі", "Положение договора"),
        "publications": ("Жарияланым", "Публикация"),
        "publishable": ("Жариялау", "Опубликование"),
        "recommendations": ("Ұсынымдар", "Рекомендации"),
        "ref_document": ("Құжат", "Документ"),
        "related_treaties": ("Байланысты шарт", "Связанный договор"),
        "reporting_obligations": ("Есептілік міндеті", "Обязательство по отчётности"),
        "reporting_period": ("Есепті кезең", "Отчётный период"),
        "reports": ("Мерзімді баяндама", "Периодический доклад"),
        "reservations_declarations": ("Ескертпе немесе мәлімдеме", "Оговорка или заявление"),
        "response": ("Ұстаным", "Позиция"),
        "ruleset": ("Қағидалар", "Правила"),
        "sender": ("Жіберуші", "Отправитель"),
        "signatory": ("Қол қоюшы", "Подписавший"),
        "signature": ("Қол қою", "Подписание"),
        "source_submissions": ("Негізге алынған ақпарат", "Исходная информация"),
        "source_summary": ("Негізге алынған жиынтық ақпарат", "Исходная сводная информация"),
        "subdivision_order": ("Бөлімшені айқындаған бұйрық", "Приказ об определении подразделения"),
        "supersedes": ("Ауыстыру", "Замена"),
        "text_links": ("Мәтінге сілтеме", "Ссылка на текст"),
        "treaty_entries": ("Шарт бойынша жазба", "Запись по договору"),
        "withheld": ("Жарияланбаған бөліктер", "Неопубликованные части"),
    }.items()
}
"""Names of parts that have no field of their own in the content model."""

_FIGURES: Final[dict[str, Label]] = {
    name: Label(*words)
    for name, words in {
        "bodies_expected": ("Ақпарат күтілген органдар", "Органы, от которых ожидалась информация"),
        "received_on_time": ("Мерзімінде алынды", "Получено в срок"),
        "received_late": ("Кешіктіріп алынды", "Получено с опозданием"),
        "not_received": ("Алынбады", "Не получено"),
        "other_channel": ("Өзге арнамен алынды", "Получено по иному каналу"),
        "nil_returns": ("Енгізілетін шарттар жоқ ақпарат", "Информация об отсутствии договоров"),
        "treaties_in_force": ("Күшіне енген шарттар", "Вступившие в силу договоры"),
        "records_in_force": ("Күшіне енген шарттар бойынша жазбалар", "Записи по вступившим в силу договорам"),
        "pending_treaties": ("Күшіне енбеген шарттар", "Не вступившие в силу договоры"),
        "issues": ("Проблемалық мәселелер", "Проблемные вопросы"),
        "proposals": ("Ұсыныстар", "Предложения"),
        "recommendations": ("Ұсынымдар", "Рекомендации"),
        "recommendations_of_international_organizations": (
            "Халықаралық ұйымдардың ұсынымдары",
            "Рекомендации международных организаций",
        ),
    }.items()
}
"""The figures of a summary share one field of the content model (SU-10)."""

_DIGEST: Final = Label("хэш", "хэш")
_MARK: Final = Label("Белгі", "Отметка")
_CONTENT: Final = Label("Мазмұны", "Содержание")
_TEXT: Final = Label("Мәтін", "Текст")
_YES: Final = Label("иә", "да")
_NO: Final = Label("жоқ", "нет")

_XML_ENCRYPTION: Final = "http://www.w3.org/2001/04/xmlenc#"


def blocks(report: Report) -> tuple[Block, ...]:
    """Every element of `report` in document order: requisites first, then the body; never ends with an End."""
    found = list(_headed(_inside(report, level=1), 1, _CONTENT))
    while isinstance(found[-1], End):
        found.pop()
    return tuple(found)


def _headed(inside: Iterable[Block], level: int, name: Label) -> Iterator[Block]:
    """The same, with a heading over rows that follow a closed part: they would be read as belonging to it."""
    depth, follows_end, is_open = 0, False, False
    for block in inside:
        if depth == 0 and isinstance(block, Row) and follows_end:
            yield Heading(level=level, kk=name.kk, ru=name.ru)
            is_open = True
        elif depth == 0 and isinstance(block, Heading) and is_open:
            yield End()
            is_open = False
        depth += isinstance(block, Heading) - isinstance(block, End)
        follows_end = isinstance(block, End)
        yield block
    if is_open:
        yield End()


def _inside(value: Any, *, level: int) -> Iterator[Block]:
    for number, part in enumerate(fields(value), start=1):
        item = getattr(value, part.name)
        if item is None or item == () or isinstance(item, PaperCopy):
            continue
        if item is False and part.default is False:
            continue  # an element that stands in the document only to say yes
        label = _label(type(value), part)
        if isinstance(value, AnalysisBasis):
            label = Label(f"{number}) {label.kk}", f"{number}) {label.ru}")  # the subparagraphs of p.6
        yield from _part(item, label, part, level)


def _part(item: Any, label: Label, part: Any, level: int) -> Iterator[Block]:
    if item is True and part.default is False:
        yield Row(label=_MARK, entries=(Entry(kk=label.kk, ru=label.ru),))
        return
    items = item if isinstance(item, tuple) else (item,)
    plain = [tuple(_entries(each, part.metadata.get("codes"))) for each in items]
    if len(items) > 1 and not all(plain):
        plain = [_single_value(each, level) for each in items]
    if all(plain):
        is_text = level == 1 and isinstance(item, Bilingual)
        row = Row(label=_TEXT if is_text else label, entries=tuple(entry for each in plain for entry in each))
        yield from _under(label, (row,)) if is_text else (row,)
        return
    groups = _groups(items, label, part, level)
    is_list = level == 1 and isinstance(item, tuple) and not isinstance(items[0], _ALWAYS_HEADED)
    yield from _under(label, groups) if is_list else groups


def _under(label: Label, inside: Iterable[Block]) -> Iterator[Block]:
    yield Heading(level=1, kk=label.kk, ru=label.ru)
    yield from inside
    yield End()


def _groups(items: tuple[Any, ...], label: Label, part: Any, level: int) -> Iterator[Block]:
    for number, each in enumerate(items, start=1):
        own = Label(f"{label.kk} {number}", f"{label.ru} {number}") if len(items) > 1 else label
        yield from _group(each, own, level, has_name="id" in part.metadata, is_one_of_many=len(items) > 1)


def _single_value(item: Any, level: int) -> tuple[Entry, ...]:
    """The one value of a part that holds no more, as a party does whose dates are not known; else nothing."""
    found = () if isinstance(item, _ALWAYS_HEADED) else _as_entries(tuple(_inside(item, level=level)))
    return (replace(found[0], label=_NO_LABEL),) if len(found) == 1 else ()


def _group(item: Any, label: Label, level: int, *, has_name: bool, is_one_of_many: bool) -> Iterator[Block]:
    """A part of several values: one row when it is small, else a heading with a table of its own."""
    inside = tuple(_inside(item, level=level + 1))
    small = () if isinstance(item, _ALWAYS_HEADED) else _as_entries(inside)
    if not small:
        title = _title(item)
        heading = Label(f"{label.kk}: {title.kk}", f"{label.ru}: {title.ru}") if title else label
        yield Heading(level=level, kk=heading.kk, ru=heading.ru)
        yield from _headed(inside, level, Label(f"{label.kk} (жалғасы)", f"{label.ru} (продолжение)"))
        yield End()
        return
    named = has_name or is_one_of_many
    if len(small) == 1 and (not named or _says_the_same(small[0].label, label)):
        label = label if named else small[0].label
        small = (replace(small[0], label=_NO_LABEL),)
    in_columns_first = tuple(sorted(small, key=lambda entry: entry.is_wide))
    yield Row(label=label, entries=in_columns_first, is_one_of_many=is_one_of_many)


def _as_entries(inside: tuple[Block, ...]) -> tuple[Entry, ...]:
    """The rows as labelled entries of one row; empty when that would be too much, or would lose a heading or number."""
    found: list[Entry] = []
    for block in inside:
        if not isinstance(block, Row) or block.is_one_of_many:
            return ()
        found += [entry if entry.label.kk else replace(entry, label=block.label) for entry in block.entries]
    return tuple(found) if len(found) <= _SMALL else ()


def _says_the_same(inner: Label, outer: Label) -> bool:
    return outer.ru.startswith(inner.ru) or inner.ru.startswith(outer.ru)


def _title(item: Any) -> Label | None:
    """What tells this part from its neighbours: the treaty of a record, the file of an attachment."""
    treaty = getattr(item, "treaty", None)
    if isinstance(treaty, Treaty | TreatyRef):
        name = treaty.short_title or (treaty.title if isinstance(treaty, Treaty) else None)
        return Label(name.kk, name.ru) if name else None
    return Label(item.file_name, item.file_name) if isinstance(item, Attachment) else None


# --- values -----------------------------------------------------------------------------------------------------------
def _entries(item: Any, code_list: str | None) -> Iterator[Entry]:
    """The entries of a value that is no part of its own; nothing for a part."""
    known = _SHOWN.get(type(item))
    if known is not None:
        yield from known(item)
    elif not is_dataclass(item) or isinstance(item, PartialDate | Period):
        yield _plain(item, code_list)


def _bilingual(item: Bilingual) -> Iterator[Entry]:
    yield Entry(kk=item.kk, ru=item.ru)


def _body(item: OrgRef) -> Iterator[Entry]:
    code = item.code if item.scheme == reference.BODY_SCHEME else f"{item.scheme}:{item.code}"
    kk, ru = (f", БСН {item.bin}", f", БИН {item.bin}") if item.bin else ("", "")
    yield Entry(kk=f"{item.name.kk} ({code}{kk})", ru=f"{item.name.ru} ({code}{ru})")


def _party(item: PartyRef) -> Iterator[Entry]:
    code = item.code if item.scheme == reference.COUNTRY_SCHEME else f"{item.scheme}:{item.code}"
    names = _names("parties", item.code, shown=code)
    yield Entry(kk=names.kk, ru=names.ru)


def _treaty(item: TreatyRef) -> Iterator[Entry]:
    yield Entry(kk=item.short_title.kk, ru=item.short_title.ru)
    yield _code(item.treaty_id)


def _external(item: ExternalId) -> Iterator[Entry]:
    names = _names("external-id-scheme", item.scheme)
    yield Entry(kk=f"{item.value} — {names.kk}", ru=f"{item.value} — {names.ru}")


def _languages(item: Multilingual) -> Iterator[Entry]:
    for text in item.texts:
        mark = f"[{text.language}]"
        yield Entry(kk=text.text, ru=text.text, label=Label(mark, mark), language=text.language)


def _document(item: DocRef) -> Iterator[Entry]:
    yield _code(item.document_id)
    number = f"№ {item.registration_number}" if item.registration_number else ""
    words = ", ".join(part for part in (number, _day(item.registration_date)) if part)
    if words:
        yield Entry(kk=words, ru=words, is_neutral=True)
    if item.digest is not None:
        yield from (replace(entry, label=_DIGEST) for entry in _digest(item.digest))


def _record(item: RecordRef) -> Iterator[Entry]:
    yield _code(f"{item.document_id} / {item.record_id}")


def _digest(item: Digest) -> Iterator[Entry]:
    yield _code(f"{item.algorithm.removeprefix(_XML_ENCRYPTION)} {base64.b64encode(item.value).decode()}")


_SHOWN: Final[dict[type[Any], Callable[[Any], Iterator[Entry]]]] = {
    Bilingual: _bilingual,
    OrgRef: _body,
    PartyRef: _party,
    TreatyRef: _treaty,
    ExternalId: _external,
    Multilingual: _languages,
    DocRef: _document,
    RecordRef: _record,
    Digest: _digest,
}


def _plain(item: Any, code_list: str | None) -> Entry:
    if isinstance(item, bool):
        words = _YES if item else _NO
        return Entry(kk=words.kk, ru=words.ru)
    if isinstance(item, StrEnum):
        names = _names(_CLOSED_LISTS[type(item)], item.value)
        return Entry(kk=names.kk, ru=names.ru)
    if isinstance(item, str):
        if code_list is not None:
            names = _names(code_list, item)
            return Entry(kk=names.kk, ru=names.ru)
        return Entry(kk=item, ru=item, is_neutral=True, is_code=_is_identifier(item))
    figures = _in_figures(item)
    return Entry(kk=figures, ru=figures, is_neutral=True)


def _in_figures(item: Any) -> str:
    if isinstance(item, datetime):
        zone = item.strftime("%z")
        return f"{_day(item)} {item:%H:%M:%S} ({zone[:3]}:{zone[3:]})"
    if isinstance(item, date):
        return _day(item)
    if isinstance(item, Period):
        days = f"{_day(item.from_)} – {_day(item.to)}" if item.from_ or item.to else ""
        return ", ".join(part for part in (str(item.year or ""), days) if part)
    if isinstance(item, Decimal):
        return f"{item:f}"
    if isinstance(item, int | PartialDate):
        return str(item)
    raise TypeError(type(item).__name__)  # a type that the content model does not have


def _code(value: str) -> Entry:
    return Entry(kk=value, ru=value, is_code=True)


def _is_identifier(value: str) -> bool:
    """Addresses and identifiers, wherever they stand: they are long, and a person compares them sign by sign."""
    return value.startswith(("urn:", "http://", "https://")) and not any(sign.isspace() for sign in value)


def _names(code_list: str, code: str, *, shown: str | None = None) -> Label:
    """The names of a code with the code itself; a code without a name is said once."""
    mark = shown or code
    kk, ru = (texts.label_of_code(code_list, code, language) for language in (Language.KK, Language.RU))
    return Label(*(mark if name == code else f"{name} ({mark})" for name in (kk, ru)))


def _label(owner: type[Any], part: Any) -> Label:
    if owner is Statistics:
        return _FIGURES[part.name]
    field_id = part.metadata.get("id")
    if field_id is not None:
        return Label(texts.label(field_id, Language.KK), texts.label(field_id, Language.RU))
    return _LABELS.get(f"{owner.__name__}.{part.name}") or _LABELS[part.name]


def _day(day: date | None) -> str:
    return f"{day.day:02}.{day.month:02}.{day.year:04}" if day is not None else ""
