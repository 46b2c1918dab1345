"""Queues counted by a Counter, gates by logsumexp, f by a threshold; weights gathered; a namedtuple is returned."""

import math
from collections import Counter, namedtuple

import torch
from torch import Tensor, nn

Routing = namedtuple("Routing", "experts gates")


def route(logits: Tensor, k: int, capacity: int | None = None) -> tuple[Tensor, Tensor]:
    order = torch.argsort(logits, dim=-1, descending=True)[:, :k]
    chosen = torch.gather(logits, 1, order)
    gates = torch.exp(chosen - torch.logsumexp(chosen, dim=1, keepdim=True))
    if capacity is None:
        return Routing(order, gates)
    served = Counter()
    dropped = []
    for j, column in enumerate(order.t().tolist()):
        for i, e in enumerate(column):
            served[e] += 1
            if served[e] > capacity:
                dropped.append((i, j))
    if dropped:
        rows, columns = (torch.tensor(v, device=logits.device) for v in zip(*dropped))
        gates = gates.index_put((rows, columns), gates.new_zeros(()))
    return Routing(order, gates)


def load_balancing_loss(logits: Tensor, k: int) -> Tensor:
    n, e = logits.shape
    threshold = logits.sort(dim=-1, descending=True).values[:, k - 1 : k]
    f = (logits >= threshold).to(logits.dtype).sum(0) / (n * k)
    return e * f.detach() @ logits.softmax(-1).mean(0)


class MoE(nn.Module):
    def __init__(
        self, d_model: int, d_hidden: int, experts: int, k: int, capacity_factor: float | None = None
    ):
        super().__init__()
        self.k, self.capacity_factor, self.n_experts = k, capacity_factor, experts

        def normal(fan, *shape):
            return nn.Parameter(torch.normal(0.0, 1 / math.sqrt(fan), shape))

        self.router = normal(d_model, experts, d_model)
        self.w_in = normal(d_model, experts, d_model, d_hidden)
        self.w_out = normal(d_hidden, experts, d_hidden, d_model)

    def capacity(self, n):
        if self.capacity_factor is None:
            return None
        return int(-(-(self.capacity_factor * n * self.k) // self.n_experts))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shape = x.shape
        x = x.reshape(-1, shape[-1])
        logits = x @ self.router.mT
        r = route(logits, self.k, self.capacity(x.shape[0]))
        z = torch.einsum("nd,nkdh->nkh", x, self.w_in[r.experts])
        z = z * z.sigmoid()
        out = (z.unsqueeze(-2) @ self.w_out[r.experts]).squeeze(-2)
        y = (r.gates.unsqueeze(-1) * out).sum(1)
        return y.reshape(shape), load_balancing_loss(logits, self.k)
