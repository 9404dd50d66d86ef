"""Forms for readers: the printed form of a document (PDF/A in Kazakh and Russian), pages, and reports on verification.

The same Report, or the same findings, give the same bytes.
"""

from adapter.rendition.audit_page import audit_page
from adapter.rendition.audit_text import Line, audit_lines
from adapter.rendition.etsi_report import etsi_report
from adapter.rendition.pages import publication_page
from adapter.rendition.render import render
from adapter.rendition.report_schema import report_schema

__all__ = ["Line", "audit_lines", "audit_page", "etsi_report", "publication_page", "render", "report_schema"]
