"""A loop over queries; parameters held by hand; each query's row over the keys it sees."""

import torch
from torch import nn


class Map(nn.Module):
    def __init__(self, columns, rows):
        super().__init__()
        bound = columns**-0.5
        self.weight = nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound))


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden):
        super().__init__()
        self.w_q, self.w_k, self.w_v = Map(query_size, hidden), Map(key_size, hidden), Map(hidden, 1)

    def forward(self, queries, keys, values, valid_lens=None):
        batch, rows, columns = queries.shape[0], queries.shape[1], keys.shape[1]
        if valid_lens is None:
            counts = [[columns] * rows] * batch
        elif valid_lens.dim() == 1:
            counts = [[n] * rows for n in valid_lens.tolist()]
        else:
            counts = valid_lens.tolist()
        outputs, tables = [], []
        for b in range(batch):
            offered = keys[b] @ self.w_k.weight.T
            table = []
            for i in range(rows):
                n = counts[b][i]
                asked = self.w_q.weight @ queries[b, i]
                scores = (offered[:n] + asked).tanh() @ self.w_v.weight[0]
                e = (scores - scores.max()).exp()
                table.append(torch.cat([e / e.sum(), e.new_zeros(columns - n)]))
            tables.append(torch.stack(table))
            outputs.append(tables[-1] @ values[b])
        return torch.stack(outputs), torch.stack(tables)
