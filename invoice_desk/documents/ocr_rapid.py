"""PP-OCR through rapidocr and onnxruntime: lines are found, and words told from letters' places."""

from __future__ import annotations

import math
from typing import Any

from invoice_desk.documents.ocr import library_version
from invoice_desk.documents.ocr_letters import LetterReader
from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.documents.pictures import turned, with_contrast

#: Lines are looked for on a picture whose long side has at most this many pixels.
DETECTION_SIDE = {"receipt": 960, "page": 1600}
#: Lines less sure than this are no text.
LEAST_CONFIDENCE = 0.5
#: A page read with less than this on the whole may stand on its head.
DOUBTED_CONFIDENCE = 0.8
#: A scan askew by less than this, in degrees, is left as it is.
LEAST_SKEW = 0.3
MOST_SKEW = 20.0
#: Lines are cut out with so much of their height above and below that holds no letters; boxes
#: are as high as the letters, as those of text layers and of Tesseract are.
TRIM = 0.2
#: So many lines tell which way up a page stands.
SAMPLE = 10
#: Counts up when the same library finds other words with this code.
_READING = 1


class RapidOcrEngine:
    """PP-OCR, on one thread of the processor.

    The library finds the lines and runs the models; lines are cut out and letters decoded here,
    because what the library makes of them glues words together.
    """

    name = "rapidocr"
    uses_gpu = False

    def __init__(self) -> None:
        self.version = f"{library_version('rapidocr')}-{_READING}"
        self._found: Any = None
        self._reader: LetterReader | None = None

    def recognise(self, image: Any, *, number: int) -> Page:
        """Return the words of a PIL image as page `number`, turned upright where that is due."""
        import numpy as np

        image, degrees = with_contrast(image.convert("RGB")), 0.0
        quads = self._lines(image)
        if _stands_sideways(quads):
            image, degrees = turned(image, 90), 90.0
            quads = self._lines(image)
        texts = self._read(image, quads)
        if (degrees or _is_doubtful(texts)) and self._stands_on_its_head(image, quads):
            image, degrees = turned(image, 180), (degrees + 180) % 360
            quads = self._lines(image)
            texts = self._read(image, quads)
        skew = _skew(quads)
        words = tuple(
            word
            for quad, text in zip(quads, texts, strict=True)
            if text.confidence >= LEAST_CONFIDENCE
            for word in _words(_straight(np.asarray(quad), skew, image.size), text)
        )
        return Page(
            number,
            image.width,
            image.height,
            words,
            TextSource.OCR,
            self.name,
            engine_version=self.version,
            turned=degrees - skew,
        )

    def _load(self) -> tuple[Any, LetterReader]:
        if self._reader is None:
            import cv2
            import numpy as np
            from rapidocr import RapidOCR

            cv2.setNumThreads(1)  # each worker has one core, and lines are small
            library = RapidOCR(
                params={
                    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                    "Global.use_cls": False,
                    "Global.log_level": "error",
                    "Det.limit_type": "max",
                }
            )
            blank = np.full((48, 96, 3), 255, np.uint8)  # models are loaded by the first use
            library(blank, use_det=True, use_cls=False, use_rec=False)
            library(blank, use_det=False, use_cls=False, use_rec=True)
            self._found, recogniser = library.text_det, library.text_rec
            self._reader = LetterReader(recogniser.session, recogniser.postprocess_op.character)
        return self._found, self._reader

    def _lines(self, image: Any) -> list[Any]:
        """Return the corners of every line: top left, top right, bottom right, bottom left."""
        import numpy as np

        find, _ = self._load()
        narrow = image.height > 1.7 * image.width or max(image.size) < 1200
        find.limit_side_len = DETECTION_SIDE["receipt" if narrow else "page"]
        found = find(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]))
        return [] if found.boxes is None else [_wider(quad.astype(float)) for quad in found.boxes]

    def _read(self, image: Any, quads: list[Any]) -> list[Any]:
        import numpy as np

        pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
        _, reader = self._load()
        return reader.read([_cut(pixels, quad) for quad in quads])

    def _stands_on_its_head(self, image: Any, quads: list[Any]) -> bool:
        """Return whether the longest lines are surer when turned by 180 degrees."""
        import numpy as np

        pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
        longest = sorted(quads, key=lambda quad: -float(np.linalg.norm(quad[1] - quad[0])))
        cuts = [_cut(pixels, quad) for quad in longest[:SAMPLE]]
        _, reader = self._load()
        upright = reader.read(cuts)
        overhead = reader.read([np.ascontiguousarray(np.rot90(cut, 2)) for cut in cuts])
        return sum(t.confidence for t in overhead) > sum(t.confidence for t in upright) + 0.5


def _wider(quad: Any) -> Any:
    """Return the corners with a little more around: tight ones cost first and last letters."""
    import numpy as np

    along, down = quad[1] - quad[0], quad[3] - quad[0]
    along = along / max(1e-6, float(np.linalg.norm(along))) * float(np.linalg.norm(down)) * 0.1
    down = down * 0.06
    steps = np.array([-along - down, along - down, along + down, down - along])
    return quad + steps


def _cut(pixels: Any, quad: Any) -> Any:
    """Return a line cut out of the page, level; one that stands upright is laid down."""
    import cv2
    import numpy as np

    a, b, c, d = quad
    width = max(1, int(max(np.linalg.norm(a - b), np.linalg.norm(c - d))))
    height = max(1, int(max(np.linalg.norm(a - d), np.linalg.norm(b - c))))
    level = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), level)
    cut = cv2.warpPerspective(
        pixels,
        matrix,
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    return np.ascontiguousarray(np.rot90(cut)) if height >= 1.5 * width else cut


def _size(quad: Any) -> tuple[float, float]:
    return math.dist(quad[0], quad[1]), math.dist(quad[0], quad[3])


def _stands_sideways(quads: list[Any]) -> bool:
    """Return whether most of what is long stands upright; single letters say nothing."""
    sizes = [_size(quad) for quad in quads]
    lying = sum(width for width, height in sizes if width > 2 * height)
    standing = sum(height for width, height in sizes if height > 2 * width)
    return standing > 2 * lying


def _is_doubtful(texts: list[Any]) -> bool:
    letters = sum(len(text.letters) for text in texts)
    sure = sum(len(text.letters) * text.confidence for text in texts)
    return letters > 0 and sure < DOUBTED_CONFIDENCE * letters


def _skew(quads: list[Any]) -> float:
    """Return by how many degrees lines fall to the right; 0 when it hardly matters."""
    angles = []
    for quad in quads:
        width, height = _size(quad)
        if width > 5 * height:
            angles.append(
                math.degrees(math.atan2(quad[1][1] - quad[0][1], quad[1][0] - quad[0][0]))
            )
    if len(angles) < 3:
        return 0.0
    middle = sorted(angles)[len(angles) // 2]
    return middle if LEAST_SKEW <= abs(middle) <= MOST_SKEW else 0.0


def _straight(quad: Any, skew: float, size: tuple[int, int]) -> Any:
    """Return corners turned about the middle of the page so that lines are level."""
    import numpy as np

    if not skew:
        return quad
    middle, angle = np.array(size) / 2, math.radians(-skew)
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return (quad - middle) @ matrix.T + middle


def _words(quad: Any, text: Any) -> list[Word]:
    """Return the words of a line, each as wide as its letters, and as high."""
    import numpy as np

    top, bottom = quad[0] + TRIM * (quad[3] - quad[0]), quad[3] - TRIM * (quad[3] - quad[0])
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    words = []
    for word in text.words():
        starts, stops = along * word.start, along * word.stop
        corners = np.array([top + starts, top + stops, bottom + starts, bottom + stops])
        (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        words.append(Word(word.text, (x0, y0, x1, y1), word.confidence))
    return words
