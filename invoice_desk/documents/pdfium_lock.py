"""One thread at a time in pdfium, which keeps global state and is not safe for threads."""

from __future__ import annotations

import threading

#: Held by whoever calls pdfium in this process: the reader of pages, and the window's pictures.
PDFIUM = threading.RLock()
