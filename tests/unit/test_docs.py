"""What is written for people is true: links lead somewhere, commands and options exist, codes have their sentences."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from adapter.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tests.unit.command_lines import calls_in, complaint, known_commands

ROOT = Path(__file__).resolve().parents[2]
_APART = frozenset(
    {".venv", ".venv-bench", ".git", ".hypothesis", "build", "dist", "demo-output", "__pycache__", "node_modules"}
)
_CACHES = re.compile(r"\..*cache")

_FENCE = re.compile(
    r"^(?P<fence>```+|~~~+)(?P<language>[^\n`]*)\n(?P<body>.*?)^(?P=fence)\s*$", re.MULTILINE | re.DOTALL
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_SHELL = frozenset({"", "sh", "shell", "bash", "console", "text", "yaml"})


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _APART or _CACHES.fullmatch(path.name) or path.name.endswith(".egg-info"):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        elif path.is_file():
            yield path


@cache
def _files() -> tuple[Path, ...]:
    return tuple(_walk(ROOT))


PAGES = tuple(str(path.relative_to(ROOT)) for path in _files() if path.suffix == ".md")


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _without_code(text: str) -> str:
    return _SPAN.sub("", _FENCE.sub("", text))


# --- links -----------------------------------------------------------------------------------------------------------
def _anchors(page: Path) -> set[str]:
    """Anchors as the common hosts make them of headings: lower case, words joined by hyphens, punctuation dropped."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add("".join(one for one in plain.lower().replace(" ", "-") if one.isalnum() or one in "-_"))
    return found


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere, or to a heading that is not there."""
    broken: list[str] = []
    for link in _LINK.findall(_without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        is_ours = target.is_relative_to(ROOT.resolve()) or target == page
        if not is_ours or not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    assert broken_links(ROOT / page) == []


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A b!\n[x](#a-b) [x](#c) [x](nowhere.md) `[x](code.md)` <https://example.org>\n", encoding="utf-8"
    )
    assert broken_links(page) == ["#c", "nowhere.md"]


# --- commands --------------------------------------------------------------------------------------------------------
def complaints_in(text: str) -> list[str]:
    """Calls of `elshi` in code blocks and code spans that the command would not understand."""
    found: list[str] = []
    for block in _FENCE.finditer(text):
        if block["language"].strip().split(" ")[0] in _SHELL:
            found += [f"{' '.join(call)}: {wrong}" for call in calls_in(block["body"]) if (wrong := complaint(call))]
    for span in _SPAN.findall(_FENCE.sub("", text)):
        if span.startswith("elshi ") and not span.startswith("elshi <"):
            found += [f"{span}: {wrong}" for call in calls_in(span) if (wrong := complaint(call))]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_line_names_a_known_command_and_known_options(page: str) -> None:
    assert complaints_in(_text(page)) == []


def _is_shell(path: Path) -> bool:
    return path.suffix == ".sh" or path.name == "Makefile" or path.parent.name == ".ci"


@pytest.mark.parametrize("name", [str(path.relative_to(ROOT)) for path in _files() if _is_shell(path)])
def test_every_command_line_of_a_script_is_known(name: str) -> None:
    calls = [call for call in calls_in(_text(name)) if call and call[0] in known_commands()]
    assert [wrong for call in calls if (wrong := complaint(call))] == []


@pytest.mark.parametrize(
    "text",
    [
        "`elshi nosuch`",
        "`elshi submit --nosuch x`",
        "`elshi worker --settings`",
        "`elshi trust remove x`",
        "`elshi trust add --nosuch x`",
        "```sh\n$ elshi serve \\\n  --nosuch\n```",
    ],
)
def test_a_command_line_that_would_fail_is_found(text: str) -> None:
    assert len(complaints_in(text)) == 1


def test_a_command_line_that_would_work_is_left_alone() -> None:
    text = "`elshi worker --once -s a.toml` `elshi trust` `elshi trust add --set nuc-rk a.cer`\n```sh\ncd x && elshi submit --settings=a.toml b.yaml | head -n 1\n```\n"
    assert complaints_in(text) == []


# --- codes -----------------------------------------------------------------------------------------------------------
_CODE = re.compile(r"(?:[a-z][a-z0-9]*(?:-[a-z0-9]+)*\.)+[a-z0-9]+(?:-[a-z0-9]+)*")
_RULE = re.compile(r"BR-\d\d[a-z]?")
_FILE_ENDINGS = frozenset(
    {
        "py",
        "md",
        "toml",
        "json",
        "yaml",
        "yml",
        "xml",
        "xsd",
        "csv",
        "pdf",
        "asice",
        "pem",
        "txt",
        "in",
        "html",
        "typ",
        "p12",
    }
)


@cache
def _sentences() -> frozenset[str]:
    texts = tomllib.loads((ROOT / "adapter" / "texts" / "en.toml").read_text(encoding="utf-8"))
    return frozenset(texts)


@cache
def _settings_keys() -> frozenset[str]:
    found: set[str] = set()

    def collect(cls: Any, prefix: str) -> None:
        hints = get_type_hints(cls)
        for one in fields(cls):
            key = f"{prefix}{one.name}"
            found.add(key)
            for inner in (hints[one.name], *get_args(hints[one.name])):
                if is_dataclass(inner):
                    collect(inner, f"{key}.")

    collect(Settings, "")
    # The switches of the exchange are also named by their own short keys, as its reference and its list of open questions do.
    return frozenset(found | {key.removeprefix("exchange.") for key in found})


@cache
def _words_of_the_program() -> frozenset[str]:
    """Every string that the program itself says: names of audited actions and of checks are among them."""
    found: set[str] = set()
    for path in _files():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in {"adapter", "signing", "schemas"}:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {
                node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    return frozenset(found)


def unknown_codes(text: str) -> list[str]:
    """Code spans that look like a code of ours and are none."""
    families = {code.partition(".")[0] for code in _sentences() if "." in code}
    variants = {code for code in _sentences() if _RULE.fullmatch(code)}
    unknown: list[str] = []
    for span in _SPAN.findall(_FENCE.sub("", text)):
        if _RULE.fullmatch(span):
            if not any(code.startswith(span) for code in variants):
                unknown.append(span)
        elif _CODE.fullmatch(span) and span.partition(".")[0] in families:
            is_file = span.rpartition(".")[2] in _FILE_ENDINGS
            known = span in _sentences() or span in _settings_keys() or span in _words_of_the_program()
            if not is_file and not known:
                unknown.append(span)
    return unknown


@pytest.mark.parametrize("page", PAGES)
def test_every_code_in_the_docs_exists(page: str) -> None:
    assert unknown_codes(_text(page)) == []


def test_every_code_listed_in_errors_md_has_its_sentence() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", _text("docs/errors.md"), re.MULTILINE)
    codes = [row for row in rows if _CODE.fullmatch(row)]
    assert codes
    assert [code for code in codes if code not in _sentences()] == []


def test_a_code_that_nobody_knows_is_found() -> None:
    assert unknown_codes("`exchange.refused` `exchange.no-such-thing` `BR-18` `BR-99` `storage.toml`") == [
        "exchange.no-such-thing",
        "BR-99",
    ]


# --- words that may not stand anywhere ---------------------------------------------------------------------------------
_HOSTS = (
    "pypi" + ".org",
    "python" + "hosted",
    "registry." + "npmjs",
    "crates.io" + "/api",
    "proxy." + "golang",
    "repo1." + "maven",
)
_MACHINE = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:work|farm)/[a-z]|/tmp/" + "elshi")
_LARGE = 2_000_000


def forbidden_words(text: str) -> list[str]:
    """Hosts of package registries and paths of one machine."""
    return [host for host in _HOSTS if host in text.lower()] + _MACHINE.findall(text)


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found: dict[str, list[str]] = {}
    for path in _files():
        if path.stat().st_size > _LARGE:
            continue
        words = forbidden_words(path.read_bytes().decode("utf-8", "ignore"))
        if words:
            found[str(path.relative_to(ROOT))] = words
    assert found == {}


def test_a_forbidden_word_is_found() -> None:
    assert forbidden_words(f"see {_HOSTS[0]}") == [_HOSTS[0]]
    assert forbidden_words("look at " + "/work" + "/main") != []
    assert forbidden_words("a framework/main") == []
