"""The JSON Schema of what verify prints, as it is published."""

from __future__ import annotations

from pathlib import Path


def report_schema() -> bytes:
    """verification-report.schema.json (JSON Schema 2020-12), UTF-8."""
    return (Path(__file__).resolve().parent / "verification-report.schema.json").read_bytes()
