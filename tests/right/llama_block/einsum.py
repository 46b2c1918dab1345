"""Einsum throughout; RoPE as x·cos + turned(x)·sin with angles repeated for both members of a pair."""

import torch
from torch import einsum, nn
from torch.nn.functional import linear, silu


class LlamaBlock(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads, d_ff, base=10000.0, eps=1e-6):
        super().__init__()
        for whole, part in ((d_model, n_heads), (n_heads, n_kv_heads), (d_model // n_heads, 2)):
            if whole % part:
                raise ValueError(f"{part} does not divide {whole}")
        self.heads, self.groups, self.options = n_heads, n_kv_heads, (float(base), eps)
        inner = d_model // n_heads * n_kv_heads
        for name, rows in (("q", d_model), ("k", inner), ("v", inner), ("o", d_model)):
            setattr(self, "w_" + name, nn.Linear(d_model, rows, bias=False))
        self.w_gate, self.w_up = nn.Linear(d_model, d_ff, bias=False), nn.Linear(d_model, d_ff, bias=False)
        self.w_down = nn.Linear(d_ff, d_model, bias=False)
        self.attn_norm, self.ffn_norm = nn.Module(), nn.Module()
        for norm in (self.attn_norm, self.ffn_norm):
            norm.weight = nn.Parameter(torch.ones(d_model))

    def normed(self, x, weight):
        wide = x.float() if x.element_size() == 2 else x
        power = einsum("btd,btd->bt", wide, wide) / x.shape[-1] + self.options[1]
        return einsum("btd,bt,d->btd", wide, power**-0.5, weight.to(wide.dtype)).to(x.dtype)

    def turned(self, x, angles):
        wide = x.float() if x.element_size() == 2 else x
        other = torch.stack([-wide[..., 1::2], wide[..., ::2]], -1).flatten(-2)
        return (wide * angles.cos() + other * angles.sin()).to(x.dtype)

    def forward(self, x, cache=None):
        new, d = x.shape[1], x.shape[2] // self.heads
        past = cache[0].shape[2] if cache else 0
        n = self.normed(x, self.attn_norm.weight)
        projected = [
            linear(n, layer.weight).unflatten(-1, (count, d))
            for layer, count in ((self.w_q, self.heads), (self.w_k, self.groups), (self.w_v, self.groups))
        ]
        q, k, v = (part.permute(0, 2, 1, 3) for part in projected)
        kind = torch.float32 if x.element_size() == 2 else x.dtype
        pairs = torch.arange(d // 2, dtype=kind, device=x.device).repeat_interleave(2)
        where = torch.arange(past, past + new, dtype=kind, device=x.device)
        angles = where[:, None] * torch.pow(self.options[0], -2 * pairs / d)
        q, k = self.turned(q, angles), self.turned(k, angles)
        if cache:
            k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
        grouped = q.unflatten(1, (self.groups, -1))
        scores = einsum("bgstd,bgld->bgstl", grouped, k) * d**-0.5
        allowed = (
            torch.arange(past + new, device=x.device)
            <= torch.arange(past, past + new, device=x.device)[:, None]
        )
        weights = torch.where(allowed, scores, -torch.inf).softmax(-1)
        mixed = einsum("bgstl,bgld->btgsd", weights, v).flatten(2)
        y = x + linear(mixed, self.w_o.weight)
        n = self.normed(y, self.ffn_norm.weight)
        return y + linear(silu(self.w_gate(n)) * self.w_up(n), self.w_down.weight), (k, v)
