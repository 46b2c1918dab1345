"""Experiment, draws and evidence for lstm.md."""

BIASES = (0.0, 1.0, 3.0)


def worked():
    from math import exp

    import torch

    c = torch.tensor(0.9 * 2 + 0.5 * -0.4)
    h = 0.8 * c.tanh()
    gates = {b: 1 / (1 + exp(-b)) for b in BIASES}
    assert 5e-10 < gates[0.0] ** 30 < 2e-9
    return [
        f"= {c.item():.1f}",
        f"= {h.item():.3f}",
        f"f = {gates[1.0]:.3f}",
        f"= {gates[1.0] ** 30:.5f}",
        f"f = {gates[3.0]:.3f}",
        f"= {gates[3.0] ** 30:.3f}",
        f"{sum(p.numel() for p in torch.nn.LSTM(128, 256, device='meta').parameters()):,}",
    ]


def _step(x, h, c, weights, width):
    import torch

    i, f, g, o = torch.baddbmm(x, h, weights).split(width, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _learn(distance, seeds, biases=BIASES, steps=60, width=12, rows=32):
    """LSTMs side by side, one for each bias and seed, name the first symbol after noise: losses (step, bias, seed)."""
    import torch

    def drawn(*shape):
        found = []
        for seed in seeds:
            g = torch.Generator().manual_seed(1000 * seed + shape[0])
            found.append((2 * torch.rand(shape, generator=g) - 1) * width**-0.5)
        return torch.stack(found * len(biases))

    w_x, w_h, out = drawn(5, 4 * width), drawn(width, 4 * width), drawn(width, 2)
    many = len(w_x)
    bias, out_bias = torch.zeros(many, 1, 4 * width), torch.zeros(many, 1, 2)
    for n, b in enumerate(biases):
        bias[n * len(seeds) : (n + 1) * len(seeds), :, width : 2 * width] = b
    learned = [p.requires_grad_() for p in (w_x, w_h, out, bias, out_bias)]
    optimizer = torch.optim.Adam(learned, 0.02)
    g, losses = torch.Generator().manual_seed(sum(seeds)), []
    for _ in range(steps):
        symbols = torch.randint(2, 5, (distance, rows), generator=g)  # noise
        symbols[0] = want = torch.randint(2, (rows,), generator=g)
        inputs = w_x[:, symbols].transpose(0, 1) + bias  # (distance, many, rows, 4·width)
        h = c = torch.zeros(many, rows, width)
        for x in inputs:
            h, c = _step(x, h, c, w_h, width)
        scores = (h @ out + out_bias).reshape(-1, 2)
        loss = torch.nn.functional.cross_entropy(scores, want.repeat(many), reduction="none")
        loss = loss.view(many, rows).mean(1)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        losses.append(loss.detach().view(len(biases), len(seeds)))
    return torch.stack(losses)


def _norms(seed, bias, distance=30, width=12):
    """The gradient of the last h with respect to earlier cells, by distance, at initialisation, as a share of the nearest.
    Without a bias: a plain RNN and its states."""
    import torch

    g = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        return (2 * torch.rand(shape, generator=g, dtype=torch.float64) - 1) * width**-0.5

    w_x, w_h, w = uniform(5, 4 * width), uniform(1, width, 4 * width), uniform(width, width)
    start = torch.zeros(1, 1, width, dtype=torch.float64)
    h, c, kept = start, start.clone().requires_grad_(), []
    plain = start.clone().requires_grad_()
    for _ in range(distance + 1):
        kept.append(plain if bias is None else c)
        x = w_x[torch.randint(5, (1,), generator=g)][None].clone()
        if bias is None:
            plain = (plain @ w + x[..., :width]).tanh()
        else:
            x[..., width : 2 * width] += bias
            h, c = _step(x, h, c, w_h, width)
    last = plain if bias is None else h
    norms = [grad.norm().item() for grad in reversed(torch.autograd.grad(last.sum(), kept))]
    return [norm / norms[0] for norm in norms]


def _solved(losses):
    """How many seeds have solved it at the end, for each bias."""
    return (losses[-10:].mean(0) < 0.1).sum(1).tolist()


def experiment(off=False):
    from math import exp, log

    distance, seeds = (4 if off else 30), range(8)
    losses = _learn(distance, seeds)
    solved, ends = _solved(losses), losses[-10:].mean(0)
    if off:
        assert solved == [8, 8, 8], "over 4 steps any bias will do"
    else:
        assert solved[0] == 0 and solved[1] <= 4 and solved[2] >= 6, "over 30 steps only the bias of 3 learns"
    curves = {}
    for bias in (None, *BIASES):
        runs = [_norms(seed, bias, distance) for seed in range(3)]
        curves[bias] = [exp(sum(log(run[k]) for run in runs) / 3) for k in range(distance + 1)]
    left = [curves[bias][-1] for bias in BIASES]
    if not off:
        assert left[2] > 0.3 and left[1] < 0.02 and left[0] < 1e-5, "what is left of the gradient"
        assert curves[None][-1] < 1e-4, "a plain RNN begins no better and no worse than a bias of 0"
    zero, one, three = (ends[i].mean().item() for i in range(3))
    figures = (
        f"solved by {solved[0]}, {solved[1]} and {solved[2]} of 8 seeds with a forget bias of 0, 1 and 3 (mean loss {zero:.2f}, "
        f"{one:.2f}, {three:.2f}; guessing: 0.69)",
        f"遗忘门偏置为 0、1、3 时，8 个随机种子里学会的分别有 {solved[0]}、{solved[1]}、{solved[2]} 个（平均 loss {zero:.2f}、{one:.2f}、"
        f"{three:.2f}，瞎猜是 0.69）",
    )
    return {
        "says": (
            f"Over {distance} steps, after 60 updates: {figures[0]}. At the start {left[0]:.0e}, {left[1]:.0e} and {left[2]:.2g} of "
            f"the gradient reach the first step; in a plain RNN {curves[None][-1]:.0e}.",
            f"距离 {distance} 步，更新 60 次之后：{figures[1]}。训练开始时，梯度传到第一步还剩 {left[0]:.0e}、{left[1]:.0e}、{left[2]:.2g}；"
            f"普通 RNN 是 {curves[None][-1]:.0e}。",
        ),
        "off": ("4 steps in place of 30", "只隔 4 步，而不是 30 步"),
        "charts": [
            {
                "chart": "curves",
                "title": ("Gradient at the start, by distance", "训练开始时梯度随距离的变化"),
                "x": list(range(distance + 1)),
                "x_label": ("steps back", "往回几步"),
                "y_label": ("share", "剩余比例"),
                "log_y": True,
                "series": [
                    (("plain RNN", "普通 RNN") if b is None else f"LSTM, b_f = {b:g}", curve)
                    for b, curve in curves.items()
                ],
            },
            {
                "chart": "curves",
                "title": ("Training", "训练"),
                "x": list(range(2, 61, 2)),
                "x_label": ("update", "更新次数"),
                "y_label": ("loss", "loss"),
                "series": [
                    (f"b_f = {b:g}", losses[:, i].mean(1).view(-1, 2).mean(1).tolist())
                    for i, b in enumerate(BIASES)
                ],
            },
        ],
    }


def forget_bias_evidence():
    solved = _solved(_learn(30, range(10, 18)))
    most, few = [n >= 6 for n in solved], [n <= 4 for n in solved]
    return [
        all(most),
        few[0] and most[1] and most[2],
        few[0] and few[1] and most[2],
        all(few),
    ]


def one_step_draw(rng):
    from math import tanh

    while True:
        c, g = rng.choice([-2, -1.5, -1, 1, 1.5, 2]), rng.choice([-0.9, -0.5, -0.4, 0.4, 0.6, 0.8])
        f, i, o = (rng.choice([0.1, 0.2, 0.4, 0.5, 0.7, 0.8, 0.9]) for _ in range(3))
        cell = f * c + i * g
        values = {
            "answer": o * tanh(cell),
            "no_tanh": o * cell,
            "swapped": o * tanh(i * c + f * g),
            "cell": cell,
        }
        numbers = sorted(values.values())
        if (
            min(b - a for a, b in zip(numbers, numbers[1:], strict=False)) > 0.03
            and min(map(abs, numbers)) > 0.05
        ):
            return {"c": c, "g": g, "f": f, "i": i, "o": o} | {
                k: float(f"{v:.3g}") for k, v in values.items()
            }


def one_step_evidence(drawn):
    """torch's cell, its gates set by biases."""
    from math import atanh, log

    import torch

    cell = torch.nn.LSTMCell(1, 1).double()
    for p in cell.parameters():
        torch.nn.init.zeros_(p)
    with torch.no_grad():
        for at, gate in ((0, "i"), (1, "f"), (3, "o")):
            cell.bias_ih[at] = log(drawn[gate] / (1 - drawn[gate]))
        cell.bias_ih[2] = atanh(drawn["g"])
    zero = torch.zeros(1, 1).double()
    h = cell(zero, (zero, torch.full((1, 1), float(drawn["c"])).double()))[0].item()
    return [abs(drawn[k] - h) < 0.01 * abs(h) for k in ("answer", "no_tanh", "swapped", "cell")]


def parameters_draw(rng):
    inputs, width = rng.choice([8, 10, 27, 28, 50, 64, 100, 128]), rng.choice([16, 32, 200, 256, 512])
    block = width * (inputs + width) + 2 * width
    return {
        "inputs": inputs,
        "width": width,
        "answer": 4 * block,
        "three": 3 * block,
        "one_bias": 4 * (block - width),
        "square": 4 * (2 * width * width + 2 * width),
    }


def parameters_evidence(drawn):
    import torch

    rnn = torch.nn.LSTM(drawn["inputs"], drawn["width"], device="meta")
    count = sum(p.numel() for p in rnn.parameters())
    return [drawn[k] == count for k in ("answer", "three", "one_bias", "square")]


def additive_evidence():
    import torch

    left = {}
    for bias in (0.0, 5.0):
        runs = [_norms(seed, bias) for seed in range(3)]
        left[bias] = max(run[-1] for run in runs), min(run[-1] for run in runs)
    plain = max(_norms(seed, None)[-1] for seed in range(3))
    never_vanishes = left[0.0][0] > 0.5
    by_gate = left[0.0][0] < 1e-6 and left[5.0][1] > 0.3 > 1e-3 > plain
    blocks = torch.nn.LSTM(3, 4).weight_hh_l0.shape[0] == 4 * torch.nn.RNN(3, 4).weight_hh_l0.shape[0]
    assert blocks  # four times the weights, as said
    return [never_vanishes, None, None, by_gate]


def which_bias_draw(rng):
    from math import log

    steps, percent = rng.choice([10, 20, 30, 50, 100, 200]), rng.choice([25, 40, 60, 75])
    share = percent / 100
    f = share ** (1 / steps)
    answer = log(f / (1 - f))
    values = {"answer": answer, "gate": f, "one_step": log(share / (1 - share)), "minus": -answer}
    return {"steps": steps, "percent": percent, "share": share} | {
        k: float(f"{v:.4g}") for k, v in values.items()
    }


def which_bias_evidence(drawn):
    import torch

    wanted, right = drawn["percent"] / 100, []
    for name in ("answer", "gate", "one_step", "minus"):
        cell = torch.nn.LSTMCell(1, 1).double()
        for p in cell.parameters():
            torch.nn.init.zeros_(p)
        with torch.no_grad():
            cell.bias_ih[1] = drawn[name]
        h, c = torch.zeros(1, 1).double(), torch.ones(1, 1).double()
        for _ in range(drawn["steps"]):
            c = cell(torch.zeros(1, 1).double(), (h, c))[1]
        right.append(abs(c.item() / wanted - 1) < 0.01)
    return right


def gates_evidence():
    import torch

    torch.manual_seed(0)

    def run(i, f, o, steps=5):
        cell = torch.nn.LSTMCell(3, 4).double()
        with torch.no_grad():
            for at, value in ((0, i), (1, f), (3, o)):
                cell.bias_ih[4 * at : 4 * at + 4] = 60.0 * (2 * value - 1)
        h, c = torch.randn(2, 4, dtype=torch.float64).tanh(), 3 * torch.randn(2, 4, dtype=torch.float64)
        start, total = c, c
        for _ in range(steps):
            x = torch.randn(2, 3, dtype=torch.float64)
            g = (
                x @ cell.weight_ih[8:12].T
                + h @ cell.weight_hh[8:12].T
                + cell.bias_ih[8:12]
                + cell.bias_hh[8:12]
            ).tanh()
            total = total + g
            h, c = cell(x, (h, c))
        return start, h, c, total

    start, h, c, _total = run(0, 1, 1)
    keeps = torch.allclose(start, c)
    bounded = bool((c.abs() > 1).any() and (h.abs() < 1).all())
    start, h, c, _total = run(0, 1, 0)
    deletes = not (torch.allclose(c, start) and h.abs().max() < 1e-9)
    _start, _h, c, total = run(1, 1, 1)
    sums = torch.allclose(c, total)
    cell = torch.nn.LSTMCell(3, 4)
    from_cell = cell.weight_ih.shape[1] + cell.weight_hh.shape[1] != 3 + 4
    return [keeps, deletes, bounded, from_cell, sums]


def stream_evidence():
    """A cell with f near 1 over twenty documents, with and without a reset: h bounded, c not."""
    import torch

    torch.manual_seed(0)
    cell = torch.nn.LSTMCell(3, 6).double()
    with torch.no_grad():
        cell.bias_ih[6:12] = 9.0
        cell.bias_ih[12:18] = 0.5  # candidates lean to one side
    largest = {}
    for reset in (False, True):
        h = c = torch.zeros(1, 6, dtype=torch.float64)
        ends = []
        with torch.no_grad():
            for _document in range(20):
                if reset:
                    h = c = torch.zeros(1, 6, dtype=torch.float64)
                for _ in range(60):
                    h, c = cell(torch.randn(1, 3, dtype=torch.float64), (h, c))
                ends.append((c.abs().max().item(), h.abs().max().item()))
        largest[reset] = ends
    grows = (
        largest[False][-1][0] > 5 * largest[False][0][0] and largest[True][-1][0] < 2 * largest[True][0][0]
    )
    by_h = largest[False][-1][1] >= 1
    return [by_h, None, grows, None]
