# mistake: The kept keys and values move with the window: the oldest are dropped, the others keep their positions and what they saw.
# unusual: position by position, with the keys and values kept while the window does not move
import math

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, D, H, L):
        super().__init__()
        self.H = H
        for name, o, i, std in [
            ("qkv", 3 * D, D, 0.02),
            ("proj", D, D, 0.02 / math.sqrt(2 * L)),
            ("up", 4 * D, D, 0.02),
            ("down", D, 4 * D, 0.02 / math.sqrt(2 * L)),
        ]:
            linear = nn.Linear(i, o)
            linear.weight.data.normal_(0, std)
            linear.bias.data.zero_()
            self.add_module(name, linear)
        self.norm1, self.norm2 = nn.LayerNorm(D), nn.LayerNorm(D)

    def step(self, x, past):
        """One position, x (B, D); past: the (key, value) of each position so far, which grows."""
        q, k, v = self.qkv(self.norm1(x)).split(x.shape[-1], -1)
        past.append((k, v))
        d = x.shape[-1] // self.H
        heads = []
        for h in range(self.H):
            part = slice(h * d, (h + 1) * d)
            scores = torch.stack([(q[:, part] * k[:, part]).sum(-1) for k, _ in past], -1) / d**0.5
            weights = F.softmax(scores, -1)
            heads.append(sum(w[:, None] * v[:, part] for w, (_, v) in zip(weights.unbind(-1), past)))
        x = x + self.proj(torch.cat(heads, -1))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, vocab_size, max_len, d_model, n_layers, n_heads):
        super().__init__()
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.Embedding(max_len, d_model)
        nn.init.normal_(self.token.weight, 0, 0.02)
        nn.init.normal_(self.position.weight, 0, 0.02)
        self.blocks = nn.ModuleList([Block(d_model, n_heads, n_layers) for _ in range(n_layers)])
        self.norm = nn.LayerNorm(d_model)

    def read(self, column, t, pasts):
        x = self.token(column) + self.position.weight[t]
        for block, past in zip(self.blocks, pasts):
            x = block.step(x, past)
        return F.linear(self.norm(x), self.token.weight)

    def forward(self, tokens):
        if tokens.size(1) > self.position.num_embeddings:
            raise ValueError("T > C")
        pasts = [[] for _ in self.blocks]
        return torch.stack([self.read(c, t, pasts) for t, c in enumerate(tokens.unbind(1))], 1)

    def loss(self, tokens):
        pasts = [[] for _ in self.blocks]
        columns = tokens.unbind(1)
        total = 0
        for t, (column, target) in enumerate(zip(columns, columns[1:])):
            if t >= self.position.num_embeddings:
                raise ValueError("T - 1 > C")
            total = total + F.cross_entropy(self.read(column, t, pasts), target)
        return total / (len(columns) - 1)

    @torch.inference_mode()
    def generate(self, tokens, max_new_tokens, temperature=1.0, generator=None):
        C = self.position.num_embeddings
        columns = list(tokens.unbind(1))
        pasts, done = [[] for _ in self.blocks], 0
        for _ in range(max_new_tokens):
            done = max(done, len(tokens[0]) - C)
            while done < len(columns):
                for past in pasts:
                    del past[: max(0, len(past) + 1 - C)]
                logits = self.read(columns[done], min(len(pasts[0]) if pasts else 0, C - 1), pasts)
                done += 1
            if temperature == 0:
                columns.append(logits.max(-1).indices)
            else:
                columns.append(F.softmax(logits / temperature, -1).multinomial(1, generator=generator)[:, 0])
        return torch.stack(columns, 1)
