"""Report files -> Report, under limits, with every finding at once."""

from __future__ import annotations

from adapter.sources.completion import SourceContext
from adapter.sources.plain_file import load_plain
from adapter.sources.yaml_report import SourceReport, dump_json, dump_yaml, read_report

__all__ = ["SourceContext", "SourceReport", "dump_json", "dump_yaml", "load_plain", "read_report"]
