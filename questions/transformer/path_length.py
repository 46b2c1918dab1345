"""Experiment, draws and evidence for path_length.md."""


def worked():
    n, d, k = 100, 64, 3
    counts = [n * d * d, k * n * d * d, n * n * d]
    dilated = next(layers for layers in range(1, 20) if k**layers >= n)
    return [f"{count:,}" for count in counts] + [
        f"{_convolutions(n, k)} ",
        f"{n - 1} ",
        f"{dilated} ",
        f"= {k**dilated}",
    ]


def _convolutions(n, k):
    """Layers of a causal convolution until the last token depends on the first, by running them."""
    import torch

    seen, taps, layers = torch.zeros(1, 1, n), torch.ones(1, 1, k), 0
    seen[0, 0, 0] = 1
    while not seen[0, 0, -1]:
        seen = torch.nn.functional.conv1d(torch.nn.functional.pad(seen, (k - 1, 0)), taps).sign()
        layers += 1
    return layers


def _name_the_first(kind, n, seed, steps=160, d=32, vocab=8, batch=32):
    """Share of right answers, averaged over 20 steps each, while a model learns to name the first of n symbols."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        embedding, head, places = nn.Embedding(vocab, d), nn.Linear(d, vocab), nn.Parameter(torch.randn(n, d))
        rnn = kind == "rnn"
        body = nn.RNN(d, d, batch_first=True) if rnn else nn.MultiheadAttention(d, 4, batch_first=True)
        weights = [w for part in (embedding, head, body) for w in part.parameters()]
        optimizer = torch.optim.Adam(weights if rnn else [*weights, places], lr=3e-3)
        hits = []
        for _ in range(steps):
            x = torch.randint(vocab, (batch, n))
            h = embedding(x)
            if rnn:
                last = body(h)[0][:, -1]
            else:
                h = h + places
                last = body(h[:, -1:], h, h, need_weights=False)[0][:, 0]
            scores = head(last)
            optimizer.zero_grad()
            nn.functional.cross_entropy(scores, x[:, 0]).backward()
            optimizer.step()
            hits.append((scores.argmax(1) == x[:, 0]).float().mean().item())
    return [100 * sum(hits[i : i + 20]) / 20 for i in range(0, steps, 20)]


def experiment(off=False):
    n, steps, seeds = (4 if off else 48), 160, range(3)
    runs = {kind: [_name_the_first(kind, n, seed, steps) for seed in seeds] for kind in ("rnn", "attention")}
    mean = {kind: [sum(v) / len(v) for v in zip(*curves, strict=True)] for kind, curves in runs.items()}
    ends = {kind: [curve[-1] for curve in curves] for kind, curves in runs.items()}
    assert min(ends["attention"]) > 95, "attention learns it at any distance"
    if off:
        assert min(ends["rnn"]) > 95, "over three steps the RNN learns it, too"
        says = (
            f"At a distance of 3 both learn it: the RNN is right in {mean['rnn'][-1]:.0f} % of cases, attention in "
            f"{mean['attention'][-1]:.0f} % (means of 3 seeds). The gap of the long sequence is gone.",
            f"距离只有 3 时两者都学会了：RNN 答对 {mean['rnn'][-1]:.0f} %，注意力答对 {mean['attention'][-1]:.0f} %"
            f"（3 个种子的平均）。长序列上的差距不见了。",
        )
    else:
        assert max(ends["rnn"]) < 25, "over 47 steps the RNN stays at chance, 12.5 %"
        says = (
            f"After {steps} batches the RNN names the first of 48 symbols in {mean['rnn'][-1]:.0f} % of cases (chance: "
            f"12.5 %), attention in {mean['attention'][-1]:.0f} %; each of 3 seeds agrees. An "
            f"orthogonal start of W_hh carries further, but the steps still form a chain.",
            f"{steps} 个 batch 之后，RNN 说对 48 个符号中第一个的比例是 {mean['rnn'][-1]:.0f} %（随机为 12.5 %），注意力是 "
            f"{mean['attention'][-1]:.0f} %，3 个种子结果一致。W_hh 用正交初始化能够到更远处，但各步仍连成一条链。",
        )
    return {
        "says": says,
        "off": ("4 symbols instead of 48", "48 个符号改为 4 个"),
        "title": (f"Naming the first of {n} symbols", f"说出 {n} 个符号中的第一个"),
        "chart": "curves",
        "x": list(range(20, steps + 1, 20)),
        "x_label": ("batches", "batch 数"),
        "y_label": ("right, %", "答对，%"),
        "series": [("RNN", mean["rnn"]), (("attention", "注意力"), mean["attention"])],
    }


def first_token_evidence():
    rnn, attention = (_name_the_first(kind, 48, 7)[-1] for kind in ("rnn", "attention"))
    learned, chance = (lambda share: share > 95), (lambda share: share < 25)
    return [
        learned(rnn) and learned(attention),
        chance(rnn) and learned(attention),
        learned(rnn) and chance(attention),
        chance(rnn) and chance(attention),
    ]


def parallel_evidence():
    """Each output alone, in any order, from the layer below: possible with attention, impossible with a recurrence."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    n, d = 12, 8
    x = torch.randn(1, n, d)
    attention, rnn = nn.MultiheadAttention(d, 2, batch_first=True), nn.RNN(d, d, batch_first=True)
    whole, states = attention(x, x, x)[0], rnn(x)[0]
    alone = torch.cat([attention(x[:, [t]], x, x)[0] for t in range(n)], 1)
    fresh = torch.cat([rnn(x[:, [t]])[0] for t in range(n)], 1)  # without the state before it
    free = torch.allclose(alone, whole, atol=1e-6) and not torch.allclose(fresh, states, atol=1e-3)
    always_fewer = all(n * n * d < n * d * d for n in (64, 1024) for d in (256, 512))
    return [None, always_fewer, free, None]


def layers_draw(rng):
    while True:
        k, n = rng.choice([3, 4, 5, 7, 9]), rng.randint(40, 400)
        dilated = next(layers for layers in range(1, 20) if k**layers >= n)
        values = {"answer": -(-(n - 1) // (k - 1)), "wide": -(-n // k), "dilated": dilated, "chain": n - 1}
        if len(set(values.values())) == 4:
            return {"k": k, "n": n, "step": k - 1} | values


def layers_evidence(drawn):
    layers = _convolutions(drawn["n"], drawn["k"])
    return [layers == drawn[name] for name in ("answer", "wide", "dilated", "chain")]


def full_count_draw(rng):
    while True:
        d, n = rng.choice([64, 128, 256, 512]), rng.choice([128, 256, 384, 512, 768, 1024, 1536])
        if n / d != 4:  # there two of the values meet
            x = n / d
            return {
                "d": d,
                "n": n,
                "answer": 2 + x,
                "leading": x,
                "no_mean": 2 + x / 2,
                "one_matrix": 4 + 2 * x,
            }


def full_count_evidence(drawn):
    """The products that torch counts while both layers run on tensors without memory."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    n, d = drawn["n"], drawn["d"]
    x, state, w = (torch.empty(*shape, device="meta") for shape in ((n, d), (1, d), (d, d)))
    with FlopCounterMode(display=False) as attention:
        q, k, v = (x @ w for _ in range(3))
        _ = ((q @ k.T).softmax(-1) @ v) @ w
    with FlopCounterMode(display=False) as rnn:
        inputs = x @ w
        for t in range(n):
            state = (inputs[t : t + 1] + state @ w).tanh()
    ratio = attention.get_total_flops() / rnn.get_total_flops()
    return [abs(ratio / drawn[name] - 1) < 0.01 for name in ("answer", "leading", "no_mean", "one_matrix")]


def wavefront_draw(rng):
    layers, n = rng.choice([2, 3, 4, 5, 6, 8]), rng.choice([20, 50, 64, 100, 128, 200])
    return {
        "L": layers,
        "n": n,
        "answer": n + layers - 1,
        "product": n * layers,
        "tokens": n,
        "layers": layers,
    }


def wavefront_evidence(drawn):
    """When each cell is done if it starts as soon as its inputs are there."""
    layers, n = drawn["L"], drawn["n"]
    done = [[0] * (n + 1) for _ in range(layers + 1)]  # row 0: the inputs, column 0: the first states
    for layer in range(1, layers + 1):
        for t in range(1, n + 1):
            done[layer][t] = 1 + max(done[layer - 1][t], done[layer][t - 1])
    return [done[-1][-1] == drawn[name] for name in ("answer", "product", "tokens", "layers")]


def idle_gpu_evidence():
    """What each explanation foretells for twice the batch, from the sizes of the question."""
    layers, d, n, before, after = 2, 512, 1000, 0.080, 0.081
    flops = 3 * 2 * 8 * d * d * n * layers * 8  # forward once and backward twice, batch 8
    rate = flops / before
    assert 2.4e12 < rate < 2.6e12, "the rate that the question names"
    grows = after / before > 1.5  # arithmetic and traffic are proportional to the batch
    steps = 2 * (n + layers - 1)
    latency = after / before < 1.05 and 20e-6 < before / steps < 60e-6 and rate < 0.01 * 300e12
    return [grows, None, grows, latency]
