"""The report on a verification as one page: for a lawyer to read, to print on A4 and to file.

Overview, chain of documents and evidence folders first where there are several; then each file's story, one after
another, with nothing folded away: what is printed is what is there. Colour only repeats what a word says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from adapter import texts
from adapter.rendition.audit_story import Story, document_name, sender_name, story
from adapter.rendition.audit_words import word
from adapter.rendition.html_page import escaped, html_page
from adapter.rendition.story_part import Part, shown_time, signer_of
from adapter.texts import Language

_SHOWN: Final = 100
"""Names of files that were not judged; all are counted."""

_STYLE: Final = """
.report{border-top:3px solid #00a3b4;margin-top:2.5rem;padding-top:1rem}
.report h2{margin-top:0;overflow-wrap:anywhere}
.verdict{border-left:.4rem solid currentColor;background:var(--paper);padding:.8rem 1.1rem;margin:0 0 1rem}
.verdict p{color:var(--ink);font-weight:400;margin:.35rem 0 0;overflow-wrap:anywhere;white-space:normal}
.verdict strong{font-size:1.15rem}
.report h3{margin:1.4rem 0 .4rem}
.ABSENT{color:var(--good)}
.alone{border-top:0;margin-top:0;padding-top:0}
dl{display:grid;grid-template-columns:minmax(9rem,15rem) 1fr;gap:.15rem 1rem;margin:.4rem 0 1rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
dl.codes{font-size:.82rem}
dl.codes dd{font-family:"DejaVu Sans Mono",Consolas,monospace}
table.small{font-size:.88rem}
table.small td{overflow-wrap:break-word}
td.conclusion{width:9rem;white-space:normal}
td.code{width:12rem}
@media print{main{max-width:none;padding:0}.report{break-before:page}.report:first-of-type{break-before:auto}
h3{break-after:avoid}tr,dt,dd{break-inside:avoid}.verdict{break-inside:avoid}body{font-size:10.5pt}a{color:inherit}}
"""


def audit_page(
    rows: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, str]],
    language: Language,
    *,
    passed_over: Sequence[str] = (),
    terms: Mapping[str, Any] | None = None,
    program: str = "elshi",
) -> bytes:
    """The page on plain rows and the chain between them.

    passed_over     files that lay in the folders named and were not judged
    terms           what the whole was judged under: policy, times, anchors, whether anybody was asked
    """
    under = terms or {}
    told = [story(row, language, terms=under, program=program) for row in rows]
    note = word("online" if under.get("online") else "offline", language)
    body = (
        f'<header class="top"><h1>{_w("title", language)}</h1><p class="soft">{escaped(note)}</p></header>'
        f"{_overview(rows, told, language) if len(rows) > 1 else ''}{_not_judged(passed_over, language)}"
        f"{_chain(rows, links, language)}{_folders(rows, language)}"
        f"{''.join(_report(number, one, alone=len(told) == 1) for number, one in enumerate(told, start=1))}"
    )
    return html_page(word("title", language), language, body, _STYLE)


# --- everything together ---------------------------------------------------------------------------------------------
def _overview(rows: Sequence[Mapping[str, Any]], told: Sequence[Story], language: Language) -> str:
    lines = "".join(
        f'<tr><td><a href="#file-{number}">{escaped(document_name(row, language))}</a><br>'
        f"<code>{escaped(one.file)}</code></td><td>{escaped(sender_name(row, language))}</td>"
        f"<td>{escaped('; '.join(texts.as_text(signer_of(each), language) for each in row.get('signatures', ())))}</td>"
        f"<td>{_verdict(one.indication, one.verdict, one.sub_indication)}</td></tr>"
        for number, (row, one) in enumerate(zip(rows, told, strict=True), start=1)
    )
    head = _heads(word(key, language) for key in ("document", "sender", "signer", "verdict"))
    return f"<h2>{_w('overview', language)}</h2><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _not_judged(passed_over: Sequence[str], language: Language) -> str:
    if not passed_over:
        return ""
    names = ", ".join(texts.as_text(one, language) for one in passed_over[:_SHOWN])
    sentence = texts.render("verify.not-judged", {"count": len(passed_over), "names": "{names}"}, language)
    # The names may be many, and a sentence's values are cut.
    return f'<p class="soft">{escaped(sentence.what).replace("{names}", escaped(names))} {escaped(sentence.to_do)}</p>'


def _chain(rows: Sequence[Mapping[str, Any]], links: Sequence[Mapping[str, str]], language: Language) -> str:
    if not links:
        return ""
    named = {str((row.get("subject") or {}).get("documentId")): document_name(row, language) for row in rows}
    steps = "".join(
        f"<tr><td>{_document(named, link['source'])}</td><td>{_document(named, link['target'])}</td>"
        f"<td>{_verdict(link['conclusion'], word(link['conclusion'], language))}</td></tr>"
        for link in links
    )
    head = _heads(word(key, language) for key in ("document", "rests-on", "verdict"))
    return f"<h2>{_w('chain', language)}</h2><table><thead><tr>{head}</tr></thead><tbody>{steps}</tbody></table>"


def _document(named: Mapping[str, str], identifier: str) -> str:
    """A document by its name, with its identifier below; by the identifier alone when it was not given."""
    name = f"{escaped(named[identifier])}<br>" if identifier in named else ""
    return f"{name}<code>{escaped(texts.as_text(identifier, Language.EN))}</code>"


def _folders(rows: Sequence[Mapping[str, Any]], language: Language) -> str:
    """Who says that each evidence folder is whole, and whether that signature stands."""
    sealed = [(row, row["seal"]) for row in rows if row.get("seal")]
    if not sealed:
        return ""
    lines = "".join(
        f"<tr><td>{escaped(document_name(row, language))}<br><code>{escaped(texts.as_text(row['file'], language))}</code>"
        f"</td><td>{escaped(texts.as_text(seal['exportedBy'], language))}</td>"
        f"<td>{escaped(shown_time(str(seal['exportedAt'])))}</td><td>{_sealed_by(seal, language)}</td>"
        f"<td>{_verdict(str(seal['indication']), word(str(seal['indication']), language), seal.get('sub_indication'))}"
        "</td></tr>"
        for row, seal in sealed
    )
    head = _heads(word(key, language) for key in ("document", "exported-by", "time", "signer", "verdict"))
    return f"<h2>{_w('folders', language)}</h2><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _sealed_by(seal: Mapping[str, Any], language: Language) -> str:
    names = "<br>".join(
        escaped(texts.as_text(signer_of(one), language))
        + (f"<br><code>{_w('bin', language)} {escaped(str(number))}</code>" if number else "")
        for one in seal.get("signatures", ())
        for number in [(one.get("signer") or {}).get("bin")]
    )
    return names or _w("no-seal", language)


# --- one file --------------------------------------------------------------------------------------------------------
def _report(number: int, told: Story, *, alone: bool) -> str:
    sub = f" / {escaped(told.sub_indication)}" if told.sub_indication else ""
    summary = "".join(f"<p>{escaped(one)}</p>" for one in told.summary)
    parts = "".join(_part(one) for one in (*told.parts, told.annex))
    return (
        f'<section class="report{" alone" if alone else ""}" id="file-{number}"><h2>{escaped(told.file)}</h2>'
        f'<div class="verdict {escaped(told.indication)}"><strong>{escaped(told.verdict)}</strong> '
        f"<code>{escaped(told.indication)}{sub}</code>{summary}</div>{parts}</section>"
    )


def _part(part: Part) -> str:
    verdict = f" — {_verdict(part.verdict, part.verdict_in_words)}" if part.verdict else ""
    facts = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in part.facts)
    body = f'<dl class="{"codes" if part.codes else "facts"}">{facts}</dl>' if facts else ""
    if part.rows:
        lines = "".join("<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in part.rows)
        body += f'<table class="small"><thead><tr>{_heads(part.head)}</tr></thead><tbody>{lines}</tbody></table>'
    if part.checks:
        lines = "".join(
            f'<tr><td class="conclusion">{_verdict(one.conclusion, one.conclusion_in_words)}</td>'
            f'<td>{escaped(one.sentence)}</td><td class="code"><code>{escaped(one.code)}</code></td></tr>'
            for one in part.checks
        )
        body += f'<table class="small"><tbody>{lines}</tbody></table>'
    return f"<h3>{escaped(part.title)}{verdict}</h3>{body}"


def _verdict(code: str, words: str, sub: object = None) -> str:
    more = f" <code>{escaped(str(sub))}</code>" if sub else ""
    return f'<span class="{escaped(code)}">{escaped(words)}</span>{more}'


def _heads(names: Iterable[str]) -> str:
    return "".join(f'<th scope="col">{escaped(name)}</th>' for name in names)


def _w(key: str, language: Language) -> str:
    return escaped(word(key, language))
