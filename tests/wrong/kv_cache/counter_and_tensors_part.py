# mistake: truncate lowers the counter but leaves the tensors, and append concatenates to them.
# line: 27
# bug: truncate_only_counts
import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.length = 0
        self.tensors = {}

    def __len__(self):
        return self.length

    def append(self, k, v):
        if self.length + k.size(2) > self.max_len:
            raise ValueError("max_len exceeded")
        for name, new in {"k": k, "v": v}.items():
            old = self.tensors.get(name)
            self.tensors[name] = new if old is None else torch.cat([old, new], -2)
        self.length += k.size(2)
        return self.tensors["k"], self.tensors["v"]

    def truncate(self, length):
        self.length = length


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("d_model / n_heads")
        self.n_heads = n_heads
        for name in "qkvo":
            self.add_module(f"w_{name}", nn.Linear(d_model, d_model, bias=False))

    def heads(self, x):
        return x.reshape(*x.shape[:2], self.n_heads, -1).transpose(1, 2)

    def forward(self, x, cache=None):
        q, k, v = self.heads(self.w_q(x)), self.heads(self.w_k(x)), self.heads(self.w_v(x))
        if cache is not None:
            k, v = cache.append(k, v)
        scores = q.matmul(k.mT).div(q.size(-1) ** 0.5)
        shift = scores.size(-1) - scores.size(-2)
        keep = torch.ones_like(scores).tril(shift) > 0
        attention = scores.where(keep, float("-inf")).softmax(-1)
        return self.w_o(attention.matmul(v).transpose(1, 2).flatten(2))
