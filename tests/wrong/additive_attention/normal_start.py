# mistake: weights start normal with deviation 1/√n
# bug: other_initialisation
import math

import torch
from torch import Tensor, nn


class Map(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / math.sqrt(n_in))


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden: int):
        super().__init__()
        self.w_q, self.w_k, self.w_v = Map(query_size, hidden), Map(key_size, hidden), Map(hidden, 1)

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        b, tq, _ = queries.shape
        tk = keys.shape[1]
        outputs, all_weights = [], []
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
                outputs.append(a @ values[n, :seen])
                all_weights.append(torch.cat([a, a.new_zeros(tk - seen)]))
        return (
            torch.stack(outputs).view(b, tq, values.shape[-1]),
            torch.stack(all_weights).view(b, tq, tk),
        )
