"""Commands of a ministry's clerk: template, check, convert, sign, submit, status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from adapter import texts
from adapter.cli.app import (
    FINDINGS,
    OK,
    UNUSABLE,
    Context,
    JsonOption,
    LanguageOption,
    SettingsOption,
    app,
    context,
    now,
)
from adapter.cli.files import write_whole
from adapter.cli.receipts import receipt_findings, receipt_words
from adapter.cli.screen import BAD, DOUBT, GOOD
from adapter.composition.forms import Desk, empty_form, written
from adapter.composition.watching import queue_of
from adapter.domain.document import DocumentId, DocumentType
from adapter.errors import DocumentRefused, Final, Severity
from adapter.texts import finding_as_json
from adapter.usecases.check import Checked
from adapter.usecases.status import Status, delivery_as_json

ReportArgument = Annotated[Path, typer.Argument(help="Report as YAML, JSON or XML; attachments lie beside it.")]
RulesOption = Annotated[
    Path | None,
    typer.Option("--rules", help="Folder with coverage lists and rulesets of your own.", show_default=False),
]

_BLOCKING = {Severity.STOP, Severity.ERROR}


@app.command(epilog="Example: [cyan]elshi template treaty-information --language kk > report.yaml[/]")
def template(
    document_type: Annotated[DocumentType, typer.Argument(help="Which document.")],
    language: LanguageOption = None,
) -> int:
    """Print an empty form with every field, its label and its codes."""
    ready = context(language=language)
    ready.screen.out.print(empty_form(document_type, ready.screen.language), markup=False, highlight=False, end="")
    return OK


@app.command(epilog="Example: [cyan]elshi check examples/2026/mof/report.yaml --language ru[/]")
def check(
    reports: Annotated[list[Path], typer.Argument(help="Reports as YAML, JSON or XML.")],
    rules: RulesOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Everything that submit would find, and nothing is stored. Exit: 0 clean, 1 findings, 2 unusable input.

    With settings also what only the node knows: its limits, its register, and certificates that end too early; with
    --rules they are not looked at.
    """
    ready = context(settings=settings, as_json=as_json, language=language)
    if settings is None or rules is not None:
        return _checked(ready, reports, Desk(now=now(), rules_folder=rules).check, as_json=as_json)
    with ready.node() as node:
        return _checked(ready, reports, node.check_file, as_json=as_json)


def _checked(ready: Context, reports: list[Path], check_one: Callable[[Path], Checked], *, as_json: bool) -> int:
    worst = OK
    for path in reports:
        try:
            checked = check_one(path)
        except DocumentRefused as refused:
            findings, unusable = refused.findings, True
        else:
            findings, unusable = checked.findings, any(one.code in _UNREADABLE for one in checked.findings)
        if as_json:
            ready.screen.json(
                {"file": str(path), "findings": [finding_as_json(one) for one in findings], "clean": not findings}
            )
        else:
            mark = GOOD if not findings else BAD if _blocks(findings) else DOUBT
            ready.screen.say(mark, f" {path}")
            ready.screen.findings(findings)
        worst = max(worst, UNUSABLE if unusable else FINDINGS if findings else OK)
    return worst


_UNREADABLE = frozenset(
    {
        "source.not-utf-8",
        "source.not-yaml",
        "source.not-json",
        "source.too-large",
        "source.too-deep",
        "source.too-many-values",
        "source.empty",
        "source.several-documents",
    }
)
"""Findings after which there is no document to speak of."""


def _blocks(findings: Any) -> bool:
    return any(finding.severity in _BLOCKING for finding in findings)


@app.command(epilog="Example: [cyan]elshi convert report.yaml report.xml --pdf report.pdf[/]")
def convert(
    report: ReportArgument,
    output: Annotated[Path, typer.Argument(help="Where to: .xml, .yaml or .json.")],
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Also write the printed form here.")] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Write it whatever the rules say; not fit to be signed.")
    ] = False,
    rules: RulesOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Turn a report into XML and back. The same input gives the same bytes; XML back to YAML loses nothing."""
    ready = context(as_json=as_json, language=language)
    form = {".xml": "xml", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}.get(output.suffix.lower())
    if form is None:
        raise Final("convert.unknown-form", params={"file": output.name})
    desk = Desk(now=now(), rules_folder=rules)
    findings: tuple[Any, ...] = ()
    if form == "xml" and not draft:
        try:
            composed = desk.compose(report)
        except DocumentRefused as refused:
            _show(ready.screen, report, refused.findings, as_json=as_json)
            return FINDINGS
        content, page, findings = composed.document.content, composed.rendition.content, composed.findings
    else:
        value, page = desk.draft(report)
        content = written(value, form)
    write_whole({output: content} | ({pdf: page} if pdf is not None else {}))
    if as_json:
        ready.screen.json({"file": str(output), "findings": [finding_as_json(one) for one in findings]})
    else:
        ready.screen.findings(findings)
        ready.screen.say(GOOD, f" {output}", f", {pdf}" if pdf else "")
    return OK


def _show(screen: Any, path: Path, findings: Any, *, as_json: bool) -> None:
    if as_json:
        screen.json({"file": str(path), "findings": [finding_as_json(one) for one in findings]})
    else:
        screen.findings(findings)


@app.command(epilog="Example: [cyan]elshi submit report.yaml --settings elshi.toml[/]")
def submit(
    documents: Annotated[list[Path], typer.Argument(help="Reports (YAML, JSON, XML) or signed containers (.asice).")],
    receipt: Annotated[
        Path | None, typer.Option("--receipt", help="Write the signed receipt here; for one document.")
    ] = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Check, sign and queue. When it returns, the document is durable; the worker delivers it."""
    if receipt is not None and len(documents) != 1:
        raise Final("submit.receipt-of-one", params={"count": len(documents)})
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        for path in documents:
            submitted = node.submit_file(path)
            delivery = submitted.delivery
            findings = (*submitted.findings, *receipt_findings(node, submitted, receipt))
            if as_json:
                ready.screen.json(
                    {
                        "file": str(path),
                        "replayed": submitted.replayed,
                        **delivery_as_json(delivery, ()),
                        "receipt": submitted.receipt.as_json() if submitted.receipt is not None else None,
                        "findings": [finding_as_json(one) for one in findings],
                    }
                )
                continue
            ready.screen.findings(findings)
            again = {"kk": "бұрыннан кезекте", "ru": "уже в очереди", "en": "already queued"}[
                ready.screen.language.value
            ]
            queued = {"kk": "кезекке қойылды", "ru": "в очереди", "en": "queued"}[ready.screen.language.value]
            due = f", {delivery.deadline.astimezone():%d.%m.%Y %H:%M %z}" if delivery.deadline else ""
            ready.screen.say(
                GOOD,
                f" {path}: {again if submitted.replayed else queued} → {delivery.addressee}"
                f"  {delivery.document_id}{due}{receipt_words(submitted, ready.screen.language)}",
            )
    return OK


@app.command(epilog="Example: [cyan]elshi status --settings elshi.toml[/]")
def status(
    document: Annotated[str | None, typer.Argument(help="DocumentId (urn:uuid:...); all documents without it.")] = None,
    incoming: Annotated[bool, typer.Option("--incoming", help="Documents registered here.")] = False,
    held: Annotated[bool, typer.Option("--held", help="Incoming messages that wait for a person.")] = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Where documents stand: state, attempts, registration number, next try."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        reader = Status(store=node.store, ahead=queue_of(node).ahead)
        rows = reader.held() if held else reader.incoming() if incoming else reader.outgoing(_identifier(document))
    if as_json:
        ready.screen.json(rows)
        return OK
    columns = (
        ("receivedAt", "state", "code", "entry")
        if held
        else ("number", "receivedAt", "sender", "documentType", "late", "verdict")
        if incoming
        else (
            "outgoingNumber",
            "documentType",
            "addressee",
            "state",
            "attempts",
            "registrationNumber",
            "proof",
            "nextAt",
            "reason",
        )
    )
    ready.screen.table(columns, ([_cell(row, column) for column in columns] for row in rows))
    for row in rows if held else ():
        ready.screen.say(f"{row['entry']}: {_why_held(row, ready.screen.language)}")
    return OK


def _identifier(document: str | None) -> DocumentId | None:
    if document is None:
        return None
    return DocumentId(document if document.startswith("urn:uuid:") else f"urn:uuid:{document}")


def _why_held(row: Mapping[str, Any], language: texts.Language) -> str:
    """What a person has to know and to do about a message that waits."""
    sentence = texts.render(row["code"] or "receive.held", row["params"], language)
    return f"{sentence.what} {sentence.to_do}".rstrip()


def _cell(row: Mapping[str, Any], column: str) -> object:
    value = row[column]
    return value[:19].replace("T", " ") if column.endswith("At") and isinstance(value, str) else value
