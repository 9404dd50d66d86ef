"""Commands of the yearly cycle after the ministries: summarise, consolidate, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.app import OK, JsonOption, LanguageOption, SettingsOption, app, context
from adapter.cli.screen import GOOD
from adapter.composition.forms import write_consolidated, write_site, write_summary

YearArgument = Annotated[int, typer.Argument(min=2000, max=2199, help="Reporting year.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Folder for what is written.")]


@app.command(epilog="Example: [cyan]elshi summarise 2026 mfa/summary.yaml -o out/ -s elshi.toml[/]")
def summarise(
    year: YearArgument,
    texts: Annotated[
        Path, typer.Argument(help="The person's half: requisites, analysis, assessment, comments (YAML).")
    ],
    output: OutputOption,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Join the registered submissions with the assessment into summary.yaml: coverage, sources and figures are computed."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        path = write_summary(node, year, texts, output)
    ready.screen.done({"file": str(path)}, str(path))
    return OK


@app.command(epilog="Example: [cyan]elshi consolidate 2026 ga/consolidated.yaml -o out/ -s elshi.toml[/]")
def consolidate(
    year: YearArgument,
    texts: Annotated[Path, typer.Argument(help="The Office's half: requisites and mode (YAML).")],
    output: OutputOption,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Rest the consolidated information on the registered summary, whose signed container travels on unchanged."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        path = write_consolidated(node, year, texts, output)
    ready.screen.done({"file": str(path)}, str(path))
    return OK


@app.command(epilog="Example: [cyan]elshi publish 2026 mfa/publication.yaml -o site/ -s elshi.toml[/]")
def publish(
    year: YearArgument,
    texts: Annotated[Path, typer.Argument(help="Results, place and public texts, as a person decided them (YAML).")],
    output: OutputOption,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Write the publication: pages in Kazakh and Russian, XML, JSON, CSV, PDF and the signed container."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        report, files = write_site(node, year, texts, output)
    if as_json:
        ready.screen.json({"documentId": report.header.document_id, "files": sorted(files)})
    else:
        ready.screen.say(GOOD, f" {output}: {', '.join(sorted(files))}")
    return OK
