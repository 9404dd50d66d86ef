"""Commands of the node's operator: serve, worker, sandbox, resend, withdraw."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated

import typer

from adapter import texts
from adapter.cli.app import OK, JsonOption, LanguageOption, SettingsOption, app, context, now
from adapter.cli.queue import DeliveryArgument, PersonOption, ReasonOption, UploadOption, decide
from adapter.cli.screen import Screen
from adapter.composition import Node, load_key
from adapter.composition.machine import machine_clock, machine_identifiers
from adapter.composition.stand import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    default_plan,
    existing_stand,
    gateway_address,
    make_stand,
    toml_of,
)
from adapter.composition.watching import duties_of
from adapter.domain.incoming import JournalState
from adapter.worker import Worker


@app.command(epilog="Example: [cyan]elshi serve --settings elshi.toml[/]")
def serve(settings: SettingsOption = None, language: LanguageOption = None) -> int:
    """Answer the exchange: the SOAP endpoint, the JSON API when a token is set, /live and /ready. Stops on SIGTERM."""
    from adapter.server import Server

    ready = context(settings=settings, language=language)
    with ready.node() as node:
        server = Server(node)
        _say_unsettled(ready.screen, node)
        ready.screen.say(f"{node.settings.node.body}  {server.url}")
        server.run()
    return OK


def _say_unsettled(screen: Screen, node: Node) -> None:
    """What nobody has confirmed about the exchange, and what this release does not act on; not for a stand of our own."""
    if node.settings.profile == "sandbox":
        return
    exchange = node.settings.exchange
    for code, keys in (
        ("exchange.unconfirmed", exchange.unconfirmed()),
        ("exchange.not-acted-on", exchange.not_carried_out()),
    ):
        if keys:
            sentence = texts.render(code, {"keys": ", ".join(keys)}, screen.language)
            screen.err.print(str(sentence), highlight=False, markup=False)


@app.command(epilog="Example: [cyan]elshi worker --settings elshi.toml[/]")
def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end.")] = False,
    settings: SettingsOption = None,
    language: LanguageOption = None,
) -> int:
    """Deliver what is queued and process what has come. Any number of times stopped and started; nothing is lost."""
    ready = context(settings=settings, language=language)
    with ready.node() as node:
        loop = Worker(node)
        _say_unsettled(ready.screen, node)
        if once:
            turns = loop.run_until_idle()
            duties_of(node, stamps=True).turn()
            ready.screen.say(f"{node.settings.node.body}  {turns}")
        else:
            ready.screen.say(f"{node.settings.node.body}  ...")
            loop.run_until_signal()
    return OK


@app.command(
    epilog="Example: [cyan]elshi sandbox stand/[/]  then  [cyan]elshi submit report.yaml -s stand/kz-mof/elshi.toml[/]"
)
def sandbox(
    folder: Annotated[Path, typer.Argument(help="Where the stand lies; made when it is not there yet.")],
    host: Annotated[
        str | None,
        typer.Option("--host", help="Address to listen at; the stand's own without it.", show_default=DEFAULT_HOST),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=1,
            max=65_000,
            help="Port of the gateway; the stand's own without it.",
            show_default=str(DEFAULT_PORT),
        ),
    ] = None,
    script: Annotated[Path | None, typer.Option("--script", help="Faults to play (TOML).", show_default=False)] = None,
    control_port: Annotated[
        int, typer.Option("--control-port", min=0, max=65_535, help="Port of /sandbox/...; any free one without it.")
    ] = 0,
    only_make: Annotated[bool, typer.Option("--make", help="Make the stand and end.")] = False,
    language: LanguageOption = None,
) -> int:
    """Play the exchange: gateway, centre, file store and directory over real HTTP, with faults on demand."""
    from adapter import sandbox as exchange_sandbox

    ready = context(language=language)
    faults = toml_of(script) if script is not None else None
    if (folder / "sandbox.toml").exists():
        stand = existing_stand(folder)
        host, port = gateway_address(stand, host=host, port=port)
    else:
        plan = default_plan(now(), host=host or DEFAULT_HOST, port=port or DEFAULT_PORT)
        stand, host, port = make_stand(folder, plan), plan.host, plan.port
        for body, path in stand.nodes.items():
            ready.screen.say(f"{body:8} {path}")
    if only_make:
        return OK
    settings = exchange_sandbox.sandbox_settings(
        toml_of(stand.sandbox),
        lambda name: (folder / name).read_bytes(),
        load_key=lambda content, password: load_key(content, password, file="gateway", test_keys=True),
    )
    with exchange_sandbox.serve(
        settings, machine_clock(), host, port, new_id=uuid_of_machine, control_port=control_port
    ) as serving:
        if faults is not None:
            serving.sandbox.add_faults(*exchange_sandbox.rules_from(faults))
        # Said only when signals are heard: a supervisor that stops us at once still gets a clean stop.
        serving.run_until_signal(
            lambda: ready.screen.say(f"{serving.gateway_url}   {serving.control_url}/sandbox/events")
        )
    return OK


def uuid_of_machine() -> uuid.UUID:
    """A new identifier for the sandbox."""
    return machine_identifiers().new()


@app.command(epilog='Example: [cyan]elshi resend DELIVERY --person "A. Clerk" --reason "centre confirmed the loss"[/]')
def resend(
    delivery: DeliveryArgument,
    person: PersonOption,
    reason: ReasonOption,
    upload_again: UploadOption = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Send the same bytes again: the decision of a person about an outcome that is not known."""
    ready = context(settings=settings, as_json=as_json, language=language)
    return decide(
        ready,
        delivery,
        lambda intervene, row: intervene.resend(row, person=person, reason=reason, upload_again=upload_again),
    )


@app.command(
    name="give-up",
    epilog='Example: [cyan]elshi give-up DELIVERY --person "A. Clerk" --reason "sent on paper instead"[/]',
)
def give_up(
    delivery: DeliveryArgument,
    person: PersonOption,
    reason: ReasonOption,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Stop waiting for an outcome that is not known; a notice that comes later still counts."""
    ready = context(settings=settings, as_json=as_json, language=language)
    return decide(
        ready,
        delivery,
        lambda intervene, row: intervene.give_up(row, person=person, reason=reason),
    )


@app.command(
    epilog='Example: [cyan]elshi release ENTRY --person "A. Clerk" --reason "the sender\'s BIN is in the settings now"[/]'
)
def release(
    entry: Annotated[str, typer.Argument(help="Id of the held message, from `elshi status --held`.")],
    person: PersonOption,
    reason: ReasonOption,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Process a held message once more, after settings or trust were mended."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        node.intervene.release(entry, person=person, reason=reason)
    ready.screen.done({"entry": entry, "state": JournalState.RECEIVED.value}, entry)
    return OK


@app.command(epilog='Example: [cyan]elshi withdraw DELIVERY --person "A. Clerk" --reason "wrong year"[/]')
def withdraw(
    delivery: DeliveryArgument,
    person: PersonOption,
    reason: ReasonOption,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Stop what has never left."""
    ready = context(settings=settings, as_json=as_json, language=language)
    return decide(
        ready,
        delivery,
        lambda intervene, row: intervene.withdraw(row, person=person, reason=reason),
    )
