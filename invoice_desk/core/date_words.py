"""Names of months and days of the week, as invoices of several languages write them."""

from __future__ import annotations

from invoice_desk.core.text import folded

_MONTHS = (
    "january jan janvier janv januar janner enero ene gennaio gen januari janeiro جانفي يناير "
    "stycznia sty ocak",
    "february feb fevrier fevr fev februar feber febrero febbraio februari fevereiro فيفري فبراير "
    "lutego lut subat şubat",
    "march mar mars marz maerz mrz marzo maart mrt marco مارس marca mart",
    "april apr avril avr abril abr aprile افريل ابريل kwietnia kwi nisan",
    "may mai mei mayo maggio mag maio ماي مايو maja maj mayıs",
    "june jun juin juni junio giugno giu junho جوان يونيو czerwca cze haziran",
    "july jul juillet juil juli julio luglio lug julho جويلية يوليو lipca lip temmuz",
    "august aug aout aou agosto ago augustus اوت اغسطس sierpnia sie augusti ağustos",
    "september sep sept septembre septiembre settembre set setembro سبتمبر września wrz eylül",
    "october oct octobre oktober okt octubre ottobre ott outubro out اكتوبر października paź ekim",
    "november nov novembre noviembre novembro نوفمبر listopada lis kasım",
    "december dec decembre dezember dez diciembre dic dicembre dezembro ديسمبر grudnia gru aralık",
)
_WEEKDAYS = (
    "monday mon lundi lun montag mo maandag ma lunes lunedi",
    "tuesday tue tues mardi mar dienstag di dinsdag martes martedi",
    "wednesday wed mercredi mer mittwoch mi woensdag wo woe miercoles mie mercoledi",
    "thursday thu thur thurs jeudi jeu donnerstag do donderdag jueves jue giovedi gio",
    "friday fri vendredi ven freitag fr vrijdag vr viernes vie venerdi",
    "saturday sat samedi sam samstag sonnabend sa zaterdag za sabado sab sabato",
    "sunday sun dimanche dim sonntag so zondag zo domingo dom domenica",
)
_MONTH_OF = {
    folded(name): number for number, names in enumerate(_MONTHS, 1) for name in names.split()
}
_WEEKDAY_OF = {
    folded(name): number for number, names in enumerate(_WEEKDAYS) for name in names.split()
}


def month_of(name: str) -> int | None:
    """Return the number of the month of this name, from 1."""
    return _MONTH_OF.get(folded(name))


def weekday_of(name: str) -> int | None:
    """Return the number of the day of the week of this name, Monday 0."""
    return _WEEKDAY_OF.get(folded(name))
