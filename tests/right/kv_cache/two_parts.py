# A buffer that doubles; old and new keys are scored apart and joined by one log-sum-exp.
import math

import torch
from torch import Tensor, nn


class KVCache:
    def __init__(self, max_len: int):
        self.max_len, self.used = max_len, 0
        self.store: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return self.used

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        total = self.used + k.size(2)
        if total > self.max_len:
            raise ValueError(total)
        for name, part in (("k", k), ("v", v)):
            room = self.store.get(name)
            if room is None or room.size(2) < total:
                grown = part.new_empty(*part.shape[:2], 2 * total, part.size(3))
                if room is not None:
                    grown[:, :, : self.used] = room[:, :, : self.used]
                self.store[name] = room = grown
            room.narrow(2, self.used, part.size(2)).copy_(part)
        self.used = total
        return self.store["k"][:, :, :total], self.store["v"][:, :, :total]

    def truncate(self, length: int) -> None:
        self.used = min(self.used, length)


class CachedAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError((d_model, n_heads))
        self.n_heads = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))

    def heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.n_heads, -1).movedim(2, 1)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        q = self.heads(self.w_q(x)) / math.sqrt(x.size(-1) // self.n_heads)
        k, v = self.heads(self.w_k(x)), self.heads(self.w_v(x))
        t = x.size(1)
        among = (q @ k.mT).masked_fill(torch.triu(x.new_ones(t, t), 1).bool(), -math.inf)
        total = among.logsumexp(-1, keepdim=True)
        past = 0 if cache is None else len(cache)
        if cache is not None:
            all_k, all_v = cache.append(k, v)
        if past > 0:
            before = q @ all_k[:, :, :past].mT
            total = torch.logaddexp(total, before.logsumexp(-1, keepdim=True))
        mixed = (among - total).exp() @ v
        if past > 0:
            mixed = mixed + (before - total).exp() @ all_v[:, :, :past]
        return self.w_o(mixed.movedim(1, 2).flatten(2))
