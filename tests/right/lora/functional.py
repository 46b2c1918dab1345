"""Free functions do the work; the modules only hold what they need."""

import torch
from torch import nn
from torch.nn.functional import linear


def lora(x, weight, bias, a, b, scale):
    return linear(x, weight, bias) + linear(scale * linear(x, a), b)


def swap(parameter, values):
    old = parameter.detach().clone()
    with torch.no_grad():
        parameter.copy_(values)
    return old


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.r, self.alpha = r, alpha
        self.add_module("base", base)
        weight = base.weight
        bound = 1 / weight.size(1) ** 0.5
        start = torch.distributions.Uniform(-bound, bound).sample((r, weight.size(1))).to(weight)
        self.register_parameter("lora_b", nn.Parameter(torch.zeros_like(weight[:, :1]).repeat(1, r)))
        self.register_parameter("lora_a", nn.Parameter(start))
        self.pretrained = None
        base.requires_grad_(False)

    @property
    def scale(self):
        return self.alpha / self.r

    def forward(self, x):
        if self.pretrained is not None:
            return linear(x, self.base.weight, self.base.bias)
        return lora(x, self.base.weight.detach(), self.base.bias, self.lora_a, self.lora_b, self.scale)

    def merge(self):
        if self.pretrained is None:
            change = self.scale * torch.matmul(self.lora_b, self.lora_a)
            self.pretrained = swap(self.base.weight, self.base.weight + change)

    def unmerge(self):
        if self.pretrained is not None:
            swap(self.base.weight, self.pretrained)
            self.pretrained = None


def walk(module):
    yield module
    for child in module.children():
        yield from walk(child)


def add_lora(model, targets, r, alpha):
    targets = {*targets}
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parent in [*walk(model)]:
        for name in [n for n, c in parent.named_children() if n in targets and isinstance(c, nn.Linear)]:
            setattr(parent, name, LoRALinear(getattr(parent, name), r, alpha))
    return model
