"""Experiment, draws and evidence for seq2seq_attention.md."""


def _lookup(attends, entries, steps=200, names=16, values=8, width=24, rows=16, seeds=3, rate=0.015):
    """A source of (name, value) pairs, and a decoder that is asked for the values by name, in another order; a model a
    seed, side by side. Returns the share of right answers for each seed, and one sentence's names and weights."""
    import torch

    generators = [torch.Generator().manual_seed(seed + 1) for seed in range(seeds)]
    each = torch.arange(seeds)[:, None]

    def drawn(*shape, uniform=None):
        if uniform:
            parts = [(torch.rand(shape, generator=g) * 2 - 1) * uniform for g in generators]
        else:
            parts = [torch.randn(shape, generator=g) for g in generators]
        return torch.stack(parts).requires_grad_()

    bound = width**-0.5
    source_names, source_values, asked = (drawn(n, width) for n in (names, values, names))
    recurrent = [drawn(width, 3 * width, uniform=bound) for _ in range(4)]  # W and U of encoder and decoder
    ask = drawn(width, width, uniform=bound)
    out = drawn(width * (2 if attends else 1), values, uniform=bound)
    learned = [source_names, source_values, asked, *recurrent, ask, out]

    def states(x, h, w, u):
        found = []
        for gates in (x @ w[:, None]).unbind(2):
            own = h @ u
            r, z = torch.sigmoid(gates[..., : 2 * width] + own[..., : 2 * width]).chunk(2, -1)
            n = torch.tanh(gates[..., 2 * width :] + r * own[..., 2 * width :])
            h = n + z * (h - n)
            found.append(h)
        return torch.stack(found, 2)  # (seeds, rows, steps, width)

    def embedded(table, index):
        return table[each, index.flatten(1)].unflatten(1, index.shape[1:])

    def batch():
        name = torch.stack(
            [torch.rand(rows, names, generator=g).argsort(-1)[:, :entries] for g in generators]
        )
        value = torch.stack([torch.randint(values, (rows, entries), generator=g) for g in generators])
        order = torch.stack([torch.rand(rows, entries, generator=g).argsort(-1) for g in generators])
        return name, value, name.gather(2, order), value.gather(2, order)

    def forward(name, value, wanted):
        x = embedded(source_names, name) + embedded(source_values, value)
        keys = states(x, torch.zeros(seeds, rows, width), *recurrent[:2])
        own = states(embedded(asked, wanted), keys[:, :, -1], *recurrent[2:])
        weights = None
        if attends:
            queries = own @ ask[:, None]
            weights = (queries @ keys.mT * width**-0.5).softmax(-1)
            own = torch.cat([own, weights @ keys], -1)
        return own @ out[:, None], weights

    optimizer = torch.optim.Adam(learned, rate)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        name, value, wanted, answer = batch()
        logits, _ = forward(name, value, wanted)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 2), answer.flatten()) * seeds
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        right = []
        for _ in range(10):
            name, value, wanted, answer = batch()
            logits, weights = forward(name, value, wanted)
            right.append((logits.argmax(-1) == answer).float().mean((1, 2)))
    first = (name[0, 0].tolist(), wanted[0, 0].tolist(), weights[0, 0].tolist()) if attends else None
    return torch.stack(right).mean(0).tolist(), first


def experiment(off=False):
    entries = 1 if off else 6
    plain, _ = _lookup(False, entries)
    attending, (listed, asked, weights) = _lookup(True, entries)
    assert min(attending) > 0.93, "with attention the values are found"
    if off:
        assert min(plain) > 0.93, "a single entry fits into the last state"
    else:
        assert max(plain) < 0.5, "six entries in one vector are not"
    mine, theirs = (100 * sum(share) / 3 for share in (plain, attending))
    count = (
        ("With a single entry", "只有一条时")
        if off
        else (f"With {entries} entries", f"源序列有 {entries} 条时")
    )
    letters = "ABCDEFGHIJKLMNOP"
    return {
        "says": (
            f"{count[0]} the decoder that starts from the last state answers {mine:.0f} % right, with attention {theirs:.0f} % "
            f"(guessing: 12.5 %). Three seeds.",
            f"{count[1]}，从最后状态出发的解码器答对 {mine:.0f}%，有注意力的答对 {theirs:.0f}%（瞎猜是 12.5%）。三个种子。",
        ),
        "off": ("a source of a single entry", "源序列只有一条"),
        "charts": [
            {
                "chart": "bars",
                "title": ("Right answers", "答对的比例"),
                "unit": "%",
                "bars": [
                    (("last state alone", "只有最后状态"), round(mine, 1)),
                    (("with attention", "有注意力"), round(theirs, 1)),
                ],
            },
            {
                "chart": "picture",
                "title": (
                    "Where each question looks: rows are names asked, columns the source",
                    "每个问题看哪里：行是问的名字，列是源序列",
                ),
                "values": weights,
                "rows": [letters[n] for n in asked],
                "columns": [letters[n] for n in listed],
                "low": 0,
                "high": 1,
            },
        ],
    }


def worked():
    import torch

    weights = torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64).softmax(0)
    h = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    c = weights @ h
    return [*(f"{w:.3f}" for w in weights.tolist()), f"c = ({c[0]:.3f}, {c[1]:.3f})"]


def lookup_evidence():
    plain, _ = _lookup(False, 6, steps=130, seeds=2)
    attending, _ = _lookup(True, 6, steps=130, seeds=2)
    low, high = max(plain) < 0.5, min(attending) > 0.8
    return [
        min(plain) > 0.8 and high,
        max(plain + attending) < 0.2,
        low and high,
        min(plain) > 0.8 and max(attending) < 0.8,
    ]


def roles_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    encoder, decoder = torch.randn(5, 4, generator=g), torch.randn(3, 4, generator=g)

    def works(queries, memory):
        """A context for each target step, that changes with the source and with what the decoder wants."""

        def context(source, own):
            q, kv = (source if queries == "encoder" else own), (source if memory == "encoder" else own)
            return (q @ kv.T).softmax(-1) @ kv

        here = context(encoder, decoder)
        moves = [context(encoder + 1 * encoder.flip(0), decoder), context(encoder, decoder.flip(0))]
        return len(here) == len(decoder) and all(not torch.allclose(here, m) for m in moves)

    return [
        works("encoder", "decoder"),
        works("decoder", "decoder"),
        works("encoder", "encoder"),
        works("decoder", "encoder"),
    ]


def context_by_hand_draw(rng):
    from math import log

    while True:
        a, b, c = (rng.choice([1, 2, 3, 4, 5, 6, 8]) for _ in range(3))
        h = [rng.randint(-6, 9) for _ in range(3)]
        odds, total = (a, b, c), a + b + c
        values = {
            "answer": sum(o * v for o, v in zip(odds, h, strict=True)) / total,
            "unnormalised": sum(o * v for o, v in zip(odds, h, strict=True)),
            "mean": sum(h) / 3,
            "raw": sum(log(o) * v for o, v in zip(odds, h, strict=True)),
        }
        found = list(values.values())
        apart = min(abs(x - y) for i, x in enumerate(found) for y in found[:i])
        if len(set(odds)) == 3 and len(set(h)) == 3 and apart > 0.2 and min(map(abs, found)) > 0.3:
            shown = {name: float(f"{v:.4g}") for name, v in values.items()}
            return shown | {"a": a, "b": b, "c": c, "sum": total, "h1": h[0], "h2": h[1], "h3": h[2]}


def context_by_hand_evidence(drawn):
    import torch

    scores = torch.tensor([float(drawn[name]) for name in "abc"]).log()
    h = torch.tensor([float(drawn[f"h{i}"]) for i in (1, 2, 3)])
    c = (scores.softmax(0) @ h).item()
    return [
        abs(c - drawn[name]) < 0.006 * abs(drawn[name]) for name in ("answer", "unnormalised", "mean", "raw")
    ]


def why_long_evidence():
    """How far the first source word is from the first output, by the gradient, for short and for long sources."""
    import torch
    from torch import nn

    found = []
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            encoder, decoder = nn.GRU(16, 32), nn.GRU(16, 32)
            wider = nn.GRU(16, 48), nn.GRU(16, 48)
            long = torch.randn(60, 1, 16, requires_grad=True)
            token = torch.randn(1, 1, 16)

        def slope(length, attends, encoder=encoder, decoder=decoder, long=long, token=token):
            states, last = encoder(long[-length:])
            output = decoder(token, last)[0][0]
            if attends:
                output = (output @ states[:, 0].T).softmax(-1) @ states[:, 0]
            (gradient,) = torch.autograd.grad(output.sum(), long)
            return gradient[-length].norm().item()

        fades = slope(60, False) < 1e-4 * slope(5, False)
        stays = slope(60, True) > 0.005 * slope(5, True)
        parameters = [
            sum(p.numel() for net in nets for p in net.parameters()) for nets in ((encoder, decoder), wider)
        ]
        more = slope(60, False, *wider) > 1e-3 * slope(5, False, *wider)
        assert parameters[1] > parameters[0]
        # attention adds nothing that reads words at once: the encoder's last state still needs the one before
        states = encoder(long)[0]
        at_once = torch.autograd.grad(states[1].sum(), long)[0][0].norm().item() == 0
        found.append([at_once, fades and stays, more, None])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]


def reading_the_map_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    queries, keys = torch.randn(4, 8, generator=g, requires_grad=True), torch.randn(6, 8, generator=g)
    scores = queries @ keys.T
    scores = scores.masked_fill(torch.arange(6) >= 5, float("-inf"))
    weights = scores.softmax(-1)
    (gradient,) = torch.autograd.grad((weights @ keys).square().sum(), queries)  # any loss of the contexts
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder, source = torch.nn.GRU(8, 8), torch.randn(6, 1, 8, requires_grad=True)
    (reach,) = torch.autograd.grad(encoder(source)[0][4].sum(), source)
    return [
        torch.allclose(weights.sum(1), torch.ones(4)),
        torch.allclose(weights.sum(0), torch.ones(6)),
        gradient.norm().item() == 0,  # without aligned pairs nothing would be learned
        bool((weights[:, 5] == 0).all()),
        reach[3].norm().item() > 0,  # the state at word 5 (index 4) has read word 4
    ]


def all_ones_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    scores, real = torch.randn(2, 1, 6, generator=g), torch.arange(6) < 4

    def symptom(weights):
        return torch.allclose(weights, torch.ones_like(weights))

    masked = scores.masked_fill(~real, float("-inf"))
    return [
        symptom(scores.softmax(1)),
        symptom(scores.softmax(-1)),
        symptom((50 * masked).softmax(-1)),
        symptom((scores + torch.randn(2, 1, 6, generator=g)).softmax(-1)),
    ]


def additive_bytes_draw(rng):
    batch, width = rng.choice([32, 64, 128]), rng.choice([256, 512, 1024])
    target, source = rng.sample([30, 40, 50, 60, 80, 100], 2)
    unit = 4 / 2**20
    values = {
        "answer": batch * target * source * width * unit,
        "scores": batch * target * source * unit,
        "states": batch * (target + source) * width * unit,
        "half": batch * target * source * width * unit / 2,
    }
    return {"batch": batch, "width": width, "target": target, "source": source} | {
        name: float(f"{value:.5g}") for name, value in values.items()
    }


def additive_bytes_evidence(drawn):
    import torch

    with torch.device("meta"):
        q = torch.zeros(drawn["batch"], drawn["target"], drawn["width"])
        k = torch.zeros(drawn["batch"], drawn["source"], drawn["width"])
        size = torch.tanh(q[:, :, None] + k[:, None]).nbytes / 2**20
    return [abs(size / drawn[name] - 1) < 0.01 for name in ("answer", "scores", "states", "half")]
