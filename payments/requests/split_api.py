"""The platform's API of splits."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from payments.platforms.authentication import bearer_of
from payments.platforms.scopes import CHAT
from payments.requests import splits
from payments.requests.examples import SPLIT_ASKED, SPLIT_MADE
from payments.requests.models import Split
from payments.requests.schemas import basis_of
from payments.requests.split_schemas import SplitBody, SplitInput, people_of_split, share_wish, split_body
from payments.requests.splits import SplitWish
from privacy.exposure.api import Answer, DisclosingView
from wallet.core import clock
from wallet.core.members import NoMembers

_CHAT = frozenset({CHAT})


def _one(split: Split, status: int = 200) -> Answer:
    requests = splits.list_shares(split)
    body, subjects = split_body(split, requests), people_of_split(split, requests)
    return Answer(SplitBody, body, subjects, status=status, basis=basis_of(*requests))


class SplitsView(DisclosingView):
    """Ask several people for their parts of one sum."""

    scopes = {"POST": _CHAT}
    idempotent = True
    request_serializer = SplitInput
    answers = {"POST": {201: SplitBody}}

    @extend_schema(operation_id="create_split", examples=[SPLIT_ASKED, SPLIT_MADE])
    def post(self, request: Request) -> Answer:
        """Create a split: equal, weighted or exact shares, each a payment request of its own."""
        values = self.parse(SplitInput, request)
        wish = SplitWish(
            payee=values["payee"], total=values["total"], shares=[share_wish(one) for one in values["shares"]],
            all_or_nothing=bool(values["all_or_nothing"]), note=values.get("note"), reference=values.get("reference"),
            expires_in=values.get("expires_in"), locale=values.get("locale") or "en",
        )  # fmt: skip
        return _one(splits.create_split(platform=bearer_of(request).platform, wish=wish, now=clock.now()), status=201)


class SplitView(DisclosingView):
    """One split of yours."""

    scopes = {"GET": _CHAT}
    answers = {"GET": {200: SplitBody}}

    @extend_schema(operation_id="get_split", examples=[SPLIT_MADE])
    def get(self, request: Request, split_id: str) -> Answer:
        """Read it."""
        return _one(splits.get_split(platform=bearer_of(request).platform, split_id=split_id, now=clock.now()))


class CancelSplitView(DisclosingView):
    """Take a split back."""

    scopes = {"POST": _CHAT}
    idempotent = True
    request_serializer = NoMembers
    answers = {"POST": {200: SplitBody}}

    @extend_schema(operation_id="cancel_split")
    def post(self, request: Request, split_id: str) -> Answer:
        """Cancel it while it is open: what is held is given back, what was paid stays paid."""
        self.parse(NoMembers, request)
        platform = bearer_of(request).platform
        return _one(splits.cancel_split(platform=platform, split_id=split_id, now=clock.now()))
