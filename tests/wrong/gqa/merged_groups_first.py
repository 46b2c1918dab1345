# mistake: The outputs are joined with the place in the group before the group, another order than the query heads have.
# bug: outputs_reordered
# line: 30
import torch
import torch.nn as nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("heads")
        if n_heads % n_kv_heads:
            raise ValueError("groups")
        self.G, self.S = n_kv_heads, n_heads // n_kv_heads
        self.d = d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, self.G * self.d, bias=False)
        self.w_v = nn.Linear(d_model, self.G * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        B, T, D = x.shape
        q = self.w_q(x).view(B, T, self.G, self.S, self.d).permute(0, 2, 3, 1, 4)
        k = self.w_k(x).view(B, T, self.G, 1, self.d).permute(0, 2, 3, 1, 4)
        v = self.w_v(x).view(B, T, self.G, 1, self.d).permute(0, 2, 3, 1, 4)
        scores = q @ k.mT / self.d**0.5  # (B, G, S, T, T)
        if mask is not None:
            scores = scores.masked_fill(~mask[..., None, None, :, :], float("-inf"))
        y = (scores.softmax(dim=-1) @ v).permute(0, 3, 2, 1, 4).reshape(B, T, D)
        return self.w_o(y)
