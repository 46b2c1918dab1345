# mistake: the queue is sorted from its end: places go to the last
# bug: last_come_first_served
import math

import torch
from torch import nn


def places(experts, count):
    """Which in line each choice is, from 0; choices in order of rank, then of token."""
    queue = experts.t().reshape(-1)
    order = queue.flip(0).argsort(stable=True)
    order = len(queue) - 1 - order
    loads = queue.bincount(minlength=count)
    starts = loads.cumsum(0) - loads
    place = torch.empty_like(queue)
    place[order] = torch.arange(len(queue), device=queue.device) - starts[queue[order]]
    return place.reshape(experts.shape[1], -1).t()


def route(logits, k, capacity=None):
    values, experts = torch.topk(logits, k)
    gates = torch.exp(values - values.logsumexp(-1, keepdim=True))
    if capacity is not None:
        gates = gates.masked_fill(places(experts, logits.shape[-1]) >= capacity, 0.0)
    return experts, gates


def load_balancing_loss(logits, k):
    with torch.no_grad():
        share = logits.topk(k).indices.flatten().bincount(minlength=logits.shape[-1]).to(logits.dtype)
        share /= share.sum()
    return logits.shape[-1] * (logits.softmax(-1) @ share).mean()


class MoE(nn.Module):
    def __init__(self, d_model, d_hidden, experts, k, capacity_factor=None):
        super().__init__()
        self.router = nn.Parameter(torch.zeros(experts, d_model).normal_(std=d_model**-0.5))
        self.w_in = nn.Parameter(torch.zeros(experts, d_model, d_hidden).normal_(std=d_model**-0.5))
        self.w_out = nn.Parameter(torch.zeros(experts, d_hidden, d_model).normal_(std=d_hidden**-0.5))
        self.options = k, capacity_factor

    def forward(self, x):
        k, factor = self.options
        *lead, d = x.shape
        tokens = x.flatten(0, -2) if lead else x[None]
        logits = nn.functional.linear(tokens, self.router)
        n, count = logits.shape
        experts, gates = route(logits, k, None if factor is None else math.ceil(n * k * factor / count))
        order = experts.flatten().argsort(stable=True)
        sizes = experts.flatten().bincount(minlength=count).tolist()
        blocks = tokens[order // k].split(sizes)
        done = [
            torch.nn.functional.silu(block @ w) @ v
            for block, w, v in zip(blocks, self.w_in, self.w_out, strict=True)
        ]
        weighted = torch.cat(done) * gates.flatten()[order, None]
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=x.device)
        y = weighted[back].view(n, k, d).sum(1)
        return y.view(*lead, d), load_balancing_loss(logits, k)
