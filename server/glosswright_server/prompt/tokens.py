"""The control tokens of the model families, and how to keep a user's own text from being read as one.

A document may hold `<|im_start|>` as ordinary text. In a raw prompt a tokenizer would read it as the start of a new
message. Such text is broken up with one space; nothing else of the document is changed, and what a comment *says* is
not looked at: it is the request.
"""

from __future__ import annotations

import re
from types import MappingProxyType

_SPECIAL = re.compile(
    "|".join(
        re.escape(token)
        for token in (
            # ChatML and Qwen
            *(
                "<|im_start|>",
                "<|im_end|>",
                "<|endoftext|>",
                "<|fim_prefix|>",
                "<|fim_suffix|>",
                "<|fim_middle|>",
                "<|fim_pad|>",
            ),
            *(
                "<|repo_name|>",
                "<|file_sep|>",
                "<|object_ref_start|>",
                "<|object_ref_end|>",
                "<tool_call>",
                "</tool_call>",
            ),
            # StarCoder, SantaCoder, Granite
            *(
                "<fim_prefix>",
                "<fim_suffix>",
                "<fim_middle>",
                "<fim_pad>",
                "<fim-prefix>",
                "<fim-suffix>",
                "<fim-middle>",
                "<fim-pad>",
            ),
            *(
                "<file_sep>",
                "<repo_name>",
                "<reponame>",
                "<filename>",
                "<gh_stars>",
                "<issue_start>",
                "<jupyter_start>",
            ),
            # Code Llama, Mistral, Llama 3
            *(
                "<PRE>",
                "<SUF>",
                "<MID>",
                "<EOT>",
                "[INST]",
                "[/INST]",
                "<<SYS>>",
                "<</SYS>>",
                "[PREFIX]",
                "[SUFFIX]",
                "[MIDDLE]",
            ),
            *("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"),
            # DeepSeek (full-width bars and a block for the space), CodeGemma, Phi
            *("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
            *("<|file_separator|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>"),
            *("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        )
    )
)

_STOPS = MappingProxyType(
    {
        "qwen2.5-coder": ("<|endoftext|>", "<|im_end|>", "<|file_sep|>"),
        "starcoder": ("<|endoftext|>", "<file_sep>", "<fim_prefix>"),
        "codellama": ("<EOT>", "</s>", "<PRE>"),
        "deepseek-coder": ("<｜end▁of▁sentence｜>", "<|EOT|>", "<｜fim▁begin｜>"),
        "codegemma": ("<|file_separator|>", "<eos>", "<end_of_turn>"),
    }
)


def stops_for(family: str) -> tuple[str, ...]:
    """Texts that end an answer of a family: at most three, since some servers take four in all."""
    return _STOPS.get(family, ("<|endoftext|>",))


def neutralise(text: str) -> str:
    """`text` with each control token in it broken up, so that it is read as the plain text it is."""
    return _SPECIAL.sub(lambda found: found.group()[0] + " " + found.group()[1:], text)
