"""Experiment, draws and evidence for conv_params.md."""


def _tally(layers, shape):
    """(class, parameters, multiply-adds, output elements) of each weighted layer, counted by running on meta."""
    import torch
    from torch import nn

    net, rows = nn.Sequential(*layers).to("meta"), []

    def note(module, inputs, output):
        positions = output[0].numel() // module.weight.shape[0]
        size = sum(p.numel() for p in module.parameters())
        rows.append((type(module).__name__, size, module.weight.numel() * positions, output.numel()))

    for module in net:
        if hasattr(module, "weight"):
            module.register_forward_hook(note)
    with torch.no_grad():
        net(torch.empty(1, *shape, device="meta"))
    return rows


def _vgg16(gap=False):
    from torch import nn

    layers, c = [], 3
    for item in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if item:
            layers += [nn.Conv2d(c, item, 3, padding=1, device="meta"), nn.ReLU()]
            c = item
        else:
            layers.append(nn.MaxPool2d(2))
    layers += [nn.AdaptiveAvgPool2d(1)] * gap + [nn.Flatten()]
    widths = (512, 1000) if gap else (25088, 4096, 4096, 1000)
    layers += [nn.Linear(a, b, device="meta") for a, b in zip(widths, widths[1:], strict=False)]
    return _tally(layers, (3, 224, 224))


def _shares(gap=False):
    """The dense layers' share of the parameters and of the multiply-adds."""
    rows = _vgg16(gap)
    return [sum(r[i] for r in rows if r[0] == "Linear") / sum(r[i] for r in rows) for i in (1, 2)]


def experiment(off=False):
    rows, (parameters, work) = _vgg16(off), _shares(off)
    total = sum(r[1] for r in rows)
    macs = sum(r[2] for r in rows)
    if off:
        assert parameters < 0.05, "without the wide dense head the convolutions hold the parameters"
    else:
        assert total == 138_357_544, "VGG-16's well-known size"
        assert parameters > 0.85 and work < 0.01, "dense layers hold the weights, convolutions do the work"
    says = (
        f"{total:,} parameters, {macs / 1e9:.2f} G multiply-adds. The dense part holds {100 * parameters:.1f} % of the "
        f"parameters and does {100 * work:.2f} % of the multiply-adds.",
        f"共 {total:,} 个参数、{macs / 1e9:.2f} G 次乘加。全连接部分占参数的 {100 * parameters:.1f} %，占乘加的 "
        f"{100 * work:.2f} %。",
    )
    names = [f"{'conv' if r[0] == 'Conv2d' else 'dense'} {i + 1}" for i, r in enumerate(rows)]
    return {
        "off": ("global average pooling and one dense layer", "改用全局平均汇聚加一个全连接层"),
        "says": says,
        "chart": "table",
        "title": ("VGG-16, layer by layer (millions)", "VGG-16 逐层统计（百万）"),
        "columns": [("layer", "层"), ("parameters", "参数"), ("multiply-adds", "乘加"), ("outputs", "输出")],
        "rows": [
            [name, f"{r[1] / 1e6:.3f}", f"{r[2] / 1e6:.0f}", f"{r[3] / 1e6:.3f}"]
            for name, r in zip(names, rows, strict=True)
        ],
    }


def worked():
    from torch import nn

    def count(*layers):
        rows = _tally(layers, (64, 56, 56))
        return sum(r[2] for r in rows), rows

    def line(name, *layers):
        macs = count(*layers)[0]
        weights = sum(m.weight.numel() for m in layers)
        return f" {name:20s}{weights:9d}{macs:16d}"

    shown = [
        line("3x3", nn.Conv2d(64, 128, 3, padding=1)),
        line("3x3, stride 2", nn.Conv2d(64, 128, 3, padding=1, stride=2)),
        line("3x3, groups = 4", nn.Conv2d(64, 128, 3, padding=1, groups=4)),
        line("depthwise + 1x1", nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.Conv2d(64, 128, 1)),
        line("1x1", nn.Conv2d(64, 128, 1)),
    ]
    macs, rows = count(nn.Conv2d(64, 128, 3, padding=1))
    return [*shown, f"P = {rows[0][1]}", f"{macs}", f"{2 * macs / 1e9:.2f} GFLOPs", f"{73728 / 8768:.1f}"]


def count_draw(rng):
    g = rng.choice([2, 4, 8])
    cin, cout = rng.sample([g * v for v in (2, 3, 4, 6, 8)], 2)
    k = rng.choice([3, 5])
    weights = cout * (cin // g) * k * k
    return {
        "g": g,
        "cin": cin,
        "cout": cout,
        "k": k,
        "answer": weights + cout,
        "nogroups": weights * g + cout,
        "nobias": weights,
        "wrongbias": weights + cin,
    }


def count_evidence(drawn):
    from torch import nn

    layer = nn.Conv2d(drawn["cin"], drawn["cout"], drawn["k"], padding=1, groups=drawn["g"])
    size = sum(p.numel() for p in layer.parameters())
    return [size == drawn[name] for name in ("answer", "nogroups", "nobias", "wrongbias")]


def gflops_draw(rng):
    model, k, cin, cout, n, p = rng.choice(
        [
            ("ResNet-50", 7, 3, 64, 224, 3),
            ("ResNet-50", 3, 128, 128, 56, 1),
            ("ResNet-50", 3, 256, 256, 28, 1),
            ("ResNet-50", 3, 512, 512, 14, 1),
            ("ResNet-18", 3, 64, 128, 56, 1),
            ("ResNet-18", 3, 128, 256, 28, 1),
        ]
    )
    m = n // 2
    macs = m * m * cout * cin * k * k
    values = {"answer": 2 * macs, "macs": macs, "atinput": 8 * macs, "nocin": 2 * macs / cin}
    return {"model": model, "k": k, "cin": cin, "cout": cout, "n": n, "s": 2, "p": p, "m": m} | {
        name: float(f"{v / 1e9:.3g}") for name, v in values.items()
    }


def gflops_evidence(drawn):
    from torch import nn

    layer = nn.Conv2d(drawn["cin"], drawn["cout"], drawn["k"], stride=2, padding=drawn["p"], device="meta")
    macs = _tally([layer], (drawn["cin"], drawn["n"], drawn["n"]))[0][2]
    return [abs(2 * macs / 1e9 / drawn[name] - 1) < 0.01 for name in ("answer", "macs", "atinput", "nocin")]


def separable_draw(rng):
    k, c = rng.choice([3, 5]), rng.choice([16, 32, 48, 64, 96])
    values = {"answer": c * k * k / (c + k * k), "k2": k * k, "sum": c + k * k}
    return {"k": k, "c": c} | {name: float(f"{v:.3g}") for name, v in values.items()}


def separable_evidence(drawn):
    from torch import nn

    k, c = drawn["k"], drawn["c"]
    full = nn.Conv2d(c, c, k, bias=False).weight.numel()
    depthwise, mix = nn.Conv2d(c, c, k, groups=c, bias=False), nn.Conv2d(c, c, 1, bias=False)
    factor = full / (depthwise.weight.numel() + mix.weight.numel())
    return [abs(factor / drawn[name] - 1) < 0.01 for name in ("answer", "k2", "c", "sum")]


def bias_evidence():
    import torch
    from torch import nn

    x = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    layer, norm = nn.Conv2d(3, 5, 3).double(), nn.BatchNorm2d(5).double()
    outputs = []
    for value in (0.0, 7.0):
        nn.init.constant_(layer.bias, value)
        outputs.append(norm(layer(x)))
    shared = layer.bias.shape == (5,)
    assert norm.weight.shape == norm.bias.shape == (5,)
    return [None, torch.allclose(*outputs), not shared, None]


def resolution_evidence():
    from torch import nn

    def sums(n):
        layers = [
            nn.Conv2d(3, 8, 3, padding=1),
            nn.Conv2d(8, 16, 3, padding=1, stride=2),
            nn.Conv2d(16, 4, 1),
        ]
        rows = _tally(layers, (3, n, n))
        return [sum(r[i] for r in rows) for i in (1, 2, 3)]

    parameters, macs, outputs = (b / a for a, b in zip(sums(224), sums(448), strict=True))
    assert macs == 4
    return [parameters == 4, None, None, parameters == 1 and outputs == 4]


def where_evidence():
    parameters, work = (share > 0.5 for share in _shares())
    return [
        (parameters, work) == pair for pair in ((False, False), (True, True), (True, False), (False, True))
    ]
