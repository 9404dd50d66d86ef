"""What the parts and fields of a Report are called on paper, in Kazakh and Russian."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from adapter import texts
from adapter.domain.summary import Statistics
from adapter.texts import Language


class Label(NamedTuple):
    """A name in Kazakh and Russian; empty when the value needs none."""

    kk: str = ""
    ru: str = ""


NO_LABEL: Final = Label()

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


def label_of(owner: type[Any], part: Any) -> Label:
    """The name of a field of `owner`, as `dataclasses.fields` gives it. KeyError for one that nobody has named."""
    if owner is Statistics:
        return _FIGURES[part.name]
    field_id = part.metadata.get("id")
    if field_id is not None:
        return Label(texts.label(field_id, Language.KK), texts.label(field_id, Language.RU))
    return _LABELS.get(f"{owner.__name__}.{part.name}") or _LABELS[part.name]


def names_of_code(code_list: str, code: str, *, shown: str | None = None) -> Label:
    """The names of a code with the code itself; a code without a name is said once."""
    mark = shown or code
    kk, ru = (texts.label_of_code(code_list, code, language) for language in (Language.KK, Language.RU))
    return Label(*(mark if name == code else f"{name} ({mark})" for name in (kk, ru)))
