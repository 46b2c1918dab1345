"""Experiment, draws and evidence for perceptron.md."""

SQUARE = ((0, 0), (0, 1), (1, 0), (1, 1))


def worked():
    w, b, x, y = (1, 0), 0, (2, 1), -1
    before = w[0] * x[0] + w[1] * x[1] + b
    w, b = (w[0] + y * x[0], w[1] + y * x[1]), b + y
    after = w[0] * x[0] + w[1] * x[1] + b
    shown = [f"w = ({w[0]}, {w[1]})", f"{after}", f"‖x‖² + 1 = {before - after}"]
    return [text.replace("-", "−") for text in shown]


def _run(labels, epochs, seed, points=SQUARE, bias=True, start=None):
    """The perceptron rule: mistakes of each epoch, and the largest |weight| after it."""
    import random

    rng = random.Random(seed)
    w = start or [0.0] * (len(points[0]) + bias)
    mistakes, largest = [], []
    for _ in range(epochs):
        order, count = list(range(len(points))), 0
        rng.shuffle(order)
        for i in order:
            x, y = (*points[i], 1)[: len(w)], labels[i]
            if y * sum(p * q for p, q in zip(w, x, strict=True)) <= 0:
                w = [p + y * q for p, q in zip(w, x, strict=True)]
                count += 1
        mistakes.append(count)
        largest.append(max(map(abs, w)))
    return mistakes, largest


def experiment(off=False):
    labels = (-1, -1, -1, 1) if off else (-1, 1, 1, -1)
    runs = [_run(labels, 2000, seed) for seed in range(5)]
    if off:
        assert all(sum(m[100:]) == 0 for m, _ in runs), "on AND it stops"
    else:
        assert all(min(m) >= 1 for m, _ in runs), "on XOR there is a mistake in every epoch"
        assert all(max(w) <= 10 for _, w in runs), "but the weights stay bounded"
    late = sum(sum(m[-1000:]) for m, _ in runs) / 5000
    top = max(max(w) for _, w in runs)
    last = max(max((i + 1 for i, m in enumerate(run) if m), default=0) for run, _ in runs)
    name = "AND" if off else "XOR"
    stop_en = (
        f"the last mistake happens in epoch {last}"
        if off
        else f"{late:.1f} mistakes an epoch even at the end"
    )
    stop_zh = (
        f"最后一次错误发生在第 {last} 个 epoch" if off else f"直到最后，每个 epoch 仍有 {late:.1f} 次错误"
    )
    shown = 40
    return {
        "off": ("AND, which a line separates", "AND，一条直线就能分开"),
        "says": (
            f"{name}, 2000 epochs, 5 orders: {stop_en}; the largest weight ever is {top:.0f}.",
            f"{name}，2000 个 epoch，5 种顺序：{stop_zh}；出现过的最大权重是 {top:.0f}。",
        ),
        "charts": [
            {
                "title": (f"Mistakes of each epoch: {name}", f"每个 epoch 的错误数：{name}"),
                "chart": "curves",
                "x": list(range(1, shown + 1)),
                "x_label": "epoch",
                "y_label": ("mistakes", "错误数"),
                "series": [((f"order {s + 1}", f"顺序 {s + 1}"), runs[s][0][:shown]) for s in range(2)],
            },
            {
                "title": ("Largest |weight|", "最大的 |权重|"),
                "chart": "curves",
                "x": list(range(50, 2001, 50)),
                "x_label": "epoch",
                "y_label": ("|weight|", "|权重|"),
                "series": [((f"order {s + 1}", f"顺序 {s + 1}"), runs[s][1][49::50]) for s in range(2)],
            },
        ],
    }


def never_stops_evidence():
    runs = [_run((-1, 1, 1, -1), 2000, seed) for seed in range(5)]
    ends = all(sum(m[-200:]) == 0 for m, _ in runs)
    goes_on = all(min(m) >= 1 for m, _ in runs)
    small = all(max(w) <= 10 for _, w in runs)
    grows = all(max(w[1500:]) > 1.5 * max(w[:500]) for _, w in runs)
    return [ends and small, ends and grows, goes_on and small, goes_on and grows]


def xor_proof_evidence():
    import itertools

    fires = 0
    grid = [i / 4 for i in range(-12, 13)]
    for w1, w2, b in itertools.product(grid, repeat=3):
        if w1 + b > 0 and w2 + b > 0 and b <= 0:
            assert w1 + w2 + 2 * b > 0 and w1 + w2 + b > 0
            fires += 1
    return [fires > 0]


def update_draw(rng):
    while True:
        w1, w2, b, x1, x2 = (rng.randint(-3, 3) for _ in range(5))
        before = w1 * x1 + w2 * x2 + b
        if before == 0 or x1 == 0 or x2 == 0:
            continue
        y = -1 if before > 0 else 1
        move = y * (x1 * x1 + x2 * x2 + 1)
        values = {
            "answer": before + move,
            "no_bias": before + move - y,
            "before": before,
            "away": before - move,
        }
        if len(set(values.values())) == 4 and 0 not in values.values():
            return {"w1": w1, "w2": w2, "b": b, "x1": x1, "x2": x2, "y": y, "move": move} | values


def update_evidence(drawn):
    w, b, y = [drawn["w1"], drawn["w2"]], drawn["b"], drawn["y"]
    x = [drawn["x1"], drawn["x2"]]
    assert y * (w[0] * x[0] + w[1] * x[1] + b) <= 0
    w = [p + y * q for p, q in zip(w, x, strict=True)]
    score = w[0] * x[0] + w[1] * x[1] + b + y
    return [score == drawn[name] for name in ("answer", "no_bias", "before", "away")]


def one_unit_evidence():
    import itertools

    def possible(n, wanted):
        points = list(itertools.product((0, 1), repeat=n))
        labels = [1 if wanted(p) else -1 for p in points]
        mistakes, _ = _run(labels, 300, 0, points)
        return mistakes[-1] == 0

    return [
        possible(2, lambda p: not (p[0] and p[1])),
        possible(2, lambda p: p[0] == p[1]),
        possible(5, lambda p: sum(p) > 2.5),
        possible(3, lambda p: sum(p) % 2),
        possible(2, lambda p: p[0] and not p[1]),
    ]


def no_gradient_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, w1, w2 = (torch.randn(*s, generator=g, dtype=torch.float64) for s in ((50, 4), (4, 8), (8, 1)))

    def loss(weights):
        return ((x @ weights > 0).double() @ w2 - 1).square().mean()

    moved = [loss(w1 + 1e-9 * torch.eye(4, 8, dtype=torch.float64).roll(k, 1)) - loss(w1) for k in range(8)]
    flat = all(m == 0 for m in moved)
    return [None, None, flat, False]


def clusters_evidence():
    import random

    found = []
    for seed in range(3):
        rng = random.Random(seed)
        points = [(c + rng.gauss(0, 0.2), c + rng.gauss(0, 0.2)) for c in (2, 6) for _ in range(20)]
        labels = [-1] * 20 + [1] * 20

        def last(size, bias, points=points, labels=labels, seed=seed):
            scaled = [(size * p, size * q) for p, q in points]
            return _run(labels, 2000, seed, scaled, bias)[0][-1]

        # from w = 0 a step size only scales w, as if both x in the update were scaled
        found.append((last(1, True) == 0 and last(1, False) > 0, last(0.1, False) == 0))
    # the bound (R/γ)² needs a start at 0: AND, separated by x₁ + x₂ − 1.5
    margin, radius = 0.5 / (2 + 1.5**2) ** 0.5, 3**0.5
    and_labels = (-1, -1, -1, 1)
    near, far = (sum(_run(and_labels, 2000, 0, start=s)[0]) for s in (None, [-400.0, -400.0, 600.0]))
    assert near <= (radius / margin) ** 2 < far, "from far away it needs more"
    return [all(s for _, s in found), None, None, all(b for b, _ in found)]
