"""A mixture of experts (Shazeer et al., 2017), with the capacity and the loss of Switch and GShard.

    p = softmax(h),   gₑ = pₑ / Σ_{j∈T} pⱼ,   y = Σ_{e∈T} gₑ SiLU(x Wₑ) Vₑ,   L = E Σₑ fₑ Pₑ

T are the k experts with the largest logits h.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def route(logits: Tensor, k: int, capacity: int | None = None) -> tuple[Tensor, Tensor]:
    chosen, experts = logits.topk(k, dim=-1)  # (N, k), the largest first
    gates = chosen.softmax(dim=-1)  # p, renormalised over the chosen
    if capacity is not None:
        queue = experts.mT.flatten()  # (k·N,): all first choices, then all second ones
        asked = F.one_hot(queue, logits.shape[-1])  # (k·N, E)
        line = asked.cumsum(dim=0)  # how many have asked each expert by now
        place = line.gather(-1, queue[:, None])  # (k·N, 1): from 1
        kept = (place <= capacity).view(k, -1).mT  # (N, k)
        gates = gates * kept
    return experts, gates


def load_balancing_loss(logits: Tensor, k: int) -> Tensor:
    probs = logits.softmax(dim=-1)  # (N, E)
    mean_probs = probs.mean(dim=0)  # P
    experts = logits.topk(k, dim=-1).indices
    counts = F.one_hot(experts, logits.shape[-1]).sum(dim=(0, 1))  # (E,), N·k in all
    share = counts.to(probs.dtype) / experts.numel()  # f
    loss = logits.shape[-1] * (share * mean_probs).sum()
    return loss


class MoE(nn.Module):
    def __init__(
        self, d_model: int, d_hidden: int, experts: int, k: int, capacity_factor: float | None = None
    ):
        super().__init__()
        self.k = k
        self.capacity_factor = capacity_factor
        self.router = nn.Parameter(torch.randn(experts, d_model) / d_model**0.5)
        self.w_in = nn.Parameter(torch.randn(experts, d_model, d_hidden) / d_model**0.5)
        self.w_out = nn.Parameter(torch.randn(experts, d_hidden, d_model) / d_hidden**0.5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        tokens = x.reshape(-1, x.shape[-1])  # (N, D)
        logits = tokens @ self.router.T  # (N, E)
        capacity = None
        if self.capacity_factor is not None:
            mean_load = len(tokens) * self.k / len(self.router)
            capacity = math.ceil(self.capacity_factor * mean_load)
        experts, gates = route(logits, self.k, capacity)
        y = torch.zeros_like(tokens)
        for e in range(len(self.router)):
            rows, rank = (experts == e).nonzero(as_tuple=True)  # whose choice it is, and which
            hidden = F.silu(tokens[rows] @ self.w_in[e])
            result = hidden @ self.w_out[e]
            weighted = gates[rows, rank, None] * result
            y = y.index_add(0, rows, weighted)
        return y.view(x.shape), load_balancing_loss(logits, self.k)
