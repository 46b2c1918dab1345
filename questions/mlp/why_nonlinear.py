"""Experiment, draws and evidence for why_nonlinear.md."""


def worked():
    import torch

    w1, b1 = torch.tensor([[1.0, 2.0], [0.0, -1.0]]), torch.tensor([1.0, 0.0])
    w2, b2 = torch.tensor([2.0, 1.0]), -1.0
    x = torch.tensor([-2.0, 1.0])
    product, bias, hidden = w2 @ w1, (w2 @ b1 + b2).item(), w1 @ x + b1
    assert w2 @ hidden + b2 == product @ x + bias == 0 and w2 @ hidden.relu() + b2 == 1
    pair = [f"({p:.0f}, {q:.0f})".replace("-", "−") for p, q in (product.tolist(), hidden.tolist())]
    return [*pair, f"2·1 + 1·0 − 1 = {bias:.0f}"]


def _data(seed, separable=False, n=200):
    """A disc against the ring around it, or (separable) two half planes: points and labels ±1."""
    import torch

    g = torch.Generator().manual_seed(seed)
    angle = 2 * torch.pi * torch.rand(n, generator=g)
    label = torch.arange(n) % 2
    radius = torch.where(label == 0, torch.rand(n, generator=g).sqrt(), 1.5 + torch.rand(n, generator=g))
    x = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    if separable:
        label = (x[:, 0] + x[:, 1] > 0).long()
    return x, label.float()


def _accuracy(seed, layers, relu, separable=False, steps=300):
    """Accuracies on its own training points after every tenth step of Adam."""
    import torch
    from torch import nn

    x, y = _data(seed, separable)
    torch.manual_seed(seed)
    sizes = [2] + [32] * (layers - 1) + [1]
    parts = []
    for a, b in zip(sizes, sizes[1:], strict=False):
        parts += [nn.Linear(a, b), nn.ReLU() if relu else nn.Identity()]
    net = nn.Sequential(*parts[:-1])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    shares = []
    for step in range(1, steps + 1):
        out = net(x)[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            shares.append(((out > 0) == (y > 0.5)).float().mean().item())
    return shares


def experiment(off=False):
    import torch

    torch.set_num_threads(1)
    kinds = [
        (("1 linear layer", "1 个线性层"), 1, False),
        (("4 linear layers", "4 个线性层"), 4, False),
        (("1 hidden layer, ReLU", "1 个 ReLU 隐藏层"), 2, True),
    ]
    runs = [[_accuracy(seed, layers, relu, off) for seed in range(3)] for _, layers, relu in kinds]
    ends = [[run[-1] for run in three] for three in runs]
    if off:
        assert min(min(three) for three in ends) > 0.97, "where a line is enough, all of them succeed"
    else:
        assert max(ends[0] + ends[1]) < 0.72, "no linear net gets far, at any depth"
        assert min(ends[2]) > 0.97, "one hidden layer with ReLU separates ring and disc"
    one, four, hidden = (100 * sum(three) / 3 for three in ends)
    what = ("Two half planes", "两个半平面") if off else ("Disc against ring", "圆盘对圆环")
    return {
        "off": ("classes that a straight line separates", "能用直线分开的两类"),
        "says": (
            f"{what[0]}, accuracy on the training points after 300 steps (mean of 3 seeds): one linear layer {one:.0f} %, "
            f"four linear layers {four:.0f} %, one hidden ReLU layer {hidden:.0f} %.",
            f"{what[1]}，训练 300 步后在训练点上的准确率（3 个种子平均）：1 个线性层 {one:.0f} %，4 个线性层 {four:.0f} %，"
            f"1 个 ReLU 隐藏层 {hidden:.0f} %。",
        ),
        "title": ("Depth without activations", "没有激活函数的深度"),
        "chart": "curves",
        "x": list(range(10, 301, 10)),
        "x_label": ("step", "步"),
        "y_label": ("accuracy", "准确率"),
        "series": [
            (label, [sum(values) / 3 for values in zip(*three, strict=True)])
            for (label, _, _), three in zip(kinds, runs, strict=True)
        ],
    }


def rings_evidence():
    linear = [[_accuracy(seed, layers, False, steps=150)[-1] for layers in (1, 2, 4)] for seed in range(3)]
    hidden = [_accuracy(seed, 2, True, steps=150)[-1] for seed in range(3)]
    stays = all(max(row) < 0.72 for row in linear)
    climbs = all(row[0] + 0.1 < row[1] < row[2] - 0.05 for row in linear)
    separates, half = min(hidden) > 0.97, max(hidden) < 0.72
    return [climbs and separates, climbs and half, stays and half, stays and separates]


def deleted_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    deep = nn.Sequential(nn.Linear(20, 16), nn.Linear(16, 16), nn.Linear(16, 4)).double()
    x = torch.randn(50, 20, dtype=torch.float64)
    matrix, bias = torch.eye(20, dtype=torch.float64), torch.zeros(20, dtype=torch.float64)
    for layer in deep:
        matrix, bias = layer.weight @ matrix, layer.weight @ bias + layer.bias
    one = torch.allclose(deep(x), x @ matrix.T + bias)
    # could it learn by heart labels that no linear layer fits? XOR of two signs, 40 repeated points
    sign = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    best = torch.linalg.lstsq(torch.cat([sign, torch.ones(4, 1)], 1), torch.tensor([[0.0], [1], [1], [0]]))
    by_heart = bool(((torch.cat([sign, torch.ones(4, 1)], 1) @ best.solution - 0.5).abs() > 0.01).all())
    return [one, by_heart, None, None]


def joint_bias_draw(rng):
    while True:
        n = {name: rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]) for name in "abcdpquvr"}
        first = n["u"] * n["a"] + n["v"] * n["c"]
        bias = n["u"] * n["p"] + n["v"] * n["q"] + n["r"]
        row = n["u"] * n["a"] + n["v"] * n["b"]
        wrong = {
            "answer": first + bias,
            "plain": first + n["r"],
            "row": row + bias,
            "summed": first + n["p"] + n["q"] + n["r"],
        }
        if len(set(wrong.values())) == 4 and 0 not in wrong.values():
            return n | wrong | {"first": first, "bias": bias}


def joint_bias_evidence(drawn):
    def net(x, y):
        h = [drawn[i] * x + drawn[j] * y + drawn[k] for i, j, k in ("abp", "cdq")]
        return drawn["u"] * h[0] + drawn["v"] * h[1] + drawn["r"]

    value = net(1, 0)  # first entry of w, plus b
    return [value == drawn[name] for name in ("answer", "plain", "row", "summed")]


def still_affine_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    try:
        first, second, square = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 8)
        norm = nn.BatchNorm1d(8)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        norm.eval()
        middles = [
            lambda h: second(norm(h)),
            lambda h: second(nn.functional.layer_norm(h, (8,))),
            lambda h: square.weight[:, :4] @ nn.functional.avg_pool1d(h[:, None], 2)[:, 0].T,
            lambda h: square.weight[:, :4] @ nn.functional.max_pool1d(h[:, None], 2)[:, 0].T,
            lambda h: h + second(h),
            lambda h: second(h.abs()),
        ]
        x, y = 3 * torch.randn(20, 6), 3 * torch.randn(20, 6)
        found = []
        for middle in middles:

            def f(v, middle=middle):
                return middle(first(v))

            found.append(torch.allclose(f(0.3 * x + 0.7 * y), 0.3 * f(x) + 0.7 * f(y)))
        return found
    finally:
        torch.set_default_dtype(torch.float32)


def folds_draw(rng):
    k = rng.randint(4, 8)
    return {"k": k, "total": 2 * k, "answer": 2**k, "units": 2 * k + 1, "single": k + 1, "kinks": 2**k - 1}


def folds_evidence(drawn):
    import torch

    x = torch.linspace(0, 1, 2**12 + 1, dtype=torch.float64)
    y = x
    for _ in range(drawn["k"]):
        y = 2 * y.relu() - 4 * (y - 0.5).relu()
    slopes = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    pieces = 1 + int(((slopes[1:] - slopes[:-1]).abs() > 1e-6).sum())
    return [pieces == drawn[name] for name in ("answer", "units", "single", "kinks")]


def straight_evidence():
    import torch
    from torch import nn

    ends, best = [], []
    for seed in range(3):
        torch.manual_seed(seed)
        x = torch.randn(200, 4)
        y = (x[:, :1] * x[:, 1:2] + x[:, :1]).tanh() + 0.3 * torch.randn(200, 1)
        design = torch.cat([x, torch.ones(200, 1)], 1)
        best.append((design @ torch.linalg.lstsq(design, y).solution - y).square().mean().item())
        row = []
        for act in (nn.Identity, nn.ReLU):
            net = nn.Sequential(nn.Linear(4, 16), act(), nn.Linear(16, 16), act(), nn.Linear(16, 1))
            optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
            for _ in range(300):
                loss = (net(x) - y).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            row.append(loss.item())
        ends.append(row)
    missing = all(abs(e[0] - b) < 0.01 * b and e[1] < 0.7 * b for e, b in zip(ends, best, strict=True))
    noise_limit = all(e[1] > 0.95 * b for e, b in zip(ends, best, strict=True))
    return [None, noise_limit, missing, None]
