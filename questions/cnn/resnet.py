"""Experiment, draws and evidence for resnet.md."""

DEPTHS = (1, 4, 16)


def _first(depth, skip, norm, seed):
    """‖gradient‖ of the first of 2·depth convolutions after one backward pass."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    convs = [nn.Conv2d(8, 8, 3, padding=1) for _ in range(2 * depth)]
    norms = [nn.BatchNorm2d(8) if norm else nn.Identity() for _ in convs]
    x = torch.randn(16, 8, 6, 6)
    for i in range(0, 2 * depth, 2):
        y = norms[i + 1](convs[i + 1](norms[i](convs[i](x)).relu()))
        x = (y + x if skip else y).relu()
    logits = nn.Linear(8, 2)(x.mean((2, 3)))
    nn.functional.cross_entropy(logits, torch.randint(2, (16,))).backward()
    return convs[0].weight.grad.norm().item()


def _runs(norm):
    return {skip: [[_first(d, skip, norm, s) for s in range(5)] for d in DEPTHS] for skip in (False, True)}


def _range(values):
    return max(map(max, values)) / min(map(min, values))


def experiment(off=False):
    runs = _runs(norm=off)
    plain, skip = runs[False], runs[True]
    if off:
        assert min(plain[-1]) > max(plain[0]), (
            "with batch norm the plain net's gradient does not vanish: it grows"
        )
        assert min(plain[-1]) > max(skip[-1]), "faster than with skips"
    else:
        assert max(plain[-1]) < 1e-12, "plain, it vanishes with depth"
        assert _range(skip) < 30, "with skips it stays in one range"
    mean = {kind: [sum(v) / 5 for v in runs[kind]] for kind in runs}
    how = ("With", "有") if off else ("Without", "没有")
    return {
        "off": ("batch norm after every convolution", "每个卷积后加 BatchNorm"),
        "says": (
            f"{how[0]} batch norm, 16 blocks (mean of 5 seeds): the first gradient is {mean[False][-1]:.1e} plain and "
            f"{mean[True][-1]:.1e} with skips; with one block {mean[False][0]:.1e} and {mean[True][0]:.1e}.",
            f"{how[1]} BatchNorm，16 个块（5 个种子平均）：第一层梯度，普通网络 {mean[False][-1]:.1e}，有残差连接 "
            f"{mean[True][-1]:.1e}；只有一个块时是 {mean[False][0]:.1e} 和 {mean[True][0]:.1e}。",
        ),
        "title": ("Gradient of the first convolution", "第一个卷积的梯度"),
        "chart": "curves",
        "x": list(DEPTHS),
        "x_label": ("blocks", "块数"),
        "log_x": True,
        "log_y": True,
        "series": [(("plain", "普通"), mean[False]), (("with skips", "有残差连接"), mean[True])],
    }


def _weights(inp, out):
    import torch
    from torch import nn

    with torch.device("meta"):
        layers = [
            nn.Conv2d(inp, out, 3, 2, 1, bias=False),
            nn.Conv2d(out, out, 3, 1, 1, bias=False),
            nn.Conv2d(inp, out, 1, 2, bias=False),
        ]
        x = torch.empty(1, inp, 56, 56)
        assert layers[1](layers[0](x)).shape == layers[2](x).shape
    return [layer.weight.numel() for layer in layers]


def worked():
    import torch

    shown = []
    for skip in (0.0, 1.0):
        x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
        y = x
        for _ in range(16):
            y = skip * y + 0.1 * y
        y.backward()
        shown.append(f"{x.grad.item():.2f}" if skip else f"{x.grad.item():.1e}")
    first, second, one = _weights(64, 128)
    return [*shown, str(one), str(first + second)]


def nested_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    branch = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
    x = torch.randn(2, 4, 6, 6).relu()
    before = torch.equal((x + branch(x)).relu(), x)
    for p in branch[2].parameters():
        nn.init.zeros_(p)
    # a step too long from the identity makes the deeper net worse at once: nesting is no promise
    target, w = torch.tensor(1.0), torch.tensor(0.0, requires_grad=True)
    start = 0.25 * (target - 0.5 * (1 + w)) ** 2
    start.backward()
    worse = 0.25 * (target - 0.5 * (1 + w - 40 * w.grad)) ** 2 > start
    return [not bool(worse), None, torch.equal((x + branch(x)).relu(), x) and not before, None]


def depth_evidence():
    runs = _runs(norm=False)
    plain, skip = runs[False], runs[True]
    vanishes, stays = max(plain[-1]) < 1e-12, _range(skip) < 30
    return [
        _range(plain) < 30 and max(skip[-1]) < 1e-12,
        vanishes and stays,
        vanishes and max(skip[-1]) < 1e-9,
        _range(plain) < 30 and stays,
    ]


def projection_draw(rng):
    inp, out = rng.choice([(64, 128), (128, 256), (256, 512), (64, 256), (32, 64), (48, 96)])
    plain = 9 * inp * out + 9 * out * out
    return {
        "inp": inp,
        "out": out,
        "answer": plain + inp * out,
        "plain": plain,
        "three": plain + 9 * inp * out,
        "same": 19 * inp * out,
    }


def projection_evidence(drawn):
    total = sum(_weights(drawn["inp"], drawn["out"]))
    return [total == drawn[name] for name in ("answer", "plain", "three", "same")]


def mismatch_evidence():
    import torch
    from torch import nn

    with torch.device("meta"):
        x = torch.empty(2, 64, 56, 56)
        branch = [nn.Conv2d(64, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1)]
        skips = [nn.BatchNorm2d(64), nn.Conv2d(64, 64, 1, 2), nn.Conv2d(64, 128, 1)]

        def works(layers, skip):
            try:
                return (nn.Sequential(*layers)(x) + skip(x)).shape == (2, 64, 28, 28)
            except RuntimeError:
                return False

        fits = [works(branch, skip) for skip in skips]
        return [*fits, works([branch[0], branch[1], branch[3]], nn.Identity())]
