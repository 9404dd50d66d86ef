"""The business rules as a table: id, severity, stages and clause of every variant; the functions stand in *_rules.

Source: content model, section 6. Tests and statistics count the rule (BR-02), texts follow the variant (BR-02c).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from adapter.errors import Severity


class Stage(StrEnum):
    """When a rule is asked. What the stage demands to be known and is not, is said as `rules.cannot-tell`."""

    DRAFT = "draft"
    LOCK = "lock"
    """Before the rendition: content only, nothing is signed yet."""
    SIGN = "sign"
    """After the signature is made and before the container counts as signed."""
    SEND = "send"
    RECEIVE = "receive"
    SUMMARY = "summary"
    """The MFA takes a submission into the summary."""
    CONSOLIDATE = "consolidate"
    """The Office takes the summary into the consolidated information."""
    PUBLISH = "publish"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One variant of one rule. `clause` in the short form of the tables; the readers' form stands in the texts."""

    id: str
    severity: Severity
    stages: frozenset[Stage]
    clause: str

    @property
    def rule(self) -> str:
        """The rule without its variant: BR-02 for BR-02c."""
        return self.id[:5]


_ERROR, _WARNING, _STOP = Severity.ERROR, Severity.WARNING, Severity.STOP
_LOCK_RECEIVE: Final = (Stage.LOCK, Stage.RECEIVE)
_DRAFT_LOCK: Final = (Stage.DRAFT, Stage.LOCK)
_SIGN_RECEIVE: Final = (Stage.SIGN, Stage.RECEIVE)
_TAKEN: Final = (Stage.RECEIVE, Stage.SUMMARY, Stage.CONSOLIDATE)

_TABLE: Final[tuple[tuple[str, Severity, tuple[Stage, ...], str], ...]] = (
    ("BR-01a", _ERROR, _LOCK_RECEIVE, "p.7"),
    ("BR-01b", _ERROR, _LOCK_RECEIVE, "p.7"),
    ("BR-02a", _WARNING, _DRAFT_LOCK, "p.7"),
    ("BR-02b", _WARNING, _DRAFT_LOCK, "p.7"),
    ("BR-02c", _WARNING, _DRAFT_LOCK, "p.7"),
    ("BR-03a", _ERROR, _TAKEN, "p.7"),
    ("BR-03b", _ERROR, (Stage.SIGN, *_TAKEN), "p.7"),
    ("BR-03c", _ERROR, _SIGN_RECEIVE, "p.7; A4, A5"),
    ("BR-04a", _ERROR, _SIGN_RECEIVE, "p.7, p.12"),
    ("BR-04b", _ERROR, (*_SIGN_RECEIVE, Stage.SUMMARY), "p.7, p.12"),
    ("BR-05a", _ERROR, (Stage.DRAFT, Stage.RECEIVE), "p.1"),
    ("BR-05b", _WARNING, (Stage.LOCK,), "p.3; A10"),
    ("BR-06a", _ERROR, _LOCK_RECEIVE, "p.5(1)"),
    ("BR-06b", _ERROR, _LOCK_RECEIVE, "p.5(1)"),
    ("BR-06c", _WARNING, _LOCK_RECEIVE, "p.5(1)"),
    ("BR-06d", _WARNING, _LOCK_RECEIVE, "p.5(1); A1"),
    ("BR-06e", _WARNING, _LOCK_RECEIVE, "good practice"),
    ("BR-06f", _WARNING, _LOCK_RECEIVE, "Law 54 art. 25"),
    ("BR-07a", _ERROR, _LOCK_RECEIVE, "p.5(2)"),
    ("BR-07b", _ERROR, _LOCK_RECEIVE, "p.5(2)"),
    ("BR-07c", _WARNING, _LOCK_RECEIVE, "p.5(2)"),
    ("BR-08", _ERROR, _LOCK_RECEIVE, "p.5(2)"),
    ("BR-09a", _ERROR, _LOCK_RECEIVE, "p.5 second part (2)"),
    ("BR-09b", _ERROR, _LOCK_RECEIVE, "p.5 second part (2)"),
    ("BR-09c", _ERROR, _LOCK_RECEIVE, "p.5 second part (2)"),
    ("BR-10a", _ERROR, _LOCK_RECEIVE, "p.6"),
    ("BR-10b", _ERROR, _LOCK_RECEIVE, "p.6"),
    ("BR-11", _ERROR, _LOCK_RECEIVE, "p.5; derived"),
    ("BR-12", _WARNING, (Stage.SUMMARY,), "p.4"),
    ("BR-13", _WARNING, (Stage.RECEIVE,), "p.5, p.8"),
    ("BR-14a", _ERROR, (Stage.LOCK, Stage.SIGN), "p.8"),
    ("BR-14b", _ERROR, (Stage.SIGN,), "p.8"),
    ("BR-15a", _ERROR, (Stage.LOCK,), "p.8"),
    ("BR-15b", _ERROR, (Stage.LOCK,), "p.9"),
    ("BR-15c", _ERROR, (Stage.LOCK,), "p.9"),
    ("BR-16a", _ERROR, _LOCK_RECEIVE, "p.10"),
    ("BR-16b", _ERROR, _LOCK_RECEIVE, "p.10"),
    ("BR-17", _ERROR, (Stage.PUBLISH,), "p.11"),
    ("BR-18", _STOP, (Stage.DRAFT, Stage.LOCK, Stage.SEND, Stage.RECEIVE), "Law 370-II; official-use rules"),
    ("BR-19a", _ERROR, _LOCK_RECEIVE, "derived"),
    ("BR-19b", _ERROR, (Stage.RECEIVE,), "derived"),
    ("BR-20a", _WARNING, (Stage.SEND,), "Law 370-II art. 7(4)"),
    ("BR-20b", _ERROR, (Stage.SEND,), "Law 370-II art. 7(4)"),
    ("BR-21", _ERROR, _LOCK_RECEIVE, "derived; A3"),
    ("BR-22", _ERROR, (Stage.DRAFT, Stage.RECEIVE), "Law 223 of 2007"),
)

VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType(
    {
        variant_id: Variant(id=variant_id, severity=severity, stages=frozenset(stages), clause=clause)
        for variant_id, severity, stages, clause in _TABLE
    }
)
"""Every variant in the order of the content model, which is the order of findings."""

NEVER_OFF: Final = frozenset({"BR-18", "BR-20"})
"""Rules that no ruleset may switch off or soften: secrecy, and the proof of receipt."""
