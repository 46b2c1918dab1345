"""Experiment, draws and evidence for conv_shape.md."""


def _reads(n, k, s, p=0):
    """How many outputs read each pixel of an n×n image."""
    import torch

    x = torch.zeros(1, 1, n, n, requires_grad=True)
    y = torch.nn.functional.conv2d(x, torch.ones(1, 1, k, k), stride=s, padding=p)
    return torch.autograd.grad(y.sum(), x)[0][0, 0].int().tolist()


def experiment(off=False):
    n = 9 if off else 8
    reads = _reads(n, 3, 2)
    flat = [v for row in reads for v in row]
    unread = flat.count(0)
    assert max(flat) == 4, "a pixel lies in four windows at most"
    if off:
        assert unread == 0, "9 − 3 is divisible by 2: every pixel is read"
        says = (
            f"(9 − 3)/2 = 3 without a remainder: a 4×4 output, and {unread} of {n * n} pixels are unread.",
            f"(9 − 3)/2 = 3，没有余数：输出 4×4，{n * n} 个像素中有 {unread} 个没被读到。",
        )
    else:
        edge = sum(v == 0 for v in reads[-1]) + sum(row[-1] == 0 for row in reads[:-1])
        assert unread == edge == 15, "the last row and column, and nothing else, are unread"
        says = (
            f"(8 − 3)/2 = 2.5 is rounded down: a 3×3 output, and {unread} of {n * n} pixels, the last row and column, "
            f"are never read. Inside, a pixel is read up to {max(flat)} times.",
            f"(8 − 3)/2 = 2.5 向下取整：输出 3×3，{n * n} 个像素中有 {unread} 个（最后一行和最后一列）从未被读到；"
            f"内部的像素最多被读 {max(flat)} 次。",
        )
    return {
        "off": ("a 9×9 image, where the division is exact", "9×9 的图，恰好除尽"),
        "says": says,
        "charts": [
            {
                "chart": "picture",
                "title": ("How many outputs read each pixel", "每个像素被几个输出读到"),
                "values": reads,
                "low": 0,
                "high": 4,
            },
            {
                "chart": "text",
                "title": ("The same in numbers", "数字形式"),
                "lines": [" ".join(map(str, row)) for row in reads],
            },
        ],
    }


def _side(n, k, s, p, d):
    import torch
    from torch import nn

    layer = nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d, device="meta")
    return layer(torch.empty(1, 1, n, n, device="meta")).shape[-1]


def worked():
    rows = [(28, 5, 1, 0, 1), (28, 5, 1, 2, 1), (28, 3, 1, 2, 2), (28, 3, 2, 1, 1), (7, 3, 2, 0, 1)]
    rows.append((8, 3, 2, 0, 1))
    shown = [f"{n:4d}{k:4d}{s:3d}{p:3d}{d:3d}{_side(n, k, s, p, d):6d}" for n, k, s, p, d in rows]
    return [*shown, f"54 + 1 = {_side(224, 11, 4, 2, 1)}"]


def size_draw(rng):
    while True:
        n, k, s, p, d = (
            rng.randint(20, 64),
            rng.choice([3, 5, 7]),
            rng.choice([1, 2, 3]),
            rng.choice([1, 2, 3, 4]),
            rng.choice([2, 3]),
        )
        span = d * (k - 1) + 1
        values = {
            "answer": (n + 2 * p - span) // s + 1,
            "once": (n + p - span) // s + 1,
            "dense": (n + 2 * p - k) // s + 1,
            "no_one": (n + 2 * p - span) // s,
        }
        if values["no_one"] > 1 and len(set(values.values())) == 4:
            return {"n": n, "k": k, "s": s, "p": p, "d": d, "span": span} | values


def size_evidence(drawn):
    side = _side(*(drawn[name] for name in "nkspd"))
    return [side == drawn[name] for name in ("answer", "once", "dense", "no_one")]


def odd_evidence():
    keeps = {k: any(_side(28, k, 1, p, 1) == 28 for p in range(8)) for k in range(2, 9)}
    whole = all(kept == (k % 2 == 1) for k, kept in keeps.items())
    assert _side(28, 2, 1, 1, 2) == 28  # dilated by 2, an even kernel keeps the size too: d(k − 1) = 2
    lost = any(v == 0 for k in (2, 4) for row in _reads(8, k, 1) for v in row)
    return [None, whole, lost, None]


def skip_evidence():
    import torch

    def joins(n, channels=4):
        a = torch.zeros(1, 3, n, n)
        b = torch.nn.functional.conv2d(a, torch.zeros(channels, 3, 3, 3), stride=2, padding=1)
        c = torch.nn.functional.conv2d(b, torch.zeros(2, channels, 3, 3), stride=2, padding=1)
        up = c.repeat_interleave(2, 2).repeat_interleave(2, 3)
        try:
            torch.cat([up, b], 1)
        except RuntimeError as error:
            return str(error)
        return ""

    assert not joins(64)  # with the same kernel and stride
    channels = any(joins(64, c) for c in (1, 2, 7))
    fails = "Expected size 26 but got size 25" in joins(50)
    divisible = fails and not any(joins(n) for n in (48, 52, 64))
    return [None, channels, divisible, None]


def unread_evidence():
    reads = _reads(8, 3, 2)
    flat = [v for row in reads for v in row]
    far = all(v == 0 for v in reads[-1]) and all(row[-1] == 0 for row in reads)
    near = all(v == 0 for v in reads[0])
    return [set(flat) == {1}, max(flat) == 9, max(flat) == 4 and far and not near, max(flat) == 4 and near]
