"""ENSI_SeGetDataGetItems, the directory: who takes part and under which number.

Error codes are 100 to 900 and their meanings are not published; here 100 is a wrong login, 200 an unknown directory,
300 something the sandbox does not do (a filter: its syntax is not published either).
"""

from __future__ import annotations

from lxml import etree

from adapter.sandbox.faults import Stage
from adapter.sandbox.participants import Participant, is_same_secret
from adapter.sandbox.reading import value
from adapter.sandbox.script import Occasion
from adapter.sandbox.vocabulary import DIRECTORY_SERVICE, GET_DATA, ITEMS, XSI
from adapter.sandbox.world import World
from adapter.sandbox.writing import element, text_element

# ElementGUID is a number of ten digits in spite of its name (reference, 5).
_FIRST_ELEMENT = 1_000_000_001


class Directory:
    """Answers from the participants of the settings."""

    def __init__(self, world: World) -> None:
        self._settings = world.settings
        self._new_id = world.new_id
        self._script = world.script
        self._events = world.events

    def answer(self, request: etree._Element, caller: Participant, message_id: str) -> str:
        """Response for a Request; errors are part of it, never a SOAP fault."""
        entity = value(request, "EntityName")
        error = self._error(request, caller, entity)
        self._events.add(
            caller.code,
            "directory.asked",
            service=DIRECTORY_SERVICE,
            operation=entity,
            message_id=message_id,
            outcome="Success" if error is None else f"Error {error[0]}",
        )
        session = text_element("SessionId", self._new_id())
        if error is None:
            items = "".join(self._entry(place, one, caller) for place, one in enumerate(self._settings.participants, 1))
            found = element("Items", items, attributes=f' xmlns="{ITEMS}" xmlns:xsi="{XSI}"')
            content = (
                text_element("ProcessingResult", "Success"),
                element("ResultData", element("Data", found), "<Schema/>"),
            )
        else:
            code, text = error
            parts = (
                text_element("ErrorCode", code),
                text_element("ErrorMessage", text),
                text_element("ErrorDescription", text),
            )
            content = (text_element("ProcessingResult", "Error"), element("ErrorInfo", *parts))
        return element("Response", session, *content, attributes=f' xmlns="{GET_DATA}"')

    def _error(self, request: etree._Element, caller: Participant, entity: str) -> tuple[str, str] | None:
        occasion = Occasion(service=DIRECTORY_SERVICE, sender=caller.names, operation=entity)
        rule = self._script.due(Stage.DIRECTORY, occasion, only="directory-error")
        if rule is not None:
            self._events.add(caller.code, "fault.injected", service=DIRECTORY_SERVICE, fault=rule.fault)
            return str(rule.value("code")), str(rule.value("text"))
        is_own = value(request, "Login") == caller.account
        if not is_same_secret(value(request, "Password"), caller.directory_password) or not is_own:
            return "100", "unknown login or wrong password"
        if entity != self._settings.entity_name:
            return "200", "there is no directory of this name"
        if value(request, "Filter"):
            return "300", "the sandbox does not filter"
        return None

    def _entry(self, place: int, one: Participant, caller: Participant) -> str:
        occasion = Occasion(
            service=DIRECTORY_SERVICE, sender=caller.names, operation=self._settings.entity_name, addressees=one.names
        )
        rules = self._script.all_due(Stage.DIRECTORY, occasion, without="directory-error")
        faults = {rule.fault for rule in rules}
        for fault in sorted(faults):
            self._events.add(caller.code, "fault.injected", service=DIRECTORY_SERVICE, fault=fault, outcome=one.code)
        if "directory-entry-missing" in faults:
            return ""
        is_nil = "directory-entry-without-number" in faults
        return element(
            "Item",
            text_element("Id", place),
            text_element("Parent", 0),
            text_element("ChildsCount", 0),
            text_element("IsMarkedToDelete", str(one.is_deleted or "directory-entry-deleted" in faults).lower()),
            text_element("name_ru", one.name_ru),
            text_element("name_kz", one.name_kk),
            text_element("abbr_ru", one.short_ru),
            text_element("abbr_kz", one.short_kk),
            '<member xsi:nil="true"/>' if is_nil else text_element("member", one.member),
            text_element("code", one.code),
            text_element("isEsedo", "0" if "directory-entry-not-esedo" in faults else one.is_esedo),
            text_element("isReady", "0" if "directory-entry-not-ready" in faults else one.is_ready),
            text_element("ElementGUID", _FIRST_ELEMENT + place),
        )
