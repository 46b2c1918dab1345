# mistake: Only prefill is masked, as if a filled cache meant that a single token comes.
# line: 52
# bug: no_mask_when_filled
import torch
import torch.nn.functional as F
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.capacity = max_len
        self.n = 0
        self.buffers = None

    def __len__(self):
        return self.n

    def append(self, k, v):
        new = k, v
        t = new[0].shape[-2]
        if self.n + t > self.capacity:
            raise ValueError(f"only {self.capacity - self.n} places left")
        if self.buffers is None:
            self.buffers = [x.new_empty(x.shape[0], x.shape[1], self.capacity, x.shape[3]) for x in new]
        for buffer, x in zip(self.buffers, new):
            buffer[:, :, self.n : self.n + t].copy_(x)
        self.n += t
        return [buffer[:, :, : self.n] for buffer in self.buffers]

    def truncate(self, length):
        self.n = length


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("n_heads has to divide d_model")
        self.h, self.d = n_heads, d_model // n_heads
        for name in ("w_q", "w_k", "w_v", "w_o"):
            setattr(self, name, nn.Linear(d_model, d_model, bias=False))

    def forward(self, x, cache=None):
        b, t, _ = x.shape
        q = self.w_q(x).reshape(b, t, self.h, self.d).transpose(1, 2)
        k = self.w_k(x).reshape(b, t, self.h, self.d).transpose(1, 2)
        v = self.w_v(x).reshape(b, t, self.h, self.d).transpose(1, 2)
        prefill = cache is None or len(cache) == 0
        if cache is not None:
            k, v = cache.append(k, v)
        logits = torch.matmul(q * self.d**-0.5, k.transpose(-1, -2))
        if prefill:
            causal = torch.full((t, t), float("-inf"), dtype=x.dtype, device=x.device).triu(1)
            logits = logits + causal
        out = torch.matmul(F.softmax(logits, dim=-1), v)
        return self.w_o(out.transpose(1, 2).reshape(b, t, self.h * self.d))
