# mistake: Fewer queries are filled up at the end, so that they stand at the first positions.
# bug: queries_counted_from_zero
import torch
import torch.nn.functional as F


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.size(-2), k.size(-2)
    w = min(window, m)
    q = F.pad(q, (0, 0, 0, m - n))
    ahead = 0 if causal else w - 1
    keys, values = (torch.nn.functional.pad(x, (0, 0, w - 1, ahead)) for x in (k, v))
    scores = (
        torch.stack([(q * keys[..., c : c + m, :]).sum(-1) for c in range(w + ahead)], -1) / q.size(-1) ** 0.5
    )
    place = torch.arange(m, device=q.device)[:, None] + torch.arange(1 - w, ahead + 1, device=q.device)
    weights = scores.masked_fill((place < 0) | (place >= m), -torch.inf).softmax(-1)
    return sum(weights[..., c, None] * values[..., c : c + m, :] for c in range(w + ahead))[..., :n, :]
