import torch
from torch import nn


class Attend(torch.autograd.Function):
    """softmax(q kᵀ + penalty) v for queries in groups, with the gradients written out."""

    @staticmethod
    def forward(ctx, q, k, v, hidden):
        scores = torch.einsum("bgsqd,bgkd->bgsqk", q, k)
        if hidden is not None:
            scores = scores.masked_fill(hidden, -torch.inf)
        top = scores.max(dim=-1, keepdim=True).values
        weights = torch.exp(scores - top)
        weights = weights / weights.sum(-1, keepdim=True)
        ctx.save_for_backward(q, k, v, weights)
        return torch.einsum("bgsqk,bgkd->bgsqd", weights, v)

    @staticmethod
    def backward(ctx, upstream):
        q, k, v, weights = ctx.saved_tensors
        for_v = torch.einsum("bgsqk,bgsqd->bgkd", weights, upstream)
        for_weights = torch.einsum("bgsqd,bgkd->bgsqk", upstream, v)
        for_scores = weights * (for_weights - (weights * for_weights).sum(-1, keepdim=True))
        for_q = torch.einsum("bgsqk,bgkd->bgsqd", for_scores, k)
        for_k = torch.einsum("bgsqk,bgsqd->bgkd", for_scores, q)  # each key head hears from all its sharers
        return for_q, for_k, for_v, None


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"d_model={d_model}, n_heads={n_heads}")
        if n_heads % n_kv_heads != 0:
            raise ValueError(f"n_heads={n_heads}, n_kv_heads={n_kv_heads}")
        self.grid = (n_kv_heads, n_heads // n_kv_heads, d_model // n_heads)
        narrow = n_kv_heads * d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, False)
        self.w_k = nn.Linear(d_model, narrow, False)
        self.w_v = nn.Linear(d_model, narrow, False)
        self.w_o = nn.Linear(d_model, d_model, False)

    def forward(self, x, mask=None):
        groups, sharers, d = self.grid
        q = self.w_q(x).unflatten(2, (groups, sharers, d)).permute(0, 2, 3, 1, 4) * d**-0.5
        k = self.w_k(x).unflatten(2, (groups, d)).transpose(1, 2)
        v = self.w_v(x).unflatten(2, (groups, d)).transpose(1, 2)
        hidden = None
        if mask is not None:
            hidden = ~(mask if mask.dim() == 3 else mask[None])[:, None, None]
        out = Attend.apply(q, k, v, hidden)
        return self.w_o(out.permute(0, 3, 1, 2, 4).flatten(2))
