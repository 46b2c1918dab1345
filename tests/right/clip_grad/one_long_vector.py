import torch


def clip_grad(params, max_norm):
    """The gradients really laid end to end; the factor is min(1, θ/‖g‖), where θ/0 = inf does no harm."""
    with torch.no_grad():
        params = [p for p in params if p.grad is not None]
        if len(params) == 0:
            return torch.zeros(())
        g = torch.cat([p.grad.reshape(-1) for p in params])
        total = torch.linalg.vector_norm(g)
        g = g * (max_norm / total).clamp(max=1.0)
        for p, part in zip(params, g.split([p.numel() for p in params])):
            p.grad.copy_(part.reshape(p.shape))
    return total
