"""The frame of every page we write: one file, no script, no picture or style from elsewhere; it prints on A4."""

from __future__ import annotations

from html import escape

from adapter.texts import Language

_STYLE = """
:root{--ink:#14213d;--soft:#5b6478;--line:#d9dde5;--good:#1b6e3c;--bad:#a4161a;--doubt:#8a5a00;--paper:#fff}
*{box-sizing:border-box}
body{margin:0;background:#f4f6f9;color:var(--ink);font:16px/1.55 "Noto Sans","Segoe UI",Arial,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 4rem}
header.top{border-bottom:3px solid #00a3b4;margin-bottom:1.5rem;padding-bottom:1rem}
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0}
h2{font-size:1.2rem;margin:2rem 0 .6rem}
h3{font-size:1.05rem;margin:0 0 .4rem}
nav a{margin-right:1rem}
a{color:#006f7c}
.card{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:1rem 1.2rem;margin:0 0 1rem}
.soft{color:var(--soft);font-size:.92rem}
table{border-collapse:collapse;width:100%;background:var(--paper)}
th,td{border:1px solid var(--line);padding:.4rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{overflow-wrap:normal}
th{background:#eef1f6;font-weight:600}
.PASSED,.TOTAL-PASSED{color:var(--good);font-weight:600}
.FAILED,.TOTAL-FAILED{color:var(--bad);font-weight:600}
.INDETERMINATE,.NOT_PERFORMED{color:var(--doubt);font-weight:600}
.PASSED,.FAILED,.INDETERMINATE,.NOT_PERFORMED,.TOTAL-PASSED,.TOTAL-FAILED{overflow-wrap:normal;white-space:nowrap}
code{font:.85em "DejaVu Sans Mono",Consolas,monospace;overflow-wrap:anywhere}
@media print{body{background:#fff}.card{break-inside:avoid}}
@page{size:A4;margin:16mm}
"""


def html_page(title: str, language: Language, body: str, style: str = "") -> bytes:
    """A whole page; `body` and `style` are markup of ours, with every foreign text escaped."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language.value}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escaped(title)}</title><style>{_STYLE}{style}</style></head><body><main>{body}</main></body></html>\n"
    ).encode("utf-8", "replace")


def escaped(text: str) -> str:
    """Foreign text as text."""
    return escape(text, quote=True)
