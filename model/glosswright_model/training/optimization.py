"""The optimizer of a network, and the loss scale that fp16 needs."""

from __future__ import annotations

from typing import Any

import torch

from glosswright_model.training.settings import OptimizerSettings


def build_optimizer(network: torch.nn.Module, settings: OptimizerSettings) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2). Weights decay in matrices alone."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if parameter.dim() >= 2]
    others = [parameter for parameter in parameters if parameter.dim() < 2]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=settings.learning_rate,
        betas=(settings.beta1, settings.beta2),
        eps=settings.epsilon,
    )


def build_scaler(precision: str, device: torch.device) -> Any:
    """The dynamic loss scale of fp16 (Micikevicius et al. 2018, arXiv 1710.03740, section 3.2); None otherwise."""
    return torch.amp.GradScaler(device.type) if precision == "fp16" else None
