import torch
from torch import Tensor, nn


def generate(
    model: nn.Module,
    prefixes: list[Tensor],
    max_new_tokens: int,
    eos: int | None = None,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    raise NotImplementedError
