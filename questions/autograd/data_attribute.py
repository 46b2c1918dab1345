""".data takes a parameter out of the graph without a word."""


def _layer(cut):
    import torch
    from torch import nn

    class Layer(nn.Linear):
        def forward(self, x):
            weight = self.weight.data if cut else self.weight
            return x @ weight.T + self.bias

    return Layer, torch, nn


def linear_evidence():
    Layer, torch, _nn = _layer(cut=True)
    layer = Layer(3, 2)
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    raised = False
    for _ in range(3):
        optimizer.zero_grad()
        try:
            layer(torch.ones(4, 3)).pow(2).mean().backward()
        except RuntimeError:
            raised = True
        optimizer.step()
    moved = {name: not torch.equal(p, before[name]) for name, p in layer.named_parameters()}
    return [
        moved["weight"] and moved["bias"],
        raised,
        moved["bias"] and not moved["weight"] and layer.weight.grad is None,
        moved["weight"] and not moved["bias"],
    ]


def layers_below_evidence():
    Layer, torch, nn = _layer(cut=True)
    net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), Layer(8, 8), nn.ReLU(), nn.Linear(8, 1))
    for p in net.parameters():
        nn.init.constant_(p, 0.1)
    net(torch.ones(4, 3)).mean().backward()

    def has_gradient(p):
        return p.grad is not None and bool((p.grad != 0).any())

    return [has_gradient(p) for p in (net[0].weight, net[2].weight, net[2].bias, net[4].weight)]


def why_silent_evidence():
    Layer, torch, _nn = _layer(cut=True)
    layer, x = Layer(3, 2), torch.ones(4, 3)

    def complains():
        try:
            layer(x).mean().backward()
        except RuntimeError:
            return True
        return False

    silent = not complains()
    delayed = False
    for _ in range(3):
        complains()
        delayed = delayed or layer.weight.grad is not None
    before = layer.weight.detach().clone()
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    replaced = not torch.equal(layer.weight, before)
    layer.eval()
    checked = complains()
    layer.bias.requires_grad_(False)  # now nothing in the loss requires a gradient
    return [silent and complains(), delayed, replaced, checked]


def who_moves_evidence():
    below, falls = [], []
    for seed in range(3):
        losses, moved = _train(cut=True, seed=seed)
        assert moved["2.weight"] == 0 and moved["2.bias"] > 0 and moved["4.weight"] > 0
        below.append(moved["0.weight"] > 0)
        falls.append(losses[-1] < 0.8 * losses[0])
    return [
        not any(below) and all(falls),
        all(below) and all(falls),
        not any(below) and not all(falls),
        all(below) and not all(falls),
    ]


def grad_is_none_evidence():
    import torch
    from torch import nn
    from torch.nn import functional as F

    def missing(forward, prepare=lambda layer: None):
        layer = nn.Linear(3, 2)
        prepare(layer)
        optimizer = torch.optim.SGD([layer.bias], lr=0.1)  # the weight is left out
        forward(layer, torch.ones(4, 3)).sum().backward()
        optimizer.step()
        return layer.weight.grad is None

    def usual(layer, x):
        return F.linear(x, layer.weight, layer.bias)

    return [
        missing(lambda layer, x: F.linear(x, layer.weight.detach(), layer.bias)),
        missing(lambda layer, x: F.linear(x, torch.ones(2, 3), layer.bias)),
        missing(lambda layer, x: usual(layer, x) * 1e-45 * 1e-45),
        missing(usual, lambda layer: layer.weight.requires_grad_(False)),
        missing(usual),
    ]


def worked():
    import torch

    out = []
    for cut in (False, True):
        w, x = torch.tensor([2.0, 3.0], requires_grad=True), torch.ones(2, requires_grad=True)
        y = x @ (w.data if cut else w)
        (0.5 * y**2).backward()
        out.append(tuple(int(v) for v in x.grad.tolist()))
        of_w = w.grad if cut else tuple(int(v) for v in w.grad.tolist())
    assert of_w is None and out[0] == out[1]
    return [f"y = {y.item():.0f}", str(out[0]), "(5, 5)", "None"]


def _train(cut, seed=0, steps=60):
    """Losses, and by how much each parameter moved."""
    Layer, torch, nn = _layer(cut)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(64, 4, generator=generator)
    y = torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), Layer(16, 16), nn.Tanh(), nn.Linear(16, 1))
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=generator) / p.shape[-1] ** 0.5)
    start = {name: p.detach().clone() for name, p in net.named_parameters()}
    losses = []
    for _ in range(steps):
        loss = (net(x) - y).pow(2).mean()
        losses.append(loss.item())
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                if p.grad is not None:  # like an optimizer: no gradient, no step
                    p -= 0.1 * p.grad
    return losses, {name: (p - start[name]).abs().max().item() for name, p in net.named_parameters()}


def experiment():
    steps = 60
    right, moved_right = _train(cut=False)
    wrong, moved_wrong = _train(cut=True)
    assert moved_wrong["2.weight"] == 0, "the weight used through .data should not move"
    assert all(moved > 0 for name, moved in moved_wrong.items() if name != "2.weight"), (
        "all others should move"
    )
    assert all(moved > 0 for moved in moved_right.values()), "without .data everything moves"
    assert wrong[-1] < wrong[0], "the loss falls nevertheless, which is why nobody notices"
    names = {
        "0.weight": ("first layer, weight", "第一层 weight"),
        "2.weight": ("middle layer, weight", "中间层 weight"),
        "2.bias": ("middle layer, bias", "中间层 bias"),
        "4.weight": ("last layer, weight", "最后一层 weight"),
    }
    return {
        "says": (
            f"With .data in the middle layer its weight moved by {moved_wrong['2.weight']:g}, its bias by "
            f"{moved_wrong['2.bias']:.2f}, the layer below by {moved_wrong['0.weight']:.2f}. The loss still falls, from "
            f"{wrong[0]:.2f} to {wrong[-1]:.2f}; without .data to {right[-1]:.2f}.",
            f"中间层用 .data 时，它的 weight 移动了 {moved_wrong['2.weight']:g}，bias 移动了 {moved_wrong['2.bias']:.2f}，"
            f"下面一层移动了 {moved_wrong['0.weight']:.2f}。loss 照样从 {wrong[0]:.2f} 降到 {wrong[-1]:.2f}；"
            f"不用 .data 则降到 {right[-1]:.2f}。",
        ),
        "charts": [
            {
                "chart": "table",
                "title": ("Largest change in training", "训练中的最大变化"),
                "columns": [("parameter", "参数"), "self.weight", "self.weight.data"],
                "rows": [
                    [label, f"{moved_right[name]:.3f}", f"{moved_wrong[name]:.3f}"]
                    for name, label in names.items()
                ],
            },
            {
                "chart": "curves",
                "title": ("The loss tells little", "从 loss 上看不大出来"),
                "x": list(range(steps)),
                "x_label": ("step", "步"),
                "y_label": ("loss", "loss"),
                "log_x": False,
                "log_y": True,
                "series": [("self.weight", right), ("self.weight.data", wrong)],
            },
        ],
    }
