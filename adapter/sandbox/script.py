"""Which fault strikes which call: rules as data, counted as calls come, changed while the sandbox runs.

A rule names a fault, says which calls it is for, and how often it strikes:

    [[fault]]
    name = "http-503"
    service = "EDS_TEMP_FILES"
    operation = "UPLOAD"
    nth = 2            # spare the first matching call
    count = 3          # strike three times; 0 = always
    retry_after = 5    # parameter of this fault

    [[fault]]
    name = "http-503"
    share = 0.1        # of the matching calls, every tenth by chance; with it count is 0 unless it is given

Every rule counts the calls that match it by itself. Chance is a digest of the script's `seed`, the rule's own words and
that count, so that the same script strikes the same calls again, whatever the threads do meanwhile.

Of the rules of one stage that are due, the first one written strikes (on a PUSH all of them do: a notice may be late and
mangled); one that did not get to strike keeps its turn.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import RLock
from types import MappingProxyType
from typing import Any

from adapter.errors import Final
from adapter.sandbox.faults import (
    CONTRADICTED,
    DOCUMENT_FAULTS,
    FAULTS,
    LARGEST_NUMBER,
    LARGEST_SKEW,
    LONGEST_SECONDS,
    NOTICE_FAULTS,
    Stage,
    Value,
)

_MATCHERS = ("service", "sender", "operation", "addressee", "href")
_FORMS = ("utf8-as-cp1251", "cp1251-as-latin1", "cp1251-as-utf8")
_TOP = ("seed", "fault")
_BEFORE_THE_CALL = frozenset({"connection-reset", "slow-read"})
_SEEDS = 2**63
MOST_RULES = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """What a rule is matched against; None is "not known", which only a rule silent about it matches.

    sender, addressees   every name the side is known by: code, account, member number
    size                 bytes of a request that is not read yet
    """

    service: str | None = None
    sender: frozenset[str] = frozenset()
    operation: str | None = None
    addressees: frozenset[str] = frozenset()
    href: str | None = None
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule.

    nth     the first matching call that it may strike, from 1
    count   how many it strikes from there; 0 = all
    share   of the matching calls from there, 0 to 1, which are struck by chance; None: every one
    seed    what that chance follows from: the script's
    """

    fault: str
    service: str | None = None
    sender: str | None = None
    operation: str | None = None
    addressee: str | None = None
    href: str | None = None
    nth: int = 1
    count: int = 1
    share: float | None = None
    seed: int = 0
    parameters: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def stage(self) -> Stage:
        """Where the fault acts."""
        return FAULTS[self.fault].stage

    def matches(self, occasion: Occasion) -> bool:
        """Whether the rule is for this call; what the rule does not name matches anything."""
        return (
            self.service in {None, occasion.service}
            and (self.sender is None or self.sender in occasion.sender)
            and self.operation in {None, occasion.operation}
            and (self.addressee is None or self.addressee in occasion.addressees)
            and self.href in {None, occasion.href}
            and (self.fault not in DOCUMENT_FAULTS or _is_document(occasion))
            and (self.fault not in NOTICE_FAULTS or not _is_document(occasion))
            and (self.fault != "notice-contradicted" or occasion.operation in CONTRADICTED)
            and (self.fault != "slow-read" or occasion.size >= self.number("above"))
        )

    def draws(self, number: int) -> bool:
        """Whether chance lets it strike its matching call of this number."""
        if self.share is None:
            return True
        words = json.dumps([self.seed, number, self.as_json()], sort_keys=True, ensure_ascii=False)
        drawn = int.from_bytes(sha256(words.encode()).digest()[:8], "big")
        return drawn < self.share * 2**64

    def value(self, name: str) -> Value:
        """A parameter, the fault's default when the rule does not give it."""
        return self.parameters.get(name, FAULTS[self.fault].parameters[name])

    def number(self, name: str) -> float:
        """A parameter that is a number."""
        return float(self.value(name))

    def as_json(self) -> dict[str, object]:
        """The rule as it is written in a script."""
        given = {name: getattr(self, name) for name in _MATCHERS if getattr(self, name) is not None}
        if self.share is not None:
            given["share"] = self.share
        return {"name": self.fault, **given, "nth": self.nth, "count": self.count, **self.parameters}


class Script:
    """The rules in force. Safe to use from several threads."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._lock = RLock()
        self._turns: list[_Turn] = []
        self.add(*rules)

    def add(self, *rules: Rule) -> None:
        """Append rules; Final `sandbox.script-too-long` above a thousand."""
        with self._lock:
            if len(self._turns) + len(rules) > MOST_RULES:
                raise Final("sandbox.script-too-long", params={"limit": MOST_RULES})
            self._turns += [_Turn(rule) for rule in rules]

    def clear(self) -> None:
        """Forget every rule and its count."""
        with self._lock:
            self._turns.clear()

    def rules(self) -> tuple[tuple[Rule, int], ...]:
        """The rules and how often each has struck."""
        with self._lock:
            return tuple((turn.rule, turn.struck) for turn in self._turns)

    def due(self, stage: Stage, occasion: Occasion, *, only: str | None = None) -> Rule | None:
        """The rule that strikes now; None when none does. Counts the call for every rule it matches.

        only    rules of this one fault; the others do not count the call
        """
        with self._lock:
            due = self._counted(stage, occasion, lambda fault: only in {None, fault})
            return due[0].strike() if due else None

    def all_due(self, stage: Stage, occasion: Occasion, *, without: str | None = None) -> tuple[Rule, ...]:
        """Every rule that strikes now.

        without  rules of this fault do not count the call
        """
        with self._lock:
            due = self._counted(stage, occasion, lambda fault: fault != without)
            return tuple(turn.strike() for turn in due)

    def _counted(self, stage: Stage, occasion: Occasion, concerns: Callable[[str], bool]) -> list[_Turn]:
        matching = [
            turn
            for turn in self._turns
            if turn.rule.stage is stage and concerns(turn.rule.fault) and turn.rule.matches(occasion)
        ]
        for turn in matching:
            turn.seen += 1
        return [turn for turn in matching if turn.is_due]


class _Turn:
    """A rule and its counts."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.struck = 0

    def strike(self) -> Rule:
        self.struck += 1
        return self.rule

    @property
    def is_due(self) -> bool:
        rule = self.rule
        return self.seen >= rule.nth and (rule.count == 0 or self.struck < rule.count) and rule.draws(self.seen)


def rules_from_toml(text: str) -> tuple[Rule, ...]:
    """The rules of a script; Final with code `sandbox.script-*` when it cannot be read as a whole."""
    try:
        mapping = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Final("sandbox.script-unreadable", params={"reason": str(error)}) from error
    return rules_from(mapping)


def rules_from(mapping: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules under the key `fault`, with the script's `seed`; any other key is refused, never skipped."""
    for name in mapping:
        if name not in _TOP:
            raise Final("sandbox.script-unknown-key", params={"key": name, "known": ", ".join(_TOP)})
    seed = mapping.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < _SEEDS:
        raise Final("sandbox.script-bad-value", params={"key": "seed", "value": str(seed)[:100]})
    tables = mapping.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Final("sandbox.script-unknown-key", params={"key": "fault", "known": "[[fault]]"})
    return tuple(_rule(table, seed) for table in tables)


def _rule(table: dict[str, Any], seed: int) -> Rule:
    name = table.get("name")
    if not isinstance(name, str) or name not in FAULTS:
        raise Final("sandbox.unknown-fault", params={"name": str(name), "known": ", ".join(FAULTS)})
    fault = FAULTS[name]
    known = ("name", *_MATCHERS, "nth", "count", "share", *fault.parameters)
    for key in table:
        if key not in known:
            raise Final("sandbox.script-unknown-key", params={"key": f"{name}.{key}", "known": ", ".join(known)})
    matchers = {key: _text(name, key, table[key]) for key in _MATCHERS if key in table}
    share = _share(name, table["share"]) if "share" in table else None
    if name in _BEFORE_THE_CALL and matchers:
        raise Final("sandbox.script-bad-value", params={"key": f"{name}.{next(iter(matchers))}", "value": "-"})
    return Rule(
        fault=name,
        **matchers,
        nth=_whole(name, "nth", table.get("nth", 1), least=1),
        count=_whole(name, "count", table.get("count", 0 if share is not None else 1), least=0),
        share=share,
        seed=seed,
        parameters=MappingProxyType(
            {
                key: _parameter(name, key, table[key], default)
                for key, default in fault.parameters.items()
                if key in table
            }
        ),
    )


def _parameter(fault: str, key: str, value: object, default: Value) -> Value:
    """The value in the type of the default, within bounds: a script cannot ask the sandbox to sleep for ever."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise _bad(fault, key, value)
        return value
    if isinstance(default, str):
        text = _text(fault, key, value)
        if key == "form" and text not in _FORMS:
            raise _bad(fault, key, value)
        return text
    if isinstance(default, int):
        return _whole(fault, key, value, least=0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _bad(fault, key, value)
    if not (abs(value) <= LARGEST_SKEW if key == "skew" else 0 <= value <= LONGEST_SECONDS):
        raise _bad(fault, key, value)
    return float(value)


def _share(fault: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _bad(fault, "share", value)
    return float(value)


def _whole(fault: str, key: str, value: object, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST_NUMBER:
        raise _bad(fault, key, value)
    return value


def _text(fault: str, key: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _bad(fault, key, value)
    return str(value)


def _bad(fault: str, key: str, value: object) -> Final:
    return Final("sandbox.script-bad-value", params={"key": f"{fault}.{key}", "value": str(value)[:100]})


def _is_document(occasion: Occasion) -> bool:
    return occasion.operation is not None and occasion.operation.startswith("doc")
