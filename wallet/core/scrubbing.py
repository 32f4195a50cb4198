"""The last net under all text that leaves a process: card numbers, codes, tokens and keys are cut out of it.

It is not the rule (ids yes, values no), and it knows shapes, not meanings. Imports nothing: also a process that has not
read its settings yet uses it. A card number is what passes Luhn *and* stands in an issuer's range *and* has a brand's
length: one random number in ten passes Luhn alone (standard.md, PAN), and our ids, clocks and counters must not.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

CARD, CODE, SECRET, WITHHELD = "[card number]", "[code]", "[secret]", "[withheld]"

#: Issuer ranges by first digits, and the lengths in use (ISO/IEC 7812; the schemes' public tables). UATP (1…, 15
#: digits) is left out: identities of threads look like it, and it is no payment card of a person.
_RANGES: tuple[tuple[int, int, frozenset[int]], ...] = (
    (999900, 999900, frozenset({16})),  # ours (cards.vault.number_range)
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),  # American Express
    (300, 305, frozenset(range(14, 20))),  # Diners Club
    (3095, 3095, frozenset(range(14, 20))),  # Diners Club
    (36, 36, frozenset(range(14, 20))),  # Diners Club
    (38, 39, frozenset(range(14, 20))),  # Diners Club
    (3528, 3589, frozenset(range(16, 20))),  # JCB
    (6011, 6011, frozenset(range(16, 20))),  # Discover
    (644, 649, frozenset(range(16, 20))),  # Discover
    (65, 65, frozenset(range(16, 20))),  # Discover, RuPay, Verve, Troy
    (60, 60, frozenset({16})),  # RuPay, Hipercard
    (81, 82, frozenset({16})),  # UnionPay, RuPay
    (62, 62, frozenset(range(16, 20))),  # UnionPay
    (50, 50, frozenset(range(13, 20))),  # Maestro, Verve, Elo
    (56, 58, frozenset(range(13, 20))),  # Maestro
    (63, 63, frozenset(range(13, 20))),  # Maestro, Elo, InstaPayment
    (67, 67, frozenset(range(13, 20))),  # Maestro
    (2200, 2204, frozenset(range(16, 20))),  # Mir
    (2205, 2205, frozenset({16})),  # BORICA
    (8600, 8600, frozenset({16})),  # Uzcard
    (9792, 9792, frozenset({16})),  # Troy
    (9860, 9860, frozenset({16})),  # Humo
)
_SIX_DIGITS = [(int(str(low).ljust(6, "0")), int(str(high).ljust(6, "9")), lengths) for low, high, lengths in _RANGES]
#: The ranges that a number of these first two digits can stand in.
_BY_START = {
    start: [one for one in _SIX_DIGITS if one[0] // 10_000 <= start <= one[1] // 10_000] for start in range(100)
}
_SHORTEST, _LONGEST, _GROUP = 13, 19, 3

_DIGITS = r"(?:\d|%3\d)+"
#: What people and encoders put between groups: blanks, dashes, dots, their escapes, or the quotes of a list of parts.
_BETWEEN = (
    r"(?:[ \u00a0\u2007\u2009\u202f\u2010-\u2013+._-]|%20|%2[Dd]|%C2%A0|&nbsp;|\\xa0|\\u00a0|\\u2009|\\u202f"
    r"|\\?[\"'],? ?\\?[\"'])"
)
_RUN = re.compile(f"{_DIGITS}(?:{_BETWEEN}{_DIGITS})*")
_PIECE = re.compile(f"({_DIGITS})({_BETWEEN})?")
_ESCAPED_DIGIT = re.compile(r"%3(?=\d)")
#: A long word of hexadecimal digits is a digest or a UUID.
_HEX_BEFORE, _HEX_AFTER = re.compile(r"[0-9a-fA-F]*\Z"), re.compile(r"[0-9a-fA-F]*")
_HEX_WORD = 32
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

_BESIDE = re.compile(r"(?<=\[card number\])[^\n]{0,40}")
_SHORT_NUMBER = re.compile(r"(?<!\d)\d{3,4}(?!\d)")

#: Names whose value is nobody's business, in a line of text and as the keys of an event.
_NAMES = (
    "pan", "primary_account_number", "card_?number", "cc_?number", "cvc2?", "cvv2?", "cid", "csc", "cryptogram", "pin",
    "security_code", "password", "passwd", "passphrase", "secret", "token", "authorization", "cookie",
    "session(?:id|_?key)?", "csrf", "api_?key", "network_key", "private_key", "signing_key", "secret_key", "kek", "dek",
    "code_verifier", "recovery_code", "otp", "assertion", "signature",
)  # fmt: skip
_NAMED = re.compile(
    rf"(?i)(?<![a-z0-9])((?:{'|'.join(_NAMES)})(?:\\*[\"'])?\s*(?:[:=]|%3[AD])\s*)"
    r"((\\*[\"']).*?\3|\[[^\]]*\]|(?:bearer|basic|dpop)\s+[^\s,;&)}\]]+|[^\s,;&)}\]]+)"
)
_FORBIDDEN_KEY = re.compile(
    rf"(?i)(?:.*[_.-])?(?:{'|'.join(_NAMES)}|note|alias|label|e_?mail|name|username|body|text|iban|address|phone)\Z"
)

_SECRETS = (
    (re.compile(r"-----BEGIN [A-Z ]*KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL), SECRET),
    (re.compile(r"(?i)\b((?:set-)?cookie\\*[\"']?\s*:\s*)[^\n]+"), rf"\1{SECRET}"),
    (re.compile(r"(?i)\b(bearer|basic|dpop)(\s+|%20)[A-Za-z0-9._~+/=%-]{6,}"), rf"\1 {SECRET}"),
    (re.compile(r"\b(whsec_|whsk_|sk_(?:live|test)_|rk_(?:live|test)_)[A-Za-z0-9+/=_-]{8,}"), rf"\1{SECRET}"),
    (re.compile(r"(?i)([?&\s'\"]code\\*[\"']?\s*[:=]\s*\\*[\"']?)[A-Za-z0-9._~-]{16,}"), rf"\1{SECRET}"),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+(?=@)"), rf"\1{SECRET}"),
    (re.compile(r"\$(?:argon2|scrypt|pbkdf2)\S+"), SECRET),
    # Recovery codes: five groups of four of Crockford's letters (wallet.users.codes).
    (re.compile(r"(?i)(?<![0-9a-z-])(?:[0-9a-hjkmnp-tv-z]{4}-){4}[0-9a-hjkmnp-tv-z]{4}(?![0-9a-z-])"), SECRET),
    # Bytes that are no text: keys, digests, ciphertexts.
    (re.compile(r"b(['\"])(?:(?!\1)[^\\\n]|\\.)*\\x(?:(?!\1)[^\\\n]|\\.)*\1"), SECRET),
    # Long random words: tokens of 30 letters and more, base64 of 256 bits. Our ids are 22 letters after their prefix.
    (re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{30,}(?![A-Za-z0-9])"), SECRET),
    (re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*[0-9])[A-Za-z0-9_-]{40,}={0,2}"), SECRET),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{42,}={1,2}"), SECRET),
)


class _Piece(NamedTuple):
    """A group of digits, and the separator after it."""

    begin: int
    end: int
    digits: str
    between: str


def scrub_text(text: str) -> str:
    """The text without what the net knows; text that holds none of it comes back as it is."""
    text = _NAMED.sub(rf"\1{WITHHELD}", _without_numbers(text))
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def scrub_value(value: Any, *, key: str = "") -> Any:
    """A value of a structured line, however deep it is nested; whole numbers may be card numbers too."""
    match value:
        case bool() | float() | None:
            return value
        case _ if key and _FORBIDDEN_KEY.match(key):
            return WITHHELD
        case int():
            return CARD if is_card_number(str(value)) else value
        case Mapping():
            return {scrub_text(str(name)): scrub_value(one, key=str(name)) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            # The parts are looked at together as well: a number may be split over them.
            parts = [scrub_value(one) for one in value]
            return parts if scrub_text(repr(parts)) == repr(parts) else scrub_text(repr(parts))
    return scrub_text(value if isinstance(value, str) else repr(value))


def is_card_number(digits: str) -> bool:
    """Whether bare digits are a card number: length and range of an issuer, and Luhn."""
    length = len(digits)
    if not _SHORTEST <= length <= _LONGEST:
        return False
    start = int(digits[:6])
    ranges = _BY_START[start // 10_000]
    return any(low <= start <= high and length in lengths for low, high, lengths in ranges) and _is_luhn(digits)


def _is_luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - Luhn casts out nines
    return total % 10 == 0


def _without_numbers(text: str) -> str:
    kept, end = [], 0
    for begin, stop in _numbers(text):
        kept += [text[end:begin], CARD]
        end = stop
    if not kept:
        return text
    # What stands beside a card number is its date and its code.
    return _BESIDE.sub(lambda beside: _SHORT_NUMBER.sub(CODE, beside[0]), "".join([*kept, text[end:]]))


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand: inside each run of digits and separators, every row of groups is tried."""
    for run in _RUN.finditer(text):
        bare = run[0].isdecimal()
        if run.end() - run.start() < _SHORTEST or (bare and not is_card_number(run[0])):
            continue
        pieces = [
            _Piece(piece.start(1), piece.end(1), _ESCAPED_DIGIT.sub("", piece[1]), piece[2] or "")
            for piece in _PIECE.finditer(text, run.start(), run.end())
        ]
        first = 0
        while first < len(pieces):
            last = _last_piece(text, pieces, first)
            if last is not None:
                yield pieces[first].begin, pieces[last].end
                first = last
            first += 1


def _last_piece(text: str, pieces: list[_Piece], first: int) -> int | None:
    """The group with which a card number that begins here ends: equal separators, three digits or more a group."""
    if first > 0 and pieces[first - 1].between == ".":  # a fraction
        return None
    digits, found = "", None
    for last in range(first, len(pieces)):
        digits += pieces[last].digits
        row = pieces[first:last]
        if len(digits) > _LONGEST or any(len(piece.digits) < _GROUP for piece in row):
            break
        if row and (row[-1].between != row[0].between or text[pieces[first].begin - 1 : pieces[first].begin].isalnum()):
            break
        if is_card_number(digits):
            found = last
    return None if found is None or _is_in_digest(text, pieces[first]) or _is_in_uuid(text, pieces[first]) else found


def _is_in_digest(text: str, piece: _Piece) -> bool:
    """Whether the digits stand inside one long word of hexadecimal digits, with letters before or after them."""
    before = _HEX_BEFORE.search(text, max(0, piece.begin - 64), piece.begin)
    after = _HEX_AFTER.match(text, piece.end, piece.end + 64)
    letters = len((before or [""])[0]) + len((after or [""])[0])
    return letters > 0 and letters + len(piece.digits) >= _HEX_WORD


def _is_in_uuid(text: str, piece: _Piece) -> bool:
    near = _UUID.finditer(text, max(0, piece.begin - 36), piece.begin + 36)
    return any(one.start() <= piece.begin < one.end() for one in near)
