"""Experiment, draws and evidence for backprop_mlp.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).double().flatten(1) / 16, torch.tensor(data["labels"]).long()


def _forward(parameters, x, relu=True):
    w1, b1, w2, b2 = parameters
    z = x @ w1.T + b1
    h = z.relu() if relu else z
    return z, h, h @ w2.T + b2


def _gradients(parameters, x, y, masked, relu=True, mean=True):
    """By hand, for softmax cross-entropy."""
    import torch

    z, h, out = _forward(parameters, x, relu)
    d2 = out.softmax(1) - torch.nn.functional.one_hot(y, out.shape[1])
    d2 = d2 / len(x) if mean else d2
    d1 = d2 @ parameters[2]
    if masked and relu:
        d1 = d1 * (z > 0)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


def _start(g, hidden=32):
    import torch

    w1 = torch.randn(hidden, 64, generator=g).double() * (2 / 64) ** 0.5
    w2 = torch.randn(10, hidden, generator=g).double() * hidden**-0.5
    return [w1, torch.zeros(hidden).double(), w2, torch.zeros(10).double()]


def _check(which, given, parameters, x, y, relu=True, entries=40, seed=0):
    """Relative deviation of a gradient from finite differences, over some of its entries."""
    import torch

    def loss():
        return torch.nn.functional.cross_entropy(_forward(parameters, x, relu)[2], y).item()

    g = torch.Generator().manual_seed(seed)
    flat, own, numeric = parameters[which].view(-1), [], []
    for i in torch.randint(flat.numel(), (entries,), generator=g).tolist():
        kept = flat[i].item()
        flat[i] = kept + 1e-5
        up = loss()
        flat[i] = kept - 1e-5
        numeric.append((up - loss()) / 2e-5)
        flat[i] = kept
        own.append(given[which].reshape(-1)[i].item())
    a, b = torch.tensor(own), torch.tensor(numeric)
    return ((a - b).norm() / b.norm()).item()


def _train(seed, masked, relu=True, steps=300, every=25):
    """Accuracies on unseen digits, and what the gradient check of W₁ says at the start."""
    import torch

    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(seed)
    x, y = _digits()
    order = torch.randperm(len(x), generator=g)
    train, unseen = order[:1000], order[1000:]
    parameters, found = _start(g), []
    first = train[:64]
    given = _gradients(parameters, x[first], y[first], masked, relu)
    deviation = _check(0, given, parameters, x[first], y[first], relu)
    for step in range(1, steps + 1):
        i = train[torch.randint(1000, (64,), generator=g)]
        for p, gradient in zip(parameters, _gradients(parameters, x[i], y[i], masked, relu), strict=True):
            p -= 0.2 * gradient
        if step % every == 0:
            right = _forward(parameters, x[unseen], relu)[2].argmax(1) == y[unseen]
            found.append(right.double().mean().item())
    return found, deviation


def experiment(off=False):
    runs = {masked: [_train(seed, masked, relu=not off) for seed in range(3)] for masked in (True, False)}
    for (right, exact), (wrong, deviation) in zip(runs[True], runs[False], strict=True):
        assert exact < 1e-6, "the right gradient agrees with finite differences"
        if off:
            assert wrong == right and deviation < 1e-6, "with slopes of 1 there is no mask to forget"
        else:
            assert wrong[-1] > 0.9, "without the mask the net learns all the same"
            assert deviation > 0.1, "only the gradient check shows that the gradient is wrong"
    ends = {masked: 100 * sum(found[-1] for found, _ in three) / 3 for masked, three in runs.items()}
    deviations = [max(d for _, d in runs[masked]) for masked in (True, False)]
    return {
        "off": ("no activation, so that every slope is 1", "没有激活函数，斜率全是 1"),
        "says": (
            f"With the mask: accuracy {ends[True]:.0f} %, gradient check {deviations[0]:.1e}. Without: {ends[False]:.0f} %, "
            f"gradient check {deviations[1]:.1e} (mean and largest of 3 seeds).",
            f"有 mask：准确率 {ends[True]:.0f} %，梯度检查 {deviations[0]:.1e}。没有 mask：{ends[False]:.0f} %，"
            f"梯度检查 {deviations[1]:.1e}（3 个种子的平均值和最大值）。",
        ),
        "title": ("A wrong gradient that learns", "梯度错了，照样学得会"),
        "chart": "curves",
        "x": list(range(25, 301, 25)),
        "x_label": ("step", "步"),
        "y_label": ("accuracy", "准确率"),
        "series": [
            (label, [sum(v) / 3 for v in zip(*(found for found, _ in runs[key]), strict=True)])
            for label, key in ((("with the mask", "有 mask"), True), (("mask forgotten", "忘了 mask"), False))
        ],
    }


def forgotten_mask_evidence():
    runs = [_train(seed, False, every=300) for seed in range(3)]
    guessing, learns = all(f[-1] < 0.2 for f, _ in runs), all(f[-1] > 0.9 for f, _ in runs)
    large, small = all(d > 0.1 for _, d in runs), all(d < 1e-4 for _, d in runs)
    return [learns and large, guessing and small, guessing and large, learns and small]


def worked():
    import torch

    w1 = torch.tensor([[1.0, 1], [1, -1]], requires_grad=True)
    w2 = torch.tensor([2.0, 5], requires_grad=True)
    z = w1 @ torch.tensor([1.0, 2])
    h = z.relu()
    h.retain_grad()
    z.retain_grad()
    out = w2 @ h
    loss = 0.5 * (out - 4) ** 2
    loss.backward()
    vectors = [z, h, w2.grad, h.grad, z.grad, w1.grad[0], w1.grad[1]]
    shown = ["(" + ", ".join(f"{v:.0f}" for v in t.tolist()) + ")" for t in vectors]
    return [text.replace("-", "−") for text in shown] + [f"½·2² = {loss.item():.0f}"]


def derive_evidence():
    import torch

    torch.manual_seed(0)
    w1, w2 = (torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in ((4, 3), (5, 4)))
    x, target = torch.randn(3, dtype=torch.float64), torch.tensor(2)
    h = torch.tanh(w1 @ x)
    z2 = w2 @ h
    h.retain_grad()
    torch.nn.functional.cross_entropy(z2, target).backward()
    d2 = z2.softmax(0) - torch.nn.functional.one_hot(target, 5)
    at_h = w2.T @ d2
    d1 = at_h * (1 - h**2)
    return [torch.allclose(at_h, h.grad) and torch.allclose(torch.outer(d1, x), w1.grad)]


def by_hand_draw(rng):
    while True:
        n = {name: rng.choice([-3, -2, -1, 1, 2, 3]) for name in ("x1", "x2", "a", "b", "c", "d", "u", "v")}
        y = rng.randint(-6, 6)
        z = n["a"] * n["x1"] + n["b"] * n["x2"], n["c"] * n["x1"] + n["d"] * n["x2"]
        if z[0] <= 0 or z[1] == 0:
            continue
        h = max(z[0], 0), max(z[1], 0)
        out = n["u"] * h[0] + n["v"] * h[1]
        delta = out - y
        values = {
            "answer": n["u"] * delta * n["x2"],
            "swapped": -n["u"] * delta * n["x2"],
            "skipped": delta * n["x2"],
            "transposed": n["u"] * delta * n["x1"],
        }
        if len(set(values.values())) == 4 and delta:
            return n | values | {"y": y, "h1": h[0], "h2": h[1], "out": out, "delta": delta}


def by_hand_evidence(drawn):
    import torch

    w1 = torch.tensor([[drawn["a"], drawn["b"]], [drawn["c"], drawn["d"]]], dtype=torch.float64)
    w1.requires_grad_()
    x, w2 = (torch.tensor([drawn[i], drawn[j]], dtype=torch.float64) for i, j in (("x1", "x2"), ("u", "v")))
    (0.5 * (w2 @ (w1 @ x).relu() - drawn["y"]) ** 2).backward()
    value = w1.grad[0, 1].item()
    return [value == drawn[name] for name in ("answer", "swapped", "skipped", "transposed")]


def wrong_step_evidence():
    import torch

    torch.manual_seed(0)
    w1, b1, w2, b2 = (
        torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in ((4, 3), (4,), (2, 4), (2,))
    )
    x, y = torch.randn(3, dtype=torch.float64), torch.randn(2, dtype=torch.float64)
    z1 = w1 @ x + b1
    h = torch.sigmoid(z1)
    z2 = w2 @ h + b2
    z1.retain_grad()
    z2.retain_grad()
    (0.5 * (z2 - y).square().sum()).backward()
    again = torch.sigmoid(h)
    lines = [
        (z2.grad, z2 - y),
        (w2.grad, torch.outer(z2 - y, h)),
        (z1.grad, w2.T @ (z2 - y) * again * (1 - again)),
        (b1.grad, z1.grad),
    ]
    assert torch.allclose(z1.grad, w2.T @ (z2 - y) * h * (1 - h))
    return [not torch.allclose(a, b) for a, b in lines]


def needed_evidence():
    """Which quantities change ∂L/∂W₁ if they alone are changed, δ₂ and the others being given?"""
    import torch

    torch.manual_seed(0)
    given = {
        "x": torch.randn(3),
        "w1": torch.randn(4, 3),
        "w2": torch.randn(2, 4),
        "size": torch.rand(4) + 0.5,
        "signs": torch.tensor([1.0, -1, 1, -1]),
    }
    d2 = torch.randn(2)

    def gradient(x, w1, w2, size, signs):
        z1 = (size * signs).requires_grad_()  # as the forward pass left it
        z1.relu().backward(w2.T @ d2)
        weight = w1.clone().requires_grad_()
        (weight @ x).backward(z1.grad)
        return weight.grad

    before = gradient(**given)
    changed = given | {name: 2 * value for name, value in given.items()} | {"signs": -given["signs"]}
    return [not torch.equal(gradient(**(given | {name: changed[name]})), before) for name in given]


def constant_ratio_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, y = _digits()
    x, y = x[:64], y[:64]
    parameters = _start(g)
    right = _gradients(parameters, x, y, masked=True)
    assert max(_check(i, right, parameters, x, y) for i in range(4)) < 1e-6
    summed = _gradients(parameters, x, y, masked=True, mean=False)
    unmasked = _gradients(parameters, x, y, masked=False)
    whole = all(torch.allclose(a, 64 * b) for a, b in zip(summed, right, strict=True))
    without = all(torch.allclose(a, 64 * b) for a, b in zip(unmasked, right, strict=True))
    return [None, without, whole, None]
