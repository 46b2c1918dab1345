# mistake: The attention weights are dropped out too, even in eval mode, because dropout_p is handed to scaled_dot_product_attention.
# line: 36
# bug: weights_dropped_in_eval
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TransformerBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_ff: int, dropout: float = 0.1, norm_first: bool = True):
        super().__init__()
        self.n_heads = n_heads
        self.norm_first = norm_first
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.drop = nn.Dropout(dropout)

    def _split(self, x):
        B, T, D = x.shape
        return x.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)

    def _attention(self, x, valid, causal):
        B, T, D = x.shape
        q, k, v = self._split(self.w_q(x)), self._split(self.w_k(x)), self._split(self.w_v(x))
        allowed = torch.ones(B, 1, T, T, dtype=torch.bool, device=x.device)
        if valid is not None:
            allowed = allowed & valid[:, None, None, :]
        if causal:
            allowed = allowed.tril()
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=self.drop.p)
        return self.w_o(out.transpose(1, 2).reshape(B, T, D))

    def _ffn(self, x):
        return self.ff2(F.gelu(self.ff1(x)))

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        if self.norm_first:
            x = x + self.drop(self._attention(self.norm1(x), valid, causal))
            x = x + self.drop(self._ffn(self.norm2(x)))
        else:
            x = self.norm1(x + self.drop(self._attention(x, valid, causal)))
            x = self.norm2(x + self.drop(self._ffn(x)))
        return x
