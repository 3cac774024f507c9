"""The text of a mail as pages to look at, the same as those that it was read from."""

from __future__ import annotations

from invoice_desk.documents.mail_pages import mail_pages
from invoice_desk.documents.page import Page
from invoice_desk.readers.mail import read_mail
from invoice_desk.services.page_images import PageFile


def mail_text(file: PageFile) -> list[Page]:
    """Return the pages of a mail.

    Raises:
        SourceError: If it cannot be read.
    """
    mail = read_mail(file.path, name=file.name, kind=file.kind)
    return mail_pages(mail.headers, mail.text)
