# mistake: two: results are written into float32 tensors, and hidden values are emptied in the caller's tensor
import math

import torch
from torch import Tensor, nn


class Map(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        bound = 1 / math.sqrt(n_in)
        self.weight = nn.Parameter(torch.rand(n_out, n_in) * 2 * bound - bound)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden: int):
        super().__init__()
        self.w_q, self.w_k, self.w_v = Map(query_size, hidden), Map(key_size, hidden), Map(hidden, 1)

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        b, tq, _ = queries.shape
        tk = keys.shape[1]
        outputs = torch.zeros(b, tq, values.shape[-1])
        all_weights = torch.zeros(b, tq, tk)
        for n in range(b):
            k = keys[n] @ self.w_k.weight.T
            for i in range(tq):
                seen = tk
                if valid_lens is not None:
                    seen = int(valid_lens[n] if valid_lens.ndim == 1 else valid_lens[n, i])
                q = self.w_q.weight @ queries[n, i]
                s = torch.tanh(k[:seen] + q) @ self.w_v.weight[0]
                e = torch.exp(s - s.max().detach())
                a = e / e.sum()
                outputs[n, i] = a @ values[n, :seen]
                all_weights[n, i, :seen] = a
                values.data[n, seen:] *= 0 if valid_lens is not None and valid_lens.ndim == 1 else 1
        return outputs, all_weights
