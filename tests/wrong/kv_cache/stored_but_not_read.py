# mistake: What append returns is thrown away: new tokens attend to each other only.
# line: 46
# bug: cache_not_read
import math

import torch
from torch import Tensor, nn


class KVCache:
    def __init__(self, max_len: int):
        self.max_len = max_len
        self.state: Tensor | None = None

    def __len__(self) -> int:
        return 0 if self.state is None else self.state.shape[3]

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        fresh = torch.stack([k, v])
        joined = fresh if self.state is None else torch.cat([self.state, fresh], dim=3)
        if joined.shape[3] > self.max_len:
            raise ValueError("too many tokens")
        self.state = joined
        return joined[0], joined[1]

    def truncate(self, length: int) -> None:
        if self.state is not None:
            self.state = self.state[..., :length, :]


class CachedAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model % n_heads != 0")
        self.n_heads = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = [nn.Linear(d_model, d_model, bias=False) for _ in range(4)]

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        b, t, width = x.shape
        split = (b, t, self.n_heads, width // self.n_heads)
        q = self.w_q(x).view(split).transpose(1, 2)
        k = self.w_k(x).view(split).transpose(1, 2)
        v = self.w_v(x).view(split).transpose(1, 2)
        if cache is not None:
            cache.append(k, v)
        scores = q @ k.transpose(-2, -1) / math.sqrt(split[-1])
        future = torch.triu(torch.ones(t, k.shape[2], device=x.device), diagonal=k.shape[2] - t + 1) == 1
        attention = scores.masked_fill(future, -torch.inf).softmax(-1)
        return self.w_o((attention @ v).transpose(1, 2).contiguous().view(b, t, width))
