"""Experiment, draws and evidence for quantization.md. Codes are rounded and rebuilt as floats: no int8 kernel is run."""


def _rebuilt(x, dim=None):
    """x after symmetric 8-bit quantisation, and the codes; one scale for all, or one for each slice along dim."""
    s = (x.abs().max() if dim is None else x.abs().amax(dim, keepdim=True)) / 127
    q = (x / s).round()
    return s * q, q


def worked():
    texts = []
    for second in (-1.27, -12.7):
        w = [0.40, second, 0.03, 0.80]
        s = max(map(abs, w)) / 127
        texts += [f"{s:.2g}", ", ".join(str(round(x / s)).replace("-", "−") for x in w)]
    bits = 4 + 16 / 128
    return [*texts, f"{6.74 * 2:.2f} GB", f"{bits:g}", f"{6.74 * bits / 8:.2f} GB"]


def _layer(seed, times):
    """Activations with one feature `times` as large as the others, and weights that are small there."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x, w = torch.randn(64, 128, generator=g), torch.randn(32, 128, generator=g)
    if times > 1:
        x[:, 17] = times * (1 + 0.1 * torch.randn(64, generator=g))
        w[:, 17] /= times
    return x, w


def _errors(x, w):
    right = x @ w.T
    return [((_rebuilt(x, dim)[0] @ w.T - right).norm() / right.norm()).item() for dim in (None, 1, 0)]


def experiment(off=False):
    rows = []
    for seed in range(4):
        one, token, feature = row = _errors(*_layer(seed, 1 if off else 60))
        rows.append(row)
        if off:
            assert max(row) < 0.02 and max(row) < 3 * min(row), (
                "without an outlier the three do about as well"
            )
        else:
            assert one > token > 0.6 * one, "a scale per token hardly helps"
            assert feature < 0.15 * one, "a scale per feature does"
    one, token, feature = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    x, _w = _layer(0, 1 if off else 60)
    start = ("No outlier", "没有离群值") if off else ("With an outlier in one feature", "一个特征有离群值")
    says = tuple(
        text.format(begin=begin, one=one, token=token, feature=feature)
        for begin, text in zip(
            start,
            (
                "{begin}: the error of XWᵀ is {one:.1%} of its norm with one scale, {token:.1%} with one per token, "
                "{feature:.1%} with one per feature (means of 4 seeds).",
                "{begin}：XWᵀ 的相对误差，整个 X 一个 s 为 {one:.1%}，每个 token 一个为 {token:.1%}，每个特征一个为 "
                "{feature:.1%}（4 个种子的均值）。",
            ),
            strict=True,
        )
    )
    pictures = [
        {
            "chart": "picture",
            "title": title,
            "values": _rebuilt(x, dim)[1][:10, :60].abs().tolist(),
            "low": 0,
            "high": 127,
        }
        for dim, title in (
            (
                1,
                (
                    "Codes |q| with a scale per token (rows: tokens)",
                    "每个 token 一个 s 时的编码 |q|（每行一个 token）",
                ),
            ),
            (0, ("Codes |q| with a scale per feature (columns)", "每个特征（列）一个 s 时的编码 |q|")),
        )
    ]
    return {
        "says": says,
        "off": ("no outlier feature", "没有离群的特征"),
        "charts": [
            {
                "chart": "bars",
                "title": ("Relative error of XWᵀ", "XWᵀ 的相对误差"),
                "bars": [
                    (("one scale", "整个 X 一个 s"), one),
                    (("per token", "每个 token 一个"), token),
                    (("per feature", "每个特征一个"), feature),
                ],
            },
            *pictures,
        ],
    }


def code_draw(rng):
    while True:
        scale = rng.choice([0.02, 0.05, 0.1, 0.2])
        zero, code = rng.randrange(30, 110), rng.randrange(120, 250)
        low, high = -zero * scale, (255 - zero) * scale
        x = (code - zero + rng.choice([-0.25, 0.25])) * scale
        values = {
            "answer": code,
            "no_zero": code - zero,
            "symmetric": round(x / (max(-low, high) / 127)),
            "subtracted": code - 2 * zero,
        }
        if len(set(values.values())) == 4:
            shown = {"low": low, "high": high, "x": x, "minus_low": -low}
            return {"scale": scale, "zero": zero} | {k: float(f"{v:.4g}") for k, v in shown.items()} | values


def code_evidence(drawn):
    """The code whose value comes nearest, of all 256; the lowest stands for the low end, the highest for the high."""
    step = (drawn["high"] - drawn["low"]) / 255
    nearest = min(range(256), key=lambda q: abs(drawn["low"] + step * q - drawn["x"]))
    return [drawn[name] == nearest for name in ("answer", "no_zero", "symmetric", "subtracted")]


def size_draw(rng):
    billions, group = rng.choice([1.24, 3.21, 6.74, 8.03, 13.0, 70.6]), rng.choice([32, 64, 128])
    values = {
        "answer": billions * (4 + 16 / group) / 8,
        "bare": billions / 2,
        "byte": billions,
        "wide": billions * (4 + 32 / group) / 8,
    }
    return {"billions": billions, "group": group, "bits": 4 + 16 / group, "extra": 16 / group} | {
        k: float(f"{v:.4g}") for k, v in values.items()
    }


def size_evidence(drawn):
    """Packs a small matrix and weighs it."""
    import torch

    group, rows = drawn["group"], 256
    w = torch.randn(rows, group)
    s = (w.abs().amax(1, keepdim=True) / 7).half()
    q = ((w / s.float()).round().clamp(-7, 7) + 8).to(torch.uint8)
    packed = q[:, ::2] | (q[:, 1::2] << 4)
    back = torch.stack([packed & 15, packed >> 4], 2).flatten(1).float() - 8
    assert (s.float() * back - w).abs().max() <= 0.51 * s.max().item(), "the weights can be rebuilt from it"
    total = drawn["billions"] * (packed.nbytes + s.nbytes) / w.numel()
    return [abs(drawn[name] / total - 1) < 0.01 for name in ("answer", "bare", "byte", "wide")]


def sum_index_evidence():
    import torch

    x, w = (t.double() for t in _layer(0, 60))
    w_back, w_codes = _rebuilt(w, 1)

    def pulled_out(dim):
        """Whether the integers' product times (a number a row) × (a number a column) gives the rebuilt product."""
        back, codes = _rebuilt(x, dim)
        ratio = (back @ w_back.T) / (codes @ w_codes.T)
        values = torch.linalg.svdvals(ratio)
        return (values[1] / values[0]).item() < 1e-9

    by_token, by_feature = pulled_out(1), pulled_out(0)
    size = x.abs().mean(0), x.abs().mean(1)
    differ_by_token = (size[1].max() / size[1].min()).item() > (size[0].max() / size[0].min()).item()
    return [differ_by_token, by_token and not by_feature, None, None]


def granularity_evidence():
    found = set()
    for seed in range(4):
        one, token, feature = _errors(*_layer(seed, 60))
        found.add((token < 0.5 * one, feature < 0.5 * one))
    return [found == {pair} for pair in ((True, True), (True, False), (False, True), (False, False))]


def prefill_evidence():
    n, flops, bandwidth = 8.03e9, 989e12, 3.35e12  # an H100's bf16 FLOP/s and bytes/s
    weights = {"bf16": 2 * n, "int4": n * 4.125 / 8}

    def seconds(kind, tokens):
        return max(weights[kind] / bandwidth, 2 * n * tokens / flops)

    decoding = seconds("bf16", 1) / seconds("int4", 1)
    prompt = seconds("bf16", 4096) / seconds("int4", 4096)
    assert abs(seconds("bf16", 4096) - 0.066) < 0.001 and abs(weights["bf16"] / bandwidth - 0.0048) < 1e-4
    scales_matter = n * (16 / 128) / 8 / weights["int4"] > 0.05
    products_slower = seconds("int4", 4096) > seconds("bf16", 4096)
    return [scales_matter, None, products_slower, decoding > 3 and prompt == 1]
