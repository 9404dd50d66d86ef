"""The report of a run: a JSON file, and the table of its figures for docs/reliability.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.chaos.plan import POINTS
from tests.chaos.run import Outcome, not_hit, unlisted

_PROMISES = {
    "lost": ("lost",),
    "doubled": ("doubled",),
    "receipts_without_bytes": ("receipt without bytes",),
    "overdue": ("overdue",),
    "unfinished": ("unfinished", "no proof"),
    "audit_chains_broken": ("the audit chain", "the chain of statements"),
}


def as_json(outcome: Outcome, command: str) -> dict[str, Any]:
    """Everything that was injected and found."""
    figures = dict(outcome.figures)
    seconds = float(figures["played_seconds"]) + float(figures["settled_seconds"])
    counts = {
        name: sum(one.what.startswith(starts) for one in outcome.violations) for name, starts in _PROMISES.items()
    }
    return {
        "seed": outcome.wanted.seed,
        "repeat": command,
        "documents": figures.pop("documents"),
        "kills": outcome.kills,
        **counts,
        "ok": is_good(outcome),
        "reached": {
            "documents": [outcome.wanted.documents, outcome.figures["documents"]],
            "kills": [outcome.wanted.kills, outcome.kills],
        },
        "system": {
            "ministries": list(outcome.shape.ministries),
            "workers_of_the_mfa": outcome.shape.workers,
            "full_disk": figures.pop("full_disk"),
            "share_of_connections_struck": outcome.shape.fault_rate,
        },
        "seconds": round(seconds, 1),
        "documents_per_second": round(float(outcome.figures["documents"]) / seconds, 2),
        "injected": dict(sorted(outcome.injected.items())),
        "kills_by_place": dict(outcome.deaths),
        "kills_by_role": dict(outcome.roles),
        "kills_by_durable_step": dict(sorted(outcome.points.items())),
        "durable_steps": sum(map(len, POINTS.values())),
        "durable_steps_not_hit": not_hit(outcome),
        "durable_steps_unlisted": unlisted(outcome),
        "person": dict(outcome.person),
        "ends_without_a_kill": dict(outcome.exits),
        **figures,
        "violations": [{"what": one.what, "body": one.body, "ids": one.ids} for one in outcome.violations],
        "plan": outcome.log,
    }


def is_good(outcome: Outcome) -> bool:
    """Every promise held, and as much was done as was asked for."""
    reached = (
        int(str(outcome.figures["documents"])) >= outcome.wanted.documents and outcome.kills >= outcome.wanted.kills
    )
    return reached and not outcome.violations and not outcome.figures["tracebacks"]


def table(report: Mapping[str, Any]) -> str:
    """Markdown: what was injected, what was found."""
    found = ("lost", "doubled", "receipts_without_bytes", "overdue", "unfinished", "audit_chains_broken")
    lines = [
        f"`{report['repeat']}`: {report['documents']} documents, {report['kills']} kills, {report['seconds']:.0f} s.",
        "",
        "| injected | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in report["injected"].items()),
        *(f"| connection {name} | {count} |" for name, count in report["connections"].items() if name != "passes"),
        "",
        "| found | |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {report[name]} |" for name in found),
        *(
            f"| {name.replace('_', ' ')} | {report[name]} |"
            for name in (
                "uncertain_outcomes",
                "resends_by_persons",
                "resends_by_planner",
                "released_by_persons",
                "taken_over_without_time_stamp",
                "stamped_before_they_left",
                "sent_without_time_stamp",
            )
        ),
        f"| disputes | {report['disputes']} |",
        f"| documents that the exchange took more than once | {report['documents_taken_more_than_once']} |",
        "",
        "| killed at | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in report["kills_by_durable_step"].items()),
        f"| at random | {report['kills_by_place'].get('at random', 0)} |",
    ]
    return "\n".join(lines) + "\n"
