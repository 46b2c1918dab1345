# mistake: The gradients are kept in a list between calls, so a later call scales those of earlier calls again.
# bug: earlier_gradients_scaled
# line: 12
import torch

seen = []


@torch.no_grad()
def clip_grad(params, max_norm):
    new = [p.grad for p in params if p.grad is not None]
    seen.extend(g for g in new if not any(g is s for s in seen))
    if not new:
        return torch.tensor(0.0)
    norm = torch.stack([g.norm() for g in new]).norm()
    if norm > max_norm:
        for g in seen:
            g.mul_(max_norm / norm)
    return norm
