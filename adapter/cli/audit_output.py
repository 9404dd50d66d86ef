"""What verify shows and writes: lines for a person with a table at the end, or one of the forms for a file."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from adapter import texts
from adapter.cli.screen import BAD, GOOD, UNSURE, Screen
from adapter.composition.audit_forms import Findings
from adapter.errors import Final, Place
from adapter.texts import Language
from adapter.usecases.verdict import Verdict

Form = Literal["text", "json", "html", "xml"]

_MARKS = {"TOTAL-PASSED": GOOD, "TOTAL-FAILED": BAD, "INDETERMINATE": UNSURE}
_STYLES = {"plain": "", "bold": "bold", "soft": "dim", "good": "green", "bad": "bold red", "doubt": "yellow"}
_SHOWN = 20
"""Names of files that were not judged; all are counted."""

_WIDTH = 100
"""Columns of text in a file, and the most on a terminal: longer lines are hard to read."""

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
    elif form == "text" and len(findings.verdicts) == 1:
        _in_full(screen, findings, min(screen.out.width, _WIDTH) if screen.out.is_terminal else _WIDTH)
        _together(screen, findings)
    elif form == "text":
        for verdict in findings.verdicts:
            _line(screen, verdict)
        _together(screen, findings)
    else:
        sys.stdout.write(_content(findings, form, screen.language).decode())


def write(findings: Findings, form: Form, output: Path, language: Language, *, apart: bool) -> None:
    """The report as a file; with `apart` into a folder, one for each file judged.

    Raises Final `file.not-written`.
    """
    try:
        if apart and output.is_dir():
            for name, one in _named(findings, form):
                (output / name).write_bytes(_content(one, form, language))
        else:
            output.write_bytes(_content(findings, form, language))
    except OSError as error:
        raise Final("file.not-written", place=Place(file=output.name), params={"file": output.name}) from error


def _named(findings: Findings, form: Form) -> Iterator[tuple[str, Findings]]:
    """A name for each file's own report: that of the file, with a number where it stands twice."""
    ending = {"text": "txt"}.get(form, form)
    taken: set[str] = set()
    for one in findings.alone():
        name = Path(one.verdicts[0].file).name or "report"
        number = next(each for each in count(1) if (name if each == 1 else f"{name}-{each}") not in taken)
        name = name if number == 1 else f"{name}-{number}"
        taken.add(name)
        yield f"{name}.{ending}", one


def _content(findings: Findings, form: Form, language: Language) -> bytes:
    if form == "json":
        return _json_lines(findings)
    if form == "xml":
        return findings.etsi()
    if form == "html":
        return findings.page(language)
    paper = io.StringIO()
    console = Console(file=paper, soft_wrap=True, color_system=None, width=_WIDTH)
    screen = Screen(language=language, as_json=False, out=console, err=console)
    _in_full(screen, findings, _WIDTH)
    _together(screen, findings)
    return paper.getvalue().encode("utf-8", "backslashreplace")


def _json_lines(findings: Findings) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in findings.rows()).encode(
        "utf-8", "backslashreplace"
    )


def _in_full(screen: Screen, findings: Findings, width: int) -> None:
    """Everything about each file, as the page has it."""
    for lines in findings.lines(screen.language, width):
        for line in lines:
            screen.say(Text(line.text, _STYLES[line.style]))
        screen.say("")


def _together(screen: Screen, findings: Findings) -> None:
    """What is to be said of all of them: the chain, what was not asked, what was not judged, how many of each."""
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
    signers = signers or str(((verdict.evidence or {}).get("certificate") or {}).get("common_name") or "")
    sub = f" {verdict.sub_indication}" if verdict.sub_indication else ""
    screen.say(_MARKS[verdict.indication], " ", Text(verdict.indication, "bold"), f"{sub}  {verdict.file}  {signers}")
    if verdict.indication != "TOTAL-PASSED":
        _reasons(screen, verdict)


def _reasons(screen: Screen, verdict: Verdict) -> None:
    checks = [*verdict.checks, *(check for one in verdict.signatures for check in one["checks"])]
    told = [
        (f"{check['conclusion']}{sub}", f"  {check['id']}: {texts.check_sentence(check, screen.language)}")
        for check in checks
        if check["conclusion"] in {"FAILED", "INDETERMINATE"}
        for sub in [f" {check['sub_indication']}" if check.get("sub_indication") else ""]
    ]
    for conclusion, sentence in dict.fromkeys(told):
        screen.say("    ", Text(conclusion, "bold"), sentence)


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
