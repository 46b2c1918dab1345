"""Runs the claims about masks."""


def before_softmax_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    scores = torch.randn(5, 6, generator=g, dtype=torch.float64).requires_grad_()
    value = torch.randn(6, 3, generator=g, dtype=torch.float64)
    hidden = torch.tensor([False, True, False, False, True, True])
    before = scores.masked_fill(hidden, float("-inf")).softmax(-1)
    after = scores.softmax(-1) * ~hidden
    one = torch.ones(5, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((after @ value).square().sum(), scores)
    only_before_sums = torch.allclose(before.sum(-1), one) and bool((after.sum(-1) < 0.99).all())
    leaks_after = bool((after[:, hidden] != 0).any())
    return [
        only_before_sums,
        not bool(gradient.isfinite().all()),
        leaks_after,  # "only then": would hold if zeroing later left them in
        torch.allclose(before @ value, after @ value),
    ]


def updates_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    n, d = 8, 4
    x = torch.randn(n, d, generator=g, dtype=torch.float64)
    w_q, w_k, w_v = (torch.randn(d, d, generator=g, dtype=torch.float64).requires_grad_() for _ in range(3))
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.mT / d**0.5
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    out = scores.masked_fill(~causal, float("-inf")).softmax(-1) @ v
    loss = out.square().sum()
    by_score, by_key, *by_weights = torch.autograd.grad(loss, [scores, k, w_q, w_k, w_v])
    trained = all(bool((gradient != 0).all()) for gradient in by_weights)
    passes = by_score[2, 5].item() != 0
    return [not trained, bool((by_key[5] == 0).all()), passes, trained and not passes]


def broadcast_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 4, 6, 6, generator=g)
    padded = torch.arange(6) >= torch.tensor([[4], [5]])
    masks = (
        lambda: padded[:, None, :, None],
        lambda: padded[:, None, None, :],
        lambda: padded[:, :, None, None],
        lambda: padded[None, None, :, :],
    )
    right = []
    for mask in masks:
        try:
            weights = scores.masked_fill(mask(), float("-inf")).softmax(-1)
        except RuntimeError:  # does not broadcast
            right.append(False)
            continue
        fine = True
        for sample, row in enumerate(padded):
            fine &= bool((weights[sample][..., row] == 0).all() and (weights[sample][..., ~row] > 0).all())
        right.append(fine)
    return right


def shifted_evidence():
    import torch

    vocabulary, n, d = 6, 7, 8
    g = torch.Generator().manual_seed(0)
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    strict = causal & ~torch.eye(n, dtype=torch.bool)
    first_row_usable = torch.zeros(n, n).masked_fill(~strict, float("-inf")).softmax(-1).isfinite().all()

    table = torch.randn(vocabulary + 1, d, generator=g)  # the last row is the start token
    w_q, w_k, w_v = torch.randn(3, d, d, generator=g)

    def outputs(inputs):
        x = table[inputs]
        scores = (x @ w_q) @ (x @ w_k).mT / d**0.5
        return scores.masked_fill(~causal, float("-inf")).softmax(-1) @ (x @ w_v) + x

    tokens = torch.randint(vocabulary, (400, n), generator=g)
    start = torch.full((400, 1), vocabulary)
    shifted = torch.cat([start, tokens[:, :-1]], dim=1)

    def readable(inputs):
        """Can a linear map read token i off output i?"""
        train, test = outputs(inputs).flatten(0, 1).split(200 * n)
        want = torch.nn.functional.one_hot(tokens, vocabulary).float().flatten(0, 1)
        solution = torch.linalg.lstsq(train, want[: 200 * n]).solution
        hits = (test @ solution).argmax(-1) == want[200 * n :].argmax(-1)
        return hits.float().mean().item()

    unshifted, by_shift = readable(tokens), readable(shifted)
    holds_previous = bool((shifted[:, 1:] == tokens[:, :-1]).all())
    predictions = outputs(shifted) @ table[:vocabulary].T
    feeds_predictions = bool((shifted[:, 1:] == predictions.argmax(-1)[:, :-1]).all())
    return [
        bool(first_row_usable),
        feeds_predictions,
        holds_previous and by_shift < 0.35,  # chance is 1/6
        unshifted < 0.5,  # would hold if the own input could not be copied
    ]


def visible_pairs_draw(rng):
    while True:
        slots, padding = rng.randint(6, 14), rng.randint(2, 4)
        real = slots - padding
        drawn = {
            "slots": slots,
            "real": real,
            "padding": padding,
            "answer": real * (real + 1) // 2 + padding * real,
            "real_only": real * (real + 1) // 2,
            "causal_only": slots * (slots + 1) // 2,
            "padding_only": slots * real,
        }
        if len({drawn[name] for name in ("answer", "real_only", "causal_only", "padding_only")}) == 4:
            return drawn


def visible_pairs_evidence(drawn):
    import torch

    n = drawn["slots"]
    mask = torch.ones(n, n, dtype=torch.bool).tril() & (torch.arange(n) < drawn["real"])
    weights = torch.zeros(n, n).masked_fill(~mask, float("-inf")).softmax(-1)
    visible = int((weights > 0).sum())
    values = (drawn[name] for name in ("answer", "real_only", "causal_only", "padding_only"))
    return [value == visible for value in values]


def _language_model(masks, steps=160, seed=0):
    """Trains one-layer language models on random tokens, one for each mask. Returns their losses, each model's loss on
    fresh tokens when the future is hidden, and its attention there with its own mask."""
    import math

    import torch
    from torch.nn.functional import cross_entropy

    vocabulary, n, d = 8, 8, 24
    causal = torch.ones(n, n, dtype=torch.bool).tril()

    def run(weights, tokens, mask):
        table, places, w_q, w_k, w_v, out = weights
        x = table[tokens] + places
        scores = (x @ w_q) @ (x @ w_k).mT / d**0.5
        attention = scores.masked_fill(~mask, float("-inf")).softmax(-1)
        logits = (x + attention @ (x @ w_v)) @ out
        return cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()), attention

    results = []
    for mask in masks:  # Adam by hand on fresh random sequences, whose next token nobody can know
        g = torch.Generator().manual_seed(seed)
        sizes = (vocabulary, d), (n, d), (d, d), (d, d), (d, d), (d, vocabulary)
        weights = [(torch.randn(size, generator=g) / d**0.5).requires_grad_() for size in sizes]
        moments = [(torch.zeros_like(w), torch.zeros_like(w)) for w in weights]
        losses = []
        for step in range(1, steps + 1):
            loss, _ = run(weights, torch.randint(vocabulary, (64, n), generator=g), mask)
            losses.append(loss.item())
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for w, gradient, (m, v) in zip(weights, gradients, moments, strict=True):
                    m.lerp_(gradient, 0.1)
                    v.lerp_(gradient.square(), 0.02)
                    rate = 0.012 * math.sqrt(1 - 0.98**step) / (1 - 0.9**step)
                    w -= rate * m / (v.sqrt() + 1e-8)
        with torch.no_grad():
            fresh = torch.randint(vocabulary, (512, n), generator=g)
            exposed = run(weights, fresh, causal)[0].item()  # when generating, there is no future
            results.append((losses, exposed, run(weights, fresh, mask)[1].mean(0)))
    return results


def experiment():
    import math

    import torch

    n, chance, steps = 8, math.log(8), 160
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    runs = [_language_model((causal, torch.ones_like(causal)), steps, seed) for seed in range(3)]
    for (masked, _, _), (free, exposed, _) in runs:
        assert sum(masked[-20:]) / 20 > 0.97 * chance, (
            "behind a causal mask, random tokens cannot be predicted"
        )
        assert sum(free[-20:]) / 20 < 0.3 * chance, "without a mask the next token is copied from the input"
        assert exposed > 1.2 * chance, "what copying learned is worth nothing when the future is hidden"
    curves = [torch.tensor([run[i][0] for run in runs]).mean(0).view(-1, 4).mean(1).tolist() for i in (0, 1)]
    ends = [torch.tensor([run[i][0][-20:] for run in runs]).mean().item() for i in (0, 1)]
    exposed = sum(run[1][1] for run in runs) / 3
    maps = [runs[0][i][2].tolist() for i in (0, 1)]
    positions = [str(i) for i in range(n)]
    picture = {"chart": "picture", "rows": positions, "columns": positions, "low": 0, "high": 1}
    return {
        "says": (
            f"On random tokens nothing beats ln 8 = {chance:.2f}, and with the causal mask the loss ends at {ends[0]:.2f} "
            f"(mean of 3 seeds). Without it the loss falls to {ends[1]:.2f}: each query looks one place ahead, at its answer. "
            f"Once the future is hidden, as in generation, that model's loss is {exposed:.1f}.",
            f"token 是随机的，任何模型的 loss 都不可能低于 ln 8 = {chance:.2f}；加 causal mask 时最后是 {ends[0]:.2f}（3 个种子"
            f"平均）。不加 mask，loss 降到 {ends[1]:.2f}：每个 query 都去看后一个位置，答案就在那里。"
            f"像生成时那样看不到未来，这个模型的 loss 是 {exposed:.1f}。",
        ),
        "charts": [
            {
                "title": ("Predicting random tokens", "预测随机 token"),
                "chart": "curves",
                "x": list(range(4, steps + 1, 4)),
                "x_label": ("step", "步"),
                "y_label": ("training loss", "训练 loss"),
                "log_x": False,
                "log_y": False,
                "series": [
                    (("causal mask", "有 causal mask"), curves[0]),
                    (("no mask", "没有 mask"), curves[1]),
                    ("ln 8", [chance] * len(curves[0])),
                ],
            },
            {
                **picture,
                "title": (
                    "Without a mask: who looks where (row: query)",
                    "没有 mask：谁看哪里（行是 query）",
                ),
                "values": maps[1],
            },
            {**picture, "title": ("With the causal mask", "有 causal mask"), "values": maps[0]},
        ],
    }


def random_tokens_evidence():
    import math

    import torch

    causal = torch.ones(8, 8, dtype=torch.bool).tril()
    low = [[], []]
    for seed in range(3):
        runs = _language_model((causal, torch.ones_like(causal)), 130, seed)
        for kept, (losses, _, _) in zip(low, runs, strict=True):
            kept.append(sum(losses[-10:]) / 10 < 0.5 * math.log(8))
    masked, free = all(low[0]), all(low[1])
    near_guessing = not any(low[0]), not any(low[1])
    return [
        masked and near_guessing[1],
        near_guessing[0] and free,
        near_guessing[0] and near_guessing[1],
        masked and free,
    ]


def too_good_evidence():
    import torch

    causal = torch.ones(8, 8, dtype=torch.bool).tril()
    losses, _, _ = _language_model((torch.ones_like(causal),), 300)[0]
    train, held_out = (sum(part) / 20 for part in (losses[-40:-20], losses[-20:]))  # every batch is fresh
    gap = held_out > 2 * train
    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 8, 6, generator=g, dtype=torch.float64)
    w_q, w_k, w_v = torch.randn(3, 6, 6, generator=g, dtype=torch.float64)

    def outputs(x, mask):
        scores = (x @ w_q) @ (x @ w_k).mT
        return scores.masked_fill(~mask, float("-inf")).softmax(-1) @ (x @ w_v)

    def leaks(mask):
        changed = x.clone()
        changed[:, 5] += 1
        return not torch.allclose(outputs(x, mask)[:, :5], outputs(changed, mask)[:, :5])

    broken = (
        torch.ones_like(causal),
        torch.ones_like(causal).tril(1),
        ~causal | torch.eye(8, dtype=torch.bool),
    )
    finds = all(leaks(mask) for mask in broken) and not leaks(causal)
    swapped = any(not torch.allclose(outputs(x.flip(0), mask), outputs(x, mask).flip(0)) for mask in broken)
    return [gap, None, finds, swapped]


def worked():
    import torch

    scores = torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64)
    before = scores[:2].softmax(0).tolist()
    after = scores.softmax(0)[:2].tolist()
    return [f"{v:.3f}" for v in (*before, *after, sum(after))]
