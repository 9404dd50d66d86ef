"""Several signatures in one container: the head, then the office; in parallel; each of what it says it covers."""

from __future__ import annotations

import io

import pytest

from signing.errors import SigningError
from signing.policy import DEFAULT_SIGNING, ETSI_BASELINE, SANDBOX_DOCUMENT
from signing.sign.container import add_signature
from signing.validation_report import Indication
from tests.unit.signing import levels_material as lm
from tests.unit.signing import xml_material as m

SECOND = "META-INF/signatures1.xml"


def _signers(container: bytes) -> list[tuple[str, tuple[str, ...]]]:
    report = lm.judged(container, SANDBOX_DOCUMENT).report
    assert report.indication is Indication.TOTAL_PASSED, m.flaws(report)
    return [(each.signer.common_name, each.covered) for each in report.signatures if each.signer]


def test_a_second_signature_touches_nothing_of_the_first() -> None:
    before, after = m.parts_of(m.good()), m.parts_of(lm.with_another(m.good(), m.other_head()))
    assert set(after) - set(before) == {SECOND}
    assert {name: after[name] for name in before} == before
    assert list(after)[: len(before)] == list(before)


@pytest.mark.parametrize("first", ["head", "other"])
def test_parallel_signatures_stand_in_either_order(first: str) -> None:
    keys = [m.head(), m.other_head()] if first == "head" else [m.other_head(), m.head()]
    container = lm.with_another(m.signed(key=keys[0]), keys[1])
    everything = (m.REPORT_NAME, "docs/a.pdf")
    names = ["Үлгі Б.", "Басқа Б."] if first == "head" else ["Басқа Б.", "Үлгі Б."]
    assert _signers(container) == [(name, everything) for name in names]


def test_the_two_signatures_are_the_same_bytes_in_either_order() -> None:
    one = m.parts_of(lm.with_another(m.signed(key=m.head()), m.other_head()))
    two = m.parts_of(lm.with_another(m.signed(key=m.other_head()), m.head()))
    assert (one[m.SIGNATURES], one[SECOND]) == (two[SECOND], two[m.SIGNATURES])


def test_a_third_and_a_fourth_follow() -> None:
    container = m.good()
    for _ in range(3):
        container = lm.with_another(container, m.other_head())
    assert len(_signers(container)) == 4


def test_each_signature_has_its_own_level() -> None:
    container = lm.with_another(lm.at_level("B-LTA"), m.other_head())
    report = lm.judged(container, SANDBOX_DOCUMENT).report
    assert report.indication is Indication.TOTAL_PASSED
    assert [each.level for each in report.signatures] == ["B-LTA", "B-B"]


def test_all_signatures_are_raised_together() -> None:
    raised = lm.raised(lm.with_another(lm.at_level("B-T"), m.other_head()), "B-LT")
    report = lm.judged(raised).report
    assert report.indication is Indication.TOTAL_PASSED
    assert [each.level for each in report.signatures] == ["B-LT", "B-LT"]


def test_two_signatures_of_one_file_are_raised_one_after_the_other() -> None:
    both = m.changed(signatures=m.wrapped(m.signature_text(), m.signature_text(key=m.other_head())))
    report = lm.judged(lm.raised(both, "B-LTA")).report
    assert report.indication is Indication.TOTAL_PASSED
    assert [each.level for each in report.signatures] == ["B-LTA", "B-LTA"]


def test_a_signature_over_some_is_not_taken_for_one_over_all() -> None:
    container = lm.with_another(m.good(), m.other_head(), names=["docs/a.pdf"])
    assert lm.judged(container, SANDBOX_DOCUMENT).report.indication is Indication.TOTAL_FAILED
    report = lm.judged(container, ETSI_BASELINE).report
    assert [each.covered for each in report.signatures] == [(m.REPORT_NAME, "docs/a.pdf"), ("docs/a.pdf",)]
    assert "asic.coverage" not in m.flaws(report)


def test_Z28_one_bad_signature_is_a_bad_container() -> None:
    parts = m.parts_of(lm.with_another(m.good(), m.other_head()))
    parts[SECOND] = parts[SECOND].replace(b"T10:15:00Z", b"T10:14:00Z")
    report = lm.judged(m.raw_zip(m.raw_entries(parts)), SANDBOX_DOCUMENT).report
    assert [each.indication for each in report.signatures] == [Indication.TOTAL_PASSED, Indication.TOTAL_FAILED]
    assert report.indication is Indication.TOTAL_FAILED


def test_N18_signatures_are_counted_over_all_files() -> None:
    """Sixteen in each of three files; the third is not judged any more."""
    text = m.signature_text()
    files = [m.wrapped(*(text.replace("S-", f"S{k}{n}-") for n in range(16))) for k in range(3)]
    parts = {**m.parts_of(m.good()), m.SIGNATURES: files[0], SECOND: files[1], "META-INF/signatures2.xml": files[2]}
    report = lm.judged(m.raw_zip(m.raw_entries(parts)), SANDBOX_DOCUMENT).report
    assert report.indication is Indication.TOTAL_FAILED
    assert [check.id for check in report.checks if check.sub_indication] == ["asic.signatures"]


@pytest.mark.parametrize(
    ("container", "names", "code"),
    [
        (m.good, ["docs/b.pdf"], "signing.data-object-missing"),
        (m.good, [], "signing.data-object-missing"),
        (m.good, [m.SIGNATURES], "signing.data-object-missing"),
        (lambda: b"no archive", None, "signing.not-a-container"),
        (lambda: m.changed(manifest=b"<a/>"), None, "signing.not-a-container"),
        (lambda: m.raw_zip([*m.raw_entries(), m.Raw(name=b"b", content=b"x", crc=1)]), None, "signing.not-a-container"),
    ],
)
def test_refuses_before_a_byte_is_written(container: object, names: list[str] | None, code: str) -> None:
    out = io.BytesIO()
    with pytest.raises(SigningError) as caught:
        add_signature(
            container(),  # type: ignore[operator]
            out,
            m.head(),
            policy=DEFAULT_SIGNING,
            signing_time=m.NOW,
            names=names,
        )
    assert (caught.value.code, out.getvalue()) == (code, b"")
