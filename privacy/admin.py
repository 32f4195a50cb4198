"""Brings in the console pages of the rooms: Django looks for an app's pages here."""

import privacy.exposure.admin  # noqa: F401 - registers its pages
