"""One question to a foreign program, or to us about what a foreign program made, and what the answer should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Literal

Verdict = Literal["accepts", "refuses", "unclear"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """`ask` gets an empty folder and gives the verdict with the words it was told in."""

    tool: str
    name: str
    expected: str
    ask: Callable[[Path], tuple[str, str]]

    def obtained(self, folder: Path) -> tuple[str, str]:
        return self.ask(folder)


def _told(
    expected: Verdict, says: str, run: Callable[[Path], CompletedProcess[str]]
) -> Callable[[Path], tuple[str, str]]:
    """The verdict of a program that ends with 0 or not; "unclear" when its words are not those of the verdict expected.

    A refusal counts only with the words of its reason, for a misspelt option makes a program "refuse" too.
    """

    def ask(folder: Path) -> tuple[str, str]:
        done = run(folder)
        verdict: Verdict = "accepts" if done.returncode == 0 else "refuses"
        is_clear = verdict != expected or says in done.stderr + done.stdout
        return (verdict if is_clear else "unclear"), done.stderr + done.stdout

    return ask


def accepts(tool: str, name: str, says: str, run: Callable[[Path], CompletedProcess[str]]) -> Case:
    return Case(tool=tool, name=name, expected="accepts", ask=_told("accepts", says, run))


def refuses(tool: str, name: str, says: str, run: Callable[[Path], CompletedProcess[str]]) -> Case:
    return Case(tool=tool, name=name, expected="refuses", ask=_told("refuses", says, run))


def flipped(content: bytes, after: bytes = b"", offset: int | None = None) -> bytes:
    """`content` with one byte changed: behind the mark `after`, at `offset`, or in the middle.

    Behind a mark stands text or base64: there one letter becomes another, so that it is still text or base64.
    """
    if after:
        at = content.index(after) + len(after)
        return content[:at] + (b"B" if content[at : at + 1] == b"A" else b"A") + content[at + 1 :]
    at = len(content) // 2 if offset is None else offset
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
