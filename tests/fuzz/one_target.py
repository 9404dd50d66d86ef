"""`python -m tests.fuzz.one_target NAME SECONDS SEED`: one parser in a process of its own.

With atheris our packages are instrumented while they are imported, so nothing of them may be imported before. Without it
the same changes are drawn at random.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

FINDINGS = Path("fuzz-findings")
_MOST_OCTETS = 1 << 16
_SLOWEST = 10  # seconds for one input; the fuzzer's own alarm


def main(name: str, seconds: int, seed: int) -> None:
    if find_spec("atheris") is None:
        _at_random(name, seconds=seconds, seed=seed)
    else:
        _guided(name, seconds=seconds, seed=seed)


def _guided(name: str, *, seconds: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["signing", "schemas"]):
        from tests.fuzz.mutation import mutated
        from tests.fuzz.targets import TARGETS
    target = next(each for each in TARGETS if each.name == name)
    seeds = target.seeds()

    def one(data: bytes) -> None:
        # the first octet says whether the rest is the input itself or a script of changes to a seed
        is_script = bool(data) and data[0] % 2 == 1
        given = mutated(seeds[data[0] // 2 % len(seeds)], target.kind, data[1:]) if is_script else data[1:]
        _tried(name, target.run, given)

    with tempfile.TemporaryDirectory() as corpus:
        for index, each in enumerate(seeds):
            Path(corpus, f"seed-{index}").write_bytes(b"\0" + each)
            Path(corpus, f"script-{index}").write_bytes(bytes((2 * index % 256 | 1,)) + bytes(range(24)))
        flags = [f"-max_total_time={seconds}", f"-timeout={_SLOWEST}", f"-max_len={_MOST_OCTETS}", f"-seed={seed}"]
        atheris.Setup(
            [sys.argv[0], *flags, "-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={corpus}/", corpus], one
        )
        atheris.Fuzz()


def _at_random(name: str, *, seconds: int, seed: int) -> None:
    from tests.fuzz.mutation import mutated, random_script
    from tests.fuzz.targets import TARGETS

    target = next(each for each in TARGETS if each.name == name)
    generator = random.Random(seed)
    seeds = target.seeds()
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        _tried(name, target.run, mutated(generator.choice(seeds), target.kind, random_script(generator)))
        count += 1
    print(f"{name}: {count} inputs drawn at random (no atheris here)")


def _tried(name, run, data: bytes) -> None:
    try:
        run(data)
    except BaseException:
        FINDINGS.mkdir(exist_ok=True)
        (FINDINGS / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
        raise


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
