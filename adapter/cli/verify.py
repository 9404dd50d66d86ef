"""The command verify. Exit: 0 passed, 1 failed, 2 indeterminate or partly unread, 3 nothing could be judged."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from adapter import texts
from adapter.cli.app import FAILED, OK, JsonOption, LanguageOption, TrustFolderOption, app, context, now
from adapter.cli.audit_output import show, write
from adapter.cli.screen import Screen
from adapter.cli.targets import Targets, targets_of
from adapter.composition.audit_forms import Findings, report_schema
from adapter.composition.audit_pool import verdicts
from adapter.composition.auditor import Assignment, PolicyName, shown_name, terms_of, with_anchors
from adapter.composition.trust_files import CERTIFICATE_ENDINGS, files_of
from adapter.composition.trust_services import NATIONAL_HOSTS
from adapter.composition.trust_sets import TrustSet, TrustSets, folder_of_user, set_named
from adapter.errors import ElshiError, Final, Place
from adapter.usecases.verdict import Link, Verdict, chain_of, unjudged

_CODES = {"TOTAL-PASSED": 0, "TOTAL-FAILED": 1, "INDETERMINATE": 2}
_CRL_ENDINGS = (".crl", ".pem")
_OCSP_ENDINGS = (".ocsp", ".ors", ".der")
_TIMES = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]


def _show_schema(wanted: bool) -> None:  # noqa: FBT001 - the shape that typer calls
    if wanted:
        sys.stdout.write(report_schema().decode())
        raise typer.Exit(OK)


@app.command(epilog="Example: [cyan]elshi verify packages/*.asice --trust trust/*.pem[/]")
def verify(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Containers, CMS, XML, SOAP, time-stamps, OCSP, CRLs, certificates, evidence folders; patterns."
        ),
    ],
    trust: Annotated[
        list[str] | None,
        typer.Option(
            "--trust",
            help="Trust anchors (PEM, DER) or a folder of them; give it again for more. Or one set of `elshi trust`: "
            "nuc-rk, nuc-rk-test (a file of that name is ./nuc-rk).",
        ),
    ] = None,
    exchange: Annotated[
        list[Path] | None,
        typer.Option(
            "--exchange",
            help="The gateway's own certificates: messages must be signed with one of them; give it again for more.",
        ),
    ] = None,
    policy: Annotated[
        Literal["sandbox", "kz-document", "kz-signature", "etsi-baseline"] | None,
        typer.Option(
            "--policy",
            help="Rules of validation. Without it kz-document under a set of `elshi trust`, sandbox under files.",
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", help="Time of validation (UTC); now without it.", formats=_TIMES),
    ] = None,
    seal_at: Annotated[
        datetime | None,
        typer.Option(
            "--seal-at",
            help="Time of validation of the seals of evidence folders (UTC); without it now, or --at if that is later.",
            formats=_TIMES,
        ),
    ] = None,
    content: Annotated[
        list[Path] | None,
        typer.Option(
            "--content",
            help="What a detached CMS or time-stamp was made over, in order; without it X beside X.p7s, X.tst.",
        ),
    ] = None,
    certificate: Annotated[
        list[Path] | None,
        typer.Option("--certificate", help="Certificates that help to find a path; trusted for nothing."),
    ] = None,
    crl: Annotated[list[Path] | None, typer.Option("--crl", help="CRLs to judge by (DER, PEM).")] = None,
    ocsp: Annotated[list[Path] | None, typer.Option("--ocsp", help="OCSP answers to judge by (DER).")] = None,
    online: Annotated[
        bool,
        typer.Option("--online/--offline", help="Ask the national trust services for missing evidence, or nobody."),
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="One more host that --online may ask; give it again for more."),
    ] = None,
    trust_folder: TrustFolderOption = None,
    form: Annotated[
        Literal["text", "json", "html", "xml"] | None,
        typer.Option("--format", help="Form of the report; text without it. xml: ETSI TS 119 102-2."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report here; into a folder, one for each file.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the report as a page.")] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=256, help="Processes; as many as pay without it.")
    ] = None,
    schema: Annotated[  # noqa: ARG001 - an eager option, acted on before anything else is asked for
        bool,
        typer.Option("--schema", callback=_show_schema, is_eager=True, help="Print the JSON Schema of --json and end."),
    ] = False,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Judge signatures, offline, under the anchors you name and nothing else. Exit: 0, 1, 2, or 3 when it could not run."""
    chosen = form or ("json" if as_json else "text")
    ready = context(as_json=as_json or chosen == "json", language=language)
    try:
        moment = _moment("--at", at) or now()
        # A document is judged when it was known to exist; the seal was made later, and the folder is in our hands now.
        sealed = _moment("--seal-at", seal_at) or max(moment, now())
        chosen_set = _set(trust or (), trust_folder)
        assignment = Assignment(
            anchors=() if chosen_set else _anchors([Path(one) for one in trust or ()]),
            trust_set=chosen_set,
            policy=policy or _usual_policy(chosen_set),
            at=moment,
            seal_at=sealed,
            exchange=_some(exchange, "verify.no-exchange"),
            content=tuple(content or ()),
            certificates=files_of(certificate or (), CERTIFICATE_ENDINGS),
            crls=files_of(crl or (), _CRL_ENDINGS),
            ocsp=files_of(ocsp or (), _OCSP_ENDINGS),
            hosts=NATIONAL_HOSTS.union(allow_host or ()) if online else None,
        )
        targets = targets_of(paths)
        if not targets.judged and not targets.closed:
            raise Final("verify.nothing-found", params={"paths": ", ".join(map(shown_name, paths))})
        assignment = with_anchors(assignment)
        made = _judged(ready.screen, assignment, targets, jobs)
        findings = Findings(
            verdicts=made, links=chain_of(made), passed_over=targets.passed_over, terms=terms_of(assignment)
        )
        if output is None:
            show(ready.screen, findings, chosen)
        else:
            write(findings, chosen, output, ready.screen.language, apart=True)
        if html is not None:
            write(findings, "html", html, ready.screen.language, apart=False)
    except ElshiError as error:
        ready.screen.error(error)
        return FAILED
    except KeyboardInterrupt:
        # The exit code of an audit that was broken off must not look like a verdict.
        ready.screen.error(Final("verify.interrupted"))
        return FAILED
    return exit_code(findings.verdicts, findings.links)


def exit_code(verdicts: Sequence[Verdict], links: Sequence[Link]) -> int:
    """The heaviest of all: one failed fails everything, one that cannot be told or read leaves everything untold.

    3 where nothing at all could be judged.
    """
    if all(one.error is not None for one in verdicts):
        return FAILED
    codes = [_CODES[one.indication] for one in verdicts]
    codes += [_CODES[link.conclusion] for link in links if link.conclusion == "TOTAL-FAILED"]
    return 1 if 1 in codes else max(codes)


def _judged(screen: Screen, assignment: Assignment, targets: Targets, jobs: int | None) -> list[Verdict]:
    made: list[Verdict] = []
    with screen.progress("verify", len(targets.judged)) as bar:
        for verdict in verdicts(assignment, targets.judged, jobs=jobs):
            made.append(verdict)
            bar.advance(bar.task_ids[0])
    for folder in targets.closed:
        name = shown_name(Path(folder.name))
        error = Final("file.unreadable", place=Place(file=name), params={"file": name})
        made.append(unjudged(shown_name(folder), texts.error_as_json(error)))
    return made


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


def _usual_policy(chosen: TrustSet | None) -> PolicyName:
    """National anchors ask for national rules; files that somebody names are those of a stand."""
    return "sandbox" if chosen is None else "kz-document"


def _set(named: Sequence[str], folder: Path | None) -> TrustSet | None:
    """The set that --trust names, None where it names files. Final `trust.sets-mixed` for a set beside anything else.

    A name is taken for the set whatever lies in the working folder: what is trusted must not depend on where one stands.
    """
    unique = list(dict.fromkeys(named))
    sets = [found for one in unique if (found := set_named(one))]
    if not sets:
        return None
    if len(unique) > 1:
        raise Final("trust.sets-mixed", params={"named": unique})
    return TrustSet(sets=TrustSets(folder=folder or folder_of_user(os.environ)), name=sets[0])


def _anchors(paths: Sequence[Path] | None) -> tuple[Path, ...]:
    found = files_of(paths or (), CERTIFICATE_ENDINGS)
    if not found:
        raise Final("verify.no-anchors")
    return found


def _some(paths: Sequence[Path] | None, code: str) -> tuple[Path, ...]:
    """The files of an option; Final with that code when it was given and holds none."""
    found = files_of(paths or (), CERTIFICATE_ENDINGS)
    if paths and not found:
        raise Final(code)
    return found
