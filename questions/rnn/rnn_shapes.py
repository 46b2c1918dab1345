"""Experiment, draws and evidence for rnn_shapes.md."""


def _losses(seed, batch_first, wanted, steps=120, rows=24, length=5, letters=6, hidden=24):
    """A GRU learns to name one letter of each row; the mean loss of every ten steps."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        embed, head = nn.Embedding(letters, 12), nn.Linear(hidden, letters)
        gru = nn.GRU(12, hidden, batch_first=batch_first)
    optimizer = torch.optim.Adam([*embed.parameters(), *gru.parameters(), *head.parameters()], 0.01)
    losses = []
    for _ in range(steps):
        x = torch.randint(letters, (rows, length), generator=g)
        loss = nn.functional.cross_entropy(head(gru(embed(x))[0][:, -1]), x[:, wanted])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [sum(losses[i : i + 10]) / 10 for i in range(0, steps, 10)]


def experiment(off=False):
    from math import log

    first, last = ([_losses(seed, off, wanted) for seed in range(3)] for wanted in (0, -1))
    ends = [[run[-1] for run in runs] for runs in (first, last)]
    guess = log(6)
    assert max(ends[1]) < 0.1, "the last letter is learned either way"
    if off:
        assert max(ends[0]) < 0.1, "with the axes in place the first letter is learned as well"
        says = (
            f"With batch_first=True both are learned: after 120 steps the loss is at most {max(ends[0]):.3f} for the first "
            f"letter and {max(ends[1]):.3f} for the last. Three seeds.",
            f"写上 batch_first=True，两个都学得会：120 步之后，第一个字母的 loss 至多 {max(ends[0]):.3f}，"
            f"最后一个至多 {max(ends[1]):.3f}。三个种子。",
        )
    else:
        assert min(ends[0]) > guess - 0.1, "the first letter cannot be known to the state that is read"
        says = (
            f"No error, and the last letter is learned (loss at most {max(ends[1]):.3f}). The first stays at guessing: "
            f"{min(ends[0]):.2f} to {max(ends[0]):.2f}, and ln 6 is {guess:.2f}. Three seeds.",
            f"没有报错，最后一个字母也学会了（loss 至多 {max(ends[1]):.3f}）。第一个始终是瞎猜："
            f"{min(ends[0]):.2f} 到 {max(ends[0]):.2f}，而 ln 6 是 {guess:.2f}。三个种子。",
        )
    mean = [[sum(values) / 3 for values in zip(*runs, strict=True)] for runs in (first, last)]
    return {
        "says": says,
        "off": ("batch_first=True, as it should be", "写上该写的 batch_first=True"),
        "title": ("Which letter of its row can be named?", "能报出本行的哪个字母？"),
        "chart": "curves",
        "x": list(range(10, 121, 10)),
        "x_label": ("step", "步"),
        "y_label": ("loss", "loss"),
        "series": [(("the first", "第一个"), mean[0]), (("the last", "最后一个"), mean[1])],
    }


def worked():
    import torch
    from torch import nn

    output, h = nn.GRU(5, 3, num_layers=2, bidirectional=True)(torch.zeros(7, 4, 5))
    return [str(tuple(output.shape)), str(tuple(h.shape)), str(h.numel()), str(output.numel())]


def both_shapes_draw(rng):
    layers, hidden = rng.choice([2, 3, 4]), rng.choice([64, 128, 256, 512])
    return {
        "layers": layers,
        "hidden": hidden,
        "batch": rng.choice([8, 16, 20, 32]),
        "length": rng.choice([10, 35, 50, 70]),
        "slices": 2 * layers,
        "wide": 2 * hidden,
    }


def both_shapes_evidence(drawn):
    import torch
    from torch import nn

    length, batch, hidden, wide = (drawn[name] for name in ("length", "batch", "hidden", "wide"))
    with torch.device("meta"):
        gru = nn.GRU(6, hidden, num_layers=drawn["layers"], bidirectional=True)
        output, h = gru(torch.zeros(length, batch, 6))
    got = tuple(output.shape), tuple(h.shape)
    outputs = (length, batch, hidden), (length, batch, wide)
    states = (drawn["slices"], batch, hidden), (drawn["layers"], batch, wide)
    return [
        got == pair
        for pair in (
            (outputs[0], states[0]),
            (outputs[1], states[0]),
            (outputs[1], states[1]),
            (outputs[0], states[1]),
        )
    ]


def two_d_state_evidence():
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        lstm = nn.LSTM(5, 64, num_layers=2)
        x, h0, c0 = torch.randn(7, 32, 5), torch.randn(32, 64), torch.randn(32, 64)

    def heard(text, state, other):
        """Whether it runs, and whether the state makes a difference."""
        try:
            return not torch.allclose(lstm(text, state)[0], lstm(text, other)[0])
        except RuntimeError:
            return False

    assert not heard(x, (h0, c0), (c0, h0)), "the 2-D state is refused"
    single = heard(x, (h0[None], c0[None]), (c0[None], h0[None]))
    none = heard(x, None, None)
    unbatched = heard(x[:, 0], (h0, c0), (c0, h0))
    slices = h0.expand(2, -1, -1).contiguous(), c0.expand(2, -1, -1).contiguous()
    return [single, none, unbatched, heard(x, slices, slices[::-1])]


def whole_text_evidence():
    import torch
    from torch import nn

    found = []
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            gru = nn.GRU(5, 3, num_layers=2, bidirectional=True)
            x = torch.randn(6, 2, 5)
        lower = nn.GRU(5, 3, bidirectional=True)
        lower.load_state_dict({k: v for k, v in gru.state_dict().items() if "_l0" in k})
        upper = nn.GRU(6, 3, bidirectional=True)
        upper.load_state_dict({k.replace("_l1", "_l0"): v for k, v in gru.state_dict().items() if "_l1" in k})
        ends = upper(lower(x)[0])[1]  # the top layer's own last states, forward and backward
        output, h = gru(x)
        candidates = [h[2], h[1], output[-1, :, :3], output[-1, :, 3:], output[0, :, 3:]]
        found.append([any(torch.allclose(c, end, atol=1e-6) for end in ends) for c in candidates])
    return [all(row) for row in zip(*found, strict=True)]


def state_bytes_draw(rng):
    layers, hidden = rng.choice([3, 4, 5, 6]), rng.choice([512, 1024, 1536, 2048])
    users, length = rng.choice([1000, 2000, 5000]), rng.choice([50, 120, 300, 800])
    one = users * hidden * 4 / 2**20
    values = {
        "answer": 2 * layers * one,
        "only_h": layers * one,
        "grows": 2 * layers * one * length,
        "top": 2 * one,
    }
    return {"layers": layers, "hidden": hidden, "users": users, "length": length} | {
        name: float(f"{value:.5g}") for name, value in values.items()
    }


def state_bytes_evidence(drawn):
    import torch
    from torch import nn

    with torch.device("meta"):
        lstm = nn.LSTM(8, drawn["hidden"], num_layers=drawn["layers"])
        _output, states = lstm(torch.zeros(2, drawn["users"], 8))
    size = sum(state.nbytes for state in states) / 2**20
    return [abs(size / drawn[name] - 1) < 0.005 for name in ("answer", "only_h", "grows", "top")]


def silent_evidence():
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        gru = nn.GRU(5, 3)

    def runs(*shape, state=None):
        try:
            return gru(torch.zeros(shape), state)[1].shape
        except RuntimeError:
            return None

    any_sizes = all(runs(a, b, 5) == (1, b, 3) for a, b in ((4, 7), (7, 4), (2, 30), (30, 2)))
    only_features = any_sizes and runs(4, 7, 6) is None and runs(4, 7, 5, state=torch.zeros(1, 4, 3)) is None
    smaller_is_batch = runs(4, 7, 5) == (1, 4, 3)
    assert gru(torch.zeros(4, 7, 5))[0].shape == (4, 7, 3)  # so later layers fit, as the last option says
    return [smaller_is_batch, only_features, None, None]


def crossed_axes_evidence():
    from math import log

    first, last = ([_losses(seed, False, wanted, steps=60)[-1] for seed in range(3)] for wanted in (0, -1))
    fails = [min(ends) > log(6) - 0.15 for ends in (first, last)]
    works = [max(ends) < 0.5 for ends in (first, last)]
    return [all(fails), all(works), works[0] and fails[1], works[1] and fails[0]]
