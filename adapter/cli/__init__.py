"""The command `elshi`: arguments in, use case called, exit code out. It carries no rules."""

from adapter.cli.entry import main

__all__ = ["main"]
