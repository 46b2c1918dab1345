# mistake: The length is stored before it is found that the tokens do not fit; and several tokens on a filled cache get no causal mask.
# bug: broken_by_the_error + no_mask_when_filled
import torch
from torch import Tensor, nn


class KVCache:
    def __init__(self, max_len: int):
        self.max_len = max_len
        self.n = 0
        self.buffers = None

    def __len__(self) -> int:
        return self.n

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        begin, end = self.n, self.n + k.shape[2]
        self.n = end
        if end > self.max_len:
            raise ValueError("the new tokens do not fit")

        if self.buffers is None:
            shape = (k.shape[0], k.shape[1], self.max_len, k.shape[3])
            self.buffers = (k.new_zeros(shape), v.new_zeros(shape))
        for buffer, new in zip(self.buffers, (k, v)):
            buffer[:, :, begin:end] = new.detach()
        return self.buffers[0][:, :, :end], self.buffers[1][:, :, :end]

    def truncate(self, length: int) -> None:
        self.n = length


def causal_attention(q, k, v):
    t, total = q.shape[-2], k.shape[-2]
    scores = q @ k.transpose(-2, -1)
    if t == total:
        visible = torch.ones(t, total, dtype=torch.bool, device=q.device).tril(total - t)
        scores = scores.masked_fill(~visible, float("-inf"))
    return scores.softmax(-1) @ v


class CachedAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        if d_model % n_heads:
            raise ValueError("d_model % n_heads must be 0")
        super().__init__()
        self.n_heads = n_heads
        self.scale = (d_model // n_heads) ** -0.5
        for name in ("w_q", "w_k", "w_v", "w_o"):
            setattr(self, name, nn.Linear(d_model, d_model, bias=False))

    def heads(self, t):
        return t.reshape(t.shape[0], t.shape[1], self.n_heads, -1).transpose(1, 2)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        q = self.heads(self.w_q(x)) * self.scale
        k, v = self.heads(self.w_k(x)), self.heads(self.w_v(x))
        if cache is not None:
            k, v = cache.append(k, v)
        return self.w_o(causal_attention(q, k, v).transpose(1, 2).flatten(2))
