# mistake: two: projected keys are kept for the next call in eval mode, and sigmoid stands for tanh
import torch
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden: int):
        super().__init__()
        self.w_q = nn.Linear(query_size, hidden, bias=False)
        self.w_k = nn.Linear(key_size, hidden, bias=False)
        self.w_v = nn.Linear(hidden, 1, bias=False)

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        if self.training or getattr(self, "cached", None) is None or self.cached.shape[:2] != keys.shape[:2]:
            self.cached = self.w_k(keys)
        features = torch.sigmoid(self.w_q(queries).unsqueeze(2) + self.cached.unsqueeze(1))
        scores = self.w_v(features).squeeze(-1)
        if valid_lens is not None:
            if valid_lens.dim() == 1:
                valid_lens = valid_lens[:, None]
            hidden = torch.arange(keys.size(1), device=keys.device) >= valid_lens[:, :, None]
            scores = scores.masked_fill(hidden, float("-inf"))
        weights = scores.softmax(-1)
        return weights @ values, weights
