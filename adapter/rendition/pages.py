"""The publication of the year (p.11) as a page for people without any program.

Self-contained HTML: one file, no script, no picture or style from elsewhere. Everything that came from outside is text.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapter import texts
from adapter.domain.reference import Bilingual
from adapter.domain.report import PublishedResults, PublishedTreatyEntry
from adapter.rendition.html_page import escaped, html_page
from adapter.texts import Language

_WORDS: Mapping[str, Mapping[str, str]] = {
    "publication": {
        "kk": "Халықаралық шарттардың орындалуын мониторингтеу нәтижелері",
        "ru": "Результаты мониторинга выполнения международных договоров",
        "en": "Results of the monitoring of international treaties",
    },
    "other-language": {"kk": "Русский", "ru": "Қазақша", "en": "Қазақша"},
    "machine": {"kk": "Машинамен оқылатын түрлері", "ru": "Машиночитаемые формы", "en": "Machine-readable forms"},
    "treaties": {"kk": "Шарттар", "ru": "Договоры", "en": "Treaties"},
    "withheld": {"kk": "Жарияланбаған бөліктер", "ru": "Неопубликованные части", "en": "Parts withheld"},
    "reason": {"kk": "Себебі", "ru": "Причина", "en": "Reason"},
    "count": {"kk": "Саны", "ru": "Число", "en": "Count"},
    "parties": {"kk": "Тараптар", "ru": "Стороны", "en": "Parties"},
    "in-force": {
        "kk": "Қазақстан Республикасы үшін күшіне енген күні",
        "ru": "Вступил в силу для Республики Казахстан",
        "en": "In force for Kazakhstan since",
    },
    "status": {"kk": "Мәртебесі", "ru": "Статус", "en": "Status"},
    "lead": {"kk": "Жауапты орган", "ru": "Ответственный орган", "en": "Lead body"},
    "license": {"kk": "Пайдалану шарттары", "ru": "Условия использования", "en": "Terms of use"},
    "signed": {
        "kk": "Қол қойылған контейнер (тексеру: elshi verify)",
        "ru": "Подписанный контейнер (проверка: elshi verify)",
        "en": "Signed container (check it with elshi verify)",
    },
}


def publication_page(report: PublishedResults, language: Language) -> bytes:
    """The page of the year in one language, with links to the other language and to every form."""
    year = report.header.reporting_year
    other = "ru.html" if language is Language.KK else "index.html"
    forms = [("XML", "results.xml"), ("JSON", "results.json"), ("CSV", "results.csv"), ("PDF", "results.pdf")]
    links = " ".join(f'<a href="{name}">{label}</a>' for label, name in forms)
    entries = "".join(_entry(entry, language) for entry in report.treaty_entries)
    withheld = "".join(
        f"<tr><td>{escaped(texts.label_of_code('withheld-reason', item.reason, language))}</td><td>{item.count}</td></tr>"
        for item in report.withheld
    )
    table = (
        f"<h2>{_w('withheld', language)}</h2><table><tr><th>{_w('reason', language)}</th>"
        f"<th>{_w('count', language)}</th></tr>{withheld}</table>"
        if withheld
        else ""
    )
    terms = (
        f'<p class="soft">{_w("license", language)}: <a href="{escaped(report.license)}">{escaped(report.license)}</a></p>'
        if report.license and report.license.startswith(("https://", "http://"))
        else ""
    )
    body = (
        f'<header class="top"><p class="soft">{escaped(_text(report.header.sender.name, language))}</p>'
        f"<h1>{_w('publication', language)}, {year}</h1>"
        f'<nav><a href="{other}">{_w("other-language", language)}</a></nav></header>'
        f"<p>{_paragraphs(_text(report.results, language))}</p><h2>{_w('treaties', language)}</h2>{entries}{table}"
        f'<h2>{_w("machine", language)}</h2><p>{links}</p><p><a href="results.asice">{_w("signed", language)}</a></p>'
        f'{terms}<p class="soft">{escaped(report.published_at.isoformat())} · '
        f"<code>{escaped(report.header.document_id)}</code></p>"
    )
    return html_page(f"{_WORDS['publication'][language.value]}, {year}", language, body)


def _entry(entry: PublishedTreatyEntry, language: Language) -> str:
    treaty = entry.treaty
    parties = ", ".join(texts.label_of_code("parties", party.ref.code, language) for party in treaty.parties)
    force = treaty.entry_into_force.for_kazakhstan if treaty.entry_into_force is not None else None
    facts = [
        (_w("status", language), texts.label_of_code("status", treaty.status, language)),
        (_w("parties", language), parties),
        (_w("lead", language), _text(treaty.lead_body.name, language)),
    ]
    if force is not None:
        facts.insert(0, (_w("in-force", language), force.strftime("%d.%m.%Y")))
    lines = " · ".join(f"{name}: {escaped(value)}" for name, value in facts)
    return (
        f'<section class="card"><h3>{escaped(_text(treaty.title, language))}</h3>'
        f'<p>{_paragraphs(_text(entry.public_text, language))}</p><p class="soft">{lines}</p></section>'
    )


def _w(key: str, language: Language) -> str:
    return escaped(_WORDS[key][language.value])


def _text(text: Bilingual, language: Language) -> str:
    return text.kk if language is Language.KK else text.ru


def _paragraphs(text: str) -> str:
    return escaped(text).replace("\n\n", "</p><p>").replace("\n", "<br>")
