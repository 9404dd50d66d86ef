"""Commands that make signatures and keep them: sign, augment."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.app import OK, Context, JsonOption, LanguageOption, SettingsOption, app, ask_password, context, now
from adapter.cli.files import whole_file, write_whole
from adapter.cli.screen import GOOD
from adapter.composition import Node
from adapter.composition.file_signing import (
    Raising,
    SignatureForm,
    add_signature,
    key_of_file,
    raise_level,
    sign_files,
)
from adapter.composition.key_files import TestKeys
from adapter.composition.node import Signed
from adapter.composition.two_step import complete_report, note_finished, prepare_report
from adapter.errors import Final, Place
from adapter.texts import finding_as_json


class Level(StrEnum):
    """Baseline levels of EN 319 102-1."""

    B = "B-B"
    T = "B-T"
    LT = "B-LT"
    LTA = "B-LTA"


class KeyName(StrEnum):
    """Keys of the settings."""

    DOCUMENT = "document"
    OFFICE = "office"
    ENVELOPE = "envelope"


class DeviceForm(StrEnum):
    """What a person's device makes of a prepared folder."""

    XADES = "xades"
    CADES = "cades"


OutputOption = Annotated[
    Path, typer.Option("--output", "-o", help="Where the result goes; with --prepare a folder.", show_default=False)
]
LevelOption = Annotated[
    Level | None,
    typer.Option("--level", help="Level of the signature; none: that of the settings.", show_default=False),
]
KeyOption = Annotated[
    KeyName | None, typer.Option("--key", help="Which key of the settings; none: document.", show_default=False)
]


@app.command(
    epilog="Example: [cyan]elshi sign report.yaml --output report.asice --settings elshi.toml[/]\n\n"
    "A device signs: [cyan]elshi sign report.yaml --prepare --certificate head.cer -o prepared[/]\n\n"
    "and then: [cyan]elshi sign --complete prepared --signature value.bin -o report.asice[/]\n\n"
    "A client that makes a CMS: [cyan]elshi sign report.yaml --prepare --device cades -o prepared[/]\n\n"
    "The office as well: [cyan]elshi sign --add report.asice --key office -o both.asice[/]\n\n"
    "Any file: [cyan]elshi sign act.pdf --form cades-detached --key-file head.p12 --pin fd:3 -o act.pdf.p7s[/]"
)
def sign(
    documents: Annotated[
        list[Path] | None,
        typer.Argument(help="A report (YAML, JSON, XML; attachments lie beside it); with --form any files."),
    ] = None,
    output: OutputOption = ...,  # type: ignore[assignment]
    level: LevelOption = None,
    key: KeyOption = None,
    form: Annotated[
        SignatureForm | None,
        typer.Option("--form", help="Sign the files as they are, in this form; no report.", show_default=False),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="With --form: a key in PKCS#12 or PEM, no settings.", show_default=False),
    ] = None,
    pin: Annotated[
        str,
        typer.Option("--pin", help="Where the password of --key-file comes from: prompt, fd:3, file:/path, env:NAME."),
    ] = "prompt",
    test_keys: Annotated[
        bool,
        typer.Option(
            "--test-keys",
            help="The key of --key-file protects nothing: a national key may sign without libnettle. Not in production.",
        ),
    ] = False,
    add: Annotated[
        Path | None,
        typer.Option("--add", help="A signed container that gets one signature more.", show_default=False),
    ] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Sign nothing: leave in a folder exactly what has to be signed elsewhere.")
    ] = False,
    device: Annotated[
        DeviceForm,
        typer.Option("--device", help="With --prepare: what is made there, a value (xades) or a CMS (cades)."),
    ] = DeviceForm.XADES,
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

    A key that never leaves a person's device signs in two steps: --prepare, then --complete. With --form any files are
    signed as they are.
    """
    ready = context(settings=settings, as_json=as_json, language=language)
    given = documents or []
    ways = [bool(given), complete is not None, add is not None]
    if (
        ways.count(True) != 1
        or (complete is None) != (signature is None)
        or (prepare and (form is not None or not given))
        or (form is None and (len(given) > 1 or key_file is not None))
    ):
        raise Final("sign.which-step")
    wanted = None if level is None else level.value
    if form is not None:
        _files(ready, given, output, form=form, key=key, key_file=key_file, pin=pin, level=wanted, test_keys=test_keys)
        return OK
    with ready.node(wanted) as node:
        if prepare:
            prepared = prepare_report(node, given[0], output, form=device.value, certificate=certificate)
            findings = [finding_as_json(one) for one in prepared.findings]
            if not as_json:
                ready.screen.findings(prepared.findings)
            ready.screen.done(
                {
                    "folder": str(output),
                    "digestAlgorithm": prepared.digest_algorithm,
                    "digest": prepared.digest,
                    "findings": findings,
                },
                f"{output}  {prepared.digest_algorithm} {prepared.digest}",
            )
        elif complete is not None and signature is not None:
            _written(ready, node, output, complete_report(node, complete, signature), folder=complete)
        elif add is not None:
            with whole_file(output) as out:
                chosen = node.named_key((key or KeyName.DOCUMENT).value)
                add_signature(add, out, chosen, node.trust, at=node.clock.now(), raising=_raising(node))
            ready.screen.done({"file": str(output)}, str(output))
        else:
            chosen_key = None if key is None else (lambda: node.named_key(key.value))
            _written(ready, node, output, node.sign_file(given[0], chosen_key))
    return OK


@app.command(epilog="Example: [cyan]elshi augment report.asice --level B-LTA -o renewed.asice -s elshi.toml[/]")
def augment(
    signed: Annotated[Path, typer.Argument(help="A signed container or CMS; for X.p7s the file X lies beside it.")],
    output: OutputOption,
    level: Annotated[Level, typer.Option("--level", help="At B-LTA already: one archive time-stamp more.")] = Level.LTA,
    content: Annotated[
        list[Path] | None,
        typer.Option("--content", help="What a detached CMS was made over, in order.", show_default=False),
    ] = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Raise signatures to a higher level, or renew their archive time-stamp before its certificate or hash grows old."""
    ready = context(settings=settings, as_json=as_json, language=language)
    beside = [signed.with_suffix("")] if signed.suffix == ".p7s" and signed.with_suffix("").is_file() else []
    with ready.node(level.value) as node:
        raising = _raising(node)
        if raising is None:
            raise Final("sign.no-authority", params={"level": level.value})
        try:
            with signed.open("rb") as source, whole_file(output) as out:
                raise_level(source, out, content or beside, raising, name=signed.name)
        except OSError as error:
            raise Final("file.unreadable", place=Place(file=signed.name), params={"file": signed.name}) from error
    ready.screen.done({"file": str(output), "level": level.value}, f"{output}  {level.value}")
    return OK


def _files(
    ready: Context,
    files: list[Path],
    output: Path,
    *,
    form: SignatureForm,
    key: KeyName | None,
    key_file: Path | None,
    pin: str,
    level: str | None,
    test_keys: bool,
) -> None:
    if key_file is not None and key is None and level in {None, Level.B.value}:
        opened = key_of_file(key_file, pin, ask=ask_password, test_keys=test_keys)
        with whole_file(output) as out:
            sign_files(files, out, opened, form=form, at=now(), raising=None)
    else:
        with ready.node(level) as node:
            chosen = (
                key_of_file(key_file, pin, ask=ask_password, test_keys=_test_keys(node, asked=test_keys))
                if key_file is not None
                else node.named_key((key or KeyName.DOCUMENT).value)
            )
            with whole_file(output) as out:
                sign_files(files, out, chosen, form=form, at=node.clock.now(), raising=_raising(node))
    ready.screen.done({"file": str(output), "form": form.value}, str(output))


def _test_keys(node: Node, *, asked: bool) -> TestKeys:
    """In production none is one, whatever the command line says; on a stand those of a sandbox are without a word."""
    if node.settings.profile == "production":
        return False
    return asked or ("of-a-sandbox" if node.settings.profile == "sandbox" else False)


def _raising(node: Node) -> Raising | None:
    return None if node.baseline is None else Raising(baseline=node.baseline, trust=node.trust, at=node.clock.now())


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
