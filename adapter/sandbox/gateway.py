"""The SyncChannel v10 endpoint: one HTTP body in, one answer out, in the order a strict gateway would work.

    1  read the XML and the SendMessage in it              else SBX-XML, SBX-SOAP
    2  ask the script whether a fault strikes this call
    3  look at the message with our own eyes               heavy breaches: SBX-REQUEST; the rest is noted
    4  the envelope's signature                            else SBX-UNSIGNED, SBX-SIGNATURE
    5  the account and its password                        else SBX-ACCOUNT
    6  service and route                                   else SBX-SERVICE
    7  the typed data, then centre, file store, directory  else SBX-TYPE, SBX-DATA, SBX-SENDER, SBX-ADDRESSEE, SBX-HREF
    8  sign the answer and spoil it as the script says

A refusal is a SOAP fault under HTTP 500. What comes in is hostile until step 5 is passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from lxml import etree

from adapter.sandbox.book import BookedMessage
from adapter.sandbox.centre import Centre
from adapter.sandbox.directory import Directory
from adapter.sandbox.faults import Stage
from adapter.sandbox.file_store import FileStore
from adapter.sandbox.mangling import double_encoded
from adapter.sandbox.participants import UNKNOWN, Participant, is_same_secret
from adapter.sandbox.reading import (
    Call,
    Refused,
    attached,
    body_of,
    call_of,
    child,
    parse,
    payload_of,
    routing_of,
    value,
)
from adapter.sandbox.replies import Post, Reply, is_processed, notices_first, outcome_of, proxy_reply, spoilt
from adapter.sandbox.script import Occasion, Rule
from adapter.sandbox.scrutiny import Scrutiny
from adapter.sandbox.seal import Seal, Signatures, require
from adapter.sandbox.vocabulary import (
    DIRECTORY_SERVICE,
    FILE_SERVICE,
    SUCCESS,
    SUCCESS_TEXT,
    UNIVERSAL_ROUTE,
    UNIVERSAL_SERVICE,
)
from adapter.sandbox.world import World
from adapter.sandbox.writing import envelope, fault, payload_element, payload_text, response

_SEALS = {
    "unsigned-answer": Seal.NONE,
    "wrongly-signed-answer": Seal.BROKEN,
    "stranger-signed-answer": Seal.STRANGER,
}


@dataclass(kw_only=True, slots=True)
class _Turn:
    """One call: the rule that strikes it, what the exchange's clock is wrong by, and the document that was taken."""

    post: Post
    call: Call | None
    broken: Refused | None
    rule: Rule | None
    ahead: timedelta
    digest: str
    document: BookedMessage | None = field(default=None)


class Gateway:
    """Answers posts; holds no connection and no thread of its own."""

    def __init__(
        self,
        world: World,
        *,
        signatures: Signatures,
        centre: Centre,
        file_store: FileStore,
        directory: Directory,
    ) -> None:
        self._settings = world.settings
        self._clock = world.clock
        self._new_id = world.new_id
        self._script = world.script
        self._events = world.events
        self._book = world.book
        self._signatures = signatures
        self._centre = centre
        self._scrutiny = Scrutiny(world, file_store)
        self._file_store = file_store
        self._directory = directory

    def answer(self, post: Post) -> Reply:
        """The reply to one request. Never raises for what is in it."""
        try:
            root = parse(post.body)
            call = call_of(body_of(root))
            broken = None
        except Refused as refused:
            call, broken = None, refused
        occasion = self._occasion(call)
        rule = self._script.due(Stage.CALL, occasion)
        closing = self._script.due(Stage.LISTENER, occasion, only="connection-refused")
        skewed = self._script.due(Stage.CLOCK, occasion)
        sender = UNKNOWN if call is None else self._name_of(call)
        for struck in (rule, closing, skewed):
            if struck is not None:
                self._note(sender, "fault.injected", call, occasion, fault=struck.fault)
        turn = _Turn(
            post=post,
            call=call,
            broken=broken,
            rule=rule,
            ahead=timedelta(seconds=skewed.number("skew")) if skewed else timedelta(),
            digest=sha256(post.body).hexdigest(),
        )
        reply = self._replaced(turn)
        if reply is None or is_processed(rule):
            took = self._worked(turn)
            reply = took if reply is None else reply
        fault = None if rule is None else rule.fault
        self._note(sender, "call.answered", call, occasion, fault=fault, outcome=outcome_of(reply))
        if turn.document is not None and occasion.href is not None:
            self._book.answered(occasion.href, turn.document, outcome_of(reply))
            reply = notices_first(reply, rule, occasion.href)
        if closing is None:
            return reply
        return replace(reply, refuse_for=timedelta(seconds=closing.number("seconds")))

    # --- 2: who and what, before anything is believed ---
    def _occasion(self, call: Call | None) -> Occasion:
        if call is None:
            return Occasion()
        participant = self._settings.by_account(call.sender_id)
        names = frozenset({call.sender_id}) if participant is None else participant.names
        if call.service_id == UNIVERSAL_SERVICE and call.data is not None:
            routing = routing_of(call.data)
            found = [self._settings.by_member(number) for number in routing.performers]
            addressees = frozenset().union(*(one.names for one in found if one is not None))
            operation = None if call.type is None else call.type.name
            return Occasion(
                service=call.service_id,
                sender=names,
                operation=operation,
                addressees=addressees | {str(number) for number in routing.performers},
                href=routing.href or None,
            )
        return Occasion(service=call.service_id or None, sender=names, operation=_operation(call))

    def _name_of(self, call: Call) -> str:
        participant = self._settings.by_account(call.sender_id)
        return UNKNOWN if participant is None else participant.code

    def _note(
        self,
        sender: str,
        what: str,
        call: Call | None,
        occasion: Occasion,
        *,
        fault: str | None,
        outcome: str | None = None,
    ) -> None:
        self._events.add(
            sender,
            what,
            service=occasion.service,
            operation=occasion.operation,
            message_id=None if call is None else call.message_id,
            href=occasion.href,
            fault=fault,
            outcome=outcome,
        )

    # --- 3 to 7 ---
    def _worked(self, turn: _Turn) -> Reply:
        """Take the call and answer it, spoilt as the rule says."""
        try:
            if turn.call is None:
                raise turn.broken or Refused("SBX-SOAP", "no SendMessage")
            payload = self._taken(turn, turn.call)
        except Refused as refused:
            return self._sealed_fault(turn, refused.code, refused.text, 500, rule=turn.rule)
        except etree.LxmlError:
            # The tree passed every limit, and still a step of libxml2 could not cope with it.
            return self._sealed_fault(turn, "SBX-DATA", "the message cannot be worked on", 500, rule=turn.rule)
        return self._accepted(turn, payload)

    def _taken(self, turn: _Turn, call: Call) -> str:
        """The business answer as XML, "" when there is none. Refused for every reason of steps 3 to 7."""
        post = turn.post
        sender = self._name_of(call)
        self._scrutiny.look_at_call(sender, post, call)
        participant = self._settings.by_account(call.sender_id)
        root = require(self._signatures.judge(post.body, participant))
        signed = call_of(body_of(root))
        if participant is None or not is_same_secret(signed.password, participant.channel_password):
            raise Refused("SBX-ACCOUNT", "unknown account or wrong password")
        self._scrutiny.look_for_repeats(participant, signed, turn.digest)
        if signed.service_id == UNIVERSAL_SERVICE:
            return self._universal(turn, participant, signed)
        if signed.service_id == FILE_SERVICE:
            self._require_route(signed, "")
            request = payload_of(signed.data, "tempStorageRequest")
            self._scrutiny.look_at_files(sender, signed.message_id, request)
            return self._file_store.answer(request, participant, signed.message_id, ahead=turn.ahead)
        if signed.service_id == DIRECTORY_SERVICE:
            self._require_route(signed, "")
            request = payload_of(signed.data, "Request")
            self._scrutiny.look_at_query(sender, signed.message_id, request)
            return self._directory.answer(request, participant, signed.message_id)
        raise Refused("SBX-SERVICE", f"no service {signed.service_id[:80]!r}")

    def _universal(self, turn: _Turn, participant: Participant, call: Call) -> str:
        self._require_route(call, UNIVERSAL_ROUTE)
        if call.data is None:
            raise Refused("SBX-DATA", "requestData without data")
        if call.type is None:
            raise Refused("SBX-TYPE", "data without xsi:type")
        routing = routing_of(call.data)
        if not call.type.is_known:
            self._events.add(
                participant.code,
                "message.kept",
                service=call.service_id,
                operation=call.type.name,
                message_id=call.message_id,
                href=routing.href or None,
                outcome="unknown type",
            )
            raise Refused("SBX-TYPE", f"unknown type {{{call.type.namespace[:200]}}}{call.type.name[:80]}")
        self._scrutiny.look_at_data(participant.code, call.message_id, call.data, call.type)
        if call.type.is_document:
            files = self._file_store.booked(attached(call.data))
            said = BookedMessage(message_id=call.message_id, sha256=turn.digest, files=files)
            self._centre.take_document(participant, call, routing, said)
            turn.document = said
        elif call.type.is_dictionary:
            self._centre.take_other(participant, call, routing)
        else:
            self._centre.take_notice(participant, call, routing)
        return ""

    def _require_route(self, call: Call, route: str) -> None:
        if call.route_id != route:
            raise Refused("SBX-SERVICE", f"route {call.route_id[:80]!r} of {call.service_id} is not known")

    # --- 8: answers ---
    def _accepted(self, turn: _Turn, payload: str) -> Reply:
        rule = turn.rule
        name = None if rule is None else rule.fault
        wrap = payload_text if name == "text-payload-answer" else payload_element
        code, text = SUCCESS, SUCCESS_TEXT
        if rule is not None and name == "double-encoded-answer":
            text = double_encoded(str(rule.value("text")))
        body = response(
            message_id=str(self._new_id()),
            at=self._at(turn),
            code=code,
            text=text,
            session_id=self._session(),
            payload=wrap(payload) if payload else "",
        )
        return spoilt(Reply(body=self._sealed(body, rule)), rule)

    def _sealed_fault(
        self, turn: _Turn, code: str, text: str, status: int, *, rule: Rule | None = None, depth: int = 0
    ) -> Reply:
        body = fault(code=code, text=text, at=self._at(turn), session_id=self._session(), depth=depth)
        return spoilt(Reply(status=status, body=self._sealed(body, rule)), rule)

    def _sealed(self, body: str, rule: Rule | None) -> bytes:
        seal = Seal.RIGHT if rule is None else _SEALS.get(rule.fault, Seal.RIGHT)
        return self._signatures.sealed(envelope(body), seal, is_answer=True)

    def _at(self, turn: _Turn) -> datetime:
        """What the exchange's clock shows to this call."""
        return self._clock.now() + turn.ahead

    def _session(self) -> str:
        return f"{{{self._new_id()}}}"

    def _replaced(self, turn: _Turn) -> Reply | None:
        """The reply that stands in place of the real one; None when the call is worked on as usual."""
        return None if turn.rule is None else proxy_reply(turn.rule) or self._said(turn, turn.rule)

    def _said(self, turn: _Turn, rule: Rule) -> Reply | None:
        """Well-formed refusals that the script puts into the gateway's mouth."""
        if rule.fault in {"soap-fault-listed", "soap-fault-unlisted", "soap-fault-in-200"}:
            depth = int(rule.number("depth")) if rule.fault == "soap-fault-unlisted" else 0
            status = 200 if rule.fault == "soap-fault-in-200" else 500
            code, text = str(rule.value("code")), str(rule.value("text"))
            return self._sealed_fault(turn, code, text, status, depth=min(depth, 60))
        if rule.fault != "status-unlisted":
            return None
        body = response(
            message_id=str(self._new_id()),
            at=self._at(turn),
            code=str(rule.value("code")),
            text=str(rule.value("text")),
            session_id=self._session(),
        )
        return Reply(body=self._sealed(body, None))


def _operation(call: Call) -> str | None:
    """UPLOAD and its like, or the name of the directory; None when it cannot be seen."""
    names = {FILE_SERVICE: ("tempStorageRequest", "type"), DIRECTORY_SERVICE: ("Request", "EntityName")}
    if call.service_id not in names:
        return None
    root, name = names[call.service_id]
    found = child(call.data, root)
    return value(found, name) or None
