import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    """One fused projection, made of the four layers' weights; everything else is an einsum."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.d_head, left = divmod(d_model, n_heads)
        if left:
            raise ValueError("d_model % n_heads")
        self.n_heads = n_heads
        for name in ("w_q", "w_k", "w_v", "w_o"):
            self.add_module(name, nn.Linear(d_model, d_model))

    def forward(self, x, valid=None, causal=False):
        b, t, _ = x.shape
        weight = torch.cat([self.w_q.weight, self.w_k.weight, self.w_v.weight])
        bias = torch.cat([self.w_q.bias, self.w_k.bias, self.w_v.bias])
        qkv = (torch.einsum("btd,ed->bte", x, weight) + bias).view(b, t, 3, self.n_heads, self.d_head)
        q, k, v = qkv.unbind(2)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) * self.d_head**-0.5
        visible = torch.ones(b, 1, t, t, dtype=torch.bool, device=x.device)
        if causal:
            position = torch.arange(t, device=x.device)
            visible = visible & (position[None, :] <= position[:, None])
        if valid is not None:
            visible = visible & valid.view(b, 1, 1, t)
        weights = torch.where(visible, scores, float("-inf")).softmax(-1)
        context = torch.einsum("bhqk,bkhd->bqhd", weights, v)
        return self.w_o(context.reshape(b, t, -1))
