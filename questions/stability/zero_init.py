"""Networks that start from zeros: who moves, and what stays equal."""


def train(activation, start, steps=500, lr=0.05, width=8, seed=0, noise=0.0):
    """40 points of x₁·x₂ and a hidden layer, full batch. Losses, the final hidden weights, and which parameters moved."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(40, 2, generator=g).double()
    y = x[:, :1] * x[:, 1:] + 0.5
    shapes = {"w1": (2, width), "b1": (width,), "w2": (width, 1), "b2": (1,)}
    p = {}
    for name, shape in shapes.items():
        if start == "random":
            fan = 1.0 if name == "w1" else width**-0.5
            value = torch.zeros(shape) if name.startswith("b") else fan * torch.randn(shape, generator=g)
        else:
            value = torch.full(shape, start) + noise * torch.randn(shape, generator=g)
        p[name] = value.double().requires_grad_()
    first = {name: value.detach().clone() for name, value in p.items()}
    losses = []
    for _ in range(steps):
        loss = ((getattr(torch, activation)(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"] - y) ** 2).mean()
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(p.values()))
        with torch.no_grad():
            for value, gradient in zip(p.values(), gradients, strict=True):
                value -= lr * gradient
    moved = {name for name, value in p.items() if (value - first[name]).abs().max() > 1e-9}
    return losses, p["w1"].detach(), moved


def kinds(w1):
    """How many different hidden units there are."""
    return len({tuple(round(value, 6) for value in column) for column in w1.T.tolist()})


def sigmoid_zeros_evidence():
    import torch
    from torch import nn
    from torch.nn.utils import skip_init

    g = torch.Generator().manual_seed(0)
    x = torch.randn(32, 5, generator=g)
    y = torch.sin(2 * x[:, :1])
    net = nn.Sequential(skip_init(nn.Linear, 5, 64), nn.Sigmoid(), skip_init(nn.Linear, 64, 1))
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    spread = []
    for _ in range(200):
        net.zero_grad()
        batch = torch.randperm(32, generator=g)[:8]
        (net(x[batch]) - y[batch]).square().mean().backward()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter -= 0.1 * parameter.grad
        rows = net[0].weight
        spread.append(((rows - rows[0]).abs().max() / rows.abs().max().clamp(min=1e-9)).item())
    only_bias = net[0].weight.abs().max().item() < 1e-9 and net[2].weight.abs().max().item() < 1e-9
    copies = spread[-1] < 1e-3 and net[0].weight.abs().max().item() > 1e-3
    return [only_bias, copies, spread[-1] > 0.1, spread[0] > 0.1]


def zero_bias_evidence():
    import torch
    from torch import nn
    from torch.nn.utils import skip_init

    g = torch.Generator().manual_seed(0)
    net = nn.Sequential(skip_init(nn.Linear, 5, 16), nn.Tanh(), skip_init(nn.Linear, 16, 1))
    for parameter in net.parameters():
        nn.init.zeros_(parameter) if parameter.dim() == 1 else nn.init.normal_(parameter, 0, 0.4, generator=g)
    x = torch.randn(64, 5, generator=g)
    net(3 * x).sub(x[:, :1]).square().mean().backward()
    bias = net[0].bias.grad
    no_gradient = not bias.any()
    shared = net[0].bias.numel() == 1
    differ = bias.std().item() > 1e-3 and torch.unique(net[0].weight.grad, dim=0).shape[0] == 16
    hidden, doubled = torch.tanh(net[0](3 * x)), torch.tanh(net[0](6 * x))
    linear = torch.allclose(doubled, 2 * hidden, rtol=0.05, atol=0.05)
    return [no_gradient, shared, differ, linear]


def one_factor_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    frozen, x = torch.randn(4, 6, generator=g), torch.randn(6, 9, generator=g)
    random_a = torch.randn(2, 6, generator=g)

    def gradients(a, b):
        a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
        ((frozen @ x + b @ (a @ x) - 1) ** 2).mean().backward()
        return a.grad, b.grad

    zero_a, zero_b = torch.zeros(2, 6), torch.zeros(4, 2)
    of_a, of_b = gradients(random_a, zero_b)
    next_a, _ = gradients(random_a, zero_b - 0.1 * of_b)
    dead_a, dead_b = gradients(zero_a, zero_b)
    a_first = bool(of_a.any())
    helped_by_frozen = bool(dead_a.any() or dead_b.any())  # the frozen layer is random here, too
    linear_is_safe = bool(dead_a.any() or dead_b.any())  # and there is no activation
    return [a_first, helped_by_frozen, linear_is_safe, bool(of_b.any() and not of_a.any() and next_a.any())]


def fits_evidence():
    first, second, third, fourth = [], [], [], []
    for seed in range(3):
        runs = [
            train("tanh", "random", seed=seed),
            train("tanh", 0.0, seed=seed),
            train("sigmoid", 0.0, seed=seed),
            train("tanh", 0.5, seed=seed),
        ]
        fits = [losses[-1] < 0.15 for losses, _, _ in runs]
        units = [kinds(w1) for _, w1, _ in runs]
        first.append(fits == [True, False, False, True] and units == [8, 1, 1, 8])
        second.append(fits == [True, False, False, False] and units == [8, 1, 1, 1])
        third.append(fits == [True, False, False, False] and units == [8, 1, 8, 8])
        fourth.append(fits == [True, False, True, True] and units == [8, 1, 8, 8])
    return [all(first), all(second), all(third), all(fourth)]


def copied_units_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(40, 2, generator=g).double()
    y = torch.sin(3 * x[:, :1]) * x[:, 1:]

    def sgd(p, steps=400, lr=0.05, batch=10):
        draws = torch.Generator().manual_seed(1)
        for _ in range(steps):
            rows = torch.randint(40, (batch,), generator=draws)
            p = [w.detach().requires_grad_() for w in p]
            loss = ((torch.tanh(x[rows] @ p[0] + p[1]) @ p[2] - y[rows]) ** 2).mean()
            p = [w - lr * s for w, s in zip(p, torch.autograd.grad(loss, p), strict=True)]
        return [w.detach() for w in p]

    narrow = sgd(
        [
            torch.randn(2, 4, generator=g).double(),
            torch.zeros(4).double(),
            0.5 * torch.randn(4, 1, generator=g).double(),
        ]
    )
    wide = [torch.cat([narrow[0]] * 2, 1), torch.cat([narrow[1]] * 2), torch.cat([narrow[2] / 2] * 2)]

    def parts(p, **options):
        w = sgd(p, **options)[0]
        return (w[:, :4] - w[:, 4:]).abs().max().item() > 1e-3

    noisy = [wide[0] + 1e-2 * torch.randn(2, 8, generator=g).double(), *wide[1:]]
    uneven = [*wide[:2], torch.cat([0.3 * narrow[2], 0.7 * narrow[2]])]
    zeros = [
        torch.cat([narrow[0], 0 * narrow[0]], 1),
        torch.cat([narrow[1], 0 * narrow[1]]),
        torch.cat([narrow[2], 0 * narrow[2]]),
    ]
    trained = sgd(zeros)
    revived = trained[0][:, 4:].abs().max().item() > 0 or trained[2][4:].abs().max().item() > 0
    return [parts(wide, lr=0.3), parts(wide, batch=2), parts(noisy) and parts(uneven), revived]


def worked():
    import torch

    w1, w2 = torch.zeros(2, 3, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64)
    x, out = torch.ones(3, dtype=torch.float64), []
    for step in range(2):
        w1, w2 = w1.detach().requires_grad_(), w2.detach().requires_grad_()
        h = torch.sigmoid(w1 @ x)
        y = (w2 @ h)[0]
        of_w1, of_w2 = torch.autograd.grad(0.5 * (y - 1) ** 2, (w1, w2))
        if step == 0:
            out += [
                f"{h[0].item():.1f}",
                f"{(y - 1).item():.0f}".replace("-", "−"),
                f"{(w2 - 0.1 * of_w2)[0, 0].item():.2f}",
            ]
        else:
            assert torch.equal(of_w1[0], of_w1[1])
            out += [f"{(y - 1).item():.2f}".replace("-", "−"), f"{of_w1[0, 0].item():.4f}".replace("-", "−")]
        w1, w2 = w1 - 0.1 * of_w1, w2 - 0.1 * of_w2
    return out


def experiment(off=False):
    noise = 0.1 if off else 0.0
    starts = {
        ("tanh, random", "tanh，随机"): ("tanh", "random"),
        ("tanh, zeros", "tanh，全零"): ("tanh", 0.0),
        ("sigmoid, zeros", "sigmoid，全零"): ("sigmoid", 0.0),
        ("tanh, all 0.5", "tanh，全为 0.5"): ("tanh", 0.5),
    }
    for seed in (2, 1, 0):
        runs = {name: train(*start, seed=seed, noise=noise) for name, start in starts.items()}
        units = {name: kinds(w1) for name, (_, w1, _) in runs.items()}
        ends = [losses[-1] for losses, _, _ in runs.values()]
        moved = [names for _, _, names in runs.values()]
        assert ends[0] < 0.2, "random weights fit x₁·x₂"
        if off:
            assert min(units.values()) == 8 and ends[3] < 0.15, "with noise the units part and tanh fits"
        else:
            assert min(ends[1:]) > 2 * ends[0] and min(ends[1:]) > 0.3, "equal weights do not"
            assert list(units.values()) == [8, 1, 1, 1], "units that start equal stay equal"
            assert moved[1] <= {"b2"}, "from zeros with tanh, nothing but the output bias can move"
    if off:
        says = (
            f"With noise of 0.1 on every weight all 8 units differ in every run. From 0.5 tanh now fits x₁·x₂ (loss {ends[3]:.2f}); from zeros "
            f"it is on its way ({ends[1]:.2f}), and sigmoid, slower, has still far to go ({ends[2]:.2f}).",
            f"给每个权重加上大小为 0.1 的噪声，每次运行里 8 个单元都各不相同。从 0.5 出发，tanh 现在能拟合 x₁·x₂（loss {ends[3]:.2f}）；从全零"
            f"出发还在半路（{ends[1]:.2f}），sigmoid 更慢，还差得远（{ends[2]:.2f}）。",
        )
    else:
        says = (
            f"Fitting x₁·x₂ with 8 hidden units, 500 steps: random weights end at a loss of {ends[0]:.2f} with 8 different units. Zeros end at "
            f"{ends[1]:.2f} (tanh) and {ends[2]:.2f} (sigmoid), all weights at 0.5 at {ends[3]:.2f}, each with a single kind of unit.",
            f"用 8 个隐藏单元拟合 x₁·x₂，500 步：随机权重的 loss 降到 {ends[0]:.2f}，8 个单元各不相同。全零停在 {ends[1]:.2f}（tanh）和 "
            f"{ends[2]:.2f}（sigmoid），全为 0.5 停在 {ends[3]:.2f}，三者都只有一种单元。",
        )
    return {
        "says": says,
        "off": ("noise of 0.1 on the weights", "给权重加上 0.1 的噪声"),
        "charts": [
            {
                "title": ("Loss when fitting x₁·x₂, by initialisation", "拟合 x₁·x₂ 的 loss：不同的初始化"),
                "chart": "curves",
                "x": list(range(0, 500, 10)),
                "x_label": ("step", "步数"),
                "y_label": "loss",
                "log_x": False,
                "log_y": True,
                "series": [(name, losses[::10]) for name, (losses, _, _) in runs.items()],
            },
            {
                "title": (
                    "Different hidden units after training (of 8)",
                    "训练后互不相同的隐藏单元数（共 8 个）",
                ),
                "chart": "bars",
                "bars": list(units.items()),
                "unit": "",
                "log": False,
            },
        ],
    }
