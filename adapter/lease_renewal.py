"""A thread of the worker's process that renews its leases: short leases for the dead, long work for the living."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from adapter.errors import ElshiError

_log = logging.getLogger(__name__)


class LeaseRenewal:
    """Renews from the beginning of the block to its end.

    every   a third of the lease: two renewals may fail before a lease ends
    """

    def __init__(self, renew: Callable[[], object], *, every: timedelta) -> None:
        self._renew = renew
        self._every = every.total_seconds()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease renewal", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self._renew()
            except ElshiError as error:
                _log.warning("leases were not renewed: %s; the next renewal tries again", error.code)
            except Exception as error:  # noqa: BLE001 - reason: a thread that ends by itself would leave every later lease to end
                _log.error("leases were not renewed by a defect: %s", type(error).__name__)
