"""Brings in the console pages of the rooms: Django looks for an app's pages here."""

import cards.authorizations.admin
import cards.issuing.admin  # noqa: F401 - registers its pages
