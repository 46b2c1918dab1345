"""Experiment, draws and evidence for moe.md."""

EXPERTS, WIDTH = 8, 16


def worked():
    from math import ceil

    expert = 3 * 4096 * 14336
    attention = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024)
    shared = attention + 2 * 32000 * 4096 + 32 * (8 * 4096 + 2 * 4096) + 4096
    total, active = shared + 32 * 8 * expert, shared + 32 * 2 * expert
    balance = 4 * sum(f * p for f, p in zip((0.7, 0.1, 0.1, 0.1), (0.6, 0.2, 0.1, 0.1), strict=True))
    return [
        f"{expert:,}",
        *(f"{x / 1e9:.1f}" for x in (32 * 8 * expert, shared, total, active)),
        f"{2 * total / 1e9:.0f} GB",
        f"{balance:.2f}",
        f"{ceil(1.25 * 16 / 4)}",
    ]


def _train(seed, coefficient, steps=400, k=1):
    """Top-k routing on eight clusters with a task each: shares of tokens every 10 steps, and the last losses' mean."""
    import torch

    g = torch.Generator().manual_seed(seed)
    centres = 2 * torch.randn(EXPERTS, WIDTH, generator=g)
    tasks = torch.randn(EXPERTS, WIDTH, WIDTH, generator=g) / WIDTH**0.5
    router = torch.randn(WIDTH, EXPERTS, generator=g) / WIDTH**0.5
    experts = torch.randn(EXPERTS, WIDTH, WIDTH, generator=g) / WIDTH**0.5
    weights = [router.requires_grad_(), experts.requires_grad_()]
    mean, square = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    shares, losses = [], []
    for step in range(1, steps + 1):
        cluster = torch.randint(EXPERTS, (256,), generator=g)
        x = centres[cluster] + 0.5 * torch.randn(256, WIDTH, generator=g)
        wanted = torch.einsum("ni,nij->nj", x, tasks[cluster])
        p = (x @ router).softmax(-1)  # (N, E)
        chosen = torch.zeros_like(p).scatter(-1, p.topk(k).indices, 1.0)
        gate = chosen * p if k == 1 else chosen * p / (chosen * p).sum(-1, keepdim=True)
        y = torch.einsum("ne,ni,eij->nj", gate, x, experts)
        loss = (y - wanted).square().mean()
        f = chosen.mean(0) / k
        balance = EXPERTS * (f * p.mean(0)).sum()
        slopes = torch.autograd.grad(loss + coefficient * balance, weights)
        with torch.no_grad():
            for w, m, v, slope in zip(weights, mean, square, slopes, strict=True):
                m.lerp_(slope, 0.1)
                v.lerp_(slope * slope, 0.001)
                w -= 0.01 * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
        losses.append(loss.item())
        if step % 10 == 0:
            shares.append(f.tolist())
    return shares, sum(losses[-20:]) / 20


def experiment(off=False):
    least = 0.0
    runs = [_train(seed, 1.0 if off else 0.0) for seed in range(3)]
    last = [[sum(column) / 5 for column in zip(*shares[-5:], strict=True)] for shares, _loss in runs]
    starved = [sum(share < 0.005 for share in final) for final in last]
    loss = [value for _shares, value in runs]
    if off:
        assert max(starved) == 0 and max(max(final) for final in last) < 0.2, (
            "with the balance loss all are used"
        )
        pairs = [_train(seed, 0.0, k=2)[0][-1] for seed in range(3)]
        least = min(min(shares) for shares in pairs)
        assert least > 0.02, "with two experts a token nobody starves in these runs, without any balance loss"
    else:
        assert min(starved) >= 1, "in each run an expert starves"
        assert max(max(final) for final in last) < 0.6, "but no single one takes everything"
    mean = sum(loss) / len(loss)
    counts = ", ".join(map(str, starved))
    zh_counts = "、".join(map(str, starved))
    largest = max(max(final) for final in last)
    says = (
        (
            f"With the balance loss {counts} of {EXPERTS} experts starve in three runs; the largest share is "
            f"{largest:.2f}. The task's loss ends at {mean:.3f}. (Two experts per token help in this small problem, too: "
            f"without any balance loss no share falls below {least:.2f}. With other seeds an expert still starves now and then.)",
            f"加上均衡 loss，三次运行中 {EXPERTS} 个专家闲死的有 {zh_counts} 个；最大的比例是 {largest:.2f}。任务 loss 降到 "
            f"{mean:.3f}。（在这个小问题上，每个 token 选两个专家也有帮助：不加均衡 loss，最小的比例也有 {least:.2f}；换别的随机种子，偶尔仍有专家闲死。）",
        )
        if off
        else (
            f"In three runs {counts} of {EXPERTS} experts end without a single token; the largest share is {largest:.2f}. "
            f"The task's loss ends at {mean:.3f}.",
            f"三次运行中，{EXPERTS} 个专家里最后一个 token 也没有的分别有 {zh_counts} 个；最大的比例是 {largest:.2f}。"
            f"任务 loss 降到 {mean:.3f}。",
        )
    )
    picture = [list(row) for row in zip(*runs[0][0], strict=True)]
    return {
        "says": says,
        "off": ("a balance loss is added, with coefficient 1", "加上系数为 1 的均衡 loss"),
        "chart": "picture",
        "title": (
            "Share of tokens of each expert during training (blank: none)",
            "训练过程中各专家分到的 token 比例（空白：没有）",
        ),
        "values": picture,
        "rows": [f"E{i + 1}" for i in range(EXPERTS)],
        "low": 0,
        "high": 0.4,
    }


def active_draw(rng):
    layers, d, ff, experts, k, shared = rng.choice(
        [
            (32, 4096, 14336, 8, 2, 1.6),
            (56, 6144, 16384, 8, 2, 5.3),
            (24, 2048, 5632, 16, 2, 0.7),
            (40, 5120, 8192, 16, 2, 4.2),
            (48, 4096, 1536, 128, 8, 4.5),
            (28, 3072, 4096, 32, 4, 1.9),
        ]
    )
    expert = 3 * d * ff / 1e9
    total = shared + layers * experts * expert
    values = {
        "answer": shared + layers * k * expert,
        "total": total,
        "fraction": total * k / experts,
        "two": shared + layers * k * expert * 2 / 3,
    }
    return {"layers": layers, "d": d, "ff": ff, "experts": experts, "k": k, "shared": shared} | {
        name: float(f"{value:.3g}") for name, value in values.items()
    }


def active_evidence(drawn):
    from torch import nn

    d, ff = drawn["d"], drawn["ff"]
    expert = [
        nn.Linear(d, ff, False, "meta"),
        nn.Linear(d, ff, False, "meta"),
        nn.Linear(ff, d, False, "meta"),
    ]
    per_layer = drawn["k"] * sum(p.numel() for matrix in expert for p in matrix.parameters())
    active = sum(per_layer for _ in range(drawn["layers"])) / 1e9 + drawn["shared"]
    return [abs(active / drawn[name] - 1) < 0.01 for name in ("answer", "total", "fraction", "two")]


def read_draw(rng):
    while True:
        experts, k = rng.choice([(8, 2), (16, 2), (64, 6), (128, 8), (256, 8)])
        batch = rng.choice([2, 3, 4, 6, 8, 12, 16, 24, 32])
        missed = experts * (1 - k / experts) ** batch
        values = [experts - missed, k, min(experts, k * batch), missed]
        if all(abs(v / w - 1) > 0.05 for i, v in enumerate(values) for w in values[:i]) and missed > 0.2:
            return {
                "experts": experts,
                "k": k,
                "batch": batch,
                "answer": round(values[0], 2),
                "product": values[2],
                "missed": round(missed, 2),
            }


def read_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    experts, k, batch = drawn["experts"], drawn["k"], drawn["batch"]
    chosen = torch.rand(3000, batch, experts, generator=g).topk(k, dim=-1).indices
    used = torch.zeros(3000, experts).scatter(1, chosen.flatten(1), 1.0).sum(1).mean().item()
    return [abs(used / drawn[name] - 1) < 0.015 for name in ("answer", "k", "product", "missed")]


def dropped_draw(rng):
    while True:
        experts, c = rng.choice([4, 5, 8]), rng.choice([1.25, 1.5])
        even = rng.choice([8, 12, 16, 20])
        loads = [max(0, even + rng.randint(-even + 1, even)) for _ in range(experts - 1)]
        loads.append(experts * even - sum(loads))
        capacity = int(c * even)
        values = {
            "answer": sum(max(0, n - capacity) for n in loads),
            "tight": sum(max(0, n - even) for n in loads),
            "free": sum(max(0, capacity - n) for n in loads),
            "whole": sum(n for n in loads if n > capacity),
        }
        if loads[-1] >= 0 and min(values.values()) > 0 and len(set(values.values())) == 4:
            return {
                "tokens": experts * even,
                "experts": experts,
                "loads": ", ".join(map(str, loads)),
                "c": c,
                "even": even,
                "capacity": capacity,
            } | values


def dropped_evidence(drawn):
    places = {}
    dropped = 0
    for expert, load in enumerate(drawn["loads"].split(", ")):
        for _ in range(int(load)):  # one token after the other
            if places.get(expert, 0) < drawn["c"] * drawn["tokens"] / drawn["experts"]:
                places[expert] = places.get(expert, 0) + 1
            else:
                dropped += 1
    return [dropped == drawn[name] for name in ("answer", "tight", "free", "whole")]


def why_product_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(400, 6, generator=g, dtype=torch.float64)
    router = (torch.randn(6, 5, generator=g, dtype=torch.float64)).requires_grad_()

    def parts(router):
        p = (x @ router).softmax(-1)
        return torch.nn.functional.one_hot(p.argmax(-1), 5).double().mean(0), p.mean(0)

    f, mean = parts(router)
    (slope,) = torch.autograd.grad(5 * (f * mean).sum(), router)
    crowded = int(f.argmax())
    _f, moved = parts((router - 0.01 * slope).detach())
    nudge = 1e-9 * torch.randn(6, 5, generator=g, dtype=torch.float64)
    constant = torch.equal(parts(router + nudge)[0], f)
    pushes = (f @ moved < f @ mean).item() and (moved[crowded] < mean[crowded]).item()
    shares = torch.rand(500, 5, generator=g)
    shares = shares / shares.sum(1, keepdim=True)
    not_smallest = bool((shares.square().sum(1) < 1 / 5).any())
    only_product = abs(5 * 5 * (1 / 5) ** 2 - 1) > 0.01  # E·Σf² for even shares
    return [not_smallest, constant and not f.requires_grad and pushes, only_product, None]


def starve_evidence():
    final = []
    for seed in (3, 4, 5):
        shares, _loss = _train(seed, 0.0, steps=250)
        final.append([sum(column) / 5 for column in zip(*shares[-5:], strict=True)])
    even = all(max(f) < 0.2 for f in final)
    each = all(min(f) > 0.005 for f in final)
    some = all(sum(s < 0.005 for s in f) >= 1 and max(f) > 0.2 for f in final)
    one = all(max(f) > 0.95 for f in final)
    return [even, each, some, one]


def company_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    width, experts = 8, 4
    router = torch.randn(width, experts, generator=g)
    layers = torch.randn(experts, width, width, generator=g)
    mine = torch.randn(width, generator=g)
    others = mine + 0.1 * torch.randn(11, width, generator=g)  # they want the same expert

    def contribution(batch, factor):
        """Of the experts to each token; later tokens find their expert full."""
        p = (batch @ router).softmax(-1)
        best, taken, out = p.argmax(-1), [0] * experts, torch.zeros_like(batch)
        for i, expert in enumerate(best.tolist()):
            if taken[expert] < factor * len(batch) / experts:
                taken[expert] += 1
                out[i] = p[i, expert] * (batch[i] @ layers[expert])
        return out, best

    alone, choice = contribution(mine[None], 4.0)
    together, choices = contribution(torch.cat([others, mine[None]]), 1.25)
    roomy, _ = contribution(torch.cat([others, mine[None]]), 100.0)
    lacks = together[-1].eq(0).all().item() and alone[0].ne(0).any().item()
    by_dropping = lacks and torch.allclose(roomy[-1], alone[0], atol=1e-5)
    by_order = not torch.allclose(roomy[-1], alone[0], atol=1e-3)
    by_router = bool(choice[0] != choices[-1])
    norm = torch.nn.functional.layer_norm
    by_norm = not torch.allclose(
        norm(torch.cat([others, mine[None]]), (width,))[-1], norm(mine[None], (width,))[0]
    )
    return [by_order, by_dropping, by_router, by_norm]
