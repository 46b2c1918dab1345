# mistake: The factor divides by norm + 1e-6, as torch.nn.utils does, where the statement asks for the norm alone.
# bug: eps_added
# line: 13, 16
import torch


def clip_grad(params, max_norm):
    with torch.no_grad():
        params = [p for p in params if p.grad is not None]
        if not params:
            return torch.tensor(0.0)
        total_norm = torch.norm(torch.stack([torch.norm(p.grad) for p in params]))
        clip_coef = max_norm / (total_norm + 1e-6)
        clip_coef = torch.clamp(clip_coef, max=1.0)
        for p in params:
            p.grad.mul_(clip_coef)
    return total_norm
