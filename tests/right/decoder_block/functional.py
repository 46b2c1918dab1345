"""Functions on a state; one token at a time with a cache, also where many tokens come."""

import torch
from torch import nn
from torch.nn.functional import layer_norm, linear, relu, scaled_dot_product_attention


def norm(module, x):
    return layer_norm(x, x.shape[-1:], module.weight, module.bias)


def apply(module, x):
    return linear(x, module.weight, module.bias)


def headed(module, x, heads):
    b, t, d = x.shape
    return apply(module, x).reshape(b, t, heads, d // heads).transpose(1, 2)


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.n_heads = n_heads
        for name in ("self_attn", "cross_attn"):
            layers = {f"w_{letter}": nn.Linear(d_model, d_model) for letter in "vokq"}
            setattr(self, name, nn.ModuleDict(layers))
        self.ff2, self.ff1 = nn.Linear(d_ff, d_model), nn.Linear(d_model, d_ff)
        self.norm3, self.norm2, self.norm1 = (nn.LayerNorm(d_model) for _ in range(3))

    def attend(self, part, x, k, v, mask=None):
        q = headed(part["w_q"], x, self.n_heads)
        mixed = scaled_dot_product_attention(q, k, v, mask)
        return apply(part["w_o"], mixed.transpose(1, 2).reshape(x.shape))

    def step(self, x, valid, state):
        k, v, mk, mv = state
        n = norm(self.norm1, x)
        k = torch.cat([k, headed(self.self_attn["w_k"], n, self.n_heads)], dim=-2)
        v = torch.cat([v, headed(self.self_attn["w_v"], n, self.n_heads)], dim=-2)
        y = x + self.attend(self.self_attn, n, k, v)
        z = y + self.attend(self.cross_attn, norm(self.norm2, y), mk, mv, valid)
        return z + apply(self.ff2, relu(apply(self.ff1, norm(self.norm3, z)))), (k, v, mk, mv)

    def forward(self, x, memory=None, valid=None, cache=None):
        if cache is None:
            mk, mv = (headed(self.cross_attn[name], memory, self.n_heads) for name in ("w_k", "w_v"))
            cache = mk[:, :, :0], mv[:, :, :0], mk, mv
        seen = None if valid is None else valid.unsqueeze(1).unsqueeze(1)
        outputs = []
        for t in range(x.shape[1]):
            output, cache = self.step(x[:, t : t + 1], seen, cache)
            outputs.append(output)
        return torch.cat(outputs, dim=1), cache
