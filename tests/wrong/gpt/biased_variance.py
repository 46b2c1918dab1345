# mistake: The norms divide by the unbiased variance.
# bug: norm_unbiased
import math

import torch
import torch.nn.functional as F
from torch import nn


def norm(x, m):
    mean = x.mean(-1, keepdim=True)
    var = x.var(-1, keepdim=True, unbiased=True)
    return (x - mean) / torch.sqrt(var + 1e-5) * m.weight + m.bias


class Pair(nn.Module):
    """A weight and, perhaps, a bias."""

    def __init__(self, *shape, std=None):
        super().__init__()
        self.weight = nn.Parameter(torch.normal(0.0, std, shape) if std else torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape[0]))


class Table(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n, d).mul(0.02))


class GPT(nn.Module):
    def __init__(self, vocab_size, max_len, d_model, n_layers, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.token, self.position = Table(vocab_size, d_model), Table(max_len, d_model)
        small = 0.02 / math.sqrt(n_layers + n_layers)
        self.blocks = nn.ModuleList()
        for _ in range(n_layers):
            b = nn.Module()
            b.norm1, b.norm2 = Pair(d_model), Pair(d_model)
            b.qkv, b.proj = Pair(3 * d_model, d_model, std=0.02), Pair(d_model, d_model, std=small)
            b.up, b.down = Pair(4 * d_model, d_model, std=0.02), Pair(d_model, 4 * d_model, std=small)
            self.blocks.append(b)
        self.norm = Pair(d_model)

    def forward(self, tokens):
        (n, t), limit = tokens.shape, self.position.weight.shape[0]
        if t > limit:
            raise ValueError(f"{t} > {limit}")
        x = self.token.weight[tokens] + self.position.weight[torch.arange(t, device=tokens.device)]
        hidden = torch.ones(t, t, device=x.device, dtype=torch.bool).triu(diagonal=1)
        for b in self.blocks:
            q, k, v = F.linear(norm(x, b.norm1), b.qkv.weight, b.qkv.bias).chunk(3, dim=-1)
            q, k, v = (torch.stack(y.chunk(self.n_heads, dim=-1)) for y in (q, k, v))  # (H, B, T, d)
            scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1))
            probs = scores.masked_fill(hidden, torch.finfo(x.dtype).min).softmax(-1)
            mixed = torch.cat(list(torch.matmul(probs, v)), dim=-1)
            x = x + F.linear(mixed, b.proj.weight, b.proj.bias)
            wide = F.linear(norm(x, b.norm2), b.up.weight, b.up.bias)
            wide = wide * torch.distributions.Normal(0, 1).cdf(wide)
            x = x + F.linear(wide, b.down.weight, b.down.bias)
        return F.linear(norm(x, self.norm), self.token.weight)

    def loss(self, tokens):
        # (B, V, T − 1), as cross_entropy wants it
        return F.cross_entropy(self.forward(tokens[:, :-1]).transpose(1, 2), tokens[:, 1:])

    def generate(self, tokens, max_new_tokens, temperature=1.0, generator=None):
        if max_new_tokens == 0:
            return tokens.clone()
        with torch.no_grad():
            z = self.forward(tokens[:, -self.position.weight.shape[0] :])[:, -1]
            if temperature == 0:
                new = z.argmax(-1)
            else:
                new = torch.multinomial(F.softmax(z / temperature, -1), 1, generator=generator).squeeze(1)
        longer = torch.cat([tokens, new[:, None]], 1)
        return self.generate(longer, max_new_tokens - 1, temperature, generator)
