"""Florence-2 in memory: loading it, asking it about pictures, and letting go of it."""

from __future__ import annotations

import gc
import importlib.util
import multiprocessing
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from invoice_desk.documents.vision_regions import Mark, confidence_of
from invoice_desk.documents.vision_weights import require
from invoice_desk.errors import VisionModelError, VisionPackageError

#: What `pip` calls the packages that Florence-2 runs on.
PACKAGES = ("torch", "transformers")
#: Of what the model can write at most; its positions end at 1024.
_MOST_TOKENS = 1024


class Device(StrEnum):
    """Where the model works; the values are torch's names."""

    CUDA = "cuda"
    MPS = "mps"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote about one picture, and whether it came to an end."""

    marks: tuple[Mark, ...]
    is_finished: bool

    @property
    def text(self) -> str:
        """Return the text without places."""
        return " ".join(" ".join(mark.text for mark in self.marks).split())


def missing_packages() -> list[str]:
    """Return which packages are not installed; imports none."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


@cache
def likely_device() -> Device:
    """Return where the model would work, without loading torch: that takes seconds and memory.

    A card counts when the system has a driver for it and torch was built for one.
    """
    if "torch" in sys.modules:
        return _device()
    if missing_packages():
        return Device.CPU
    if sys.platform == "darwin":
        import platform

        return Device.MPS if platform.machine() == "arm64" else Device.CPU
    has_driver = shutil.which("nvidia-smi") is not None or Path("/dev/kfd").exists()
    return Device.CUDA if has_driver and _is_built_for_cards() else Device.CPU


def _is_built_for_cards() -> bool:
    """Return whether torch can use a card, by the small file in which it says so itself."""
    spec = importlib.util.find_spec("torch")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        path = Path(folder) / "version.py"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if re.search(r"^(cuda|hip)\b[^=\n]*=\s*['\"]", text, re.MULTILINE):
            return True
    return False


def _device() -> Device:
    import torch

    if torch.cuda.is_available():
        return Device.CUDA
    return Device.MPS if torch.backends.mps.is_available() else Device.CPU


class VisionModel:
    """The loaded weights, their processor, and the device they are on."""

    def __init__(self, network: Any, processor: Any, device: Device) -> None:
        self.device = device
        self._network = network
        self._processor = processor
        words = processor.tokenizer.get_vocab()
        self._places = {
            number: int(found[1])
            for text, number in words.items()
            if (found := re.fullmatch(r"<loc_(\d{1,3})>", text))
        }
        self._silent = set(processor.tokenizer.all_special_ids) - set(self._places)

    @property
    def has_places(self) -> bool:
        """Return whether its vocabulary can say where something is."""
        return bool(self._places)

    def ask(self, task: str, images: Sequence[Any]) -> list[Answer]:
        """Return the answer to a task such as `<OCR_WITH_REGION>` about each picture.

        Raises:
            MemoryError: If so many pictures do not fit at once.
        """
        import torch
        from transformers import LogitsProcessorList

        listener = _listener()
        try:
            with torch.inference_mode():
                written = self._network.generate(
                    **self._inputs(task, images),
                    max_new_tokens=self._most_tokens(),
                    num_beams=1,  # what is written is then what was likeliest, and its score known
                    early_stopping=False,
                    do_sample=False,
                    no_repeat_ngram_size=0,  # the same amount stands on an invoice more than once
                    logits_processor=LogitsProcessorList([listener]),
                )
        except RuntimeError as error:  # CUDA has a class for it, MPS has none
            if "out of memory" in str(error):
                raise MemoryError(str(error)) from error
            raise
        scores = torch.stack(listener.heard, dim=1).tolist()
        return [
            self._answer(tokens[1:], line)
            for tokens, line in zip(written.tolist(), scores, strict=True)
        ]

    def _inputs(self, task: str, images: Sequence[Any]) -> dict[str, Any]:
        pictures = [image.convert("RGB") for image in images]
        made = self._processor(
            images=pictures, text=[task] * len(pictures), return_tensors="pt", padding=True
        )
        kind = self._network.dtype
        return {
            name: value.to(self.device, kind)
            if value.is_floating_point()
            else value.to(self.device)
            for name, value in made.items()
        }

    def _most_tokens(self) -> int:
        positions = self._network.config.text_config.max_position_embeddings
        return int(min(_MOST_TOKENS, positions)) - 1

    def _answer(self, tokens: list[int], scores: list[float]) -> Answer:
        """Return what tokens say; the first, with which every answer begins, is left out."""
        end = self._network.generation_config.eos_token_id
        ends = set(end if isinstance(end, list) else [end])
        length = next((i for i, token in enumerate(tokens) if token in ends), None)
        marks: list[Mark] = []
        run: list[tuple[int, float]] = []
        for token, score in zip(tokens[:length], scores[:length], strict=True):
            if token in self._places:
                marks.extend(self._text(run))
                marks.append(Mark(place=self._places[token]))
                run = []
            elif token not in self._silent:
                run.append((token, score))
        marks.extend(self._text(run))
        return Answer(tuple(marks), is_finished=length is not None)

    def _text(self, run: list[tuple[int, float]]) -> list[Mark]:
        """Return a run of tokens as text; decoded as a whole, since a letter may take several."""
        if not run:
            return []
        text = self._processor.tokenizer.decode(
            [token for token, _ in run], clean_up_tokenization_spaces=False
        )
        return [Mark(text, score=confidence_of(score for _, score in run))]

    def free(self) -> None:
        """Let go of the weights, and give a card's memory back to others."""
        import torch

        del self._network, self._processor
        gc.collect()
        if self.device is Device.CUDA:
            torch.cuda.empty_cache()
        elif self.device is Device.MPS:
            torch.mps.empty_cache()


def _listener() -> Any:
    """Return what hears how likely each chosen token was.

    The scores of all tokens at all steps, which transformers can give back, would take 200 MB a
    picture; at each step only that of the likeliest, which is the one chosen, is needed.
    """
    import torch
    from transformers import LogitsProcessor

    class Listener(LogitsProcessor):  # type: ignore[misc]
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def __call__(self, _tokens: Any, scores: Any) -> Any:
            self.heard.append(torch.log_softmax(scores.float(), dim=-1).amax(dim=-1))
            return scores

    return Listener()


def load(folder: Path, device: Device | None = None) -> VisionModel:
    """Return the model of a folder, on a card where there is one; nothing is downloaded.

    Half precision on a card; on a processor that would be slower, not faster.

    Raises:
        VisionPackageError: If torch or transformers is not installed.
        VisionModelError: If the folder holds no Florence-2 that can be loaded.
    """
    lacking = missing_packages()
    if lacking:
        raise VisionPackageError(f"Florence-2 needs {' and '.join(lacking)}, not installed here.")
    require(folder)
    import torch
    from transformers import Florence2ForConditionalGeneration, Florence2Processor
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if multiprocessing.parent_process() is not None:
        torch.set_num_threads(1)  # there are as many workers as cores
    device = device or _device()
    kind = torch.float32 if device is Device.CPU else torch.float16
    try:
        processor = Florence2Processor.from_pretrained(folder, local_files_only=True)
        network = Florence2ForConditionalGeneration.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=kind
        )
    except Exception as error:  # whatever a damaged folder makes the library throw
        reason = str(error).strip().partition("\n")[0]
        raise VisionModelError(f"{folder} cannot be loaded: {reason}.") from error
    model = VisionModel(network.eval().to(device), processor, device)
    if not model.has_places:
        raise VisionModelError(f"{folder} has no words for places; it is no Florence-2.")
    return model
