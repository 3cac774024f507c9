"""Invoice Desk: keep, read, clean, check and export invoices on your own machine."""

__version__ = "0.1.0"
