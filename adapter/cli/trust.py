"""The commands trust add and trust list: the sets of national authorities that verify is told of by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from adapter import texts
from adapter.cli.app import OK, JsonOption, LanguageOption, app, context, now
from adapter.cli.screen import GOOD, Screen
from adapter.composition.trust_sets import SETS, Added, Entry, TrustSets, folder_of_user, said_of

_WORDS = {
    "certificate": {"kk": "сертификат", "ru": "сертификат", "en": "certificate"},
    "what": {"kk": "бұл не", "ru": "что это", "en": "what it is"},
    "until": {"kk": "мерзімі", "ru": "действует до", "en": "valid until"},
    "state": {"kk": "күйі", "ru": "состояние", "en": "state"},
    "present": {"kk": "бар", "ru": "есть", "en": "there"},
    "ended": {"kk": "бар, мерзімі аяқталған", "ru": "есть, срок истёк", "en": "there, has ended"},
    "missing": {"kk": "жоқ", "ru": "нет", "en": "missing"},
    "missing-ended": {"kk": "жоқ, мерзімі аяқталған", "ru": "нет, срок истёк", "en": "missing, has ended"},
    "added": {"kk": "қосылды", "ru": "добавлен", "en": "added"},
    "before": {"kk": "бұрыннан бар", "ru": "уже был", "en": "was there already"},
    "folder": {"kk": "қалта", "ru": "папка", "en": "folder"},
    "published": {
        "kk": "Жоқ сертификаттар мына жерде жарияланған",
        "ru": "Недостающие опубликованы здесь",
        "en": "The missing ones are published here",
    },
}

FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        "--trust-folder",
        help="Where the sets lie; the user's own folder without it.",
        envvar="ELSHI_TRUST_FOLDER",
        show_default=False,
    ),
]

trust = typer.Typer(
    name="trust",
    help="Sets of certificates of the national authorities: nuc-rk (production) and nuc-rk-test (test), never mixed.",
    epilog="Example: [cyan]elshi trust add certificates/[/]  then  [cyan]elshi verify document.xml --trust nuc-rk[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(trust)


@trust.command(epilog="Example: [cyan]elshi trust add root_gost_2022.pem nca_gost_2022.pem[/]")
def add(
    files: Annotated[
        list[Path],
        typer.Argument(help="Certificates of the authorities (PEM with any number of them, DER), or folders of them."),
    ],
    only: Annotated[
        Literal["nuc-rk", "nuc-rk-test"] | None,
        typer.Option("--set", help="Refuse what belongs to another set; without it each goes to its own."),
    ] = None,
    folder: FolderOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Recognise certificates by their fingerprints and put each into its set; one that is refused, and nothing is written."""
    ready = context(as_json=as_json, language=language)
    sets = TrustSets(folder=folder or folder_of_user(os.environ))
    show_added(ready.screen, sets, sets.add(files, only=only))
    return OK


@trust.command(name="list", epilog="Example: [cyan]elshi trust list --language ru[/]")
def list_sets(
    folder: FolderOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """What stands in the sets, what has ended, what is missing and where it is published."""
    ready = context(as_json=as_json, language=language)
    show_sets(ready.screen, TrustSets(folder=folder or folder_of_user(os.environ)), now())
    return OK


def show_added(screen: Screen, sets: TrustSets, added: Sequence[Added]) -> None:
    """What each certificate is, how long it is valid, and the set it is in."""
    if screen.as_json:
        screen.json({"folder": str(sets.folder), "certificates": [one.as_json() for one in added]})
        return
    for one in added:
        state = _word("before" if one.was_there else "added", screen)
        screen.say(GOOD, f" {one.file}: {_said(one, screen)}")
        screen.say(f"    {one.authority.set_name}/{one.authority.name}, {' – '.join(_days(one, screen))}: {state}")
    screen.say(f"{_word('folder', screen)}: {sets.folder}")


def show_sets(screen: Screen, sets: TrustSets, at: datetime) -> None:
    """Every set as a table, and below it where the missing certificates are published."""
    entries = {name: sets.entries(name) for name in SETS}
    if screen.as_json:
        rows = [{"name": name, "certificates": [one.as_json(at) for one in listed]} for name, listed in entries.items()]
        screen.json({"folder": str(sets.folder), "sets": rows})
        return
    columns = [_word(key, screen) for key in ("certificate", "state", "until", "what")]
    for name, listed in entries.items():
        screen.say(Text(name, "bold"))
        screen.table(
            columns,
            (
                (one.authority.name, _state(one, screen, at), _days(one, screen)[1], _said(one, screen))
                for one in listed
            ),
        )
        screen.say("")
    missing = [one for listed in entries.values() for one in listed if one.facts is None]
    if missing:
        screen.say(f"{_word('published', screen)}:")
        for one in missing:
            screen.say(f"    {one.authority.name:20} {one.authority.url}")
        screen.say("")
    screen.say(f"{_word('folder', screen)}: {sets.folder}")


def _said(one: Added | Entry, screen: Screen) -> str:
    return said_of(one.authority)[screen.language.value]


def _days(one: Added | Entry, screen: Screen) -> tuple[str, str]:
    """The first and the last day of validity."""
    first, last = (
        (one.facts.not_before.date(), one.facts.not_after.date())
        if one.facts is not None
        else (one.authority.not_before, one.authority.not_after)
    )
    return texts.as_text(first, screen.language), texts.as_text(last, screen.language)


def _state(one: Entry, screen: Screen, at: datetime) -> str:
    if one.facts is None:
        return _word("missing-ended" if one.has_ended(at) else "missing", screen)
    return _word("ended" if one.has_ended(at) else "present", screen)


def _word(key: str, screen: Screen) -> str:
    return _WORDS[key][screen.language.value]
