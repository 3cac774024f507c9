"""A Florence-2 a thousandth of the size, with weights made here: random, or taught two pictures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from PIL import Image

HAS_VISION = all(importlib.util.find_spec(name) for name in ("torch", "transformers"))
WITHOUT_VISION = "torch is not installed (python3 bootstrap.py test --with vision)"

PROMPT = "<OCR_WITH_REGION>"
#: What a taught model writes about a light and about a dark picture.
LIGHT = (
    "Total 12,50<loc_100><loc_200><loc_300><loc_200><loc_300><loc_250><loc_100><loc_250>"
    "été<loc_0><loc_500><loc_99><loc_500><loc_99><loc_600><loc_0><loc_600>"
)
DARK = "12<loc_700><loc_100><loc_800><loc_100><loc_800><loc_150><loc_700><loc_150>"

_SIDE = 32
_VISION = {
    "depths": (1, 1),
    "patch_size": (7, 3),
    "patch_stride": (4, 2),
    "patch_padding": (3, 1),
    "patch_prenorm": (False, True),
    "embed_dim": (8, 16),
    "num_heads": (2, 2),
    "num_groups": (2, 2),
    "window_size": 4,
    "projection_dim": 16,
    "drop_path_rate": 0.0,
}
_TEXT = {
    "model_type": "bart",
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 128,
    "dropout": 0.0,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
}


def light(width: int = 200, height: int = 100) -> Any:
    return Image.new("RGB", (width, height), "white")


def dark(width: int = 200, height: int = 100) -> Any:
    return Image.new("RGB", (width, height), "black")


def tiny_processor() -> Any:
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import BartTokenizer, Florence2Processor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    words = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), "<mask>"]
    tokenizer = BartTokenizer(
        vocab={word: i for i, word in enumerate(words)},
        merges=[],
        extra_special_tokens={"image_token": "<image>"},
    )
    tokenizer.add_tokens([f"<loc_{i}>" for i in range(1000)])
    pictures = CLIPImageProcessorPil(size={"height": _SIDE, "width": _SIDE}, do_center_crop=False)
    pictures.image_seq_length = (_SIDE // 8) ** 2 + 1
    return Florence2Processor(pictures, tokenizer)


def tiny_network(processor: Any) -> Any:
    import torch
    from transformers import Florence2Config, Florence2ForConditionalGeneration

    torch.manual_seed(7)
    config = Florence2Config(
        vision_config=_VISION,
        text_config={**_TEXT, "vocab_size": len(processor.tokenizer)},
        image_token_id=processor.tokenizer.image_token_id,
    )
    return Florence2ForConditionalGeneration(config).eval()


def teach(network: Any, processor: Any, lessons: list[tuple[str, Any, str]]) -> None:
    """Teach a network by heart what to write: task, picture, answer."""
    import torch

    tasks, images, answers = zip(*lessons, strict=True)
    asked = processor(images=list(images), text=list(tasks), return_tensors="pt", padding=True)
    told = [[0, *processor.tokenizer(a, add_special_tokens=False).input_ids, 2] for a in answers]
    longest = max(map(len, told))
    labels = torch.tensor([line + [-100] * (longest - len(line)) for line in told])
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-2)
    network.train()
    for _ in range(400):
        loss = network(**asked, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.02:
            break
    network.eval()


def save(folder: Path, network: Any, processor: Any) -> Path:
    from transformers.utils import logging

    logging.disable_progress_bar()
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
