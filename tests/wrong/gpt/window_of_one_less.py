# mistake: Generation reads only the last max_len − 1 tokens.
# bug: window_too_short
"""Own layers of bare parameters, einsum, everything in one forward; sampling with Gumbel noise."""

import torch
from torch import nn


class Table(nn.Module):
    def __init__(self, *shape, std, bias=True):
        super().__init__()
        self.weight = nn.Parameter(std * torch.randn(*shape) if std is not None else torch.ones(*shape))
        if bias:
            self.bias = nn.Parameter(torch.zeros(shape[0]))


def affine(layer, x):
    return torch.einsum("oi,bti->bto", layer.weight, x) + layer.bias


def norm(layer, x):
    c = x - x.mean(-1, keepdim=True)
    return c * (c.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * layer.weight + layer.bias


def phi(x):
    return x * 0.5 * torch.erfc(-x * 0.5**0.5)


class GPT(nn.Module):
    def __init__(self, vocab_size, max_len, d_model, n_layers, n_heads):
        super().__init__()
        D, self.heads = d_model, n_heads
        self.token = Table(vocab_size, D, std=0.02, bias=False)
        self.position = Table(max_len, D, std=0.02, bias=False)
        small = 0.02 * (2 * n_layers) ** -0.5 if n_layers else 0.0
        self.blocks = nn.Sequential()
        for _ in range(n_layers):
            b = nn.Module()
            b.norm1, b.norm2 = Table(D, std=None), Table(D, std=None)
            b.qkv, b.proj = Table(3 * D, D, std=0.02), Table(D, D, std=small)
            b.up, b.down = Table(4 * D, D, std=0.02), Table(D, 4 * D, std=small)
            self.blocks.append(b)
        self.norm = Table(D, std=None)

    def forward(self, tokens):
        B, T = tokens.shape
        C, D = self.position.weight.shape
        if T > C:
            raise ValueError(f"{T} tokens, but only {C} positions")
        x = self.token.weight[tokens] + self.position.weight[:T]
        future = torch.triu(torch.ones(T, T, dtype=torch.bool, device=x.device), 1)
        for b in self.blocks:
            q, k, v = affine(b.qkv, norm(b.norm1, x)).reshape(B, T, 3, self.heads, -1).unbind(2)
            s = torch.einsum("bqhd,bkhd->bhqk", q, k) * (D // self.heads) ** -0.5
            w = torch.softmax(torch.where(future, -torch.inf, s), -1)
            x = x + affine(b.proj, torch.einsum("bhqk,bkhd->bqhd", w, v).flatten(2))
            x = x + affine(b.down, phi(affine(b.up, norm(b.norm2, x))))
        return torch.einsum("btd,vd->btv", norm(self.norm, x), self.token.weight)

    def loss(self, tokens):
        logp = self(tokens[:, :-1]).log_softmax(-1)
        return -logp.gather(-1, tokens[:, 1:, None]).mean()

    def generate(self, tokens, max_new_tokens, temperature=1.0, generator=None):
        C = self.position.weight.shape[0]
        B, T = tokens.shape
        out = tokens.new_zeros(B, T + max_new_tokens)
        out[:, :T] = tokens
        with torch.no_grad():
            for t in range(T, T + max_new_tokens):
                z = self(out[:, max(0, t - C + 1) : t])[:, -1]
                if temperature:
                    z = z / temperature - torch.empty_like(z).exponential_(generator=generator).log()
                out[:, t] = z.argmax(-1)
        return out
