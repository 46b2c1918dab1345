"""Experiment, draws and evidence for architectures.md."""


def worked():
    p, n, m = 220e6, 512, 64
    turns = [500 * t for t in range(1, 5)]
    return [
        f"{2 * p * (n + m) / 1e9:.0f} GFLOP",
        f"{p * (n + m) / 1e9:.0f} GFLOP",
        " + ".join(f"{t:,}" for t in turns) + f" = {sum(turns):,}",
        f"{4 * 500:,}",
    ]


def _tagger(causal, after, seed, steps=150, n=10, vocab=8, d=32, batch=32):
    """Per cent of right tags (means of 15 steps) of one layer; a tag depends on the symbol after it, or before it."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        embedding, head = nn.Embedding(vocab, d), nn.Linear(d, 2)
        places = nn.Parameter(0.5 * torch.randn(n, d))
        block = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
    weights = [w for part in (embedding, head, block) for w in part.parameters()]
    optimizer = torch.optim.Adam([*weights, places], lr=5e-3)
    mask = torch.full((n, n), float("-inf")).triu(1) if causal else None
    g = torch.Generator().manual_seed(seed)
    hits = []
    for _ in range(steps):
        x = torch.randint(vocab, (batch, n), generator=g)
        tags = (x < 4).long()
        scores = head(block(embedding(x) + places, src_mask=mask))
        if after:
            scores, tags = scores[:, :-1], tags[:, 1:]
        else:
            scores, tags = scores[:, 1:], tags[:, :-1]
        optimizer.zero_grad()
        nn.functional.cross_entropy(scores.flatten(0, 1), tags.flatten()).backward()
        optimizer.step()
        hits.append((scores.argmax(-1) == tags).float().mean().item())
    return [100 * sum(hits[i : i + 15]) / 15 for i in range(0, steps, 15)]


def _sees(prefix, n=8):
    """Which inputs move which outputs of a fresh layer: prefix 0 is causal, prefix n an encoder."""
    import torch
    from torch import nn

    hidden = torch.ones(n, n, dtype=torch.bool).triu(1)
    hidden[:prefix, :prefix] = False
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        x = torch.randn(1, n, 16)
    columns = []
    for place in range(n):
        y = x.clone()
        y[0, place] += 1
        moved = (block(x, src_mask=hidden) - block(y, src_mask=hidden))[0].abs().amax(-1) > 1e-5
        columns.append(moved.tolist())
    return [[1 if columns[key][query] else 0 for key in range(n)] for query in range(n)]


def experiment(off=False):
    steps = 150
    runs = {causal: [_tagger(causal, not off, seed, steps) for seed in range(3)] for causal in (True, False)}
    mean = {causal: [sum(v) / 3 for v in zip(*curves, strict=True)] for causal, curves in runs.items()}
    causal, both = mean[True][-1], mean[False][-1]
    assert min(curve[-1] for curve in runs[False]) > 97, "with both sides in view the task is learned"
    maps = [_sees(prefix) for prefix in (8, 4, 0)]
    pairs = [sum(map(sum, one)) for one in maps]
    assert pairs == [64, 42, 36], "an encoder sees all pairs, a causal mask just over half of them"
    if off:
        assert min(curve[-1] for curve in runs[True]) > 97, "where the past decides, the mask does no harm"
        says = (
            f"Where the symbol before decides, both learn it: {causal:.0f} % with a causal mask, {both:.0f} % without. The "
            f"mask costs nothing when the past holds the answer.",
            f"标签由前一个符号决定时，两者都学会了：有因果 mask {causal:.0f} %，没有 {both:.0f} %。答案在前文里，mask 就没有代价。",
        )
    else:
        assert max(curve[-1] for curve in runs[True]) < 58, "a causal layer cannot know what comes"
        says = (
            f"Where the symbol after decides, the layer with a causal mask stays at {causal:.0f} %, the one that sees both "
            f"sides reaches {both:.0f} % (3 seeds). Of 64 pairs an encoder sees {pairs[0]}, a prefix LM {pairs[1]}, a causal "
            f"model {pairs[2]}.",
            f"标签由后一个符号决定时，带因果 mask 的一层停在 {causal:.0f} %，能看两侧的一层达到 {both:.0f} %（3 个种子）。"
            f"64 对 token 中，编码器看得到 {pairs[0]} 对，prefix LM {pairs[1]} 对，因果模型 {pairs[2]} 对。",
        )
    return {
        "says": says,
        "off": ("the tag depends on the symbol before", "标签改由前一个符号决定"),
        "charts": [
            {
                "title": ("Right tags, %", "标签正确率，%"),
                "chart": "curves",
                "x": list(range(15, steps + 1, 15)),
                "x_label": ("step", "步数"),
                "y_label": "%",
                "series": [(("causal", "因果"), mean[True]), (("both sides", "两侧可见"), mean[False])],
            },
            *(
                {"title": title, "chart": "picture", "values": values, "low": 0, "high": 1}
                for title, values in zip(
                    (
                        ("Who sees whom (rows look at columns): encoder", "谁能看谁（行看列）：编码器"),
                        ("Prefix LM, prefix of 4", "prefix LM，前缀为 4"),
                        ("Causal", "因果"),
                    ),
                    maps,
                    strict=True,
                )
            ),
        ],
    }


def next_decides_evidence():
    causal, both = (_tagger(mask, True, 9)[-1] for mask in (True, False))
    learned, chance = (lambda share: share > 97), (lambda share: share < 58)
    return [
        chance(causal) and chance(both),
        learned(causal) and learned(both),
        chance(causal) and learned(both),
        learned(causal) and chance(both),
    ]


def why_won_evidence():
    import torch
    from torch import nn

    understands = _tagger(True, True, 4)[-1] >= _tagger(False, True, 4)[-1]
    torch.manual_seed(0)
    block, x = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True), torch.randn(1, 8, 16)

    def first(length, causal):
        mask = nn.Transformer.generate_square_subsequent_mask(length) if causal else None
        return block(x[:, :length], src_mask=mask)[:, :5]

    stays = torch.allclose(first(5, True), first(8, True), atol=1e-5)
    changes = not torch.allclose(first(5, False), first(8, False), atol=1e-3)
    return [understands, stays and changes, None, None]


def chat_draw(rng):
    turns, m = rng.choice([4, 5, 6, 8, 10, 12]), rng.choice([200, 300, 400, 500, 800])
    return {
        "turns": turns,
        "m": m,
        "before": turns - 1,
        "answer": m * turns * (turns + 1) // 2,
        "cached": m * turns,
        "square": m * turns * turns,
        "without": m * turns * (turns - 1) // 2,
    }


def chat_evidence(drawn):
    history, read = 0, 0
    for _ in range(drawn["turns"]):
        history += drawn["m"]
        read += history
    return [read == drawn[name] for name in ("answer", "cached", "square", "without")]


def compute_draw(rng):
    billions, n, m = (
        rng.choice([2, 3, 5, 6, 8]),
        rng.choice([512, 1000, 2048, 4000]),
        rng.choice([64, 100, 200]),
    )
    whole = billions * 1e9 * 1e-12
    return {
        "P": billions,
        "n": n,
        "m": m,
        "answer": round(whole * (n + m), 3),
        "decoder_only": round(2 * whole * (n + m), 3),
        "macs": round(whole * (n + m) / 2, 3),
        "source": round(whole * n, 3),
    }


def compute_evidence(drawn):
    """torch's own count over two stacks of square matrices."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    d = 1000
    layers = round(drawn["P"] * 1e9 / 2 / d**2)
    w = torch.empty(d, d, device="meta")
    with FlopCounterMode(display=False) as one_layer:
        _ = torch.empty(drawn["n"], d, device="meta") @ w  # source tokens: encoder
        _ = torch.empty(drawn["m"], d, device="meta") @ w  # target tokens: decoder
    tera = layers * one_layer.get_total_flops() / 1e12
    return [abs(tera / drawn[name] - 1) < 0.01 for name in ("answer", "decoder_only", "macs", "source")]


def search_evidence():
    """Each proposal against one day to prepare, and a second for a query, at 10¹⁴ FLOP/s."""
    tokens, rate, day = 50e6 * 200, 1e14, 86400
    prepare = [2 * 7e9 * tokens / rate, 0, 2 * 110e6 * tokens / rate, 2 * 1.5e9 * tokens / rate]
    query = [2 * 7e9 * 20 / rate, 2 * 110e6 * 50e6 * 220 / rate, 2 * 110e6 * 20 / rate, 2 * 3e9 * 20 / rate]
    assert 15 < prepare[0] / day < 17 and 6 < prepare[2] / 3600 < 6.5 and 6 < query[1] / 3600 < 7
    return [p < day and q < 1 for p, q in zip(prepare, query, strict=True)]
