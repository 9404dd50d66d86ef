"""Report files in YAML or JSON -> Report, and back without loss.

YAML is read as events, never as objects: no tags, no anchors and aliases, no merge keys, one document, and every scalar
as the text that was written. What a file may say is then the same in both notations (adapter.sources.form).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from adapter.conversion.plain import to_plain
from adapter.domain.report import FieldPath, Report
from adapter.errors import Finding, Place, Severity
from adapter.sources.completion import SourceContext
from adapter.sources.form import Form
from adapter.sources.nodes import Entry, Items, Node, Scalar, SourceUnreadableError, Tally, decoded, read_json, sound

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceReport:
    """What became of a source file.

    report    None when a finding is an error: there is no half-read Report
    places    line of every field that the file holds
    findings  all at once, in the order of lines
    """

    report: Report | None
    places: Mapping[FieldPath, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def line_of(self, path: FieldPath) -> int | None:
        """Line of the field, or of the nearest part around it that the file holds."""
        lines = (self.places.get(path[:length]) for length in range(len(path), -1, -1))
        return next((line for line in lines if line is not None), None)


def read_report(content: bytes, context: SourceContext, *, file: str = "") -> SourceReport:
    """The report in a YAML or JSON file; JSON when the first character is a brace. Never raises for bad content.

    `file` is the name that findings carry. Not checked here: schema patterns and rules.
    """
    tally = Tally()
    try:
        node = read_nodes(content, tally)
    except SourceUnreadableError as error:
        return SourceReport(report=None, findings=_named((*tally.findings, error.finding), file))
    form = Form(context)
    report = form.read(node)
    findings = (*tally.findings, *form.findings)
    if any(finding.severity is Severity.STOP for finding in findings):
        # BR-18: nothing but the rule is said about a document that this channel may not handle.
        return SourceReport(report=None, findings=(Finding(code="BR-18", severity=Severity.STOP),))
    if any(finding.severity is Severity.ERROR for finding in findings):
        report = None
    ordered = sorted(findings, key=lambda finding: finding.place.line or 0)
    return SourceReport(report=report, places=form.places, findings=_named(tuple(ordered), file))


def read_nodes(content: bytes, tally: Tally) -> Node:
    """The file as nodes, JSON when the first character is a brace or a bracket. Raises SourceUnreadableError."""
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
    return read_json(content, tally) if is_json else _read_yaml(content, tally)


def dump_yaml(report: Report) -> str:
    """The report as YAML; the same text for the same report.

    `read_report` makes the same report of it, provided its texts are in Unicode NFC: others are normalised when read,
    and a finding says so.
    """
    return yaml.dump(
        to_plain(report), Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=110
    )


def dump_json(report: Report) -> str:
    """The same as JSON."""
    return json.dumps(to_plain(report), ensure_ascii=False, indent=2) + "\n"


class _Dumper(yaml.SafeDumper):
    """Texts that another reader of YAML could take for a figure, a day or a yes are quoted; nothing is folded."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _written_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Beside \n, YAML breaks lines at characters that a plain or single-quoted scalar would turn into blanks.
    unsafe = any(sign in text for sign in "\r\t\x85\u2028\u2029\ufeff") or text != text.strip() or "\n" in text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if unsafe else None)


_Dumper.add_representer(str, _written_text)


def _named(findings: tuple[Finding, ...], file: str) -> tuple[Finding, ...]:
    return tuple(
        replace(item, place=Place(file=file or None, line=item.place.line, xpath=item.place.xpath)) for item in findings
    )


# --- YAML -> nodes ----------------------------------------------------------------------------------------------------


def _read_yaml(content: bytes, tally: Tally) -> Node:
    text = decoded(content)
    try:
        return _Yaml(yaml.parse(text, Loader=_LOADER), tally).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "?"
        raise SourceUnreadableError("source.not-yaml", line, reason=str(reason)) from error


class _Yaml:
    """Events of one document as nodes."""

    def __init__(self, events: Iterator[Any], tally: Tally) -> None:
        self.events = events
        self.tally = tally

    def document(self) -> Node:
        found: list[Node] = []
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found:
                    raise SourceUnreadableError("source.several-documents", _line(event))
                found.append(self._node(next(self.events), 1))
        if not found:
            raise SourceUnreadableError("source.empty", 1)
        return found[0]

    def _node(self, event: Any, depth: int) -> Node:
        line = _line(event)
        self.tally.count(line, depth)
        self._refuse_extras(event, line)
        if isinstance(event, yaml.ScalarEvent):
            free = event.style is None or event.style == ""
            text = None if free and event.value in _NULLS else event.value
            return Scalar(line=line, text=None if text is None else sound(text, line), quoted=not free)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(following := next(self.events), yaml.SequenceEndEvent):
                items.append(self._node(following, depth + 1))
            return Items(line=line, items=tuple(items))
        return self._map(line, depth)

    def _map(self, line: int, depth: int) -> Node:
        entries: list[Entry] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise SourceUnreadableError("source.key-not-text", _line(event))
            self._refuse_extras(event, _line(event))
            if event.value == "<<" and not event.style:
                raise SourceUnreadableError("source.alias", _line(event))
            value = self._node(next(self.events), depth + 1)
            entries.append(Entry(key=sound(event.value, _line(event)), line=_line(event), value=value))
        return self.tally.entries(line, entries)

    def _refuse_extras(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise SourceUnreadableError("source.alias", line)
        if getattr(event, "tag", None) is not None:
            raise SourceUnreadableError("source.tag", line, tag=str(event.tag)[:80])


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
