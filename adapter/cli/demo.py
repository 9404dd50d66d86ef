"""`elshi demo`: the whole year of paragraphs 5 to 12 in one minute, over real HTTP, with faults, a forgery and a late report.

Eight nodes with a database, an endpoint and a worker each, and the sandbox between them. Only the clock is the scenario's:
it starts on 9 November 2026 and jumps between the acts. Every act ends in expectations; the exit code is 0 only if all hold.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import zipfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from adapter import sandbox as exchange
from adapter.cli.app import FINDINGS, OK, LanguageOption, app, context, now
from adapter.cli.stage import Stage
from adapter.composition import anchors_of, evidence_folder, opened_container, verifier
from adapter.composition.audit_forms import Findings
from adapter.composition.forms import write_consolidated, write_site, write_summary
from adapter.composition.years_later import objects_of, years_later
from adapter.domain.delivery import DeliveryState, Proof
from adapter.domain.document import DocumentId
from adapter.domain.notice import NoticeKind
from adapter.errors import Final, Place
from adapter.usecases.verdict import chain_of

MARK = ".elshi-demo"
"""Stands in a folder that a demonstration made; only such a folder is made anew."""

_START = datetime.fromisoformat("2026-11-09T09:00:00+05:00")
_DAY_TWO = datetime.fromisoformat("2026-11-10T10:30:00+05:00")
_LATE = datetime.fromisoformat("2026-11-12T11:04:00+05:00")
_SUMMARY = datetime.fromisoformat("2026-11-16T17:45:00+05:00")
_CONSOLIDATED = datetime.fromisoformat("2026-11-18T10:29:00+05:00")
_PUBLISHED = datetime.fromisoformat("2026-11-20T12:00:00+05:00")

_MINISTRIES = ("KZ-MOF", "KZ-MLSP", "KZ-MENR", "KZ-MOT")


@app.command(epilog="Example: [cyan]elshi demo --output demo-output[/]")
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything it leaves behind.")] = Path(
        "demo-output"
    ),
    examples: Annotated[Path, typer.Option("--examples", help="Where the example reports lie.")] = Path(
        "examples/2026"
    ),
    language: LanguageOption = None,
) -> int:
    """Watch state documents travel: four ministries, the MFA, the Office, the Administration, and an auditor at the end."""
    ready = context(language=language)
    if not examples.is_dir():
        raise Final("demo.no-examples", params={"folder": str(examples)})
    try:
        if output.exists() and any(output.iterdir()) and not (output / MARK).exists():
            raise Final("demo.folder-in-use", params={"folder": str(output)})
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        (output / MARK).touch()
    except OSError as error:
        raise Final("file.not-written", place=Place(file=output.name), params={"file": output.name}) from error
    with ExitStack() as stack:
        play = _Play(screen=ready.screen, output=output, examples=examples, stack=stack, start=_START)
        play.run()
        return OK if play.all_hold else FINDINGS


@dataclass(slots=True)
class _Play(Stage):
    """The acts of the year, one after the other."""

    def run(self) -> None:
        self._title("title")
        self._set_up()
        self._reports()
        self._forgery()
        self._late()
        self._summary()
        self._consolidated()
        self._publication()
        self._evidence()
        self._years_later()
        self._close()

    # --- acts ---------------------------------------------------------------------------------------------------------
    def _reports(self) -> None:
        self._title("reports")
        self._submit("KZ-MOF", self.examples / "mof" / "report.yaml")
        self._await("KZ-MOF", DeliveryState.REGISTERED, "expect-registered")

        self._line("fault-refused")
        assert self.serving is not None
        self.serving.close_gateway()
        self._submit("KZ-MLSP", self.examples / "mlsp" / "report.yaml")
        self._until(lambda: self._document("KZ-MLSP").revision >= _REVISION_AFTER_ONE_TRY)
        self.serving.open_gateway()
        self._await("KZ-MLSP", DeliveryState.REGISTERED, "expect-survives-refused")

        self._move_to(_DAY_TWO)
        self._line("fault-503")
        self.serving.sandbox.add_faults_from_toml(_FAULTS)
        self._submit("KZ-MENR", self.examples / "menr" / "report.yaml")
        self._await("KZ-MENR", DeliveryState.REGISTERED, "expect-survives-503")
        self._expect("expect-two-attempts", self._attempts("KZ-MENR") >= _TWO)

    def _forgery(self) -> None:
        self._title("forgery")
        node = self.nodes["KZ-MTI"]
        signed = node.sign_file(self.examples / "mti" / "report.yaml")
        forged = forge(node.store.blobs.read(signed.kept.sha256))
        folder = self.output / "forged"
        folder.mkdir()
        (folder / "kz-mti.asice").write_bytes(forged)
        assert self.serving is not None
        assert signed.judged.report is not None
        document = signed.judged.report.header.document_id
        href = self.serving.sandbox.send_document(
            sender="KZ-MTI",
            performer="KZ-MFA",
            files=[exchange.OutgoingFile(name="report.asice", content=forged, mime=_CONTAINER)],
            href=document.removeprefix("urn:uuid:"),
        )
        self._line("forged-sent", document=href)
        refused = self._until(lambda: self._has_notice("KZ-MFA", DocumentId(document), NoticeKind.NOT_VALID))
        self._expect("expect-forgery-refused", refused)
        with self.nodes["KZ-MFA"].store.transaction() as transaction:
            registered = transaction.register.find(DocumentId(document))
        self._expect("expect-forgery-not-registered", registered is None)

    def _late(self) -> None:
        self._title("late")
        self._move_to(_LATE)
        self._submit("KZ-MOT", self.examples / "mot" / "report.yaml")
        self._await("KZ-MOT", DeliveryState.REGISTERED, "expect-late-registered")
        row = self._registered("KZ-MFA", self._document("KZ-MOT").document_id)
        self._expect("expect-late-flagged", row is not None and row.is_late)
        for body in _MINISTRIES:
            held = self._until(lambda body=body: self._document(body).proof is Proof.DIGEST)  # type: ignore[misc]
            self._expect("expect-receipt", held, body=body)

    def _summary(self) -> None:
        self._title("summary")
        self._move_to(_SUMMARY)
        mfa = self.nodes["KZ-MFA"]
        path = write_summary(mfa, 2026, self.examples / "mfa" / "summary.yaml", self.output / "summary")
        self._submit("KZ-MFA", path)
        self._await("KZ-MFA", DeliveryState.REGISTERED, "expect-summary")

    def _consolidated(self) -> None:
        self._title("consolidated")
        self._move_to(_CONSOLIDATED)
        office = self.nodes["KZ-GA"]
        path = write_consolidated(
            office, 2026, self.examples / "ga" / "consolidated.yaml", self.output / "consolidated"
        )
        self._submit("KZ-GA", path)
        self._await("KZ-GA", DeliveryState.REGISTERED, "expect-consolidated")

    def _publication(self) -> None:
        self._title("publication")
        self._move_to(_PUBLISHED)
        _, files = write_site(
            self.nodes["KZ-MFA"], 2026, self.examples / "mfa" / "publication.yaml", self.output / "site"
        )
        self._line("published", files=", ".join(sorted(files)))
        self._expect("expect-site", {"index.html", "ru.html", "results.xml", "results.asice"} <= set(files))

    def _evidence(self) -> None:
        self._title("audit")
        self._settle()
        packages = self.output / "packages"
        packages.mkdir()
        folders: list[Path] = []
        for body in (*_MINISTRIES, "KZ-MFA", "KZ-GA"):
            delivery = self._document(body)
            folder = self.output / "evidence" / delivery.document_id.removeprefix("urn:uuid:")
            self.nodes[body].export_to(delivery.document_id, folder)
            folders.append(folder)
            shutil.copy(folder / "document.asice", packages / f"{body.lower()}.asice")
        shutil.copy(self.output / "site" / "results.asice", packages / "published.asice")
        judge = verifier(
            anchors_of(
                [self.output / "trust" / one.name for one in (self.stand.anchors if self.stand else ())], "sandbox"
            ),
            at=max(now(), self.clock.now()),
            policy="sandbox",
            exchange_files=[self.output / "exchange" / "gateway.pem"],
        )
        verdicts = [judge.folder(str(folder.relative_to(self.output)), evidence_folder(folder)) for folder in folders]
        sealed = tuple(verdicts)
        with opened_container(packages / "published.asice") as (source, kept):
            verdicts.append(judge.container("packages/published.asice", source, kept))
        links = chain_of(verdicts)
        for verdict in verdicts:
            kind = (verdict.subject or {}).get("documentType", "")
            self._say(f"  {'✓' if verdict.indication == _PASSED else '✗'} {verdict.indication}  {verdict.file}  {kind}")
        self._expect("expect-audit", all(one.indication == _PASSED for one in verdicts))
        self._expect("expect-seals", all(one.seal is not None and one.seal["indication"] == _PASSED for one in sealed))
        self._expect("expect-chain", bool(links) and all(link.conclusion == _PASSED for link in links))
        with opened_container(self.output / "forged" / "kz-mti.asice") as (source, kept):
            forged = judge.container("forged/kz-mti.asice", source, kept)
        self._expect("expect-auditor-sees-forgery", forged.indication == "TOTAL-FAILED")
        rewritten = judge.folder("forged/evidence", evidence_folder(self._rewritten(folders[0])))
        self._expect("expect-auditor-sees-rewriting", rewritten.indication == "TOTAL-FAILED")
        findings = Findings(verdicts=verdicts, links=links, passed_over=(), terms={})
        (self.output / "audit.json").write_text(
            json.dumps(
                {
                    "expectations": [{"what": what, "held": held} for what, held in self.expectations],
                    "verdicts": [one.as_json() for one in verdicts],
                    "chain": [asdict(link) for link in links],
                },
                ensure_ascii=False,
                indent=1,
            ),
            encoding="utf-8",
        )
        (self.output / "audit.html").write_bytes(findings.page(self.screen.language))

    def _years_later(self) -> None:
        self._title("years")
        node = self.nodes["KZ-MOF"]
        container = (self.output / "packages" / "kz-mof.asice").read_bytes()
        objects = objects_of(container, node.trust.policy, node.anchors, self.clock.now())
        found = years_later(objects, self.output / "years-later")
        self._line("years-told", kept=found.kept.value, neglected=found.neglected.value)
        self._expect("expect-years-kept", found.kept.value == _PASSED)
        self._expect("expect-years-neglected", found.neglected.value == "INDETERMINATE")
        lists = " ".join(f"--crl {path}" for path in found.lists)
        self._line(
            "try-years",
            command=f"{_command()} verify {found.container} --trust {found.anchors} {lists} --at 2041-06-01T07:00:00Z",
        )

    def _rewritten(self, folder: Path) -> Path:
        """A copy of an evidence folder that says refused where registered stood."""
        copy = shutil.copytree(folder, self.output / "forged" / "evidence")
        stated = (copy / "evidence.json").read_text(encoding="utf-8")
        (copy / "evidence.json").write_text(stated.replace('"registered"', '"refused"'), encoding="utf-8")
        return copy

    def _close(self) -> None:
        assert self.serving is not None
        findings = self.serving.sandbox.protocol_findings()
        for finding in findings:
            self._say(
                f"  [yellow]{finding.participant} {finding.code}[/] {escape(finding.path)}: {escape(finding.rule)}"
            )
        self._expect("expect-clean-protocol", not findings)
        self._title("end" if self.all_hold else "end-failed")
        for what, held in self.expectations:
            if not held:
                self._say(f"  [red]✗ {what}[/]")
        self._line("where", folder=str(self.output))
        self._line(
            "try",
            command=f"{_command()} verify {self.output}/packages/*.asice --trust {self.output}/trust/*.pem{self._at()}",
        )
        self._line(
            "try-evidence",
            command=f"{_command()} verify {self.output}/evidence --trust {self.output}/trust/*.pem"
            f" --exchange {self.output}/exchange/*.pem{self._at()}",
        )
        self._line(
            "try-forged", command=f"{_command()} verify {self.output}/forged/*.asice --trust {self.output}/trust/*.pem"
        )


_PASSED = "TOTAL-PASSED"
_CONTAINER = "application/vnd.etsi.asic-e+zip"
_TWO = 2
_REVISION_AFTER_ONE_TRY = 2
"""A claim and its return to the queue are two writes: the row has met the closed gateway once."""

_FAULTS = """
[[fault]]
name = "http-503"
service = "ESEDO_UNIVERSAL_SERVICE"
operation = "docOutgoing"
sender = "KZ-MENR"
count = 1

[[fault]]
name = "notice-duplicated"
operation = "stateRegistered"
addressee = "KZ-MENR"
count = 1
"""


def _command() -> str:
    """The command as this person can type it: by its path when it lies below the folder they are in."""
    here = Path(sys.argv[0]).absolute()
    if here.name == "__main__.py":
        return "python -m adapter"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else "elshi"


def forge(container: bytes) -> bytes:
    """The container with one figure of the XML changed and everything else as it was: what a forger would send."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(container)) as source, zipfile.ZipFile(out, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "document.xml":
                place = content.index(b"2026")
                content = content[:place] + b"2025" + content[place + 4 :]
            target.writestr(item, content)
    return out.getvalue()
