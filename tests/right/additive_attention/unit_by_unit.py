"""Scores summed hidden unit by hidden unit; lengths as a running sum of one-hot rows; logsumexp for softmax."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden: int):
        super().__init__()
        for name, n_in, n_out in (("q", query_size, hidden), ("k", key_size, hidden), ("v", hidden, 1)):
            setattr(self, f"w_{name}", nn.Linear(n_in, n_out, bias=False))

    def scores(self, queries, keys):
        q = torch.einsum("bqd,hd->hbq", queries, self.w_q.weight)
        k = torch.einsum("bkd,hd->hbk", keys, self.w_k.weight)
        total = 0
        for w, a, c in zip(self.w_v.weight.squeeze(0), q, k):
            total = total + w * (a[:, :, None] + c[:, None, :]).tanh()
        return total

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        scores = self.scores(queries, keys)
        n_keys = keys.shape[1]
        if valid_lens is None:
            lens = torch.full(queries.shape[:2], n_keys, device=keys.device)
        else:
            lens = valid_lens.reshape(valid_lens.shape[0], -1).expand(queries.shape[:2])
        visible = F.one_hot(lens - 1, n_keys).flip(-1).cumsum(-1).flip(-1).bool()
        logz = torch.where(visible, scores, float("-inf")).logsumexp(-1, keepdim=True)
        weights = torch.where(visible, torch.where(visible, scores - logz, 0).exp(), 0)
        return torch.bmm(weights, values), weights
