"""A YAML or JSON file as plain maps, lists and texts: what a person writes beside a draft, before it is a report."""

from __future__ import annotations

from typing import Any

from adapter.errors import DocumentRefused, Final, Place
from adapter.sources.nodes import Entries, Items, Node, SourceUnreadableError, Tally
from adapter.sources.yaml_report import read_nodes


def load_plain(content: bytes, *, file: str = "") -> dict[str, Any]:
    """The file's one outermost map; every value is a text, a list, a map or None.

    Read under the limits of report files. Raises DocumentRefused for what cannot be read, a repeated key among it, and
    Final `source.file-not-a-map`.
    """
    tally = Tally()
    try:
        node = read_nodes(content, tally)
    except SourceUnreadableError as error:
        raise DocumentRefused((error.finding,), code="source.refused", place=Place(file=file)) from error
    if tally.findings:
        raise DocumentRefused(tuple(tally.findings), code="source.refused", place=Place(file=file))
    if not isinstance(node, Entries):
        raise Final("source.file-not-a-map", place=Place(file=file, line=node.line))
    plain = _plain(node)
    assert isinstance(plain, dict)
    return plain


def _plain(node: Node) -> Any:
    if isinstance(node, Entries):
        return {entry.key: _plain(entry.value) for entry in node.entries}
    if isinstance(node, Items):
        return [_plain(item) for item in node.items]
    return node.text
