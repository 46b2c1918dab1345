"""Experiment, draws and evidence for transformer_params.md."""


def _count(module):
    return sum(p.numel() for p in module.parameters())


def _layer(d, ff, heads=8, decoder=False):
    """The number of parameters of torch's own layer, built without memory."""
    from torch import nn

    kind = nn.TransformerDecoderLayer if decoder else nn.TransformerEncoderLayer
    return _count(kind(d, heads, ff, device="meta"))


def worked():
    from torch import nn

    d, ff = 512, 2048
    encoder, decoder = _layer(d, ff), _layer(d, ff, decoder=True)
    attention = _count(nn.MultiheadAttention(d, 8, device="meta"))
    both = 6 * (encoder + decoder)
    estimate = 6 * (12 + 16) * d * d
    numbers = [
        attention,
        encoder - attention - 4 * d,
        2 * d,
        encoder,
        decoder,
        both,
        estimate,
        37000 * d,
    ]
    return [f"{number:,}" for number in numbers] + [f"{100 * (1 - estimate / both):.1f} %"]


GPT2 = {"small": (12, 768), "medium": (24, 1024), "large": (36, 1280), "XL": (48, 1600)}


def _shares(layers, d, vocab, positions=1024):
    """Per cent of all parameters in the token table, in attention, in the FFNs; and how many there are in all."""
    from torch import nn

    attention = layers * _count(nn.MultiheadAttention(d, 1, device="meta"))
    ffn = layers * (_layer(d, 4 * d, heads=1) - 4 * d) - attention
    table = vocab * d
    total = table + attention + ffn + positions * d + (2 * layers + 1) * 2 * d
    return [100 * part / total for part in (table, attention, ffn)], total


def experiment(off=False):
    vocab = 256 if off else 50257
    found = {name: _shares(layers, d, vocab) for name, (layers, d) in GPT2.items()}
    shares = {name: share for name, (share, _total) in found.items()}
    totals = [total for _share, total in found.values()]
    small, large = shares["small"][0], shares["XL"][0]
    if off:
        assert small < 0.5, "a table of bytes weighs nothing at any size"
        says = (
            f"With 256 rows the table holds {small:.2f} % of the small model and {large:.2f} % of the large one: nothing "
            f"is left to shrink. The FFNs hold two thirds at every size, {shares['small'][2]:.0f} %.",
            f"只有 256 行时，表在小模型里占 {small:.2f} %，在大模型里占 {large:.2f} %，已经无可再降。各种大小下 FFN 都占三分之二，"
            f"即 {shares['small'][2]:.0f} %。",
        )
    else:
        assert totals[0] == 124_439_808 and totals[-1] == 1_557_611_200, "the sizes of GPT-2"
        assert small > 30 and large < 6, "the table's share falls from 31 % to 5 %"
        says = (
            f"From {totals[0] / 1e6:.0f} million to {totals[-1] / 1e9:.2f} billion parameters the token table's share falls "
            f"from {small:.0f} % to {large:.1f} %; the FFNs rise from {shares['small'][2]:.0f} % to {shares['XL'][2]:.0f} %.",
            f"参数从 {totals[0] / 1e8:.2f} 亿增到 {totals[-1] / 1e8:.1f} 亿，token 表的占比从 {small:.0f} % 降到 {large:.1f} %，"
            f"FFN 的占比从 {shares['small'][2]:.0f} % 升到 {shares['XL'][2]:.0f} %。",
        )
    return {
        "says": says,
        "off": (
            "a vocabulary of 256 bytes instead of 50,257 tokens",
            "词表由 50,257 个 token 改为 256 个字节",
        ),
        "title": ("Where GPT-2's parameters are", "GPT-2 的参数都在哪里"),
        "chart": "curves",
        "x": [total / 1e6 for total in totals],
        "x_label": ("parameters, millions", "参数量，百万"),
        "y_label": ("share, %", "占比，%"),
        "log_x": True,
        "series": [
            (("token table", "token 表"), [share[0] for share in shares.values()]),
            (("attention", "注意力"), [share[1] for share in shares.values()]),
            ("FFN", [share[2] for share in shares.values()]),
        ],
    }


def stack_draw(rng):
    layers, d = rng.choice([6, 12, 18, 24, 32]), rng.choice([384, 512, 768, 1024, 1536, 2048])
    per = {"answer": 12, "cross": 16, "ffn": 8, "three": 11}
    return {"L": layers, "d": d} | {name: round(k * layers * d * d / 1e6, 1) for name, k in per.items()}


def stack_evidence(drawn):
    d = drawn["d"]
    millions = drawn["L"] * _layer(d, 4 * d) / 1e6
    return [abs(millions / drawn[name] - 1) < 0.02 for name in ("answer", "cross", "ffn", "three")]


def heads_evidence():
    from torch import nn

    few, many = (nn.MultiheadAttention(512, h, device="meta") for h in (8, 16))
    same = _count(few) == _count(many) and few.in_proj_weight.shape == many.in_proj_weight.shape == (
        1536,
        512,
    )
    halved = many.head_dim == few.head_dim // 2
    shares = few.in_proj_weight.shape[0] < 3 * 512  # one projection for all heads would be narrower
    return [None, same and halved, shares, None]


def table_share_evidence():
    layers, d = GPT2["XL"]
    share = _shares(layers, d, 50257)[0][0]
    return [abs(share / guess - 1) < 0.1 for guess in (31, 15, 5, 0.3)]


def order_evidence():
    (table, attention, ffn), total = _shares(12, 768, 50257)
    positions, norms = 100 * 1024 * 768 / total, 100 * 25 * 2 * 768 / total
    sizes = [ffn, table, attention, positions, norms]
    return [sizes == sorted(sizes, reverse=True) and abs(sum(sizes) - 100) < 1e-6]


def modern_draw(rng):
    layers, d, heads, kv, head, ff = rng.choice(
        [
            (32, 4096, 32, 8, 128, 14336),
            (80, 8192, 64, 8, 128, 28672),
            (16, 2048, 32, 8, 64, 8192),
            (28, 3584, 28, 4, 128, 18944),
            (40, 5120, 40, 8, 128, 17408),
            (36, 4096, 32, 8, 128, 12288),
        ]
    )
    narrow = kv * head
    counts = {
        "answer": 2 * d * d + 2 * d * narrow + 3 * d * ff,
        "two": 2 * d * d + 2 * d * narrow + 2 * d * ff,
        "full": 4 * d * d + 3 * d * ff,
        "rule": 12 * d * d,
    }
    sizes = {"L": layers, "d": d, "heads": heads, "kv": kv, "head": head, "ff": ff}
    return sizes | {name: round(2 * layers * count / 1e9, 2) for name, count in counts.items()}


def modern_evidence(drawn):
    import torch
    from torch import nn

    d, ff, narrow = drawn["d"], drawn["ff"], drawn["kv"] * drawn["head"]
    shapes = [(d, d), (d, narrow), (d, narrow), (d, d), (d, ff), (d, ff), (ff, d)]  # q k v o gate up down
    matrices = [nn.Linear(*s, bias=False, device="meta", dtype=torch.bfloat16).weight for s in shapes]
    gigabytes = drawn["L"] * sum(w.nbytes for w in matrices) / 1e9
    return [abs(gigabytes / drawn[name] - 1) < 0.02 for name in ("answer", "two", "full", "rule")]


def small_model_evidence():
    d, vocab = 256, 128_000

    def total(layers=4, tables=2, kv=8):
        return layers * (_layer(d, 4 * d) - 2 * (8 - kv) * 32 * (d + 1)) + tables * vocab * d

    now = total()
    assert abs(now / 68.7e6 - 1) < 0.002
    saved = [now - total(layers=2), now - total(kv=1), 0, now - total(tables=1)]
    return [one == max(saved) for one in saved]
