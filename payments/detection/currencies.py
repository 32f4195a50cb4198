"""Currencies: which one a sign or a word means where, and how many decimals it has (ISO 4217)."""

from __future__ import annotations

DOLLAR, POUND, PESO, FRANC, CFA, LOCAL, CROWN = "dollar", "pound", "peso", "franc", "cfa", "local", "crown"

_DECIMALS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(),  # noqa: SIM905 - reads as a table
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}

_EURO = "AD AT BE BL CY DE EE ES FI FR GF GP GR HR IE IT LT LU LV MC ME MF MQ MT NL PM PT RE SI SK SM VA XK YT"
_XOF = "BF BJ CI GW ML NE SN TG"
_XAF = "CF CG CM GA GQ TD"
_OTHERS = (
    "AE:AED AR:ARS AU:AUD BD:BDT BG:BGN BH:BHD BI:BIF BO:BOB BR:BRL CA:CAD CD:CDF CH:CHF CL:CLP CN:CNY CO:COP CR:CRC "
    "CU:CUP CZ:CZK DJ:DJF DK:DKK DO:DOP DZ:DZD EC:USD EG:EGP FJ:FJD GB:GBP GG:GBP GH:GHS GN:GNF GT:GTQ HK:HKD "
    "HN:HNL HT:HTG HU:HUF ID:IDR IL:ILS IM:GBP IN:INR IQ:IQD IS:ISK JE:GBP JM:JMD JO:JOD JP:JPY KE:KES KM:KMF KR:KRW "
    "KW:KWD LB:LBP LI:CHF LK:LKR LY:LYD MA:MAD MG:MGA MR:MRU MU:MUR MX:MXN MY:MYR NC:XPF NG:NGN NI:NIO NO:NOK NP:NPR "
    "NZ:NZD OM:OMR PA:PAB PE:PEN PF:XPF PH:PHP PK:PKR PL:PLN PR:USD PY:PYG QA:QAR RO:RON RS:RSD RU:RUB RW:RWF SA:SAR "
    "SE:SEK SG:SGD SV:USD SY:SYP TH:THB TN:TND TR:TRY TT:TTD TW:TWD TZ:TZS UA:UAH UG:UGX UK:GBP US:USD UY:UYU VE:VES "
    "VN:VND VU:VUV WF:XPF ZA:ZAR"
)
_REGIONS = {
    **dict.fromkeys(_EURO.split(), "EUR"),
    **dict.fromkeys(_XOF.split(), "XOF"),
    **dict.fromkeys(_XAF.split(), "XAF"),
    **dict(pair.split(":") for pair in _OTHERS.split()),
}
_LIKELY_REGION = {"fr": "FR", "en": "US", "es": "ES", "de": "DE", "it": "IT", "pt": "PT", "nl": "NL", "ja": "JP"}
_DOLLARS = {"CAD", "AUD", "NZD", "MXN", "ARS", "CLP", "COP", "UYU", "HKD", "SGD", "TWD", "JMD", "TTD", "FJD", "DOP"}
_PESOS = {"MXN", "ARS", "CLP", "COP", "UYU", "CUP", "DOP", "PHP"}
_CROWNS = {"SEK", "NOK", "DKK", "CZK", "ISK"}
_FRANCS = {"XOF", "XAF", "XPF", "CDF", "RWF", "BIF", "GNF", "DJF", "KMF"}

_SHARED = {
    DOLLAR: (_DOLLARS, "USD"),
    PESO: (_PESOS, "MXN"),
    CROWN: (_CROWNS, "SEK"),
    FRANC: (_FRANCS, "CHF"),
    POUND: (set[str](), "GBP"),
}

SIGNS = {
    "€": "EUR", "£": POUND, "¥": "JPY", "₹": "INR", "₩": "KRW", "₦": "NGN", "₺": "TRY", "$": DOLLAR, "us$": "USD",
    "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "mx$": "MXN",
}  # fmt: skip
# Written the same in all languages; a language file adds its own.
WORDS = {
    "euro": "EUR", "euros": "EUR", "eur": "EUR", "eurs": "EUR", "dollar": DOLLAR, "dollars": DOLLAR, "usd": "USD",
    "cad": "CAD", "aud": "AUD", "nzd": "NZD", "gbp": "GBP", "chf": "CHF", "jpy": "JPY", "yen": "JPY",
    "yens": "JPY", "inr": "INR", "rs": "INR", "rupees": "INR", "fcfa": CFA, "cfa": CFA, "xof": "XOF", "xaf": "XAF",
    "kd": "KWD", "kwd": "KWD", "tnd": "TND", "dt": "TND", "bhd": "BHD", "bd": "BHD", "mad": "MAD", "dh": "MAD",
    "dhs": "MAD", "dirham": "MAD", "dirhams": "MAD", "mxn": "MXN", "clp": "CLP", "ars": "ARS", "krw": "KRW",
    "won": "KRW", "wons": "KRW", "pesos": PESO, "peso": PESO,
}  # fmt: skip
BEFORE = {
    **{word: kind for word, kind in WORDS.items() if word not in {"won", "mad", "peso", "pesos", "bd"}},
    "sfr": "CHF",
    "fr": FRANC,
    "frs": FRANC,
}
PAIRS = {
    ("dollar", "canadien"): "CAD", ("dollars", "canadiens"): "CAD", ("canadian", "dollars"): "CAD",
    ("dollars", "us"): "USD", ("us", "dollars"): "USD", ("dollars", "americains"): "USD",
    ("dollars", "australiens"): "AUD", ("franc", "suisse"): "CHF", ("francs", "suisses"): "CHF",
    ("swiss", "francs"): "CHF", ("schweizer", "franken"): "CHF", ("francs", "cfa"): CFA,
    ("francs", "pacifique"): "XPF", ("pesos", "mexicanos"): "MXN", ("pesos", "argentinos"): "ARS",
    ("pesos", "chilenos"): "CLP",
}  # fmt: skip


def region_of(locale: str) -> str:
    """The region of a BCP 47 tag, or the likely one of its language."""
    parts = locale.replace("_", "-").split("-")
    for part in parts[1:]:
        if len(part) == 2 and part.isalpha():  # noqa: PLR2004 - two letters make a region (BCP 47)
            return part.upper()
    return _LIKELY_REGION.get(parts[0].lower(), "US")


def local_currency(locale: str) -> str:
    """The currency of the locale's region."""
    return _REGIONS.get(region_of(locale), "USD")


def decimals(currency: str) -> int:
    """How many decimals the minor unit has."""
    return _DECIMALS.get(currency, 2)


def resolve(kind: str, locale: str) -> str:
    """The code that a sign or word stands for in this locale."""
    local = local_currency(locale)
    if kind == LOCAL:
        return local
    if kind == CFA:
        return "XAF" if local == "XAF" else "XOF"
    if kind in _SHARED:
        currencies, otherwise = _SHARED[kind]
        return local if local in currencies else otherwise
    return kind
