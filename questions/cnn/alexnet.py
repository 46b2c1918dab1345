"""Experiment, draws and evidence for alexnet.md."""

CONVS = [(3, 96, 11), (96, 256, 5), (256, 384, 3), (384, 384, 3), (384, 256, 3)]
DENSE = [(9216, 4096), (4096, 4096), (4096, 1000)]


def _counts():
    convs = [out * inp * k * k + out for inp, out, k in CONVS]
    return convs, [inp * out + out for inp, out in DENSE]


def _gradients(name, seed, depth=6):
    """‖gradient‖/‖weights‖ of each layer after one backward pass."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    act = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}[name]
    widths = [3] + [16] * depth
    layers = []
    for inp, out in zip(widths, widths[1:], strict=False):
        layers += [nn.Conv2d(inp, out, 3, padding=1), act()]
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 64, 10))
    weighted = [m for m in net if hasattr(m, "weight")]
    for m in weighted:
        (nn.init.kaiming_normal_ if name == "relu" else nn.init.xavier_normal_)(m.weight)
        nn.init.zeros_(m.bias)
    x, y = torch.randn(32, 3, 8, 8), torch.randint(10, (32,))
    nn.functional.cross_entropy(net(x), y).backward()
    return [(m.weight.grad.norm() / m.weight.norm()).item() for m in weighted]


def experiment(off=False):
    depth = 1 if off else 6
    names = ["sigmoid", "tanh", "relu"]
    runs = {name: [_gradients(name, seed, depth) for seed in range(5)] for name in names}
    ratio = {name: [run[-1] / run[0] for run in runs[name]] for name in names}
    for name in names:
        if name == "sigmoid" and not off:
            assert min(ratio[name]) > 4**6, "through six sigmoids the gradient vanishes, by more than (1/4)⁶"
        else:
            assert max(ratio[name]) < 100, "otherwise the gradient arrives"
    mean = {name: [sum(layer) / 5 for layer in zip(*runs[name], strict=True)] for name in names}
    low = {name: f"{min(ratio[name]):.0f}–{max(ratio[name]):.0f}" for name in ("sigmoid",)}
    small = {name: f"{max(ratio[name]):.1f}" for name in ("tanh", "relu")}
    return {
        "off": ("one convolution in place of six", "六个卷积改为一个"),
        "says": (
            f"{depth} × convolution and a head. The head's relative gradient is {low['sigmoid']} times the first "
            f"layer's with sigmoid (5 seeds), at most {small['tanh']} times with tanh and {small['relu']} with ReLU."
            + (" Through a single sigmoid it does not vanish." if off else ""),
            f"共 {depth} 个卷积层加分类层。分类层的相对梯度是第一层的：sigmoid {low['sigmoid']} 倍（5 个种子），"
            f"tanh 至多 {small['tanh']} 倍，ReLU 至多 {small['relu']} 倍。"
            + ("只过一个 sigmoid 不会消失。" if off else ""),
        ),
        "title": ("Gradient / weights, layer by layer", "各层的 梯度 / 权重"),
        "chart": "curves",
        "x": list(range(1, depth + 2)),
        "x_label": ("layer", "层"),
        "log_x": False,
        "log_y": True,
        "series": [("sigmoid", mean["sigmoid"]), ("tanh", mean["tanh"]), ("ReLU", mean["relu"])],
    }


def worked():
    import torch
    from torch import nn

    def width(n, p):
        with torch.device("meta"):
            return nn.Conv2d(3, 4, 11, 4, p)(torch.empty(1, 3, n, n)).shape[-1]

    assert width(227, 0) == 55
    convs, dense = _counts()
    share = sum(dense) / (sum(dense) + sum(convs))
    return [
        f"+ 1 = {width(224, 0)}",
        f"+ 1 = {width(224, 2)}",
        f"+ 96 = {convs[0]}",
        str(sum(convs)),
        str(sum(dense)),
        str(dense[0]),
        f"{100 * share:.0f} %",
    ]


def first_map_draw(rng):
    n, p = rng.choice([(224, 0), (224, 1), (224, 2), (227, 0), (256, 0), (256, 1), (320, 0), (384, 2)])
    answer = (n + 2 * p - 11) // 4 + 1
    return {"n": n, "p": p, "answer": answer, "short": answer - 1, "quarter": n // 4, "dense": n + 2 * p - 10}


def first_map_evidence(drawn):
    import torch
    from torch import nn

    with torch.device("meta"):
        conv = nn.Conv2d(3, 4, 11, stride=4, padding=drawn["p"])
        width = conv(torch.empty(1, 3, drawn["n"], drawn["n"])).shape[-1]
    return [width == drawn[name] for name in ("answer", "short", "quarter", "dense")]


def vanish_evidence():
    ratio = {
        n: [g[-1] / g[0] for g in (_gradients(n, s) for s in range(5))] for n in ("sigmoid", "tanh", "relu")
    }
    gone = tuple(min(ratio[n]) > 1000 for n in ("sigmoid", "tanh", "relu"))
    assert max(ratio["tanh"] + ratio["relu"]) < 100
    return [
        gone == (True, True, False),
        gone == (True, False, False),
        gone == (True, True, True),
        gone == (False, False, False),
    ]


def checkpoint_evidence():
    convs, dense = _counts()
    total = 4 * (sum(convs) + sum(dense)) / 1e6
    assert 245 < total < 255 and 98 < total - 4 * dense[0] / 1e6 < 99
    averaged = 4 * (sum(convs) + 257 * 1000) / 1e6
    return [total - 4 * convs[0] / 1e6 < 50, averaged < 17, total - 4 * sum(convs) / 1e6 < 50, None]
