"""One token and one head at a time; rotation by 2 × 2 matrices; a token looks at a slice, so no mask is needed."""

import torch
from torch import nn


class Gamma(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))


class LlamaBlock(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads, d_ff, base=10000.0, eps=1e-6):
        super().__init__()
        d = d_model // n_heads
        if d * n_heads != d_model or n_heads // n_kv_heads * n_kv_heads != n_heads or d & 1:
            raise ValueError
        self.H, self.G, self.d, self.base, self.eps = n_heads, n_kv_heads, d, base, eps
        sizes = {
            "w_q": (d_model, d_model),
            "w_k": (d_model, n_kv_heads * d),
            "w_v": (d_model, n_kv_heads * d),
            "w_o": (d_model, d_model),
            "w_gate": (d_model, d_ff),
            "w_up": (d_model, d_ff),
            "w_down": (d_ff, d_model),
        }
        for name, size in sizes.items():
            setattr(self, name, nn.Linear(*size, bias=False))
        self.attn_norm, self.ffn_norm = Gamma(d_model), Gamma(d_model)

    def norm(self, x, gamma):
        y = x.double() if x.dtype == torch.float64 else x.float()
        return (y / (y.pow(2).sum(-1, keepdim=True) / y.shape[-1] + self.eps).sqrt()).to(
            x.dtype
        ) * gamma.weight

    def turn(self, x, m):
        """x (B, d) of the token at position m"""
        y = x if x.dtype == torch.float64 else x.float()
        parts = []
        for i in range(self.d // 2):
            angle = torch.tensor(m * float(self.base) ** (-2 * i / self.d), dtype=torch.float64)
            c, s = angle.cos().item(), angle.sin().item()
            parts.append(y[:, 2 * i] * c - y[:, 2 * i + 1] * s)
            parts.append(y[:, 2 * i] * s + y[:, 2 * i + 1] * c)
        return torch.stack(parts, -1).to(x.dtype)

    def forward(self, x, cache=None):
        d, start = self.d, 0 if cache is None else cache[0].shape[2]
        keys, values, outputs = [], [], []
        if cache is not None:
            keys, values = [list(part.unbind(2)) for part in cache]  # each (B, G, d)
        for t in range(x.shape[1]):
            token = x[:, t]
            n = self.norm(token, self.attn_norm)
            q, k, v = self.w_q(n), self.w_k(n), self.w_v(n)
            heads = [self.turn(k[:, g * d : (g + 1) * d], start + t) for g in range(self.G)]
            keys.append(torch.stack(heads, 1))
            values.append(v.unflatten(1, (self.G, d)))
            all_k, all_v = torch.stack(keys, 2), torch.stack(values, 2)
            found = []
            for h in range(self.H):
                g = h * self.G // self.H
                query = self.turn(q[:, h * d : (h + 1) * d], start + t)
                weights = torch.softmax((all_k[:, g] @ query[:, :, None])[..., 0] / d**0.5, -1)
                found.append((weights[:, None] @ all_v[:, g])[:, 0])
            y = token + self.w_o(torch.cat(found, -1))
            n = self.norm(y, self.ffn_norm)
            gate = self.w_gate(n)
            outputs.append(y + self.w_down(gate * torch.sigmoid(gate) * self.w_up(n)))
        return torch.stack(outputs, 1), (torch.stack(keys, 2), torch.stack(values, 2))
