"""Saddles, over-parameterisation, and Adam's missing guarantee."""


def positive_share(n, matrices=4000, seed=0):
    """How often a random symmetric n × n matrix has positive eigenvalues only."""
    import torch

    g = torch.Generator().manual_seed(seed)
    a = torch.randn(matrices, n, n, generator=g, dtype=torch.float64)
    return (torch.linalg.eigvalsh(a + a.mT).min(1).values > 0).double().mean().item()


def adam_descends_evidence():
    import math

    def run(gradient, w, steps=200, lr=0.1):
        m = v = 0.0
        path = [w]
        for t in range(1, steps + 1):
            g = gradient(w)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            w -= lr * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
            path.append(w)
        return path

    bowl = [w * w for w in run(lambda w: 2 * w, 1.0)]
    rises = [step for step, (a, b) in enumerate(zip(bowl, bowl[1:], strict=False)) if b > a]
    late = [step for step in rises if step > 50]
    return [not rises, not late, not rises, len(late) > 5]  # the bowl w² is convex


def saddles_evidence():
    import torch

    def minima(f):
        """Strict local minima of a function on a grid."""
        y = f(torch.linspace(-3, 3, 601, dtype=torch.float64))
        return int(((y[1:-1] < y[:-2]) & (y[1:-1] < y[2:])).sum())

    bounded_one = minima(lambda w: (w * w - 1) ** 2) == 1
    shares = [positive_share(n) for n in (1, 2, 3, 4)]
    rarer = all(b < 0.6 * a for a, b in zip(shares, shares[1:], strict=False))
    relu_none = minima(lambda w: torch.relu(w - 1) + torch.relu(1 - w)) == 0
    # The full loss (w² − 1)² as the mean of two noisy halves: sampling them does not move its minima.
    halves = [lambda w: (w * w - 1) ** 2 + w, lambda w: (w * w - 1) ** 2 - w]
    noise_changes = minima(lambda w: sum(half(w) for half in halves) / 2) != minima(
        lambda w: (w * w - 1) ** 2
    )
    return [rarer, bounded_one, relu_none, noise_changes]


def fitted(width, points=12, runs=40, steps=160, lr=0.05, seed=0):
    """The share of runs in which a tanh net of this width fits random labels on random points."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(runs, points, 2, generator=g)
    y = torch.randint(2, (runs, points, 1), generator=g) * 2.0 - 1
    shapes = (2, width, 1.0), (1, width, 1.0), (width, 1, width**-0.5)
    weights = [(s * torch.randn(runs, a, b, generator=g)).requires_grad_() for a, b, s in shapes]
    m, v = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
    for t in range(1, steps + 1):
        loss = ((torch.tanh(x @ weights[0] + weights[1]) @ weights[2] - y) ** 2).mean((1, 2))
        gradients = torch.autograd.grad(loss.sum(), weights)
        with torch.no_grad():
            for w, gradient, mean, square in zip(weights, gradients, m, v, strict=True):
                mean.lerp_(gradient, 0.1)
                square.lerp_(gradient**2, 0.001)
                w -= lr * (mean / (1 - 0.9**t)) / ((square / (1 - 0.999**t)).sqrt() + 1e-8)
    return (loss < 0.05).float().mean().item()


def experiment():
    sizes = [1, 2, 3, 4]
    shares = [positive_share(n, 8000) for n in sizes]
    assert all(b < 0.6 * a for a, b in zip(shares, shares[1:], strict=False)), (
        "positive definite gets rarer with n"
    )
    widths = [2, 4, 8, 16]
    fits = [fitted(width) for width in widths]
    assert fits[0] < 0.3 and fits[-1] > 0.85, "wide nets fit far more often"
    return {
        "says": (
            f"Random symmetric matrices have only positive eigenvalues in {100 * shares[1]:.0f} % of cases for n = 2 and "
            f"{100 * shares[3]:.2g} % for n = 4. A net with {4 * widths[1]} weights for 12 labels fits them in {100 * fits[1]:.0f} % "
            f"of 40 runs, one with {4 * widths[3]} in {100 * fits[3]:.0f} %.",
            f"随机对称矩阵的特征值全为正的比例，n = 2 时为 {100 * shares[1]:.0f} %，n = 4 时为 {100 * shares[3]:.2g} %。"
            f"要拟合 12 个标签，{4 * widths[1]} 个权重的网络在 40 次运行中有 {100 * fits[1]:.0f} % 做到，"
            f"{4 * widths[3]} 个权重的有 {100 * fits[3]:.0f} %。",
        ),
        "charts": [
            {
                "title": (
                    "Symmetric n × n matrices with all eigenvalues positive",
                    "特征值全为正的 n × n 对称矩阵所占比例",
                ),
                "chart": "bars",
                "bars": [(f"n = {n}", round(100 * share, 3)) for n, share in zip(sizes, shares, strict=True)],
                "unit": "%",
                "log": False,
            },
            {
                "title": (
                    "Runs that fit 12 random labels, by hidden width",
                    "能拟合 12 个随机标签的运行所占比例（按隐藏层宽度）",
                ),
                "chart": "bars",
                "bars": [
                    ((f"{w} units, {4 * w} weights", f"{w} 个单元，{4 * w} 个权重"), round(100 * fit, 1))
                    for w, fit in zip(widths, fits, strict=True)
                ],
                "unit": "%",
                "log": False,
            },
        ],
    }
