# mistake: Positions are the last rows of the table.
import torch
from torch import einsum, nn
from torch.nn import functional as F


class GPT(nn.Module):
    """Layers are only holders of weights; all is computed with einsum in one place."""

    def __init__(self, vocab_size, max_len, d_model, n_layers, n_heads):
        super().__init__()
        self.heads, self.max_len = n_heads, max_len
        self.token, self.position = nn.Embedding(vocab_size, d_model), nn.Embedding(max_len, d_model)
        make = lambda: nn.ModuleDict(
            dict(
                down=nn.Linear(4 * d_model, d_model),
                up=nn.Linear(d_model, 4 * d_model),
                norm2=nn.LayerNorm(d_model),
                proj=nn.Linear(d_model, d_model),
                qkv=nn.Linear(d_model, 3 * d_model),
                norm1=nn.LayerNorm(d_model),
            )
        )
        self.blocks = nn.ModuleList([make() for _ in range(n_layers)])
        self.norm = nn.LayerNorm(d_model)
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Embedding)):
                m.weight.data.normal_(0, 0.02)
            if isinstance(m, nn.Linear):
                m.bias.data.zero_()
        for b in self.blocks:
            b["proj"].weight.data /= (2 * n_layers) ** 0.5
            b["down"].weight.data /= (2 * n_layers) ** 0.5

    def forward(self, tokens):
        b, t = tokens.shape
        if t > self.max_len:
            raise ValueError(t)
        x = F.one_hot(tokens, self.token.num_embeddings).to(self.token.weight.dtype) @ self.token.weight
        x = x + self.position.weight[None, -t:]
        bias = torch.full((t, t), float("-inf"), dtype=x.dtype, device=x.device).triu(1)
        for blk in self.blocks:
            h = blk["norm1"](x)
            w = blk["qkv"].weight.reshape(3, self.heads, -1, x.shape[-1])
            c = blk["qkv"].bias.reshape(3, self.heads, 1, -1)
            q, k, v = einsum("btf,nhdf->nbhtd", h, w) + c[:, None]
            p = (einsum("bhtd,bhsd->bhts", q, k) * q.shape[-1] ** -0.5 + bias).softmax(-1)
            o = blk["proj"].weight.reshape(x.shape[-1], self.heads, -1)
            x = x + einsum("bhts,bhsd,fhd->btf", p, v, o) + blk["proj"].bias
            x = x + blk["down"](F.gelu(blk["up"](blk["norm2"](x))))
        return einsum("btd,vd->btv", self.norm(x), self.token.weight)

    def loss(self, tokens):
        log_p = self(tokens[:, :-1]).log_softmax(-1)
        return -log_p.gather(-1, tokens[:, 1:, None]).mean()

    @torch.inference_mode()
    def generate(self, tokens, max_new_tokens, temperature=1.0, generator=None):
        out = tokens.new_empty(len(tokens), tokens.shape[1] + max_new_tokens)
        out[:, : tokens.shape[1]] = tokens
        for end in range(tokens.shape[1], out.shape[1]):
            z = self(out[:, max(0, end - self.max_len) : end])[:, -1]
            if temperature:  # the Gumbel trick
                noise = torch.empty_like(z).exponential_(generator=generator)
                z = z / temperature - noise.log()
            out[:, end] = z.argmax(-1)
        return out.clone()
