"""The signs, codes and words by which people name a currency beside an amount."""

from __future__ import annotations

import re

#: Signs of one character; the cent sign is none, for it changes the value.
SIGNS = "€$£¥₹₽₺₩₪₫₴₦₱฿₡₲₵₸₼₾₭₮₨֏؋﷼₣₤₧￥＄￡￦元円원"

# ISO 4217, and codes of Europe from before the euro; ALL and TOP are left out, being words.
_CODES = """
    AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RMB RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH UGX
    USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
    ATS BEF DEM ESP FIM FRF GRD HRK IEP ITL LUF NLG PTE
"""
# Words and codes that stand in any case, without dots.
_WORDS = """
    eur euro euros usd dollar dollars gbp chf sfr fr frs franc francs cfa fcfa ff pounds
    dzd da mad dh dhs dirham dirhams tnd dt dinar dinars دج دم دت درهم دينار
    kr sek nok dkk kč kc czk zł zl pln ft huf lei ron leu лв грн руб р rub tl try din дин
    rs inr rp idr rm myr sgd cad aud nzd jpy cny xpf xof xaf s/ b/
"""
_KNOWN_CODES, _KNOWN_WORDS = frozenset(_CODES.split()), frozenset(_WORDS.split())
_PREFIXED = re.compile(r"(?:US|A|AU|C|CA|NZ|HK|S|NT|R|MX|AR|CL|CO)\$", re.IGNORECASE)
# The dot that may stand between these and the digits is theirs; that of `USD.50` may be a mark.
_ABBREVIATED = frozenset({"rs", "fr", "sfr", "kr", "rp", "dh", "dhs", "da", "dt", "s/", "b/"})


def is_currency(word: str) -> bool:
    """Return whether `word` names a currency: a sign, `US$`, a code or a word."""
    if len(word) == 1 and word in SIGNS:
        return True
    bare = word.replace(".", "").replace(" ", "")
    return (
        bare in _KNOWN_CODES or bare.casefold() in _KNOWN_WORDS or bool(_PREFIXED.fullmatch(bare))
    )


def is_abbreviation(word: str) -> bool:
    """Return whether a dot right behind `word`, before the digits, can only be its own."""
    return word.rstrip(".").casefold() in _ABBREVIATED


def is_rupee(word: str) -> bool:
    """Return whether `word` names rupees, which are also counted in crores (`Cr`)."""
    return word.rstrip(".").casefold() in {"rs", "inr", "₹", "₨"}
