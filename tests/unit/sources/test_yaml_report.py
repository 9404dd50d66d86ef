"""Report files in YAML and JSON: read with every finding at once, completed in one place, written back without loss."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter import conversion, texts
from adapter.domain.document import DocumentType
from adapter.domain.header import RulesetRef
from adapter.errors import Severity
from adapter.sources import SourceContext, dump_json, dump_yaml, read_report
from adapter.texts import Language
from tests import corpus

RULESET = RulesetRef(id="RK-GOV-1141-2010", version="2021-03-18")
ROOTS = pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)

NIL = """\
treatyInformation:
  header:
    reportingYear: 2026
    sender: KZ-MOF
    responsibleSubdivision: {kk: Департамент, ru: Департамент}
    registrationNumber: 0101
    registrationDate: 2026-11-02
    accessMarking: public
    signatory:
      name: {kk: Сынақова Әсел, ru: Сынакова Асель}
      position: {kk: Министр, ru: Министр}
      capacity: head
    executor: {name: Т. Орындаушы, phone: +7 000 000 00 00}
  inForceSection: {nilReturn: true}
  pendingSection: {nilReturn: true}
"""


def context(**files: bytes) -> SourceContext:
    def open_file(name):
        if name not in files:
            raise FileNotFoundError(name)
        return io.BytesIO(files[name])

    return SourceContext(
        ruleset=RULESET,
        due_date=lambda kind, year: dt.date(year, 11, 10) if kind is DocumentType.TREATY_INFORMATION else None,
        recipient=lambda kind, on: "KZ-MFA" if kind is DocumentType.TREATY_INFORMATION else None,
        open_file=open_file,
    )


NO_FILES = SourceContext(ruleset=RULESET, due_date=lambda kind, year: None)


def codes(source, severity=Severity.ERROR):
    return [finding.code for finding in source.findings if finding.severity is severity]


# --- completion --------------------------------------------------------------------------------------------------------


def test_a_short_form_is_completed_to_a_valid_document():
    source = read_report(NIL.encode(), context())
    assert source.findings == ()
    header = source.report.header
    assert header.case_id == "urn:x-elshi:case:RK-GOV-1141-2010:2021-03-18:2026:treaty-information:KZ-MOF"
    assert header.document_type is DocumentType.TREATY_INFORMATION
    assert header.action == "new"
    assert header.ruleset == RULESET
    assert header.due_date == dt.date(2026, 11, 10)
    assert header.recipient.code == "KZ-MFA"
    assert header.sender.name.ru.startswith("Министерство финансов")
    assert conversion.violations(conversion.build(source.report)) == ()


def test_a_derived_identifier_is_the_same_every_time_and_another_for_another_number():
    first, again = (read_report(NIL.encode(), context()).report.header.document_id for _ in range(2))
    other = read_report(NIL.replace("0101", "0102").encode(), context()).report.header.document_id
    next_year = NIL.replace("2026-11-02", "2027-11-02")
    assert first == again
    assert first.startswith("urn:uuid:")
    assert len({first, other, read_report(next_year.encode(), context()).report.header.document_id}) == 3


def test_nothing_that_was_written_is_changed_by_completion():
    text = NIL.replace(
        "    sender: KZ-MOF\n",
        "    sender: {code: KZ-MOF, name: {kk: А, ru: Б}}\n    dueDate: 2026-12-01\n    action: correction\n",
    )
    header = read_report(text.encode(), context()).report.header
    assert (header.sender.name.kk, header.sender.name.ru) == ("А", "Б")
    assert header.due_date == dt.date(2026, 12, 1)
    assert header.action == "correction"


def test_the_numbers_of_both_bodies_come_from_the_settings_where_the_form_gives_none():
    known = replace(context(), bins={"KZ-MOF": "991340000106", "KZ-MFA": "991340000801"})
    header = read_report(NIL.encode(), known).report.header
    assert (header.sender.bin, header.recipient.bin) == ("991340000106", "991340000801")
    stated = NIL.replace("    sender: KZ-MOF\n", "    sender: {code: KZ-MOF, bin: '991340000473'}\n")
    header = read_report(stated.encode(), replace(known, bins={"KZ-MOF": "991340000106"})).report.header
    assert (header.sender.bin, header.recipient.bin) == ("991340000473", None)


def test_a_number_keeps_its_zeros_and_a_phone_its_plus():
    header = read_report(NIL.encode(), context()).report.header
    assert header.registration_number == "0101"
    assert header.executor.phone == "+7 000 000 00 00"


# --- attachments -------------------------------------------------------------------------------------------------------

ATTACHED = NIL.replace(
    "  inForceSection",
    """\
    attachments:
      - id: A-1
        role: statistics
        title: {en: Figures}
        fileName: a.csv
        mediaType: text/csv
        language: en
        accessMarking: public
  inForceSection""",
)


def test_size_and_digest_of_an_attached_file_are_computed():
    source = read_report(ATTACHED.encode(), context(**{"a.csv": b"1;2\n"}))
    (attachment,) = source.report.header.attachments
    assert attachment.size_bytes == 4
    assert attachment.digest.value == hashlib.sha256(b"1;2\n").digest()
    assert attachment.languages == ("en",)


def test_a_missing_file_is_a_finding_with_its_line():
    source = read_report(ATTACHED.encode(), context())
    assert source.report is None
    assert "source.attachment-missing" in codes(source)
    assert next(f for f in source.findings if f.code == "source.attachment-missing").place.line == 15


def test_a_description_of_other_bytes_is_a_finding():
    text = ATTACHED.replace("language: en\n", "language: en\n        sizeBytes: 5\n")
    assert codes(read_report(text.encode(), context(**{"a.csv": b"1;2\n"}))) == ["source.attachment-differs"]


@pytest.mark.parametrize("name", ["../a.csv", "/etc/passwd", "..", ".a", "C:a"])
def test_a_file_name_with_a_path_is_never_opened(name):
    def open_file(name):
        raise AssertionError(name)

    given = SourceContext(ruleset=RULESET, due_date=lambda kind, year: None, open_file=open_file)
    assert "source.attachment-name" in codes(read_report(ATTACHED.replace("a.csv", name).encode(), given))


# --- findings ----------------------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_is_told_at_once_each_with_line_and_place():
    text = (
        NIL.replace("reportingYear: 2026", "reportingYear: twenty")
        .replace("capacity: head", "capacity: deputy")
        .replace("registrationDate: 2026-11-02", "registrationDate: 02.11.2026")
        .replace("    accessMarking: public\n", "")
        .replace("executor: {name", "executer: {name")
        .replace("{nilReturn: true}", "{nilReturn: perhaps}", 1)
    )
    source = read_report(text.encode(), context(), file="report.yaml")
    assert source.report is None
    found = {(item.code, item.place.line, item.place.xpath) for item in source.findings}
    header = "/TreatyInformation/Header"
    assert ("source.not-a-year", 3, f"{header}/ReportingYear") in found
    assert ("source.unknown-code", 11, f"{header}/Signatory/Capacity") in found
    assert ("source.not-a-date", 7, f"{header}/RegistrationDate") in found
    assert ("source.missing-field", 2, f"{header}/AccessMarking") in found
    assert ("source.unknown-key-meant", 12, header) in found
    assert ("source.not-yes-or-no", 13, "/TreatyInformation/InForceSection/NilReturn") in found
    assert all(item.place.file == "report.yaml" for item in source.findings)


def test_an_unknown_key_names_the_one_that_was_meant_and_an_unknown_code_those_allowed():
    source = read_report(NIL.replace("capacity: head", "capasity: deputy\n      capacity: boss").encode(), context())
    by_code = {item.code: item.params for item in source.findings}
    assert by_code["source.unknown-key-meant"]["meant"] == "capacity"
    assert by_code["source.unknown-code"]["allowed"] == "head, acting-head"


def test_a_value_that_an_open_list_does_not_have_is_a_warning_only():
    source = read_report(ATTACHED.replace("role: statistics", "role: statistic").encode(), context(**{"a.csv": b""}))
    assert source.report is not None
    assert codes(source) == []
    assert codes(source, Severity.WARNING) == ["source.not-in-list"]
    assert "statistics" in source.findings[0].params["near"]


def test_a_body_that_nobody_knows_is_told_with_those_that_are_near():
    source = read_report(NIL.replace("sender: KZ-MOF", "sender: KZ-MOFF").encode(), context())
    assert "source.missing-field" in codes(source)
    assert "KZ-MOF" in next(f for f in source.findings if f.code == "source.not-in-list").params["near"]


def test_a_language_not_written_yet_is_left_to_the_rules():
    source = read_report(NIL.replace("{kk: Министр, ru: Министр}", "{kk: Министр}").encode(), context())
    assert source.findings == ()
    assert source.report.header.signatory.position.ru == ""


def test_a_text_without_languages_is_told():
    source = read_report(NIL.replace("{kk: Министр, ru: Министр}", "Министр").encode(), context())
    assert codes(source) == ["source.not-bilingual"]


def test_an_access_marking_out_of_the_list_stops_everything_and_nothing_is_repeated():
    text = NIL.replace("accessMarking: public", "accessMarking: top-secret-marking").replace(
        "capacity: head", "capacity: deputy"
    )
    source = read_report(text.encode(), context())
    assert source.report is None
    assert [(item.code, item.severity) for item in source.findings] == [("BR-18", Severity.STOP)]
    assert source.places == {}
    assert "top-secret" not in repr(source)


@pytest.mark.parametrize(("old", "new"), [("  header:", "  headr:"), ("accessMarking:", "AccessMarking:")])
def test_a_marking_stops_also_where_it_stands_in_the_wrong_place(old, new):
    text = NIL.replace("accessMarking: public", "accessMarking: top-secret-marking").replace(old, new)
    assert [item.code for item in read_report(text.encode(), context()).findings] == ["BR-18"]


def test_letters_typed_in_two_parts_are_joined_and_that_is_said():
    source = read_report(NIL.replace("kk: Министр", "kk: Министри\u0306").encode(), context())
    assert source.report.header.signatory.position.kk == "Министрй"
    assert codes(source, Severity.INFO) == ["source.normalised"]


def test_a_control_character_is_told():
    text = json.dumps({"treatyInformation": {"header": {"registrationNumber": "a\u0000b"}}})
    assert "source.forbidden-character" in codes(read_report(text.encode(), context()))


def test_the_line_of_a_field_that_is_not_there_is_the_line_of_what_holds_it():
    source = read_report(NIL.encode(), context())
    assert source.line_of(("header", "signatory", "capacity")) == 12
    assert source.line_of(("header", "signatory", "acting_order", "number")) == 9
    assert source.line_of(("general_remarks", "kk")) == 1


# --- what is no report at all --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "source.empty"),
        (b"# nothing but a remark\n", "source.empty"),
        (b"a: [", "source.not-yaml"),
        (b"a: 1\n\tb: 2\n", "source.not-yaml"),
        (b"\xff\xfe", "source.not-utf-8"),
        (b"treatyInformation: &x {header: *x}\n", "source.alias"),
        (b"a: &x 1\nb: *x\n", "source.alias"),
        (b"<<: {a: 1}\n", "source.alias"),
        (b"a: !!python/object/apply:os.system [ls]\n", "source.tag"),
        (b"a: !x 1\n", "source.tag"),
        (b"--- a\n--- b\n", "source.several-documents"),
        (b"? [a]\n: 1\n", "source.key-not-text"),
        (b"[" * 100 + b"]" * 100, "source.too-deep"),
        (b"a: " + b"[" * 100 + b"]" * 100, "source.too-deep"),
        (b'{"a": 1,}', "source.not-json"),
        (b'{"a": 01}', "source.not-json"),
        (b'{"a": NaN}', "source.not-json"),
        (b'{"a": "\n"}', "source.not-json"),
        (b'{"a": 1} {}', "source.not-json"),
        (b"[1]", "source.unknown-document"),
        (b"reportt: {}", "source.unknown-document"),
        (b"a: 1\ntreatyInformation: {}\n", "source.unknown-document"),
        (b"treatyInformation: 5\n", "source.not-a-map"),
        (b"#" * 5_000_001, "source.too-large"),
    ],
)
def test_what_is_no_report_is_refused_with_one_finding(content, code):
    source = read_report(content, context())
    assert source.report is None
    assert codes(source) == [code]


def test_too_many_values_are_refused():
    assert codes(read_report(b"a: [" + b"1," * 200_001 + b"1]", context())) == ["source.too-many-values"]


def test_a_repeated_key_is_told_in_both_notations():
    source = read_report(
        NIL.replace("reportingYear: 2026", "reportingYear: 2026\n    reportingYear: 2026").encode(), context()
    )
    assert codes(source) == ["source.duplicate-key"]
    assert source.report is None, "which of the two is meant is not guessed"
    found = read_report(b'{"treatyInformation": {"header": {},\n "header": {}}}', context()).findings
    (duplicate,) = [item for item in found if item.code == "source.duplicate-key"]
    assert duplicate.place.line == 2
    assert duplicate.params["first"] == 1


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=60), st.text("{}[]:-&*!#\"'\n\t,a1 |>?%@`~\\", max_size=60).map(str.encode)))
def test_no_bytes_make_the_reader_fail(content):
    assert read_report(content, NO_FILES).report is None


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_value_in_any_place_makes_the_reader_fail(data):
    plain = conversion.to_plain(corpus.small(data.draw(st.sampled_from(corpus.ROOTS))))
    places = list(_places(plain))
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(
        st.sampled_from([None, "", "x", 5, True, [], {}, [[]], {"kk": 1}, "2026-02-30", "\ud800", 10**30])
    )
    source = read_report(json.dumps(plain).encode(), NO_FILES)
    why_not = [item.code for item in source.findings if item.severity in {Severity.ERROR, Severity.STOP}]
    assert (source.report is None) == bool(why_not), why_not
    if source.report is not None:
        assert read_report(dump_json(source.report).encode(), NO_FILES).report == source.report


def _places(node):
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(entries):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


# --- and back ------------------------------------------------------------------------------------------------------------


@ROOTS
@pytest.mark.parametrize("make", [corpus.small, corpus.full], ids=["small", "full"])
@pytest.mark.parametrize("dump", [dump_yaml, dump_json], ids=["yaml", "json"])
def test_what_is_written_is_read_back_as_the_same_report(root, make, dump):
    report = make(root)
    source = read_report(dump(report).encode(), NO_FILES)
    assert codes(source) == []
    assert source.report == report
    assert dump(report) == dump(make(root))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpus.reports())
def test_xml_to_yaml_to_xml_and_to_json_loses_nothing(report):
    document = conversion.build(report)
    for dump in (dump_yaml, dump_json):
        source = read_report(dump(conversion.read(document)).encode(), NO_FILES)
        assert conversion.build(source.report) == document


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "0123",
        "2026-11-02",
        "~",
        "null",
        " a ",
        "a\tb",
        "a\r\nb",
        "a\u2028b",
        "a\x85b",
        "# a",
        "- a",
        "a: b",
        "'",
        '"',
        "\ufeffa",
        "👍",
    ],
)
def test_a_text_that_yaml_could_misread_comes_back_as_it_was(text):
    from dataclasses import replace

    report = corpus.small(corpus.root_named("Receipt"))
    report = replace(report, incoming_number=text, header=replace(report.header, registration_number=text))
    for dump in (dump_yaml, dump_json):
        assert read_report(dump(report).encode(), NO_FILES).report == report


def test_a_figure_stays_a_decimal_and_a_quoted_one_a_text():
    record = {
        "name": {"kk": "а", "ru": "а"},
        "period": {"year": 2026},
        "source": {"kk": "а", "ru": "а"},
        "side": "own-right",
    }
    plain = conversion.to_plain(corpus.small(corpus.root_named("TreatyInformation")))
    full = conversion.to_plain(corpus.full(corpus.root_named("TreatyInformation")))
    records = full["treatyInformation"]["inForceSection"]["treatyRecords"][:1]
    indicators = [record | {"value": value} for value in ("@1", "@2", "@3", "@4")]
    records[0]["analysisBasis"]["factualInformation"]["indicators"] = indicators
    plain["treatyInformation"]["inForceSection"] = {"treatyRecords": records}
    for item in records:  # attachments are not in the small header
        for slot in item["analysisBasis"].values():
            for part in slot.get("recommendations", []) + slot.get("reports", []):
                part.pop("copy", None)
                part.pop("attachmentRef", None)
    text = (
        json.dumps(plain)
        .replace('"@1"', "61.50")
        .replace('"@2"', '"61.50"')
        .replace('"@3"', '{"decimal": "1"}')
        .replace('"@4"', '"about five"')
    )
    report = read_report(text.encode(), NO_FILES).report
    slot = report.in_force_section.treaty_records[0].analysis_basis.factual_information
    assert [item.value for item in slot.indicators] == [Decimal("61.50"), "61.50", Decimal(1), "about five"]


# --- words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
def test_every_finding_has_a_sentence_with_nothing_left_open(language):
    broken = [
        NIL.replace("2026\n", "x\n", 1).replace("head", "boss").replace("accessMarking: public", "acessMarking: 1"),
        ATTACHED,
        NIL.replace("{kk: Министр, ru: Министр}", "Министр").replace("{nilReturn: true}", "[]"),
        "a: [",
        "",
    ]
    for text in broken:
        for finding in read_report(text.encode(), context()).findings:
            sentence = texts.render_finding(finding, language)
            assert "{" not in str(sentence)
            assert finding.code in texts.codes()
