"""The command export: everything about documents as folders for an auditor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.app import OK, JsonOption, LanguageOption, SettingsOption, app, context
from adapter.cli.screen import GOOD
from adapter.domain.document import DocumentId
from adapter.domain.outgoing import ContentKind
from adapter.errors import Final
from adapter.usecases.pages import every_delivery


@app.command(epilog="Example: [cyan]elshi export --all -o evidence/ -s elshi.toml[/]")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the folders go, one for each document.")],
    documents: Annotated[list[str] | None, typer.Argument(help="DocumentIds (urn:uuid:...).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every document sent or registered here.")] = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Write everything about documents as folders that an auditor needs nothing else for, sealed with the office key."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        wanted = [DocumentId(one) for one in documents or ()]
        if everything:
            with node.store.snapshot() as transaction:
                sent = [
                    row.document_id for row in every_delivery(transaction) if row.content_kind is ContentKind.DOCUMENT
                ]
                wanted += [*sent, *(row.document_id for row in transaction.register.listed())]
        unique = list(dict.fromkeys(wanted))
        if not unique:
            raise Final("export.nothing-asked")
        with ready.screen.progress("export", len(unique)) as bar:
            for document in unique:
                folder = output / document.removeprefix("urn:uuid:")
                files = node.export_to(document, folder)
                bar.advance(bar.task_ids[0])
                if as_json:
                    ready.screen.json({"documentId": document, "folder": str(folder), "files": sorted(files)})
                else:
                    ready.screen.say(GOOD, f" {folder}  ({len(files)})")
    return OK
