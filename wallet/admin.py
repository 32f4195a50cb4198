"""Brings in the console pages of the rooms: Django looks for an app's pages here."""

import wallet.activity.admin
import wallet.approvals.admin
import wallet.core.admin
import wallet.ledger.admin
import wallet.limits.admin
import wallet.monitoring.admin
import wallet.users.admin  # noqa: F401 - registers its pages
