import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base, (out, width) = base.requires_grad_(False), base.weight.shape
        self.lora_a = nn.Parameter(base.weight.new_empty(r, width).uniform_(-1, 1) * width**-0.5)
        self.lora_b = nn.Parameter(base.weight.new_zeros(out, r))
        self.gain, self.state = alpha / r, {"merged": False}

    def forward(self, x):
        thin = () if self.state["merged"] else (torch.einsum("...i,ri->...r", x, self.lora_a),)
        return sum((torch.einsum("...r,or->...o", t, self.gain * self.lora_b) for t in thin), self.base(x))

    def merge(self):
        if not self.state["merged"]:
            w = self.base.weight.detach()
            self.state = {"merged": True, "before": w.clone()}
            w.add_(torch.einsum("or,ri->oi", self.lora_b, self.lora_a).detach(), alpha=self.gain)

    def unmerge(self):
        if self.state.pop("merged"):
            self.base.weight.detach().copy_(self.state["before"])
        self.state = {"merged": False}


def add_lora(model, targets, r, alpha):
    names = frozenset(targets)
    found = [
        (parent, name, child)
        for parent in model.requires_grad_(False).modules()
        for name, child in parent.named_children()
        if name in names and isinstance(child, nn.Linear)
    ]
    for parent, name, child in found:
        parent._modules[name] = LoRALinear(child, r, alpha)
    return model
