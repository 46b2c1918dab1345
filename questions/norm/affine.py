"""Evidence for affine.md."""


def why_affine_evidence():
    import torch
    from torch import nn

    x = torch.randn(64, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    plain = nn.BatchNorm1d(1, affine=False, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(plain(x).pow(3).sum(), x)
    blocked = gradient.abs().max().item() < 1e-9

    # wanted: an output of mean 3 and deviation 5. γ and β can learn it, a bare norm cannot.
    affine = nn.BatchNorm1d(1, dtype=torch.float64)
    wanted = (3 + 5 * (x - x.mean()) / x.std(correction=0)).detach()
    for _ in range(60):
        loss = (affine(x) - wanted).pow(2).mean()
        gradients = torch.autograd.grad(loss, list(affine.parameters()))
        with torch.no_grad():
            for parameter, slope in zip(affine.parameters(), gradients, strict=True):
                parameter -= 0.2 * slope
    suits = loss.item() < 1e-6 < (plain(x) - wanted).pow(2).mean().item()
    estimates = (
        abs(affine.weight.item() - x.std().item()) < 0.5 and abs(affine.bias.item() - x.mean().item()) < 0.5
    )
    needed_for_epsilon = abs(plain(x).std(correction=0).item() - 1) > 0.01
    return [blocked, suits, estimates, needed_for_epsilon]


def folding_evidence():
    import torch
    from torch.nn.functional import layer_norm, linear

    d = 5
    g = torch.Generator().manual_seed(0)
    x, w = (torch.randn(n, d, generator=g, dtype=torch.float64) for n in (7, d))
    b, gamma, beta = torch.randn(3, d, generator=g, dtype=torch.float64)
    wanted = linear(layer_norm(x, (d,), gamma, beta), w, b)
    bare = layer_norm(x, (d,))
    scale = gamma.diag()
    claims = [
        (w @ scale, b + w @ beta),
        (scale @ w, b + w @ beta),
        (w @ scale, b + beta),
        (w + scale, b + w @ beta),
    ]
    return [torch.allclose(linear(bare, *claim), wanted) for claim in claims]
