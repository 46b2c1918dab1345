# mistake: The layer knows that it is merged by the identity of its weight in a table, which a copy is not in.
import torch
from torch import nn
import torch.nn.functional as F

MERGED = {}


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base = base
        for p in base.parameters():
            p.requires_grad_(False)
        w = base.weight
        self.lora_a = nn.Parameter(torch.empty(r, base.in_features, dtype=w.dtype, device=w.device))
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, r, dtype=w.dtype, device=w.device))
        nn.init.kaiming_uniform_(self.lora_a, a=5**0.5)
        self.scaling = alpha / r
        self.merged = False
        self.backup = None

    def forward(self, x):
        if id(self) in MERGED:
            return self.base(x)
        return self.base(x) + F.linear(F.linear(x, self.lora_a), self.lora_b) * self.scaling

    def merge(self):
        if id(self) not in MERGED:
            MERGED[id(self)] = self.base.weight.detach().clone()
            self.base.weight.data += self.scaling * (self.lora_b @ self.lora_a).detach()

    def unmerge(self):
        if id(self) in MERGED:
            self.base.weight.data.copy_(MERGED.pop(id(self)))


def add_lora(model, targets, r, alpha):
    targets = set(targets)
    for p in model.parameters():
        p.requires_grad_(False)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and name in targets:
                setattr(module, name, LoRALinear(child, r, alpha))
    return model
