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


def backward_steps_evidence():
    import torch
    from torch.nn.functional import layer_norm

    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(7, generator=g, dtype=torch.float64).requires_grad_()
        gamma, beta, upstream = torch.randn(3, 7, generator=g, dtype=torch.float64)
        (wanted,) = torch.autograd.grad(layer_norm(x, (7,), gamma, beta, eps=0.0), x, upstream)
        with torch.no_grad():
            c = x - x.mean()
            sigma = c.square().mean().sqrt()
            to_normed = gamma * upstream
            to_sigma = -(to_normed * c).sum() / sigma**2
            to_v = to_sigma / (2 * sigma)
            to_c = to_normed / sigma + to_v * 2 * c / 7
            to_mu = -to_c.sum()
            assert torch.allclose(to_c + to_mu / 7, wanted)
    return [True]


def backward_by_hand_draw(rng):
    while True:
        center, sigma, gamma = rng.randint(-1, 6), rng.choice([2, 4, 5]), rng.choice([2, 3])
        u = [rng.randint(-4, 5) for _ in range(4)]
        g = [gamma * v for v in u]
        mean, product = sum(g) / 4, (g[2] + g[3] - g[0] - g[1]) / 4
        values = {
            "answer": (g[0] - mean + product) / sigma,
            "constant": g[0] / sigma,
            "shift": (g[0] - mean) / sigma,
            "unscaled": g[0] - mean + product,
        }
        v = list(values.values())
        if all(abs(a - b) > 0.02 for i, a in enumerate(v) for b in v[:i]) and 0 not in v:
            named = {f"x{i + 1}": center + s * sigma for i, s in enumerate((-1, -1, 1, 1))}
            named |= {f"u{i + 1}": u[i] for i in range(4)} | {"sigma": sigma, "gamma": gamma}
            return named | {"mean": mean, "product": product} | {n: round(x, 5) for n, x in values.items()}


def backward_by_hand_evidence(drawn):
    import torch

    x, upstream = (
        torch.tensor([float(drawn[f"{n}{i}"]) for i in range(1, 5)], dtype=torch.float64) for n in "xu"
    )
    x.requires_grad_()
    gamma = torch.full((4,), float(drawn["gamma"]), dtype=torch.float64)
    (gradient,) = torch.autograd.grad(torch.nn.functional.layer_norm(x, (4,), gamma, eps=0.0), x, upstream)
    first = gradient[0].item()
    return [abs(drawn[n] - first) < 0.005 * abs(first) for n in ("answer", "constant", "shift", "unscaled")]


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
