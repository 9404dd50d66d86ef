"""The bench reports what it measured: medians, ratios inside rounds, absent peers with their reason, bars held or missed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import schemas
import signing
from bench import __main__ as program
from bench import bars, crl, long_term, material, measure, memory, national, processes
from bench import cases as case_table


def test_a_rate_is_better_when_ours_takes_less_time():
    result = measure.row("x", [0.001, 0.002, 0.004], [0.002, 0.002, 0.016], "peer", "op/s")
    assert (result.ours, result.peer) == (500, 500)
    assert (result.ratio, result.spread, result.runs) == (2, (1, 4), 3)


def test_milliseconds_and_rates_have_the_same_ratio():
    as_time = measure.row("x", [0.001], [0.003], "peer", "ms")
    assert (as_time.ours, as_time.peer, as_time.ratio) == (1, 3, pytest.approx(3))


def test_without_a_peer_the_spread_is_of_ours():
    result = measure.row("x", [3.0, 1.0, 2.0], None, None, "MB")
    assert (result.ours, result.peer, result.ratio, result.spread) == (2, None, None, (1, 3))


def test_every_contestant_works_in_every_round_and_the_order_turns():
    seen: list[str] = []
    results = measure.compared(
        "x",
        lambda: seen.append("ours"),
        {"a": lambda: seen.append("a"), "b": lambda: seen.append("b")},
        unit="op/s",
        rounds=3,
        slice_seconds=0,
    )
    assert [each.peer_name for each in results] == ["a", "b"]
    assert [each.runs for each in results] == [3, 3]
    assert seen[-9:] == ["ours", "a", "b", "a", "b", "ours", "b", "ours", "a"]


def test_an_absent_peer_is_a_row_with_its_reason():
    absent = measure.Absent(name="peer", reason="absent: other libxml2")
    (result,) = measure.compared("x", lambda: None, {"peer": absent}, unit="op/s", rounds=1, slice_seconds=0)
    assert (result.peer, result.ratio, result.peer_name) == (None, None, "peer (absent: other libxml2)")


def test_a_row_has_the_agreed_keys_and_goes_into_json():
    row = measure.row("x", [0.001], None, None, "ms").as_json()
    assert list(row) == ["name", "ours", "peer", "peer_name", "ratio", "unit", "runs", "spread"]
    assert json.loads(json.dumps(row)) == row


def _good() -> list[measure.Result]:
    found = []
    for bar in bars.BARS:
        plain = measure.row(bar.name, [1.0], [1.0], bar.peer, "ms")
        found.append(replace(plain, **{bar.figure: bar.bound}))
    return found


@pytest.mark.parametrize("bar", bars.BARS, ids=lambda bar: bar.sentence)
def test_each_bar_is_met_at_its_bound_and_missed_beyond_it(bar: bars.Bar):
    results = _good()
    assert bar.is_met(results)
    worse = bar.bound * (0.99 if bar.must_be == "at least" else 1.01)
    beyond = [
        replace(each, **{bar.figure: worse}) if (each.name, each.peer_name) == (bar.name, bar.peer) else each
        for each in results
    ]
    assert not bar.is_met(beyond)


@pytest.mark.parametrize("bar", bars.BARS, ids=lambda bar: bar.sentence)
def test_a_bar_that_was_not_measured_is_missed(bar: bars.Bar):
    assert not bar.is_met([])


def test_a_missed_bar_ends_a_check_with_1_and_a_plain_run_with_0(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "cases", lambda: iter(()))
    monkeypatch.setattr(program, "apart", lambda *, large: iter(()))
    monkeypatch.setattr(program.os, "sched_setaffinity", lambda *_: None, raising=False)
    out = tmp_path / "results.json"
    assert program.main(["--check", "--out", str(out)]) == 1
    assert program.main(["--out", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8")) == []


def test_bars_name_rows_that_the_cases_have(monkeypatch):
    monkeypatch.setattr(long_term, "packages", lambda kind, count=1: (kind.encode(),))
    named = {case.name for case in program.cases()}
    named |= {processes.NAME, *(crl.name_of(figure) for figure in (crl.INDEXED, crl.LOOKED_UP, crl.PEAK))}
    for task in ("sign", "verify"):
        for size in ("100", "1000"):
            named |= {f"peak memory over idle, {task} attachment {size} MB", f"{task} attachment {size} MB"}
    named |= national.names()
    assert {bar.name for bar in bars.BARS} <= named


def test_the_national_rows_are_measured_in_processes_of_their_own_and_every_one_is_named():
    found = national.results(rounds=1, slice_seconds=0)
    assert {each.name for each in found} <= national.names()
    assert {national.document_row(national.PLAIN), national.hash_row("GOST 34.311", national.PLAIN)} <= {
        each.name for each in found
    }
    hashed = next(each for each in found if each.name == national.hash_row("Streebog-512", national.PLAIN))
    assert hashed.unit == "MB/s"
    if signing.national_provider().refusal is None:
        assert national.ATTACHMENT in {each.name for each in found}


def test_the_attachment_of_a_gigabyte_is_measured_when_it_is_asked_for():
    plain, large = [[name for name, _ in program.apart(large=large)] for large in (False, True)]
    assert set(large) - set(plain) == {"attachment 1000 MB, peak memory over idle"}


@pytest.mark.parametrize("evidence", long_term.EVIDENCE)
def test_a_long_term_package_that_is_measured_has_its_evidence_inside_and_one_that_fails_is_not_measured(evidence):
    first, second = long_term.packages(evidence, 2)
    assert first != second
    assert long_term.verify(first) is None
    at = first.index(b"SignatureTimeStamp") + 500
    with pytest.raises(signing.SigningError):
        long_term.verify(first[:at] + bytes([first[at] ^ 1]) + first[at + 1 :])


def test_a_package_below_the_level_is_not_measured(monkeypatch):
    monkeypatch.setattr(long_term, "POLICY", signing.SANDBOX_DOCUMENT)
    with pytest.raises(SystemExit):
        long_term.verify(material.container(material.of_document(material.SMALL)))


def test_inputs_are_taken_in_turn_and_again():
    seen: list[bytes] = []
    work = case_table.in_turn((b"a", b"b"), seen.append)
    for _ in range(3):
        work()
    assert seen == [b"a", b"b", b"a"]


def test_a_list_is_indexed_and_looked_into_in_a_process_of_its_own():
    results = crl.results(runs=1, entries=2000)
    assert [each.name for each in results] == [
        "CRL of 2,000 entries, indexed",
        "CRL of 2,000 entries, look-up",
        "CRL of 2,000 entries, peak memory of the process",
    ]
    assert [each.unit for each in results] == ["ms", "ms", "MB"]


@pytest.mark.skipif(len(processes.CORES) < 2, reason="one core")
def test_two_processes_are_compared_with_one():
    (result,) = processes.results(rounds=1, seconds=0.02, count=1)
    assert (result.name, result.peer_name, result.runs) == (processes.NAME, processes.PEER, 1)


@pytest.mark.parametrize(("size", "most"), [(material.SMALL, 5_600), (material.LARGE, 105_000)])
def test_the_measured_report_has_its_size_and_satisfies_its_schema(size: int, most: int):
    content = material.document(size)
    assert size <= len(content) <= most
    root = schemas.parse_untrusted(content)
    assert schemas.gate(root, schemas.schema_id_of(root) or "")


@pytest.mark.parametrize(
    ("verify", "signed"),
    [
        (material.verify, lambda: material.container(material.of_document(material.SMALL))),
        (material.verify_envelope, lambda: material.signed_envelope(material.SMALL)),
        (material.verify_enveloped, lambda: material.enveloped(material.SMALL)),
        (material.verify_plain, lambda: material.enveloped(material.SMALL, "xmldsig")),
    ],
    ids=["container", "envelope", "enveloped", "plain"],
)
def test_what_is_measured_verifies_and_a_verification_that_fails_is_not_measured(verify, signed):
    good = signed()
    assert verify(good) is None
    middle = len(good) // 2
    with pytest.raises(signing.SigningError):
        verify(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])


def test_memory_is_measured_in_processes_of_their_own():
    results = memory.results(runs=1, size=2_000_000)
    assert [(each.name, each.unit, each.peer_name) for each in results] == [
        ("peak memory over idle, sign attachment 2 MB", "MB", None),
        ("sign attachment 2 MB", "ms", "raw SHA-256"),
        ("peak memory over idle, verify attachment 2 MB", "MB", None),
        ("verify attachment 2 MB", "ms", "raw SHA-256"),
    ]


def test_the_table_is_plain_text_with_a_line_per_row():
    lines = program.table(_good()).splitlines()
    assert len(lines) == len(bars.BARS) + 1
    assert lines[0].startswith("what")
