"""GPT, a language model made of the decoder alone (Radford et al., 2018, 2019), in the form of GPT-2.

    x      = E[tokens] + P[0 … T−1]
    x      = x + proj(attention(norm1(x))),  x = x + down(GELU(up(norm2(x))))      in each of L blocks
    logits = norm(x) Eᵀ

Weights start N(0, 0.02²); proj and down, which write into x 2L times, a factor 1/√(2L) smaller.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.norm1 = nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.up = nn.Linear(d_model, 4 * d_model)
        self.down = nn.Linear(4 * d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        attended = self.attention(self.norm1(x))
        y = x + self.proj(attended)
        hidden = F.gelu(self.up(self.norm2(y)))  # (B, T, 4D)
        return y + self.down(hidden)

    def attention(self, x: Tensor) -> Tensor:
        split = self.qkv(x).unflatten(-1, (3, self.n_heads, -1))  # (B, T, 3, H, d)
        q, k, v = split.permute(2, 0, 3, 1, 4)  # each (B, H, T, d)
        heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return heads.transpose(1, 2).flatten(2)  # (B, T, D)


class GPT(nn.Module):
    def __init__(self, vocab_size: int, max_len: int, d_model: int, n_layers: int, n_heads: int):
        super().__init__()
        self.max_len = max_len
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.Embedding(max_len, d_model)
        self.blocks = nn.ModuleList(Block(d_model, n_heads) for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)
        for name, parameter in self.named_parameters():
            if "norm" in name:
                continue
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif name.endswith(("proj.weight", "down.weight")):
                nn.init.normal_(parameter, std=0.02 / (2 * n_layers) ** 0.5)
            else:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        steps = tokens.shape[1]
        if steps > self.max_len:
            raise ValueError(f"{steps} tokens, but there are only {self.max_len} positions")
        x = self.token(tokens) + self.position.weight[:steps]  # (B, T, D)
        for block in self.blocks:
            x = block(x)
        final = self.norm(x)
        return final @ self.token.weight.T  # (B, T, V)

    def loss(self, tokens: Tensor) -> Tensor:
        logits = self(tokens[:, :-1])  # (B, T − 1, V)
        targets = tokens[:, 1:]
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def generate(
        self,
        tokens: Tensor,
        max_new_tokens: int,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        for _ in range(max_new_tokens):
            window = tokens[:, -self.max_len :]
            logits = self(window)[:, -1]  # (B, V)
            if temperature == 0:
                chosen = logits.argmax(dim=-1, keepdim=True)
            else:
                weights = (logits / temperature).softmax(dim=-1)
                chosen = torch.multinomial(weights, 1, generator=generator)  # (B, 1)
            tokens = torch.cat([tokens, chosen], dim=1)
        return tokens
