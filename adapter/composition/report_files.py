"""Report files as they lie on a disk: what they say, where each field stands, and the attachments beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from adapter import conversion, rules
from adapter.composition.regular_files import read_file
from adapter.domain.document import BodyCode, DocumentType
from adapter.domain.header import RulesetRef
from adapter.domain.report import Report
from adapter.errors import DocumentRefused
from adapter.sources import SourceContext, SourceReport, read_report
from adapter.usecases.convert import Attached
from adapter.usecases.findings import Places


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A report file as it was read: what it says, where each field stands, and its attachments' bytes."""

    source: SourceReport
    file: str
    attachments: tuple[Attached, ...]

    @property
    def report(self) -> Report:
        """The report; DocumentRefused with every finding when the file could not be read as one."""
        if self.source.report is None:
            raise DocumentRefused(self.source.findings, code="source.refused")
        return self.source.report

    @property
    def places(self) -> Places:
        """Where each field stands in the file."""
        return Places(file=self.file, lines=self.source.places)


def source_context(
    rulesets: rules.Rulesets,
    ruleset_id: str,
    version: str,
    folder: Path | None,
    *,
    bins: Mapping[BodyCode, str] | None = None,
) -> SourceContext:
    """What a report file does not say: due dates and addressees of the ruleset, attachments of its folder, known BINs."""
    ruleset = rulesets.find(ruleset_id, version)

    def due(document: DocumentType, year: int) -> Any:
        return rules.due_date(ruleset, document, year)

    def recipient(document: DocumentType, on: Any) -> BodyCode | None:
        leg = ruleset.leg(document)
        return ruleset.body_of(leg.recipient, on=on) if leg is not None and leg.recipient is not None else None

    return SourceContext(
        ruleset=RulesetRef(id=ruleset_id, version=version),
        due_date=due,
        recipient=recipient,
        bins=bins or {},
        open_file=_opener(folder) if folder is not None else None,
    )


def open_report(path: Path, context: SourceContext) -> Opened:
    """Read a report from YAML, JSON or XML; attachments are looked for beside it."""
    content = read_file(path, "file.unreadable")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        report = conversion.read(conversion.validated(content))
        source = SourceReport(report=report)
    else:
        source = read_report(content, context, file=path.name)
    declared = source.report.header.attachments if source.report is not None else ()
    open_file = _opener(path.parent)
    attached = tuple(
        Attached(name=item.file_name, media_type=item.media_type, open=_bound(open_file, item.file_name))
        for item in declared
    )
    return Opened(source=source, file=path.name, attachments=attached)


def _bound(open_file: Callable[[str], BinaryIO], name: str) -> Callable[[], BinaryIO]:
    return lambda: open_file(name)


def _opener(folder: Path) -> Callable[[str], BinaryIO]:
    """Opens files of one folder by plain name: no path in it, no link out of it."""

    def opened(name: str) -> BinaryIO:
        if not name or "/" in name or "\\" in name or name in {".", ".."} or (folder / name).is_symlink():
            raise FileNotFoundError(name)
        return (folder / name).open("rb")

    return opened
