# mistake: Hidden scores are set to -1e9, which does not fit into float16.
# line: 47
# bug: fill_finite
import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.k_cache, self.v_cache = [], []

    def __len__(self):
        return len(self.k_cache)

    def append(self, k, v):
        if len(self) + k.shape[2] > self.max_len:
            raise ValueError(f"max_len is {self.max_len}")
        self.k_cache += list(k.unbind(2))
        self.v_cache += list(v.unbind(2))
        return torch.stack(self.k_cache, 2), torch.stack(self.v_cache, 2)

    def truncate(self, length):
        del self.k_cache[length:], self.v_cache[length:]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model // n_heads * n_heads != d_model:
            raise ValueError("d_model, n_heads")
        self.n_heads, self.d = n_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, cache=None):
        b, t, _ = x.shape
        past = 0 if cache is None else len(cache)
        q, k, v = (w(x).view(b, t, self.n_heads, self.d) for w in (self.w_q, self.w_k, self.w_v))
        k, v = k.permute(0, 2, 1, 3), v.permute(0, 2, 1, 3)
        if cache is not None:
            k, v = cache.append(k, v)
        logits = torch.einsum("bihd,bhjd->bhij", q, k) / self.d**0.5
        allowed = torch.ones(t, past + t, device=x.device).tril(past).bool()
        logits = logits.masked_fill(allowed.logical_not(), -1e9)
        out = torch.einsum("bhij,bhjd->bihd", logits.softmax(dim=-1), v)
        return self.w_o(out.reshape(b, t, -1))
