# mistake: who was dropped at an earlier choice is not counted, and who is dropped later is: the load is cut at the capacity less one
import math

import torch
from torch import nn


def route(logits, k, capacity=None):
    order = logits.argsort(dim=-1, descending=True)[:, :k]
    probs = torch.softmax(logits, -1).gather(1, order)
    gates = probs / probs.sum(-1, keepdim=True)
    if capacity is None:
        return order, gates
    load = torch.zeros(logits.shape[1], dtype=torch.long, device=logits.device)
    keep = []
    for choice in range(k):
        hot = nn.functional.one_hot(order[:, choice], logits.shape[1])
        before = hot.cumsum(0) - hot + load
        keep.append((before * hot).sum(1) < capacity)
        load = (load + hot.sum(0)).clamp(max=capacity - 1)
    return order, torch.where(torch.stack(keep, 1), gates, 0.0)


def load_balancing_loss(logits, k):
    n, e = logits.shape
    hot = torch.zeros_like(logits).scatter(1, logits.topk(k, 1)[1], 1.0).detach()
    return torch.dot(hot.sum(0) / (n * k), torch.softmax(logits, 1).mean(0)) * e


class MoE(nn.Module):
    def __init__(self, d_model, d_hidden, experts, k, capacity_factor=None):
        super().__init__()
        self.experts, self.k, self.factor = experts, k, capacity_factor
        self.w_out = nn.Parameter(torch.empty(experts, d_hidden, d_model).normal_(0, d_hidden**-0.5))
        self.w_in = nn.Parameter(torch.empty(experts, d_model, d_hidden).normal_(0, d_model**-0.5))
        self.router = nn.Parameter(torch.empty(experts, d_model).normal_(0, d_model**-0.5))

    def forward(self, x):
        flat = x.reshape(-1, x.size(-1))
        logits = torch.einsum("nd,ed->ne", flat, self.router)
        n = flat.size(0)
        capacity = None if self.factor is None else math.ceil(self.factor * n * self.k / self.experts)
        chosen, gates = route(logits, self.k, capacity)
        full = torch.zeros_like(logits).scatter(1, chosen, gates)
        pre = torch.einsum("nd,edh->neh", flat, self.w_in)
        out = torch.einsum("ne,neh,ehd->nd", full, pre * pre.sigmoid(), self.w_out)
        return out.reshape(x.shape), load_balancing_loss(logits, self.k)
