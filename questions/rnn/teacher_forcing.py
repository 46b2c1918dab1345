"""Experiment, draws and evidence for teacher_forcing.md."""

TOKENS = 17


def _learned(seed, share=0.05, steps=120):
    """The token that a rule gives after each pair, and what a net says that was trained on all pairs but a few."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    pairs = torch.cartesian_prod(torch.arange(TOKENS), torch.arange(TOKENS))
    rule = (2 * pairs[:, 0] + 3 * pairs[:, 1] + 1) % TOKENS
    seen = torch.rand(len(pairs), generator=g).argsort() >= round(share * len(pairs))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Embedding(TOKENS, 24), nn.Flatten(), nn.Linear(48, 96), nn.ReLU(), nn.Linear(96, TOKENS)
        )
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(net(pairs[seen]), rule[seen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        said = net(pairs).argmax(-1)
    return rule.view(TOKENS, TOKENS), said.view(TOKENS, TOKENS)


def _accuracy(seed, places=40, given=False):
    """Share of right tokens at each place over all true starts: on true prefixes, and on its own. `given`: the pairs are
    read from a source, not from what was written."""
    import torch

    rule, said = _learned(seed)
    first, second = torch.cartesian_prod(torch.arange(TOKENS), torch.arange(TOKENS)).T
    true, own = (first, second), (first, second)
    forced, free = [], []
    for _ in range(places):
        right, on_true, on_own = rule[true], said[true], said[true if given else own]
        forced.append((on_true == right).float().mean().item())
        free.append((on_own == right).float().mean().item())
        true, own = (true[1], right), (own[1], on_own)
    return forced, free


def experiment(off=False):
    runs = [_accuracy(seed, given=off) for seed in range(3)]
    at_30 = [free[29] for _forced, free in runs]
    steady = [forced[29] for forced, _free in runs]
    assert min(steady) > 0.93, "on true prefixes it is right 19 times in 20"
    forced, free = ([sum(v) / 3 for v in zip(*(run[i] for run in runs), strict=True)] for i in (0, 1))
    if off:
        assert min(at_30) > 0.93, "what hangs on a given source does not compound"
        says = (
            f"If the pair is read from a given source, a mistake stays a single one: at the 30th place {free[29]:.0%} are right, "
            f"as on true prefixes ({forced[29]:.0%}). Three seeds.",
            f"如果那一对是从给定的源序列读来的，错一处就只是一处：第 30 个位置有 {free[29]:.0%} 正确，"
            f"与真实前缀上（{forced[29]:.0%}）一样。三个种子。",
        )
    else:
        assert max(at_30) < 0.45, "on its own prefixes mistakes compound"
        says = (
            f"On true prefixes {forced[29]:.0%} of the tokens are right at every place. Writing by itself the net is right at "
            f"{free[0]:.0%} of the first places and {free[29]:.0%} of the 30th ({forced[29]:.2f}³⁰ = {forced[29] ** 30:.2f}). "
            f"Three seeds.",
            f"在真实前缀上，每个位置都有 {forced[29]:.0%} 的 token 正确。自己写时，第一个位置 {free[0]:.0%} 正确，"
            f"第 30 个位置只剩 {free[29]:.0%}（{forced[29]:.2f}³⁰ = {forced[29] ** 30:.2f}）。三个种子。",
        )
    return {
        "says": says,
        "off": (
            "tokens that hang on a given source, not on what was written",
            "token 取决于给定的源，而不取决于已写的内容",
        ),
        "title": ("Tokens that agree with the true sequence", "与真实序列一致的 token 比例"),
        "chart": "curves",
        "x": list(range(1, 41)),
        "x_label": ("place", "位置"),
        "y_label": ("share", "比例"),
        "series": [
            (("on true prefixes", "真实前缀"), forced),
            (("on its own prefixes", "自己的前缀"), free),
            (
                ("accuracy to the power of the place", "准确率的“位置”次方"),
                [forced[0] ** t for t in range(1, 41)],
            ),
        ],
    }


def worked():
    return [f"{0.95**20:.3f}", f"{0.95**50:.3f}"]


def own_prefix_evidence():
    shares = [_accuracy(seed, 30)[1][29] for seed in range(4)]
    mean = sum(shares) / 4
    leads = {(b, (2 * a + 3 * b + 1) % TOKENS) for a in range(TOKENS) for b in range(TOKENS)}
    assert len(leads) == TOKENS**2  # different pairs lead to different pairs
    return [abs(mean - 0.95) < 0.1, abs(mean - 0.5) < 0.1, 0.2 < mean < 0.35, abs(mean - 0.06) < 0.06]


def measure_evidence():
    """Two models of the same quality on true prefixes; only in one do mistakes compound. Which curve differs?"""
    compounds, single = _accuracy(0), _accuracy(0, given=True)
    validation = [sum(run[0]) for run in (compounds, single)]  # what true prefixes say, in sum and by place

    def gap(run):
        return max(abs(a - b) for a, b in zip(*run, strict=True))

    by_place = compounds[0] != single[0]
    return [
        validation[0] != validation[1],
        by_place,
        gap(compounds) > 0.3 and gap(single) == 0,
        validation[0] != validation[1],
    ]


def which_inputs_evidence():
    """What changes the loss in training, and what changes the output at inference, in a decoder of a table."""
    import torch

    table = torch.randn(5, 5, generator=torch.Generator().manual_seed(0)).log_softmax(-1)  # p(next | last)
    text = torch.tensor([0, 3, 1, 4])
    likelihood = sum(table[a, b] for a, b in zip(text[:-1], text[1:], strict=True)).item()
    predictions = [0]
    for _ in range(3):
        predictions.append(int(table[predictions[-1]].argmax()))
    after_own = sum(table[a, b] for a, b in zip(predictions[:-1], text[1:], strict=True)).item()
    forced_training = -torch.nn.functional.nll_loss(table[text[:-1]], text[1:], reduction="sum").item()
    trains_on_truth = abs(forced_training - likelihood) < 1e-5 and abs(forced_training - after_own) > 1e-3
    truth_at_inference = False  # nothing but the predictions enters the loop above
    return [
        not trains_on_truth and not truth_at_inference,
        trains_on_truth and truth_at_inference,
        trains_on_truth and not truth_at_inference,
        not trains_on_truth and truth_at_inference,
    ]


def all_right_draw(rng):
    while True:
        accuracy, length = rng.choice([0.9, 0.95, 0.97, 0.98, 0.99]), rng.choice([5, 10, 15, 20, 30, 40])
        values = {
            "answer": accuracy**length,
            "linear": 1 - length * (1 - accuracy),
            "some": 1 - accuracy**length,
        }
        found = [accuracy, *values.values()]
        if min(abs(a - b) for i, a in enumerate(found) for b in found[:i]) > 0.02 and values["linear"] > 0:
            return {"accuracy": accuracy, "length": length} | {
                n: float(f"{v:.4g}") for n, v in values.items()
            }


def all_right_evidence(drawn):
    right = 1.0
    for _ in range(drawn["length"]):
        right *= drawn["accuracy"]  # still on the true prefix
    return [abs(right / drawn[name] - 1) < 0.01 for name in ("answer", "accuracy", "linear", "some")]


def why_truth_evidence():
    import torch

    found = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        first = torch.randn(3, generator=g).softmax(0)
        after = (2 * torch.randn(3, 3, generator=g)).softmax(-1)
        drawn = torch.multinomial(first, 20_000, replacement=True, generator=g)
        then = torch.multinomial(after[drawn], 1, generator=g)[:, 0]
        often = torch.zeros(3, 3).index_put_((drawn, then), torch.ones(()), accumulate=True) / 20_000
        forced = first[:, None] * after  # Π of the terms after true prefixes, for each text of two tokens
        free = first[:, None] * after[first.argmax()]  # after what the model would have said
        exact = (forced - often).abs().max().item() < 0.02 < (free - often).abs().max().item()
        alike = (free - forced).abs().max().item() < 0.02
        logits = torch.randn(3, generator=g, requires_grad=True)  # at the second step, after an own token
        torch.nn.functional.cross_entropy(logits, then[0]).backward()
        needs_truth = logits.grad is None or not logits.grad.any()
        found.append([bool(needs_truth), exact, None, alike])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]


def scheduled_evidence():
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        cell, head, embed = nn.GRUCell(4, 6), nn.Linear(6, 3), nn.Embedding(3, 4)
    h = cell(embed(torch.tensor([0])))
    logits = head(h)
    token = torch.multinomial(logits.softmax(-1), 1, generator=torch.Generator().manual_seed(0))[:, 0]
    later = head(cell(embed(token), h.detach()))  # only by way of the fed token
    flows = torch.autograd.grad(later.sum(), logits, allow_unused=True)[0] is not None

    def best(own_share, pairs=200_000):
        """Texts of two equal tokens, 0 0 or 1 1: the answer of least loss to each fed token, by counting."""
        g = torch.Generator().manual_seed(0)
        true = torch.randint(2, (pairs,), generator=g)
        own = torch.randint(
            2, (pairs,), generator=g
        )  # the model's first token: 0 or 1, as often as in the data
        fed = torch.where(torch.rand(pairs, generator=g) < own_share, own, true)
        return [true[fed == token].float().mean().item() for token in (0, 1)]

    forced, own_only = best(0.0), best(1.0)
    averaged = abs(own_only[0] - own_only[1]) < 0.02 and forced == [0.0, 1.0]
    needs_order = token.requires_grad is False and token.shape == (1,)  # it exists only after `logits`
    return [flows, averaged, False, needs_order, forced == [0.0, 1.0]]
