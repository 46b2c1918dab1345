"""Experiment, draws and evidence for dpo.md."""

from math import exp, log, log1p


def _loss(beta, pw, rw, pl, rl):
    return log1p(exp(-beta * ((pw - rw) - (pl - rl))))


def worked():
    import torch

    margin = torch.tensor(0.1 * ((-12.0 + 13.0) - (-14.0 + 13.5)))
    loss = -torch.nn.functional.logsigmoid(margin).item()
    return [f"{margin.item():.3f}", f"{loss:.3f}", f"{torch.sigmoid(-margin).item():.3f}", f"{log(2):.3f}"]


def _train(seed, also_likelihood, steps=150, pairs=32, words=12, length=10, beta=0.1):
    """DPO on fixed pairs from the reference: per step the loss, mean log π of chosen and of rejected answers."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    chain = (2 * torch.randn(words, words, generator=g)).softmax(-1)

    def answers(first):
        x = first
        for _ in range(length):
            x = torch.cat([x, torch.multinomial(chain[x[:, -1]], 1, generator=g)], 1)
        return x

    def starts(n):
        return torch.randint(words, (n, 1), generator=g)

    def log_p(model, x):
        return model(x[:, :-1]).log_softmax(-1).gather(-1, x[:, 1:, None])[..., 0].sum(1)

    torch.manual_seed(seed)
    net = nn.Sequential(nn.Embedding(words, 32), nn.Linear(32, 64), nn.GELU(), nn.Linear(64, words))
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(100):  # the reference learns the chain
        optimizer.zero_grad()
        (-log_p(net, answers(starts(64))).mean()).backward()
        optimizer.step()
    first = starts(pairs)
    one, other = answers(first), answers(first)
    liked = [(x[:, 1:] < words // 2).sum(1) + 0.01 * torch.rand(pairs, generator=g) for x in (one, other)]
    better = (liked[0] > liked[1])[:, None]
    chosen, rejected = torch.where(better, one, other), torch.where(better, other, one)
    with torch.no_grad():
        before = log_p(net, chosen), log_p(net, rejected)
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    curve = []
    for _ in range(steps + 1):
        now = log_p(net, chosen), log_p(net, rejected)
        margin = beta * ((now[0] - before[0]) - (now[1] - before[1]))
        loss = -nn.functional.logsigmoid(margin).mean()
        curve.append((loss.item(), now[0].mean().item(), now[1].mean().item()))
        if also_likelihood:
            loss = loss - now[0].mean() / length
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return curve


def experiment(off=False):
    import torch

    with torch.random.fork_rng():
        runs = [_train(seed, off) for seed in range(4)]
    for run in runs:
        start, end = run[0], run[-1]
        assert abs(start[0] - log(2)) < 1e-3, "policy and reference begin equal: ln 2"
        assert end[2] < start[2] - 10, "rejected answers lose probability"
        if off:
            assert end[1] > start[1], "with a likelihood term the chosen answers gain"
            assert end[0] < 0.4, "and the preference is still learned"
        else:
            assert end[1] < start[1] - 20, "chosen answers lose probability too"
            assert end[0] < 0.01, "though the loss is almost 0"
    every = slice(0, None, 5)
    mean = [[sum(run[t][i] for run in runs) / len(runs) for t in range(len(runs[0]))] for i in range(3)]
    s, e = [m[0] for m in mean], [m[-1] for m in mean]
    figures = f"{s[1]:.0f} → {e[1]:.0f}".replace("-", "−"), f"{s[2]:.0f} → {e[2]:.0f}".replace("-", "−")
    if off:
        says = (
            f"With a likelihood term on the chosen answers (mean of 4 seeds): loss {s[0]:.3f} → {e[0]:.2f}; log π of the "
            f"chosen answers {figures[0]}, of the rejected ones {figures[1]}. The chosen answers no longer fall.",
            f"给 chosen 加上似然项（4 个随机种子的平均）：loss {s[0]:.3f} → {e[0]:.2f}；chosen 的 log π {figures[0]}，"
            f"rejected 的 {figures[1]}。chosen 不再下降。",
        )
    else:
        says = (
            f"Plain DPO (mean of 4 seeds): loss {s[0]:.3f} → {e[0]:.3f}; log π of the chosen answers {figures[0]}, of the "
            f"rejected ones {figures[1]}. Both fall in every run. (With a tenth of the learning rate the chosen ones "
            "first rise a little, and fall later.)",
            f"只用 DPO（4 个随机种子的平均）：loss {s[0]:.3f} → {e[0]:.3f}；chosen 的 log π {figures[0]}，rejected 的 "
            f"{figures[1]}。每次运行两者都下降。（学习率取十分之一时，chosen 先略升，之后仍会下降。）",
        )
    return {
        "says": says,
        "off": (
            "the mean negative log-likelihood of the chosen answers is added to the loss",
            "在 loss 里加上 chosen 的平均负对数似然",
        ),
        "title": ("Log-probabilities of the training pairs", "训练数据对的对数概率"),
        "chart": "curves",
        "x": list(range(len(mean[0])))[every],
        "x_label": ("step", "步"),
        "y_label": ("mean log π", "平均 log π"),
        "series": [("chosen", mean[1][every]), ("rejected", mean[2][every])],
    }


def chosen_falls_evidence():
    import torch

    with torch.random.fork_rng():
        runs = [_train(seed, False, steps=80) for seed in (10, 11, 12)]
    up = [all(run[-1][i] > run[0][i] for run in runs) for i in (1, 2)]
    down = [all(run[-1][i] < run[0][i] for run in runs) for i in (1, 2)]
    return [up[0] and down[1], down[0] and down[1], up[0] and up[1], down[0] and up[1]]


def partition_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    reference = torch.randn(5, generator=g, dtype=torch.float64).softmax(0)  # five whole answers
    reward = torch.randn(5, generator=g, dtype=torch.float64)

    def z(beta):
        return (reference * (reward / beta).exp()).sum()

    cancels, small = True, []
    for beta in (1.0, 0.1, 0.02):
        best = reference * (reward / beta).exp() / z(beta)
        implied = beta * (best / reference).log()
        differences = implied[:, None] - implied[None]
        cancels &= torch.allclose(differences, reward[:, None] - reward[None])
        small.append((beta * z(beta).log()).abs().item())
    return [None, abs(z(0.1).item() - 1) < 0.01, cancels, small[-1] < 0.1 * small[0]]


def loss_draw(rng):
    while True:
        beta = rng.choice([0.1, 0.2, 0.5])
        pw, rw, pl, rl = (-rng.randint(16, 60) / 2 for _ in range(4))
        values = {
            "answer": _loss(beta, pw, rw, pl, rl),
            "no_ref": _loss(beta, pw, 0, pl, 0),
            "no_beta": _loss(1, pw, rw, pl, rl),
            "swapped": _loss(beta, pl, rl, pw, rw),
        }
        sizes = list(values.values())
        apart = all(abs(a - b) > 0.05 * max(a, b) for i, a in enumerate(sizes) for b in sizes[:i])
        if apart and min(sizes) > 0.02 and max(sizes) < 9 and abs(pw - rw) < 8 and abs(pl - rl) < 8:
            numbers = {k: float(f"{v:.3g}") for k, v in values.items()}
            shown = {"pw": pw, "rw": rw, "pl": pl, "rl": rl, "hw": pw - rw, "hl": pl - rl}
            shown["m"] = round(beta * (pw - rw - pl + rl), 4)
            return {"beta": beta} | {k: f"{v:g}".replace("-", "−") for k, v in shown.items()} | numbers


def loss_evidence(drawn):
    import torch

    pw, rw, pl, rl = (float(drawn[name].replace("−", "-")) for name in ("pw", "rw", "pl", "rl"))
    ratios = torch.tensor([pw - rw, pl - rl], dtype=torch.float64)
    # The same number from Bradley–Terry: the cross-entropy of two implicit rewards with the first as the target.
    loss = torch.nn.functional.cross_entropy((drawn["beta"] * ratios)[None], torch.tensor([0])).item()
    return [abs(drawn[name] / loss - 1) < 0.01 for name in ("answer", "no_ref", "no_beta", "swapped")]


def _stuck(beta=0.1, alias=False, shuffled=False, lr=0.1, steps=20):
    """Largest |m| seen after the first update, and how far the weights moved."""
    import copy

    import torch
    from torch import nn

    torch.manual_seed(0)
    policy = nn.Linear(6, 9)
    reference = policy if alias else copy.deepcopy(policy)
    begun = policy.weight.detach().clone()
    x = torch.randn(64, 6)
    w, l_ = torch.zeros(64, dtype=torch.long), torch.ones(64, dtype=torch.long)
    if shuffled:
        swap = torch.rand(64) < 0.5
        w, l_ = torch.where(swap, l_, w), torch.where(swap, w, l_)
    optimizer = torch.optim.SGD(policy.parameters(), lr)
    seen = 0.0
    for step in range(steps):
        p = policy(x).log_softmax(-1)
        q = reference(x).log_softmax(-1).detach()
        ratio = p - q
        m = beta * (ratio.gather(1, w[:, None]) - ratio.gather(1, l_[:, None]))
        if step:
            seen = max(seen, m.abs().max().item())
        optimizer.zero_grad()
        (-nn.functional.logsigmoid(m).mean()).backward()
        optimizer.step()
    return seen, (policy.weight - begun).norm().item()


def stuck_evidence():
    import torch

    with torch.random.fork_rng():
        cases = [
            _stuck(beta=0.0),
            _stuck(shuffled=True),
            _stuck(lr=1e-6),
            _stuck(alias=True),
        ]
    return [seen == 0 and moved > 0.01 for seen, moved in cases]


def weight_draw(rng):
    while True:
        beta, m = rng.choice([0.05, 0.1, 0.2, 0.3, 0.5]), rng.choice([-3, -2, -1.5, -1, 0.5, 1, 1.5, 2, 3])
        low, high = 1 / (1 + exp(m)), 1 / (1 + exp(-m))
        values = {
            "answer": beta * low,
            "right_pairs": beta * high,
            "no_beta": low,
            "of_sigmoid": beta * low * high,
        }
        sizes = list(values.values())
        if all(abs(a - b) > 0.04 * max(a, b) for i, a in enumerate(sizes) for b in sizes[:i]):
            return {"beta": beta, "m": f"{m:g}".replace("-", "−")} | {
                k: float(f"{v:.3g}") for k, v in values.items()
            }


def weight_evidence(drawn):
    import torch

    m, beta = float(drawn["m"].replace("−", "-")), drawn["beta"]
    log_p = torch.tensor(-20.0, dtype=torch.float64, requires_grad=True)
    margin = beta * (log_p - (-20.0)) + m
    (-torch.nn.functional.logsigmoid(margin)).backward()
    slope = log_p.grad.abs().item()
    return [abs(drawn[k] / slope - 1) < 0.01 for k in ("answer", "right_pairs", "no_beta", "of_sigmoid")]
