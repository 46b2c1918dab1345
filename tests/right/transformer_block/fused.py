import torch
import torch.nn.functional as F
from torch import nn


class TransformerBlock(nn.Module):
    """One product for q, k and v; sequence by sequence, padding cut out of keys and values."""

    def __init__(self, d_model, n_heads, d_ff, dropout=0.1, norm_first=True):
        super().__init__()
        self.cfg = (n_heads, norm_first)
        self.drop = nn.Dropout(dropout)
        layers = {n: nn.Linear(d_model, d_model) for n in ("w_q", "w_k", "w_v", "w_o")}
        layers |= {"ff1": nn.Linear(d_model, d_ff), "ff2": nn.Linear(d_ff, d_model)}
        layers |= {"norm1": nn.LayerNorm([d_model]), "norm2": nn.LayerNorm([d_model])}
        for name, layer in layers.items():
            self.add_module(name, layer)

    def attention(self, x, valid, causal):
        h, _ = self.cfg
        weight = torch.cat([self.w_q.weight, self.w_k.weight, self.w_v.weight])
        bias = torch.cat([self.w_q.bias, self.w_k.bias, self.w_v.bias])
        qkv = F.linear(x, weight, bias).unflatten(-1, (3, h, -1))  # (B, T, 3, H, d)
        rows = []
        for b in range(len(x)):
            q, k, v = qkv[b].permute(1, 2, 0, 3)  # (H, T, d)
            at = torch.arange(x.shape[1], device=x.device)
            keys = at if valid is None else at[valid[b]]
            scores = q @ k[:, keys].transpose(1, 2) * q.shape[-1] ** -0.5
            if causal:
                scores = torch.where(keys > at[:, None], float("-inf"), scores)
            scores = scores - scores.amax(-1, keepdim=True).detach()
            w = scores.exp() / scores.exp().sum(-1, keepdim=True)
            rows.append((w @ v[:, keys]).permute(1, 0, 2).reshape(x.shape[1:]))
        return self.w_o(torch.stack(rows))

    def forward(self, x, valid=None, causal=False):
        _, pre = self.cfg
        a = self.attention(self.norm1(x) if pre else x, valid, causal)
        x = torch.add(self.drop(a), x)
        if not pre:
            x = self.norm1(x)
        f = self.ff2(F.gelu(self.ff1(self.norm2(x) if pre else x), approximate="none"))
        x = torch.add(self.drop(f), x)
        return x if pre else self.norm2(x)
