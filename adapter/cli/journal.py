"""The command journal verify: whether the audit trail is whole. Exit: 0 holds, 1 broken, 2 cannot tell, 3 could not run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter import texts
from adapter.cli.app import FAILED, FINDINGS, OK, UNUSABLE, JsonOption, LanguageOption, SettingsOption, app, context
from adapter.cli.screen import BAD, GOOD, UNSURE, Screen
from adapter.composition.watching import verify_journal, verify_segment_file
from adapter.errors import ElshiError
from adapter.usecases.journal_report import JournalReport, JournalVerdict

_CODES = {JournalVerdict.HOLDS: OK, JournalVerdict.BROKEN: FINDINGS, JournalVerdict.CANNOT_TELL: UNUSABLE}
_MARKS = {JournalVerdict.HOLDS: GOOD, JournalVerdict.BROKEN: BAD, JournalVerdict.CANNOT_TELL: UNSURE}

journal = typer.Typer(
    name="journal",
    help="The audit trail: is it whole, and since when can nobody rewrite it.",
    epilog="Example: [cyan]elshi journal verify -s elshi.toml[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(journal)


@journal.command(epilog="Example: [cyan]elshi journal verify -s elshi.toml --receipt events-of-march.json[/]")
def verify(
    receipt: Annotated[
        list[Path] | None,
        typer.Option("--receipt", help="What was told of the chain and kept elsewhere (JSON); may be given again."),
    ] = None,
    segment: Annotated[
        Path | None,
        typer.Option("--segment", help="Judge this stretch of a chain (JSON) instead of a node's.", show_default=False),
    ] = None,
    reads_bytes: Annotated[bool, typer.Option("--bytes", help="Read every byte kept, not sizes alone.")] = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Find any gap, edit, reordering or cut-off end of the audit trail, and say where it stands."""
    ready = context(settings=settings, as_json=as_json, language=language)
    try:
        if segment is not None:
            report = verify_segment_file(segment)
        else:
            with ready.node() as node:
                report = verify_journal(node, receipt or [], reads_bytes=reads_bytes)
    except ElshiError as error:
        ready.screen.error(error)
        return FAILED
    _show(ready.screen, report)
    return _CODES[report.verdict]


def _show(screen: Screen, report: JournalReport) -> None:
    if screen.as_json:
        screen.json(
            {
                "verdict": report.verdict.value,
                "events": report.events,
                "head": None
                if report.head is None
                else {"sequence": report.head.sequence, "digest": report.head.digest},
                "stamps": report.stamps,
                "stampedUpTo": report.stamped_up_to,
                "bytesChecked": report.bytes_checked,
                "faults": report.faults,
                "findings": [texts.finding_as_json(one) for one in report.findings],
            }
        )
        return
    screen.findings(report.findings)
    params = {
        "events": report.events,
        "head": report.head.digest if report.head else None,
        "stamps": report.stamps,
        "stamped": report.stamped_up_to,
        "bytes": report.bytes_checked,
        "faults": report.faults,
    }
    sentence = texts.render(f"journal.{report.verdict.value}", params, screen.language)
    screen.say(_MARKS[report.verdict], f" {sentence.what}")
    if sentence.to_do:
        screen.say(f"  {sentence.to_do}")
