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


def fitted(width, points=12, runs=60, steps=300, lr=0.05, seed=0, easy=False):
    """The share of runs in which a tanh net of this width fits random labels on random points, or easy ones: those
    of a random half-plane."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(runs, points, 2, generator=g)
    y = torch.randint(2, (runs, points, 1), generator=g) * 2.0 - 1
    if easy:
        y = (x @ torch.randn(runs, 2, 1, generator=g)).sign()
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


def escape_draw(rng):
    import math

    while True:
        eta, h, power = (
            rng.choice([0.01, 0.02, 0.05, 0.1]),
            rng.choice([0.5, 2, 3, 4]),
            rng.choice([3, 4, 6, 9]),
        )
        log = power * math.log(10)
        answer = log / math.log(1 + eta * h)
        values = {
            "answer": round(answer),
            "linear": round(1 / (eta * h)),
            "forgot": round(log / math.log(1 + eta)),
            "huge": round(10**power / (eta * h)),
        }
        if min(abs(values["answer"] / values[name] - 1) for name in ("linear", "forgot", "huge")) > 0.2:
            return {
                "eta": eta,
                "h": h,
                "d0": f"10⁻{'⁰¹²³⁴⁵⁶⁷⁸⁹'[power]}",
                "power": power,
                "factor": round(1 + eta * h, 4),
                **values,
            }


def escape_evidence(drawn):
    import torch

    y, steps = torch.tensor(10.0 ** -drawn["power"], dtype=torch.float64), 0
    while y < 1:
        y = y.requires_grad_()
        (slope,) = torch.autograd.grad(-0.5 * drawn["h"] * y * y, y)
        y, steps = (y - drawn["eta"] * slope).detach(), steps + 1
    return [abs(drawn[name] - steps) < 0.03 * steps + 1 for name in ("answer", "linear", "forgot", "huge")]


def _tanh_net(w, x):
    import torch

    return torch.tanh(x @ w[0] + w[1]) @ w[2]


def stuck_evidence():
    """A tanh net that starts with zeros rests on a saddle; saturated units and a minimum for comparison."""
    import torch
    from torch.nn import functional as F

    x = torch.randn(16, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    x = torch.cat([x, -x])  # as many of either class, so that zero logits are at rest
    y = (x.sum(1, keepdim=True) > 0).double()

    def train(w, steps, lr=0.5):
        for _ in range(steps):
            w = [p.detach().requires_grad_() for p in w]
            loss = F.binary_cross_entropy_with_logits(_tanh_net(w, x), y)
            slopes = torch.autograd.grad(loss, w)
            w = [p - lr * s for p, s in zip(w, slopes, strict=True)]
        return [p.detach() for p in w], loss.item(), sum(s.square().sum() for s in slopes).sqrt().item()

    def shaken(w, seed):
        g = torch.Generator().manual_seed(seed)
        return [p + 1e-3 * torch.randn(p.shape, generator=g, dtype=torch.float64) for p in w]

    def zeros(*shape):
        return torch.zeros(*shape, dtype=torch.float64)

    saddle, at_rest, slope = train([zeros(2, 4), zeros(1, 4), zeros(4, 1)], 300)
    assert abs(at_rest - 0.6931) < 1e-3 and slope < 1e-6
    freed = [train(shaken(saddle, seed), 900)[1] < 0.1 for seed in range(3)]
    saturated = [
        torch.full((2, 4), 30.0, dtype=torch.float64),
        torch.full((1, 4), 90.0, dtype=torch.float64),
        zeros(4, 1),
    ]
    still_flat = [train(shaken(saturated, seed), 300)[1] > 0.68 for seed in range(2)]
    # In a bowl the noise is undone.
    bowl = torch.zeros(1, dtype=torch.float64)
    back = abs((bowl + 1e-3) * (1 - 0.5) ** 50).item() < 1e-12
    return [not back, not all(still_flat), train(saddle, 300, lr=1.0)[1] < 0.68, all(freed)]


def equal_solutions_draw(rng):
    import math

    n = rng.choice([3, 4, 5, 6, 7])
    orders, signs = math.factorial(n), 2**n
    return {"n": n, "answer": orders * signs, "orders": orders, "signs": signs, "once": 2 * orders}


def equal_solutions_evidence(drawn):
    """Counts the settings one by one and compares the functions on random inputs."""
    import itertools

    import torch

    n = drawn["n"]
    g = torch.Generator().manual_seed(0)
    w = [torch.randn(2, n, generator=g), torch.randn(1, n, generator=g), torch.randn(n, 1, generator=g)]
    x = torch.randn(6, 2, generator=g)
    units = [(w[0][:, i], w[1][0, i], w[2][i, 0]) for i in range(n)]
    shares = {
        (i, s): s * torch.tanh(x @ (s * a) + s * b) * c for i, (a, b, c) in enumerate(units) for s in (1, -1)
    }
    assert all(
        torch.allclose(shares[i, 1], shares[i, -1], atol=1e-6) for i in range(n)
    )  # a flip changes nothing
    orders = sum(1 for _ in itertools.permutations(range(n)))
    count = sum(orders for _ in itertools.product((1, -1), repeat=n))
    return [drawn[name] == count for name in ("answer", "orders", "signs", "once")]


def width_evidence():
    shares = [fitted(width) for width in (2, 4, 8, 16)]
    falls = all(b < a for a, b in zip(shares, shares[1:], strict=False))
    part = shares[0] < 0.15 < 0.2 < shares[1] < 0.85 and shares[3] > 0.9
    return [falls, part, min(shares[1:]) == 1, all(abs(share - 0.5) < 0.15 for share in shares)]


def worked():
    import math

    return [
        f"{1 + 0.1 * 4:.1f}",
        f"{math.log(1e9) / math.log(1.4):.1f}",
        f"{math.log(1e9) / math.log(1.04):.1f}",
    ]


def experiment(off=False):
    sizes = [1, 2, 3, 4]
    shares = [positive_share(n, 8000) for n in sizes]
    assert all(b < 0.6 * a for a, b in zip(shares, shares[1:], strict=False)), (
        "positive definite gets rarer with n"
    )
    widths = [2, 4, 8, 16]
    seeds = [[fitted(width, easy=off, seed=seed) for width in widths] for seed in range(3)]
    fits = [sum(column) / 3 for column in zip(*seeds, strict=True)]
    for row in seeds:
        if off:
            assert min(row) > 0.8, "easy labels are fitted at any width"
        else:
            assert row[0] < 0.15 and row[1] < row[3] - 0.2 and row[3] > 0.9, "wide nets fit far more often"
    label = ("labels that a line separates", "标签可以用一条直线分开")
    if off:
        says = (
            f"Where a line separates the labels, {4 * widths[0]} weights fit them in {100 * fits[0]:.0f} % of 180 runs, {4 * widths[3]} in "
            f"{100 * fits[3]:.0f} %: an easy task needs no room to spare.",
            f"标签可以用一条直线分开时，{4 * widths[0]} 个权重在 180 次运行中有 {100 * fits[0]:.0f} % 拟合成功，{4 * widths[3]} 个权重有 "
            f"{100 * fits[3]:.0f} %：任务容易，就不需要富余的权重。",
        )
    else:
        says = (
            f"Random symmetric matrices have only positive eigenvalues in {100 * shares[1]:.0f} % of cases for n = 2 and "
            f"{100 * shares[3]:.2g} % for n = 4. A net with {4 * widths[1]} weights for 12 random labels fits them in {100 * fits[1]:.0f} % "
            f"of 180 runs, one with {4 * widths[3]} in {100 * fits[3]:.0f} %.",
            f"随机对称矩阵的特征值全为正的比例，n = 2 时为 {100 * shares[1]:.0f} %，n = 4 时为 {100 * shares[3]:.2g} %。"
            f"要拟合 12 个随机标签，{4 * widths[1]} 个权重的网络在 180 次运行中有 {100 * fits[1]:.0f} % 做到，"
            f"{4 * widths[3]} 个权重的有 {100 * fits[3]:.0f} %。",
        )
    return {
        "says": says,
        "off": label,
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
                    "Runs that fit the 12 labels, by hidden width",
                    "能拟合 12 个标签的运行所占比例（按隐藏层宽度）",
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
