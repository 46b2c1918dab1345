# mistake: The last free place is refused, so the cache cannot be filled exactly; and its storage has the default dtype, not that of k and v.
# bug: full_is_too_full + buffer_float32
import torch
from torch import Tensor, nn


class KVCache:
    def __init__(self, max_len: int):
        self.max_len = max_len
        self.used = 0
        self.store = None  # (2, B, H, max_len, d)

    def __len__(self) -> int:
        return self.used

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        B, H, T, d = k.shape
        end = self.used + T
        if end >= self.max_len:
            raise ValueError("cache overflow")
        if self.store is None:
            self.store = torch.zeros(2, B, H, self.max_len, d, device=k.device)
        self.store[0, :, :, self.used : end] = k
        self.store[1, :, :, self.used : end] = v
        self.used = end
        return self.store[0, :, :, :end], self.store[1, :, :, :end]

    def truncate(self, length: int) -> None:
        self.used = length


class CachedAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model} features, {n_heads} heads")
        self.n_heads, self.d_head = n_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        B, T, D = x.shape
        past = 0 if cache is None else len(cache)
        shape = (B, T, self.n_heads, self.d_head)
        q = self.w_q(x).reshape(shape).permute(0, 2, 1, 3)
        k = self.w_k(x).reshape(shape).permute(0, 2, 1, 3)
        v = self.w_v(x).reshape(shape).permute(0, 2, 1, 3)
        if cache is not None:
            k, v = cache.append(k, v)
        s = (q @ k.mT) * self.d_head**-0.5
        keys = torch.arange(k.shape[2], device=x.device)
        later = keys > past + torch.arange(T, device=x.device)[:, None]
        y = s.masked_fill(later, -torch.inf).softmax(-1) @ v
        y = y.permute(0, 2, 1, 3).reshape(B, T, D)
        return self.w_o(y)
