# mistake: two: the layer's loss counts served choices, and shares are computed in float32
# bug: loss_after_dropping + share_in_float32
import math

import torch
from torch import Tensor, nn
import torch.nn.functional as F


def route(logits: Tensor, k: int, capacity: int | None = None) -> tuple[Tensor, Tensor]:
    probs = F.softmax(logits, dim=-1)
    top, experts = torch.topk(probs, k, dim=-1)
    gates = top / top.sum(-1, keepdim=True)
    if capacity is None:
        return experts, gates
    n, e = logits.shape
    used = [0] * e
    keep = torch.zeros_like(gates)
    for choice in range(k):
        for token in range(n):
            expert = experts[token, choice].item()
            if used[expert] < capacity:
                used[expert] += 1
                keep[token, choice] = 1
    return experts, gates * keep


def load_balancing_loss(logits: Tensor, k: int, keep=None) -> Tensor:
    n, e = logits.shape
    probs = F.softmax(logits, dim=-1)
    experts = torch.topk(probs, k, dim=-1).indices
    kept = experts.flatten() if keep is None else experts[keep]
    counts = torch.bincount(kept, minlength=e).float()
    f = counts / (n * k)
    return e * (f * probs.mean(0)).sum()


class MoE(nn.Module):
    def __init__(
        self, d_model: int, d_hidden: int, experts: int, k: int, capacity_factor: float | None = None
    ):
        super().__init__()
        self.k = k
        self.capacity_factor = capacity_factor
        self.router = nn.Parameter(torch.randn(experts, d_model) / math.sqrt(d_model))
        self.w_in = nn.Parameter(torch.randn(experts, d_model, d_hidden) / math.sqrt(d_model))
        self.w_out = nn.Parameter(torch.randn(experts, d_hidden, d_model) / math.sqrt(d_hidden))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        tokens = x.reshape(-1, x.shape[-1])
        logits = tokens @ self.router.T
        capacity = None
        if self.capacity_factor is not None:
            capacity = math.ceil(self.capacity_factor * len(tokens) * self.k / len(self.router))
        experts, gates = route(logits, self.k, capacity)
        y = torch.zeros_like(tokens)
        for e in range(len(self.router)):
            token, choice = torch.where(experts == e)
            out = F.silu(tokens[token] @ self.w_in[e]) @ self.w_out[e]
            y = y.index_add(0, token, out * gates[token, choice].unsqueeze(-1))
        return y.reshape(x.shape), load_balancing_loss(logits, self.k, gates > 0)
