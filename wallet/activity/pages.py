"""The pages of activity: what happened, and the inbox."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from wallet.activity import lines, notices
from wallet.core import clock
from wallet.core.api import Audience, CursorUnreadable, audience, cursor_page, json_answer
from wallet.core.errors import NotFound


@audience(Audience.HOLDER)
@login_required
@require_GET
def activity(request: HttpRequest) -> HttpResponse:
    """Everything that happened, a page at a time."""
    try:
        found, older = cursor_page(lines.list_lines(str(request.user.pk)), request, by=("at", "id"))
    except CursorUnreadable:
        raise Http404 from None
    return render(request, "wallet/activity.html", {"lines": lines.show(found), "older": older})


@audience(Audience.HOLDER)
@login_required
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits to be known or done."""
    try:
        found, older = cursor_page(notices.list_notices(str(request.user.pk)), request, by=("at", "id"))
    except CursorUnreadable:
        raise Http404 from None
    shown = notices.show(found)
    context = {"notices": shown, "older": older, "has_unread": any(not notice.is_read for notice in shown)}
    return render(request, "wallet/inbox.html", context)


@audience(Audience.HOLDER)
@require_GET
def inbox_count(request: HttpRequest) -> HttpResponse:
    """How many notices wait; the frame of every page asks late, so that no page waits for it."""
    unread = notices.count_unread(str(request.user.pk)) if request.user.is_authenticated else 0
    answer = json_answer({"unread": unread})
    answer["Cache-Control"] = "no-store"
    return answer


@audience(Audience.HOLDER)
@login_required
@require_POST
def read_notice(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Lay one notice aside."""
    try:
        notices.mark_read(holder_id=str(request.user.pk), notice_id=notice_id, now=clock.now())
    except NotFound:
        raise Http404 from None
    return HttpResponseRedirect("/inbox")


@audience(Audience.HOLDER)
@login_required
@require_POST
def read_all_notices(request: HttpRequest) -> HttpResponse:
    """Lay everything aside."""
    notices.mark_all_read(holder_id=str(request.user.pk), now=clock.now())
    return HttpResponseRedirect("/inbox")
