"""Resident memory of this process, as the kernel counts it. Linux; elsewhere getrusage, which is coarser."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def now() -> int:
    """Bytes."""
    return _resident("VmRSS")


def peak() -> int:
    """Bytes, at most since the program was started."""
    return _resident("VmHWM")


def _resident(field: str) -> int:
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
