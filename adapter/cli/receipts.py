"""The command receipt, and what submit says of the receipt: the node's own signed statements about a document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.app import OK, JsonOption, LanguageOption, SettingsOption, app, context
from adapter.cli.files import write_whole
from adapter.composition import Node
from adapter.domain.document import DocumentId
from adapter.domain.statement import StatementKind
from adapter.errors import Final, Finding, Severity
from adapter.texts import Language
from adapter.usecases.sign_statements import Stated
from adapter.usecases.submit import Submitted


@app.command(epilog="Example: [cyan]elshi receipt urn:uuid:8952e0f5-5c3d-53b0-84fa-3c41ec1af807 -o receipt.xml[/]")
def receipt(
    document: Annotated[str, typer.Argument(help="DocumentId (urn:uuid:...).")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to; standard output without it.")] = None,
    kind: Annotated[
        StatementKind, typer.Option("--kind", help="What the node states.")
    ] = StatementKind.SUBMISSION_RECEIPT,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Print the node's signed statement about a document: byte for byte the same each time."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        identifier = DocumentId(document if document.startswith("urn:uuid:") else f"urn:uuid:{document}")
        statement, signed = node.reprint(identifier, kind)
        facts = Stated(statement=statement, signed=node.sign_statements.sign(statement).sha256).as_json()
    if output is not None:
        write_whole({output: signed})
    if as_json:
        told = {"documentId": identifier, "kind": kind.value, **facts, "file": str(output) if output else None}
        ready.screen.json(told if output is not None else {**told, "content": signed.decode()})
    elif output is not None:
        ready.screen.done(None, f"{output}  {statement.sequence}  {statement.digest}")
    else:
        sys.stdout.buffer.write(signed)
        sys.stdout.buffer.flush()
    return OK


def receipt_findings(node: Node, submitted: Submitted, output: Path | None) -> tuple[Finding, ...]:
    """What a person has to know of the receipt. The document is durable by now: a receipt that comes later, or a file
    that cannot be written, is a warning and no failure.
    """
    stated = submitted.receipt
    document = submitted.delivery.document_id
    if stated is None or stated.signed is None:
        reason = "" if stated is None else stated.pending or ""
        code = "submit.no-receipt" if stated is None else "submit.receipt-pending"
        params = {"document": document, "reason": reason} if stated is not None else {"document": document}
        return (Finding(code=code, severity=Severity.WARNING, params=params),)
    if output is not None:
        try:
            write_whole({output: node.store.blobs.read(stated.signed)})
        except Final as error:
            params = {"document": document, "file": output.name, "reason": error.code}
            return (Finding(code="submit.receipt-not-written", severity=Severity.WARNING, params=params),)
    return ()


def receipt_words(submitted: Submitted, language: Language) -> str:
    """The end of the line about a document that was queued: its receipt by number and digest."""
    if submitted.receipt is None or submitted.receipt.signed is None:
        return ""
    word = {"kk": "түбіртек", "ru": "квитанция", "en": "receipt"}[language.value]
    statement = submitted.receipt.statement
    return f"  {word} {statement.sequence} {statement.digest[:16]}"
