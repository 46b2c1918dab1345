"""Bias and variance counted over many data sets: polynomials, ensembles, and the second descent."""


def _parts(degree, noise, seed, sets=1500, n=20):
    """Bias² and variance of polynomial fits to sin 3x at n fixed points, averaged over the points."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.linspace(-1, 1, n, dtype=torch.float64)
    truth = torch.sin(3 * x)
    powers = torch.stack([torch.special.chebyshev_polynomial_t(x, k) for k in range(degree + 1)], 1)
    q, _r = torch.linalg.qr(powers)
    y = truth + noise * torch.randn(sets, n, generator=g, dtype=torch.float64)
    fits = y @ q @ q.mT
    return (fits.mean(0) - truth).square().mean().item(), fits.var(0, correction=0).mean().item()


def growing_evidence():
    ratios = [_parts(11, 0.3, seed)[1] / _parts(3, 0.3, seed)[1] for seed in range(3)]
    return [all(abs(ratio / want - 1) < 0.1 for ratio in ratios) for want in (1, 3, 100, 1 / 3)]


def split_draw(rng):
    while True:
        truth = rng.randint(10, 40) / 10
        shift = rng.choice([-0.9, -0.6, 0.5, 0.8, 1.2])
        offsets = [rng.randint(-9, 9) / 10 for _ in range(3)]
        predictions = [round(truth + shift + o, 1) for o in (*offsets, -sum(offsets))]
        mean = sum(predictions) / 4
        bias = mean - truth
        variance = sum((value - mean) ** 2 for value in predictions) / 4
        values = {"answer": bias**2, "variance": variance, "total": bias**2 + variance, "bias": bias}
        numbers = list(values.values())
        apart = all(abs(a - b) > 0.03 for i, a in enumerate(numbers) for b in numbers[:i])
        if apart and variance > 0.05 and min(predictions) > 0 and len(set(predictions)) == 4:
            shown = {name: round(value, 4) for name, value in values.items()}
            return (
                shown | dict(zip("abcd", predictions, strict=True)) | {"truth": truth, "mean": round(mean, 3)}
            )


def split_evidence(drawn):
    import torch

    predictions = torch.tensor([drawn[name] for name in "abcd"], dtype=torch.float64)
    error = (predictions - drawn["truth"]).square().mean()
    bias2 = (error - predictions.var(correction=0)).item()
    return [abs(drawn[name] - bias2) < 0.01 * bias2 for name in ("answer", "variance", "total", "bias")]


def ensemble_evidence():
    """Errors of M members with a shared part: ρ = 0.4, and a bias of 0.5."""
    import torch

    raised, kept = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        shared = 0.4**0.5 * torch.randn(20000, 1, generator=g, dtype=torch.float64)
        errors = 0.5 + shared + 0.6**0.5 * torch.randn(20000, 40, generator=g, dtype=torch.float64)
        means = {m: errors[:, :m].mean(1) for m in (1, 5, 10, 40)}
        raised.append(abs(means[10].mean().item()) > abs(means[1].mean().item()) + 0.05)
        spread = {m: value.var().item() for m, value in means.items()}
        follows = all(abs(spread[m] - (0.4 + 0.6 / m)) < 0.03 for m in spread)
        kept.append(follows and spread[1] - spread[5] > 5 * (spread[5] - spread[10]))
        # true, and not the reason: the mean of ten is never worse than the members on average
        assert bool((means[10].square() <= errors[:, :10].square().mean(1) + 1e-12).all())
    return [all(raised), all(kept), None, None]


def which_side_evidence():
    """A linear model of a curved truth: training and held-out errors meet above the noise; more data don't help."""
    import torch

    def errors(n, powers, seed):
        g = torch.Generator().manual_seed(seed)

        def data(count):
            x = torch.rand(count, 1, generator=g, dtype=torch.float64) * 4 - 2
            y = torch.sin(3 * x[:, 0]) + 0.2 * torch.randn(count, generator=g, dtype=torch.float64)
            return torch.cat([x**k for k in range(powers)], 1), y

        (x, y), (held_x, held_y) = data(n), data(4000)
        w = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
        return (x @ w - y).square().mean().item(), (held_x @ w - held_y).square().mean().item()

    bought, larger, gap = [], [], []
    for seed in range(3):
        train, held = errors(2000, 2, seed)
        gap.append(held - train > 0.2 * held)
        bought.append(errors(20000, 2, seed)[1] < 0.9 * held)
        larger.append(errors(2000, 12, seed)[1] < 0.3 * held)
    return [all(bought), any(gap), all(larger), None]


def second_descent_evidence():
    import torch

    rises, falls, peak, alike = [], [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        truth = torch.randn(10, generator=g, dtype=torch.float64)
        x, held = (torch.randn(n, 10, generator=g, dtype=torch.float64) for n in (100, 500))
        y = (x @ truth) / 3 + 0.5 * torch.randn(100, generator=g, dtype=torch.float64)
        errors = []
        for p in (20, 100, 2000):
            w = torch.randn(10, p, generator=g, dtype=torch.float64) / 10**0.5
            fit = torch.linalg.pinv((x @ w).relu()) @ y
            errors.append(((held @ w).relu() @ fit - held @ truth / 3).square().mean().item())
        few, exact, many = errors
        rises.append(few < exact < many)
        falls.append(few > exact > many)
        peak.append(exact > 5 * max(few, many))
        alike.append(abs(exact / many - 1) < 0.5)
    return [all(rises), all(falls), all(peak), all(alike)]


def worked():
    import torch

    predictions = torch.tensor([1.8, 2.2, 2.6], dtype=torch.float64)
    bias2, variance = (predictions.mean() - 2) ** 2, predictions.var(correction=0)
    return [
        f"{bias2:.2f}",
        f"{variance:.3f}",
        f"{(predictions - 2).square().mean():.3f}",
        f"{0.09 * 4 / 20:.3f}",
        f"{0.09 * 12 / 20:.3f}",
    ]


def experiment(off=False):
    noise, degrees = (0.0 if off else 0.3), list(range(13))
    runs = [[_parts(degree, noise, seed, sets=400) for degree in degrees] for seed in range(3)]
    bias, variance = ([sum(run[d][part] for run in runs) / 3 for d in degrees] for part in (0, 1))
    total = [b + v for b, v in zip(bias, variance, strict=True)]
    for run in runs:
        best = min(degrees, key=lambda d, run=run: sum(run[d]))
        if off:
            assert best >= 11, "without noise the most flexible polynomial is best"
        else:
            assert 3 <= best <= 6, "with noise the best degree lies in the middle"
            assert all(abs(run[d][1] / (noise**2 * (d + 1) / 20) - 1) < 0.15 for d in degrees), (
                "variance is σ²p/n"
            )
    best = min(degrees, key=total.__getitem__)
    if off:
        says = (
            f"Without noise the variance is 0 and the error falls with each odd degree, to {total[-1]:.1e} at degree 12: "
            "flexibility costs nothing.",
            f"没有噪声时方差为 0，误差随次数一路下降，12 次时是 {total[-1]:.1e}：更灵活也没有坏处。",
        )
    else:
        says = (
            f"Bias² falls from {bias[0]:.2f} (degree 0) to {bias[5]:.4f} (degree 5), the variance rises by 0.0045 a weight, to "
            f"{variance[12]:.3f} at degree 12. Their sum is lowest at degree {best}, {total[best]:.3f}.",
            f"偏差² 从 {bias[0]:.2f}（0 次）降到 {bias[5]:.4f}（5 次），方差每个权重增加 0.0045，12 次时是 {variance[12]:.3f}。"
            f"两者之和在 {best} 次时最低，为 {total[best]:.3f}。",
        )
    return {
        "says": says,
        "off": ("labels without noise", "标签不带噪声"),
        "title": ("Polynomials on 20 points, 3 × 400 data sets", "20 个点上的多项式，3 × 400 份数据"),
        "chart": "curves",
        "x": degrees,
        "x_label": ("degree", "次数"),
        "y_label": ("squared error", "平方误差"),
        "log_y": not off,
        "series": [
            (("bias²", "偏差²"), bias),
            (("variance", "方差"), variance),
            (("sum", "和"), total),
        ],
    }
