"""Commands that make signatures: sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.app import OK, Context, JsonOption, LanguageOption, SettingsOption, app, context
from adapter.cli.files import write_whole
from adapter.cli.screen import GOOD
from adapter.composition import Node
from adapter.composition.node import Signed
from adapter.composition.two_step import complete_report, note_finished, prepare_report
from adapter.errors import Final
from adapter.texts import finding_as_json


@app.command(
    epilog="Example: [cyan]elshi sign report.yaml --output report.asice --settings elshi.toml[/]\n\n"
    "A device signs: [cyan]elshi sign report.yaml --prepare --certificate head.cer -o prepared[/]\n\n"
    "and then: [cyan]elshi sign --complete prepared --signature value.bin -o report.asice[/]"
)
def sign(
    report: Annotated[
        Path | None,
        typer.Argument(help="Report as YAML, JSON or XML; attachments lie beside it.", show_default=False),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the signed container goes (.asice); with --prepare a folder.")
    ] = ...,  # type: ignore[assignment]
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Sign nothing: leave in a folder exactly what has to be signed elsewhere.")
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", help="With --prepare: the signer's certificate (PEM or DER).", show_default=False
        ),
    ] = None,
    complete: Annotated[
        Path | None,
        typer.Option("--complete", help="A prepared folder to finish, with --signature.", show_default=False),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option("--signature", help="With --complete: the value or CMS made elsewhere.", show_default=False),
    ] = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Sign a report: one signature over the XML, the printed form and every attachment; nothing is sent.

    A key that never leaves a person's device signs in two steps: --prepare, then --complete.
    """
    ready = context(settings=settings, as_json=as_json, language=language)
    if (report is None) == (complete is None) or (complete is None) != (signature is None) or (prepare and complete):
        raise Final("sign.which-step")
    with ready.node() as node:
        if prepare and report is not None:
            prepared = prepare_report(node, report, output, certificate=certificate)
            if as_json:
                findings = [finding_as_json(one) for one in prepared.findings]
                ready.screen.json(
                    {
                        "folder": str(output),
                        "digestAlgorithm": prepared.digest_algorithm,
                        "digest": prepared.digest,
                        "findings": findings,
                    }
                )
            else:
                ready.screen.findings(prepared.findings)
                ready.screen.say(GOOD, f" {output}  {prepared.digest_algorithm} {prepared.digest}")
        elif complete is not None and signature is not None:
            _written(ready, node, output, complete_report(node, complete, signature), folder=complete)
        elif report is not None:
            _written(ready, node, output, node.sign_file(report))
    return OK


def _written(ready: Context, node: Node, output: Path, signed: Signed, *, folder: Path | None = None) -> None:
    with node.store.blobs.open(signed.kept.sha256) as source:
        write_whole({output: source.read()})
    if folder is not None:
        note_finished(folder, node, signed.kept)
    if ready.screen.as_json:
        findings = [finding_as_json(one) for one in signed.findings]
        ready.screen.json({"file": str(output), "sha256": signed.kept.sha256, "findings": findings})
    else:
        ready.screen.findings(signed.findings)
        ready.screen.say(GOOD, f" {output}  SHA-256 {signed.kept.sha256}")
