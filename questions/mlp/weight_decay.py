"""Experiment, draws and evidence for weight_decay.md."""

PENALTIES = [0, 0.3, 1, 3, 10, 30, 100, 300, 1000]


def _errors(seed, noise=1.0, n=60, d=40, repeats=20):
    """Mean squared errors of ridge regression for each penalty: on the training data and on fresh data."""
    import torch

    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(seed)
    train, fresh = [0.0] * len(PENALTIES), [0.0] * len(PENALTIES)
    for _ in range(repeats):
        w = 0.2 * torch.randn(d, 1, generator=g, dtype=torch.float64)
        x = torch.randn(n, d, generator=g, dtype=torch.float64)
        y = x @ w + noise * torch.randn(n, 1, generator=g, dtype=torch.float64)
        for i, penalty in enumerate(PENALTIES):
            found = torch.linalg.solve(x.T @ x + penalty * torch.eye(d, dtype=torch.float64), x.T @ y)
            train[i] += (x @ found - y).square().mean().item() / repeats
            fresh[i] += ((found - w).square().sum().item() + noise**2) / repeats
    return train, fresh


def _shape(values, slack=1e-9):
    low = values.index(min(values))
    rises = all(b >= a - slack for a, b in zip(values, values[1:], strict=False))
    return "rises" if rises else "turns" if 0 < low < len(values) - 1 else "other"


def experiment(off=False):
    noise = 0.0 if off else 1.0
    runs = [_errors(seed, noise) for seed in range(3)]
    for train, fresh in runs:
        assert _shape(train) == "rises", "the training error only rises"
        if off:
            assert _shape(fresh) == "rises", "without noise every penalty does harm"
        else:
            assert _shape(fresh) == "turns" and min(fresh) < 0.7 * fresh[0], (
                "on fresh data the right one pays"
            )
    train, fresh = ([sum(v) / 3 for v in zip(*rows, strict=True)] for rows in zip(*runs, strict=True))
    best = fresh.index(min(fresh))
    kind = ("Without noise", "没有噪声") if off else ("With noise", "有噪声")
    return {
        "off": ("labels without noise", "标签不带噪声"),
        "says": (
            f"{kind[0]} (mean of 60 data sets): on fresh data {fresh[0]:.2f} at λ = 0, best {fresh[best]:.2f} at λ = {PENALTIES[best]}, "
            f"{fresh[-1]:.2f} at λ = 1000; on the training data {train[0]:.2f}, {train[best]:.2f} and {train[-1]:.2f}.",
            f"{kind[1]}（60 组数据平均）：新数据上 λ = 0 时 {fresh[0]:.2f}，最好是 λ = {PENALTIES[best]} 时的 {fresh[best]:.2f}，"
            f"λ = 1000 时 {fresh[-1]:.2f}；训练数据上依次是 {train[0]:.2f}、{train[best]:.2f}、{train[-1]:.2f}。",
        ),
        "title": ("Mean squared error against λ", "均方误差随 λ 的变化"),
        "chart": "curves",
        "x": PENALTIES[1:],
        "x_label": "λ",
        "log_x": True,
        "series": [
            (("training data", "训练数据"), train[1:]),
            (("fresh data", "新数据"), fresh[1:]),
        ],
    }


def u_curve_evidence():
    runs = [_errors(seed) for seed in range(3)]

    def all_are(first, second):
        return all(_shape(train) == first and _shape(fresh) == second for train, fresh in runs)

    pairs = (("turns", "turns"), ("rises", "turns"), ("rises", "rises"), ("turns", "rises"))
    return [all_are(*pair) for pair in pairs]


def worked():
    import torch

    x = torch.tensor([1.0, 2, 2], dtype=torch.float64)
    y = torch.tensor([1.0, 3, 2], dtype=torch.float64)
    shown = [f"Σxy = {(x @ y).item():.0f}", f"Σx² = {(x @ x).item():.0f}"]
    for penalty in (0, 2, 9):
        design = torch.cat([x, torch.tensor([penalty**0.5])])[:, None].double()
        target = torch.cat([y, torch.zeros(1)])[:, None].double()
        shown.append(f"{torch.linalg.lstsq(design, target).solution.item():.3f}")
    return shown


def ridge_one_draw(rng):
    while True:
        x, y = [rng.randint(1, 5) for _ in range(3)], [rng.randint(-2, 7) for _ in range(3)]
        lam = rng.choice([2, 3, 4, 5, 6, 8])
        xy, xx = sum(a * b for a, b in zip(x, y, strict=True)), sum(a * a for a in x)
        if xx <= lam + 2 or xy <= lam:
            continue
        values = {
            "answer": xy / (xx + lam),
            "plain": xy / xx,
            "minus": xy / (xx - lam),
            "soft": (xy - lam) / xx,
        }
        shown = {name: float(f"{v:.3g}") for name, v in values.items()}
        got = list(shown.values())
        if min(abs(a - b) / abs(a) for i, a in enumerate(got) for b in got[:i]) > 0.02:
            named = dict(zip(("x1", "x2", "x3", "y1", "y2", "y3"), (*x, *y), strict=True))
            return named | shown | {"lam": lam, "xy": xy, "xx": xx}


def ridge_one_evidence(drawn):
    w = 0.0
    for _ in range(20000):
        slope = sum((w * drawn[f"x{i}"] - drawn[f"y{i}"]) * drawn[f"x{i}"] for i in (1, 2, 3))
        step = 0.01 * (slope + drawn["lam"] * w)
        w -= step
        if abs(step) < 1e-9:
            break
    return [abs(w - drawn[name]) < 0.006 * abs(w) for name in ("answer", "plain", "minus", "soft")]


def from_prior_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(30, 4, generator=g).double(), torch.randn(30, 1, generator=g).double()
    sigma, tau = 0.7, 0.4
    w = torch.zeros(4, 1, dtype=torch.float64, requires_grad=True)

    def minus_log_posterior(w):
        likelihood = torch.distributions.Normal(x @ w, sigma).log_prob(y).sum()
        return -likelihood - torch.distributions.Normal(0.0, tau).log_prob(w).sum()

    slope, curve = (
        torch.autograd.functional.jacobian(minus_log_posterior, w)[:, 0],
        torch.autograd.functional.hessian(minus_log_posterior, w)[:, 0, :, 0],
    )
    most_probable = -torch.linalg.solve(curve, slope)  # quadratic: one Newton step from 0
    ridge = torch.linalg.solve(x.T @ x + (sigma / tau) ** 2 * torch.eye(4).double(), x.T @ y)
    return [torch.allclose(most_probable, ridge.squeeze(), atol=1e-5)]


def mean_loss_draw(rng):
    while True:
        s, t, n = rng.choice([0.5, 1.5, 2, 3]), rng.choice([0.2, 0.4, 0.5, 2]), rng.choice([20, 50, 100, 200])
        values = {
            "answer": s * s / (n * t * t),
            "total": s * s / (t * t),
            "roots": s / (n * t),
            "inverse": t * t / (n * s * s),
        }
        shown = {name: float(f"{v:.4g}") for name, v in values.items()}
        got = list(shown.values())
        if min(abs(a - b) / abs(a) for i, a in enumerate(got) for b in got[:i]) > 0.05:
            return shown | {"s": s, "t": t, "n": n}


def mean_loss_evidence(drawn):
    import torch

    n, s, t = drawn["n"], drawn["s"], drawn["t"]
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(n, 3, generator=g).double(), 5 * torch.randn(n, 1, generator=g).double()
    # the posterior's mean, by stacking the prior as three more observations of weight σ/τ
    design = torch.cat([x, (s / t) * torch.eye(3).double()])
    probable = torch.linalg.lstsq(design, torch.cat([y, torch.zeros(3, 1).double()])).solution

    def found(lam):
        return torch.linalg.solve(x.T @ x / n + lam * torch.eye(3).double(), x.T @ y / n)

    return [
        torch.allclose(found(drawn[name]), probable, rtol=1e-3, atol=1e-4)
        for name in ("answer", "total", "roots", "inverse")
    ]


def no_bias_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.cat([torch.randn(40, 3, generator=g), torch.ones(40, 1)], 1).double()
    y = x.sum(1, keepdim=True) + torch.randn(40, 1, generator=g).double()

    def moves(bias_too):
        """Does the fit do anything else than move along if the labels' zero moves by 100?"""
        penalty = 5 * torch.diag(torch.tensor([1.0, 1, 1, float(bias_too)])).double()

        def predict(labels):
            return x @ torch.linalg.solve(x.T @ x + penalty, x.T @ labels)

        return not torch.allclose(predict(y + 100), predict(y) + 100)

    return [None, False, None, moves(True) and not moves(False)]


def _settles(decay, steps=1500):
    """A matrix in front of a layer norm under SGD: its norm in the end, the angle of a step, the loss."""
    import torch
    from torch.nn.functional import layer_norm

    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(0)
    x, want, w = (torch.randn(*s, 16, generator=g) for s in ((512,), (512,), (3, 16)))  # three at once
    w = 0.2 * w  # not far from where they settle
    angles = []
    for step in range(steps):
        i, m = torch.randint(512, (16,), generator=g), w.clone().requires_grad_()
        loss = (layer_norm(x[i] @ m, (16,)) - want[i]).square().mean((1, 2)).sum()
        new = w - 0.3 * (torch.autograd.grad(loss, m)[0] + decay * w)
        if step >= steps // 2:
            cosine = (new * w).sum((1, 2)) / (new.norm(dim=(1, 2)) * w.norm(dim=(1, 2)))
            angles.append(cosine.clamp(max=1).acos().mean().item())
        w = new
    end = (layer_norm(x @ w, (16,)) - want).square().mean().item()
    return w.norm(dim=(1, 2)).mean().item(), sum(angles) / len(angles), end


def before_norm_evidence():
    import torch
    from torch.nn.functional import layer_norm

    exact, angles = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x, want = torch.randn(64, 8, generator=g).double(), torch.randn(64, 8, generator=g).double()
        w = torch.randn(8, 8, generator=g).double()

        def out(m, x=x):
            return layer_norm(x @ m, (8,), eps=0.0)

        def slope(m, out=out, want=want):
            m = m.clone().requires_grad_()
            return torch.autograd.grad((out(m) - want).square().mean(), m)[0]

        half = w / 2
        same_output = torch.allclose(out(w), out(half))
        doubled = torch.allclose(slope(half), 2 * slope(w))
        turn = [(0.01 * slope(m)).norm().item() / m.norm().item() for m in (w, half)]
        angles.append(abs(turn[1] / turn[0] - 4) < 1e-6)
        exact.append((same_output, doubled))
    same, twice = (all(v) for v in zip(*exact, strict=True))
    ends = [_settles(decay) for decay in (0.005, 0.05)]
    settled = abs(ends[0][0] / ends[1][0] / 10**0.25 - 1) < 0.1  # the norm: by 10^¼
    turned = abs(ends[1][1] / ends[0][1] / 10**0.5 - 1) < 0.1  # the angle of a step: by √10
    noisy = ends[1][2] > ends[0][2]
    return [not same, None, None, same and twice and all(angles) and settled and turned and noisy]
