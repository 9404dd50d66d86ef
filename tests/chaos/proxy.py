"""A bad network on the loopback: TCP in between, which drops, cuts and slows connections as a seed says.

The fate of the n-th connection of a link is a function of the seed, the link's name and n. Which request becomes the n-th
connection is the operating system's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

_RESET = struct.pack("ii", 1, 0)
_LONGEST_CUT = 12_000
"""Bytes: a message of the exchange has about that many."""

FATES = ("refused", "cut-request", "cut-answer", "slow")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What becomes of one connection.

    kind        `passes`, or one of FATES
    after       bytes after which it is cut, in the direction that the kind names
    resets      whether the end is a reset or looks like a regular one
    seconds     before each piece, where it is slow
    """

    kind: str
    after: int = 0
    resets: bool = False
    seconds: float = 0.0


def fate(seed: str, link: str, number: int, rate: float) -> Fate:
    """Of the n-th connection of a link; `rate` is the share that something happens to."""
    chance = random.Random(f"{seed}/{link}/{number}")
    if chance.random() >= rate:
        return Fate(kind="passes")
    kind = chance.choice(FATES)
    return Fate(
        kind=kind,
        after=chance.randrange(1, _LONGEST_CUT if kind == "cut-request" else _LONGEST_CUT // 3),
        resets=chance.random() < 0.5,
        seconds=chance.uniform(0.2, 2.0),
    )


class Link:
    """One way: whoever connects to `port` reaches `target`, or does not."""

    def __init__(self, name: str, port: int, target: int, *, seed: str, rate: float) -> None:
        self.name = name
        self.port = port
        self.target = target
        self.counts: Counter[str] = Counter()
        self._seed = seed
        self._rate = rate
        self._number = 0
        self._down = False

    def calm(self) -> None:
        """From now on every connection passes."""
        self._rate = 0.0
        self._down = False

    def set_down(self, down: bool) -> None:
        """Down: every new connection is reset."""
        self._down = down

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end."""
        self._number += 1
        told = (
            Fate(kind="refused", resets=True) if self._down else fate(self._seed, self.name, self._number, self._rate)
        )
        self.counts["down" if self._down else told.kind] += 1
        if told.kind == "refused":
            _end(writer, resets=told.resets)
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _end(writer, resets=True)
            return
        pumps = [
            asyncio.ensure_future(_pump(reader, back, told, cuts=told.kind == "cut-request")),
            asyncio.ensure_future(_pump(there, writer, told, cuts=told.kind == "cut-answer")),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if not any(one.done() and not one.cancelled() and one.result() for one in pumps):
                # One side has said all; what the other still says is brought.
                await asyncio.wait(pumps)
        finally:
            for one in pumps:
                one.cancel()
            cut = told.kind.startswith("cut-")
            for one in (writer, back):
                _end(one, resets=cut and told.resets)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, told: Fate, *, cuts: bool) -> bool:
    """Bring bytes until the source ends; True when the connection was cut on the way."""
    left = told.after if cuts else None
    with contextlib.suppress(OSError):
        while piece := await source.read(65_536):
            if told.kind == "slow":
                await asyncio.sleep(told.seconds)
            if left is not None and len(piece) >= left:
                target.write(piece[:left])
                await target.drain()
                return True
            left = None if left is None else left - len(piece)
            target.write(piece)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
    return False


def _end(writer: asyncio.StreamWriter, *, resets: bool) -> None:
    plain = writer.get_extra_info("socket")
    if resets and plain is not None:
        with contextlib.suppress(OSError):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with contextlib.suppress(OSError, RuntimeError):
        writer.transport.abort() if resets else writer.close()


class Network:
    """Every link of a run, in a thread of its own."""

    def __init__(self, *links: Link) -> None:
        self.links = {one.name: one for one in links}
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos-network", daemon=True)

    def start(self) -> None:
        """Listen; returns when all do."""
        self._thread.start()
        for link in self.links.values():
            self._do(self._listen(link))

    def stop(self) -> None:
        """No link listens any more."""
        self._do(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def calm(self) -> None:
        """From now on every connection passes."""
        for link in self.links.values():
            link.calm()

    def counts(self) -> dict[str, int]:
        """Connections by what became of them."""
        return dict(sum((one.counts for one in self.links.values()), Counter[str]()))

    async def _listen(self, link: Link) -> None:
        self._servers.append(await asyncio.start_server(link.carry, "127.0.0.1", link.port))

    async def _cancel_all(self) -> None:
        for server in self._servers:
            server.close()
        ours = asyncio.current_task()
        # A connection that is on its way in begins after the first look.
        for _ in range(3):
            tasks = [one for one in asyncio.all_tasks() if one is not ours]
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # What was closed is given back in the loop's next rounds.
        for _ in range(5):
            await asyncio.sleep(0)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)
