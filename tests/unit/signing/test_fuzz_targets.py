"""The bounded run of `make fuzz`: every parser keeps its promise over some hundred broken inputs, the same each time."""

from __future__ import annotations

import random

import pytest

from signing import DEFAULT_SIGNING, sign_detached
from tests.fuzz.mutation import mutated, random_script
from tests.fuzz.targets import CONTENT, TARGETS, Broken, Target
from tests.unit.signing import xml_material as m

INPUTS = 250


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_parser_keeps_its_promise_on_broken_input(target: Target) -> None:
    generator = random.Random(target.name)
    seeds = target.seeds()
    changed = 0
    for _ in range(INPUTS):
        seed = generator.choice(seeds)
        data = mutated(seed, target.kind, random_script(generator))
        changed += data != seed
        target.run(data)
    assert changed > INPUTS * 0.9


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("data", [b"", b"\0", b"\x30", b"\x30\x80", b"<", b"PK", b"PK\x05\x06" + bytes(18)])
def test_a_parser_keeps_its_promise_on_next_to_nothing(target: Target, data: bytes) -> None:
    target.run(data)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_seeds_themselves_are_taken(target: Target) -> None:
    for seed in target.seeds():
        target.run(seed)


def test_a_broken_promise_is_an_error() -> None:
    target = next(each for each in TARGETS if each.name == "detached")
    signed_over_more = sign_detached([CONTENT + b"!"], m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW)
    with pytest.raises(Broken):
        target.run(signed_over_more)
