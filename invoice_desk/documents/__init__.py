"""Documents: from pages to words, and from words to the fields of an invoice."""
