"""Report files in and out: empty forms, checks without a node, drafts joined with what a person wrote, publications."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapter import conversion, rendition, rules
from adapter.composition.node import Node
from adapter.composition.regular_files import read_file
from adapter.composition.report_files import Opened, open_report, source_context
from adapter.domain.document import DocumentId, DocumentType
from adapter.domain.header import Header
from adapter.domain.reference import Bilingual
from adapter.domain.report import ConsolidatedInformation, PublishedResults, Report, SummaryInformation
from adapter.errors import Final, Finding, Place, Severity
from adapter.sources import dump_json, dump_yaml, load_plain
from adapter.texts import Language
from adapter.usecases.check import Check, Checked
from adapter.usecases.convert import Attached, Composed, Convert
from adapter.usecases.facts import FactsOf
from adapter.usecases.preflight import SubmitLimits
from adapter.usecases.publish import PublicationTexts

RULESET = ("RK-GOV-1141-2010", "2021-03-18")
"""Under which ruleset a report is read and checked where no settings name one."""


class _Given:
    """A clock that stands at the moment of the command."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def running(self) -> timedelta:
        return timedelta()


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What a clerk can do with no node at all: read, check, convert. `rules_folder` may hold coverage lists."""

    now: datetime
    rules_folder: Path | None = None

    def open(self, path: Path) -> Opened:
        """A report file with its attachments."""
        return open_report(path, source_context(self._rulesets(), *RULESET, path.parent))

    def check(self, path: Path) -> Checked:
        """All findings; what the file itself breaks is among them."""
        opened = self.open(path)
        if opened.source.report is None:
            return Checked(findings=opened.source.findings)
        convert = Convert(rulesets=self._rulesets())
        check = Check(clock=_Given(self.now), convert=convert, facts=self._facts(), limits=SubmitLimits())
        checked = check(opened.source.report, opened.attachments, places=opened.places)
        return replace(checked, findings=(*opened.source.findings, *checked.findings))

    def compose(self, path: Path) -> Composed:
        """The document as it would be signed. Raises DocumentRefused with every finding."""
        opened = self.open(path)
        facts = self._facts().before_signing(opened.report, at=self.now, attachments=opened.attachments)
        convert = Convert(rulesets=self._rulesets())
        return convert(opened.report, opened.attachments, facts=facts, stage=rules.Stage.LOCK, places=opened.places)

    def draft(self, path: Path) -> tuple[Report, bytes]:
        """The report and its printed form whatever the rules say: a draft can be exported at any time."""
        report = self.open(path).report
        return report, rendition.render(report, content_digest=conversion.content_digest(report)).content

    def _rulesets(self) -> rules.Rulesets:
        return rules.load_rulesets(self.rules_folder)

    def _facts(self) -> FactsOf:
        return FactsOf(store=None, rulesets=self._rulesets(), trust=None, bins={})


def empty_form(document_type: DocumentType, language: Language) -> str:
    """A YAML form with every field, its label, cardinality and codes."""
    return conversion.template(document_type, language)


def written(report: Report, form: str) -> bytes:
    """A report as yaml, json or xml."""
    if form == "xml":
        return conversion.build(report)
    return (dump_json(report) if form == "json" else dump_yaml(report)).encode()


# --- the yearly cycle ------------------------------------------------------------------------------------------------
def write_summary(node: Node, year: int, texts: Path, folder: Path) -> Path:
    """Join the computed half of the summary with the person's, write summary.yaml and the copies of recommendations.

    Raises Final `forms.computed-part` when the person's file states what is computed.
    """
    draft = node.summarise(year)
    plain, given = _person(texts, "summaryInformation")
    comments = plain.pop("comments", {})
    computed = conversion.parts_to_plain(
        SummaryInformation,
        coverage=draft.coverage,
        source_submissions=draft.sources,
        statistics=draft.statistics,
        treaty_entries=draft.treaty_entries,
        pending_entries=draft.pending_entries,
        recommendations=draft.recommendations,
    )
    _refuse_computed(plain, computed, texts)
    for key in ("treatyEntries", "pendingEntries"):
        for entry in computed.get(key, []):
            comment = comments.get(entry["treaty"]["treatyId"])
            if comment is not None:
                entry["comment"] = comment
    attachments = conversion.parts_to_plain(Header, attachments=draft.attachments).get("attachments")
    plain["header"] = {**plain.get("header", {}), **({"attachments": attachments} if attachments else {})}
    given["summaryInformation"] = {**plain, **computed}
    return _write(node, given, folder, "summary.yaml", draft.files)


def write_consolidated(node: Node, year: int, texts: Path, folder: Path) -> Path:
    """Join the Office's text with the registered summary, write consolidated.yaml and the summary's container."""
    draft = node.consolidate(year)
    plain, given = _person(texts, "consolidatedInformation")
    computed = conversion.parts_to_plain(ConsolidatedInformation, source_summary=draft.source)
    _refuse_computed(plain, computed, texts)
    attachments = conversion.parts_to_plain(Header, attachments=(draft.attachment,)).get("attachments")
    plain["header"] = {**plain.get("header", {}), "attachments": attachments}
    given["consolidatedInformation"] = {**plain, **computed}
    return _write(node, given, folder, "consolidated.yaml", (draft.file,))


def publication_texts(path: Path) -> PublicationTexts:
    """What a person decided about the publication. Raises Final `forms.publication` when a text is missing."""
    plain, _ = _person(path, "publication")
    try:
        return PublicationTexts(
            results=_bilingual(plain["results"]),
            location=str(plain["location"]),
            treaties={str(key): _bilingual(value) for key, value in plain.get("treaties", {}).items()},
            license=plain.get("license"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Final("forms.publication", place=Place(file=path.name), params={"reason": str(error)}) from error


def write_site(node: Node, year: int, texts: Path, folder: Path) -> tuple[PublishedResults, dict[str, bytes]]:
    """Check and sign the publication and write the page in kk and ru, XML, JSON, CSV, PDF and the signed container."""
    report = node.publish(year, publication_texts(texts))
    facts = node.facts.before_signing(report, at=node.clock.now())
    composed = node.convert(report, (), facts=facts, stage=rules.Stage.PUBLISH)
    kept, _ = node.sign().container(composed, at=node.clock.now())
    assert isinstance(composed.report, PublishedResults)
    files = {
        "results.xml": composed.document.content,
        "results.json": (dump_json(composed.report)).encode(),
        "results.csv": _csv(composed.report),
        "results.pdf": composed.rendition.content,
        "results.asice": node.store.blobs.read(kept.sha256),
        "index.html": rendition.publication_page(composed.report, Language.KK),
        "ru.html": rendition.publication_page(composed.report, Language.RU),
    }
    with _draft(folder) as part:
        for name, content in files.items():
            (part / name).write_bytes(content)
    return composed.report, files


def _person(path: Path, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    given = load_plain(read_file(path, "file.unreadable"), file=path.name)
    inside = given.get(key)
    if not isinstance(inside, dict) or len(given) != 1:
        raise Final("forms.outermost-key", place=Place(file=path.name), params={"expected": key})
    for name in ("header", "comments", "treaties"):
        if not isinstance(inside.get(name, {}), dict):
            raise Final("forms.outermost-key", place=Place(file=path.name), params={"expected": f"{key}.{name}: ..."})
    return dict(inside), {}


def _refuse_computed(plain: Mapping[str, Any], computed: Mapping[str, Any], path: Path) -> None:
    """Figures are computed and never typed (RQ-8.3)."""
    typed = sorted(set(plain) & set(computed))
    if typed:
        raise Final("forms.computed-part", place=Place(file=path.name), params={"keys": ", ".join(typed)})


def _bilingual(value: Mapping[str, Any]) -> Bilingual:
    return Bilingual(kk=str(value["kk"]), ru=str(value["ru"]))


def _write(node: Node, plain: Mapping[str, Any], folder: Path, name: str, files: Sequence[Attached]) -> Path:
    """Read as the node reads what it submits: requisites come from the ruleset of its settings."""
    with _draft(folder) as part:
        for attached in files:
            with attached.open() as source, (part / attached.name).open("wb") as out:
                while chunk := source.read(1 << 18):
                    out.write(chunk)
        path = part / name
        path.write_text(json.dumps(plain, ensure_ascii=False, indent=1), encoding="utf-8")
        path.write_text(dump_yaml(node.open_report(path).report), encoding="utf-8")
    return folder / name


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """A folder whose files move into `folder` when the block ends well; otherwise nothing of them is left.

    Raises Final `file.not-written`.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
            part = Path(name)
            yield part
            folder.mkdir(exist_ok=True)
            for file in sorted(part.iterdir()):
                file.replace(folder / file.name)
    except OSError as error:
        raise Final("file.not-written", place=Place(file=folder.name), params={"file": folder.name}) from error


def _csv(report: PublishedResults) -> bytes:
    """One row per treaty; semicolons and a byte order mark, because it is opened in a spreadsheet."""
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    rows.writerow(
        ["treatyId", "titleKk", "titleRu", "scope", "parties", "status", "leadBody", "publicTextKk", "publicTextRu"]
    )
    for entry in report.treaty_entries:
        treaty = entry.treaty
        rows.writerow(
            _plain_cell(cell)
            for cell in (
                treaty.treaty_id,
                treaty.title.kk,
                treaty.title.ru,
                treaty.scope.value,
                ", ".join(party.ref.code for party in treaty.parties),
                treaty.status,
                treaty.lead_body.code,
                entry.public_text.kk,
                entry.public_text.ru,
            )
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain_cell(text: str) -> str:
    """A cell that a spreadsheet would take for a formula is shown as text."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


__all__ = [
    "Desk",
    "DocumentId",
    "Finding",
    "Severity",
    "empty_form",
    "publication_texts",
    "write_consolidated",
    "write_site",
    "write_summary",
    "written",
]
