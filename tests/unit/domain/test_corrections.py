"""Which of several registered documents counts: one for each line of corrections, and only a body's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapter.domain.corrections import in_force
from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.incoming import RegisteredDocument

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def rows(*told: str) -> tuple[RegisteredDocument, ...]:
    """Rows in the order of recording; "mof:B>A" is B of KZ-MOF, which replaces A."""
    found = []
    for number, one in enumerate(told):
        sender, _, rest = one.partition(":")
        name, _, replaces = rest.partition(">")
        found.append(
            RegisteredDocument(
                document_id=DocumentId(name),
                case_id="urn:x:case",
                document_type=DocumentType.TREATY_INFORMATION,
                reporting_year=2026,
                sender=BodyCode(sender),
                sender_participant="1",
                number=str(number),
                received_at=NOW + timedelta(minutes=number),
                outgoing_number="1",
                outgoing_date=None,
                container=Sha256("0" * 64),
                container_size=1,
                xml=Sha256("0" * 64),
                signer="",
                verdict="TOTAL-PASSED",
                is_late=False,
                supersedes=DocumentId(replaces) if replaces else None,
            )
        )
    return tuple(found)


@pytest.mark.parametrize(
    ("told", "counting"),
    [
        (("mof:A", "mlsp:B"), ["A", "B"]),
        (("mof:A", "mof:B>A"), ["B"]),
        (("mof:A", "mof:B>A", "mof:C>B"), ["C"]),
        (("mof:B>A", "mof:A"), ["B"]),
        (("mof:C>B", "mof:B>A", "mof:A"), ["C"]),
        (("mof:B>A",), ["B"]),
        (("mof:A", "mof:B>A", "mof:C>A"), ["C"]),
        (("mof:A", "mof:B>A", "mof:C>A", "mof:D>B"), ["D"]),
        (("mof:A", "mlsp:B>A"), ["A", "B"]),
        (("mof:A>B", "mof:B>A"), ["B"]),
        (("mof:A", "mof:B"), ["A", "B"]),
        ((), []),
    ],
    ids=[
        "two bodies",
        "a correction",
        "a correction of a correction",
        "the correction came first",
        "all in reverse",
        "the original never came",
        "two corrections of one: the later",
        "two lines of one: the last recorded",
        "another body's document is not replaced",
        "a ring: the last recorded",
        "two documents of one body",
        "nothing",
    ],
)
def test_of_each_line_of_corrections_one_document_counts(told: tuple[str, ...], counting: list[str]) -> None:
    assert [row.document_id for row in in_force(rows(*told))] == counting


def test_a_recall_is_no_information_and_takes_nothing_away_by_itself() -> None:
    told = rows("mof:A", "mof:B>A", "mof:R>B")
    assert [row.document_id for row in in_force(told, recalls={DocumentId("R")})] == ["B"]
