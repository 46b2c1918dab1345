# mistake: gates are written into the table as plain numbers: the router learns from the loss alone
# bug: gates_detached
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def route(logits: Tensor, k: int, capacity: int | None = None) -> tuple[Tensor, Tensor]:
    """Rank every choice within its expert by a cumulative sum in order of (choice, token)."""
    top, experts = logits.topk(k, dim=1)
    gates = top.softmax(dim=1)
    if capacity is not None:
        n, e = logits.shape
        queue = F.one_hot(experts.T.reshape(-1), e)
        rank = (queue.cumsum(0) * queue).sum(1).view(k, n).T
        gates = gates.masked_fill(rank > capacity, 0.0)
    return experts, gates


def load_balancing_loss(logits: Tensor, k: int) -> Tensor:
    e = logits.size(1)
    probs = logits.softmax(dim=1)
    chosen = F.one_hot(logits.topk(k, dim=1).indices, e).sum(1).to(probs.dtype)
    return e / k * torch.dot(chosen.mean(0), probs.mean(0))


class MoE(nn.Module):
    def __init__(
        self, d_model: int, d_hidden: int, experts: int, k: int, capacity_factor: float | None = None
    ):
        super().__init__()
        self.router = nn.Parameter(torch.empty(experts, d_model))
        self.w_in = nn.Parameter(torch.empty(experts, d_model, d_hidden))
        self.w_out = nn.Parameter(torch.empty(experts, d_hidden, d_model))
        self.k, self.c = k, capacity_factor
        nn.init.normal_(self.router, std=d_model**-0.5)
        nn.init.normal_(self.w_in, std=d_model**-0.5)
        nn.init.normal_(self.w_out, std=d_hidden**-0.5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        flat = x.flatten(0, -2) if x.dim() > 1 else x[None]
        n, e = flat.size(0), self.router.size(0)
        logits = F.linear(flat, self.router)
        capacity = None if self.c is None else ceil(self.c * n * self.k / e)
        experts, gates = route(logits, self.k, capacity)
        weights = torch.zeros_like(logits)
        for n, row in enumerate(experts.tolist()):
            for j, e in enumerate(row):
                weights[n, e] = gates[n, j].item()
        hidden = F.silu(torch.einsum("nd,edh->neh", flat, self.w_in))
        y = torch.einsum("ne,neh,ehd->nd", weights, hidden, self.w_out)
        return y.view(x.shape), load_balancing_loss(logits, self.k)
