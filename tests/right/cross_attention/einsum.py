import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_memory=None):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(d_model)
        self.H = n_heads
        wide = d_model if d_memory is None else d_memory
        self.w_q, self.w_o = (nn.Linear(d_model, d_model, bias=False) for _ in range(2))
        self.w_k, self.w_v = (nn.Linear(wide, d_model, bias=False) for _ in range(2))

    def by_head(self, w):
        return w.weight.unflatten(0, (self.H, -1))

    def encode(self, memory):
        return tuple(torch.einsum("bsm,hdm->bhsd", memory, self.by_head(w)) for w in (self.w_k, self.w_v))

    def forward(self, x, memory=None, valid=None, cache=None):
        k, v = self.encode(memory) if cache is None else cache
        q = torch.einsum("btm,hdm->bhtd", x, self.by_head(self.w_q)) * k.shape[-1] ** -0.5
        s = torch.einsum("bhtd,bhsd->bths", q, k)
        if valid is not None:
            s = s + torch.zeros_like(valid, dtype=s.dtype).masked_fill(~valid, -torch.inf)[:, None, None]
        out = torch.einsum("bths,bhsd->bthd", s.softmax(-1), v)
        return torch.einsum("bthd,ehd->bte", out, self.w_o.weight.unflatten(1, (self.H, -1)))
