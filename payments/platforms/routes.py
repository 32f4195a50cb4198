"""The route of a request, as the API's description writes it."""

import re

from django.http import HttpRequest

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def template_of(request: HttpRequest) -> str:
    """`/v1/payment-requests/{request_id}`; what was asked for and is not there has no route."""
    match = request.resolver_match
    return "" if match is None else "/" + _PARAMETER.sub(r"{\1}", match.route)
