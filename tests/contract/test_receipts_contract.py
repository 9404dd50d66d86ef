"""adapter.ports.Receipts: what every keeper of receipts promises."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from adapter.domain.document import BodyCode
from adapter.domain.receipt import ReceiptKind
from adapter.errors import Conflict, Final
from tests.contract.samples import MINUTE, NOW, document_id, receipt


@pytest.fixture(autouse=True)
def raw(store):
    store.blobs.put(b"<receipt/>")
    store.blobs.put(b"<second/>")


def test_gives_back_exactly_what_was_kept_in_order_of_arrival(store):
    early = receipt(
        2,
        b"<second/>",
        received_at=NOW - MINUTE,
        stated_at=None,
        stated_digest=None,
        registration_number=None,
        is_dispute=False,
    )
    with store.transaction() as t:
        assert t.receipts.add(receipt())
        assert t.receipts.add(early)
        assert t.receipts.of_document(document_id(1)) == (early, receipt())
        assert t.receipts.of_document(document_id(2)) == ()


def test_the_same_bytes_prove_once(store):
    with store.transaction() as t:
        assert t.receipts.add(receipt())
        assert not t.receipts.add(replace(receipt(), id="again", received_at=NOW + MINUTE))
        assert t.receipts.of_document(document_id(1)) == (receipt(),)


@pytest.mark.parametrize(
    "change",
    [
        {"document_id": document_id(2)},
        {"addressee": BodyCode("KZ-PM")},
        {"kind": ReceiptKind.GATEWAY_ANSWER},
    ],
    ids=str,
)
def test_the_same_bytes_about_something_else_are_another_receipt(store, change):
    with store.transaction() as t:
        assert t.receipts.add(receipt())
        assert t.receipts.add(replace(receipt(), id="other", **change))


def test_no_receipt_without_its_bytes(store):
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.receipts.add(receipt(1, b"never kept"))
    assert refused.value.code == "storage.nothing-to-point-at"


def test_an_id_means_one_receipt(store):
    with store.transaction() as t:
        t.receipts.add(receipt())
        with pytest.raises(Conflict):
            t.receipts.add(replace(receipt(1, b"<second/>"), id=receipt().id))


def test_the_same_bytes_kept_by_threads_at_once_prove_once(store):
    said, start = [], threading.Barrier(6)

    def keep(worker: int) -> None:
        start.wait()
        with store.transaction() as t:
            said.append(t.receipts.add(replace(receipt(), id=f"receipt-{worker}")))

    threads = [threading.Thread(target=keep, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [False] * 5 + [True]
