"""The examples are true: they read, convert without loss, satisfy rules and schemas, and say the figures that are computed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapter import conversion, rendition, rules
from adapter.composition import Node
from adapter.composition.forms import Desk, publication_texts, write_consolidated, write_summary
from adapter.composition.stand import bin_of
from adapter.domain.codes import AccessMarking, SignatureVerdict
from adapter.domain.document import DocumentType
from adapter.domain.header import Attachment
from adapter.domain.reference import Digest, DocRef, LanguageText, Multilingual
from adapter.domain.report import (
    ConsolidatedInformation,
    PublishedResults,
    SourceSummary,
    SummaryInformation,
    TreatyInformation,
    Withheld,
)
from adapter.errors import Final, Severity
from adapter.settings import load_settings
from adapter.sources import dump_json, dump_yaml, read_report
from adapter.usecases import publish, summarise
from adapter.usecases.convert import Attached
from tests import factories

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
YEAR = EXAMPLES / "2026"
REPORTS: Mapping[str, tuple[str, ...]] = {
    "mof/report.yaml": (),
    "mlsp/report.yaml": (),
    "mlsp/correction/report.yaml": (),
    "menr/report.yaml": ("BR-06e",),
    "mot/report.yaml": ("BR-07c",),
    "mti/report.yaml": ("BR-06e",),
    "aspr/report.yaml": (),
    "mfa/own-report.yaml": (),
}
"""Each report and what the rules say of it before it is signed."""

FIXTURES = {
    "mof/report.yaml": "FX-1",
    "mlsp/report.yaml": "FX-2",
    "mlsp/correction/report.yaml": "FX-5",
    "menr/report.yaml": "FX-2b",
    "mot/report.yaml": "FX-3b",
    "mti/report.yaml": "FX-2c",
    "aspr/report.yaml": "FX-4",
    "mfa/own-report.yaml": "FX-3a",
}
RECEIVED = {
    "mof/report.yaml": dt.datetime(2026, 11, 2, 11, 20, 41, tzinfo=factories.ALMATY),
    "mlsp/report.yaml": dt.datetime(2026, 11, 4, 16, 3, 2, tzinfo=factories.ALMATY),
    "menr/report.yaml": dt.datetime(2026, 11, 10, 9, 12, 30, tzinfo=factories.ALMATY),
    "mot/report.yaml": dt.datetime(2026, 11, 12, 10, 0, tzinfo=factories.ALMATY),
}
"""The cast of the demonstration whose submissions are registered; of KZ-MTI nothing is."""

LABEL = factories.bi(
    "Оқу үлгісі. Мазмұны шартты және мемлекеттік органның ресми ақпараты болып табылмайды.",
    "Учебный пример. Содержание условное и не является официальной информацией государственного органа.",
)
REPORT = pytest.mark.parametrize("path", REPORTS)
NOW = dt.datetime(2026, 11, 9, 12, tzinfo=factories.ALMATY)
SUMMARY_DAY = dt.datetime(2026, 12, 8, 12, tzinfo=factories.ALMATY)


@cache
def opened(path: str) -> Any:
    return Desk(now=NOW).open(YEAR / path)


def report_of(path: str) -> TreatyInformation:
    report = opened(path).source.report
    assert isinstance(report, TreatyInformation)
    return report


def codes(findings: Any) -> tuple[str, ...]:
    return tuple(finding.code for finding in findings)


def broken(report: Any, stage: rules.Stage, **facts: Any) -> tuple[str, ...]:
    ruleset = rules.load_rulesets().find(*factories.BASELINE)
    found = rules.check_all(report, stage=stage, ruleset=ruleset, facts=factories.facts(report, **facts))
    return tuple(item.finding.code for item in found)


# --- reports ----------------------------------------------------------------------------------------------------------


def test_every_yaml_file_of_the_folder_is_spoken_of_here():
    found = {str(path.relative_to(YEAR)) for path in YEAR.rglob("*.yaml")}
    assert found == {*REPORTS, "mfa/summary.yaml", "mfa/publication.yaml", "ga/consolidated.yaml"}


@REPORT
def test_a_report_reads_without_a_finding(path):
    assert opened(path).source.findings == ()


@REPORT
def test_a_report_satisfies_its_schema_in_both_validators(path):
    assert conversion.violations(conversion.build(report_of(path))) == ()


@REPORT
def test_a_report_comes_back_from_xml_as_it_was(path):
    report = report_of(path)
    assert conversion.read(conversion.build(report)) == report


@REPORT
@pytest.mark.parametrize("dump", [dump_yaml, dump_json], ids=["yaml", "json"])
def test_form_to_xml_to_form_to_xml_gives_the_same_bytes(path, dump):
    document = conversion.build(report_of(path))
    written = dump(conversion.read(document)).encode()
    context = Desk(now=NOW).open(YEAR / path)  # the files are at hand, as they are beside the report
    assert context.source.report is not None
    source = read_report(written, _context(path))
    assert source.findings == ()
    assert source.report is not None
    assert conversion.build(source.report) == document
    assert dump(source.report).encode() == written


def _context(path: str) -> Any:
    from adapter.composition.report_files import source_context

    return source_context(rules.load_rulesets(), *factories.BASELINE, (YEAR / path).parent)


@REPORT
def test_the_rules_say_of_a_report_what_is_expected_and_no_more(path):
    assert broken(report_of(path), rules.Stage.LOCK) == REPORTS[path]
    assert codes(Desk(now=NOW).check(YEAR / path).findings) == REPORTS[path]


@REPORT
def test_on_receipt_only_the_correction_is_late(path):
    report = report_of(path)
    day = report.header.registration_date
    assert day is not None
    received = dt.datetime(day.year, day.month, day.day, 17, tzinfo=factories.ALMATY)
    late = ("BR-13",) if path == "mlsp/correction/report.yaml" else ()
    assert broken(report, rules.Stage.RECEIVE, received_at=received) == (*REPORTS[path], *late)


def test_a_report_received_in_the_last_second_is_on_time_and_one_second_later_is_late():
    last = dt.datetime(2026, 11, 10, 23, 59, 59, tzinfo=factories.ALMATY)
    report = report_of("mti/report.yaml")
    assert "BR-13" not in broken(report, rules.Stage.RECEIVE, received_at=last)
    assert "BR-13" in broken(report, rules.Stage.RECEIVE, received_at=last + dt.timedelta(seconds=1))


@REPORT
def test_a_report_has_a_printed_form(path):
    report = report_of(path)
    assert rendition.render(report, content_digest=conversion.content_digest(report)).sheets in range(1, 13)


@REPORT
def test_identifiers_are_those_of_the_worked_examples(path):
    header = report_of(path).header
    assert header.document_id == uuid.uuid5(uuid.NAMESPACE_URL, f"urn:x-elshi:fixture:{FIXTURES[path]}").urn
    assert (
        header.case_id == f"urn:x-elshi:case:RK-GOV-1141-2010:2021-03-18:2026:treaty-information:{header.sender.code}"
    )
    assert header.due_date == dt.date(2026, 11, 10)
    assert header.sender.bin == factories.BINS.get(header.sender.code)


@REPORT
def test_every_report_bears_the_label_that_its_contents_are_invented(path):
    remarks = report_of(path).general_remarks
    assert remarks is not None
    assert remarks.kk.endswith(LABEL.kk)
    assert remarks.ru.endswith(LABEL.ru)


def test_attached_files_are_those_of_the_worked_examples_byte_for_byte():
    copy = "d541776860b82280627c0e85feb9a3942fdeabbb8d40bd3fb9f903ce9d9a0d0e"
    expected = {
        "mlsp/recommendation-1-en.txt": copy,
        "mlsp/accessibility-2026.csv": "27efb06070d9237fb9ebab694b4c62a38901b9a3beb86e00246721dd0985ea7f",
        "mlsp/correction/recommendation-1-en.txt": copy,
        "mlsp/correction/accessibility-2026.csv": "eb9a99be7509ce1bff2839d285119cd6c92aa214a980266e01e1b02b1e55cad4",
    }
    assert {path: hashlib.sha256((YEAR / path).read_bytes()).hexdigest() for path in expected} == expected


def test_the_correction_names_what_it_supersedes_and_keeps_the_record():
    first, correction = report_of("mlsp/report.yaml"), report_of("mlsp/correction/report.yaml")
    assert correction.header.supersedes is not None
    assert correction.header.supersedes.document_ref.document_id == first.header.document_id
    was, now = first.in_force_section.treaty_records[0], correction.in_force_section.treaty_records[0]
    changed = factories.put(was, ("analysis_basis", "factual_information"), now.analysis_basis.factual_information)
    changed = factories.put(changed, ("proposals", 0, "target_date"), dt.date(2027, 9, 30))
    assert changed == now
    assert was != now


def test_one_treaty_has_one_description_in_every_report():
    seen: dict[str, Any] = {}
    for path in REPORTS:
        for record in (
            *report_of(path).in_force_section.treaty_records,
            *report_of(path).pending_section.pending_records,
        ):
            assert seen.setdefault(record.treaty.treaty_id, record.treaty) == record.treaty
    assert sorted(seen) == [f"urn:x-elshi:treaty:T{number}" for number in (1, 2, 3, 4, 5, 6, 8)]


# --- the summary of the demonstration ---------------------------------------------------------------------------------


def test_the_folder_of_rules_takes_the_place_of_the_shipped_sample():
    listed = rules.load_rulesets(YEAR / "rules").coverage(2026)
    assert listed is not None
    assert [body.code for body in listed.bodies] == ["KZ-MOF", "KZ-MLSP", "KZ-MENR", "KZ-MOT", "KZ-MTI", "KZ-KNB"]
    shipped = rules.load_rulesets().coverage(2026)
    assert shipped is not None
    assert len(shipped.bodies) == 9


def sources(correction: bool = False) -> tuple[Any, ...]:
    """The registered submissions as the use case hands them on; a correction is used instead of what it supersedes."""
    used = [
        path if not (correction and path == "mlsp/report.yaml") else "mlsp/correction/report.yaml" for path in RECEIVED
    ]
    return tuple(
        SimpleNamespace(
            row=SimpleNamespace(
                document_id=report_of(path).header.document_id,
                sender=report_of(path).header.sender.code,
                container=hashlib.sha256(path.encode()).hexdigest(),
                received_at=received,
            ),
            report=report_of(path),
            judged=SimpleNamespace(objects={f"attachments/{item.name}": item for item in opened(path).attachments}),
        )
        for path, received in zip(used, RECEIVED.values(), strict=True)
    )


def draft(correction: bool = False) -> summarise.SummaryDraft:
    """What `elshi summarise` computes for the cast of the demonstration."""
    loaded = rules.load_rulesets(YEAR / "rules")
    ruleset = loaded.find(*factories.BASELINE)
    listed = loaded.coverage(2026)
    assert listed is not None
    used = sources(correction)
    received = tuple(
        rules.ReceivedSubmission(
            document_id=report_of(path).header.document_id, body=report_of(path).header.sender.code, received_at=at
        )
        for path, at in RECEIVED.items()
    )
    coverage = rules.coverage_table(listed, received, ruleset, at=SUMMARY_DAY)
    recommendations, attachments, files = summarise._recommendations(used)
    return summarise.SummaryDraft(
        coverage=coverage,
        sources=tuple(summarise._source_submission(source) for source in used),
        statistics=rules.statistics(tuple(source.report for source in used), coverage),
        treaty_entries=summarise._treaty_entries(used),
        pending_entries=summarise._pending_entries(used),
        recommendations=recommendations,
        attachments=attachments,
        files=files,
    )


def written_summary(folder: Path) -> SummaryInformation:
    node: Any = SimpleNamespace(summarise=lambda year: draft(), open_report=Desk(now=SUMMARY_DAY).open)
    path = write_summary(node, 2026, YEAR / "mfa" / "summary.yaml", folder)
    source = Desk(now=SUMMARY_DAY).open(path).source
    assert source.findings == ()
    assert isinstance(source.report, SummaryInformation)
    return source.report


def test_the_half_of_the_person_and_the_computed_half_make_a_valid_summary(tmp_path):
    summary = written_summary(tmp_path)
    assert conversion.violations(conversion.build(summary)) == ()
    stored = tuple(
        rules.StoredDocument(
            document_id=source.row.document_id,
            body=source.row.sender,
            sha256=bytes.fromhex(source.row.container),
            verdict=SignatureVerdict.VALID,
        )
        for source in sources()
    )
    facts = {"stored": stored, "coverage": rules.load_rulesets(YEAR / "rules").coverage(2026)}
    assert broken(summary, rules.Stage.LOCK, **facts) == ()
    assert broken(summary, rules.Stage.SIGN, **facts) == ()
    assert summary.header.document_id == uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-elshi:fixture:FX-6").urn
    assert (summary.header.recipient and summary.header.recipient.code, summary.header.due_date) == (
        "KZ-GA",
        dt.date(2026, 12, 10),
    )
    assert rendition.render(summary, content_digest=conversion.content_digest(summary)).sheets


@pytest.mark.parametrize("correction", [False, True], ids=["first", "corrected"])
def test_the_figures_in_the_words_of_the_analysis_are_those_that_are_computed(tmp_path, correction):
    figures = draft(correction).statistics
    summary = written_summary(tmp_path)
    expected = {
        "Из {} центральных": (figures.bodies_expected, {6: "шести"}),
        "в срок представили {},": (figures.received_on_time, {3: "три"}),
        ", {} представил её с опозданием": (figures.received_late, {1: "один"}),
        "от {} органа информация в установленный срок не получена": (figures.not_received, {1: "одного"}),
        "{} орган представил её по иному каналу": (figures.other_channel, {1: "один"}),
        "охватывают {} вступивших в силу договоров": (figures.treaties_in_force, {5: "пять"}),
        "({} записей)": (figures.records_in_force, {5: "пять"}),
        "и {} подписанный, не вступивший в силу договор": (figures.pending_treaties, {1: "один"}),
        "Выявлено {} проблемных вопроса": (figures.issues, {3: "три"}),
    }
    for words, (figure, names) in expected.items():
        assert words.format(names[figure]) in summary.analysis.ru
    in_kazakh = {
        "енгізілген {} орталық": (figures.bodies_expected, {6: "алты"}),
        "органның {} ақпаратты мерзімінде ұсынды": (figures.received_on_time, {3: "үшеуі"}),
        ", {} кешіктіріп ұсынды": (figures.received_late, {1: "біреуі"}),
        "; {} органнан ақпарат белгіленген мерзімде алынған жоқ": (figures.not_received, {1: "бір"}),
        "{} орган оны өзге арна арқылы": (figures.other_channel, {1: "бір"}),
        "күшіне енген {} шартты": (figures.treaties_in_force, {5: "бес"}),
        "({} жазба)": (figures.records_in_force, {5: "бес"}),
        "күшіне енбеген {} шартты": (figures.pending_treaties, {1: "бір"}),
        "{} проблемалық мәселе анықталды": (figures.issues, {3: "Үш"}),
    }
    for words, (figure, names) in in_kazakh.items():
        assert words.format(names[figure]) in summary.analysis.kk
    assert figures.proposals == figures.issues  # "for each a proposal was made"
    assert (figures.nil_returns, figures.recommendations_of_international_organizations) == (0, 1)


def test_every_treaty_of_the_cast_has_its_comment_and_no_other(tmp_path):
    summary = written_summary(tmp_path)
    entries = (*summary.treaty_entries, *summary.pending_entries)
    assert [entry.treaty.treaty_id[-2:] for entry in entries] == ["T1", "T2", "T3", "T4", "T5", "T8"]
    assert all(entry.comment is not None for entry in entries)
    text = (YEAR / "mfa" / "summary.yaml").read_text(encoding="utf-8")
    comments = text.partition("  comments:\n")[2]
    assert re.findall(r"urn:x-elshi:treaty:(T\d):", comments) == ["T1", "T2", "T3", "T4", "T5", "T8"]
    assessed = [item.treaty.treaty_id[-2:] for item in summary.foreign_policy_assessment.items if item.treaty]
    assert set(assessed) <= {entry.treaty.treaty_id[-2:] for entry in entries}


def test_the_copy_of_the_recommendation_travels_with_the_summary(tmp_path):
    summary = written_summary(tmp_path)
    (recommendation,) = summary.recommendations.recommendations
    assert recommendation.copy == "A-1"
    assert summary.header.attachments[0].digest.value.hex().startswith("d5417768")
    assert (tmp_path / "recommendation-1-en.txt").read_bytes() == (YEAR / "mlsp/recommendation-1-en.txt").read_bytes()


@pytest.fixture
def own_rules(stand, tmp_path):
    """A node whose settings name a ruleset of its own: there the summary is due ten days later."""
    folder = tmp_path / "rules"
    folder.mkdir()
    shipped = Path(rules.__file__).parent / "RK-GOV-1141-2010@2021-03-18.json"
    content = json.loads(shipped.read_text(encoding="utf-8"))
    content |= {"id": "RK-TEST", "version": "2026-01-01"}
    (leg,) = (one for one in content["legs"] if one["document"] == "summary-information")
    leg["due"] = {**leg["due"], "day": 20}
    (folder / "RK-TEST@2026-01-01.json").write_text(json.dumps(content), encoding="utf-8")
    environment = {
        "ELSHI_RULES__FOLDER": str(folder),
        "ELSHI_RULES__ID": "RK-TEST",
        "ELSHI_RULES__VERSION": "2026-01-01",
    }
    node = Node(load_settings(stand.nodes["KZ-MFA"], environment))
    yield node
    node.close()


def test_the_summary_is_dated_by_the_ruleset_of_the_settings(own_rules, tmp_path):
    """It was read under the shipped ruleset whatever the settings said, and so signed under the wrong one."""
    node: Any = SimpleNamespace(summarise=lambda year: draft(), open_report=own_rules.open_report)
    path = write_summary(node, 2026, YEAR / "mfa" / "summary.yaml", tmp_path / "out")
    header = own_rules.open_report(path).report.header
    assert (header.ruleset.id, header.ruleset.version) == ("RK-TEST", "2026-01-01")
    assert header.due_date == dt.date(2026, 12, 20)
    assert "RK-TEST" in path.read_text(encoding="utf-8")


def test_the_recipient_of_the_summary_has_the_number_of_the_settings(stand, tmp_path):
    """The example gives none, and a Receipt is proof only under the number that the document states."""
    settings = stand.nodes["KZ-MFA"]
    settings.write_text(f'{settings.read_text()}\n[bodies.KZ-GA]\nbin = "{bin_of("KZ-GA")}"\n', encoding="utf-8")
    own = Node(load_settings(settings, {}))
    node: Any = SimpleNamespace(summarise=lambda year: draft(), open_report=own.open_report)
    path = write_summary(node, 2026, YEAR / "mfa" / "summary.yaml", tmp_path / "out")
    recipient = Desk(now=SUMMARY_DAY).open(path).report.header.recipient
    assert (recipient.code, recipient.bin) == ("KZ-GA", bin_of("KZ-GA"))


def test_a_person_who_types_a_computed_figure_is_refused(tmp_path):
    text = (YEAR / "mfa" / "summary.yaml").read_text(encoding="utf-8")
    path = tmp_path / "summary.yaml"
    path.write_text(text + "  statistics: {issues: 0}\n", encoding="utf-8")
    node: Any = SimpleNamespace(summarise=lambda year: draft())
    with pytest.raises(Final) as refused:
        write_summary(node, 2026, path, tmp_path / "out")
    assert refused.value.code == "forms.computed-part"


# --- the consolidated information and the publication -----------------------------------------------------------------


def test_the_consolidated_information_is_valid_when_it_rests_on_a_summary(tmp_path):
    summary = written_summary(tmp_path)
    container = b"container of the summary"
    digest = Digest(value=hashlib.sha256(container).digest())
    consolidation = SimpleNamespace(
        source=SourceSummary(
            document_ref=DocRef(document_id=summary.header.document_id),
            digest=digest,
            signature_verdict=SignatureVerdict.VALID,
        ),
        attachment=Attachment(
            id="A-1",
            role="other",
            title=Multilingual(texts=(LanguageText(language="ru", text="Сводная информация"),)),
            file_name="summary.asice",
            media_type="application/vnd.etsi.asic-e+zip",
            size_bytes=len(container),
            digest=digest,
            languages=("kk", "ru"),
            access_marking=AccessMarking.PUBLIC,
        ),
        file=Attached(name="summary.asice", media_type="application/zip", open=lambda: _open(tmp_path, container)),
    )
    node: Any = SimpleNamespace(consolidate=lambda year: consolidation, open_report=Desk(now=SUMMARY_DAY).open)
    path = write_consolidated(node, 2026, YEAR / "ga" / "consolidated.yaml", tmp_path / "out")
    source = Desk(now=SUMMARY_DAY).open(path).source
    assert source.findings == ()
    report = source.report
    assert isinstance(report, ConsolidatedInformation)
    assert conversion.violations(conversion.build(report)) == ()
    assert report.header.document_id == uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-elshi:fixture:FX-7a").urn
    stored = rules.StoredDocument(
        document_id=summary.header.document_id,
        body=summary.header.sender.code,
        sha256=digest.value,
        verdict=SignatureVerdict.VALID,
    )
    assert broken(report, rules.Stage.LOCK, stored=(stored,), forwarded=digest.value) == ()


def _open(folder: Path, content: bytes) -> Any:
    (folder / "container").write_bytes(content)
    return (folder / "container").open("rb")


def publication() -> PublishedResults:
    texts = publication_texts(YEAR / "mfa" / "publication.yaml")
    entries, withheld = publish._selected(sources(), texts.treaties)
    header = factories.header("publication", DocumentType.PUBLISHED_RESULTS, "KZ-MFA", None)
    return PublishedResults(
        header=header,
        source=DocRef(document_id=factories.uuid("FX-6")),
        results=texts.results,
        treaty_entries=entries,
        withheld=withheld,
        location=texts.location,
        published_at=SUMMARY_DAY,
        license=texts.license,
        formats=publish.FORMATS,
    )


def test_the_publication_gives_only_what_the_bodies_released():
    report = publication()
    submissions = tuple(
        rules.Submission(document_id=source.row.document_id, body=source.row.sender, report=source.report)
        for source in sources()
    )
    assert broken(report, rules.Stage.PUBLISH, submissions=submissions) == ()
    assert conversion.violations(conversion.build(report)) == ()
    assert [entry.treaty.treaty_id[-2:] for entry in report.treaty_entries] == ["T1", "T2", "T3", "T4", "T8"]
    assert report.withheld == (Withheld(reason="other", count=2),)


def test_the_publication_has_a_text_for_every_treaty_and_the_label():
    texts = publication_texts(YEAR / "mfa" / "publication.yaml")
    assert set(texts.treaties) == {entry.treaty.treaty_id for entry in publication().treaty_entries}
    assert texts.results.kk.endswith(LABEL.kk)
    assert texts.results.ru.endswith(LABEL.ru)
    figures = draft().statistics
    assert (figures.treaties_in_force, figures.pending_treaties) == (5, 1)
    assert "пять вступивших в силу договоров и один подписанный" in texts.results.ru
    assert "күшіне енген бес шарт және қол қойылған, күшіне енбеген бір шарт" in texts.results.kk


# --- the folder -------------------------------------------------------------------------------------------------------


def test_the_page_about_the_examples_names_every_report_and_what_the_rules_say_of_it():
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path, found in REPORTS.items():
        row = next(line for line in page.splitlines() if f"](2026/{path})" in line)
        assert all(code in row.rpartition("|")[0].rpartition("|")[2] for code in found)
    assert LABEL.kk in page
    assert LABEL.ru in page


def test_nothing_in_the_examples_is_marked_above_public():
    for path in YEAR.rglob("*.yaml"):
        assert set(re.findall(r"accessMarking: (\S+)", path.read_text(encoding="utf-8"))) <= {"public"}


def test_the_coverage_list_is_plain_json_and_names_an_invented_person():
    listed = json.loads((YEAR / "rules" / "coverage-2026.json").read_text(encoding="utf-8"))
    assert listed["confirmed_by"] == "Мысал Үлгі"


def test_a_finding_of_a_spoilt_example_names_file_and_line(tmp_path):
    text = (YEAR / "mof" / "report.yaml").read_text(encoding="utf-8")
    path = tmp_path / "report.yaml"
    path.write_text(text.replace("        noIssues: true\n", ""), encoding="utf-8")
    finding = Desk(now=NOW).check(path).findings[0]
    assert (finding.code, finding.severity, finding.place.file) == ("BR-09b", Severity.ERROR, "report.yaml")
    assert finding.place.line is not None
    assert finding.place.xpath
