from collections.abc import Callable

import torch
from torch import Tensor


def acceptance(p: Tensor, q: Tensor, drafted: Tensor) -> Tensor:
    raise NotImplementedError


def residual(p: Tensor, q: Tensor) -> Tensor:
    raise NotImplementedError


def verify(p: Tensor, q: Tensor, drafted: Tensor, generator: torch.Generator | None = None) -> Tensor:
    raise NotImplementedError


def speculate(
    target: Callable[[Tensor], Tensor],
    draft: Callable[[Tensor], Tensor],
    prompt: Tensor,
    max_new_tokens: int,
    gamma: int,
    eos: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    raise NotImplementedError
