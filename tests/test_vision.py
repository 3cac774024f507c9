"""Florence-2 as an engine: with a fake model, and with a tiny one of weights made here."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from florence import (
    DARK,
    HAS_VISION,
    LIGHT,
    PROMPT,
    WITHOUT_VISION,
    dark,
    light,
    save,
    teach,
    tiny_network,
    tiny_processor,
)
from PIL import Image, ImageDraw

from invoice_desk.core.modes import WorkSettings
from invoice_desk.documents.ocr import check_engines, uses_gpu
from invoice_desk.documents.page import Page, TextSource
from invoice_desk.documents.vision import Florence2Engine
from invoice_desk.documents.vision_model import Answer, Device, likely_device
from invoice_desk.documents.vision_regions import marks_of, regions_of, words_of
from invoice_desk.errors import (
    EngineError,
    UnfinishedReadingError,
    VisionModelError,
    VisionPackageError,
)
from invoice_desk.services.doctor import examine
from invoice_desk.settings import hand_on, load_settings, save_settings
from invoice_desk.startup import keep_pandas_out

needs_vision = pytest.mark.skipif(not HAS_VISION, reason=WITHOUT_VISION)


# --- with a fake model -----------------------------------------------------------------


class FakeModel:
    """Writes the height of each picture, and does not end on pictures higher than it can."""

    def __init__(self, *, highest: int = 10_000, most: int = 100, device: Device = Device.CPU):
        self.device = device
        self.highest, self.most = highest, most
        self.batches: list[int] = []
        self.freed = 0

    def ask(self, task: str, images: Sequence[Any]) -> list[Answer]:
        if len(images) > self.most:
            raise MemoryError
        self.batches.append(len(images))
        text = "{}<loc_0><loc_0><loc_999><loc_0><loc_999><loc_999><loc_0><loc_999>"
        return [
            Answer(tuple(marks_of(text.format(im.height))), is_finished=im.height <= self.highest)
            for im in images
        ]

    def free(self) -> None:
        self.freed += 1


def engine_with(model: FakeModel) -> Florence2Engine:
    return Florence2Engine(Path("nowhere"), loader=lambda folder, device: model)


def ruled(width: int, height: int) -> Any:
    """Draw lines of "text" twenty pixels high, with gaps of twenty."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for y in range(0, height, 40):
        for x in range(0, width, 8):
            draw.rectangle((x, y, x + 3, y + 20), "black")
    return image


def test_a_page_holds_what_was_read_and_who_read_it() -> None:
    page = engine_with(FakeModel()).recognise(light(200, 100), number=3)

    assert (page.number, page.width, page.height) == (3, 200, 100)
    assert (page.text_source, page.engine) == (TextSource.OCR, "florence2")
    assert [word.text for word in page.words] == ["100"]


def test_the_first_page_of_a_document_has_a_caption() -> None:
    engine = engine_with(FakeModel())

    first, second = (engine.recognise(light(200, 100), number=number) for number in (1, 2))

    assert first.caption == engine.caption(light(200, 100)) != ""
    assert second.caption == ""


def test_a_receipt_is_read_in_strips_cut_between_lines() -> None:
    image = ruled(100, 800)

    page = engine_with(FakeModel()).recognise(image, number=1)

    heights = [int(word.text) for word in page.words]
    tops = [word.box[1] for word in page.words]
    assert sum(heights) == 800
    assert max(heights) <= 2 * 100
    assert tops == sorted(tops)
    assert [top for top in tops if 0 < round(top) % 40 < 20] == []


def test_a_page_without_an_end_is_cut_until_there_is_one() -> None:
    page = engine_with(FakeModel(highest=150)).recognise(light(400, 400), number=1)

    assert [word.text for word in page.words] == ["100"] * 4
    assert [round(word.box[1]) for word in page.words] == [0, 100, 200, 300]


def test_a_page_that_never_ends_is_an_error_and_spoils_no_other() -> None:
    model = FakeModel(highest=20)
    engine = engine_with(model)

    good, bad, other = engine.recognise_many(
        [light(200, 20), light(400, 400), light(200, 20)], numbers=[1, 2, 3]
    )

    assert isinstance(good, Page)
    assert isinstance(other, Page)
    assert isinstance(bad, UnfinishedReadingError)
    assert "page 2" in str(bad)
    with pytest.raises(UnfinishedReadingError, match="page 7"):
        engine.recognise(light(400, 400), number=7)


def test_pages_go_to_a_card_in_batches() -> None:
    model = FakeModel(device=Device.CUDA)

    pages = engine_with(model).recognise_many([light()] * 19, numbers=range(1, 20))

    assert model.batches == [8, 8, 3, 1]  # the last one for the caption of the first page
    assert [page.number for page in pages if isinstance(page, Page)] == list(range(1, 20))


def test_a_batch_that_does_not_fit_is_made_smaller() -> None:
    model = FakeModel(device=Device.CUDA, most=3)

    pages = engine_with(model).recognise_many([light(200, h) for h in range(1, 9)], numbers=[0] * 8)

    assert model.batches == [2, 2, 2, 2]
    assert [p.words[0].text for p in pages if isinstance(p, Page)] == list("12345678")
    with pytest.raises(MemoryError):
        engine_with(FakeModel(most=0)).recognise(light(), number=1)


def test_a_released_model_is_loaded_anew_by_the_next_page() -> None:
    loaded: list[FakeModel] = []

    def loader(folder: Path, device: Device | None) -> FakeModel:
        loaded.append(FakeModel())
        return loaded[-1]

    engine = Florence2Engine(Path("nowhere"), loader=loader)
    engine.release()
    for number in (1, 2):
        engine.recognise(light(), number=number)
    engine.release()
    engine.recognise(light(), number=3)

    assert [model.freed for model in loaded] == [1, 0]


@pytest.mark.parametrize(
    ("device", "is_scarce"), [(Device.CPU, False), (Device.CUDA, True), (Device.MPS, True)]
)
def test_only_a_card_is_scarce(device: Device, is_scarce: bool) -> None:
    assert Florence2Engine(Path("nowhere"), device=device).uses_gpu is is_scarce


def test_without_weights_the_engine_says_what_to_do(tmp_path: Path) -> None:
    engine = Florence2Engine(tmp_path / "florence")

    assert engine.version.endswith("missing")
    with pytest.raises(VisionModelError if HAS_VISION else VisionPackageError) as caught:
        engine.recognise(light(), number=1)
    assert ("models fetch" if HAS_VISION else "[vision]") in caught.value.advice


def test_nothing_slow_is_loaded_before_the_first_page() -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from invoice_desk.documents.vision import Florence2Engine, why_missing\n"
        "from invoice_desk.services.doctor import _vision, _vision_weights\n"
        "engine = Florence2Engine(); engine.uses_gpu; engine.version; why_missing(); "
        "engine.release(); _vision(); _vision_weights()\n"
        "print(*sys.modules)"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    slow = {"torch", "transformers", "tokenizers", "huggingface_hub", "numpy", "pyarrow"}
    assert slow.isdisjoint(out.stdout.split())


# --- where the weights are -------------------------------------------------------------


def test_the_folder_is_a_setting_that_the_environment_wins_over(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    save_settings(WorkSettings(vision_model="/models/mine"), path)

    assert load_settings(path, {}).vision_model == "/models/mine"
    assert load_settings(path, {"OPTIMIZE_VISION_MODEL": "/other"}).vision_model == "/other"


def test_worker_processes_are_told_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    save_settings(WorkSettings(vision_model="/models/mine"), path)
    untold: dict[str, str] = {}
    told = {"OPTIMIZE_VISION_MODEL": "/other"}

    hand_on(path, untold)
    hand_on(path, told)
    hand_on(tmp_path / "nothing.json", {})

    assert untold == {"OPTIMIZE_VISION_MODEL": "/models/mine"}
    assert told == {"OPTIMIZE_VISION_MODEL": "/other"}


def test_doctor_says_what_florence_lacks_and_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTIMIZE_VISION_MODEL", str(tmp_path / "florence"))

    checks = {check.name: check for check in examine(tmp_path / "desk.db")}

    weights, packages = checks["vision weights"], checks["extra: vision"]
    assert weights.state == "missing"
    assert str(tmp_path / "florence") in weights.detail
    assert "invoice-desk models fetch" in weights.advice
    assert packages.state == ("ok" if HAS_VISION else "missing")
    assert HAS_VISION or "invoice-desk[vision]" in packages.advice


def test_models_lists_what_is_there_as_json(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "invoice_desk", "models", "--json"]
    environ = {**os.environ, "OPTIMIZE_VISION_MODEL": str(tmp_path / "florence")}

    out = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    (model,) = json.loads(out.stdout)["models"]
    assert (model["name"], model["state"]) == ("florence2", "missing")
    assert model["missing"]


def test_the_engine_is_one_of_those_to_choose_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTIMIZE_VISION_MODEL", str(tmp_path / "florence"))

    with pytest.raises(EngineError, match="folder" if HAS_VISION else "not installed"):
        check_engines(["florence2"])

    assert uses_gpu("florence2") is (likely_device() is not Device.CPU)


# --- with a tiny model -----------------------------------------------------------------


@pytest.fixture(scope="session")
def one_thread() -> None:
    """Keep a tiny model from being handed around between threads."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """Save a model that knows nothing, and give its folder."""
    processor = tiny_processor()
    network = tiny_network(processor)
    network.generation_config.min_new_tokens = 60  # it would fall silent at once
    return save(tmp_path_factory.mktemp("random") / "florence", network, processor)


@pytest.fixture(scope="session")
def taught_weights(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """Save a model that knows two pictures by heart, and give its folder."""
    processor = tiny_processor()
    network = tiny_network(processor)
    lessons = [(PROMPT, light(), LIGHT), (PROMPT, dark(), DARK), ("<CAPTION>", dark(), "a slip")]
    teach(network, processor, lessons)
    return save(tmp_path_factory.mktemp("taught") / "florence", network, processor)


def taught_words(answer: str, width: float, height: float) -> list[tuple[str, Any]]:
    words = words_of(regions_of(marks_of(answer)), width=width, height=height)
    return [(word.text, pytest.approx(word.box)) for word in words]


@needs_vision
def test_random_weights_are_saved_loaded_and_asked(random_weights: Path) -> None:
    from invoice_desk.documents.vision_model import load

    model = load(random_weights)
    (answer,) = model.ask(PROMPT, [light()])

    assert model.device is likely_device()
    assert len(answer.marks) > 0
    assert all(0 <= mark.score <= 1 for mark in answer.marks)
    regions = regions_of([*answer.marks, *marks_of(LIGHT)])
    assert regions[-1].is_whole


@needs_vision
def test_scores_are_those_that_transformers_computes(taught_weights: Path) -> None:
    from transformers import Florence2ForConditionalGeneration, Florence2Processor

    from invoice_desk.documents.vision_model import VisionModel

    network = Florence2ForConditionalGeneration.from_pretrained(taught_weights).eval()
    processor = Florence2Processor.from_pretrained(taught_weights)
    told = network.generate(
        **processor(images=[light()], text=[PROMPT], return_tensors="pt"),
        max_new_tokens=60,
        return_dict_in_generate=True,
        output_scores=True,
    )
    scores = network.compute_transition_scores(told.sequences, told.scores, normalize_logits=True)

    (answer,) = VisionModel(network, processor, Device.CPU).ask(PROMPT, [light()])

    first = scores[0, 1 : 1 + len("Total 12,50")]  # after <s>; a token of this model is a byte
    assert answer.marks[0].text == "Total 12,50"
    assert answer.marks[0].score == pytest.approx(first.mean().exp().item(), abs=1e-4)


@needs_vision
def test_a_taught_model_reads_words_boxes_and_confidence(taught_weights: Path) -> None:
    page = Florence2Engine(taught_weights).recognise(light(600, 400), number=2)

    assert [(word.text, word.box) for word in page.words] == taught_words(LIGHT, 600, 400)
    assert all(0.9 < word.confidence < 1 for word in page.words)
    assert page.engine_version == Florence2Engine(taught_weights).version


@needs_vision
def test_many_pages_are_read_as_one_by_one(taught_weights: Path) -> None:
    engine = Florence2Engine(taught_weights)
    images = [dark(), light(), dark(100, 400)]

    together = engine.recognise_many(images, numbers=[1, 2, 3])

    assert together == [engine.recognise(image, number=i + 1) for i, image in enumerate(images)]
    assert [len(page.words) for page in together if isinstance(page, Page)] == [1, 3, 2]


@needs_vision
def test_pictures_of_one_batch_do_not_disturb_each_other(taught_weights: Path) -> None:
    from invoice_desk.documents.vision_model import load

    model = load(taught_weights)

    alone = [model.ask(PROMPT, [image])[0] for image in (light(), dark())]
    together = model.ask(PROMPT, [light(), dark()])

    assert [a.text for a in together] == [a.text for a in alone] == ["Total 12,50 été", "12"]
    assert [a.is_finished for a in together] == [True, True]


@needs_vision
def test_a_caption_is_a_sentence(taught_weights: Path) -> None:
    assert Florence2Engine(taught_weights).caption(dark()) == "a slip"


@needs_vision
def test_a_second_page_does_not_load_the_model_again(taught_weights: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(taught_weights, tmp_path / "florence")
    engine = Florence2Engine(folder)
    first = engine.recognise(light(), number=1)
    shutil.rmtree(folder)

    second = engine.recognise(light(), number=1)
    engine.release()

    assert second == first
    with pytest.raises(VisionModelError):
        engine.recognise(light(), number=1)


@needs_vision
def test_released_weights_are_out_of_memory(taught_weights: Path) -> None:
    engine = Florence2Engine(taught_weights)
    engine.recognise(light(), number=1)
    network = weakref.ref(engine._model._network)  # type: ignore[union-attr]

    engine.release()
    gc.collect()

    assert network() is None


@needs_vision
def test_a_model_that_cannot_be_loaded_is_a_sentence(taught_weights: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(taught_weights, tmp_path / "florence")
    (folder / "config.json").write_text('{"model_type": "florence2", "text_config": 7}')

    with pytest.raises(VisionModelError, match="cannot be loaded"):
        Florence2Engine(folder).recognise(light(), number=1)


def read_in_worker(folder: str) -> tuple[list[str], int]:
    keep_pandas_out()  # as every worker does
    import torch

    engine = Florence2Engine(Path(folder))
    return [word.text for word in engine.recognise(light(), number=1).words], (
        torch.get_num_threads()
    )


@needs_vision
def test_a_worker_process_reads_on_one_thread(taught_weights: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        texts, threads = pool.submit(read_in_worker, str(taught_weights)).result(timeout=120)

    assert texts == ["Total", "12,50", "été"]
    assert threads == 1


def _has_card() -> bool:
    return HAS_VISION and likely_device() is not Device.CPU


@pytest.mark.skipif(not _has_card(), reason="there is no card that torch can use")
def test_a_card_reads_the_same_in_half_precision(taught_weights: Path) -> None:
    import torch

    engine = Florence2Engine(taught_weights)
    page = engine.recognise(light(), number=1)

    assert engine.uses_gpu
    assert engine._model._network.dtype is torch.float16  # type: ignore[union-attr]
    assert [word.text for word in page.words] == ["Total", "12,50", "été"]
    engine.release()
    assert torch.cuda.memory_allocated() == 0
