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


def backward_evidence():
    import torch
    from torch.nn.functional import layer_norm

    seen = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(9, generator=g, dtype=torch.float64).requires_grad_()
        gamma, beta, weights = torch.randn(3, 9, generator=g, dtype=torch.float64)
        y = layer_norm(x, (9,), gamma, beta, eps=0.0)
        upstream, gradient = torch.autograd.grad((weights * y.sin()).sum(), [y, x])
        with torch.no_grad():
            sigma = x.var(correction=0).sqrt()
            normed, slope = (x - x.mean()) / sigma, gamma * upstream
            formula = (slope - slope.mean() - normed * (slope * normed).mean()) / sigma
            assert torch.allclose(formula, gradient)
            seen.append((abs(gradient.sum().item()) < 1e-9, abs((gradient @ normed).item()) < 1e-9))
    return [set(seen) == {pair} for pair in ((True, False), (False, True), (True, True), (False, False))]


def decayed_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    x = torch.randn(64, 5, generator=g, dtype=torch.float64)
    w = torch.randn(4, 5, generator=g, dtype=torch.float64).requires_grad_()
    bn = nn.BatchNorm1d(4, eps=1e-12, dtype=torch.float64)
    (slope,) = torch.autograd.grad(bn(x @ w.T).pow(3).sum(), w)
    dead = bool((slope.abs() < 1e-9).all())
    with torch.no_grad():
        before = bn(x @ w.T)
        by_w = torch.allclose(bn(x @ (0.1 * w).T), before, atol=1e-3)
        bn.weight *= 0.001
        by_gamma = torch.allclose(bn(x @ w.T), 0.001 * before)
        bn.weight.fill_(1)
        bn.running_var.fill_(1e6)
        by_running = not torch.allclose(bn(x @ w.T), before)
    return [dead, by_running, by_w and by_gamma, not bool((nn.BatchNorm2d(3).weight == 1).all())]


def worked():
    import torch

    def shown(values):
        return "(" + ", ".join(f"{v:.3f}".replace("-", "−") for v in values.tolist()) + ")"

    x = torch.tensor([0.0, 3.0, 6.0], dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.layer_norm(x, (3,), eps=0.0)
    slope = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    (gradient,) = torch.autograd.grad(y, x, slope)
    means = slope.mean().item(), (slope * y.detach()).mean().item()
    return [
        f"{x.var(correction=0).sqrt().item():.3f}",
        shown(y.detach()),
        *(f"{mean:.3f}".replace("-", "−") for mean in means),
        shown(gradient),
    ]
