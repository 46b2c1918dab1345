# mistake: GELU by tanh, and a prompt longer than max_len is not cropped: two mistakes.
# bug: another_activation + not_cropped
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalSelfAttention(nn.Module):
    """Shares its parent's layers: the names of the contract lie in the block."""

    def __init__(self, n_heads, max_len):
        super().__init__()
        self.n_heads = n_heads
        self.register_buffer("tril", torch.tril(torch.ones(max_len, max_len)), persistent=False)

    def forward(self, qkv):
        B, T, DDD = qkv.shape
        D = DDD // 3
        q, k, v = qkv.split(D, dim=2)
        q = q.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)
        k = k.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)
        v = v.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        return (att @ v).transpose(1, 2).contiguous().view(B, T, D)


class Block(nn.Module):
    def __init__(self, d, h, max_len):
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d)
        self.proj = nn.Linear(d, d)
        self.norm2 = nn.LayerNorm(d)
        self.up = nn.Linear(d, 4 * d)
        self.down = nn.Linear(4 * d, d)
        self.attn = CausalSelfAttention(h, max_len)
        self.act = nn.GELU(approximate="tanh")

    def forward(self, x):
        x = x + self.proj(self.attn(self.qkv(self.norm1(x))))
        x = x + self.down(self.act(self.up(self.norm2(x))))
        return x


class GPT(nn.Module):
    def __init__(self, vocab_size, max_len, d_model, n_layers, n_heads):
        super().__init__()
        self.max_len = max_len
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.Embedding(max_len, d_model)
        self.blocks = nn.Sequential(*[Block(d_model, n_heads, max_len) for _ in range(n_layers)])
        self.norm = nn.LayerNorm(d_model)
        self.apply(self._init_weights)
        for pn, p in self.named_parameters():
            if pn.endswith("proj.weight") or pn.endswith("down.weight"):
                torch.nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * n_layers))

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)
            torch.nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)

    def forward(self, tokens):
        B, T = tokens.size()
        if T > self.max_len:
            raise ValueError("sequence too long")
        pos = torch.arange(0, T, dtype=torch.long, device=tokens.device)
        x = self.token(tokens) + self.position(pos)
        x = self.norm(self.blocks(x))
        return F.linear(x, self.token.weight)

    def loss(self, tokens):
        logits = self(tokens[:, :-1])
        return F.cross_entropy(logits.reshape(-1, logits.size(-1)), tokens[:, 1:].reshape(-1))

    @torch.no_grad()
    def generate(self, tokens, max_new_tokens, temperature=1.0, generator=None):
        for _ in range(max_new_tokens):
            cond = tokens
            logits = self(cond)[:, -1, :]
            if temperature == 0:
                nxt = torch.argmax(logits, dim=-1, keepdim=True)
            else:
                probs = F.softmax(logits / temperature, dim=-1)
                nxt = torch.multinomial(probs, num_samples=1, generator=generator)
            tokens = torch.cat((tokens, nxt), dim=1)
        return tokens
