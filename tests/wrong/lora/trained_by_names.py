# mistake: add_lora leaves trainable every parameter with "lora" anywhere in its dotted name, such as flora.weight
# bug: trained_by_parts_of_names
import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base = base
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(False)
        k = base.in_features**-0.5
        self.lora_a = nn.Parameter(base.weight.new_empty(r, base.in_features).uniform_(-k, k))
        self.lora_b = nn.Parameter(base.weight.new_zeros(base.out_features, r))
        self.s = alpha / r
        self.saved = None

    def forward(self, x):
        y = self.base(x)
        if self.saved is None:
            y = y + (x @ self.lora_a.T) @ (self.s * self.lora_b.T)
        return y

    @torch.no_grad()
    def merge(self):
        if self.saved is None:
            self.saved = self.base.weight.detach().clone()
            self.base.weight.add_(self.s * (self.lora_b @ self.lora_a))

    @torch.no_grad()
    def unmerge(self):
        if self.saved is not None:
            self.base.weight.copy_(self.saved)
            self.saved = None


def add_lora(model, targets, r, alpha):
    names = set(targets)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and name in names:
                setattr(parent, name, LoRALinear(child, r, alpha))
    for name, p in model.named_parameters():
        p.requires_grad_("lora" in name)
    return model
