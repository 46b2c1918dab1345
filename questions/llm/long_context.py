"""Experiment, draws and evidence for long_context.md."""

MODELS = {  # layers, query heads, K/V heads; all heads are 128 wide
    "Llama-2-7B": (32, 32, 32),
    "Llama-3-8B": (32, 32, 8),
    "Llama-2-70B": (80, 64, 8),
}


def worked():
    import torch

    layers, _, groups = MODELS["Llama-3-8B"]
    token = 2 * layers * groups * 128 * torch.finfo(torch.bfloat16).bits // 8
    theta = 10000.0 ** (-torch.arange(0, 128, 2, dtype=torch.float64) / 128)
    turn = 2 * torch.pi
    base = 10000 * 4 ** (128 / 126)
    assert abs(base ** (-126 / 128) * 4 / theta[-1].item() - 1) < 1e-9
    return [
        f"{token // 2**10} KiB",
        f"{token * 131072 // 2**30} GiB",
        f"{(4096 * theta < turn).sum().item()}",
        f"{turn / theta[-1].item():,.0f}",
        f"{4096 * theta[-1].item():.3f}",
        f"{base:,.0f}",
    ]


def _head(seed, outlet, steps=450, tokens=20, kinds=6, width=16):
    """One head trained to average the values of earlier tokens of its kind. With `outlet` there is no start token,
    but a score of 0 more in the softmax's denominator. What it does on new texts."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)

    def weight(*shape, size):
        return nn.Parameter(size * torch.randn(*shape, generator=g))

    of_kind, of_value = weight(kinds + 1, width, size=0.5), weight(1, width, size=0.5)
    w_q, w_k = (weight(width, width, size=width**-0.5) for _ in range(2))
    w_v = weight(width, 1, size=0.1)
    earlier = torch.ones(tokens, tokens).tril(-1).bool()

    def texts(count):
        kind = torch.randint(kinds, (count, tokens), generator=g)
        value = torch.randn(count, tokens, generator=g)
        if not outlet:
            kind[:, 0], value[:, 0] = kinds, 0  # the start token
        same = (kind[:, :, None] == kind[:, None]) & earlier
        number = same.sum(-1)
        return kind, value, number, (same * value[:, None]).sum(-1) / number.clamp(min=1)

    def run(kind, value, evicted=False):
        x = of_kind[kind] + value[..., None] * of_value
        seen = earlier.clone()
        seen[0, 0] = True
        if evicted:
            seen[2:, 0] = False
        scores = ((x @ w_q) @ (x @ w_k).mT / width**0.5).masked_fill(~seen, float("-inf"))
        if outlet:
            scores = torch.cat([scores, torch.zeros(*scores.shape[:2], 1)], -1)
        weights = scores.softmax(-1)[..., :tokens]
        return weights, (weights @ x @ w_v)[..., 0]

    optimizer = torch.optim.Adam([of_kind, of_value, w_q, w_k, w_v], 0.02)
    for _ in range(steps):
        kind, value, _, target = texts(32)
        loss = ((run(kind, value)[1] - target)[:, 2:] ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        kind, value, number, target = texts(300)
        weights, out = run(kind, value)
        _, broken = run(kind, value, evicted=True)
        late = torch.arange(tokens) >= 2
        nothing, something = (number == 0) & late, (number > 0) & late
        return {
            "first": weights[..., 0][nothing].mean().item(),
            "found": weights[..., 0][something].mean().item(),
            "last": weights.diagonal(-1, 1, 2)[:, 1:][nothing[:, 2:]].mean().item(),
            "sum": weights.sum(-1)[nothing].mean().item(),
            "value": (of_kind[kinds] @ w_v).abs().item(),
            "error": ((out - target) ** 2)[nothing].mean().item(),
            "evicted": ((broken - target) ** 2)[nothing].mean().item(),
            "map": weights[0].tolist(),
            "kinds": ["S" if k == kinds else "abcdef"[k] for k in kind[0].tolist()],
        }


def experiment(off=False):
    runs = [_head(seed, off) for seed in range(3)]
    for run in runs:
        assert run["error"] < 0.02, "the head has learned to output 0 where it finds nothing"
        if off:
            assert run["first"] < 0.1, "with an outlet no token serves as a sink"
            assert run["evicted"] < 0.02, "and evicting the first token does no harm"
        else:
            assert run["first"] > 0.8 > 0.2 > run["found"], "spare weight lies on the start token"
            assert run["value"] < 0.1, "whose value is near 0"
            assert run["evicted"] > 0.15, "without it the output breaks"
    mean = {key: sum(run[key] for run in runs) / len(runs) for key in ("first", "found", "error", "evicted")}
    if off:
        says = (
            f"With an outlet in the softmax (3 seeds): where nothing is found the first token gets {mean['first']:.2f} of the "
            f"weight, and evicting it leaves the squared error at {mean['evicted']:.3f} (before: {mean['error']:.3f}). No sink.",
            f"softmax 自带出口时（3 个随机种子）：找不到同类时，第一个 token 只得到 {mean['first']:.2f} 的权重；把它淘汰，平方误差"
            f"为 {mean['evicted']:.3f}（之前 {mean['error']:.3f}）。没有 sink。",
        )
    else:
        says = (
            f"Where nothing is found, the start token S gets {mean['first']:.2f} of the weight on average over 3 seeds, "
            f"otherwise {mean['found']:.2f}. Evicted from the cache, the squared error of those outputs goes from "
            f"{mean['error']:.3f} to {mean['evicted']:.2f}.",
            f"找不到同类时，起始 token S 平均得到 {mean['first']:.2f} 的权重（3 个随机种子），找得到时只有 {mean['found']:.2f}。"
            f"把它从 cache 里淘汰，这些位置的平方误差从 {mean['error']:.3f} 变成 {mean['evicted']:.2f}。",
        )
    shown = runs[0]
    return {
        "says": says,
        "off": (
            "no start token; the softmax gets one more score, fixed at 0, that belongs to no token",
            "去掉起始 token；softmax 多一个不属于任何 token、恒为 0 的分数",
        ),
        "chart": "picture",
        "title": (
            "Attention of one text: rows are queries, columns keys, letters kinds",
            "一段文本的注意力：行是 query，列是 key，字母是类别",
        ),
        "values": shown["map"],
        "rows": shown["kinds"],
        "columns": shown["kinds"],
        "low": 0,
        "high": 1,
    }


def nothing_found_evidence():
    runs = [_head(seed, False) for seed in (10, 11, 12)]
    even = all(run["first"] < 0.3 and run["last"] < 0.3 for run in runs)
    parked = all(run["first"] > 0.8 and run["value"] < 0.1 for run in runs)
    return [even, parked, all(run["sum"] < 0.1 for run in runs), all(run["last"] > 0.8 for run in runs)]


def sink_why_evidence():
    run = _head(20, False)
    largest = run["value"] > 0.5  # values of ordinary tokens have deviation 1
    parked = run["first"] > 0.8 and run["found"] < 0.2 and run["value"] < 0.1
    return [largest, parked, None, None]


def fits_draw(rng):
    model = rng.choice(sorted(MODELS))
    layers, heads, groups = MODELS[model]
    gib = rng.choice([2, 4, 5, 6, 8, 10, 12, 16, 20, 24])
    token = 2 * layers * groups * 128 * 2
    answer = gib * 2**30 // token
    return {
        "model": model,
        "layers": layers,
        "heads": heads,
        "groups": groups,
        "gib": gib,
        "kib": token // 1024,
        "answer": answer,
        "one_of_two": 2 * answer,
        "doubled": answer // 2,
        "single_layer": answer * layers,
    }


def fits_evidence(drawn):
    import torch

    shape = drawn["groups"], drawn["answer"], 128
    kept = sum(
        2 * torch.empty(shape, dtype=torch.bfloat16, device="meta").nbytes for _ in range(drawn["layers"])
    )
    tokens = drawn["answer"] * drawn["gib"] * 2**30 / kept
    names = "answer", "one_of_two", "doubled", "single_layer"
    return [abs(drawn[name] / tokens - 1) < 0.01 for name in names]


def base_draw(rng):
    base, d, s = rng.choice([10000, 20000, 50000]), rng.choice([32, 64, 96, 128]), rng.choice([4, 8, 16])
    return {
        "base": base,
        "d": d,
        "s": s,
        "answer": float(round(base * s ** (d / (d - 2)))),
        "times_s": float(base * s),
        "squared": float(round(base * s ** (2 * d / (d - 2)))),
        "smaller": float(base / s),
    }


def base_evidence(drawn):
    import torch

    def slowest(base):
        return (base ** (-torch.arange(0, drawn["d"], 2, dtype=torch.float64) / drawn["d"]))[-1].item()

    names = "answer", "times_s", "squared", "smaller"
    old = slowest(drawn["base"])
    return [abs(slowest(drawn[name]) * drawn["s"] / old - 1) < 2e-3 for name in names]
