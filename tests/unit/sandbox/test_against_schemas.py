"""What the sandbox says satisfies the project's own description of the interface, which it does not use to say it."""

from __future__ import annotations

import pytest
from lxml import etree

import schemas
from tests.unit.sandbox.conftest import Wire
from tests.unit.sandbox.soap import (
    DATE,
    HREF,
    OTHER,
    REGISTERED,
    about,
    document,
    entity,
    envelope,
    meta,
    notice,
    upload,
)


def violations(message: bytes | etree._Element, schema_id: str) -> list[str]:
    return [f"{one.code} {one.xpath}: {one.message}" for one in schemas.validate(message, schema_id)]


def inside(message: bytes, name: str) -> bytes:
    """A standalone copy of the first element of that local name."""
    found = next(etree.fromstring(message).iter(f"{{*}}{name}"))
    return etree.tostring(found, with_tail=False)


@pytest.mark.parametrize("answer_key_hint", ["issuer-serial", "certificate"])
def test_answers_and_faults_are_envelopes_of_the_channel(new_wire: object, answer_key_hint: str) -> None:
    wire = new_wire(answer_key_hint=answer_key_hint)
    for message in (envelope(document()), envelope(document(), password="wrong"), envelope(entity(), service="X")):
        assert violations(wire.call(message).body, "shep/v10/envelope") == []


def test_pushes_are_envelopes_whose_data_is_known(wire: Wire) -> None:
    wire.call(envelope(document(head=meta(performers=(90000003, OTHER)))))
    for said in (notice("stateDelivered", DATE), notice("stateRegistered", *REGISTERED)):
        wire.call(envelope(said, sender="mfa_test"), key=wire.keys.foreign)
    wire.sandbox.send_document(sender="PLAY", performer="MIN")
    wire.sandbox.deliver_all()
    assert len(wire.pushed) == 7
    for _, body in wire.pushed:
        assert violations(body, "shep/v10/envelope") == []
        assert violations(inside(body, "data"), "esedo") == []
    assert {HREF in body.decode() for _, body in wire.pushed} == {True, False}


def test_answers_of_the_file_store_satisfy_its_schema(wire: Wire) -> None:
    answers = [wire.call(envelope(upload(b"x", qualified=True), service="EDS_TEMP_FILES"))]
    (identifier,) = answers[0].all("fileIdentifier")
    for kind in ("DOWNLOAD", "CONFIRM", "GET_FILE_INFO"):
        message = envelope(about(kind, identifier, "absent", qualified=True), service="EDS_TEMP_FILES")
        answers.append(wire.call(message))
    for one in answers:
        response = inside(one.body, "tempStorageResponse")
        assert violations(response, schemas.schema_id_of(etree.fromstring(response)) or "") == []


def test_answers_of_the_directory_satisfy_its_schema(wire: Wire) -> None:
    for data in (entity(), entity("NO_SUCH_DIRECTORY")):
        response = inside(wire.call(envelope(data, service="ENSI_SeGetDataGetItems")).body, "Response")
        assert violations(response, schemas.schema_id_of(etree.fromstring(response)) or "") == []
    items = inside(wire.call(envelope(entity(), service="ENSI_SeGetDataGetItems")).body, "Items")
    assert violations(items, schemas.schema_id_of(etree.fromstring(items)) or "") == []
