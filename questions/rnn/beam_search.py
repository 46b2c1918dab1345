"""Experiment, draws and evidence for beam_search.md."""


def _texts(seed, models=200, tokens=4, length=7, by_prefix=True, scale=1.0):
    """Random models: at each length the log-probability of every prefix. `by_prefix`: else the next token depends on the
    position alone."""
    import torch

    g = torch.Generator().manual_seed(seed)
    levels = [torch.zeros(models, 1, dtype=torch.float64)]
    for t in range(length):
        prefixes = tokens**t if by_prefix else 1
        logits = torch.randn(models, prefixes, tokens, generator=g, dtype=torch.float64)
        p = (scale * logits).log_softmax(-1)
        levels.append((levels[-1][..., None] + p).flatten(1))
    return levels


def _beam(levels, width, tokens=4):
    """ln P of the text that beam search returns for each model."""
    import torch

    kept, scores = torch.zeros(len(levels[0]), 1, dtype=torch.long), levels[0]
    for level in levels[1:]:
        grown = (kept[..., None] * tokens + torch.arange(tokens)).flatten(1)
        best = level.gather(1, grown).topk(min(width, grown.shape[1]), -1)
        kept, scores = grown.gather(1, best.indices), best.values
    return scores[:, 0]


def _found(seed, widths, **options):
    levels = _texts(seed, **options)
    best = levels[-1].amax(1)
    return [(_beam(levels, k) > best - 1e-9).double().mean().item() for k in widths]


def _letters_tree(start="wh", steps=3, width=2, shown=3):
    """Beam search over the letters of a novel (each depends on the two before), drawn as a tree."""
    from collections import Counter, defaultdict
    from math import log
    from pathlib import Path

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8").lower()
    text = " ".join("".join(c if c.isalpha() else " " for c in text).split()).replace(" ", "_")
    follow = defaultdict(Counter)
    for i in range(len(text) - 2):
        follow[text[i : i + 2]][text[i + 2]] += 1
    beam, lines = [(start, 0.0)], [start]
    for _ in range(steps):
        grown, branches = [], {}
        for prefix, score in beam:
            counts = follow[prefix[-2:]]
            total = counts.total()
            options = [(prefix + c, score + log(n / total)) for c, n in counts.most_common()]
            branches[prefix] = options[:shown]
            grown += options
        grown.sort(key=lambda one: -one[1])
        beam = grown[:width]
        survivors = {prefix for prefix, _score in beam}
        for prefix, options in branches.items():
            for grown_prefix, score in options:
                mark = "*" if grown_prefix in survivors else " "
                lines.append(
                    f"{'  ' * (len(prefix) - 1)}{prefix} +-- {grown_prefix[-1]}   {score:6.2f} {mark}"
                )
    return lines, beam[0]


def experiment(off=False):
    widths = [1, 2, 4, 8, 16]
    runs = [_found(seed, widths, by_prefix=not off) for seed in range(3)]
    shares = [100 * sum(values) / 3 for values in zip(*runs, strict=True)]
    bars = {
        "chart": "bars",
        "title": ("Models in which the best text is found", "找到最好文本的模型"),
        "unit": "%",
        "bars": [(f"k = {k}", round(share, 1)) for k, share in zip(widths, shares, strict=True)],
    }
    label = ("next tokens that don't depend on what was written", "下一个 token 与已写的内容无关")
    if off:
        assert all(min(run) == 1 for run in runs), "then the best token each time makes the best text"
        says = (
            f"If the next token depends on the position alone, greedy (k = 1) finds the best text in {shares[0]:.0f} % of 600 "
            f"models: there is nothing to regret.",
            f"如果下一个 token 只取决于位置，贪心（k = 1）在 600 个模型里 {shares[0]:.0f}% 都能找到最好的文本：没有什么要反悔。",
        )
        return {"says": says, "off": label, "charts": [bars]}
    assert all(run[0] < 0.45 and run[3] > 0.85 and run == sorted(run) for run in runs), (
        "a few more are enough"
    )
    lines, (best, score) = _letters_tree()
    says = (
        f"In 600 random models greedy finds the best of 16,384 texts in {shares[0]:.0f} %, k = 2 in {shares[1]:.0f} %, "
        f"k = 4 in {shares[2]:.0f} %, k = 8 in {shares[3]:.0f} %. Below: k = 2 on letters of a novel ends with “{best}”, "
        f"ln P = {score:.2f}.",
        f"在 600 个随机模型里，从 16,384 段文本中找到最好一段的比例：贪心 {shares[0]:.0f}%，k = 2 为 {shares[1]:.0f}%，"
        f"k = 4 为 {shares[2]:.0f}%，k = 8 为 {shares[3]:.0f}%。下面是小说字母上的 k = 2，得到“{best}”，ln P = {score:.2f}。",
    )
    tree = {
        "chart": "text",
        "title": (
            "The tree: three best letters of each kept prefix, ln P so far, * kept",
            "搜索树：每个保留前缀的前三个字母，至此的 ln P，* 为保留",
        ),
        "lines": lines,
    }
    return {"says": says, "off": label, "charts": [bars, tree]}


def worked():
    return [
        f"0.5·0.4 = {0.5 * 0.4:.2f}",
        f"0.4·0.9 = {0.4 * 0.9:.2f}",
        f"−{3.0 / 3**0.75:.3f}",
        f"−{4.2 / 6**0.75:.3f}",
    ]


def how_often_evidence():
    runs = [_found(seed, [1, 2, 4, 8]) for seed in range(3)]
    sharper = [_found(seed, [1], scale=2.0)[0] for seed in range(3)]
    assert all(0.4 < share < 0.65 for share in sharper)  # as the feedback says
    return [
        all(run[0] > 0.9 for run in runs),
        all(run[2] == 1 for run in runs),
        all(run[0] < 0.5 and run[3] > 0.85 for run in runs),
        all(run[3] < 0.2 for run in runs),
    ]


def tree_draw(rng):
    while True:
        a, b = rng.choice([0.42, 0.45, 0.48]), rng.choice([0.3, 0.32, 0.34, 0.36])
        c = round(1 - a - b, 2)
        after = [rng.randint(30, 45) / 100, rng.randint(50, 70) / 100, rng.randint(85, 98) / 100]
        texts = [p * q for p, q in zip((a, b, c), after, strict=True)]
        values = {"greedy": texts[0], "answer": texts[1], "best": texts[2], "mixed": a * after[2]}
        if texts[0] + 0.01 < texts[1] < texts[2] - 0.01 and c < b - 0.04:
            return (
                {"a": a, "b": b, "c": c}
                | dict(zip(("after_a", "after_b", "after_c"), after, strict=True))
                | {name: float(f"{v:.4g}") for name, v in values.items()}
            )


def tree_evidence(drawn):
    import torch

    first = torch.tensor([drawn[name] for name in "abc"], dtype=torch.float64)
    rows = []
    for name in "abc":
        best = drawn[f"after_{name}"]
        rows.append([best, *[(1 - best) / 9] * 9])  # the others are far below
    second = torch.tensor(rows, dtype=torch.float64)
    kept = first.topk(2).indices
    found = (first[kept, None] * second[kept]).max().item()
    return [abs(found / drawn[name] - 1) < 0.01 for name in ("answer", "greedy", "best", "mixed")]


def not_dp_evidence():
    """Exact numbers: with k = V beam search misses; Viterbi over last tokens finds the best where they are the state."""
    import torch

    found = []
    for seed in range(3):
        levels = _texts(seed)
        best = levels[-1].amax(1)
        exact_anyway = bool(((_beam(levels, 4) - best).abs() < 1e-9).all())
        g = torch.Generator().manual_seed(seed)
        chain = torch.randn(200, 4, 4, generator=g, dtype=torch.float64).log_softmax(-1)
        start = torch.randn(200, 4, generator=g, dtype=torch.float64).log_softmax(-1)
        every, viterbi = start, start  # all texts of 6 tokens; the best for each last token
        for _ in range(5):
            last = torch.arange(every.shape[1]) % 4
            every = (every[..., None] + chain[:, last]).flatten(1)
            viterbi = (viterbi[..., None] + chain).amax(1)
        merging_is_exact = torch.allclose(viterbi.amax(1), every.amax(1))
        # the same merging on models whose future depends on the whole prefix
        merged = torch.zeros(200, 1, dtype=torch.long)
        for t, level in enumerate(levels[1:]):
            grown = (merged[..., None] * 4 + torch.arange(4)).flatten(1)
            scores = level.gather(1, grown).view(200, -1, 4)
            pick = scores.argmax(1)  # for each last token the best prefix
            merged = grown.view(200, -1, 4).gather(1, pick[:, None])[:, 0] if t else grown
        merging_fails = bool((levels[-1].gather(1, merged).amax(1) < best - 1e-9).any())
        by_rounding = not bool((_beam(levels, 1) < best - 1e-6).any())  # misses far above any rounding
        found.append([by_rounding, merging_is_exact and merging_fails, exact_anyway, None])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]


def properties_evidence():
    import torch

    tokens, length = 3, 4
    widths = range(1, tokens ** (length - 1) + 1)
    texts = [_texts(seed, models=4000, tokens=tokens, length=length) for seed in range(3)]
    greedy, by_v, exhaustive, monotone, bounded = [], [], [], [], []
    for levels in texts:
        best = levels[-1].amax(1)
        found = torch.stack([_beam(levels, k, tokens) for k in widths])
        prefix = torch.zeros(len(best), 1, dtype=torch.long)
        for level in levels[1:]:
            grown = prefix * tokens + torch.arange(tokens)
            prefix = grown.gather(1, level.gather(1, grown).argmax(1, keepdim=True))
        greedy.append(torch.equal(found[0], levels[-1].gather(1, prefix)[:, 0]))
        by_v.append(bool((found[tokens - 1] == best).all()))
        exhaustive.append(bool((found[-1] == best).all()))
        monotone.append(bool((found[1:] >= found[:-1]).all()))
        bounded.append(bool((found <= best).all()))
    return [all(greedy), all(by_v), all(exhaustive), all(monotone), all(bounded)]


def scored_draw(rng):
    vocabulary, steps = rng.choice([1000, 5000, 8000, 32000]), rng.randint(8, 40)
    width = rng.choice([2, 3, 4, 5, 8])
    return {
        "vocabulary": vocabulary,
        "steps": steps,
        "width": width,
        "rest": steps - 1,
        "answer": vocabulary * (1 + (steps - 1) * width),
        "full": vocabulary * steps * width,
        "greedy": vocabulary * steps,
        "prefixes": 1 + (steps - 1) * width,
    }


def scored_evidence(drawn):
    rows, scored = 1, 0
    for _ in range(drawn["steps"]):
        scored += rows * drawn["vocabulary"]
        rows = min(rows * drawn["vocabulary"], drawn["width"])
    return [scored == drawn[name] for name in ("answer", "full", "greedy", "prefixes")]


def tie_draw(rng):
    from math import log

    while True:
        short = rng.randint(3, 10)
        long = short + rng.randint(2, 10)
        cost_short = rng.randint(20, 90) / 10
        cost_long = round(cost_short + rng.randint(5, 60) / 10, 1)
        answer = log(cost_long / cost_short) / log(long / short)
        values = {
            "answer": answer,
            "inverse": 1 / answer,
            "linear": (cost_long / cost_short) / (long / short),
            "per_token": (cost_long - cost_short) / (long - short),
        }
        found = list(values.values())
        if 0.3 < answer < 1.5 and min(abs(x - y) for i, x in enumerate(found) for y in found[:i]) > 0.04:
            names = {"short": short, "long": long, "cost_short": cost_short, "cost_long": cost_long}
            return names | {name: float(f"{v:.4g}") for name, v in values.items()}


def tie_evidence(drawn):
    def ahead(alpha):
        return drawn["cost_short"] / drawn["short"] ** alpha - drawn["cost_long"] / drawn["long"] ** alpha

    low, high = 0.0, 3.0  # by bisection
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if ahead(middle) < 0 else (low, middle)
    return [abs(low / drawn[name] - 1) < 0.01 for name in ("answer", "inverse", "linear", "per_token")]


def cache_draw(rng):
    width, prompt, new = (
        rng.choice([4, 5, 8]),
        rng.choice([1000, 2000, 3000, 6000]),
        rng.choice([200, 400, 800]),
    )
    one = 2 * 32 * 8 * 128 * 2 * (prompt + new) / 2**20
    values = {"answer": width * one, "single": one, "all_heads": 4 * width * one, "keys": width * one / 2}
    return {"width": width, "prompt": prompt, "new": new, "total": prompt + new} | {
        name: float(f"{value:.5g}") for name, value in values.items()
    }


def cache_evidence(drawn):
    import torch

    shape = 2, 32, drawn["width"], 8, drawn["total"], 128
    size = torch.empty(shape, dtype=torch.bfloat16, device="meta").nbytes / 2**20
    return [abs(size / drawn[name] - 1) < 0.01 for name in ("answer", "single", "all_heads", "keys")]


def shorter_evidence():
    """Random decoders with a small chance of ending at every step: mean length and ln P of what is returned."""
    import random
    from math import exp, log

    def next_tokens(seed, prefix, kinds=6):
        draw = random.Random(f"{seed}:{prefix}")
        weights = [exp(draw.gauss(0, 1)) for _ in range(kinds)]
        total = sum(weights) / 0.92
        return [log(w / total) for w in weights] + [log(0.08)]  # the last ends the text

    def search(seed, width, alpha, most=10):
        beam = [((), 0.0, False)]
        for _ in range(most):
            grown = [one for one in beam if one[2]]
            for tokens, score, ended in beam:
                if not ended:
                    for token, p in enumerate(next_tokens(seed, tokens)):
                        grown.append(((*tokens, token), score + p, token == 6))
            beam = sorted(grown, key=lambda one: -one[1] / len(one[0]) ** alpha)[:width]
        tokens, score, _ended = beam[0]
        assert len({one[0] for one in beam}) == len(beam)  # no duplicates
        return len(tokens), score

    found = []
    for group in range(3):
        seeds = range(30 * group, 30 * group + 12)

        def mean(width, alpha, seeds=seeds):
            runs = [search(seed, width, alpha) for seed in seeds]
            return [sum(values) / len(runs) for values in zip(*runs, strict=True)]

        narrow, wide, corrected = mean(2, 0.0), mean(16, 0.0), mean(16, 1.0)
        worse_search = wide[1] < narrow[1]
        by_length = wide[0] < narrow[0] - 2 and corrected[0] > wide[0] + 2
        found.append([worse_search, None, by_length, False])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]
