"""The queue for people: list, show, explain, and the three decisions that are theirs: resend, withdraw, give up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any

import typer

from adapter import texts
from adapter.cli.app import OK, Context, JsonOption, LanguageOption, SettingsOption, app, context
from adapter.cli.screen import DOUBT, Screen
from adapter.composition.watching import queue_of
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.texts import Language
from adapter.usecases.explain import Prospect, clerks_time, span_in_words
from adapter.usecases.intervene import Intervene
from adapter.usecases.queue import Queue, Wanted
from adapter.usecases.status import delivery_as_json

DeliveryArgument = Annotated[
    str, typer.Argument(help="Id of the delivery, or of the document where one delivery of it stands alone.")
]
PersonOption = Annotated[str, typer.Option("--person", help="Who decides; kept in the audit trail.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]
UploadOption = Annotated[bool, typer.Option("--upload-again", help="The files have expired at the exchange.")]

_COLUMNS = {
    "document": {"kk": "құжат", "ru": "документ", "en": "document"},
    "addressee": {"kk": "кімге", "ru": "кому", "en": "to"},
    "state": {"kk": "күйі", "ru": "состояние", "en": "state"},
    "tries": {"kk": "рет", "ru": "попыток", "en": "tries"},
    "next": {"kk": "келесі", "ru": "дальше", "en": "next"},
    "left": {"kk": "мерзімге дейін", "ru": "до срока", "en": "time left"},
    "delivery": {"kk": "жеткізілім", "ru": "доставка", "en": "delivery"},
}
_STATES = {
    DeliveryState.QUEUED: {"kk": "кезекте", "ru": "в очереди", "en": "queued"},
    DeliveryState.CLAIMED: {"kk": "дайындалуда", "ru": "готовится", "en": "in preparation"},
    DeliveryState.SENDING: {"kk": "жіберілуде", "ru": "отправляется", "en": "being sent"},
    DeliveryState.SENT: {"kk": "жіберілді", "ru": "отправлен", "en": "sent"},
    DeliveryState.IN_CENTRE: {"kk": "орталықта", "ru": "в центре", "en": "in the centre"},
    DeliveryState.DELIVERED: {"kk": "жеткізілді", "ru": "доставлен", "en": "delivered"},
    DeliveryState.REGISTERED: {"kk": "тіркелді", "ru": "зарегистрирован", "en": "registered"},
    DeliveryState.REFUSED: {"kk": "қабылданбады", "ru": "отклонён", "en": "refused"},
    DeliveryState.UNCERTAIN: {"kk": "белгісіз", "ru": "неизвестно", "en": "uncertain"},
    DeliveryState.ABANDONED: {"kk": "тоқтатылды", "ru": "остановлен", "en": "given up"},
    DeliveryState.WITHDRAWN: {"kk": "кері алынды", "ru": "отозван", "en": "withdrawn"},
}
_STAMP_PENDING = {"kk": "уақыт белгісін күтуде", "ru": "ждёт метку времени", "en": "time-stamp pending"}
_NOTICE = {"kk": "хабарлама", "ru": "уведомление", "en": "notice"}
_OVERDUE = {"kk": "кешікті", "ru": "поздно", "en": "late"}
_PARTS = {
    "tries": {"kk": "Жіберу әрекеттері", "ru": "Попытки", "en": "Tries"},
    "receipts": {"kk": "Дәлел ретінде сақталған жауаптар", "ru": "Ответы, сохранённые как доказательство",
                 "en": "Answers kept as proof"},
    "statements": {"kk": "Тораптың мәлімдемелері", "ru": "Заявления узла", "en": "What the node has stated"},
    "history": {"kk": "Тарихы", "ru": "История", "en": "History"},
}  # fmt: skip

queue = typer.Typer(
    name="queue",
    help="What is on its way: list it, look at one delivery, have it explained, decide about it.",
    epilog="Example: [cyan]elshi queue list -s elshi.toml[/]  then  [cyan]elshi queue explain DELIVERY -s elshi.toml[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(queue)


@queue.command(name="list", epilog="Example: [cyan]elshi queue list --state uncertain --state abandoned[/]")
def list_(
    state: Annotated[
        list[DeliveryState] | None, typer.Option("--state", help="Only this state; may be given again.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what nobody looked at in time.")] = False,
    everything: Annotated[
        bool, typer.Option("--all/--open", help="Finished deliveries too; open ones without it.")
    ] = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Show deliveries, oldest first, notices of ours too; with --json one object on a line."""
    ready = context(settings=settings, as_json=as_json, language=language)
    wanted = Wanted(states=tuple(state or ()), everything=everything, overdue=overdue)
    with ready.node() as node:
        rows = queue_of(node)
        if as_json:
            for row in rows.rows(wanted):
                ready.screen.json(rows.as_json(row))
        else:
            columns = tuple(words[ready.screen.language.value] for words in _COLUMNS.values())
            now = node.clock.now()
            lines = _lines(rows, rows.rows(wanted), ready.screen.language, now)
            ready.screen.table(columns, lines)
    return OK


def _lines(queue: Queue, rows: Iterable[Delivery], language: Language, now: datetime) -> Iterable[tuple[object, ...]]:
    for row in rows:
        ahead = queue.ahead(row)
        yield (
            _subject(row, language),
            row.addressee,
            (_STAMP_PENDING if ahead.stamp_pending else _STATES[row.state])[language.value],
            row.attempts,
            _when(ahead, language, now),
            _left(ahead, language),
            row.id,
        )


@queue.command(epilog="Example: [cyan]elshi queue show DELIVERY -s elshi.toml[/]")
def show(
    delivery: DeliveryArgument,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Show one delivery whole: its tries with the digests of what was sent and answered, its proofs, its history."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        rows = queue_of(node)
        row = rows.find(delivery)
        whole = rows.whole(row)
        if as_json:
            ready.screen.json(whole)
        else:
            _show(ready.screen, whole)
    return OK


@queue.command(name="explain", epilog="Example: [cyan]elshi queue explain DELIVERY -s elshi.toml --language ru[/]")
def explain_(
    delivery: DeliveryArgument,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Say in plain sentences where it stands, why, what happens next and when, and who must do what."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        rows = queue_of(node)
        row = rows.find(delivery)
        told = rows.explained(row)
        if as_json:
            said = [
                {
                    "code": one.code,
                    "text": {each.value: str(texts.render(one.code, one.params, each)) for each in Language},
                }
                for one in told
            ]
            ready.screen.json({**rows.as_json(row), "explanation": said})
        else:
            for one in told:
                ready.screen.say(str(texts.render(one.code, one.params, ready.screen.language)))
    return OK


@queue.command(epilog='Example: [cyan]elshi queue resend DELIVERY --person "A. Clerk" --reason "the centre lost it"[/]')
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


@queue.command(
    name="give-up", epilog='Example: [cyan]elshi queue give-up DELIVERY --person "A. Clerk" --reason "on paper"[/]'
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
    return decide(ready, delivery, lambda intervene, row: intervene.give_up(row, person=person, reason=reason))


@queue.command(epilog='Example: [cyan]elshi queue withdraw DELIVERY --person "A. Clerk" --reason "wrong year"[/]')
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
    return decide(ready, delivery, lambda intervene, row: intervene.withdraw(row, person=person, reason=reason))


def decide(ready: Context, name: str, decision: Callable[[Intervene, str], Delivery]) -> int:
    """A person's decision about one delivery, for the commands of the queue and their short forms."""
    with ready.node() as node:
        row = queue_of(node).find(name)
        after = decision(node.intervene, row.id)
    ready.screen.done(delivery_as_json(after, ()), after.state.value)
    return OK


# --- what a person sees ----------------------------------------------------------------------------------------------
def _subject(row: Delivery, language: Language) -> str:
    if row.content_kind is ContentKind.NOTICE:
        return _NOTICE[language.value]
    content = row.content
    return content.registration_number if isinstance(content, OutgoingDocument) else row.document_id


def _when(ahead: Prospect, language: Language, now: datetime) -> str | None:
    if ahead.is_overdue:
        return f"! {_OVERDUE[language.value]}"
    moment, today = clerks_time(ahead.next_look), clerks_time(now)
    if moment is None or today is None:
        return None
    return f"{moment:%H:%M:%S}" if moment.date() == today.date() else f"{moment:%d.%m %H:%M}"


def _left(ahead: Prospect, language: Language) -> str | None:
    left = ahead.time_left
    if left is None:
        return None
    return ("" if left.total_seconds() >= 0 else "−") + span_in_words(abs(left))[language.value]


def _show(screen: Screen, whole: dict[str, Any]) -> None:
    parts = {name: whole.pop(name) for name in _PARTS}
    width = max(len(name) for name in whole)
    for name, value in whole.items():
        if value is not None:
            screen.say(f"{name:{width}}  {value}")
    columns = {
        "tries": ("number", "startedAt", "outcome", "code", "message", "answer"),
        "receipts": ("receivedAt", "kind", "says", "verdict", "number", "sha256"),
        "statements": ("madeAt", "kind", "sequence", "digest", "signed"),
        "history": ("sequence", "at", "actor", "action"),
    }
    for name, rows in parts.items():
        screen.say()
        screen.say(f"{_PARTS[name][screen.language.value]}: {len(rows)}")
        if rows:
            screen.table(columns[name], ([_cell(row[column]) for column in columns[name]] for row in rows))
    if whole["overdue"]:
        screen.say(DOUBT, f" {_OVERDUE[screen.language.value]}")


_DIGEST = 64
_SHOWN = 16


def _cell(value: object) -> object:
    """Instants to the second; digests cut to what tells them apart, whole with --json."""
    if isinstance(value, str) and len(value) == _DIGEST and value.isalnum():
        return value[:_SHOWN] + "…"
    return value[:19].replace("T", " ") if isinstance(value, str) and value[10:11] == "T" else value
