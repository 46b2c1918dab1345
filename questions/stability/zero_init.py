"""Networks that start from zeros: who moves, and what stays equal."""


def train(activation, start, steps=500, lr=0.05, width=8, seed=0):
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
            value = torch.full(shape, start)
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


def experiment():
    runs = {
        ("tanh, random", "tanh，随机"): train("tanh", "random"),
        ("tanh, zeros", "tanh，全零"): train("tanh", 0.0),
        ("sigmoid, zeros", "sigmoid，全零"): train("sigmoid", 0.0),
        ("tanh, all 0.5", "tanh，全为 0.5"): train("tanh", 0.5),
    }
    units = {name: kinds(w1) for name, (_, w1, _) in runs.items()}
    ends = [losses[-1] for losses, _, _ in runs.values()]
    moved = [names for _, _, names in runs.values()]
    assert ends[0] < 0.2, "random weights fit x₁·x₂"
    assert min(ends[1:]) > 1, "equal weights do not"
    assert list(units.values()) == [8, 1, 1, 1], "units that start equal stay equal"
    assert moved[1] <= {"b2"}, "from zeros with tanh, nothing but the output bias can move"
    return {
        "says": (
            f"Fitting x₁·x₂ with 8 hidden units, 500 steps: random weights end at a loss of {ends[0]:.2f} with 8 different units. Zeros end at "
            f"{ends[1]:.2f} (tanh) and {ends[2]:.2f} (sigmoid), all weights at 0.5 at {ends[3]:.2f}, each with a single kind of unit.",
            f"用 8 个隐藏单元拟合 x₁·x₂，500 步：随机权重的损失降到 {ends[0]:.2f}，8 个单元各不相同。全零停在 {ends[1]:.2f}（tanh）和 "
            f"{ends[2]:.2f}（sigmoid），全为 0.5 停在 {ends[3]:.2f}，三者都只有一种单元。",
        ),
        "charts": [
            {
                "title": ("Loss when fitting x₁·x₂, by initialisation", "拟合 x₁·x₂ 的损失：不同的初始化"),
                "chart": "curves",
                "x": list(range(0, 500, 10)),
                "x_label": ("step", "步数"),
                "y_label": ("loss", "损失"),
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
