# mistake: the mask of the first call is kept for every later one of its shape
import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden):
        super().__init__()
        self.w_v = nn.Linear(hidden, 1, bias=False)
        self.w_k = nn.Linear(key_size, hidden, bias=False)
        self.w_q = nn.Linear(query_size, hidden, bias=False)

    def forward(self, queries, keys, values, valid_lens=None):
        q = torch.einsum("bid,hd->bih", queries, self.w_q.weight)
        k = torch.einsum("bjd,hd->bjh", keys, self.w_k.weight)
        hidden = torch.tanh(q.unsqueeze(2) + k.unsqueeze(1))
        scores = torch.einsum("bijh,oh->bij", hidden, self.w_v.weight)
        if valid_lens is not None:
            kept = self.__dict__.setdefault("kept", {})
            if scores.shape not in kept:
                kept[scores.shape] = self.mask(valid_lens, scores)
            scores = scores + kept[scores.shape]
        weights = torch.softmax(scores, -1)
        return torch.einsum("bij,bjv->biv", weights, values), weights

    @staticmethod
    def mask(lens, scores):
        lens = lens.reshape(scores.shape[0], -1, 1)
        hidden = torch.arange(scores.shape[2], device=scores.device).view(1, 1, -1) >= lens
        return torch.zeros_like(scores, requires_grad=False).masked_fill(hidden, float("-inf"))
