# mistake: two: hidden scores take part in the maximum, and 1e-9 is added to the sum
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
        features = torch.tanh(self.w_q(queries).unsqueeze(2) + self.w_k(keys).unsqueeze(1))
        scores = self.w_v(features).squeeze(-1)
        if valid_lens is not None:
            if valid_lens.dim() == 1:
                valid_lens = valid_lens[:, None]
            hidden = torch.arange(keys.size(1), device=keys.device) >= valid_lens[:, :, None]
            visible = (~hidden).to(scores.dtype)
        else:
            visible = torch.ones_like(scores)
        e = torch.exp(scores - scores.amax(-1, keepdim=True)) * visible
        weights = e / (e.sum(-1, keepdim=True) + 1e-9)
        return weights @ values, weights
