"""One check of a verification as a sentence that says how it ended.

The sentence of a check states either what has to hold (cms, path, signer ...) or the fault that was looked for (asic,
xml ...). Said alone beside another end it would say the opposite of what was found, so the end is said with it:

                    what has to hold        a fault that was looked for
    PASSED          the sentence            "Looked for and not found: ..."
    FAILED          "Not so: ..."           the sentence
    INDETERMINATE   "Not established: ..."  the sentence
    NOT_PERFORMED   "Not examined: ..."     the sentence

Some faults are found only by comparing (`COMPARED`): where nothing was compared, nobody knows of them, and the sentence
alone would accuse. They are "Not examined. The fault that is looked for here: ...", with nothing to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.texts.language import Language
from adapter.texts.sentences import codes, render

FAULT_FAMILIES: Final = frozenset({"asic", "wss", "xades", "xml", "xmldsig"})
"""Families of checks whose sentences state a fault."""
REQUIREMENT_FAMILIES: Final = frozenset(
    {
        "cades",
        "certificate",
        "claims",
        "cms",
        "evidence",
        "ocsp-answer",
        "path",
        "policy",
        "revocation",
        "revocation-list",
        "signature",
        "signer",
        "timestamp",
    }
)
"""Families whose sentences state what has to hold; so does `document.signer-of-sender`."""
FAULTS: Final = frozenset(
    {
        "document.content",
        "evidence.container",
        "evidence.exchange-not-pinned",
        "evidence.exporters-word",
        "evidence.file",
        "evidence.proof-missing",
        "evidence.seal-absent",
        "evidence.statement",
        "evidence.unknown-file",
        "verify.content-needed",
        "verify.key-file",
    }
)
"""Single checks whose sentences state a fault, or what was not asked."""

COMPARED: Final = frozenset(
    {"asic.content", "asic.coverage", "asic.manifest-digests", "xmldsig.digests", "xmldsig.signature-value"}
)
"""Checks whose fault is found by comparing: left open, it is neither there nor absent."""

_NOT_COMPARED: Final[Mapping[Language, str]] = {
    Language.KK: "Тексерілген жоқ. Мұнда мынадай ақау ізделеді:",
    Language.RU: "Не проверялось. Здесь ищут такое нарушение:",
    Language.EN: "Not examined. The fault that is looked for here:",
}
_BEFORE: Final[Mapping[str, Mapping[Language, str]]] = {
    "PASSED": {
        Language.KK: "Ізделді, табылған жоқ:",
        Language.RU: "Искали и не нашли:",
        Language.EN: "Looked for and not found:",
    },
    "FAILED": {Language.KK: "Орындалмады:", Language.RU: "Не выполнено:", Language.EN: "Not so:"},
    "INDETERMINATE": {
        Language.KK: "Анықталмады:",
        Language.RU: "Не установлено:",
        Language.EN: "Not established:",
    },
    "NOT_PERFORMED": {
        Language.KK: "Тексерілген жоқ:",
        Language.RU: "Не проверялось:",
        Language.EN: "Not examined:",
    },
}


def check_sentence(check: Mapping[str, Any], language: Language, *, under_heading: bool = False) -> str:
    """What one check (plain form) found, and what to do where it did not pass. Never raises.

    under_heading   a heading already says that the faults named below it were not found
    """
    code, conclusion = str(check["id"]), str(check["conclusion"])
    known = code if code in codes() else code.removeprefix("document.")
    sentence = render(known, dict(check.get("params") or {}), language)
    # a place with nothing to show in it is no part of the sentence
    what = sentence.what.replace(" (—)", "").replace(": —.", ".")
    if under_heading and conclusion == "PASSED":
        return what
    if code in COMPARED and conclusion in {"NOT_PERFORMED", "INDETERMINATE"}:
        return f"{_NOT_COMPARED[language]} {what}"
    if states_a_fault(code) == (conclusion == "PASSED"):
        what = f"{_BEFORE.get(conclusion, {}).get(language, '')} {what}".lstrip()
    return what if conclusion == "PASSED" else f"{what} {sentence.to_do}".rstrip()


def states_a_fault(code: str) -> bool:
    """Whether the sentence of a check states a fault; findings on a document (`document.BR-...`) all do."""
    family = code.split(".", 1)[0]
    if family == "document":
        return code != "document.signer-of-sender"
    return code in FAULTS or family in FAULT_FAMILIES
