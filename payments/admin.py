"""Brings in the console pages of the rooms: Django looks for an app's pages here."""

import payments.platforms.admin
import payments.requests.admin
import payments.topups.admin
import payments.webhooks.admin  # noqa: F401 - registers its pages
