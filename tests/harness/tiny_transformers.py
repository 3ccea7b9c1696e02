"""Networks of a few thousand random weights in the Hugging Face format, and tokenizers made on the spot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_tokenizer(folder: Path, control: tuple[str, ...], texts: Iterable[str], size: int, **options: Any) -> Any:
    """A byte-level BPE tokenizer of at most `size` tokens, learnt from `texts`; `control[0]` ends a text."""
    import tokenizers
    import transformers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(control),
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=control[0], **options)
    fast.save_pretrained(folder)
    return fast


def write_t5(folder: Path, tokenizer: Any) -> None:
    """An encoder-decoder network; the tokenizer's ids 0 and 1 are its end and its padding."""
    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        pad_token_id=1,
        eos_token_id=0,
        decoder_start_token_id=1,
        initializer_factor=3.0,
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
