"""Puts a prompt together: what of the document a model sees, and in which form.

The order is that of the model server's prefix cache: what never changes first, then the text before the gap from a
start that stays put while the user types, then the gap. Nothing here is sent anywhere, and no words of the user's are
rephrased.
"""

from __future__ import annotations

from dataclasses import dataclass

from glosswright_server.intent.languages import LANGUAGES, PLAIN
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.prompt.profile import PromptProfile, Style
from glosswright_server.prompt.tokens import neutralise, stops_for

_STEPS = 4
_LINE_TOKENS = 48
_STATEMENT_TOKENS = 96
FENCE = "```"
"""What code stands between in a conversation."""
_ASKED_FACTOR = 2
"""How many times more is read before the gap, and may be written, for one who asks by hand."""
_LONGEST_QUESTION = 1600
"""Code points of code shown in a question; of more, only the function that is asked for is shown."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to ask the completions endpoint."""

    prompt: str
    suffix: str | None
    """Right context for a fill-in-the-middle request, "" when none is worth reading; None for a plain completion."""
    stop: tuple[str, ...]
    max_tokens: int
    left: str = ""
    """The document's text at the end of `prompt`, control tokens broken up: what the answer goes on from."""
    assumed: str = ""
    """Code at the end of `prompt` that is not in `text[:start] + lead`: the beginning of the answer, for
    `Shaper(prompt_assumed=…)`."""
    margin: str = ""
    """White space that the answer's further lines lack, because the model knows nothing of the place."""


def build_prompt(
    text: str,
    intent: Intent,
    profile: PromptProfile,
    *,
    path: str = "",
    asked: bool = False,
    style: Style | None = None,
) -> Prompt:
    """The prompt for an intent in a document. In the style `words` that is the request alone.

    The prompt ends with `text[:start] + lead`, control tokens broken up, cut at its far end to the profile's size. In
    every style but `infill` the margin of a line with nothing else on it is left for the model to write: its
    tokens are words with the blanks before them, and after a prompt that ends in blanks small models indent wrongly
    (docs/experiments.md). `Shaper` takes the margin off again. The last part of `path` names the file
    to a model whose profile asks for it. `asked`: the user asks by hand, so that more is read and may be
    written; `style` is then one of `PromptProfile.asked_styles`, by default the first.
    """
    style = style or (profile.asked_styles(intent.kind)[0] if asked else profile.style_for(intent.kind))
    if style == "words":
        most = _tokens(intent, profile.max_tokens * (_ASKED_FACTOR if asked else 1))
        left = (text[: intent.start] + intent.lead).rpartition("\n")[2]
        margin = intent.indent if not left.strip() else ""
        return Prompt(intent.request.strip(), None, (), most, assumed=margin, margin=margin)
    left = _left(text[: intent.start], intent, profile.prefix_chars * (_ASKED_FACTOR if asked else 1)) + intent.lead
    if style != "infill":
        left = _without_margin(left)
    left = neutralise(left)
    suffix = _suffix(text, intent, profile) if style == "infill" else None
    return Prompt(
        prompt=_in_style(style, left, intent, path if profile.names_file else ""),
        left=left,
        suffix=None if suffix is None else neutralise(suffix),
        stop=_stops(profile, style, intent),
        max_tokens=_tokens(intent, profile.max_tokens * (_ASKED_FACTOR if asked else 1)),
    )


def window_start(length: int, budget: int) -> int:
    """Offset at which a window of at most `budget` code points begins, given how many stand before the gap.

    It moves in steps of a quarter of the window: in between, typing only appends to what the model server has read.
    """
    if length <= budget:
        return 0
    step = max(1, budget // _STEPS)
    return -(-(length - budget) // step) * step


def _left(before: str, intent: Intent, budget: int) -> str:
    """What is shown of the text before the gap: its end; of a function whose docstring alone is longer, both ends."""
    header = before.rfind(intent.signature) if intent.kind is IntentKind.BODY and intent.signature else -1
    if header < 0 or len(before) - header <= budget:
        return _window(before, budget)
    line_end = before.rfind("\n", header, header + budget // 2)
    head = before[header : line_end if line_end > header + len(intent.signature) else header + budget // 2]
    return f"{head}\n{intent.indent}...\n{_window(before[header + len(head) :], budget // 2)}"


def _window(before: str, budget: int) -> str:
    start = window_start(len(before), budget)
    if start == 0:
        return before
    line_end = before.find("\n", start - 1)
    # A line longer than the window is cut where the window begins.
    return before[start if line_end < 0 or line_end + 1 >= len(before) else line_end + 1 :]


def _without_margin(left: str) -> str:
    bare = left.rstrip(" \t")
    return bare if bare.endswith(("\n", "\r")) else left


def _suffix(text: str, intent: Intent, profile: PromptProfile) -> str:
    """What stands after the gap, short; "" where it would tell the model nothing about the gap itself."""
    after = text[intent.end : intent.end + profile.suffix_chars]
    if not after.strip() or (intent.kind is not IntentKind.CONTINUE and _leaves_block(after, intent)):
        return ""
    line_end = after.rfind("\n")
    if len(after) < len(text) - intent.end and line_end > 0:
        after = after[: line_end + 1]
    return intent.tail + after


def _leaves_block(after: str, intent: Intent) -> bool:
    rest, *below = after.splitlines() or [""]
    if rest.strip():
        return False
    following = next((line for line in below if line.strip()), "")
    margin = following[: len(following) - len(following.lstrip())]
    return len(margin.expandtabs(4)) < len(intent.indent.expandtabs(4)) or not following


def _in_style(style: Style, left: str, intent: Intent, path: str) -> str:
    if style == "chat":
        return _chat(left, intent, path)
    return _question(left, intent) if style == "question" else left


def _question(left: str, intent: Intent) -> str:
    """The form in which Qwen2.5-Coder was evaluated by its authors (arXiv:2409.12186, section 7; EvalPlus' instruction
    format), with the answer begun, so that it stays in its place in the file."""
    language = LANGUAGES.get(intent.language, PLAIN)
    shown = left
    if len(shown) > _LONGEST_QUESTION and intent.signature:
        shown = shown[max(shown.rfind(neutralise(intent.signature)), 0) :]
    return (
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\nPlease provide a self-contained {language.name} script that solves the following problem "
        f"in a markdown code block:\n{FENCE}\n{shown.rstrip()}\n{FENCE}\n<|im_end|>\n"
        f"<|im_start|>assistant\nBelow is a {language.name} script with a self-contained function that solves the "
        f"problem and passes corresponding tests:\n{FENCE}{language.key}\n{left}"
    )


def _chat(left: str, intent: Intent, path: str) -> str:
    language = LANGUAGES.get(intent.language, PLAIN)
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    what = f"{language.name} file" + (f" {neutralise(name)}" if name else "")
    task = f"Write the {what}. Implement what its comments and docstrings ask for. Answer with code only."
    return (
        "<|im_start|>system\nYou are an expert programmer. You write complete, correct code.<|im_end|>\n"
        f"<|im_start|>user\n{task}<|im_end|>\n"
        f"<|im_start|>assistant\n{FENCE}{language.key}\n{left}"
    )


def _stops(profile: PromptProfile, style: Style, intent: Intent) -> tuple[str, ...]:
    fence = ("\n" + FENCE,) if style in ("chat", "question") and intent.language != "text" else ()
    return fence + stops_for(profile.family)


def _tokens(intent: Intent, most: int) -> int:
    return min({Extent.LINE: _LINE_TOKENS, Extent.STATEMENT: _STATEMENT_TOKENS}.get(intent.extent, most), most)
