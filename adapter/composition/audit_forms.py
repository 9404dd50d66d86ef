"""What an audit found, as an auditor takes it away: JSON, its schema, a page, plain text, the ETSI report.

All are made from one plain form, the JSON of verify (verification-report.schema.json); none reads a signature again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any

from adapter import rendition
from adapter.texts import Language
from adapter.usecases.verdict import Link, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Everything that one run of verify found.

    links           how the documents judged rest on each other
    passed_over     names of files that lay in the folders named and were not judged
    terms           what the whole was judged under (auditor.terms_of)
    """

    verdicts: Sequence[Verdict]
    links: Sequence[Link]
    passed_over: Sequence[str]
    terms: Mapping[str, Any]

    def rows(self, shown: int = 20) -> list[dict[str, Any]]:
        """One plain object for each file, as --json prints them; `shown` names of files that were not judged."""
        not_judged = {"count": len(self.passed_over), "names": list(self.passed_over[:shown])}
        rows = []
        for verdict in self.verdicts:
            document = (verdict.subject or {}).get("documentId")
            chain = [asdict(link) for link in self.links if document is not None and link.source == document]
            rows.append({**verdict.as_json(), "chain": chain, "not_judged": not_judged})
        return rows

    def page(self, language: Language) -> bytes:
        """One page in HTML, complete in itself."""
        plain = [one.as_json() for one in self.verdicts]
        links = [asdict(link) for link in self.links]
        return rendition.audit_page(
            plain, links, language, passed_over=self.passed_over, terms=self.terms, program=program()
        )

    def lines(self, language: Language, width: int) -> Iterator[tuple[rendition.Line, ...]]:
        """Plain text on each file, line by line, at most `width` columns where nothing is longer by itself."""
        for row in self.rows():
            yield rendition.audit_lines(row, language, terms=self.terms, program=program(), width=width)

    def etsi(self) -> bytes:
        """The ETSI validation report (TS 119 102-2) in XML."""
        return rendition.etsi_report(self.rows(), at=str(self.terms["at"]), program=program())

    def alone(self) -> Iterator[Findings]:
        """The same, each verdict by itself; what one document rests on stays with it."""
        for verdict in self.verdicts:
            document = (verdict.subject or {}).get("documentId")
            links = [link for link in self.links if document is not None and link.source == document]
            yield replace(self, verdicts=(verdict,), links=links, passed_over=())


def report_schema() -> bytes:
    """The JSON Schema of `rows`."""
    return rendition.report_schema()


def program() -> str:
    """Name and version, as a report states them."""
    return f"elshi {version('elshi')}"
