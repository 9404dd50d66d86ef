"""Faults of settings: parts that are off, foreign editors, values that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from adapter import texts
from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.errors import SettingsRefused
from adapter.settings import load_settings
from tests.reliability.line import Line


def test_fault_33_a_part_that_is_switched_off_needs_none_of_its_settings(
    new_line: Callable[..., Line], home: Stand, stand: Stand
) -> None:
    """No office signature: no office key. No API: no token, and its addresses are not there. No trust services: none of
    their addresses. The node starts and delivers.
    """
    text = stand.nodes["KZ-MOF"].read_text("utf-8")
    text = re.sub(r"\[keys\.office\]\n.*\n.*\n", "", text)
    assert "[keys.office]" not in text
    assert "time_stamps" not in text
    stand.nodes["KZ-MOF"].write_text(text, encoding="utf-8")
    with closing(Node(load_settings(stand.nodes["KZ-MOF"], {"ELSHI_EXCHANGE__SECOND_SIGN__ENABLED": "false"}))) as node:
        node.open_unattended()
        assert (node.is_office_signed, node.baseline, node.fetcher) == (False, None, None)
    line = new_line(ELSHI_SERVER__API_TOKEN=None)
    assert line.ask("GET", "/deliveries").status_code == 404
    sent = line.send()
    line.settle()
    assert line.row(sent).registration_number


def test_fault_34_a_byte_order_mark_and_blanks_of_an_editor_do_no_harm_and_a_broken_line_is_named(
    stand: Stand,
) -> None:
    """Blanks at the ends of values and a byte-order mark are taken off; a line that cannot be read refuses the whole file
    with its number, so that nothing is applied by half.
    """
    path = stand.nodes["KZ-MOF"]
    text = path.read_text("utf-8")
    assert text.count('body = "KZ-MOF"') == 1
    path.write_bytes(b"\xef\xbb\xbf" + text.replace('body = "KZ-MOF"', 'body = " KZ-MOF "  \t').encode())
    assert load_settings(path, {}).node.body == "KZ-MOF"
    told = []
    for profile in ("production", " production\t"):
        path.write_text(text.replace('profile = "sandbox"', f'profile = "{profile}"', 1), encoding="utf-8")
        with pytest.raises(SettingsRefused) as unsettled:
            load_settings(path, {})
        told.append([(one.code, dict(one.params)) for one in unsettled.value.findings])
    assert told[0] == told[1], "the exchange is asked for all that production needs, with a blank too"
    lines = text.splitlines()
    lines.insert(4, "this is no TOML")
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SettingsRefused) as refused:
        load_settings(path, {})
    (finding,) = refused.value.findings
    assert finding.code == "settings.not-toml"
    assert finding.place.line == 5 or "line 5" in str(finding.params)


@pytest.mark.parametrize(
    ("environment", "first", "second"),
    [
        (
            {"ELSHI_DELIVERY__LONGEST_WAIT_SECONDS": "900", "ELSHI_DELIVERY__HORIZON_SECONDS": "600"},
            "delivery.longest_wait_seconds=900",
            "delivery.horizon_seconds=600",
        ),
        (
            {"ELSHI_DELIVERY__DEADLINE_LEAD_SECONDS": "30"},
            "delivery.deadline_lead_seconds=30",
            "http.total_within_seconds=60",
        ),
        (
            {"ELSHI_STORAGE__LEASE_FOR_SECONDS": "6"},
            "storage.lease_for_seconds=6",
            "storage.busy_timeout_seconds=10",
        ),
    ],
    ids=["horizon", "deadline", "lease"],
)
def test_fault_38_settings_that_contradict_each_other_are_refused_at_start_with_both_values(
    stand: Stand, environment: dict[str, str], first: str, second: str
) -> None:
    """A wait beyond the horizon, a last safe try that cannot end before the deadline, a lease that one wait for the database outlasts:
    named in three languages before anything is opened.
    """
    with pytest.raises(SettingsRefused) as refused:
        load_settings(stand.nodes["KZ-MOF"], environment)
    found = [
        one for one in refused.value.findings if (one.params.get("first"), one.params.get("second")) == (first, second)
    ]
    assert [one.code for one in found] == ["settings.contradiction"]
    for language in ("kk", "ru", "en"):
        sentence = str(texts.render(found[0].code, found[0].params, language))
        assert first in sentence
        assert second in sentence
    assert not list(Path(stand.folder).rglob("*.sqlite3"))
