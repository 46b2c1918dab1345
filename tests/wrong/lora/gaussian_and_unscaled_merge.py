# mistake: A is drawn from N(0, 1/r), and merge() leaves the factor out: two mistakes.
# bug: a_drawn_otherwise + merge_without_scale
import torch
from torch import nn
import torch.nn.functional as F


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base = base
        for p in base.parameters():
            p.requires_grad_(False)
        w = base.weight
        self.lora_a = nn.Parameter(torch.empty(r, base.in_features, dtype=w.dtype, device=w.device))
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, r, dtype=w.dtype, device=w.device))
        nn.init.normal_(self.lora_a, std=r**-0.5)
        self.scaling = alpha / r
        self.merged = False
        self.backup = None

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + F.linear(F.linear(x, self.lora_a), self.lora_b) * self.scaling

    def merge(self):
        if not self.merged:
            self.backup = self.base.weight.detach().clone()
            self.base.weight.data += (self.lora_b @ self.lora_a).detach()
            self.merged = True

    def unmerge(self):
        if self.merged:
            self.base.weight.data.copy_(self.backup)
            self.merged, self.backup = False, None


def add_lora(model, targets, r, alpha):
    targets = set(targets)
    for p in model.parameters():
        p.requires_grad_(False)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and name in targets:
                setattr(module, name, LoRALinear(child, r, alpha))
    return model
