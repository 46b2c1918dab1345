# mistake: Hidden scores are set to -1e9, which does not fit into float16.
# bug: fill_finite
# line: 26
import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError("n_heads or n_kv_heads")
        self.n_heads, self.n_kv_heads, self.d = n_heads, n_kv_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, self.d * n_kv_heads, bias=False)
        self.w_v = nn.Linear(d_model, self.d * n_kv_heads, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        b, t, _ = x.shape
        q = self.w_q(x).view(b, t, self.n_kv_heads, -1, self.d).permute(0, 2, 3, 1, 4)
        k = self.w_k(x).view(b, t, self.n_kv_heads, self.d).permute(0, 2, 3, 1).unsqueeze(2)
        v = self.w_v(x).view(b, t, self.n_kv_heads, self.d).permute(0, 2, 1, 3).unsqueeze(2)
        logits = torch.matmul(q, k) / self.d**0.5
        if mask is not None:
            logits = logits.masked_fill(mask.logical_not().unsqueeze(-3).unsqueeze(-3), -1e9)
        out = torch.matmul(logits.softmax(dim=-1), v)
        return self.w_o(out.permute(0, 3, 1, 2, 4).reshape(b, t, -1))
