# mistake: Scores are divided by √D.
# bug: wrong_scale
import torch
from torch import nn


class Layers(nn.Module):
    def __init__(self, d):
        super().__init__()
        for name, size, other in (("qkv", 3 * d, d), ("proj", d, d), ("up", 4 * d, d), ("down", d, 4 * d)):
            setattr(self, name, nn.Linear(other, size))
        self.norm1 = nn.LayerNorm(d)
        self.norm2 = nn.LayerNorm(d)


class GPT(nn.Module):
    def __init__(self, vocab_size, max_len, d_model, n_layers, n_heads):
        super().__init__()
        self.sizes = vocab_size, max_len, d_model, n_layers, n_heads
        self.norm = nn.LayerNorm(d_model)
        self.blocks = nn.ModuleList()
        for _ in range(n_layers):
            self.blocks.append(Layers(d_model))
        self.position = nn.Embedding(max_len, d_model)
        self.token = nn.Embedding(vocab_size, d_model)
        with torch.no_grad():
            for table in (self.token, self.position):
                table.weight.copy_(torch.randn(table.weight.shape) * 0.02)
            for block in self.blocks:
                for name in ("qkv", "proj", "up", "down"):
                    layer = getattr(block, name)
                    std = 0.02 if name in ("qkv", "up") else 0.02 * (2.0 * n_layers) ** -0.5
                    layer.weight.copy_(torch.randn(layer.weight.shape) * std)
                    layer.bias.fill_(0.0)

    def attend(self, block, x):
        """Head by head and place by place, for all sequences at once."""
        steps, d_model = x.shape[1:]
        d = d_model // self.sizes[4]
        rows = block.qkv(x)
        out = []
        for t in range(steps):
            parts = []
            for h in range(self.sizes[4]):
                q = rows[:, t, h * d : (h + 1) * d]
                keys = rows[:, : t + 1, d_model + h * d : d_model + (h + 1) * d]
                values = rows[:, : t + 1, 2 * d_model + h * d : 2 * d_model + (h + 1) * d]
                scores = (keys * q[:, None]).sum(-1) / d_model**0.5
                weights = torch.exp(scores - scores.max(1, keepdim=True).values)
                weights = weights / weights.sum(1, keepdim=True)
                parts.append((weights[..., None] * values).sum(1))
            out.append(torch.cat(parts, dim=-1))
        return block.proj(torch.stack(out, dim=1))

    def forward(self, tokens):
        if tokens.shape[1] > self.sizes[1]:
            raise ValueError("no position left")
        places = enumerate(tokens.T)
        x = torch.stack([self.token.weight[w] + self.position.weight[t] for t, w in places], dim=1)
        for block in self.blocks:
            x = x + self.attend(block, block.norm1(x))
            wide = block.up(block.norm2(x))
            x = x + block.down(0.5 * wide * (1 + torch.erf(wide / 2**0.5)))
        return self.norm(x) @ self.token.weight.T

    def loss(self, tokens):
        log_p = torch.log_softmax(self(tokens[:, :-1]), dim=-1)
        total, count = 0.0, 0
        for i, row in enumerate(tokens):
            for t, target in enumerate(row[1:].tolist()):
                total = total - log_p[i, t, target]
                count += 1
        return total / count

    def generate(self, tokens, max_new_tokens, temperature=1.0, generator=None):
        tokens = tokens.clone()
        for _ in range(max_new_tokens):
            with torch.no_grad():
                logits = self(tokens[:, -self.sizes[1] :])[:, -1]
                if temperature > 0:
                    p = torch.softmax(logits / temperature, dim=1)
                    bounds = p.cumsum(1)
                    dice = torch.rand(len(p), 1, generator=generator, dtype=p.dtype, device=p.device)
                    chosen = (dice >= bounds).sum(1, keepdim=True).clamp(max=p.shape[1] - 1)
                else:
                    chosen = logits.max(dim=1, keepdim=True).indices
            tokens = torch.cat((tokens, chosen), 1)
        return tokens
