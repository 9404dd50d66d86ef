"""The published JSON Schema says exactly what verify prints."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest

import signing
from adapter.rendition import report_schema
from tests.unit.json_shape import breaches
from tests.unit.rendition.findings import EVERY, rows

SCHEMA: dict[str, Any] = json.loads(report_schema())


@pytest.mark.parametrize("number", range(len(EVERY)), ids=[one.__name__ for one in EVERY])
def test_every_row_satisfies_the_schema(number: int) -> None:
    row = json.loads(json.dumps(rows()[number]))
    assert list(breaches(row, SCHEMA["$defs"]["verdict"], SCHEMA)) == []


def test_the_schema_foresees_nothing_that_is_never_there() -> None:
    """Every property of the schema is in some row: a name that nobody prints would be a promise nobody keeps."""
    printed = json.dumps(rows())
    names = set(re.findall(r'"(\w+)":', printed))
    foreseen: set[str] = set()
    for name, each in SCHEMA["$defs"].items():
        if name != "refusal":
            foreseen |= set(each.get("properties", {}))
    assert foreseen <= names


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: row.pop("signatures"), "$.signatures is missing"),
        (lambda row: row.update(more=1), "$.more is not foreseen"),
        (lambda row: row.update(indication="PASSED"), "$.indication: 'PASSED' is not in the list"),
        (lambda row: row.update(sha256="AB"), "$.sha256"),
        (lambda row: row["signatures"][0].update(best_signature_time="now"), "$.signatures[0].best_signature_time"),
        (lambda row: row["signatures"][0]["time_stamps"][0].pop("token"), "token is missing"),
        (lambda row: row["checks"][0].update(conclusion=True), "$.checks[0].conclusion"),
        (lambda row: row["checks"][0]["params"].update(x=1), "$.checks[0].params.x"),
    ],
)
def test_what_is_not_of_the_form_is_found(change: Any, said: str) -> None:
    row = deepcopy(rows()[0])
    change(row)
    found = list(breaches(row, SCHEMA["$defs"]["verdict"], SCHEMA))
    assert len(found) == 1
    assert said in found[0]


def test_the_schema_knows_every_word_of_the_verdict() -> None:
    subs = SCHEMA["$defs"]["subIndication"]["enum"]
    assert subs == [*(one.value for one in signing.SubIndication), None]
    assert SCHEMA["$defs"]["indication"]["enum"] == [one.value for one in signing.Indication]
    conclusions = SCHEMA["$defs"]["check"]["properties"]["conclusion"]["enum"]
    assert conclusions == [one.value for one in signing.Conclusion]
