"""The printed form of a document: PDF/A in Kazakh and Russian, the same bytes for the same Report."""

from adapter.rendition.pages import audit_page, publication_page
from adapter.rendition.render import render

__all__ = ["audit_page", "publication_page", "render"]
