"""Experiment, draws and evidence for fit.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).float().flatten(1) / 16, torch.tensor(data["labels"]).long()


def _learn(seed, shuffled, hidden=256, steps=200, n=300):
    """Accuracies on its training labels step by step, and at the end on unseen digits."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y = _digits()
    order = torch.randperm(len(x))
    train, unseen = order[:n], order[1000:]
    labels = y[train][torch.randperm(n)] if shuffled else y[train]
    net = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    shares = []
    for _ in range(steps):
        out = net(x[train])
        shares.append((out.argmax(1) == labels).float().mean().item())
        optimizer.zero_grad()
        nn.functional.cross_entropy(out, labels).backward()
        optimizer.step()
    with torch.no_grad():
        return shares, (net(x[unseen]).argmax(1) == y[unseen]).float().mean().item()


def experiment(off=False):
    hidden = 8 if off else 256
    runs = {shuffled: [_learn(seed, shuffled, hidden) for seed in range(3)] for shuffled in (False, True)}
    for (true, known), (random, unknown) in zip(runs[False], runs[True], strict=True):
        assert unknown < 0.2, "on unseen digits random labels teach nothing"
        if off:
            assert true[-1] > 0.95 and known > 0.8, "8 units can learn the rule"
            assert random[-1] < 0.6, "but not 300 random labels in 200 steps"
        else:
            assert true[-1] == random[-1] == 1 and known > 0.9, "256 units learn either by heart"
    mean = {
        key: (sum(s[-1] for s, _ in three) / 3, sum(u for _, u in three) / 3) for key, three in runs.items()
    }
    figures = [100 * v for key in (False, True) for v in mean[key]]
    a, b, c, d = (f"{v:.0f} %" for v in figures)
    return {
        "off": ("8 hidden units in place of 256", "隐藏单元从 256 个减到 8 个"),
        "says": (
            f"{hidden} hidden units, 300 digits (mean of 3 seeds). True labels: {a} of them learned, {b} of unseen digits right. "
            f"Shuffled labels: {c} of them learned, {d} of unseen digits right.",
            f"{hidden} 个隐藏单元，300 张手写数字（3 个种子平均）。真标签：学会 {a}，没见过的数字答对 {b}。"
            f"打乱的标签：学会 {c}，没见过的数字答对 {d}。",
        ),
        "title": ("Accuracy on the 300 labels given", "在给定的 300 个标签上的准确率"),
        "chart": "curves",
        "x": list(range(0, 200, 5)),
        "x_label": ("step", "步"),
        "y_label": ("accuracy", "准确率"),
        "series": [
            (label, [sum(v) / 3 for v in zip(*(s[::5] for s, _ in runs[key]), strict=True)])
            for label, key in ((("true labels", "真标签"), False), (("shuffled", "打乱的标签"), True))
        ],
    }


def random_labels_evidence():
    runs = [_learn(seed, True, steps=120) for seed in range(3)]
    true = [_learn(seed, False, steps=40) for seed in range(3)]

    def first(shares):
        return next(i for i, share in enumerate(shares) if share > 0.98)

    ratio = sum(first(s) for s, _ in runs) / sum(first(s) for s, _ in true)
    assert 2 < ratio < 5 and min(u for _, u in true) > 0.9
    learned, stays = all(s[-1] == 1 for s, _ in runs), all(s[-1] < 0.3 for s, _ in runs)
    chance, half = all(u < 0.2 for _, u in runs), all(u > 0.35 for _, u in runs)
    return [stays and chance, learned and half, learned and chance, stays and half]


def worked():
    import torch

    x = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    y = torch.tensor([0.0, 2.0, 1.0], dtype=torch.float64)
    shown = []
    for degree in (1, 2):
        powers = x[:, None] ** torch.arange(degree + 1)
        w = torch.linalg.lstsq(powers, y[:, None]).solution[:, 0]
        error = (powers @ w - y).square().mean().item()
        shown.append(f"{abs(error):.1f}" if degree == 1 else f"{abs(error):.0f}")
        shown.append(f"{(3.0 ** torch.arange(degree + 1) @ w.float()).item():.1f}")
        if degree == 1:
            assert torch.allclose(w, torch.full((2,), 0.5, dtype=torch.float64))
    return [text.replace("-", "−") for text in shown]


def expected_draw(rng):
    while True:
        n, k, s = (
            rng.choice([20, 25, 40, 50, 80]),
            rng.choice([4, 5, 8, 10, 12, 15]),
            rng.choice([0.5, 2, 3, 4]),
        )
        values = {"answer": s * (1 - k / n), "noise": s, "fresh": s * (1 + k / n), "share": s * k / n}
        shown = {name: round(v, 4) for name, v in values.items()}
        got = list(shown.values())
        if min(abs(a - b) / a for i, a in enumerate(got) for b in got[:i]) > 0.03 and k < n * 0.6:
            return shown | {"n": n, "k": k, "s": s}


def expected_evidence(drawn):
    import torch

    n, k = drawn["n"], drawn["k"]
    g = torch.Generator().manual_seed(0)
    x = torch.randn(n, k, generator=g, dtype=torch.float64)
    y = x @ torch.ones(k, 1, dtype=torch.float64)
    y = y + drawn["s"] ** 0.5 * torch.randn(n, 20000, generator=g, dtype=torch.float64)
    fitted = x @ torch.linalg.lstsq(x, y).solution
    error = (y - fitted).square().mean().item()
    return [abs(error / drawn[name] - 1) < 0.012 for name in ("answer", "noise", "fresh", "share")]


def _regression(seed, n=50, k=40, useful=10, penalty=0.0, extra=0, steps=None):
    """Squared error on fresh data of a (ridge) regression with `useful` informative features out of k."""
    import torch

    g = torch.Generator().manual_seed(seed)
    w = torch.zeros(k + extra, 1, dtype=torch.float64)
    w[:useful] = torch.randn(useful, 1, generator=g, dtype=torch.float64)
    errors = []
    for _ in range(30):
        x = torch.randn(n, k + extra, generator=g, dtype=torch.float64)
        y = x @ w + torch.randn(n, 1, generator=g, dtype=torch.float64)
        if steps is not None:
            found = torch.zeros_like(w)
            for _ in range(steps):
                found -= 0.1 * x.T @ (x @ found - y) / n
        else:
            gram = x.T @ x + penalty * torch.eye(k + extra, dtype=torch.float64)
            found = torch.linalg.solve(gram, x.T @ y)
        errors.append(1 + (found - w).square().sum().item())
    return sum(errors) / len(errors)


def remedies_evidence():
    better = []
    for seed in range(3):
        plain = _regression(seed)
        others = [
            _regression(seed, n=250),
            _regression(seed, penalty=5.0),
            _regression(seed, extra=5),
            _regression(seed, k=10),
        ]
        early, late = _regression(seed, steps=40), _regression(seed, steps=400)
        row = [error < 0.8 * plain for error in others]
        better.append([row[0], row[1], row[2], late < early, row[3]])
    return [all(column) for column in zip(*better, strict=True)]


def rising_evidence():
    import torch

    rising = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        train, size = [], []
        for n in (100, 1000, 10000):
            x = torch.randn(n, 50, generator=g, dtype=torch.float64)
            y = x.sum(1, keepdim=True) + torch.randn(n, 1, generator=g, dtype=torch.float64)
            w = torch.linalg.lstsq(x, y).solution
            train.append((x @ w - y).square().mean().item())
            size.append(w.norm().item())
        shares = all(abs(e - (1 - 50 / n)) < 0.2 for e, n in zip(train, (100, 1000, 10000), strict=True))
        rising.append((shares and train[0] < train[1] < train[2], size[2] < 0.8 * size[0]))
    shares, shrunk = (all(v) for v in zip(*rising, strict=True))
    return [shares, None, shrunk, None]


def no_gap_evidence():
    """A small net for a task beyond it: more examples against more units."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    rows = []
    for seed in range(3):
        torch.manual_seed(seed)
        points = torch.rand(6000, 2) * 4
        labels = ((points[:, 0].floor() + points[:, 1].floor()) % 2).float()  # a chess board

        def error(hidden, n, seed=seed, points=points, labels=labels):
            torch.manual_seed(seed)
            net = nn.Sequential(nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
            net.append(nn.Linear(hidden, 1))
            optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
            for _ in range(180):
                i = torch.randint(n, (200,))
                loss = nn.functional.binary_cross_entropy_with_logits(net(points[i])[:, 0], labels[i])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                wrong = (net(points)[:, 0] > 0) != (labels > 0.5)
            return wrong[:n].float().mean().item(), wrong[5000:].float().mean().item()

        small, more, larger = error(3, 2000), error(3, 4000), error(64, 2000)
        assert small[0] > 0.25 and abs(small[0] - small[1]) < 0.05, "it underfits"
        rows.append((more[1] < small[1] - 0.1, larger[1] < small[1] - 0.1))
    data, size = (all(v) for v in zip(*rows, strict=True))
    return [data, None, None, size]
