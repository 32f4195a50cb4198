"""The browser's fixtures, for the pages of this room."""

from tests.support.browser import chromium, new_visitor, visitor
from tests.support.web import web

__all__ = ["chromium", "new_visitor", "visitor", "web"]
