"""Which of the registered documents of one type and year count: a correction stands for what it replaces, both stay.

Derived from the content model, section 7 (BR-19): nothing is overwritten, and the newest of a line of corrections is used.

1. A body corrects its own documents only: who names another body's document replaces nothing.
2. Documents joined by "supersedes" are one line, also when the correction came first or its original never came.
3. Of each line one document counts: the last recorded of those that no other replaces; in a ring, the last recorded.
4. A recall is no information and, until the addressee confirms it, takes nothing away.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adapter.domain.document import DocumentId
from adapter.domain.incoming import RegisteredDocument


def in_force(
    rows: Sequence[RegisteredDocument], *, recalls: Collection[DocumentId] = ()
) -> tuple[RegisteredDocument, ...]:
    """Those that count, in the order of recording in which `rows` are given.

    rows        documents of one type and reporting year
    recalls     identifiers of those among them whose action is recall; the register does not tell
    """
    told = [row for row in rows if row.document_id not in recalls]
    lines = _lines(told)
    replaced = {(row.sender, row.supersedes) for row in told}
    counting: dict[DocumentId, RegisteredDocument] = {}
    for line in lines:
        standing = [row for row in line if (row.sender, row.document_id) not in replaced]
        last = (standing or line)[-1]
        counting[last.document_id] = last
    return tuple(row for row in told if row.document_id in counting)


def _lines(rows: Sequence[RegisteredDocument]) -> list[list[RegisteredDocument]]:
    """Rows joined by what they replace, each line in the order of recording."""
    head: dict[tuple[str, DocumentId], tuple[str, DocumentId]] = {}

    def first(key: tuple[str, DocumentId]) -> tuple[str, DocumentId]:
        while head.setdefault(key, key) != key:
            key = head[key]
        return key

    for row in rows:
        if row.supersedes is not None:
            # The sender is part of the key, so the documents of two bodies are never one line.
            head[first((row.sender, row.document_id))] = first((row.sender, row.supersedes))
    lines: dict[tuple[str, DocumentId], list[RegisteredDocument]] = {}
    for row in rows:
        lines.setdefault(first((row.sender, row.document_id)), []).append(row)
    return list(lines.values())
