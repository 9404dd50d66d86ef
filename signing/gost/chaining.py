"""What Streebog and GOST 34.311 have in common: blocks taken one by one into a chain, a count of bits and a sum."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy as shallow_copy
from typing import ClassVar, Self

Octets = bytes | bytearray | memoryview


class ChainedHash(ABC):
    """A hash object like those of hashlib: `update`, `digest` and `copy`; one thread at a time for each object."""

    __slots__ = ("_bits", "_chain", "_sum", "_tail")

    digest_size: ClassVar[int]
    block_size: ClassVar[int]
    _initial: ClassVar[int] = 0

    def __init__(self, data: Octets = b"", /) -> None:
        self._chain = self._initial
        self._bits = 0
        self._sum = 0
        self._tail = b""
        self.update(data)

    def update(self, data: Octets, /) -> None:
        """Add octets; a memoryview must be contiguous (TypeError)."""
        size, view = self.block_size, memoryview(data).cast("B")
        start = 0
        if self._tail:
            start = size - len(self._tail)
            self._tail += view[:start]
            if len(self._tail) < size:
                return
            self._take(self._tail)
        end = start + (len(view) - start) // size * size
        for at in range(start, end, size):
            self._take(view[at : at + size])
        self._tail = bytes(view[end:])

    @abstractmethod
    def digest(self) -> bytes:
        """Digest of all octets so far, in the order in which signatures and other libraries use it; more may follow."""

    def copy(self) -> Self:
        return shallow_copy(self)  # all four parts are immutable

    @abstractmethod
    def _next(self, chain: int, block: int) -> int:
        """The chain after one more block."""

    def _take(self, block: bytes | memoryview) -> None:
        number = int.from_bytes(block, "little")
        self._chain = self._next(self._chain, number)
        # sum and count are modulo two to the size of a block; the count is cut where it is used
        self._sum = (self._sum + number) & ((1 << 8 * self.block_size) - 1)
        self._bits += 8 * self.block_size
