# mistake: hidden scores are -10,000
# bug: fill_finite
import torch
from torch import nn


def masked_softmax(x, valid_lens):
    if valid_lens is None:
        return nn.functional.softmax(x, dim=-1)
    shape = x.shape
    if valid_lens.dim() == 1:
        lens = torch.repeat_interleave(valid_lens, shape[1])
    else:
        lens = valid_lens.reshape(-1)
    flat = x.reshape(-1, shape[-1])
    seen = torch.arange(shape[-1], device=x.device)[None, :] < lens[:, None]
    flat = torch.where(seen, flat, -1e4)
    return nn.functional.softmax(flat, dim=-1).reshape(shape)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden):
        super().__init__()
        self.w_q = nn.Linear(query_size, hidden, bias=False)
        self.w_k = nn.Linear(key_size, hidden, bias=False)
        self.w_v = nn.Linear(hidden, 1, bias=False)

    def forward(self, queries, keys, values, valid_lens=None):
        queries, keys = self.w_q(queries), self.w_k(keys)
        features = torch.tanh(queries.unsqueeze(2) + keys.unsqueeze(1))
        weights = masked_softmax(self.w_v(features).squeeze(-1), valid_lens)
        return torch.bmm(weights, values), weights
