"""Commands of the auditor: export, verify. Exit of verify: 0 passed, 1 failed, 2 indeterminate, 3 could not run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from adapter import texts as sentences
from adapter.cli.app import FAILED, OK, JsonOption, LanguageOption, SettingsOption, app, context, now
from adapter.cli.screen import BAD, GOOD, UNSURE, Screen
from adapter.cli.targets import targets_of
from adapter.composition import evidence_folder, opened_container, verifier
from adapter.composition.forms import audit_page
from adapter.domain.document import DocumentId
from adapter.domain.outgoing import ContentKind
from adapter.errors import ElshiError, Final, Place
from adapter.usecases.verdict import Link, Verdict, chain_of
from adapter.usecases.verify import Verify

_CODES = {"TOTAL-PASSED": 0, "TOTAL-FAILED": 1, "INDETERMINATE": 2}
_MARKS = {"TOTAL-PASSED": GOOD, "TOTAL-FAILED": BAD, "INDETERMINATE": UNSURE}
_LARGEST = 64_000_000
_SHOWN = 20
"""Names of files that were not judged; all are counted."""


@app.command(epilog="Example: [cyan]elshi export --all -o evidence/ -s elshi.toml[/]")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the folders go, one for each document.")],
    documents: Annotated[list[str] | None, typer.Argument(help="DocumentIds (urn:uuid:...).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every document sent or registered here.")] = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Write everything about documents as folders that an auditor needs nothing else for, sealed with the office key."""
    ready = context(settings=settings, as_json=as_json, language=language)
    with ready.node() as node:
        wanted = [DocumentId(one) for one in documents or ()]
        if everything:
            with node.store.transaction() as transaction:
                sent = [
                    row.document_id
                    for row in transaction.outbox.listed(limit=100_000)
                    if row.content_kind is ContentKind.DOCUMENT
                ]
                wanted += [*sent, *(row.document_id for row in transaction.register.listed())]
        unique = list(dict.fromkeys(wanted))
        if not unique:
            raise Final("export.nothing-asked")
        with ready.screen.progress("export", len(unique)) as bar:
            for document in unique:
                folder = output / document.removeprefix("urn:uuid:")
                files = node.export_to(document, folder)
                bar.advance(bar.task_ids[0])
                if as_json:
                    ready.screen.json({"documentId": document, "folder": str(folder), "files": sorted(files)})
                else:
                    ready.screen.say(GOOD, f" {folder}  ({len(files)})")
    return OK


@app.command(epilog="Example: [cyan]elshi verify packages/*.asice --trust trust/*.pem[/]")
def verify(
    paths: Annotated[list[Path], typer.Argument(help="Containers, evidence folders, folders of either, CMS, SOAP.")],
    trust: Annotated[
        list[Path] | None, typer.Option("--trust", help="Trust anchors (PEM or DER); give it again for more.")
    ] = None,
    exchange: Annotated[
        list[Path] | None,
        typer.Option(
            "--exchange",
            help="The gateway's own certificates: messages must be signed with one of them; give it again for more.",
        ),
    ] = None,
    policy: Annotated[
        Literal["sandbox", "kz-document"], typer.Option("--policy", help="Rules of validation.")
    ] = "sandbox",
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", help="Time of validation (UTC); now without it.", formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
        ),
    ] = None,
    seal_at: Annotated[
        datetime | None,
        typer.Option(
            "--seal-at",
            help="Time of validation of the seals of evidence folders (UTC); without it now, or --at if that is later.",
            formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        ),
    ] = None,
    content: Annotated[
        list[Path] | None, typer.Option("--content", help="What a detached CMS was made over, in order.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the report as a page.")] = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Judge signatures offline, under the anchors you name and nothing else. Exit: 0, 1, 2, or 3 when it could not run."""
    ready = context(as_json=as_json, language=language)
    kind: Literal["production", "test", "sandbox"] = "sandbox" if policy == "sandbox" else "production"
    try:
        moment = _moment("--at", at) or now()
        # A document is judged when it was known to exist; the seal was made later, and the folder is in our hands now.
        sealed = _moment("--seal-at", seal_at) or max(moment, now())
        if not trust:
            raise Final("verify.no-anchors")
        judge = verifier(
            _expanded(trust, "verify.no-anchors"),
            kind=kind,
            at=moment,
            policy=policy,
            seal_at=sealed,
            exchange_files=_expanded(exchange, "verify.no-exchange") if exchange else (),
        )
        targets = targets_of(paths)
        if not targets.judged:
            raise Final("verify.nothing-found", params={"paths": ", ".join(map(str, paths))})
        verdicts: list[Verdict] = []
        with ready.screen.progress("verify", len(targets.judged)) as bar:
            for target in targets.judged:
                verdicts.append(_judge(judge, target, content or ()))
                bar.advance(bar.task_ids[0])
        links = chain_of(verdicts)
        _report(ready.screen, verdicts, links, targets.passed_over)
        if html is not None:
            page = audit_page(
                [one.as_json() for one in verdicts],
                [asdict(link) for link in links],
                ready.screen.language,
                passed_over=targets.passed_over,
            )
            try:
                html.write_bytes(page)
            except OSError as error:
                raise Final("file.not-written", place=Place(file=html.name), params={"file": html.name}) from error
    except ElshiError as error:
        ready.screen.error(error)
        return FAILED
    return exit_code(verdicts, links)


def exit_code(verdicts: Sequence[Verdict], links: Sequence[Link]) -> int:
    """The heaviest of all: one failed fails everything, one that cannot be told leaves everything untold."""
    codes = [_CODES[one.indication] for one in verdicts]
    codes += [_CODES[link.conclusion] for link in links if link.conclusion == "TOTAL-FAILED"]
    return 1 if 1 in codes else max(codes)


_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between them any certificate of the national authority begins and ends; what lies outside is a slip of the pen."""


def _moment(option: str, given: datetime | None) -> datetime | None:
    """The naive time of an option as UTC. Final `verify.time-out-of-range`."""
    if given is None:
        return None
    moment = given.replace(tzinfo=UTC)
    if not _FIRST <= moment <= _LAST:
        params = {
            "option": option,
            "given": given.isoformat(),
            "first": _FIRST.date().isoformat(),
            "last": _LAST.date().isoformat(),
        }
        raise Final("verify.time-out-of-range", params=params)
    return moment


def _expanded(paths: Sequence[Path], code: str) -> list[Path]:
    """Files as they are, of a folder its .pem; Final with that code when there is none."""
    found = [one for path in paths for one in (sorted(path.glob("*.pem")) if path.is_dir() else [path])]
    if not found:
        raise Final(code)
    return found


def _judge(judge: Verify, path: Path, content: Sequence[Path]) -> Verdict:
    name = str(path)
    if path.is_dir():
        return judge.folder(name, evidence_folder(path))
    with opened_container(path) as (source, kept):
        start = source.read(64).lstrip()
        source.seek(0)
        if start[:2] == b"PK" or path.suffix.lower() == ".asice":
            return judge.container(name, source, kept)
        if kept.size > _LARGEST:
            raise Final("verify.too-large", place=Place(file=path.name), params={"file": path.name, "limit": _LARGEST})
        whole = source.read()
    if start[:1] == b"<" or start[:3] == b"\xef\xbb\xbf":
        return judge.envelope(name, whole)
    if start[:1] == b"\x30":
        if not content:
            raise Final("verify.content-needed", place=Place(file=path.name), params={"file": path.name})
        return judge.detached(name, whole, [_bytes(one) for one in content])
    return judge.container(name, whole, kept)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Final("file.unreadable", place=Place(file=path.name), params={"file": path.name}) from error


def _report(screen: Screen, verdicts: Sequence[Verdict], links: Sequence[Link], passed_over: Sequence[str]) -> None:
    if screen.as_json:
        not_judged = {"count": len(passed_over), "names": list(passed_over[:_SHOWN])}
        for verdict in verdicts:
            document = (verdict.subject or {}).get("documentId")
            chain = [asdict(link) for link in links if link.source == document]
            screen.json({**verdict.as_json(), "chain": chain, "not_judged": not_judged})
        return
    for verdict in verdicts:
        signers = ", ".join(str((one.get("signer") or {}).get("common_name") or "—") for one in verdict.signatures)
        sub = f" {verdict.sub_indication}" if verdict.sub_indication else ""
        screen.say(
            _MARKS[verdict.indication], " ", Text(verdict.indication, "bold"), f"{sub}  {verdict.file}  {signers}"
        )
        if verdict.indication != "TOTAL-PASSED":
            _reasons(screen, verdict)
    for link in links:
        if link.conclusion != "TOTAL-PASSED":
            screen.say(_MARKS[link.conclusion], f" {link.kind}: {link.source} → {link.target}")
    passed = sum(1 for link in links if link.conclusion == "TOTAL-PASSED")
    if links:
        words = {"kk": "құжаттар тізбегі", "ru": "цепочка документов", "en": "chain of documents"}
        screen.say(f"{words[screen.language.value]}: {passed}/{len(links)}")
    _unpinned(screen, verdicts)
    if passed_over:
        params = {"count": len(passed_over), "names": ", ".join(passed_over[:_SHOWN])}
        sentence = sentences.render("verify.not-judged", params, screen.language)
        screen.say(Text(f"{sentence.what} {sentence.to_do}"))


def _unpinned(screen: Screen, verdicts: Sequence[Verdict]) -> None:
    """Said once for all folders, and also when everything passed: nobody asked whether it was the exchange that spoke."""
    code = "evidence.exchange-not-pinned"
    count = sum(int(one["params"]["count"]) for verdict in verdicts for one in verdict.checks if one["id"] == code)
    if count:
        sentence = sentences.render(code, {"count": count}, screen.language)
        screen.say(Text(f"{sentence.what} {sentence.to_do}"))


def _reasons(screen: Screen, verdict: Verdict) -> None:
    checks = [*verdict.checks, *(check for one in verdict.signatures for check in one["checks"])]
    for check in checks:
        if check["conclusion"] in {"FAILED", "INDETERMINATE"}:
            code = str(check["id"])
            known = code if code in sentences.codes() else code.removeprefix("document.")
            sentence = sentences.render(known, dict(check["params"]), screen.language)
            sub = f" {check['sub_indication']}" if check.get("sub_indication") else ""
            told = f"  {check['id']}: {sentence.what} {sentence.to_do}".rstrip()
            screen.say("    ", Text(f"{check['conclusion']}{sub}", "bold"), told)
