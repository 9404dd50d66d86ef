from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import Final
from adapter.sandbox.faults import FAULTS, Stage
from adapter.sandbox.script import Occasion, Rule, Script, rules_from, rules_from_toml

UPLOAD = Occasion(service="EDS_TEMP_FILES", sender=frozenset({"MIN", "elshi_test"}), operation="UPLOAD")
DOWNLOAD = Occasion(service="EDS_TEMP_FILES", sender=frozenset({"MIN", "elshi_test"}), operation="DOWNLOAD")


def struck(script: Script, *occasions: Occasion) -> list[str | None]:
    found = [script.due(Stage.CALL, one) for one in occasions]
    return [None if one is None else one.fault for one in found]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_written_with_its_own_defaults(name: str) -> None:
    table = {"name": name, **FAULTS[name].parameters}
    (rule,) = rules_from({"fault": [table]})
    assert rule.stage is FAULTS[name].stage
    assert {key: rule.value(key) for key in FAULTS[name].parameters} == dict(FAULTS[name].parameters)
    assert rules_from({"fault": [rule.as_json()]}) == (rule,)


def test_an_unknown_fault_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(Final) as refused:
        rules_from_toml('[[fault]]\nname = "http-599"\n')
    assert refused.value.code == "sandbox.unknown-fault"
    assert refused.value.params["known"] == ", ".join(FAULTS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("fault = [", "sandbox.script-unreadable"),
        ("[fault]\nname = 'http-503'", "sandbox.script-unknown-key"),
        ("[[faults]]\nname = 'http-503'", "sandbox.script-unknown-key"),
        ("[[fault]]\nname = 'http-503'\nchunk = 1", "sandbox.script-unknown-key"),
        ("[[fault]]\nname = 'http-503'\nnth = 0", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'http-503'\ncount = -1", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'http-503'\ncount = true", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'http-503'\nprocessed = 1", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'timeout-after-accept'\nseconds = 1e9", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'timeout-after-accept'\nseconds = nan", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'notice-mangled'\nform = 'koi8'", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'connection-reset'\nservice = 'EDS_TEMP_FILES'", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'slow-read'\nhref = 'h'", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'clock-skewed'\nskew = -4e7", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'http-503'\nshare = 1.1", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'http-503'\nshare = nan", "sandbox.script-bad-value"),
        ("[[fault]]\nname = 'http-503'\nshare = true", "sandbox.script-bad-value"),
        ("seed = -1", "sandbox.script-bad-value"),
        ("seed = 1.5", "sandbox.script-bad-value"),
        ("[[fault]]\nservice = 'EDS_TEMP_FILES'", "sandbox.unknown-fault"),
    ],
)
def test_a_script_that_cannot_be_read_as_a_whole_is_refused(text: str, code: str) -> None:
    with pytest.raises(Final) as refused:
        rules_from_toml(text)
    assert refused.value.code == code


def test_a_rule_spares_the_calls_before_its_turn_and_strikes_as_often_as_it_says() -> None:
    script = Script(rules_from_toml("[[fault]]\nname = 'http-503'\noperation = 'UPLOAD'\nnth = 2\ncount = 2"))
    assert struck(script, UPLOAD, DOWNLOAD, UPLOAD, UPLOAD, UPLOAD) == [None, None, "http-503", "http-503", None]


def test_a_count_of_zero_strikes_always() -> None:
    script = Script((Rule(fault="http-504", count=0),))
    assert struck(script, *[UPLOAD] * 5) == ["http-504"] * 5


def test_the_first_rule_written_strikes_and_the_next_keeps_its_turn() -> None:
    script = Script((Rule(fault="http-503"), Rule(fault="http-504")))
    assert struck(script, UPLOAD, UPLOAD, UPLOAD) == ["http-503", "http-504", None]
    assert [count for _, count in script.rules()] == [1, 1]


@pytest.mark.parametrize(
    ("matcher", "value"),
    [("sender", "MFA"), ("service", "X"), ("operation", "CONFIRM"), ("href", "h"), ("addressee", "a")],
)
def test_a_rule_that_names_something_else_does_not_match(matcher: str, value: str) -> None:
    assert struck(Script((Rule(fault="http-503", **{matcher: value}),)), UPLOAD) == [None]


def test_a_sender_matches_by_any_of_its_names() -> None:
    assert struck(Script((Rule(fault="http-503", sender="elshi_test"),)), UPLOAD) == ["http-503"]


def test_faults_of_notices_leave_documents_alone_and_the_reverse() -> None:
    script = Script((Rule(fault="notice-delayed", count=0), Rule(fault="document-delivered-twice", count=0)))
    of_notice = script.all_due(Stage.PUSH, Occasion(operation="stateDelivered"))
    of_document = script.all_due(Stage.PUSH, Occasion(operation="docOutgoing"))
    assert [one.fault for one in of_notice] == ["notice-delayed"]
    assert [one.fault for one in of_document] == ["document-delivered-twice"]


def by_chance(seed: int, share: float, *others: str) -> list[bool]:
    """Which of a thousand uploads are struck."""
    rules = rules_from_toml(f"seed = {seed}\n" + "".join(others) + f"[[fault]]\nname = 'http-503'\nshare = {share}")
    script = Script(rules)
    return [script.due(Stage.CALL, UPLOAD) is not None for _ in range(1000)]


def test_a_share_strikes_about_that_share_of_the_calls_and_none_and_all_at_its_ends() -> None:
    assert 60 < sum(by_chance(7, 0.1)) < 140
    assert (sum(by_chance(7, 0)), sum(by_chance(7, 1))) == (0, 1000)


def test_the_same_seed_strikes_the_same_calls_again_and_another_seed_others() -> None:
    assert by_chance(7, 0.1) == by_chance(7, 0.1) != by_chance(8, 0.1)


def test_chance_follows_from_the_rules_own_count_and_not_from_what_other_rules_or_calls_do() -> None:
    script = Script(rules_from_toml("seed = 7\n[[fault]]\nname = 'http-503'\nshare = 0.1\noperation = 'UPLOAD'"))
    alone = [script.due(Stage.CALL, UPLOAD) is not None for _ in range(300)]
    script = Script(
        rules_from_toml(
            "seed = 7\n[[fault]]\nname = 'http-504'\nshare = 0.5\noperation = 'DOWNLOAD'\n"
            "[[fault]]\nname = 'http-503'\nshare = 0.1\noperation = 'UPLOAD'"
        )
    )
    mixed = []
    for _ in range(300):
        script.due(Stage.CALL, DOWNLOAD)
        mixed.append(script.due(Stage.CALL, UPLOAD) is not None)
    assert alone == mixed
    assert any(alone)


def test_a_share_is_bounded_by_count_when_that_is_given() -> None:
    script = Script(rules_from_toml("[[fault]]\nname = 'http-503'\nshare = 0.5\ncount = 3"))
    assert sum(script.due(Stage.CALL, UPLOAD) is not None for _ in range(200)) == 3


def test_a_script_has_a_bound() -> None:
    with pytest.raises(Final, match="script-too-long"):
        Script([Rule(fault="http-503")] * 1001)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "fault", "nth", "count", "seconds"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_value_is_a_script_or_a_refusal(value: object) -> None:
    code = "sandbox."
    try:
        rules_from(value if isinstance(value, dict) else {"fault": value})
    except Final as refused:
        code = refused.code
    assert code.startswith("sandbox.")
