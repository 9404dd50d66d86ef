"""The command doctor: what this machine gives the program. Exit: 0, or 1 when something keeps a node from working."""

from __future__ import annotations

from adapter import texts
from adapter.cli.app import FINDINGS, OK, JsonOption, LanguageOption, SettingsOption, app, context
from adapter.composition.diagnosis import diagnosis
from adapter.errors import Severity


@app.command(epilog="Example: [cyan]elshi doctor[/]  or  [cyan]elshi doctor -s elshi.toml[/]")
def doctor(
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> int:
    """Say what is here and what is missing: versions, who computes the national algorithms and why, the settings."""
    ready = context(settings=settings, as_json=as_json, language=language)
    found = diagnosis(settings)
    if as_json:
        ready.screen.json([texts.finding_as_json(one) for one in found])
    else:
        ready.screen.findings(found)
    return FINDINGS if any(one.severity in (Severity.STOP, Severity.ERROR) for one in found) else OK
