"""Findings of rules and schemas get the place a person can go to: line of the source, or path in the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adapter import conversion, rules
from adapter.domain.report import FieldPath, Report
from adapter.errors import Finding, Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where each field stands in the file a person wrote."""

    file: str
    lines: Mapping[FieldPath, int]

    def line_of(self, path: FieldPath) -> int | None:
        """Line of the field, or of the nearest part around it that has one."""
        for length in range(len(path), -1, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None

    def of_document(self, report: Report, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Findings of the schema with the line of the source instead of the line of XML that nobody has seen."""
        return tuple(self._moved(report, finding) for finding in findings)

    def _moved(self, report: Report, finding: Finding) -> Finding:
        xpath = finding.place.xpath
        path = conversion.path_of(report, xpath) if xpath else None
        line = self.line_of(path) if path is not None else None
        return replace(finding, place=Place(file=self.file, line=line, xpath=xpath))


def located(report: Report, broken: Sequence[rules.RuleFinding], places: Places | None) -> tuple[Finding, ...]:
    """Rule findings with file and line when the source is known, and the path in the document in every case."""
    return tuple(
        replace(
            item.finding,
            place=Place(
                file=places.file if places else None,
                line=places.line_of(item.path) if places else None,
                xpath=conversion.xpath_of(report, item.path),
            ),
        )
        for item in broken
    )
