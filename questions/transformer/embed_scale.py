"""Experiment, draws and evidence for embed_scale.md."""


def _sinusoids(length, d):
    import torch

    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def worked():
    d = 512
    position = _sinusoids(40, d).norm(dim=1)
    assert abs(position - 16).max().item() < 1e-3, "the same length at every position"
    return [f"{d**-0.5:.4f}", f"{position[0].item():.0f}", f"{d**0.5:.2f}", f"{d**0.5 / 16:.2f}"]


def _neighbours(deviation, factor, seed, d=128, words=50, length=64):
    """Of two random texts: how often a vector's nearest in the other is the same word, or at most one place away."""
    import torch

    g = torch.Generator().manual_seed(seed)
    table = deviation * torch.randn(words, d, generator=g)
    one, other = (torch.randint(words, (length,), generator=g) for _ in range(2))
    place = _sinusoids(length, d)
    nearest = torch.cdist(factor * table[one] + place, factor * table[other] + place).argmin(1)
    there = (one[:, None] == other).any(1)  # words that the other text has at all
    same_word = (other[nearest] == one)[there].float().mean().item()
    return same_word, ((nearest - torch.arange(length)).abs() <= 1).float().mean().item()


def experiment(off=False):
    d = 128
    small, root = d**-0.5, d**0.5
    rows, found = [], {}
    for name, deviation, factor in (
        ("1/√d", small, 1.0),
        ("1/√d", small, root),
        ("1 (nn.Embedding)", 1.0, 1.0),
        ("1 (nn.Embedding)", 1.0, root),
    ):
        runs = [_neighbours(deviation, factor, seed) for seed in range(3)]
        found[name, factor] = words, places = [sum(column) / 3 for column in zip(*runs, strict=True)]
        rows.append([name, "√d" if factor > 1 else "1", f"{words:.0%}", f"{places:.0%}"])
    words, places = found["1/√d", root if off else 1.0]
    drowned = found["1 (nn.Embedding)", root][1]
    if off:
        assert words > 0.95 and places < 0.3, "scaled, the word decides"
        says = (
            f"Scaled by √d the nearest vector is the same word in {words:.0%} of cases; it stands at most one place away in "
            f"{places:.0%}. Three seeds, as in the table.",
            f"乘以 √d 之后，最近的向量有 {words:.0%} 是同一个词，只有 {places:.0%} 相距不超过一个位置。表中各行均为三个种子的平均。",
        )
    else:
        assert words < 0.1 and places > 0.95, "unscaled, the position decides"
        says = (
            f"Unscaled, the nearest vector stands at most one place away in {places:.0%} of cases and is the same word in "
            f"{words:.0%}. With the default N(0, 1) no factor is needed; a √d on top leaves {drowned:.0%} to the position.",
            f"不缩放时，最近的向量有 {places:.0%} 相距不超过一个位置，只有 {words:.0%} 是同一个词。默认的 N(0, 1) 本来就不需要"
            f"这个因子；再乘 √d，位置相近的只剩 {drowned:.0%}。",
        )
    return {
        "says": says,
        "off": ("embeddings multiplied by √d", "embedding 乘以 √d"),
        "title": ("What the nearest vector of another text is", "另一段文本里最近的向量是什么"),
        "chart": "table",
        "columns": [
            ("deviation", "标准差"),
            ("factor", "因子"),
            ("same word", "同一个词"),
            ("place ± 1", "位置 ±1"),
        ],
        "rows": rows,
    }


def why_scale_evidence():
    import torch
    from torch.nn.functional import layer_norm

    d, heads = 512, 8
    g = torch.Generator().manual_seed(0)
    rows, places = torch.randn(1000, d, generator=g) / d**0.5, _sinusoids(1000, d)
    ratio = (places.norm(dim=1) / rows.norm(dim=1)).mean().item()
    makes_up = abs(d**0.5 / (d / heads) ** 0.5 - 1) < 0.01
    norm_needs_scale = not torch.allclose(
        layer_norm(rows, (d,), eps=0.0), layer_norm(22 * rows, (d,), eps=0.0), atol=1e-4
    )
    h = layer_norm(torch.randn(500, d, generator=g), (d,))
    unit_logits = abs((h @ rows.T).std().item() - 1) < 0.05
    return [makes_up, None if unit_logits else True, abs(ratio - 16) < 0.1, norm_needs_scale]


def neighbours_evidence():
    runs = [_neighbours(128**-0.5, 1.0, seed) for seed in range(3)]
    words, places = (sum(column) / 3 for column in zip(*runs, strict=True))
    return [
        words > 0.9,
        words > 0.5 and places > 0.5,
        words < 0.1 and places > 0.9,
        words < 0.1 and places < 0.2,
    ]


def length_ratio_draw(rng):
    root = rng.choice([8, 10, 12, 14, 16, 18, 20, 24, 32])
    d = 2 * root**2
    return {"d": d, "answer": root, "root": round(d**0.5, 2), "half": d // 2, "scaled": round(0.5**0.5, 3)}


def length_ratio_evidence(drawn):
    import torch

    d = drawn["d"]
    rows = torch.randn(4000, d, generator=torch.Generator().manual_seed(0)) / d**0.5
    ratio = (_sinusoids(100, d).norm(dim=1).mean() / rows.square().sum(1).mean().sqrt()).item()
    return [abs(ratio / drawn[name] - 1) < 0.01 for name in ("answer", "root", "half", "scaled")]


def saving_draw(rng):
    vocabulary, width, rest = rng.choice(
        [
            (50257, 768, 86),
            (50257, 1600, 1477),
            (32000, 4096, 6476),
            (128256, 4096, 6979),
            (32000, 2048, 969),
            (128256, 8192, 68452),
        ]
    )
    weights = vocabulary * width
    values = {
        "answer": weights * 2 / 2**20,
        "both": weights * 4 / 2**20,
        "number": weights / 1e6,
        "square": width**2 * 2 / 2**20,
    }
    return {"vocabulary": vocabulary, "width": width, "rest": rest} | {
        n: round(v, 1) for n, v in values.items()
    }


def saving_evidence(drawn):
    import torch
    from torch import nn

    def size(tied):
        table = nn.Embedding(drawn["vocabulary"], drawn["width"], dtype=torch.float16, device="meta")
        head = nn.Linear(drawn["width"], drawn["vocabulary"], bias=False, dtype=torch.float16, device="meta")
        if tied:
            head.weight = table.weight
        return sum(p.nbytes for p in nn.ModuleList([table, head]).parameters())  # a shared one counts once

    saved = (size(False) - size(True)) / 2**20
    return [abs(saved / drawn[name] - 1) < 0.005 for name in ("answer", "both", "number", "square")]


def first_loss_evidence():
    from math import log

    import torch
    from torch.nn.functional import cross_entropy, layer_norm

    d, vocabulary = 768, 10_000
    g = torch.Generator().manual_seed(0)
    noise = torch.randn(vocabulary, d, generator=g)
    targets = torch.randint(vocabulary, (200,), generator=g)

    def first(deviation, h=None, wanted=targets):
        h = deviation * (noise[read] + others) if h is None else h
        return cross_entropy(layer_norm(h, (d,)) @ (deviation * noise).T, wanted).item()

    read = torch.randint(vocabulary, (200,), generator=g)
    others = torch.randn(200, d, generator=g)  # positions and branches, as large as the token's row
    only_places = _sinusoids(200, d)  # the words drowned altogether
    default, small = first(1.0), first(0.02)
    pads = first(0.02, wanted=torch.zeros_like(targets))
    return [
        None,  # there was no step yet
        first(0.02, only_places) > 2 * log(vocabulary),
        300 < default < 700 and small < 1.2 * log(vocabulary),
        pads > 1.5 * small,
    ]
