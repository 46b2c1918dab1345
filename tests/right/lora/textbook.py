import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base = base
        self.base.weight.requires_grad = False
        if self.base.bias is not None:
            self.base.bias.requires_grad = False
        like = {"dtype": base.weight.dtype, "device": base.weight.device}
        self.lora_a = nn.Parameter(torch.empty(r, base.in_features, **like))
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, r, **like))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))
        self.r, self.alpha = r, alpha
        self.merged = False
        self.original = None

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + F.linear(F.linear(x, self.lora_a), self.lora_b) * (self.alpha / self.r)

    def merge(self):
        if self.merged:
            return
        self.original = self.base.weight.detach().clone()
        self.base.weight.data += self.alpha / self.r * (self.lora_b.data @ self.lora_a.data)
        self.merged = True

    def unmerge(self):
        if not self.merged:
            return
        self.base.weight.data = self.original
        self.original = None
        self.merged = False


def add_lora(model, targets, r, alpha):
    targets = list(targets)
    for p in model.parameters():
        p.requires_grad = False
    _replace(model, targets, r, alpha)
    return model


def _replace(module, targets, r, alpha):
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            if name in targets:
                setattr(module, name, LoRALinear(child, r, alpha))
        else:
            _replace(child, targets, r, alpha)
