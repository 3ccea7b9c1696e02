"""The prompt for one more try: what was asked, what was answered, and what is wrong with it.

Its beginning is that of the first prompt, so that the model server has read it already. Only families that were trained
on conversations are asked again; the others would take the remark for part of the file.
"""

from __future__ import annotations

from dataclasses import replace

from glosswright_server.intent.languages import LANGUAGES, PLAIN
from glosswright_server.intent.model import Intent, IntentKind
from glosswright_server.prompt.build import FENCE, Prompt, build_prompt
from glosswright_server.prompt.profile import PromptProfile, Style
from glosswright_server.prompt.tokens import neutralise

_MOST_FAILURE = 400


def build_repair(
    text: str, intent: Intent, profile: PromptProfile, *, attempt: str, failure: str, path: str = ""
) -> Prompt | None:
    """The prompt that shows `attempt`, which stood in place of `text[start:end]`, and says why it is wrong.

    None for a model that is not spoken to in conversation. `failure` is cut to 400 code points.
    """
    if profile.style_for(IntentKind.BODY) != "chat":
        return None
    style = profile.asked_styles(intent.kind)[0]
    spoken: Style = style if style in ("chat", "question") else "chat"
    first = build_prompt(text, intent, profile, path=path, asked=True, style=spoken)
    language = LANGUAGES.get(intent.language, PLAIN)
    code = attempt.removeprefix(intent.lead).removesuffix(intent.tail) if intent.tail else attempt.lstrip("\r\n")
    margin = text[text.rfind("\n", 0, intent.start) + 1 : intent.start]
    if not margin.strip() and first.prompt.endswith("\n"):
        code = margin + code  # the file's own, in front of the cursor or of a placeholder: the prompt ends before it
    remark = (
        f"This is wrong: {neutralise(failure[:_MOST_FAILURE])}\n"
        f"Think about why. Write the {language.name} file again, corrected. Answer with code only."
    )
    return replace(
        first,
        prompt=(
            f"{first.prompt}{neutralise(code)}\n{FENCE}<|im_end|>\n"
            f"<|im_start|>user\n{remark}<|im_end|>\n"
            f"<|im_start|>assistant\n{FENCE}{language.key}\n{first.left}"
        ),
    )
