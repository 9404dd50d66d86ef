"""The program is killed while it adds deliveries: whatever it was told is kept is there, with its bytes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from adapter.clock import ScenarioClock
from adapter.domain.audit_event import first_break
from adapter.storage import StorageConfig, open_store
from tests.contract.samples import NOW, digest, document_id

ROOT = Path(__file__).resolve().parents[3]

ADDER = """
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store
from tests.contract.samples import delivery, digest, event, outgoing_document

url, blobs, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
config = StorageConfig(url=url) if blobs == "-" else StorageConfig(url=url, blobs="directory", blob_directory=Path(blobs))
store = open_store(config, clock=SystemClock())
print("ready", flush=True)
for number in range(first, first + 100_000):
    content = (b"%d " % number) * (200_000 if number % 7 == 0 else 10)
    kept = store.blobs.put(content)
    files = (replace(outgoing_document().files[0], sha256=kept.sha256, size=kept.size),)
    with store.transaction() as t:
        t.outbox.add(delivery(number, content=outgoing_document(number, files=files)))
        t.audit.append(event(number))
    print(number, flush=True)
"""


@pytest.mark.parametrize("blobs", ["database", "directory"])
def test_every_acknowledged_delivery_survives_a_kill_with_its_bytes(tmp_path, blobs):
    chance = random.Random(20260131)
    url = f"sqlite:///{tmp_path}/elshi.db"
    directory = tmp_path / "blobs" if blobs == "directory" else None
    acknowledged: set[int] = set()
    for run in range(4):
        adder = subprocess.Popen(
            [sys.executable, "-c", ADDER, url, str(directory or "-"), str(run * 100_000)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert adder.stdout is not None
        assert adder.stdout.readline() == "ready\n"
        for _ in range(chance.randrange(1, 40)):
            acknowledged.add(int(adder.stdout.readline()))
        adder.send_signal(signal.SIGKILL)
        # What it said before it died is said, too; a line without its end is not.
        acknowledged.update(int(line) for line in adder.stdout.read().splitlines(keepends=True) if line.endswith("\n"))
        adder.stdout.close()
        assert adder.wait(30) == -signal.SIGKILL
    config = StorageConfig(url=url)
    if directory is not None:
        config = replace(config, blobs="directory", blob_directory=directory)
    store = open_store(config, clock=ScenarioClock(NOW))
    with store.transaction() as t:
        rows = t.outbox.listed(limit=100_000)
        events = t.audit.events(limit=100_000)
    assert {f"delivery-{number:04d}" for number in acknowledged} <= {row.id for row in rows}
    assert len(rows) - len(acknowledged) <= 4
    for row in rows:
        (file,) = row.content.files
        content = store.blobs.read(file.sha256)
        assert (len(content), digest(content)) == (file.size, file.sha256)
    assert first_break(events) is None
    assert [item.event.details["delivery"] for item in events] == [
        f"d-{int(row.id[9:])}" for row in sorted(rows, key=lambda row: int(row.id[9:]))
    ]
    assert document_id(0) == rows[0].document_id
    store.close()
