"""What the columns of a table of invoice lines mean, told by the words over them.

English, French and German, with Dutch, Spanish and Italian where the words are plain.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache


class Role(StrEnum):
    """What stands in a column; the names are those of the canonical fields where there is one."""

    LINE_ID = "line_id"
    ITEM_CODE = "item_code"
    DESCRIPTION = "description"
    QUANTITY = "quantity"
    UNIT = "unit"
    UNIT_PRICE = "unit_price"
    DISCOUNT = "discount"
    TAX_RATE = "tax_rate"
    TAX_AMOUNT = "tax_amount"
    NET_AMOUNT = "net_amount"
    GROSS_AMOUNT = "gross_amount"
    DATE = "line_date"
    #: The base of a tax or an allowance: lines of an invoice have none.
    BASE = "base"
    OTHER = "other"


#: Columns of numbers, among which arithmetic may find the right order.
NUMERIC = frozenset(
    {
        *(Role.QUANTITY, Role.UNIT_PRICE, Role.DISCOUNT, Role.TAX_RATE, Role.TAX_AMOUNT),
        *(Role.NET_AMOUNT, Role.GROSS_AMOUNT, Role.BASE),
    }
)
TEXTS = frozenset({Role.DESCRIPTION, Role.ITEM_CODE})

_TAX = r"(?:tva|t v a|vat|v a t|gst|taxe?s?|mwst|ust|umsatzsteuer|mehrwertsteuer|btw|iva|tps|sst)"
_TAIL = (
    r"(?: (?:ht|h t|hors taxes?|htva|eur|euro|usd|dzd|da|rm|gbp|chf|net|netto|nett?e?"
    r"|en|in|excl|exc|ex|excluding|without|w o|ohne|sans|zonder|rs|aed|euros?"
    rf"|{_TAX}))*"
)
_HEAD = r"(?:(?:prix|line|item|total|net|netto|ext|extended|gesamt|positions?) )?"
_QUANTITY = (
    r"q(?:uanti)?te?s?|qty|quantity|quantities|quantite|nombre|nbre|nb|menge|anzahl|hours?|hrs"
    r"|heures?|stunden|stk|stck|hoeveelheid|aantal|cantidad|cant|quantita|qta|ordered|shipped"
    r"|usage|consumption|consommation|verbrauch"
    r"|nb jours|days|jours|spots?|no of (?:units|days|spots)|geliefert|livree?|invoiced|delivered"
)
_PRICE = (
    r"(?:prix|p) (?:unitaires?|unit|uni|u|a l unite)|p ?u|prix|prix net|pu net|tarifs?|taux horaire"
    r"|cout unitaire|montant unitaire"
    r"|unit (?:prices?|costs?|rate|value|amt)|(?:u|s|sell|selling|list|net|sales?) ?prices?|price"
    r"|price each|price unit|each|rate|cost|unitprice|uprice|hourly rate|price per unit"
    r"|einzelpreis|einzel|einzelpr|stuckpreis|nettopreis|preis|e ?preis|ep|preis einheit"
    r"|preis pro einheit|preis je einheit|satz"
    r"|prijs|stukprijs|eenheidsprijs|prijs per stuk|precio|precio unitario|p unitario"
    r"|prezzo|prezzo unitario|importo unitario"
)
_NET = (
    rf"{_HEAD}(?:amounts?|amt|totals?|totaux|betrag|preis|summe|gesamt|gesamtpreis|wert|value|sum)"
    r"|(?:montants?|total|prix total|sous total|valeur|prix)(?: (?:de la )?ligne)?"
    r"|prix ht|montant net|total net|mt|mnt|p t|pt"
    r"|nettobetrag|nettowert|nettosumme|gesamtbetrag|gesamtwert|gesamtnetto|positionsbetrag|entgelt"
    r"|positions? ?betrag|positions? ?summe|zeilenbetrag|warenwert|g ?preis|gp"
    r"|(?:sub ?totals?|line total|ext(?:ended)? price|ext|extension|price w o|net price|net value)"
    r"|bedrag|totaal|regelbedrag|nettobedrag|totaalprijs|importe|importe neto|importo|totale"
    r"|imponibile"
)
#: Role → what its whole label may be, the more telling before the others.
_LABELS: tuple[tuple[Role, str], ...] = (
    (
        Role.OTHER,
        r"bruttopreis|gross price|tax code|gst code|vat code|code tva|tva code|vat identifier"
        r"|tax (?:class|cat(?:egory)?)|vke geb|ve|colis|weight|poids|gewicht|barcode|uom code",
    ),
    (
        Role.BASE,
        r"base|bases?(?: ht| de calcul| imposable)|basisbetrag|steuerbasisbetrag"
        r"|steuer basisbetrag|bemessungsgrundlage|taxable(?: amount| value)?|grondslag|basismenge"
        rf"|base imponible|zu abschlag|net amount {_TAX}|nettobasis|payments?|reglements?|zahlung",
    ),
    (
        Role.DATE,
        r"(?:(?:shipment|ship|service|delivery|invoice|order|trans(?:action)?|work) )?dates?"
        r"|datum|leistungsdatum|lieferdatum|jour|fecha|data|air date|period|periode|zeitraum",
    ),
    (
        Role.GROSS_AMOUNT,
        rf"(?:{_HEAD}(?:montants?|totals?|prix|amounts?|amt|betrag|price|importe|bedrag|gesamt)"
        rf" (?:eur |en )?(?:t ?t ?c|incl?|including|inclusive|inkl|brutto|toutes taxes comprises)"
        rf"(?: (?:of )?{_TAX})?)|ttc|bruttobetrag|bruttosumme|bruttowert|brutto(?: eur)?"
        r"|gross|gross amount|gross total|endbet|endbetrag",
    ),
    (
        Role.TAX_AMOUNT,
        rf"(?:montants?|amount|amt|betrag|valeur|total|importe|bedrag) (?:de la |of )?{_TAX}"
        rf"|{_TAX} (?:amount|amt|betrag|bedrag|montant|value|rm|eur)|steuerbetrag|mwstbetrag",
    ),
    (
        Role.DISCOUNT,
        r"(?:% )?(?:rem(?:ises?)?|rabais|reductions?|disc|dis|discounts?|rab|rabatt|nachlass"
        r"|korting|sconto|descuento|dto|escompte)(?: (?:%|en|eur|amount|amt|rm))*",
    ),
    (
        Role.ITEM_CODE,
        r"(?:(?:art|artikel|article|item|product|produkt|produit|prod|part|stock|material|sku|mat"
        r"|sach|best|bestell|gtin|style) (?:n|nr|no|nos|num|numero|number|code|id|nummer|ref|nrs))"
        r"(?: (?:kunde|lieferant|lief|art))*(?: artikel ?bezeichnung)?"
        r"|material|artnr|artikelnr|artikelnummer|artnumm?er|references?|ref"
        r"|code(?: article| produit)?|sku|ean|gtin|codigo|codice|itemcode"
        r"|productcode|referenzen|bestellnr|isbn",
    ),
    (
        Role.LINE_ID,
        r"pos|position|n|no|nr|num|#|lfd(?: nr)?|ligne|sl(?: no)?|s no|sr no|sno|ln|regel|item no",
    ),
    (
        Role.TAX_RATE,
        rf"(?:(?:taux|rate|%|satz|code) )?(?:de )?{_TAX}(?: (?:%|rate|satz|taux|eur|s))*"
        r"|steuersatz(?: %)?|steuer(?: %)?|mwstsatz|ustsatz|% tax|tipo iva|aliquota",
    ),
    (
        Role.UNIT,
        r"unit(?:es?|s)?|u|uom|u m|um|einheit|eenheid|meng ?einheit|mengeneinheit|me|unidad|unita"
        r"|unit of measure|mesure|udm|pack|conditionnement",
    ),
    (Role.UNIT_PRICE, rf"(?:{_PRICE}){_TAIL}"),
    (Role.QUANTITY, rf"(?:{_QUANTITY})(?: (?:uom|einheit|unit|units|unite|in))?"),
    (Role.NET_AMOUNT, rf"(?:{_NET}){_TAIL}"),
    (
        Role.DESCRIPTION,
        r"(?:(?:product|item|service|artikel|leistungs|goods|work) )?descr?(?:iptions?|iption|ip)?"
        r"|charges?|designations?|libelles?|intitule|details?|items?|articles?|produits?|products?|produkt"
        r"|services?|prestations?|particulars|activity|work|task|nature|objet|denomination"
        r"|bezeichnung|beschreibung|artikel|artikelbeschreibung|artikelbezeichnung|leistung|leistungen"
        r"|text|warenbezeichnung|produktbezeichnung|tatigkeit|beschrijving|omschrijving|descripcion"
        r"|concepto|descrizione|prodotto|dienst|goods|nom|name|description of (?:goods|services)"
        r"|product name|item name|inhalt|nature des prestations"
        r"|designation des (?:produits|articles)",
    ),
)
#: Words that stand in headings besides the labels themselves.
_FURTHER = (
    "ht ttc hors taxe taxes unitaire unitaires eur euro euros usd dzd da rm net netto brut brutto"
    " excl incl exc inc ohne mit inkl art kunde lief lieferant de la du des per pro je in en by"
    " of and und et excluding including a l without % s no nr n code prix price tax total type"
)
_VOCABULARY = frozenset(
    {
        *re.findall(
            r"[a-z%#]+", re.sub(r"\(\?[:!=]|\\w|\\b", " ", " ".join(p for _, p in _LABELS))
        ),
        *_FURTHER.split(),
    }
)
_PARTS = re.compile(r"[a-z0-9]+|%|#")


@lru_cache(maxsize=8192)
def tokens_of(text: str) -> tuple[str, ...]:
    """Return the bare words of a heading: `Art.-Nr.` is `art nr`, `Qté` is `qte`."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("°", " "))
    bare = "".join(c for c in plain if not unicodedata.combining(c)).replace("ß", "ss")
    joined = re.sub(r"(?<=\b[a-z])\.(?=[a-z]\b)", "", bare)
    return tuple(_PARTS.findall(joined))


def whole_role(tokens: tuple[str, ...]) -> Role | None:
    """Return what a label says that is known as it is."""
    return _whole(" ".join(tokens))


@lru_cache(maxsize=8192)
def _whole(label: str) -> Role | None:
    whole, _ = _patterns()
    return next((role for role, pattern in whole if pattern.fullmatch(label)), None)


_Patterns = tuple[tuple[Role, re.Pattern[str]], ...]


@lru_cache(maxsize=1)
def _patterns() -> tuple[_Patterns, _Patterns]:
    """Return the labels as whole texts and as parts, compiled when the first page needs them."""
    whole = tuple((role, re.compile(pattern)) for role, pattern in _LABELS)
    parts = tuple((role, re.compile(rf"\b(?:{pattern})(?!\w)")) for role, pattern in _LABELS)
    return whole, parts


@lru_cache(maxsize=4096)
def role_of(label: str) -> Role | None:
    """Return what a label says, if not as a whole then by the longest known part of it."""
    whole = _whole(label)
    if whole is not None:
        return whole
    best, length = None, 1
    for role, pattern in _patterns()[1]:
        for match in pattern.finditer(label):
            if len(match.group()) > length:
                best, length = role, len(match.group())
    return best


def is_heading_word(token: str) -> bool:
    """Return whether headings of tables have this word."""
    return token in _VOCABULARY
