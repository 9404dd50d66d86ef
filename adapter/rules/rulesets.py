"""The rulesets, coverage lists and holiday lists at hand: those shipped with the program and those of a folder.

A folder may add files; it may not give a shipped id and version other content, for documents were signed under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from adapter.domain.document import BodyCode, DocumentType
from adapter.errors import Final as FinalError
from adapter.errors import Finding, SettingsRefused
from adapter.rules.json_tables import Table, read_json, refusal
from adapter.rules.ruleset import Leg, Ruleset
from adapter.rules.ruleset_file import merged, parse_reference, read_ruleset

_SHIPPED: Final = Path(__file__).resolve().parent
_MAX_CHAIN: Final = 8
"""Rulesets extending one another; a real act replaces one or two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherChannel:
    """A body reports outside the system (A9): who set this, and when. No content."""

    set_by: str
    on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedBody:
    """One body on the coverage list."""

    code: BodyCode
    other_channel: OtherChannel | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverageList:
    """The bodies expected to submit for one year (p.1, RQ-1.1). `confirmed_by` is a person's name; None: a sample."""

    year: int
    bodies: tuple[ExpectedBody, ...]
    confirmed_by: str | None = None
    confirmed_on: date | None = None

    def find(self, code: str) -> ExpectedBody | None:
        """The entry of a body, None when it is not on the list."""
        return next((body for body in self.bodies if body.code == code), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Holidays:
    """Non-working days of one year besides weekends, and weekends that were made working days."""

    year: int
    non_working: frozenset[date]
    working: frozenset[date]
    confirmed_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rulesets:
    """Everything of the rules that is data. Made by `load_rulesets`."""

    rulesets: Mapping[tuple[str, str], Ruleset]
    coverage_lists: Mapping[int, CoverageList]
    holiday_lists: Mapping[int, Holidays]

    def find(self, ruleset_id: str, version: str) -> Ruleset:
        """Raises Final `ruleset.unknown`."""
        found = self.rulesets.get((ruleset_id, version))
        if found is None:
            raise FinalError("ruleset.unknown", params={"ruleset": f"{ruleset_id}@{version}"})
        return found

    def all(self) -> tuple[Ruleset, ...]:
        """Every ruleset, by id and version."""
        return tuple(self.rulesets[key] for key in sorted(self.rulesets))

    def coverage(self, year: int) -> CoverageList | None:
        """The coverage list of a year; None when nobody gave one."""
        return self.coverage_lists.get(year)

    def holidays(self, year: int) -> Holidays | None:
        """The holiday list of a year; None when nobody gave one."""
        return self.holiday_lists.get(year)

    def governing(self, ruleset: Ruleset, document: DocumentType) -> tuple[Ruleset, Leg | None]:
        """The ruleset that governs a document's leg, and the leg there: the leg may name another ruleset (p.10).

        Raises Final `ruleset.unknown` when that ruleset is not at hand, or an id without version fits several.
        """
        leg = ruleset.leg(document)
        if leg is None or leg.ruleset is None:
            return ruleset, leg
        other = self._named(leg.ruleset)
        return other, other.leg(document) or leg

    def _named(self, name: str) -> Ruleset:
        reference = parse_reference(name)
        if reference is not None:
            return self.find(reference.id, reference.version)
        versions = [ruleset for (ruleset_id, _), ruleset in self.rulesets.items() if ruleset_id == name]
        if len(versions) != 1:
            raise FinalError("ruleset.unknown", params={"ruleset": name})
        return versions[0]


def load_rulesets(folder: Path | None = None) -> Rulesets:
    """The shipped files and those of `folder`, read once.

    Raises SettingsRefused with every broken file; a broken file never leaves the others half-used.
    """
    findings: list[Finding] = []
    raw: dict[str, tuple[str, dict[str, object]]] = {}
    coverage: dict[int, CoverageList] = {}
    holidays: dict[int, Holidays] = {}
    for path in (*_json_files(_SHIPPED), *(_json_files(folder) if folder else ())):
        try:
            content = read_json(path)
            if path.name.startswith("coverage-"):
                listed = read_coverage(content, file=path.name)
                coverage[listed.year] = (
                    listed  # the folder's list replaces the shipped sample: it is a list, not a norm
                )
            elif path.name.startswith("holidays-"):
                days = read_holidays(content, file=path.name)
                holidays[days.year] = days
            else:
                _take(raw, path.name, content)
        except SettingsRefused as refused:
            findings += refused.findings
    rulesets: dict[tuple[str, str], Ruleset] = {}
    for name, (file, content) in raw.items():
        try:
            base = _effective_base(raw, name, file=file)
            ruleset = read_ruleset(content, base, file=file)
            rulesets[ruleset.id, ruleset.version] = ruleset
        except SettingsRefused as refused:
            findings += refused.findings
    if findings:
        raise SettingsRefused(tuple(findings))
    return Rulesets(
        rulesets=MappingProxyType(rulesets),
        coverage_lists=MappingProxyType(coverage),
        holiday_lists=MappingProxyType(holidays),
    )


def _json_files(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(path for path in folder.iterdir() if path.suffix == ".json"))
    except OSError as error:
        raise SettingsRefused((refusal("ruleset.unreadable", file=folder.name),)) from error


def _take(raw: dict[str, tuple[str, dict[str, object]]], file: str, content: dict[str, object]) -> None:
    name = f"{content.get('id')}@{content.get('version')}"
    if file != f"{name}.json":
        raise SettingsRefused((refusal("ruleset.name-differs", file=file, expected=f"{name}.json"),))
    if name in raw and raw[name][1] != content:
        raise SettingsRefused((refusal("ruleset.duplicate", file=file, ruleset=name),))
    raw.setdefault(name, (file, content))


def _effective_base(
    raw: Mapping[str, tuple[str, dict[str, object]]], name: str, *, file: str
) -> dict[str, object] | None:
    """What a ruleset inherits, the chain of bases merged from the oldest on; None when it extends nothing."""
    chain: list[dict[str, object]] = []
    extended = raw[name][1].get("extends")
    while extended is not None:
        if not isinstance(extended, str) or extended not in raw:
            raise SettingsRefused((refusal("ruleset.unknown", file=file, ruleset=str(extended)),))
        if extended == name or len(chain) == _MAX_CHAIN:
            raise SettingsRefused((refusal("ruleset.circular", file=file, ruleset=name),))
        chain.append(raw[extended][1])
        extended = chain[-1].get("extends")
    base: dict[str, object] | None = None
    for content in reversed(chain):
        base = merged(content, base)
    return base


def read_coverage(content: Mapping[str, object], *, file: str) -> CoverageList:
    """A coverage list from parsed JSON. Raises SettingsRefused."""
    findings: list[Finding] = []
    table = Table(content, file=file, findings=findings)
    year = table.number("year", at_least=2000, at_most=2999)
    confirmed_by = table.text_or_none("confirmed_by")
    confirmed_on = table.day_or_none("confirmed_on")
    table.text_or_none("note", optional=True)
    bodies = tuple(_expected(body) for body in table.tables("bodies"))
    repeated = {body.code for body in bodies if sum(body.code == other.code for other in bodies) > 1}
    if repeated or not bodies:
        table.wrong("bodies", "each body once")
    table.close()
    _check_name(table, file, f"coverage-{year}.json", findings)
    table.raise_refused()
    return CoverageList(year=year, bodies=bodies, confirmed_by=confirmed_by, confirmed_on=confirmed_on)


def _expected(table: Table) -> ExpectedBody:
    other: OtherChannel | None = None
    if table.has("other_channel"):
        inner = table.table("other_channel")
        on = inner.day_or_none("on")
        set_by = inner.text("set_by")
        if on is None:
            inner.wrong("on", "YYYY-MM-DD")
        else:
            other = OtherChannel(set_by=set_by, on=on)
        inner.close()
    else:
        table.text_or_none("other_channel", optional=True)
    body = ExpectedBody(code=BodyCode(table.text("code")), other_channel=other)
    table.close()
    return body


def read_holidays(content: Mapping[str, object], *, file: str) -> Holidays:
    """A holiday list from parsed JSON. Raises SettingsRefused."""
    findings: list[Finding] = []
    table = Table(content, file=file, findings=findings)
    year = table.number("year", at_least=2000, at_most=2999)
    confirmed_by = table.text_or_none("confirmed_by")
    table.text_or_none("note", optional=True)
    days: dict[str, frozenset[date]] = {}
    for key in ("non_working", "working"):
        listed = set()
        for entry in table.tables(key):
            day = entry.day_or_none("date")
            entry.text_or_none("name", optional=True)
            if day is None or day.year != year:
                entry.wrong("date", f"a day of {year}")
            else:
                listed.add(day)
            entry.close()
        days[key] = frozenset(listed)
    table.close()
    _check_name(table, file, f"holidays-{year}.json", findings)
    table.raise_refused()
    return Holidays(year=year, non_working=days["non_working"], working=days["working"], confirmed_by=confirmed_by)


def _check_name(table: Table, file: str, expected: str, findings: list[Finding]) -> None:
    if not findings and file != expected:
        findings.append(refusal("ruleset.name-differs", file=file, expected=expected))
    table.raise_refused()
