"""Rank by rank: an adapter is a sum of r outer products."""

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base = base
        for p in base.parameters():
            p.requires_grad_(False)
        w = base.weight
        a = torch.rand(r, w.shape[1], dtype=w.dtype, device=w.device)
        self.lora_a = nn.Parameter((2 * a - 1) / w.shape[1] ** 0.5)
        self.lora_b = nn.Parameter(torch.zeros(w.shape[0], r, dtype=w.dtype, device=w.device))
        self.factor = alpha / r
        self.rows = []

    def forward(self, x):
        y = self.base(x)
        if not self.rows:
            for i in range(self.lora_a.shape[0]):
                strength = (x * self.lora_a[i]).sum(-1, keepdim=True)
                y = y + self.factor * strength * self.lora_b[:, i]
        return y

    def merge(self):
        if self.rows:
            return
        with torch.no_grad():
            for o, row in enumerate(self.base.weight):
                self.rows.append(row.clone())
                change = torch.zeros_like(row)
                for i in range(self.lora_a.shape[0]):
                    change = change + self.lora_b[o, i] * self.lora_a[i]
                row += self.factor * change

    def unmerge(self):
        with torch.no_grad():
            for o, row in enumerate(self.rows):
                self.base.weight[o] = row
        self.rows = []


def add_lora(model, targets, r, alpha):
    targets = tuple(targets)
    paths = [path for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    adapted = set()
    for path in paths:
        parent, _, name = path.rpartition(".")
        if name in targets:
            holder = model.get_submodule(parent)
            setattr(holder, name, LoRALinear(model.get_submodule(path), r, alpha))
            adapted.add(path)
    for path, parameter in model.named_parameters():
        owner, _, name = path.rpartition(".")
        parameter.requires_grad_(owner in adapted and name.startswith("lora_"))
    return model
