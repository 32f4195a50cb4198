"""What depends on the kind of merchant: how long a hold lives, and how far a clearing may go beyond it."""

from datetime import timedelta

_SHORT, _LONG = timedelta(days=7), timedelta(days=31)
#: Lodging, vehicles, airlines: single categories beside the chains' own ranges.
_LONG_CATEGORIES = frozenset({4411, 4511, 7011, 7012, 7033, 7512, 7513, 7519})
_LONG_RANGE = range(3000, 4000)

#: Where the final amount is not known when the card is asked: restaurants and bars, fuel, taxis, lodging and vehicles,
#: hair and beauty.
_TIPPED = frozenset({4121, 4131, 5541, 5542, 5552, 5811, 5812, 5813, 5814, 7230, 7297, 7298}) | _LONG_CATEGORIES
_TOLERANCE_PERCENT = 20


def hold_life(mcc: str) -> timedelta:
    """How long an authorization holds money: 7 days, 31 for lodging, vehicles and airlines."""
    category = int(mcc)
    return _LONG if category in _LONG_CATEGORIES or category in _LONG_RANGE else _SHORT


def most_cleared(authorized_minor: int, mcc: str) -> int:
    """What the clearings of an approved authorization may come to without a person looking at it."""
    category = int(mcc)
    is_tolerant = category in _TIPPED or category in _LONG_RANGE
    return authorized_minor + (authorized_minor * _TOLERANCE_PERCENT // 100 if is_tolerant else 0)
