"""The pages of rights as a person looks at them: what is kept, the file to take out, the history of a link, leaving."""

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from privacy.rights.models import Export
from tests.journeys.test_cards import sign_up
from tests.journeys.test_privacy import audit, tell
from tests.privacy.rights import lives
from tests.support.browser import Visitor
from tests.support.sealing import seal_everything

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60_000
#: Every run looks at the narrow window; whoever wants pictures gets the wide one too.
WINDOWS = [(390, "light", "fr"), (1280, "dark", "en")][: 2 if os.environ.get("PICTURES") else 1]


@pytest.mark.parametrize(("width", "scheme", "language"), WINDOWS)
def test_a_person_reads_takes_out_and_finds_the_door(
    new_visitor: Callable[..., Visitor], width: int, scheme: str, language: str
) -> None:
    """Break: a button without a name on one of them."""
    visitor = new_visitor(width=width, scheme=scheme)
    page, name = visitor.page, f"rights-{width}-{scheme}-{language}"
    page.set_default_timeout(PATIENCE)
    holder_id = sign_up(visitor)
    visitor.context.add_cookies([{"name": "django_language", "value": language, "url": visitor.base}])
    link = tell(holder_id)
    seal_everything()
    visitor.open(f"/links/{link.id}")
    audit(visitor, f"{name}-link")
    visitor.open("/privacy/kept")
    audit(visitor, f"{name}-kept")

    visitor.open("/privacy/export")
    audit(visitor, f"{name}-export-none")
    page.locator("main form button").first.click()
    page.locator("progress").wait_for()
    audit(visitor, f"{name}-export-pending")
    lives.work_on(Export.objects.get(holder_id=holder_id).pk)
    # The page looks by itself, every two seconds.
    expect(page.locator("form[action$='/download'] button")).to_be_visible(timeout=PATIENCE)
    audit(visitor, f"{name}-export-ready")
    with page.expect_download(timeout=PATIENCE) as fetched:
        page.locator("form[action$='/download'] button").click()
    assert re.fullmatch(r"exp_\w+\.json", fetched.value.suggested_filename)

    visitor.open("/privacy/leave")
    audit(visitor, f"{name}-leave")
