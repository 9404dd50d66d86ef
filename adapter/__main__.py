"""`python -m adapter` and the command `elshi`."""

from adapter.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
