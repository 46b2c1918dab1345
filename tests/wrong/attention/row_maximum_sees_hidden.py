# mistake: The maximum subtracted for stability includes hidden keys, so a hidden key far above the others makes every visible exponential underflow to 0/0.
# bug: mask_too_late
# line: 10
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    root = q.shape[-1] ** 0.5
    energy = (q / root) @ k.transpose(-1, -2)
    top = energy.amax(dim=-1, keepdim=True)
    e = (energy - top).exp()
    if mask is not None:
        e = e * mask
    alpha = e / e.sum(dim=-1, keepdim=True)
    return alpha @ v
