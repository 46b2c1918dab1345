"""Experiment, draws and evidence for learned_positions.md."""


def worked():
    from torch import nn

    table = nn.Embedding(1024, 768, device="meta").weight.numel()
    layer = sum(p.numel() for p in nn.TransformerEncoderLayer(768, 12, 3072, device="meta").parameters())
    gpt2 = nn.Embedding(50257, 768, device="meta").weight.numel() + table + 12 * layer + 2 * 768
    return [f"{table:,}", f"{gpt2:,}", f"{table / gpt2:.2%}".replace("%", " %")]


def _train(length, seed, rows=24, words=12, width=32, steps=250):
    """Trains a causal layer to name the token before each, at sequences of this length. Returns the share right at
    each of 24 places, and how far each row of the table has moved."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        token, place = nn.Embedding(words, width), nn.Embedding(rows, width)
        block = nn.TransformerEncoderLayer(width, 2, 64, dropout=0.0, batch_first=True, norm_first=True)
        head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, words))
    nn.init.normal_(place.weight, std=0.5, generator=torch.Generator().manual_seed(seed))
    before = place.weight.detach().clone()
    weights = nn.ModuleList([token, place, block, head]).parameters()
    optimizer = torch.optim.Adam(weights, 0.01)
    g = torch.Generator().manual_seed(100 + seed)

    def logits(tokens):
        n = tokens.shape[1]
        mask = torch.full((n, n), float("-inf")).triu(1)
        return head(block(token(tokens) + place(torch.arange(n)), mask))

    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (1 - step / steps)
        tokens = torch.randint(words, (32, length), generator=g)
        loss = cross_entropy(logits(tokens)[:, 1:].flatten(0, 1), tokens[:, :-1].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens = torch.randint(words, (256, rows), generator=g)
    with torch.no_grad():
        right = (logits(tokens)[:, 1:].argmax(-1) == tokens[:, :-1]).float().mean(0)
    return right.tolist(), (place.weight.detach() - before).norm(dim=1).tolist()


def experiment(off=False):
    runs = [_train(24 if off else 12, seed) for seed in range(3)]
    right = [sum(values) / 3 for values in zip(*(run[0] for run in runs), strict=True)]  # at places 1 … 23
    moved = [sum(values) / 3 for values in zip(*(run[1] for run in runs), strict=True)]
    inside, outside = min(right[:11]), right[11:]
    assert inside > 0.97, "within the trained length it is right"
    if off:
        assert min(outside) > 0.97, "trained at 24 tokens it is right everywhere"
        says = (
            f"Trained at 24 tokens, it is right at every place (worst: {min(right):.0%}), and every row has moved by at "
            f"least {min(moved):.1f}.",
            f"用 24 个 token 训练，处处都对（最差 {min(right):.0%}），每一行都移动了至少 {min(moved):.1f}。",
        )
    else:
        assert max(outside) < 0.2 and max(moved[12:]) == 0, "past it, it guesses: these rows never moved"
        says = (
            f"Places 1 to 11: at least {inside:.0%} right. Places 12 to 23: {sum(outside) / 12:.0%} (chance 8%). Rows "
            f"0 to 11 have moved by {min(moved[:12]):.1f} or more, rows 12 to 23 by exactly {max(moved[12:]):.0f}. Three seeds.",
            f"位置 1 到 11：至少 {inside:.0%} 正确。位置 12 到 23：{sum(outside) / 12:.0%}（瞎猜是 8%）。第 0 到 11 行移动了 "
            f"{min(moved[:12]):.1f} 以上，第 12 到 23 行恰好是 {max(moved[12:]):.0f}。三个种子。",
        )
    axis = {"chart": "curves", "x_label": ("position", "位置")}
    return {
        "says": says,
        "off": ("trained at all 24 positions", "用全部 24 个位置训练"),
        "charts": [
            {
                **axis,
                "x": list(range(1, 24)),
                "title": ("Naming the token before: share right", "说出前一个 token：正确的比例"),
                "y_label": ("share right", "正确的比例"),
                "series": [(("mean of three seeds", "三个种子的平均"), right)],
            },
            {
                **axis,
                "x": list(range(24)),
                "title": ("How far each row of the table has moved", "表的每一行移动了多远"),
                "y_label": ("distance", "距离"),
                "series": [(("mean of three seeds", "三个种子的平均"), moved)],
            },
        ],
    }


def no_neighbours_evidence():
    """Trains rows 0 … 11 alone: what do the others learn from that? And does the row exist, all the same?"""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    right, moved = _train(12, seed=0, steps=120)
    own_row_only = min(moved[:12]) > 0.1 and max(moved[12:]) == 0 and right[15] < 0.3
    g = torch.Generator().manual_seed(0)
    q, k = (torch.randn(1, 400, 8, generator=g) for _ in range(2))
    weights = scaled_dot_product_attention(q[:, 399:], k, torch.eye(400)[None])[0, 0]
    near, far = weights[200:].sum().item(), weights[:200].sum().item()
    falls_with_distance = near > 2 * far
    return [None, own_row_only, None, falls_with_distance]


def past_training_evidence():
    scores = [sum(_train(12, seed, steps=150)[0][11:]) / 12 for seed in range(3)]
    chance = all(score < 0.16 for score in scores)
    return [
        min(scores) > 0.9,
        all(0.3 < score < 0.7 for score in scores),
        max(scores) - min(scores) > 0.2,
        chance,
    ]


def row_updates_draw(rng):
    while True:
        rows, texts = rng.choice([128, 256, 512, 1024]), 1024 * rng.randint(2, 40)
        p = rows // 16 * rng.randint(1, 15)
        answer = texts * (rows - p) // rows
        values = [answer, texts, texts // rows, texts - answer]
        if min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.01:
            names = ("answer", "texts", "equal", "short")
            return {"rows": rows, "last": rows - 1, "p": p, "first": p + 1} | dict(
                zip(names, values, strict=True)
            )


def row_updates_evidence(drawn):
    import torch

    lengths = 1 + torch.arange(drawn["texts"]) % drawn["rows"]  # every length equally often
    met = torch.bincount(lengths, minlength=drawn["rows"] + 1).flip(0).cumsum(0).flip(0)  # met[n]: length ≥ n
    count = met[drawn["p"] + 1].item()
    return [abs(count / drawn[name] - 1) < 0.002 for name in ("answer", "texts", "equal", "short")]


def long_documents_evidence():
    import torch

    rows, length = 512, 700
    p = torch.arange(length)

    def right(windows):  # every row a trained one, and within a window one place a token, in order
        return all(w.max() < rows and bool((w[1:] > w[:-1]).all()) for w in windows)

    wrap, clamp, extend = p % rows, p.clamp(max=rows - 1), p
    starts = [0, length - rows]
    cut = [p[start : start + rows] - start for start in starts]
    covered = len({q for start in starts for q in range(start, start + rows)}) == length
    return [right([wrap]), right([clamp]), right(cut) and covered, right([extend])]
