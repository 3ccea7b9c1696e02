"""What to ask a model for an intent in a document: its prompt, and how much it may write. Nothing is asked here."""

from __future__ import annotations

from glosswright_server.documents import Snapshot
from glosswright_server.engine.run import Job
from glosswright_server.intent.model import Intent
from glosswright_server.prompt.build import Prompt, build_prompt
from glosswright_server.prompt.profile import SEQ2SEQ, PromptProfile, Style
from glosswright_server.verify.verdict import Verdict


def job_for(
    snapshot: Snapshot, intent: Intent, profile: PromptProfile, most: int, *, asked: Style | None = None
) -> Job:
    """`most` tokens at the most; `asked` is the style for a request made by hand, whose candidates are ranked."""
    prompt = build_prompt(snapshot.text, intent, profile, path=snapshot.uri, asked=asked is not None, style=asked)
    return _job(snapshot, intent, prompt, most, ranked=asked is not None, explain=profile.family == SEQ2SEQ)


def repair_job(
    snapshot: Snapshot, intent: Intent, profile: PromptProfile, most: int, *, attempt: str, verdict: Verdict
) -> Job | None:
    """Shows the model what it wrote and what is wrong with it; None where there are no words for that."""
    from glosswright_server.prompt.repair import build_repair
    from glosswright_server.verify.explain import plain_reason

    failure = plain_reason(verdict)
    prompt = build_repair(snapshot.text, intent, profile, attempt=attempt, failure=failure, path=snapshot.uri)
    if prompt is None or not failure:
        return None
    return _job(snapshot, intent, prompt, most, ranked=True)


def _job(snapshot: Snapshot, intent: Intent, prompt: Prompt, most: int, *, ranked: bool, explain: bool = False) -> Job:
    """`ranked` candidates need the log-probabilities of their tokens."""
    return Job(
        text=snapshot.text,
        intent=intent,
        prompt=prompt,
        max_tokens=min(prompt.max_tokens, most),
        logprobs=ranked,
        explain=explain,
        unit=snapshot.indent_unit,
    )
