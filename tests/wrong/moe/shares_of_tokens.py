# mistake: f is not divided by k
# bug: shares_sum_to_k
from math import ceil

import torch
from torch import nn
from torch.nn.functional import silu


def route(logits, k, capacity=None):
    experts = logits.topk(k).indices
    hidden = torch.ones_like(logits, dtype=torch.bool).scatter(1, experts, False)
    gates = logits.masked_fill(hidden, -torch.inf).softmax(1).gather(1, experts)
    if capacity is not None:
        queue = experts.T.reshape(-1)
        before = (queue[:, None] == queue[None, :]).tril(-1).sum(1)
        gates = gates * (before < capacity).reshape(k, len(logits)).T.to(gates.dtype)
    return experts, gates


def load_balancing_loss(logits, k):
    threshold = logits.topk(k).values[:, -1:]
    share = (logits >= threshold).to(logits.dtype).mean(0)
    return (share * logits.softmax(1).mean(0)).sum() * logits.shape[1]


class MoE(nn.Module):
    def __init__(self, d_model, d_hidden, experts, k, capacity_factor=None):
        super().__init__()
        self.k, self.capacity_factor = k, capacity_factor
        self.router, self.w_in, self.w_out = (
            nn.Parameter(nn.init.normal_(torch.empty(experts, *shape), std=shape[0] ** -0.5))
            for shape in ((d_model,), (d_model, d_hidden), (d_hidden, d_model))
        )

    def capacity(self, tokens):
        if self.capacity_factor is None:
            return None
        return ceil(self.capacity_factor * tokens * self.k / self.router.shape[0])

    def forward(self, x):
        tokens = x.reshape(-1, x.shape[-1])
        logits = tokens @ self.router.T
        experts, gates = route(logits, self.k, self.capacity(len(tokens)))
        hidden = silu(tokens[:, None, None] @ self.w_in[experts])  # (N, k, 1, H)
        results = (hidden @ self.w_out[experts]).squeeze(2)
        return (gates[..., None] * results).sum(1).reshape(x.shape), load_balancing_loss(logits, self.k)
