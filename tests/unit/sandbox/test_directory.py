from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.unit.sandbox.conftest import Wire
from tests.unit.sandbox.soap import Answer, Keys, entity, envelope, participants

ITEM = [
    "Id", "Parent", "ChildsCount", "IsMarkedToDelete", "name_ru", "name_kz", "abbr_ru", "abbr_kz", "member", "code",
    "isEsedo", "isReady", "ElementGUID",
]  # fmt: skip


def ask(wire: Wire, data: str) -> Answer:
    return wire.call(envelope(data, service="ENSI_SeGetDataGetItems"))


def test_every_participant_is_listed_in_schema_order(wire: Wire) -> None:
    answer = ask(wire, entity())
    assert answer.one("ProcessingResult") == "Success"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.one("SessionId"))
    items = list(answer.root.iter("{http://nitec.kz/unidic/items}Item"))
    assert [[part.tag.rpartition("}")[2] for part in one] for one in items] == [ITEM] * 3
    assert [one.findtext("{*}member") for one in items] == ["90000001", "90000003", "90000005"]
    assert [one.findtext("{*}code") for one in items] == ["MIN", "MFA", "PLAY"]
    assert wire.sandbox.protocol_findings() == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (entity(password="wrong"), "100"),
        (entity().replace("<Login>elshi_test", "<Login>mfa_test"), "100"),
        (entity("NO_SUCH_DIRECTORY"), "200"),
        (entity(more="<Filter>code = 1</Filter>"), "300"),
    ],
)
def test_an_error_is_part_of_the_answer(wire: Wire, data: str, code: str) -> None:
    answer = ask(wire, data)
    assert answer.status == 200
    assert (answer.one("ProcessingResult"), answer.one("ErrorCode")) == ("Error", code)
    assert answer.all("Item") == []


def test_a_body_marked_in_the_settings_is_marked_in_the_directory(new_wire: Callable[..., Wire], keys: Keys) -> None:
    wire = new_wire(participants=participants(keys, mfa={"is_deleted": True, "is_ready": "0"}))
    answer = ask(wire, entity())
    assert answer.all("IsMarkedToDelete") == ["false", "true", "false"]
    assert answer.all("isReady") == ["1", "0", "1"]
