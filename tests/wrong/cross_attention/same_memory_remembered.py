# mistake: forward keeps the last memory with its projections and uses them again when the same tensor comes, even if its content or the weights have changed
# bug: same_memory_remembered
import torch
from torch import Tensor, nn


class CrossAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_memory: int | None = None):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model must be a multiple of n_heads")
        d_memory = d_model if d_memory is None else d_memory
        self.n_heads = n_heads
        self.d = d_model // n_heads
        self.last = (None, None)
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_memory, d_model, bias=False)
        self.w_v = nn.Linear(d_memory, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def encode(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        b, s, _ = memory.shape
        k = self.w_k(memory).reshape(b, s, self.n_heads, self.d).transpose(1, 2)
        v = self.w_v(memory).reshape(b, s, self.n_heads, self.d).transpose(1, 2)
        return k, v

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        valid: Tensor | None = None,
        cache: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        if cache is None:
            if self.last[0] is not memory:
                self.last = (memory, self.encode(memory))
            cache = self.last[1]
        k, v = cache
        b, t, _ = x.shape
        q = self.w_q(x).reshape(b, t, self.n_heads, self.d).transpose(1, 2)
        scores = (q @ k.transpose(-2, -1)) / self.d**0.5
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None, :], float("-inf"))
        out = scores.softmax(-1) @ v
        return self.w_o(out.transpose(1, 2).reshape(b, t, -1))
