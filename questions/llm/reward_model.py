"""Experiment, draws and evidence for reward_model.md."""


def worked():
    from math import exp, log

    p = 1 / (1 + exp(-(1.2 - 0.2)))
    return [
        f"{p:.3f}",
        f"{-log(p):.3f}",
        f"−{1 - p:.3f}",
        f"+{1 - p:.3f}",
        f"{log(3):.3f}",
        f"{-0.75 * log(0.75) - 0.25 * log(0.25):.3f}",
    ]


def _quality(answers):
    """What people want: good content, and the right length, 1."""
    content, length = answers.unbind(-1)
    return content + 2 * length - length**2


def _learned(seed, long_too, pairs=3000):
    """Weights of content and length of a linear reward model, from verdicts on pairs."""
    import torch

    g = torch.Generator().manual_seed(seed)
    centre, spread = (1.0, 1.0) if long_too else (0.0, 0.4)

    def answers():
        content, length = torch.randn(2, pairs, generator=g, dtype=torch.float64)
        return torch.stack([content, centre + spread * length], -1)

    a, b = answers(), answers()
    first = torch.rand(pairs, generator=g, dtype=torch.float64) < (_quality(a) - _quality(b)).sigmoid()
    gap = torch.where(first[:, None], a - b, b - a)  # chosen minus rejected
    w = torch.zeros(2, dtype=torch.float64)
    for _ in range(400):
        w += 0.5 * ((-gap @ w).sigmoid()[:, None] * gap).mean(0)  # down the slope of −log σ
    return w


def _best_of(w, sizes, seed):
    """Mean score and mean quality of the best of n by score; length around 0, with deviation 1."""
    import torch

    g = torch.Generator().manual_seed(100 + seed)
    candidates = torch.randn(400, max(sizes), 2, generator=g, dtype=torch.float64)
    score, quality = candidates @ w, _quality(candidates)
    picked = [score[:, :n].argmax(1, keepdim=True) for n in sizes]
    return [[values.gather(1, i).mean().item() for i in picked] for values in (score, quality)]


def experiment(off=False):
    sizes = [2**i for i in range(11)]
    scores, qualities, weights = [], [], []
    for seed in range(3):
        w = _learned(seed, long_too=off)
        score, quality = _best_of(w, sizes, seed)
        scores.append(score)
        qualities.append(quality)
        weights.append(w.tolist())
        assert all(a < b for a, b in zip(score, score[1:], strict=False)), "the score rises"
        top = max(range(len(sizes)), key=quality.__getitem__)
        if off:
            assert quality[-1] > max(quality) - 0.1, "the quality does not turn down"
        else:
            assert 0 < top < 7 and quality[1] > quality[0] + 0.3, "the quality rises at first"
            assert quality[-1] < quality[top] - 0.5, "and falls in the end"
    score, quality = ([sum(column) / 3 for column in zip(*rows, strict=True)] for rows in (scores, qualities))
    top = max(range(len(sizes)), key=quality.__getitem__)
    length = round(sum(w[1] for w in weights) / 3, 2) + 0.0
    says = (
        (
            f"Raters have seen long answers too; the weight of length is {length:.2f}. From n = 1 to {sizes[-1]} the score "
            f"rises from {score[0]:.1f} to {score[-1]:.1f} and the quality from {quality[0]:.1f} to {quality[-1]:.1f}.",
            f"标注者也比较过长回答，长度的权重是 {length:.2f}。n 从 1 到 {sizes[-1]}，分数从 {score[0]:.1f} 升到 "
            f"{score[-1]:.1f}，质量从 {quality[0]:.1f} 升到 {quality[-1]:.1f}。",
        )
        if off
        else (
            f"The weight of length is {length:.2f}, right for the short answers it was learnt from. The score rises all the "
            f"way to {score[-1]:.1f}; the quality rises from {quality[0]:.1f} to {quality[top]:.1f} at n = {sizes[top]} and "
            f"falls to {quality[-1]:.1f} at n = {sizes[-1]}.",
            f"长度的权重是 {length:.2f}，对学它时用的短回答是对的。分数一路升到 {score[-1]:.1f}；质量从 {quality[0]:.1f} "
            f"升到 n = {sizes[top]} 时的 {quality[top]:.1f}，到 n = {sizes[-1]} 又降到 {quality[-1]:.1f}。",
        )
    )
    return {
        "says": says,
        "off": ("raters compare long answers as well", "标注者也比较长回答"),
        "title": ("Best of n by the reward model", "按奖励模型从 n 个里选最好的"),
        "chart": "curves",
        "x": sizes,
        "x_label": "n",
        "log_x": True,
        "series": [(("score", "奖励分"), score), (("real quality", "真实质量"), quality)],
    }


def slope_draw(rng):
    from math import exp

    def sigmoid(x):
        return 1 / (1 + exp(-x))

    while True:
        w, low = round(rng.uniform(-2, 3), 1), round(rng.uniform(-2, 3), 1)
        p = sigmoid(w - low)
        values = {"answer": p - 1, "right": -p, "alone": sigmoid(w) - 1, "sign": 1 - p}
        numbers = list(values.values())
        if 0.05 < p < 0.95 and all(abs(v - u) > 0.05 for i, v in enumerate(numbers) for u in numbers[:i]):
            return {"w": w, "l": low} | {name: float(f"{value:.3g}") for name, value in values.items()}


def slope_evidence(drawn):
    import torch

    w = torch.tensor(drawn["w"], dtype=torch.float64, requires_grad=True)
    loss = -torch.nn.functional.logsigmoid(w - drawn["l"])
    (slope,) = torch.autograd.grad(loss, w)
    return [abs(slope.item() - drawn[name]) < 0.002 for name in ("answer", "right", "alone", "sign")]


def margin_draw(rng):
    from math import log

    share = rng.choice([60, 62, 65, 68, 70, 72, 75, 78, 80, 85, 90])
    a = share / 100
    b = round(1 - a, 2)
    return {
        "share": share,
        "a": a,
        "b": b,
        "answer": round(log(a / b), 3),
        "odds": round(a / b, 3),
        "loss": round(-a * log(a) - b * log(b), 3),
        "linear": round(a - b, 2),
    }


def margin_evidence(drawn):
    import torch
    from torch.nn.functional import logsigmoid

    verdicts = torch.tensor([1.0] * drawn["share"] + [-1.0] * (100 - drawn["share"]), dtype=torch.float64)
    grid = torch.arange(0, 10, 0.001, dtype=torch.float64)
    losses = -logsigmoid(grid[:, None] * verdicts).mean(1)
    best = grid[losses.argmin()].item()
    return [abs(best - drawn[name]) < 0.002 for name in ("answer", "odds", "loss", "linear")]


def compare_evidence():
    import torch
    from torch.nn.functional import logsigmoid

    g = torch.Generator().manual_seed(0)
    scores = torch.randn(40, 6, generator=g, dtype=torch.float64)  # 40 prompts, 6 answers each
    shift = 5 * torch.randn(40, 1, generator=g, dtype=torch.float64)
    i, j = torch.triu_indices(6, 6, 1)

    def loss(r):
        return -logsigmoid(r[:, i] - r[:, j]).mean()

    order_within = torch.equal(scores.argsort(1), (scores + shift).argsort(1))
    order_between = torch.equal(scores[:, 0].argsort(), (scores + shift)[:, 0].argsort())
    free = torch.allclose(loss(scores), loss(scores + shift)) and order_within and not order_between
    # without noise, with verdicts that are certain: the shift is as free as before
    hard = (scores[:, i] > scores[:, j]).equal((scores + shift)[:, i] > (scores + shift)[:, j])
    by_noise = not hard
    return [by_noise, free, None, None]


def search_evidence():
    sizes = [1, 2, 16, 1024]
    both, turns, at_once, score_falls = [], [], [], []
    for seed in (5, 6, 7):
        score, quality = _best_of(_learned(seed, long_too=False), sizes, seed)
        rises = score[0] < score[1] < score[2] < score[3]
        both.append(rises and quality[0] < quality[1] < quality[2] < quality[3])
        turns.append(rises and quality[1] > quality[0] and quality[3] < max(quality) - 0.5)
        at_once.append(quality[1] < quality[0])
        score_falls.append(not rises)
    return [any(both), all(turns), any(at_once), any(score_falls)]


def longer_evidence():
    import torch

    w = _learned(0, long_too=False)
    g = torch.Generator().manual_seed(0)
    content = torch.randn(500, generator=g, dtype=torch.float64)

    def answers(length):
        return torch.stack([content, torch.full_like(content, length)], -1)

    padded_wins = ((answers(3.0) - answers(1.0)) @ w).mean().item() > 1
    worse = (_quality(answers(3.0)) - _quality(answers(1.0))).mean().item() < -1
    shift = 7.0  # of a prompt: it cancels among the answers to it
    by_zero = not torch.equal(
        (answers(3.0) @ w > answers(1.0) @ w), (answers(3.0) @ w + shift > answers(1.0) @ w + shift)
    )
    return [None, None, padded_wins and worse, by_zero]


def leak_evidence():
    import torch
    from torch.nn.functional import logsigmoid

    def accuracy(seed, leaks):
        """Of scores memorised per answer, on rankings that are pure chance."""
        g = torch.Generator().manual_seed(seed)
        truth = torch.randn(30, 9, generator=g)
        i, j = torch.triu_indices(9, 9, 1)
        label = (truth[:, i] > truth[:, j]).float() * 2 - 1  # (30, 36)
        train = torch.rand(30, 36, generator=g) < 0.8
        if not leaks:
            train = (torch.arange(30) < 24)[:, None].expand(30, 36)
        scores = (0.01 * torch.randn(30, 9, generator=g)).requires_grad_()
        for _ in range(100):
            loss = -logsigmoid(label * (scores[:, i] - scores[:, j]))[train].sum()
            (slope,) = torch.autograd.grad(loss, scores)
            scores = (scores - 0.2 * slope).detach().requires_grad_()
        right = (label * (scores[:, i] - scores[:, j]) > 0)[~train]
        return right.float().mean().item()

    mixed, by_prompt = ([accuracy(seed, leaks) for seed in range(3)] for leaks in (True, False))
    leaks = min(mixed) > 0.85 and max(abs(a - 0.5) for a in by_prompt) < 0.15
    only_spread = not leaks and min(mixed) < 0.5 < max(mixed)
    return [only_spread, None, leaks, None]


def aloud_evidence():
    import torch

    w = _learned(1, long_too=False)
    _score, quality = _best_of(w, [1, 8, 1024], 1)
    finite = margin_evidence({"share": 75, "answer": 1.099, "odds": 3, "loss": 0.562, "linear": 0.5})[0]
    bt = (
        abs(
            torch.tensor(1.0).sigmoid().log().item()
            - torch.nn.functional.logsigmoid(torch.tensor(1.0)).item()
        )
        < 1e-6
    )
    return [None, bt, compare_evidence()[1], finite, quality[2] < quality[1]]
