import torch
from torch import nn


class Weight(nn.Module):
    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter((2 * torch.rand(outputs, inputs) - 1) / inputs**0.5)


class GroupedQueryAttention(nn.Module):
    """Queries that share keys are stacked along the token dimension: one product for each group, with bmm."""

    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if any((d_model % n_heads, n_heads % n_kv_heads)):
            raise ValueError(f"{d_model}, {n_heads}, {n_kv_heads}")
        self.groups, self.sharers = n_kv_heads, n_heads // n_kv_heads
        small = d_model // self.sharers
        self.w_q, self.w_o = Weight(d_model, d_model), Weight(d_model, d_model)
        self.w_k, self.w_v = Weight(small, d_model), Weight(small, d_model)

    def forward(self, x, mask=None):
        b, t, width = x.shape
        g, s = self.groups, self.sharers
        d = width // (g * s)
        q = (x @ self.w_q.weight.T).reshape(b, t, g, s, d).permute(0, 2, 3, 1, 4).reshape(b * g, s * t, d)
        k = (x @ self.w_k.weight.T).reshape(b, t, g, d).transpose(1, 2).reshape(b * g, t, d)
        v = (x @ self.w_v.weight.T).reshape(b, t, g, d).transpose(1, 2).reshape(b * g, t, d)
        scores = torch.bmm(q, k.mT) / d**0.5
        if mask is not None:
            rows = mask.expand(b, t, t)[:, None, None].expand(b, g, s, t, t).reshape(b * g, s * t, t)
            scores[~rows] = -torch.inf
        scores = scores - scores.amax(dim=-1, keepdim=True)
        weights = scores.exp()
        weights = weights / weights.sum(dim=-1, keepdim=True)
        out = torch.bmm(weights, v).reshape(b, g, s, t, d).permute(0, 3, 1, 2, 4)
        return out.reshape(b, t, width) @ self.w_o.weight.T
