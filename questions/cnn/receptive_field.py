"""Experiment, draws and evidence for receptive_field.md."""


def _seen(layers, n=80):
    """The side of the part of an n×1 image on which one output in the middle depends: (kernel, stride) a layer."""
    import torch
    from torch.nn.functional import conv1d

    x = torch.zeros(1, 1, n, dtype=torch.float64, requires_grad=True)
    y = x
    for k, s in layers:
        y = conv1d(y, torch.ones(1, 1, k, dtype=torch.float64), stride=s)
    (slope,) = torch.autograd.grad(y[0, 0, y.shape[-1] // 2], x)
    where = slope[0, 0].nonzero().flatten()
    return int(where[-1] - where[0]) + 1


def _paths(depth, k=3):
    """How many paths lead from each pixel to the output in the middle of a stack of k×k convolutions."""
    import torch
    from torch.nn.functional import conv2d

    n = depth * (k - 1) + 1
    x = torch.zeros(1, 1, n, n, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(depth):
        y = conv2d(y, torch.ones(1, 1, k, k, dtype=torch.float64))
    return torch.autograd.grad(y.sum(), x)[0][0, 0]


def _spread(paths):
    import torch

    columns = paths.sum(0) / paths.sum()
    place = torch.arange(len(columns), dtype=torch.float64) - len(columns) // 2
    return (columns * place.square()).sum().sqrt().item()


def experiment(off=False):
    depths = [1, 2, 4, 8, 16]
    maps = [_paths(1, 2 * depth + 1) if off else _paths(depth) for depth in depths]
    sides, spreads = [len(m) for m in maps], [_spread(m) for m in maps]
    assert sides == [2 * depth + 1 for depth in depths], "the field grows by 2 a layer"
    ratio = spreads[-1] / spreads[2]
    if off:
        assert (maps[-1] == 1).all() and ratio > 3.5, "in one large kernel every pixel counts alike"
        says = (
            f"One kernel of the same side in place of the stack: every pixel has one path, and the deviation grows like the "
            f"side, {ratio:.1f} times from 9 to 33 ({spreads[2]:.2f} to {spreads[-1]:.2f} pixels).",
            f"用一个同样边长的大核代替：每个像素一条路径，标准差与边长成正比，从 9 到 33 变为 {ratio:.1f} 倍"
            f"（{spreads[2]:.2f} 到 {spreads[-1]:.2f} 个像素）。",
        )
    else:
        for depth, spread in zip(depths, spreads, strict=True):
            assert abs(spread - (2 * depth / 3) ** 0.5) < 1e-9, "the deviation is √(2L/3)"
        says = (
            f"From 4 to 16 layers the field's side grows from {sides[2]} to {sides[-1]}, the deviation of the paths "
            f"{ratio:.2f} times, from {spreads[2]:.2f} to {spreads[-1]:.2f} pixels.",
            f"从 4 层到 16 层，感受野边长从 {sides[2]} 增到 {sides[-1]}，路径的标准差变为 {ratio:.2f} 倍，从 {spreads[2]:.2f} 到 "
            f"{spreads[-1]:.2f} 个像素。",
        )
    shown = maps[3] / maps[3].max()
    return {
        "off": ("one large kernel in place of the stack", "用一个大核代替叠起来的小核"),
        "says": says,
        "charts": [
            {
                "chart": "picture",
                "title": (
                    "Paths from each pixel, side 17 (largest = 1)",
                    "各像素的路径数，边长 17（最大为 1）",
                ),
                "values": shown.tolist(),
                "low": 0,
                "high": 1,
            },
            {
                "chart": "curves",
                "title": ("What is seen and what counts", "能看到的与起作用的"),
                "x": depths,
                "x_label": ("layers", "层数"),
                "y_label": ("pixels", "像素"),
                "series": [
                    (("side of the field", "感受野边长"), sides),
                    (("deviation of the paths", "路径的标准差"), spreads),
                ],
            },
        ],
    }


def worked():
    layers, shown, jump = [], [], 1
    for k, s in ((3, 1), (3, 1), (2, 2), (3, 1), (3, 1), (2, 2), (3, 1)):
        layers.append((k, s))
        jump *= s
        name = "conv 3x3" if k == 3 else "pool 2x2"
        shown.append(f" {name}     {k}  {s}{_seen(layers):6d}{jump:4d}")
    return shown


def side_draw(rng):
    while True:
        layers = [(rng.choice([3, 5, 7]), rng.choice([1, 2])) for _ in range(3)]
        if not any(s == 2 for _, s in layers[:2]):
            continue
        r, j = {"answer": 1, "nostride": 1, "own": 1, "sum": 0}, 1
        for k, s in layers:
            r["answer"] += (k - 1) * j
            r["nostride"] += k - 1
            r["own"] += (k - 1) * j * s
            r["sum"] += k * j
            j *= s
        if len(set(r.values())) == 4:
            return {"text": ", ".join(f"k={k} s={s}" for k, s in layers)} | r


def side_evidence(drawn):
    layers = [tuple(int(part[2:]) for part in item.split()) for item in drawn["text"].split(", ")]
    side = _seen(layers)
    return [side == drawn[name] for name in ("answer", "nostride", "own", "sum")]


def depth_draw(rng):
    while True:
        s, r = rng.choice([2, 4]), rng.randint(30, 70)
        values = {
            "answer": -(-(r - 3) // (2 * s)),
            "flat": -(-(r - 3) // 2),
            "all": -(-(r - 3) // (2 * s)) + 1,
            "three": -(-(r - 3) // (3 * s)),
        }
        if len(set(values.values())) == 4:
            return {"s": s, "r": r, "step": 2 * s} | values


def depth_evidence(drawn):
    def least(count):
        def side(layers):
            return _seen([(3, drawn["s"]), *[(3, 1)] * layers], n=320)

        return side(count) >= drawn["r"] > side(count - 1)

    return [least(drawn[name]) for name in ("answer", "flat", "all", "three")]


def early_evidence():
    first, last = [(3, 2)] + [(3, 1)] * 7, [(3, 1)] * 7 + [(3, 2)]
    assert (_seen(first), _seen(last)) == (31, 17)
    own = _seen([(3, 2)]) > _seen([(3, 1)])
    after = _seen(first) == 3 + 7 * 4 and all(
        _seen(first[: i + 1]) - _seen(first[:i]) == 4 for i in range(1, 8)
    )
    return [None, own, after, None]


def hollow_evidence():
    import torch
    from torch.nn.functional import conv1d

    side = _seen([(3, 1)] * 10)
    blind = []
    for channels in (1, 8):  # a row through a plain inside, 200 long, and through plain road
        for seed in range(3):
            g = torch.Generator().manual_seed(seed)
            lorry, road = torch.full((2, 1, 1, 260), 0.5, dtype=torch.float64)
            lorry[..., :30] = lorry[..., 230:] = 0.9
            outputs = []
            weights = [
                torch.randn(channels, 1 if i == 0 else channels, 3, generator=g, dtype=torch.float64)
                for i in range(10)
            ]
            for x in (lorry, road):
                for w in weights:
                    x = conv1d(x, w, padding=1).relu()
                outputs.append(x[0, :, 130])
            blind.append(torch.equal(*outputs))
    return [None, side == 21 and all(blind), not all(blind), False]


def bell_evidence():
    ratio = _spread(_paths(16)) / _spread(_paths(4))
    return [abs(ratio / want - 1) < 0.02 for want in (1, 2, 33 / 9, 4)]
