"""Currencies as they are written: ISO 4217 codes, symbols, names and their hundredths.

A unit of money is an ISO code where the writing leaves no doubt (EUR, US$, Swiss francs), else the word that
several currencies share (dollar, krone); ``codes_of`` gives the codes that it may stand for.
"""

import re
from functools import lru_cache

_CODES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD"
    " CDF CHF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD"
    " GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD"
    " KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK"
    " NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD"
    " SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF"
    " XPF YER ZAR ZMW".split()
)
_WORDLIKE = frozenset(
    "ALL AMD AED AWG BAM BOB CDF CLP COP CRC CUP CVE ERN GEL KGS LAK MAD MDL MOP MVR PAB PEN PHP SAR SCR"
    " SDG SHP SOS SSP STN TOP TRY".split()
)
"""Codes that are words, names or abbreviations more often; money only with a number written like a sum."""
_ANY_CASE = frozenset({"eur", "usd", "gbp", "chf"})

_SHARED = {
    "dollar": "USD CAD AUD NZD HKD SGD TWD BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD MXN",
    "pound": "GBP EGP LBP SYP SDG SSP GIP FKP SHP", "franc": "CHF XAF XOF XPF DJF BIF GNF KMF RWF CDF",
    "krone": "NOK SEK DKK ISK", "yen": "JPY CNY", "rupee": "INR PKR LKR NPR MUR SCR",
    "peso": "MXN PHP CLP COP ARS UYU DOP CUP", "dinar": "KWD BHD JOD RSD TND DZD IQD LYD",
    "rial": "SAR QAR OMR IRR YER",
    "dirham": "AED MAD", "shilling": "KES UGX TZS SOS", "lira": "TRY", "ruble": "RUB BYN", "leu": "RON MDL",
    "cent": "EUR USD CAD AUD NZD HKD SGD", "penny": "GBP", "centime": "CHF EUR", "ore": "NOK SEK DKK",
}  # fmt: skip
MINOR = frozenset({"cent", "penny", "centime", "ore"})
"""Hundredths of a currency."""
_NAMES = {
    name: unit
    for unit, names in {
        "EUR": "€ euro euros", "dollar": "$ dollar dollars", "pound": "£", "yen": "¥ yen",
        "CNY": "yuan renminbi rmb", "franc": "franc francs", "CHF": "sfr sfr.",
        "krone": "kr kr. krone kroner krona kronor krónur", "CZK": "koruna korunas kč",
        "PLN": "zł zloty zlotys złoty", "HUF": "forint forints", "leu": "lei leu", "BGN": "leva",
        "lira": "₺ lira liras lire", "ruble": "₽ ruble rubles rouble roubles", "UAH": "₴ hryvnia hryvnias",
        "KRW": "₩", "rupee": "₹ rupee rupees rs rs.", "THB": "฿ baht", "MYR": "ringgit",
        "IDR": "rupiah rp rp.",
        "VND": "₫", "peso": "peso pesos", "PHP": "₱", "BRL": "r$ reais", "ILS": "₪ shekel shekels",
        "dirham": "dirham dirhams", "rial": "rial rials riyal riyals", "dinar": "dinar dinars",
        "NGN": "₦ naira", "shilling": "shilling shillings", "KZT": "tenge", "BDT": "taka", "USD": "us$",
        "AUD": "a$ au$", "CAD": "c$ ca$", "NZD": "nz$", "HKD": "hk$", "SGD": "s$", "TWD": "nt$",
        "GBP": "sterling poundsterling poundssterling", "cent": "cent cents ¢ eurocent eurocents",
        "penny": "penny pence",
        "centime": "centime centimes rappen", "ore": "øre öre",
    }.items()
    for name in names.split()
}  # fmt: skip
_NATIONS = {
    nation: frozenset(codes.split())
    for nation, codes in {
        "us": "USD", "u.s.": "USD", "american": "USD", "canadian": "CAD", "australian": "AUD",
        "new zealand": "NZD",
        "singapore": "SGD", "hong kong": "HKD", "british": "GBP", "egyptian": "EGP", "swiss": "CHF",
        "norwegian": "NOK", "swedish": "SEK", "danish": "DKK", "icelandic": "ISK", "japanese": "JPY",
        "chinese": "CNY", "indian": "INR", "pakistani": "PKR", "mexican": "MXN", "philippine": "PHP",
        "chilean": "CLP", "colombian": "COP", "turkish": "TRY", "russian": "RUB", "romanian": "RON",
        "serbian": "RSD", "kuwaiti": "KWD", "saudi": "SAR", "emirati": "AED", "moroccan": "MAD",
        "kenyan": "KES",
        "czech": "CZK", "polish": "PLN", "hungarian": "HUF", "south korean": "KRW",
    }.items()
}  # fmt: skip
_ONLY_WITH_NATION = {"pound": "pound", "pounds": "pound", "crown": "krone", "crowns": "krone", "won": "KRW"}
NATION = "|".join(re.escape(nation) for nation in sorted(_NATIONS, key=len, reverse=True))
"""Adjectives that tell one currency of a shared name from others, as an alternation."""
SYMBOLS = "$€£¥₹₩₺₴₪₦฿₫₱₽¢"
MONEY = frozenset(_CODES | set(_SHARED))
"""All units of money."""

WRITTEN = (
    rf"(?:[{SYMBOLS}]|\b(?:(?-i:{'|'.join(sorted(_CODES - _WORDLIKE))})|{'|'.join(sorted(_ANY_CASE))}"
    rf"|{'|'.join(sorted(name for name in _NAMES if name.isalpha()))}|pounds?)\b)"
)
"""A currency in words, code or symbol, as part of a pattern that looks past capitals."""

_BEFORE = re.compile(
    rf"(?:(?<![^\W_])(?P<scale>[MTk](?=EUR|CHF|USD|GBP|NOK|SEK|DKK))?(?P<code>[A-Z]{{3}})"
    rf"|(?P<symbol>(?:(?<![^\W_])(?:US|AU?|CA?|NZ|HK|S|NT|R))?[{SYMBOLS}])"
    r"|(?<![^\W_])(?P<short>[Kk]r\.?|Rs\.?|S?[Ff]r\.|Rp\.?|RMB|zł))"
    r"[\s\u00a0\u202f\u2009]?[-–(]?$"
)
_LONGEST_BEFORE = 10


def code(written: str, *, sum_written: bool = False) -> str:
    """The ISO code that ``written`` is, or "".

    ``sum_written`` says that a number beside it is written like a sum, so that TRY and ALL may be codes.
    """
    if written.lower() in _ANY_CASE:
        return written.upper()
    known = written in _CODES and (sum_written or written not in _WORDLIKE)
    return written if known else ""


@lru_cache(maxsize=2048)
def currency(written: str, nation: str = "") -> str:
    """The unit that a symbol or a name ("kroner", with ``nation`` "Norwegian") stands for, or ""."""
    key = written.lower()
    unit = _NAMES.get(key, "") or (_ONLY_WITH_NATION.get(key, "") if nation else "")
    if nation and unit:
        meant = _NATIONS[nation.lower()] & codes_of(unit)
        return min(meant) if meant else unit
    return unit


def currency_before(text: str, start: int, *, sum_written: bool) -> tuple[int, str, float]:
    """Where the currency that stands directly before ``start`` begins, its unit, and its scale (TEUR: 1000).

    The unit is "" when none stands there.
    """
    found = _BEFORE.search(text[max(0, start - _LONGEST_BEFORE) : start])
    if found is None:
        return start, "", 1.0
    if found["code"]:
        unit = code(found["code"], sum_written=sum_written)
    else:
        short = found["symbol"] or found["short"]
        unit = "CHF" if short.lower() in ("fr.", "sfr.") else currency(short)
    scale = {"M": 1e6, "T": 1e3, "k": 1e3}[found["scale"]] if found["scale"] else 1.0
    return (max(0, start - _LONGEST_BEFORE) + found.start(), unit, scale) if unit else (start, "", 1.0)


def codes_of(unit: str) -> frozenset[str]:
    """The ISO codes that a unit of money may stand for; empty for other units."""
    return frozenset(_SHARED[unit].split()) if unit in _SHARED else frozenset({unit} & _CODES)
