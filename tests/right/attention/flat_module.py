"""Leading dimensions flattened for bmm, the work in an nn.Module, in-place fill of its own scores."""

import torch
from torch import nn


class Core(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.temperature = torch.sqrt(torch.tensor(width))
        self.softmax = nn.Softmax(dim=2)

    def forward(self, q, k, v, hidden):
        scores = torch.bmm(q, k.transpose(1, 2))
        scores /= self.temperature
        if hidden is not None:
            scores.masked_fill_(hidden, torch.finfo(scores.dtype).min)
        return torch.bmm(self.softmax(scores), v)


def attention(q, k, v, mask=None):
    *lead, tq, dk = q.shape
    tk, dv = v.shape[-2:]
    hidden = None
    if mask is not None:
        hidden = mask.expand(*lead, tq, tk).reshape(-1, tq, tk) == False
    out = Core(dk)(q.reshape(-1, tq, dk), k.reshape(-1, tk, dk), v.reshape(-1, tk, dv), hidden)
    return out.reshape(*lead, tq, dv)
