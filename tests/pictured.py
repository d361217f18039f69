# SPDX-License-Identifier: Apache-2.0
"""Which pages the bridge's site has, and where the documentation shows them."""

import re

from tests.pages import ROOT, Page, pages

PICTURES = ROOT / "docs/page"
_SHOWN = re.compile(r"!\[([^]]*)]\(([^)\s]+)\)")
_TEMPLATES = ROOT / "bridge/page/templates"
_PARTS = {"layout", "pieces"}
"""Templates that are no page themselves."""


def page_names():
    """Return the names of all pages, which their pictures have too."""
    return {one.stem for one in _TEMPLATES.glob("*.html")} - _PARTS


def shown():
    """Return what the documentation shows: each picture's file, and what it is said to be."""
    found = (
        (Page(path), *one)
        for path in pages()
        for one in _SHOWN.findall(Page(path).text)
    )
    return [((page.file.parent / link).resolve(), words) for page, words, link in found]
