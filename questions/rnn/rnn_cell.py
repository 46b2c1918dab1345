"""Experiment, draws and evidence for rnn_cell.md."""


def worked():
    from math import exp

    import torch

    cell = torch.nn.RNNCell(1, 1, bias=False)
    torch.nn.init.constant_(cell.weight_ih, 0.5)
    torch.nn.init.constant_(cell.weight_hh, 0.8)
    h, shown = torch.zeros(1, 1), []
    for x in (1.0, 0.0, 0.0):
        h = cell(torch.tensor([[x]]), h)
        shown.append(f"{h.item():.3f}")
    return [*shown, f"{exp(2):.2f}"]


def _sizes(seed, radius, width=64, steps=60):
    """Root mean square of the state, step by step, for three activations."""
    import torch

    g = torch.Generator().manual_seed(seed)
    w = torch.randn(width, width, generator=g, dtype=torch.float64)
    w = w * radius / torch.linalg.eigvals(w).abs().max()
    start = torch.randn(width, generator=g, dtype=torch.float64)
    found = {}
    for name, phi in {"tanh": torch.tanh, "relu": torch.relu, "none": lambda v: v}.items():
        h, sizes = start, []
        for _ in range(steps):
            h = phi(w @ h)
            sizes.append(h.square().mean().sqrt().item())
        found[name] = sizes
    return found


def experiment(off=False):
    from math import exp, log

    runs = [_sizes(seed, 0.8 if off else 3.0) for seed in range(3)]
    for run in runs:
        if off:
            assert max(sizes[-1] for sizes in run.values()) < 1e-4, (
                "below 1 the state fades, whatever the activation"
            )
        else:
            assert all(0.5 < size < 1 for size in run["tanh"][5:]), "tanh holds the state"
            assert run["none"][-1] > 1e6 and run["relu"][-1] > 100, "without a bound it grows"
    mean = {k: [exp(sum(log(run[k][t]) for run in runs) / 3) for t in range(60)] for k in runs[0]}
    tanh, relu, none = (mean[k][-1] for k in ("tanh", "relu", "none"))
    if off:
        says = (
            f"With a largest eigenvalue of 0.8 all three fade: after 60 steps {tanh:.0e} with tanh, {relu:.0e} with ReLU, "
            f"{none:.0e} without (3 seeds). What is left is an echo too weak to be used.",
            f"最大特征值的模为 0.8 时，三者都衰减：60 步之后 tanh 是 {tanh:.0e}，ReLU 是 {relu:.0e}，恒等是 {none:.0e}（3 个随机种子）。"
            "剩下的回声太弱，用不上。",
        )
    else:
        says = (
            f"With a largest eigenvalue of 3, after 60 steps the state has size {tanh:.2f} with tanh, {relu:.0e} with ReLU, "
            f"{none:.0e} without activation (geometric mean of 3 seeds).",
            f"最大特征值的模为 3 时，60 步之后状态的大小：tanh 是 {tanh:.2f}，ReLU 是 {relu:.0e}，没有激活函数是 {none:.0e}（3 个随机种子"
            "的几何平均）。",
        )
    return {
        "says": says,
        "off": ("a largest eigenvalue of 0.8", "最大特征值的模为 0.8"),
        "title": ("Size of the state, without input", "没有输入时状态的大小"),
        "chart": "curves",
        "x": list(range(1, 61)),
        "x_label": ("step", "步"),
        "y_label": ("root mean square", "均方根"),
        "log_y": True,
        "series": [
            ("tanh", mean["tanh"]),
            ("ReLU", mean["relu"]),
            (("no activation", "恒等"), mean["none"]),
        ],
    }


def iterated_evidence():
    runs = [{k: v[-1] for k, v in _sizes(seed, 3.0).items()} for seed in (10, 11, 12)]

    def grows(k):
        return all(run[k] > 100 for run in runs)

    def stays(k):
        return all(0.5 < run[k] < 1 for run in runs)

    fades = all(run["tanh"] < 0.1 for run in runs)
    return [
        grows("tanh") and grows("relu") and grows("none"),
        fades and grows("relu") and grows("none"),
        stays("tanh") and grows("relu") and grows("none"),
        stays("tanh") and stays("relu") and grows("none"),
    ]


def longer_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    rnn = torch.nn.RNN(2, 4)
    runs = rnn(torch.randn(500, 1, 2, generator=g))[0].shape[0] == 500
    own = [
        torch.randn(4, 4, generator=g, dtype=torch.float64) / 2 for _ in range(50)
    ]  # a matrix for each step
    h = torch.ones(4, dtype=torch.float64)
    own_fails = False
    for t in range(51):
        try:
            h = own[t] @ h
        except IndexError:
            own_fails = t == 50
    linear = torch.ones(4, dtype=torch.float64)
    for _ in range(500):
        linear = own[0] @ linear
    needs_tanh = bool(linear.isnan().any())
    return [needs_tanh, runs and own_fails, None, None]


def parameters_draw(rng):
    inputs, width = rng.choice([8, 10, 27, 28, 50, 64, 100]), rng.choice([16, 32, 128, 256, 512])
    steps = rng.choice([20, 35, 50])
    once = inputs * width + width * width + 2 * width
    return {
        "inputs": inputs,
        "width": width,
        "steps": steps,
        "answer": once,
        "one_bias": once - width,
        "no_recurrent": inputs * width + 2 * width,
        "all_steps": once * steps,
    }


def parameters_evidence(drawn):
    import torch

    rnn = torch.nn.RNN(drawn["inputs"], drawn["width"], device="meta")
    count = sum(p.numel() for p in rnn.parameters())
    return [drawn[k] == count for k in ("answer", "one_bias", "no_recurrent", "all_steps")]


def echo_draw(rng):
    from math import tanh

    while True:
        wx, wh = rng.choice([0.3, 0.5, 0.6, 0.8, 1.2]), rng.choice([-0.9, -0.5, 0.4, 0.7, 0.9, 1.5])
        x1, x2 = rng.choice([1, 2, -1, -2]), rng.choice([1, -1, 2, 0.5])
        values = {
            "answer": tanh(wx * x2 + wh * tanh(wx * x1)),
            "linear": tanh(wx * x2 + wh * wx * x1),
            "forgot": tanh(wx * x2),
            "swapped": tanh(wh * x2 + wx * tanh(wh * x1)),
        }
        numbers = sorted(values.values())
        if (
            min(b - a for a, b in zip(numbers, numbers[1:], strict=False)) > 0.03
            and min(map(abs, numbers)) > 0.05
        ):
            shown = {k: float(f"{v:.3g}") for k, v in values.items()}
            return {"wx": wx, "wh": wh, "x1": x1, "x2": x2} | shown


def echo_evidence(drawn):
    import torch

    rnn = torch.nn.RNN(1, 1, bias=False)
    torch.nn.init.constant_(rnn.weight_ih_l0, drawn["wx"])
    torch.nn.init.constant_(rnn.weight_hh_l0, drawn["wh"])
    last = rnn(torch.tensor([[float(drawn["x1"])], [float(drawn["x2"])]]))[1].item()
    return [abs(drawn[k] - last) < 0.01 * abs(last) for k in ("answer", "linear", "forgot", "swapped")]


def floor_draw(rng):
    from math import exp, log

    size = rng.choice([27, 28, 30, 50, 64, 96, 128, 256])
    values = {
        "answer": log(1 + (size - 1) * exp(-2)),
        "sigmoid": log(1 + (size - 1) * exp(-1)),
        "uniform": log(size),
    }
    return {"size": size, "less": size - 1} | {k: float(f"{v:.3g}") for k, v in values.items()}


def floor_evidence(drawn):
    import torch
    from torch.nn.functional import cross_entropy

    raw = torch.zeros(1, drawn["size"], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([raw], 0.0)
    for _ in range(40):  # as good as it gets: each step moves the raw outputs by one in the right direction
        loss = cross_entropy(raw.tanh(), torch.tensor([0]))
        optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            raw -= raw.grad.sign()
    best = loss.item()
    return [
        abs(value - best) < 0.005 * best for value in (drawn["answer"], 0, drawn["sigmoid"], drawn["uniform"])
    ]


def stuck_evidence():
    """The letter after q, learned from counts: with a tanh on the logits, and with smoothing or a small rate instead."""
    import torch
    from torch.nn.functional import cross_entropy

    def largest(squash=False, smoothing=0.0, rate=0.5, steps=400):
        raw = torch.zeros(1, 28, requires_grad=True)
        for _ in range(steps):
            logits = raw.tanh() if squash else raw
            loss = cross_entropy(logits, torch.tensor([20]), label_smoothing=smoothing)
            (grad,) = torch.autograd.grad(loss, raw)
            raw = (raw - rate * grad).detach().requires_grad_()
        return (raw.tanh() if squash else raw).softmax(-1).max().item()

    capped = 0.19 < largest(squash=True, rate=2.0) < 0.2151
    slow_is_capped = largest(rate=0.05, steps=4000) < 0.22
    smoothed_is_capped = largest(smoothing=0.1, rate=2.0) < 0.22
    return [slow_is_capped, None, smoothed_is_capped, capped]
