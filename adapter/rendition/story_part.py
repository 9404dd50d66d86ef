"""Parts of which the story of one file is put together, and how times and signers stand in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapter import texts
from adapter.texts import Language


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One check: how it ended, the sentence, its code."""

    conclusion: str
    conclusion_in_words: str
    sentence: str
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of a story under its heading: facts by name, a table, or checks.

    codes       the values of the facts are digests, identifiers and the like
    verdict     an indication or conclusion that belongs into the heading
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    checks: Sequence[Told] = ()
    codes: bool = False
    verdict: str | None = None
    verdict_in_words: str = ""


def signer_of(signature: Mapping[str, Any]) -> str:
    """Who signed, as the certificate names them."""
    signer = signature.get("signer") or {}
    names = [str(signer[key]) for key in ("common_name", "organization") if signer.get(key)]
    return ", ".join(dict.fromkeys(names)) or str(signer.get("subject") or "—")


def shown_time(stated: str) -> str:
    """A time as DD.MM.YYYY HH:MM:SS in UTC, the same in every language; what is no time as it stands."""
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        return texts.as_text(stated, Language.EN)
    if moment.tzinfo is None:
        return texts.as_text(stated, Language.EN)
    try:
        return texts.shown(moment.astimezone(UTC))
    except OverflowError:
        return texts.as_text(stated, Language.EN)
