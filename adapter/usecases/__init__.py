"""What the program does, each in one straight line; every pass is drawn in docs/architecture.md."""
