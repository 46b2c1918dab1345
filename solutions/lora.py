"""LoRA: the change of a frozen linear layer as a product of thin matrices (Hu et al., 2021).

    y = x Wᵀ + b + α/r · (x Aᵀ) Bᵀ,   A: (r, d_in),   B: (d_out, r), at first 0

Merged, one matrix does it all: W + α/r · B A.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int, alpha: float):
        super().__init__()
        base.requires_grad_(False)
        self.base = base
        bound = base.in_features**-0.5
        a = base.weight.new_empty(r, base.in_features).uniform_(-bound, bound)
        b = base.weight.new_zeros(base.out_features, r)
        self.lora_a = nn.Parameter(a)
        self.lora_b = nn.Parameter(b)
        self.scale = alpha / r
        self.kept: Tensor | None = None  # W, while it is merged

    def forward(self, x: Tensor) -> Tensor:
        y = self.base(x)  # (..., d_out)
        if self.kept is not None:
            return y
        low = x @ self.lora_a.mT  # (..., r)
        change = low @ self.lora_b.mT  # (..., d_out)
        return y + self.scale * change

    @torch.no_grad()
    def merge(self) -> None:
        if self.kept is None:
            self.kept = self.base.weight.clone()
            delta = self.lora_b @ self.lora_a  # (d_out, d_in)
            self.base.weight.add_(self.scale * delta)

    @torch.no_grad()
    def unmerge(self) -> None:
        if self.kept is not None:
            self.base.weight.copy_(self.kept)
            self.kept = None


def add_lora(model: nn.Module, targets: Iterable[str], r: int, alpha: float) -> nn.Module:
    wanted = set(targets)
    model.requires_grad_(False)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if name in wanted and isinstance(child, nn.Linear):
                setattr(module, name, LoRALinear(child, r, alpha))
    return model
