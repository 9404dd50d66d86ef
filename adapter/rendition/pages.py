"""Pages for people without any program: the publication of the year (p.11) and the auditor's report.

Self-contained HTML: one file, no script, no picture or style from elsewhere. Everything that came from outside is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from adapter import texts
from adapter.domain.reference import Bilingual
from adapter.domain.report import PublishedResults, PublishedTreatyEntry
from adapter.texts import Language

_STYLE = """
:root{--ink:#14213d;--soft:#5b6478;--line:#d9dde5;--good:#1b6e3c;--bad:#a4161a;--doubt:#8a5a00;--paper:#fff}
*{box-sizing:border-box}
body{margin:0;background:#f4f6f9;color:var(--ink);font:16px/1.55 "Noto Sans","Segoe UI",Arial,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 4rem}
header.top{border-bottom:3px solid #00a3b4;margin-bottom:1.5rem;padding-bottom:1rem}
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0}
h2{font-size:1.2rem;margin:2rem 0 .6rem}
h3{font-size:1.05rem;margin:0 0 .4rem}
nav a{margin-right:1rem}
a{color:#006f7c}
.card{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:1rem 1.2rem;margin:0 0 1rem}
.soft{color:var(--soft);font-size:.92rem}
table{border-collapse:collapse;width:100%;background:var(--paper)}
th,td{border:1px solid var(--line);padding:.4rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{overflow-wrap:normal}
th{background:#eef1f6;font-weight:600}
.PASSED,.TOTAL-PASSED{color:var(--good);font-weight:600}
.FAILED,.TOTAL-FAILED{color:var(--bad);font-weight:600}
.INDETERMINATE,.NOT_PERFORMED{color:var(--doubt);font-weight:600}
.PASSED,.FAILED,.INDETERMINATE,.NOT_PERFORMED,.TOTAL-PASSED,.TOTAL-FAILED{overflow-wrap:normal;white-space:nowrap}
code{font:.85em "DejaVu Sans Mono",Consolas,monospace;overflow-wrap:anywhere}
details{margin:.5rem 0}
summary{cursor:pointer}
@media print{body{background:#fff}.card{break-inside:avoid}details{display:block}}
"""

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
    "audit": {
        "kk": "Қолтаңбалар мен құжаттар тізбегін тексеру есебі",
        "ru": "Отчёт о проверке подписей и цепочки документов",
        "en": "Report on signatures and the chain of documents",
    },
    "audit-note": {
        "kk": "Тексеру желісіз, тек көрсетілген сенім зәкірлері бойынша жүргізілді.",
        "ru": "Проверка проведена без сети, только по указанным якорям доверия.",
        "en": "Judged without a network, under the trust anchors given and nothing else.",
    },
    "document": {"kk": "Құжат", "ru": "Документ", "en": "Document"},
    "verdict": {"kk": "Қорытынды", "ru": "Вывод", "en": "Verdict"},
    "sender": {"kk": "Жіберуші", "ru": "Отправитель", "en": "Sender"},
    "number": {"kk": "Нөмірі", "ru": "Номер", "en": "Number"},
    "signer": {"kk": "Қол қоюшы", "ru": "Подписавший", "en": "Signer"},
    "chain": {"kk": "Құжаттар тізбегі", "ru": "Цепочка документов", "en": "Chain of documents"},
    "from": {"kk": "Құжат", "ru": "Документ", "en": "Document"},
    "rests-on": {"kk": "Негізі", "ru": "Опирается на", "en": "Rests on"},
    "folders": {"kk": "Дәлелдер қалталары", "ru": "Папки доказательств", "en": "Evidence folders"},
    "exported-by": {"kk": "Кім экспорттады", "ru": "Кто выгрузил", "en": "Exported by"},
    "sealed-by": {"kk": "Экспорт қолтаңбасы", "ru": "Подпись выгрузки", "en": "Sealed by"},
    "no-seal": {"kk": "қолтаңба жоқ", "ru": "подписи нет", "en": "no seal"},
    "checks": {"kk": "Жүргізілген тексерулер", "ru": "Проведённые проверки", "en": "Checks made"},
    "history": {"kk": "Жолы", "ru": "Путь", "en": "Way"},
    "time": {"kk": "Уақыты", "ru": "Время", "en": "Time"},
    "what": {"kk": "Оқиға", "ru": "Событие", "en": "Event"},
    "who": {"kk": "Кім", "ru": "Кто", "en": "Who"},
    "signature": {"kk": "Қолтаңба", "ru": "Подпись", "en": "Signature"},
    "file": {"kk": "Файл", "ru": "Файл", "en": "File"},
}

_VERDICTS: Mapping[str, Mapping[str, str]] = {
    "TOTAL-PASSED": {"kk": "расталды", "ru": "подтверждено", "en": "confirmed"},
    "TOTAL-FAILED": {"kk": "расталмады", "ru": "не подтверждено", "en": "not confirmed"},
    "INDETERMINATE": {"kk": "анықтау мүмкін болмады", "ru": "определить не удалось", "en": "cannot be told"},
    "PASSED": {"kk": "иә", "ru": "да", "en": "yes"},
    "FAILED": {"kk": "жоқ", "ru": "нет", "en": "no"},
    "NOT_PERFORMED": {"kk": "жүргізілген жоқ", "ru": "не проводилась", "en": "not performed"},
    "NOT-SIGNED": {"kk": "қолтаңбасыз", "ru": "без подписи", "en": "not signed"},
}


def publication_page(report: PublishedResults, language: Language) -> bytes:
    """The page of the year in one language, with links to the other language and to every form."""
    year = report.header.reporting_year
    other = "ru.html" if language is Language.KK else "index.html"
    forms = [("XML", "results.xml"), ("JSON", "results.json"), ("CSV", "results.csv"), ("PDF", "results.pdf")]
    links = " ".join(f'<a href="{name}">{label}</a>' for label, name in forms)
    entries = "".join(_entry(entry, language) for entry in report.treaty_entries)
    withheld = "".join(
        f"<tr><td>{_e(texts.label_of_code('withheld-reason', item.reason, language))}</td><td>{item.count}</td></tr>"
        for item in report.withheld
    )
    table = (
        f"<h2>{_w('withheld', language)}</h2><table><tr><th>{_w('reason', language)}</th>"
        f"<th>{_w('count', language)}</th></tr>{withheld}</table>"
        if withheld
        else ""
    )
    terms = (
        f'<p class="soft">{_w("license", language)}: <a href="{_e(report.license)}">{_e(report.license)}</a></p>'
        if report.license and report.license.startswith(("https://", "http://"))
        else ""
    )
    body = (
        f'<header class="top"><p class="soft">{_e(_text(report.header.sender.name, language))}</p>'
        f"<h1>{_w('publication', language)}, {year}</h1>"
        f'<nav><a href="{other}">{_w("other-language", language)}</a></nav></header>'
        f"<p>{_paragraphs(_text(report.results, language))}</p><h2>{_w('treaties', language)}</h2>{entries}{table}"
        f'<h2>{_w("machine", language)}</h2><p>{links}</p><p><a href="results.asice">{_w("signed", language)}</a></p>'
        f'{terms}<p class="soft">{_e(report.published_at.isoformat())} · <code>{_e(report.header.document_id)}</code></p>'
    )
    return _page(f"{_WORDS['publication'][language.value]}, {year}", language, body)


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
    lines = " · ".join(f"{name}: {_e(value)}" for name, value in facts)
    return (
        f'<section class="card"><h3>{_e(_text(treaty.title, language))}</h3>'
        f'<p>{_paragraphs(_text(entry.public_text, language))}</p><p class="soft">{lines}</p></section>'
    )


_SHOWN = 100
"""Names of files that were not judged; all are counted."""


def audit_page(
    verdicts: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, str]],
    language: Language,
    *,
    passed_over: Sequence[str] = (),
) -> bytes:
    """The auditor's report: one line per document, the chain between them, then every check with its ground.

    passed_over     files that lay in the folders named and were not judged
    """
    rows = "".join(_verdict_row(item, language) for item in verdicts)
    named = {str((item.get("subject") or {}).get("documentId")): _document_name(item, language) for item in verdicts}
    chain = "".join(
        f"<tr><td>{_document(named, link['source'])}</td><td>{_document(named, link['target'])}</td>"
        f"<td>{_verdict(link['conclusion'], language)}</td></tr>"
        for link in links
    )
    table = (
        f"<h2>{_w('chain', language)}</h2><table><tr><th>{_w('from', language)}</th>"
        f"<th>{_w('rests-on', language)}</th><th>{_w('verdict', language)}</th></tr>{chain}</table>"
        if chain
        else ""
    )
    seals = "".join(_seal_row(item, item["seal"], language) for item in verdicts if item.get("seal"))
    folders = (
        f"<h2>{_w('folders', language)}</h2><table><tr>"
        f"{_heads(('document', 'exported-by', 'time', 'sealed-by', 'verdict'), language)}</tr>{seals}</table>"
        if seals
        else ""
    )
    details = "".join(_verdict_details(item, language) for item in verdicts)
    unseen = ""
    if passed_over:
        params = {"count": len(passed_over), "names": ", ".join(passed_over[:_SHOWN])}
        sentence = texts.render("verify.not-judged", params, language)
        unseen = f'<p class="soft">{_e(sentence.what)} {_e(sentence.to_do)}</p>'
    body = (
        f'<header class="top"><h1>{_w("audit", language)}</h1>'
        f'<p class="soft">{_w("audit-note", language)}</p></header>'
        f"<table><tr><th>{_w('document', language)}</th><th>{_w('sender', language)}</th>"
        f"<th>{_w('signer', language)}</th><th>{_w('verdict', language)}</th></tr>{rows}</table>{unseen}{table}{folders}"
        f"<h2>{_w('checks', language)}</h2>{details}"
    )
    return _page(_WORDS["audit"][language.value], language, body)


def _document(named: Mapping[str, str], identifier: str) -> str:
    """A document by its name, with its identifier below; by the identifier alone when it was not given."""
    name = f"{_e(named[identifier])}<br>" if identifier in named else ""
    return f"{name}<code>{_e(identifier)}</code>"


def _document_name(item: Mapping[str, Any], language: Language) -> str:
    subject = item.get("subject") or {}
    kind = texts.label_of_code("doctype", str(subject.get("documentType", "")), language) or str(item["file"])
    return kind + (f" № {subject['number']}" if subject.get("number") else "")


def _verdict_row(item: Mapping[str, Any], language: Language) -> str:
    subject = item.get("subject") or {}
    name = (subject.get("senderName") or {}).get("kk" if language is Language.KK else "ru", "")
    signer = ", ".join(
        str((signature.get("signer") or {}).get("common_name") or "") for signature in item.get("signatures", ())
    )
    return (
        f"<tr><td>{_e(_document_name(item, language))}<br><code>{_e(str(item['file']))}</code></td><td>{_e(name)}</td>"
        f"<td>{_e(signer)}</td><td>{_verdict(str(item['indication']), language, item.get('sub_indication'))}</td></tr>"
    )


def _seal_row(item: Mapping[str, Any], seal: Mapping[str, Any], language: Language) -> str:
    """Who says that the folder is whole, and whether that signature stands."""
    signers = [signature.get("signer") or {} for signature in seal.get("signatures", ())]
    names = "<br>".join(
        _e(", ".join(str(one[key]) for key in ("common_name", "organization") if one.get(key)))
        + (f"<br><code>BIN {_e(str(one['bin']))}</code>" if one.get("bin") else "")
        for one in signers
    )
    return (
        f"<tr><td>{_e(_document_name(item, language))}<br><code>{_e(str(item['file']))}</code></td>"
        f"<td>{_e(str(seal['exportedBy']))}</td><td>{_e(_moment(str(seal['exportedAt'])))}</td>"
        f"<td>{names or _w('no-seal', language)}</td>"
        f"<td>{_verdict(str(seal['indication']), language, seal.get('sub_indication'))}</td></tr>"
    )


def _moment(stated: str) -> str:
    """A time to the second; what is no time as it stands."""
    try:
        return datetime.fromisoformat(stated).isoformat(sep=" ", timespec="seconds")
    except ValueError:
        return stated


def _verdict_details(item: Mapping[str, Any], language: Language) -> str:
    checks = [*item.get("checks", ())]
    for signature in item.get("signatures", ()):
        checks += signature.get("checks", ())
    rows = "".join(
        f"<tr><td><code>{_e(str(check['id']))}</code></td><td>{_e(_check_sentence(check, language))}</td>"
        f"<td>{_verdict(str(check['conclusion']), language)}</td></tr>"
        for check in checks
    )
    history = "".join(
        f"<tr><td>{_e(str(event.get('at', '')))}</td><td>{_e(str(event.get('what', '')))}</td>"
        f"<td>{_e(str(event.get('who') or ''))}</td><td>{_e(str(event.get('number') or ''))}</td>"
        f"<td>{_verdict(str(event.get('verdict', '')), language)}</td></tr>"
        for event in item.get("history", ())
    )
    way = (
        f"<h3>{_w('history', language)}</h3><table><tr>{_heads(('time', 'what', 'who', 'number', 'signature'), language)}"
        f"</tr>{history}</table>"
        if history
        else ""
    )
    return (
        f"<details><summary><code>{_e(str(item['file']))}</code> "
        f"{_verdict(str(item['indication']), language)}</summary>{way}<table>{rows}</table></details>"
    )


def _check_sentence(check: Mapping[str, Any], language: Language) -> str:
    code = str(check["id"])
    known = code if code in texts.codes() else code.removeprefix("document.")
    sentence = texts.render(known, dict(check.get("params") or {}), language)
    is_open = check["conclusion"] != "PASSED"
    return f"{sentence.what} {sentence.to_do}".rstrip() if is_open else sentence.what


def _heads(keys: Iterable[str], language: Language) -> str:
    return "".join(f"<th>{_w(key, language)}</th>" for key in keys)


def _verdict(code: str, language: Language, sub: object = None) -> str:
    words = _VERDICTS.get(code, {}).get(language.value, code)
    more = f" <code>{_e(str(sub))}</code>" if sub else ""
    return f'<span class="{_e(code)}">{_e(words)}</span>{more}'


def _page(title: str, language: Language, body: str) -> bytes:
    return (
        f'<!DOCTYPE html>\n<html lang="{language.value}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_e(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    ).encode()


def _w(key: str, language: Language) -> str:
    return _e(_WORDS[key][language.value])


def _text(text: Bilingual, language: Language) -> str:
    return text.kk if language is Language.KK else text.ru


def _paragraphs(text: str) -> str:
    return _e(text).replace("\n\n", "</p><p>").replace("\n", "<br>")


def _e(text: str) -> str:
    return escape(text, quote=True)
