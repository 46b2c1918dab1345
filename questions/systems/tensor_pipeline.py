"""Experiment, draws and evidence for tensor_pipeline.md. Workers and stages are simulated in one process."""


def _run(stages, micro, early, forward=1, backward=2):
    """Runs a pipeline slot by slot. The timetable (0 idle, 1 forward, 2 backward) and the most micro-batches whose
    activations a stage holds. `early`: 1F1B, where stage s runs at most p − s forwards ahead; else GPipe."""
    ended = {}  # (what, stage, micro-batch) → slot after its last
    done = [{"F": 0, "B": 0} for _ in range(stages)]
    free, rows, held, now = [0] * stages, [[] for _ in range(stages)], [0] * stages, 0
    while any(d["B"] < micro for d in done):
        for s in range(stages):
            if free[s] > now:
                continue
            f, b = done[s]["F"], done[s]["B"]
            ahead = stages - s if early else micro
            before_f = 0 if s == 0 else ended.get(("F", s - 1, f), now + 1)
            before_b = ended.get(("F", s, b) if s == stages - 1 else ("B", s + 1, b), now + 1)
            turn = "F" if f < micro and f - b < ahead else "B"
            before = before_f if turn == "F" else before_b
            if (f if turn == "F" else b) >= micro or before > now:
                rows[s].append(0)
                free[s] = now + 1
                continue
            length = forward if turn == "F" else backward
            ended[turn, s, done[s][turn]] = now + length
            done[s][turn] += 1
            free[s] = now + length
            rows[s] += [1 if turn == "F" else 2] * length
            held[s] = max(held[s], done[s]["F"] - done[s]["B"] + (turn == "B"))
        now += 1
    longest = max(map(len, rows))
    return [row + [0] * (longest - len(row)) for row in rows], max(held)


def _idle(rows):
    from fractions import Fraction

    cells = [cell for row in rows for cell in row]
    return Fraction(cells.count(0), len(cells))


def worked():
    shares = [f"{float(_idle(_run(4, m, True)[0])):.1%}".replace("%", " %") for m in (8, 32)]
    relu = [max(0, 2 + -6), max(0, 2) + max(0, -6)]
    assert relu == [0, 2]
    return shares


def experiment(off=False):
    from fractions import Fraction

    stages, micro = (1, 8) if off else (4, 8)
    gpipe, most = _run(stages, micro, early=False)
    turns, least = _run(stages, micro, early=True)
    bubble = Fraction(stages - 1, micro + stages - 1)
    assert _idle(gpipe) == _idle(turns) == bubble, "both are idle for (p−1)/(m+p−1)"
    assert (most, least) == (micro, stages), "GPipe holds m micro-batches, 1F1B p"
    for p, m in [(2, 2), (3, 6), (4, 32), (8, 8), (8, 16)]:
        for early in (False, True):
            assert _idle(_run(p, m, early)[0]) == Fraction(p - 1, m + p - 1), "and so for other sizes"
    if off:
        says = (
            f"With one stage nothing is idle ({float(bubble):.0%}): nobody to wait for. GPipe's order holds {most} "
            f"micro-batches, 1F1B {least}.",
            f"只有一个阶段时没有空闲（{float(bubble):.0%}）：不用等谁。GPipe 的顺序存 {most} 个 micro-batch，1F1B 存 {least} 个。",
        )
    else:
        says = (
            f"4 stages, 8 micro-batches: idle for {float(bubble):.1%} in both orders. At most {most} micro-batches' "
            f"activations are held by GPipe, {least} by 1F1B.",
            f"4 个阶段、8 个 micro-batch：两种顺序都空闲 {float(bubble):.1%}。GPipe 最多存 {most} 个 micro-batch 的激活值，"
            f"1F1B 最多 {least} 个。",
        )
    stage = [str(s) for s in range(stages)]
    return {
        "says": says,
        "off": ("one stage instead of four", "只用一个阶段，而不是四个"),
        "charts": [
            {
                "chart": "picture",
                "title": (
                    f"{name}: a row a stage, time to the right (dark: idle, middle: forward, bright: backward)",
                    f"{name}：每行一个阶段，时间向右（暗：空闲，中：前向，亮：反向）",
                ),
                "values": rows,
                "rows": stage,
                "low": 0,
                "high": 2,
            }
            for name, rows in (("GPipe", gpipe), ("1F1B", turns))
        ],
    }


def _split_ffn(workers=4):
    import torch

    g = torch.Generator().manual_seed(0)
    x, a, b = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((6, 8), (8, 16), (16, 8)))
    return x, a, b, workers


def why_columns_evidence():
    import torch

    x, a, b, w = _split_ffn()
    whole = (x @ a).relu() @ b
    summands = [(x @ own_a).relu() @ own_b for own_a, own_b in zip(a.chunk(w, 1), b.chunk(w, 0), strict=True)]
    one_sum = torch.allclose(sum(summands), whole)
    # rows first: summands of the hidden features; without an exchange before the ReLU the output is wrong
    partial = [x_i @ a_i for x_i, a_i in zip(x.chunk(w, 1), a.chunk(w, 0), strict=True)]
    assert not torch.allclose(sum(p.relu() for p in partial) @ b, whole)
    exchanged = sum(partial).relu()
    columns = torch.cat([exchanged @ own for own in b.chunk(w, 1)], 1)
    wrong_even_so = not torch.allclose(columns, whole)
    return [None, wrong_even_so, one_sum, None]


def local_evidence():
    import torch
    from torch.nn.functional import gelu, rms_norm, silu

    g = torch.Generator().manual_seed(0)
    h, gate = (torch.randn(6, 16, generator=g, dtype=torch.float64) for _ in range(2))
    square = torch.randn(16, 16, generator=g, dtype=torch.float64)

    def heads(h):  # heads of width 4, each its own query, key and value
        q = h.view(6, -1, 4).transpose(0, 1)
        return ((q @ q.mT / 2).softmax(-1) @ q).transpose(0, 1).reshape(6, -1)

    def separately(act, *tensors):
        parts = zip(*(t.chunk(2, 1) for t in tensors), strict=True)
        return torch.allclose(torch.cat([act(*part) for part in parts], 1), act(*tensors))

    own = torch.cat([part @ square.chunk(2, 0)[i].chunk(2, 1)[i] for i, part in enumerate(h.chunk(2, 1))], 1)
    return [
        separately(gelu, h),
        separately(lambda t: rms_norm(t, t.shape[1:]), h),
        separately(lambda t, s: silu(s) * t, h, gate),
        torch.allclose(own, h @ square),
        separately(heads, h),
        separately(lambda t: t.softmax(-1), h),
    ]


def volume_draw(rng):
    model, layers, width = rng.choice(
        [
            ("Llama-2-7B", 32, 4096),
            ("Llama-3-8B", 32, 4096),
            ("Llama-2-13B", 40, 5120),
            ("Llama-2-70B", 80, 8192),
        ]
    )
    tokens, workers = rng.choice([2048, 4096, 8192, 16384]), rng.choice([4, 8])
    size = layers * tokens * width * 2 / 1e9
    ring = 2 * (workers - 1) / workers
    values = {
        "answer": 2 * size * ring,
        "one": size * ring,
        "each": 7 * size * ring,
        "once": 2 * size,
        "training": 4 * size * ring,
    }
    return {"model": model, "layers": layers, "width": width, "tokens": tokens, "workers": workers} | {
        name: float(f"{value:.4g}") for name, value in values.items()
    }


def volume_evidence(drawn):
    """A small layer run by W simulated workers, its all-reduces counted in numbers sent a token and feature."""
    import torch

    w, d, tokens = drawn["workers"], 16, 6
    g = torch.Generator().manual_seed(0)
    x = torch.randn(tokens, d, generator=g, dtype=torch.float64)
    ws = {k: torch.randn(d, d, generator=g, dtype=torch.float64) / 4 for k in "qkvo"}
    ws |= {k: torch.randn(d, 32, generator=g, dtype=torch.float64) / 4 for k in ("gate", "up")}
    ws["down"] = torch.randn(32, d, generator=g, dtype=torch.float64) / 6
    sent = 0

    def all_reduce(parts):
        nonlocal sent
        sent += 2 * (len(parts) - 1) * parts[0].numel() // len(parts)
        return sum(parts)

    def attend(x, q, k, v):
        q, k, v = ((x @ m).view(tokens, -1, 2).transpose(0, 1) for m in (q, k, v))
        return ((q @ k.mT).softmax(-1) @ v).transpose(0, 1).reshape(tokens, -1)

    def layer(x, count):
        columns = {k: ws[k].chunk(count, 1) for k in ("q", "k", "v", "gate", "up")}
        rows = {k: ws[k].chunk(count, 0) for k in ("o", "down")}

        def mix(i):
            return attend(x, *(columns[k][i] for k in "qkv")) @ rows["o"][i]

        x = x + all_reduce([mix(i) for i in range(count)])
        gated = [(x @ columns["gate"][i]).sigmoid() * (x @ columns["up"][i]) for i in range(count)]
        return x + all_reduce([h @ rows["down"][i] for i, h in enumerate(gated)])

    assert torch.allclose(layer(x, w), layer(x, 1)), "cut or whole, the same output"
    numbers = sent / tokens / d  # a token and feature; a single worker sends nothing
    total = numbers * drawn["layers"] * drawn["tokens"] * drawn["width"] * 2 / 1e9
    return [abs(drawn[k] / total - 1) < 0.02 for k in ("answer", "one", "each", "once", "training")]


def micro_batches_draw(rng):
    pairs = [
        (p, q) for p in (3, 4, 6, 8, 12, 16) for q in (5, 10, 20, 25) if p * q != 100
    ]  # no two equal values
    stages, percent = rng.choice(pairs)
    slots = (stages - 1) * 100 // percent
    return {
        "stages": stages,
        "percent": percent,
        "before": stages - 1,
        "slots": slots,
        "answer": slots - stages + 1,
        "stages_idle": stages * (100 - percent) // percent,
        "twice": 2 * (slots - stages + 1),
    }


def micro_batches_evidence(drawn):
    from fractions import Fraction

    p, most = drawn["stages"], Fraction(drawn["percent"], 100)

    def least(m):  # enough, and one fewer is not
        return _idle(_run(p, m, True)[0]) <= most < _idle(_run(p, m - 1, True)[0])

    return [least(drawn[k]) for k in ("answer", "slots", "stages_idle", "twice")]


def schedule_evidence():
    (gpipe, most), (turns, least) = (_run(4, 8, early) for early in (False, True))
    smaller, fewer = _idle(turns) < _idle(gpipe), least < most
    return [(smaller, fewer) == pair for pair in ((True, False), (True, True), (False, False), (False, True))]


def two_nodes_evidence():
    layers, width, fast, slow = 80, 8192, 450e9, 50e9

    def seconds(tokens, sums, inside):
        """Communication of a micro-batch, forward and backward, on the busiest GPU."""
        size = tokens * width * 2
        if inside:  # half of the layers a node, rings of 8; activations there, their gradients back
            return sums * layers / 2 * 2 * 7 / 8 * size / fast + 2 * size / slow
        return sums * layers * size / slow  # sums of two nodes' sums: each node sends every one at least once

    as_it_is = seconds(4096, 4, False)
    stages = as_it_is / seconds(4096, 4, True)
    a_token = as_it_is / 4096
    more = a_token / (seconds(16384, 4, False) / 16384)  # the work a token stays the same
    rows_first = as_it_is / seconds(4096, 6, False)  # at least one more exchange, forward and backward
    return [more > 1.01, rows_first > 1, False, stages > 5]
