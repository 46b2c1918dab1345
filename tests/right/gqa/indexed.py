import torch
from torch import nn
from torch.nn import functional as F


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        d, rest = divmod(d_model, n_heads)
        if rest or n_heads % n_kv_heads:
            raise ValueError("n_heads must divide d_model, and n_kv_heads n_heads")
        self.shape = n_heads, n_kv_heads, d
        self.register_module("w_o", nn.Linear(d_model, d_model, bias=False))
        self.register_module("w_v", nn.Linear(d_model, n_kv_heads * d, bias=False))
        self.register_module("w_k", nn.Linear(d_model, n_kv_heads * d, bias=False))
        self.register_module("w_q", nn.Linear(d_model, d_model, bias=False))

    def forward(self, x, mask=None):
        heads, groups, d = self.shape
        owner = torch.tensor([h * groups // heads for h in range(heads)], device=x.device)
        q = torch.stack(F.linear(x, self.w_q.weight).split(d, dim=-1), dim=1)
        k = torch.stack(F.linear(x, self.w_k.weight).split(d, dim=-1), dim=1).index_select(1, owner)
        v = torch.stack(F.linear(x, self.w_v.weight).split(d, dim=-1), dim=1)[:, owner]
        penalty = 0.0
        if mask is not None:
            penalty = torch.zeros(mask.shape, dtype=x.dtype, device=x.device).masked_fill_(~mask, -torch.inf)
            penalty = penalty.unsqueeze(-3)
        weights = F.softmax((q / d**0.5) @ k.transpose(2, 3) + penalty, dim=-1)
        return F.linear(torch.cat((weights @ v).unbind(1), dim=-1), self.w_o.weight)
