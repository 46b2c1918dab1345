# mistake: Slopes and distances are multiplied in float32, whatever the input.
# bug: slopes_in_float32
import math

import torch


def alibi_slopes(n_heads):
    def power_of_two(n):
        return [2 ** (-8 * h / n) for h in range(1, n + 1)]

    if math.log2(n_heads).is_integer():
        return power_of_two(n_heads)
    p = 2 ** math.floor(math.log2(n_heads))
    return power_of_two(p) + power_of_two(2 * p)[0::2][: n_heads - p]


def alibi_attention(q, k, v, causal=True):
    n_heads, t_q, d = q.shape[-3:]
    t_k = k.shape[-2]
    slopes = torch.tensor(alibi_slopes(n_heads), device=q.device)
    q_pos = torch.arange(t_k - t_q, t_k, device=q.device)
    k_pos = torch.arange(t_k, device=q.device)
    distance = (q_pos[:, None] - k_pos[None, :]).abs()
    scores = q @ k.transpose(-2, -1) / math.sqrt(d)
    scores = scores - slopes[:, None, None] * distance
    if causal:
        scores = scores.masked_fill(k_pos[None, :] > q_pos[:, None], float("-inf"))
    return torch.softmax(scores, dim=-1) @ v
