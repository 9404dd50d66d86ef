"""What verify shows and writes: lines for a person with a table at the end, or one of the forms for a file."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.text import Text

from adapter import texts
from adapter.cli.screen import BAD, GOOD, UNSURE, Screen
from adapter.composition.audit_forms import Findings
from adapter.errors import Final, Place
from adapter.texts import Language
from adapter.usecases.verdict import Verdict

Form = Literal["text", "json", "html"]

_MARKS = {"TOTAL-PASSED": GOOD, "TOTAL-FAILED": BAD, "INDETERMINATE": UNSURE}
_SHOWN = 20
"""Names of files that were not judged; all are counted."""

_WORDS = {
    "chain": {"kk": "құжаттар тізбегі", "ru": "цепочка документов", "en": "chain of documents"},
    "verdict": {"kk": "қорытынды", "ru": "вывод", "en": "verdict"},
    "reason": {"kk": "себебі", "ru": "причина", "en": "reason"},
    "count": {"kk": "саны", "ru": "число", "en": "count"},
    "unread": {"kk": "тексерілмеді", "ru": "не проверено", "en": "not judged"},
    "all": {"kk": "барлығы", "ru": "всего", "en": "in all"},
}


def show(screen: Screen, findings: Findings, form: Form) -> None:
    """The report on standard output, in one of its forms."""
    if form == "json":
        for row in findings.rows():
            screen.json(row)
    elif form == "html":
        sys.stdout.write(findings.page(screen.language).decode())
    else:
        _lines(screen, findings)


def write(findings: Findings, form: Form, output: Path, language: Language) -> None:
    """The report as a file. Raises Final `file.not-written`."""
    content = findings.page(language) if form == "html" else _json_lines(findings)
    try:
        output.write_bytes(content)
    except OSError as error:
        raise Final("file.not-written", place=Place(file=output.name), params={"file": output.name}) from error


def _json_lines(findings: Findings) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in findings.rows()).encode(
        "utf-8", "backslashreplace"
    )


def _lines(screen: Screen, findings: Findings) -> None:
    for verdict in findings.verdicts:
        _line(screen, verdict)
    for link in findings.links:
        if link.conclusion != "TOTAL-PASSED":
            screen.say(_MARKS[link.conclusion], f" {link.kind}: {link.source} → {link.target}")
    if findings.links:
        passed = sum(1 for link in findings.links if link.conclusion == "TOTAL-PASSED")
        screen.say(f"{_word('chain', screen)}: {passed}/{len(findings.links)}")
    _unpinned(screen, findings.verdicts)
    if findings.passed_over:
        params = {"count": len(findings.passed_over), "names": ", ".join(findings.passed_over[:_SHOWN])}
        sentence = texts.render("verify.not-judged", params, screen.language)
        screen.say(Text(f"{sentence.what} {sentence.to_do}"))
    if len(findings.verdicts) > 1:
        _summary(screen, findings.verdicts)


def _line(screen: Screen, verdict: Verdict) -> None:
    if verdict.error is not None:
        sentence = texts.render(str(verdict.error["error"]), dict(verdict.error["params"]), screen.language)
        screen.say(UNSURE, " ", Text(str(verdict.error["error"]), "bold"), f"  {verdict.file}")
        screen.say("    ", f"{sentence.what} {sentence.to_do}".rstrip())
        return
    signers = ", ".join(str((one.get("signer") or {}).get("common_name") or "—") for one in verdict.signatures)
    sub = f" {verdict.sub_indication}" if verdict.sub_indication else ""
    screen.say(_MARKS[verdict.indication], " ", Text(verdict.indication, "bold"), f"{sub}  {verdict.file}  {signers}")
    if verdict.indication != "TOTAL-PASSED":
        _reasons(screen, verdict)


def _reasons(screen: Screen, verdict: Verdict) -> None:
    checks = [*verdict.checks, *(check for one in verdict.signatures for check in one["checks"])]
    for check in checks:
        if check["conclusion"] in {"FAILED", "INDETERMINATE"}:
            code = str(check["id"])
            known = code if code in texts.codes() else code.removeprefix("document.")
            sentence = texts.render(known, dict(check["params"]), screen.language)
            sub = f" {check['sub_indication']}" if check.get("sub_indication") else ""
            told = f"  {check['id']}: {sentence.what} {sentence.to_do}".rstrip()
            screen.say("    ", Text(f"{check['conclusion']}{sub}", "bold"), told)


def _unpinned(screen: Screen, verdicts: Sequence[Verdict]) -> None:
    """Said once for all folders, and also when everything passed: nobody asked whether it was the exchange that spoke."""
    code = "evidence.exchange-not-pinned"
    count = sum(int(one["params"]["count"]) for verdict in verdicts for one in verdict.checks if one["id"] == code)
    if count:
        sentence = texts.render(code, {"count": count}, screen.language)
        screen.say(Text(f"{sentence.what} {sentence.to_do}"))


def _summary(screen: Screen, verdicts: Sequence[Verdict]) -> None:
    """How many of each verdict and reason: what somebody asks first of a thousand files."""
    counted = Counter(
        (_word("unread", screen), str(one.error["error"]))
        if one.error is not None
        else (one.indication, one.sub_indication or "")
        for one in verdicts
    )
    order = {name: place for place, name in enumerate(_MARKS)}
    rows: list[Sequence[object]] = [
        (verdict, reason or "—", count)
        for (verdict, reason), count in sorted(
            counted.items(), key=lambda one: (order.get(one[0][0], len(order)), -one[1], one[0][1])
        )
    ]
    rows.append((_word("all", screen), "", len(verdicts)))
    screen.say("")
    screen.table([_word(key, screen) for key in ("verdict", "reason", "count")], rows)


def _word(key: str, screen: Screen) -> str:
    return _WORDS[key][screen.language.value]
