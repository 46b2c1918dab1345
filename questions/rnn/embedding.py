"""Experiment, draws and evidence for embedding.md."""


def worked():
    import torch

    e = torch.tensor([[1.0, 2], [0, -1], [3, 0]], requires_grad=True)
    out = e[torch.tensor([2, 0, 2])]
    out.backward(torch.tensor([[1.0, 0], [0, 1], [1, 1]]))
    rows, width = 128_256, 4_096
    return [
        *(f"({a:.0f}, {b:.0f})" for a, b in e.grad.tolist()),
        f"{rows * width * 2 / 2**20:,.0f} MiB",
        f"{2 * rows * width / 1e9:.2f} GFLOP",
        f"{width * 2 // 1024} KiB",
    ]


def _learn(seed, alone=False, words=16, classes=4, width=8, steps=400):
    """Cosines of the word vectors before and after learning to predict the next word; the classes.
    `alone`: each word has followers of its own."""
    import torch
    from torch.nn.functional import normalize

    g = torch.Generator().manual_seed(seed)
    of = torch.arange(words) // (words // classes)
    between = torch.softmax(2 * torch.randn(classes, classes, generator=g), -1)
    inside = torch.softmax(torch.randn(classes, words // classes, generator=g), -1)
    follows = between[of][:, of] * inside.view(-1)  # p(next | word): the class decides
    if alone:
        follows = torch.softmax(2 * torch.randn(words, words, generator=g), -1)
    table = (0.1 * torch.randn(words, width, generator=g)).requires_grad_()
    out = (width**-0.5 * torch.randn(width, words, generator=g)).requires_grad_()
    optimizer = torch.optim.Adam([table, out], 0.05)

    def cosines():
        v = normalize(table.detach(), dim=1)
        return v @ v.T

    before = cosines()
    for _ in range(steps):
        loss = -(follows * (table @ out).log_softmax(-1)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return before, cosines(), of


def _within_between(cosines, of):
    import torch

    same = of[:, None] == of
    other = same & ~torch.eye(len(of), dtype=torch.bool)
    return cosines[other].mean().item(), cosines[~same].mean().item()


def experiment(off=False):
    runs = [_learn(seed, alone=off) for seed in range(3)]
    for before, after, of in runs:
        assert max(map(abs, _within_between(before, of))) < 0.2, "at first vectors are unrelated"
        inside, between = _within_between(after, of)
        if off:
            assert abs(inside) < 0.3 and abs(between) < 0.3, "without shared contexts no classes are found"
        else:
            assert inside > 0.97 and between < 0.7, "words of a class come together"
    inside, between = (sum(_within_between(run[1], run[2])[i] for run in runs) / 3 for i in (0, 1))
    start = sum(_within_between(run[0], run[2])[0] for run in runs) / 3
    if off:
        says = (
            f"Each word has followers of its own: after training, mean cosine {inside:.2f} within the (now meaningless) classes, "
            f"{between:.2f} between (3 seeds).",
            f"每个词各有自己的后继：训练之后，（已无意义的）类内余弦平均 {inside:.2f}，类间 {between:.2f}（3 个随机种子）。",
        )
    else:
        says = (
            f"Mean cosine within a class: {start:.2f} before training, {inside:.2f} after; between classes {between:.2f} (3 "
            "seeds). Nobody told the model which words belong together.",
            f"类内余弦的平均：训练前 {start:.2f}，训练后 {inside:.2f}；类间 {between:.2f}（3 个随机种子）。没有人告诉模型哪些词同类。",
        )
    names = [f"{'ABCD'[int(c)]}{i % 4 + 1}" for i, c in enumerate(runs[0][2])]
    return {
        "says": says,
        "off": ("each word has followers of its own", "每个词各有自己的后继"),
        "charts": [
            {
                "chart": "picture",
                "title": title,
                "values": runs[0][which].tolist(),
                "rows": names,
                "low": -1,
                "high": 1,
            }
            for which, title in (
                (0, ("Cosines before training", "训练前的余弦")),
                (1, ("Cosines after training", "训练后的余弦")),
            )
        ],
    }


def clusters_evidence():
    pairs = [_within_between(after, of) for _before, after, of in (_learn(seed) for seed in (10, 11, 12))]
    inside, between = ([pair[i] for pair in pairs] for i in (0, 1))
    return [
        max(map(abs, inside + between)) < 0.3,
        min(inside) > 0.97 and all(a - b > 0.3 for a, b in pairs),
        min(inside + between) > 0.9,
        all(a < b for a, b in pairs),
    ]


def why_lookup_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    ids = torch.tensor([5, 0, 5, 3])
    one_hot = torch.nn.functional.one_hot(ids, 7).float()
    table = torch.randn(7, 3, generator=g, requires_grad=True)
    grads = []
    for out in (table[ids], one_hot @ table):
        grads.append(torch.autograd.grad((out**2).sum(), table)[0])
    same = torch.allclose(table[ids], one_hot @ table) and torch.allclose(*grads)
    zeros = bool((one_hot == 0).sum() == one_hot.numel() - len(ids))
    spreads = bool((grads[1][[1, 2, 4, 6]] != 0).any())
    return [None, same and zeros, spreads, None]


def gradient_size_draw(rng):
    model, rows, width = rng.choice(
        [
            ("Llama-2-7B", 32_000, 4_096),
            ("Llama-3-8B", 128_256, 4_096),
            ("GPT-2", 50_257, 768),
            ("Llama-3-70B", 128_256, 8_192),
            ("Qwen2.5-7B", 152_064, 3_584),
        ]
    )
    kind, size = rng.choice([("float32", 4), ("bfloat16", 2)])
    tokens = rng.choice([2_048, 4_096, 8_192, 16_384])
    unique = rng.randrange(tokens // 8, tokens // 3, 50)
    mib = width * size / 2**20
    values = {
        "answer": rows * mib,
        "rows_only": unique * mib,
        "per_token": tokens * mib,
        "other_size": rows * mib * (2 if size == 2 else 0.5),
    }
    return {
        "model": model,
        "rows": rows,
        "width": width,
        "kind": kind,
        "bytes": size,
        "tokens": tokens,
        "unique": unique,
    } | {k: float(f"{v:.4g}") for k, v in values.items()}


def gradient_size_evidence(drawn):
    import torch

    table = torch.nn.Embedding(
        drawn["rows"], drawn["width"], device="meta", dtype=getattr(torch, drawn["kind"])
    )
    table(torch.zeros(3, dtype=torch.long, device="meta")).sum().backward()
    size = table.weight.grad.nbytes / 2**20
    return [abs(drawn[k] / size - 1) < 0.01 for k in ("answer", "rows_only", "per_token", "other_size")]


def tables_evidence():
    import torch

    table = torch.nn.Embedding(6, 3)
    ids = torch.tensor([[1, 2], [2, 4]])  # id 2 in two contexts
    out = table(ids)
    one_vector = torch.equal(out[0, 1], out[1, 0])
    before = table.weight.detach().clone()
    optimizer = torch.optim.SGD(table.parameters(), 0.1)
    out.pow(2).sum().backward()
    optimizer.step()
    moved = (table.weight != before).any(1)
    all_alike = bool(moved.all())
    frozen = torch.nn.Embedding.from_pretrained(before)  # frozen unless told otherwise
    keeps = not frozen.weight.requires_grad
    own_order = torch.equal(frozen(torch.tensor([4]))[0], before[4])
    return [None, one_vector, all_alike, keeps, own_order]


def no_gain_evidence():
    """Texts whose class follows from the kinds of their words; half of the words occur in the test only. Frozen vectors,
    a linear classifier: good vectors, the same in a wrong order, random ones; and good ones scaled by a frequency."""
    import torch

    accuracy = {"good": [], "moved": [], "random": [], "scaled": [], "missing": []}
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        kinds = torch.arange(400) % 2
        good = torch.randn(2, 16, generator=g)[kinds] + 1.0 * torch.randn(400, 16, generator=g)
        tables = {
            "good": good,
            "moved": good[torch.randperm(400, generator=g)],
            "random": torch.randn(400, 16, generator=g),
            "scaled": good * (0.3 + 2 * torch.rand(400, 1, generator=g)),
            "missing": good * (torch.rand(400, 1, generator=g) > 0.03),
        }

        def texts(low, high, n=300, g=g):
            want = torch.randint(2, (n,), generator=g)
            like = torch.rand(n, 9, generator=g) < 0.8
            kind = torch.where(like, want[:, None], 1 - want[:, None])
            return torch.randint(low // 2, high // 2, (n, 9), generator=g) * 2 + kind, want

        (train, train_y), (test, test_y) = texts(0, 200), texts(200, 400)
        for name, table in tables.items():
            x = torch.cat([table[train].mean(1), torch.ones(300, 1)], 1)
            w = torch.linalg.solve(x.T @ x + torch.eye(17), x.T @ (2.0 * train_y - 1))
            guess = torch.cat([table[test].mean(1), torch.ones(300, 1)], 1) @ w > 0
            accuracy[name].append((guess == test_y.bool()).float().mean().item())
    mean = {name: sum(found) / 3 for name, found in accuracy.items()}
    frozen_is_bad = mean["good"] < 0.7
    order = mean["good"] > 0.85 and abs(mean["moved"] - mean["random"]) < 0.1 and mean["moved"] < 0.65
    return [frozen_is_bad, order, mean["scaled"] < 0.7, mean["missing"] < 0.7]
