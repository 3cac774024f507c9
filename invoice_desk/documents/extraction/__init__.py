"""From pages to the fields of an invoice."""
