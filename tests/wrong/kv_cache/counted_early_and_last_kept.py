# mistake: The length is increased before the check, so a refused append leaves the cache changed; and truncate keeps the last tokens.
# bug: broken_by_the_error + truncate_keeps_last
import torch
from torch import Tensor, nn


class KVCache:
    def __init__(self, max_len: int):
        self.max_len = max_len
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        self.count += k.shape[2]
        if self.count > self.max_len:
            raise ValueError("too many tokens")
        self.keys = [torch.cat(self.keys + [k], dim=-2)]
        self.values = [torch.cat(self.values + [v], dim=-2)]
        return self.keys[0], self.values[0]

    def truncate(self, length: int) -> None:
        start = self.count - length
        self.keys = [t[:, :, start:, :] for t in self.keys]
        self.values = [t[:, :, start:, :] for t in self.values]
        self.count = length


def causal_attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    t_new, t_all = q.shape[-2], k.shape[-2]
    att = (q / q.shape[-1] ** 0.5) @ k.transpose(-1, -2)
    future = torch.triu(torch.ones_like(att, dtype=torch.bool), diagonal=t_all - t_new + 1)
    return att.masked_fill(future, float("-inf")).softmax(dim=-1) @ v


class CachedAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        if d_model % n_heads:
            raise ValueError("d_model % n_heads != 0")
        super().__init__()
        self.n_heads = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = [nn.Linear(d_model, d_model, bias=False) for _ in range(4)]

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        split = lambda t: torch.stack(t.chunk(self.n_heads, dim=-1), dim=1)
        q, k, v = split(self.w_q(x)), split(self.w_k(x)), split(self.w_v(x))
        if cache is not None:
            k, v = cache.append(k, v)
        heads = causal_attend(q, k, v)
        return self.w_o(torch.cat(heads.unbind(1), dim=-1))
