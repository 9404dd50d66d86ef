"""Rulesets as files: strict reading, inheritance, the digest, and what of it nobody has confirmed yet.

1. A released file is never edited; a change is a new version.
2. `extends` names another ruleset as id@version. A key that the file has replaces the whole value of that key; a key it
   lacks is inherited, and everything inherited counts as unconfirmed until `confirmed_by` names who compared it.
3. The act, its term, its title and who confirmed it are never inherited.
4. Unknown keys, wrong words and switched-off rules BR-18 and BR-20 are refused, all at once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from adapter.domain.document import BodyCode, DocumentType, Sha256
from adapter.errors import Finding, Severity
from adapter.rules.json_tables import Table, refusal
from adapter.rules.ruleset import (
    Act,
    Allowance,
    CopyLanguage,
    DeadlineEvent,
    Due,
    DueYear,
    InForceScope,
    Leg,
    Need,
    OrderNeed,
    PaperCopyNeed,
    PeriodKind,
    RoleHolder,
    Ruleset,
    RulesetId,
    SignatoryRule,
    Status,
    Switches,
    Unconfirmed,
    WeekendShift,
    YesNo,
)
from adapter.rules.variants import NEVER_OFF, VARIANTS

_NEVER_INHERITED: Final = frozenset(
    {"id", "version", "status", "extends", "act", "title", "valid_from", "valid_to", "confirmed_by", "evidence"}
)
_SOURCES: Final = (
    "TreatyProvisions",
    "NationalLegalActs",
    "FactualInformation",
    "MediaPublications",
    "PeriodicReports",
    "ExternalRecommendations",
    "AdvisoryBodyProposals",
)
"""The seven sources of p.6 in its order; the schema has exactly these, so a ruleset can only confirm them."""

_REFERENCE: Final = re.compile(r"[A-Za-z0-9-]+(@[0-9A-Za-z.-]+)?", re.ASCII)
_PARTIAL: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", re.ASCII)
_MONTH_DAY: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", re.ASCII)
_CONFIRMED_MARKS: Final = ("S", "C")
"""First letters of evidence marks that need no further confirmation: seen in a source, established by experiment."""


def merged(own: Mapping[str, object], base: Mapping[str, object] | None) -> dict[str, object]:
    """The effective file: what `own` has, and from `base` what it lacks and may inherit."""
    inherited = {key: value for key, value in (base or {}).items() if key not in _NEVER_INHERITED}
    return {**inherited, **own}


def parse_reference(text: str) -> RulesetId | None:
    """id@version; None for anything else."""
    name, at, version = text.partition("@")
    return RulesetId(id=name, version=version) if _REFERENCE.fullmatch(text) and at and version else None


def read_ruleset(own: Mapping[str, object], base: Mapping[str, object] | None, *, file: str) -> Ruleset:
    """The ruleset in `own`, an already parsed JSON object, with what it inherits from `base` (effective, not raw).

    Raises SettingsRefused with every unknown key, missing key and wrong value of the file.
    """
    findings: list[Finding] = []
    effective = merged(own, base)
    table = Table(effective, file=file, findings=findings)
    ruleset_id, version = table.text("id"), table.text("version")
    status = table.choice("status", Status)
    extends = table.text_or_none("extends", optional=True)
    reference = parse_reference(extends) if extends else None
    if extends and reference is None:
        table.wrong("extends", "id@version")
    act = _act(table.table("act"))
    title = _title(table.table("title"))
    time = table.table("time")
    receipt_law = table.table("receipt_law")
    legs = tuple(_leg(leg) for leg in table.tables("legs"))
    roles = _roles(table.table("roles"))
    _check_sources(table)
    coverage = _coverage(table.table("coverage"))
    switches = _switches(table.table("switches"))
    overrides = _overrides(table.table("severity_overrides"), file=file, findings=findings)
    confirmed_by = table.text_or_none("confirmed_by")
    valid_from, valid_to = _day_with_note(table.table("valid_from")), _day_with_note(table.table("valid_to"))
    unconfirmed = _unconfirmed(table, effective, own, is_confirmed=confirmed_by is not None)
    zone, tzdata_min, holidays = time.text("zone"), time.text("tzdata_min"), time.text("holidays")
    law = " ".join((receipt_law.text("act"), receipt_law.text("article"), *receipt_law.texts("parts")))
    accepts = receipt_law.texts("accepts")
    for each in (time, receipt_law, table):
        each.close()
    table.raise_refused()
    return Ruleset(
        id=ruleset_id,
        version=version,
        status=status,
        extends=reference,
        act=act,
        title_kk=title[0],
        title_ru=title[1],
        title_en=title[2],
        valid_from=valid_from,
        valid_to=valid_to,
        zone=zone,
        tzdata_min=tzdata_min,
        holidays=holidays,
        receipt_law=law,
        accepts=accepts,
        legs=legs,
        roles=MappingProxyType(roles),
        coverage=coverage,
        switches=switches,
        overrides=MappingProxyType(overrides),
        confirmed_by=confirmed_by,
        digest=_digest(effective),
        unconfirmed=unconfirmed,
    )


def _digest(effective: Mapping[str, object]) -> Sha256:
    canonical = json.dumps(effective, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Sha256(hashlib.sha256(canonical.encode("utf-8")).hexdigest())


def _act(table: Table) -> Act:
    for change in table.tables("reworded_by", optional=True):
        change.text("number")
        change.day_or_none("date")
        change.texts("paragraphs", optional=True)
        change.close()
    if table.has("repealed_by"):
        repeal = table.table("repealed_by")
        repeal.text("number")
        repeal.day_or_none("date")
        repeal.close()
    else:
        table.text_or_none("repealed_by", optional=True)
    act = Act(
        type=table.text("type"),
        number=table.text("number"),
        date=table.day_or_none("date"),
        adilet=table.text_or_none("adilet"),
    )
    table.close()
    return act


def _title(table: Table) -> tuple[str | None, str | None, str | None]:
    title = (table.text_or_none("kk"), table.text_or_none("ru"), table.text_or_none("en"))
    table.close()
    return title


def _day_with_note(table: Table) -> date | None:
    day = table.day_or_none("value")
    table.text_or_none("note", optional=True)
    table.close()
    return day


def _leg(table: Table) -> Leg:
    recipient = table.text_or_none("to")
    due = _due(table.table("due")) if table.has("due") else None
    if due is None:
        table.text_or_none("due")
    for attachment in table.tables("attachments", optional=True):
        attachment.text("role")
        attachment.text("when")
        attachment.close()
    signatory = table.choice("signatory", SignatoryRule) if table.has("signatory") else None
    governing = table.text_or_none("ruleset", optional=True)
    if governing and not _REFERENCE.fullmatch(governing):
        table.wrong("ruleset", "id, id@version")
    leg = Leg(
        document=table.choice("document", DocumentType),
        sender=table.text("from"),
        recipient=recipient,
        paragraphs=table.texts("paragraphs"),
        due=due,
        languages=table.texts("languages", optional=True) or ("kk", "ru"),
        paper_copy=table.choice("paper_copy", PaperCopyNeed, default=PaperCopyNeed.NOT_REQUIRED),
        channels=table.texts("channel"),
        channel_prescribed=table.flag("channel_prescribed", default=False),
        signatory=signatory,
        ruleset=governing,
    )
    table.close()
    return leg


def _due(table: Table) -> Due:
    due = Due(
        month=table.number("month", at_least=1, at_most=12),
        day=table.number("day", at_least=1, at_most=31),
        year=table.choice("year", DueYear),
    )
    try:
        date(2000, due.month, due.day)
    except ValueError:
        table.wrong("day", "a day of the month")
    table.close()
    return due


def _roles(table: Table) -> dict[str, tuple[RoleHolder, ...]]:
    roles: dict[str, tuple[RoleHolder, ...]] = {}
    for role in table.names():
        holders = []
        for holder in table.tables(role):
            since, until = (holder.text_or_none(key, optional=True) for key in ("from", "to"))
            for key, value in (("from", since), ("to", until)):
                if value is not None and not _PARTIAL.fullmatch(value):
                    holder.wrong(key, "YYYY, YYYY-MM, YYYY-MM-DD")
            holders.append(RoleHolder(code=BodyCode(holder.text("code")), from_=since, to=until))
            holder.close()
        roles[role] = tuple(holders)
    return roles


def _check_sources(table: Table) -> None:
    if table.texts("sources_p6") not in {_SOURCES, ()}:
        table.wrong("sources_p6", ", ".join(_SOURCES))


def _coverage(table: Table) -> str:
    name = table.text("list")
    other = table.table("other_channel")
    other.flag("allowed")
    other.text("set_by")
    other.close()
    table.close()
    return name


def _month_day(table: Table, key: str) -> tuple[int, int] | None:
    value = table.text_or_none(key)
    if value is None:
        return None
    if not _MONTH_DAY.fullmatch(value):
        table.wrong(key, "MM-DD")
        return None
    return int(value[:2]), int(value[3:])


def _switches(table: Table) -> Switches:
    period, deadline, signing = table.table("A2"), table.table("A3"), table.table("A5")
    copies, publication = table.table("A6"), table.table("A7")
    switches = Switches(
        in_force_scope=table.choice("A1", InForceScope),
        period=period.choice("period", PeriodKind),
        supplement_until=_month_day(period, "supplement_until"),
        weekend_shift=deadline.choice("weekend_shift", WeekendShift),
        deadline_event=deadline.choice("event", DeadlineEvent),
        warn_days=deadline.number("warn_days", at_least=0, at_most=366),
        signatory_capacity=table.choice("A4", SignatoryRule),
        summary_signatory=signing.choice("summary", SignatoryRule),
        consolidated_signatory=signing.choice("consolidated", SignatoryRule),
        copy_language=copies.choice("copy_language", CopyLanguage),
        translation=copies.choice("translation", Need),
        publication_due=_month_day(publication, "due"),
        publication_formats=publication.texts("formats"),
        withheld=publication.text("withheld"),
        self_submission=table.choice("A8", YesNo) is YesNo.YES,
        other_channel=table.choice("A9", Allowance) is Allowance.ALLOWED,
        subdivision_order=table.choice("A10", OrderNeed),
    )
    for each in (period, deadline, signing, copies, publication, table):
        each.close()
    return switches


_WEIGHT: Final = {severity: weight for weight, severity in enumerate(reversed(Severity))}


def _overrides(table: Table, *, file: str, findings: list[Finding]) -> dict[str, Severity | None]:
    overrides: dict[str, Severity | None] = {}
    for variant in table.names():
        if variant not in VARIANTS:
            findings.append(refusal("ruleset.unknown-key", file=file, key=f"severity_overrides.{variant}"))
            continue
        word = table.text(variant)
        if word != "off" and word not in set(Severity):
            table.wrong(variant, ", ".join((*Severity, "off")))
            continue
        severity = None if word == "off" else Severity(word)
        standard = VARIANTS[variant]
        softened = severity is None or _WEIGHT[severity] < _WEIGHT[standard.severity]
        if standard.rule in NEVER_OFF and softened:
            findings.append(refusal("ruleset.not-switchable", file=file, rule=variant))
            continue
        overrides[variant] = severity
    return overrides


# --- what is not confirmed -------------------------------------------------------------------------------------------
def _unconfirmed(
    table: Table, effective: Mapping[str, object], own: Mapping[str, object], *, is_confirmed: bool
) -> tuple[Unconfirmed, ...]:
    evidence = table.table("evidence")
    leaves = tuple(_leaves(effective))
    known = set(leaves) | {path for leaf in leaves for path in _parents(leaf)}
    found: dict[str, str] = {}
    if not is_confirmed:
        found |= {leaf: "inherited" for leaf in leaves if re.split(r"[.\[]", leaf)[0] not in own}
    for path in evidence.names():
        mark = evidence.text(path)
        if path not in known:
            evidence.wrong(path, "a path in this file")
        elif not mark.startswith(_CONFIRMED_MARKS):
            found[path] = mark
    return tuple(Unconfirmed(path=path, reason=reason) for path, reason in found.items())


def _leaves(value: object, path: str = "") -> Iterator[str]:
    """Paths of the single norms: members of tables, and lists of plain values as one norm each."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if path or key not in {"evidence", "severity_overrides"}:
                yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for position, item in enumerate(value):
            yield from _leaves(item, f"{path}[{position}]")
    else:
        yield path


def _parents(path: str) -> Iterator[str]:
    for position, character in enumerate(path):
        if character in ".[":
            yield path[:position]
