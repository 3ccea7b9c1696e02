"""How a network is trained: the numbers of an experiment, each with its default and what it means.

Plain frozen values, checked when they are made. Reading them from YAML is `config`'s, using them is `trainer`'s.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from glosswright_model.training.schedules import SamplingKind, ScheduleKind

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Settings(BaseModel):
    """Base of every section: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class OptimizerSettings(Settings):
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101)."""

    learning_rate: Annotated[float, Field(gt=0.0, le=10.0)] = 1e-3
    """Its peak; the schedule gives shares of it."""
    beta1: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    beta2: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.98
    epsilon: Annotated[float, Field(gt=0.0)] = 1e-8
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.0
    """On matrices; biases and normalisation are left alone."""
    clip_norm: Annotated[float, Field(ge=0.0)] = 1.0
    """Largest Euclidean norm of all gradients together (Pascanu et al. 2013, arXiv 1211.5063); 0 does not clip."""
    accumulate: Positive = 1
    """Batches whose gradients make one update."""


class ScheduleSettings(Settings):
    """See `schedules.Schedule` and `schedules.Plateau`."""

    kind: ScheduleKind = "inverse_sqrt"
    warmup: Count = 0
    """Updates of linear warm-up."""
    floor: Share = 0.0
    """Share of the peak that cosine and plateau end at."""
    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    """plateau: what the rate is multiplied with."""
    patience: Count = 0
    """plateau: validations without a better metric that are put up with."""


class SamplingSettings(Settings):
    """See `schedules.ScheduledSampling`."""

    kind: SamplingKind = "linear"
    most: Share = 0.0
    begin: Count = 0
    span: Positive = 1000


class TuneSettings(Settings):
    """A method besides maximum likelihood; see `policy` and `adversarial`. For a network that can answer already."""

    method: Literal["none", "reinforce", "minimum_risk", "adversarial"] = "none"
    weight: Share = 0.5
    """Share of it in the loss; the rest is maximum likelihood."""
    reward: Literal["exact_match", "bleu", "parse"] = "bleu"
    """reinforce, minimum_risk: what an answer is worth. "parse" gives nothing for code that does not parse."""
    max_length: Positive = 64
    """Tokens after which a drawn answer is cut."""
    samples: Positive = 8
    """minimum_risk: answers drawn for each pair."""
    alpha: Annotated[float, Field(gt=0.0)] = 0.05
    """minimum_risk: sharpness of the distribution over them."""
    rollouts: Positive = 4
    """adversarial: answers that judge one token."""
    begin: Count = 0
    """adversarial: updates in which only the discriminator learns."""
    learning_rate: Annotated[float, Field(gt=0.0)] = 1e-3
    """adversarial: of the discriminator."""
    discriminator: dict[str, Any] = Field(default_factory=dict)
    """adversarial: fields of `DiscriminatorConfig`."""


class TrainingSettings(Settings):
    """The loop."""

    seed: Count = 1
    epochs: Positive = 20
    max_updates: Count = 0
    """Updates after which training ends whatever the epoch; 0: no limit."""
    batch_size: Positive = 64
    """Pairs of a batch, of all processes together."""
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """What the networks compute in; weights, gradients and the loss stay in fp32."""
    metric: str = "exact_match"
    """What decides which checkpoint is best; "loss" is the validation loss per token."""
    validate_every: Count = 0
    """Updates between two validations; 0: after each epoch."""
    patience: Count = 5
    """Validations without a better metric after which training ends; 0: never."""
    save_every: Count = 200
    """Updates between two saved states, from which a killed run goes on; 0: only after validations."""
    keep_best: Positive = 5
    """Checkpoints kept for their metric. The best ones are averaged at the end, if that is better."""
    keep_last: Positive = 1
    """Checkpoints kept for being the last."""
    average: Literal["best", "last", "none"] = "best"
    """Which of the kept checkpoints are averaged at the end."""
    optimizer: OptimizerSettings = OptimizerSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    scheduled_sampling: SamplingSettings = SamplingSettings()
