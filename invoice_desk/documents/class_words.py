"""The words by which a person tells what a document is, in the languages of billing clerks.

All patterns are matched against plain text: lower case, without accents.
"""

from __future__ import annotations

import re

from invoice_desk.core.text import plain_words

#: Class → what it is called where it is the title.  Compounds such as Schlussrechnung count.
TITLES: dict[str, str] = {
    "invoice": r"""(?:tax|commercial|sales|vat|final|interim|service)?\ ?invoice
        | fact?uras? | factuur
        | facture(?:\ d'acompte|\ de\ solde|\ definitive)? | fattura | bill\ of\ charges
        | note\ d'honoraires | debit\ note | note\ de\ debit | lastschriftanzeige
        | (?:handels|schluss|teil|abschlags|bau|sammel|dauer|end|gesamt)?rechnung
        | (?:rechnung|facture|factuur|invoice)s?-?\ ?(?:duplikat|duplicata|kopie|copy)
        | rechnungs-?\ ?korrektur | self-?billed\ invoice | autofacture""",
    "credit_note": r"""credit[\ -]?(?:note|memo|memorandum|invoice|nota|factuur) | avoir
        | facture\ d'avoir | note\ de\ credit | (?:rechnungs|storno)?gutschrift | stornorechnung
        | rechnungsstorno | nota\ de\ credito | nota\ di\ credito | factura\ rectificativa""",
    "receipt": r"""(?:official|sales|cash|payment|customer|store)?\ ?receipt | cash\ (?:sales?|bill)
        | ticket(?:\ de\ caisse)? | recu | facturette | (?:zahlungs)?quittung | kassen(?:bon|beleg)
        | bon\ de\ caisse | kassabon | recibo | scontrino | ricevuta""",
    "order": r"""(?:purchase|sales|insertion|work|broadcast|agency|change|e-?)?[\ -]?order
        (?:\ (?:confirmation|acknowledge?ment|form))? | (?:sales\ )?contract(?:\ agreement)?
        | bon\ de\ commande | (?:confirmation\ de\ )?commande | contrat
        | accuse\ de\ reception\ de\ commande | bestell(?:ung|bestatigung|schein)
        | auftrag(?:sbestatigung)? | (?:kauf|rahmen|miet)?vertrag | bestelbon | bestelling
        | orderbevestiging | overeenkomst | orden\ de\ compra | pedido | ordine | contratto""",
    "statement": r"""(?:account|bank|billing|monthly|supplier)?\ ?statement(?:\ of\ accounts?)?
        | releve(?:\ (?:de\ compte|bancaire|d'operations|de\ factures|client))?
        | extrait\ de\ compte | situation\ de\ compte | konto-?auszug | saldenmitteilung
        | saldenbestatigung | rekening(?:overzicht|afschrift) | extracto | estratto\ conto""",
    "delivery_note": r"""delivery\ (?:note|ticket|docket|order|receipt) | packing\ (?:list|slip)
        | (?:despatch|dispatch)\ (?:note|advice) | (?:bon|bordereau)\ de\ livraison
        | bordereau\ d'expedition | liste\ de\ colisage | lieferschein | warenbegleitschein
        | packliste | pakbon | leverbon | vrachtbrief | albaran | documento\ di\ trasporto""",
    "call_record": r"""call\ (?:detail\ )?(?:records?|report|log) | cdr | itemi[sz]ed\ calls?
        | details?\ (?:de\ (?:vos|la|votre)|des)\ (?:communications?|appels|consommations?)
        | einzelverbindungsnachweis | (?:einzel)?gesprachsnachweis | verbindungsubersicht
        | gesprekskosten | gesprekkenoverzicht""",
    # What looks like one of them and is none.
    "other": r"""pro[\ -]?forma(?:[\ -]?(?:invoice|rechnung|factuur))? | facture\ pro[\ -]?forma
        | quotation | quote | cost\ estimate | devis | angebot | kostenvoranschlag | offerte
        | mahnung | zahlungserinnerung | payment\ reminder | rappel | mise\ en\ demeure
        | aanmaning | presupuesto | preventivo | curriculum\ vitae | table\ of\ contents""",
}

#: Class → what a model that sees calls a picture of it.
CAPTIONS: dict[str, str] = {
    "receipt": r"receipts?|till\ slips?",
    "invoice": r"invoices?|bills?",
    "order": r"order\ forms?|purchase\ orders?|contracts?|agreements?",
    "statement": r"(?:bank|account)\ statements?",
    "delivery_note": r"delivery\ notes?|packing\ (?:slips?|lists?)",
}

#: Class → what speaks for it wherever it stands: pattern, weight, what a person would call it.
LABELS: dict[str, tuple[tuple[str, float, str], ...]] = {
    "invoice": (
        (
            r"\b(?:invoice|inv|facture|fact|rechnungs?|factuur|factura|fattura)[.\ -]{0,3}"
            r"(?:number|num|numero|nummer|nr|no|n°|nº|n\.|id|\#|ref)(?![a-z])",
            2.5,
            "an invoice number",
        ),
        (
            r"\b(?:invoice|facture|rechnung|factuur)\ :?\ ?[a-z/-]{0,5}\d{3,}",
            2.0,
            "an invoice number",
        ),
        (
            r"(?:invoice|inv|bill)\ ?(?:date|month|period)|rechnungs-?datum|factuur\ ?datum"
            r"|date\ (?:de\ )?(?:la\ )?fact(?:ure|uration)|fecha\ (?:de\ )?factura",
            1.5,
            "an invoice date",
        ),
        (
            r"amount\ due|balance\ due|please\ (?:pay|remit)"
            r"|remit\ (?:to|payment)|payable\ (?:to|by)"
            r"|net\ a\ payer|a\ regler|zu\ zahlen|zahlbar|te\ betalen"
            r"|rechnungs(?:betrag|summe|endbetrag)",
            0.8,
            "an amount to pay",
        ),
        (r"due\ date|echeance|fallig|vervaldatum|payment\ terms|zahlungsziel", 0.6, "a due date"),
        (r"self-?billed|selbst\ ausgestellte\ rechnung|autofactur", 5.0, "“self-billed”"),
        (r"\bbuchungshilfe\b", 3.0, "“Buchungshilfe”"),
    ),
    "credit_note": (
        (
            r"\b(?:credit\ (?:note|memo)|avoir|gutschrifts?|note\ de\ credit|creditnota)[\ -]{0,2}"
            r"(?:number|numero|nummer|nr|no|n°|nº|\#)(?![a-z])",
            4.0,
            "a number of a credit note",
        ),
        (r"credited\ amount|montant\ credite|gutschriftsbetrag|to\ your\ credit", 1.5, "a credit"),
        (r"rechnungs-?korrektur|facture\ rectificative|corrected\ invoice", 1.8, "a correction"),
        (r"\(381\)", 3.0, "the code 381"),
    ),
    "receipt": (
        (r"\b(?:receipt|ticket|bon|recu)\ ?(?:number|no|nr|n°|\#)", 2.0, "a receipt number"),
        (
            r"\b(?:cashier|caissi?er(?:e)?|kassierer|bediener|served\ by|counter)\b",
            1.6,
            "a cashier",
        ),
        (
            r"\b(?:change(?:\ due)?|rendu|ruckgeld|wechselgeld|cambio)\b[\ :.()a-z$€-]{0,8}\d",
            2.2,
            "change",
        ),
        (
            r"\b(?:cash|tendered?|especes|bar(?:geld)?|contant)\b[\ :.()a-z$€]{0,8}\d",
            1.8,
            "cash paid",
        ),
        (
            r"\b(?:till|terminal|pos|kasse|caisse|table"
            r"|tisch)\b\ ?(?:no|nr|id|n°)?\.?\ ?[:#]?\ ?\d",
            0.8,
            "a till",
        ),
        (
            r"rounding\ ?(?:adj\w*)?|goods\ sold|no\ refund|exchange\ within",
            0.8,
            "the words of a till",
        ),
        (
            r"\b(?:credit|visa|master\ ?card|debit)\ ?card|carte\ bancaire|girocard|ec-karte",
            0.6,
            "a card",
        ),
    ),
    "order": (
        (
            r"\border\ ?/\ ?rev|\bcontract\ (?:/\ rev|dates?"
            r"|agreement)|\bcontract\ ?(?:no|nr|number|\#)",
            2.0,
            "a contract number",
        ),
        (
            r"\b(?:purchase\ order|e-?order|commande|bestell(?:ung)?s?"
            r"|auftrags?)[\ -]?(?:number|nummer|nr|no|n°|\#|:)",
            0.8,
            "an order number",
        ),
        (r"\border\ ?(?:number|no|nr|\#|:)", 0.6, "an order number"),
        (r"\badvertiser\b[\s\S]{1,2000}\bspots?\b", 1.2, "an advertiser and spots"),
        (r"\bbuylines?\b|schedule\ dates|flight:|flight\ dates:", 1.0, "dates of a schedule"),
        (
            r"we\ (?:hereby\ )?order|nous\ (?:vous\ )?commandons|wir\ bestellen|bon\ pour\ accord",
            2.5,
            "an order in words",
        ),
        (
            r"we\ confirm\ your\ order|wir\ bestatigen\ (?:ihren"
            r"|den)\ auftrag|confirmons\ votre\ commande",
            3.0,
            "a confirmation",
        ),
        (
            r"accepted\ (?:by|for)|authori[sz]ed\ signature|agreed\ to\ and\ accepted",
            0.8,
            "a place to sign",
        ),
    ),
    "statement": (
        (
            r"(?:opening|closing|previous|brought\ forward)\ balance"
            r"|balance\ (?:brought\ )?forward",
            2.0,
            "balances",
        ),
        (
            r"(?:ancien|nouveau)\ solde|solde\ (?:initial"
            r"|final|precedent|anterieur|crediteur|debiteur)",
            2.0,
            "balances",
        ),
        (
            r"(?:anfangs|end|alter|neuer|letzter)\ ?-?(?:saldo|kontostand)|saldovortrag",
            2.0,
            "balances",
        ),
        (
            r"\b0\ ?-\ ?30\ days|\b31\ ?-\ ?60\b|\bover\ 90\b|overdue\ items|factures\ echues",
            1.5,
            "ages of debts",
        ),
        (r"\bdebit\b[^\n]{0,40}\bcredit\b|\bsoll\b[^\n]{0,20}\bhaben\b", 1.2, "debit and credit"),
    ),
    "delivery_note": (
        (
            r"(?:quantity|qty)\.?\ (?:delivered|shipped)|quantite\ livree|gelieferte\ menge",
            1.5,
            "delivered quantities",
        ),
        (
            r"received\ (?:by|in\ good)|recu\ (?:par|le)\ :|ware\ erhalten|empfangsbestatigung",
            1.2,
            "a receipt of goods",
        ),
        (
            r"delivery\ note\ (?:no|number|\#)|lieferschein-?\ ?(?:nr"
            r"|nummer|datum)|bon\ de\ livraison\ n",
            0.8,
            "a delivery note number",
        ),
        (
            r"\b(?:carrier|transporteur|spediteur|parcels|colis|packstucke|gross\ weight)\b",
            0.6,
            "a carrier",
        ),
    ),
    "call_record": (
        (
            r"(?:called|calling|dialled)\ (?:number|party)|numero\ (?:appele|appelant)|angerufene",
            2.0,
            "called numbers",
        ),
        (
            r"\b(?:call\ duration|duree\ (?:d')?appel|verbindungsdauer|gesprachsdauer)\b",
            1.5,
            "durations of calls",
        ),
    ),
    "other": (
        (
            r"not\ an?\ (?:tax\ )?invoice|no\ (?:tax\ )?invoice\b|keine\ rechnung",
            2.0,
            "that it is no invoice",
        ),
        (
            r"n'est\ pas\ une\ facture|ne\ constitue\ pas\ une\ facture|geen\ factuur",
            2.0,
            "that it is no invoice",
        ),
        (r"pro[\ -]?forma", 1.0, "“pro forma”"),
    ),
}

#: Words of another class that only say where something is sent, or that something is to come.
BESIDE_THE_POINT = re.compile(
    r"""(?:invoice|invoicing|billing|bill)\ ?(?:address|to\b|recipient|name) | invoice\ to\ follow
    | adresse\ de\ (?:facturation|livraison)
    | factur(?:e|er|ee)\ a\b | la\ facture\ suivra | rechnungs-?\ ?(?:adresse|anschrift|empfanger)
    | rechnung\ (?:folgt|an\b|erhalten\ sie) | factuur-?\ ?adres | aflever-?\ ?adres
    | (?:delivery|ship(?:ping)?)\ ?(?:address|date|terms|time|conditions)
    | liefer-?\ ?(?:adresse|anschrift|datum|zeit|bedingungen)
    | (?:in|money|postal)\ order(?:\ (?:to|of))? | to\ the\ order\ of | statement\ of\ work
    | (?:invoice|order|contract)\ (?:terms|conditions) | terms\ of\ (?:contract|delivery)
    | cheque\ receipt | on\ receipt | upon\ receipt | receipt\ of\ (?:invoice|goods|payment)
    | a\ reception\ de\ (?:la\ )?facture | nach\ rechnungs(?:erhalt|eingang|stellung)""",
    re.VERBOSE,
)
#: What may stand before a title without making it a sentence, and what behind it.
BEFORE_TITLE = (
    r"(?:(?:copy|original|duplicate|duplicata|kopie|copie|your|votre|ihre?|uw|the|de|no)\ |\W){0,3}"
)
#: What is said so is somebody else's: `Ihre Bestellung` on a delivery note.
YOURS = re.compile(r"\W*(?:your|votre|ihre?|uw)\ ")
BEHIND_TITLE = (
    r"(?:\W*$|\W*(?:number|numero|nummer|num|nr|no|ref|id)\b"
    r"|\W*(?:n[°º]|\#)|\W*(?:vom|du|of|date[d]?|van|von)\ "
    r"|\ ?\(|\ ?[:#-]|\ [a-z]{0,6}[-/]?\d|\ page\b|\ seite\b)"
)
MONEY_WORDS = re.compile(
    r"\b(?:total|ttc|tva|vat|gst|mwst|ust|net a payer|subtotal|sous-total|amount due|iban|btw"
    r"|gesamtbetrag|summe|iva|montant|betrag)\b"
)
INVOICE_WORDS = re.compile(
    r"\b(?:tax invoice|invoice|facture|rechnung|factuur|receipt|avoir|credit note|gutschrift)\b"
)
AMOUNT = re.compile(
    r"(?<![\d.,])-?\d{1,3}(?:[.,'’\u00a0 ]?\d{3})*[.,]\d{2}(?![\d.,]\d)-?"
    r"|[$€£] ?\d{1,3}(?:,?\d{3})*(?![\d.,]\d)"
)
#: A total below zero, with its sign before or behind, or in brackets.
NEGATIVE_TOTAL = re.compile(
    r"(?:\btotal|\bgesamt\w*|\bsumme|\bamount due"
    r"|\bnet a payer|\bendbetrag|\bttc\b)"
    r"(?!.{0,30}(?:abschlag|rabatt|nachlass|skonto|discount"
    r"|allowance|remise|acompte|deposit|paid|paye))"
    r"[^\n\d(−-]{0,25}(?=[^\n]{0,12}[1-9])(?:[-−] ?[€$£]? ?[\d.,' ]*\d[.,]\d\d\b"
    r"|\([€$£]?[\d.,' ]*\d[.,]\d\d\)|[\d.,' ]*\d[.,]\d\d ?-(?=\s|$))"
)
CALL_ROW = re.compile(r"(?:\+|00|\b0)\d[\d ]{6,14}\d\b.*\b\d{1,3}:\d\d(?::\d\d)?\b")

_COMMON: dict[str, str] = {
    "en": "the of and to for is your invoice date amount page total from by please order contract"
    " qty price subtotal vat due payment terms number customer description unit",
    "fr": "le la les de des du et pour votre vous facture montant est par une sur avec numero nous"
    " client quantite prix unitaire tva ht ttc payer echeance reglement livraison designation",
    "de": "der die das und fur ist mit von den nicht rechnung betrag datum vom nr ihre ihren wir"
    " kunde kundennummer rechnungsnummer rechnungsdatum menge einzelpreis gesamt gesamtbetrag mwst"
    " ust zzgl bestellung lieferant leistung zahlbar steuernummer summe tage abzug gmbh",
    "nl": "de het een van voor en uw factuur bedrag datum niet bij klant omschrijving aantal prijs"
    " btw totaal",
    "es": "el los las del para por una factura fecha importe total con su",
    "it": "il della delle per con fattura data importo totale del una",
}
_COMMON_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def plain(text: str) -> str:
    """Return `text` as the patterns of this module want it."""
    return plain_words(text).replace("’", "'")


def language_of(text: str) -> str:
    """Return the language that most common words of plain `text` belong to, "" if it is open."""
    words = re.findall(r"[a-z]+", text)
    counts = {
        language: sum(word in common for word in words)
        for language, common in _COMMON_WORDS.items()
    }
    best = max(counts, key=lambda language: counts[language])
    rivals = [count for language, count in counts.items() if language != best]
    return best if counts[best] >= 3 and counts[best] > max(rivals) else ""
