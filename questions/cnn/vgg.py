"""Experiment, draws and evidence for vgg.md."""

BLOCKS = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]


def _blocks(size=224, constant=False):
    """Parameters, output numbers and multiplications of each block's convolutions, counted on layers."""
    import torch
    from torch import nn

    rows, inp = [], 3
    with torch.device("meta"):
        x = torch.empty(1, 3, size, size)
        for depth, out in BLOCKS:
            out = 64 if constant else out
            parameters = outputs = work = 0
            for _ in range(depth):
                conv = nn.Conv2d(inp, out, 3, padding=1)
                x, inp = conv(x), out
                parameters += sum(p.numel() for p in conv.parameters())
                outputs += x.numel()
                work += conv.weight.numel() * x.shape[-1] * x.shape[-2]
            x = nn.MaxPool2d(2)(x)
            rows.append((parameters, outputs, work))
    assert x.shape == (1, inp, size // 32, size // 32)
    return rows


DENSE = [(7 * 7 * 512, 4096), (4096, 4096), (4096, 1000)]


def experiment(off=False):
    rows = _blocks(constant=off)
    parameters, outputs, _ = zip(*rows, strict=True)
    assert outputs.index(max(outputs)) == 0
    if off:
        assert parameters[4] == parameters[3] == parameters[2], (
            "with equal channels the last blocks are equal"
        )
        assert sum(parameters[3:]) / sum(parameters) < 0.6
    else:
        assert parameters.index(max(parameters)) == 4
        assert sum(parameters[3:]) / sum(parameters) > 0.8
    part = 100 * sum(parameters[3:]) / sum(parameters)
    front = 100 * outputs[0] / sum(outputs)
    return {
        "off": ("64 channels in every block", "每一块都是 64 个通道"),
        "says": (
            f"Blocks 4 and 5 hold {part:.0f} % of the convolutions' parameters, block 1 {front:.0f} % of their outputs.",
            f"第 4、5 块占卷积参数的 {part:.0f} %，第 1 块占卷积输出的 {front:.0f} %。",
        ),
        "charts": [
            {
                "title": ("Parameters (thousands)", "参数（千个）"),
                "chart": "bars",
                "bars": [((f"block {i}", f"第 {i} 块"), n / 1e3) for i, n in enumerate(parameters, 1)],
                "unit": "",
                "log": False,
            },
            {
                "title": ("Outputs for one image (thousands)", "一张图的输出（千个数）"),
                "chart": "bars",
                "bars": [((f"block {i}", f"第 {i} 块"), n / 1e3) for i, n in enumerate(outputs, 1)],
                "unit": "",
                "log": False,
            },
        ],
    }


def worked():
    rows = _blocks()
    convs, outputs, work = (sum(column) for column in zip(*rows, strict=True))
    dense = [inp * out + out for inp, out in DENSE]
    work += sum(inp * out for inp, out in DENSE)
    assert abs(work / 1e9 - 15.5) < 0.05
    shown = [convs + sum(dense), dense[0], convs, outputs, rows[0][1], 3 * 9 * 64**2, 49 * 64**2]
    return [str(n) for n in shown]


def why_small_evidence():
    import torch
    from torch import nn

    reach = []
    for layers in (
        [nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(3)],
        [nn.Conv2d(1, 1, 7, padding=3)],
    ):
        x = torch.zeros(1, 1, 15, 15, requires_grad=True)
        y = x
        for layer in layers:
            nn.init.ones_(layer.weight)
            y = layer(y)
        y[0, 0, 7, 7].backward()
        reach.append(int((x.grad != 0).any(2).sum()))
    same = reach == [7, 7]
    fewer = 3 * 9 < 7 * 7  # 27 numbers cannot set 49 freely
    return [reach[0] < reach[1], None, same and fewer, None]


def saved_draw(rng):
    m, c = rng.choice([2, 3, 4]), rng.choice([32, 64, 96, 128, 256])
    k = 2 * m + 1
    return {
        "m": m,
        "c": c,
        "k": k,
        "square": k * k,
        "nine": 9 * m,
        "answer": (k * k - 9 * m) * c * c,
        "linear": (k * k - 9 * m) * c,
        "once": (k * k - 9) * c * c,
        "wide": ((3 * m) ** 2 - 9 * m) * c * c,
    }


def saved_evidence(drawn):
    import torch
    from torch import nn

    with torch.device("meta"):
        small = [nn.Conv2d(drawn["c"], drawn["c"], 3, bias=False) for _ in range(drawn["m"])]
        field = 1 + sum(layer.kernel_size[0] - 1 for layer in small)
        large = nn.Conv2d(drawn["c"], drawn["c"], field, bias=False)
    saved = large.weight.numel() - sum(layer.weight.numel() for layer in small)
    return [saved == drawn[name] for name in ("answer", "linear", "once", "wide")]


def where_evidence():
    parameters, outputs, _ = zip(*_blocks(), strict=True)
    at = (parameters.index(max(parameters)) + 1, outputs.index(max(outputs)) + 1)
    return [at == (1, 1), at == (5, 5), at == (5, 1), at == (1, 5)]


def oom_evidence():
    import torch

    rows = _blocks()
    outputs = [n for _, n, _ in rows]
    half = 0.45 < outputs[0] / sum(outputs) < 0.5 and abs(outputs[0] * 64 * 4 / 1e9 - 1.6) < 0.1
    pooled = sum(n / depth / 4 for n, (depth, _) in zip(outputs, BLOCKS, strict=True))
    assert round(8 * pooled / 1e6) == 12 and round(4 * sum(outputs) / 1e6) == 54
    _, index = torch.nn.functional.max_pool2d(torch.zeros(1, 1, 4, 4), 2, return_indices=True)
    assert index.element_size() == 8
    return [None, half, outputs[4] / 3 > outputs[0] / 2, None]
