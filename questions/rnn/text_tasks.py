"""Experiment, draws and evidence for text_tasks.md."""


def _tagger(seed, both_ways, offset, steps=150, rows=16, length=8, words=10, hidden=16):
    """A tagger learns whether the token `offset` places on is in the upper half; the mean loss of every ten steps."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        embed = nn.Embedding(words, 12)
        gru = nn.GRU(12, hidden, batch_first=True, bidirectional=both_ways)
        head = nn.Linear(hidden * (1 + both_ways), 2)
    optimizer = torch.optim.Adam(nn.ModuleList([embed, gru, head]).parameters(), 0.02)
    losses = []
    for _ in range(steps):
        x = torch.randint(words, (rows, length), generator=g)
        tags = (x >= words // 2).long().roll(-offset, 1)[:, 1:-1]  # at the edges there is no such token
        loss = nn.functional.cross_entropy(head(gru(embed(x))[0])[:, 1:-1].mT, tags)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [sum(losses[i : i + 10]) / 10 for i in range(0, steps, 10)]


def experiment(off=False):
    offset = -1 if off else 1
    one, two = ([_tagger(seed, both_ways, offset) for seed in range(3)] for both_ways in (False, True))
    ends = [[run[-1] for run in runs] for runs in (one, two)]
    assert max(ends[1]) < 0.1, "with both directions the tag can be read"
    if off:
        assert max(ends[0]) < 0.1, "what stands before is known from left to right as well"
        says = (
            f"If the tag hangs on the token before, both learn it: loss at most {max(ends[0]):.3f} one-way and "
            f"{max(ends[1]):.3f} bidirectional. Three seeds.",
            f"标签取决于前一个 token 时，两者都学会了：单向的 loss 至多 {max(ends[0]):.3f}，双向至多 {max(ends[1]):.3f}。三个种子。",
        )
    else:
        assert min(ends[0]) > 0.64, "from left to right the next token is unknown"
        says = (
            f"One-way stays at {min(ends[0]):.2f} to {max(ends[0]):.2f}, which is guessing; bidirectional falls to "
            f"{max(ends[1]):.3f} or less. Three seeds.",
            f"单向停在 {min(ends[0]):.2f} 到 {max(ends[0]):.2f}，等于瞎猜；双向降到 {max(ends[1]):.3f} 以下。三个种子。",
        )
    mean = [[sum(values) / 3 for values in zip(*runs, strict=True)] for runs in (one, two)]
    return {
        "says": says,
        "off": ("a tag that hangs on the token before", "标签取决于前一个 token"),
        "title": ("Loss of the two taggers", "两个标注器的 loss"),
        "chart": "curves",
        "x": list(range(10, 151, 10)),
        "x_label": ("step", "步"),
        "y_label": ("loss", "loss"),
        "series": [(("left to right", "从左到右"), mean[0]), (("both ways", "双向"), mean[1])],
    }


def worked():
    import torch

    def start(classes):
        return torch.nn.functional.cross_entropy(torch.zeros(1, classes), torch.tensor([0])).item()

    return [f"{start(c):.3f}" for c in (2, 9, 10_000)]


def what_follows_evidence():
    one, two = (
        [_tagger(seed, both_ways, 1, steps=70)[-1] for seed in range(3)] for both_ways in (False, True)
    )
    learned, guesses = ([max(e) < 0.3 for e in (one, two)], [min(e) > 0.6 for e in (one, two)])
    return [all(learned), all(guesses), guesses[0] and learned[1], learned[0] and guesses[1]]


def both_ways_evidence():
    """Whether an output depends on the very token that it has to predict, when a direction runs backwards."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        gru, x = nn.GRU(4, 6, bidirectional=True), torch.randn(7, 1, 4, requires_grad=True)
    (reads,) = torch.autograd.grad(gru(x)[0][3].sum(), x)
    next_input_is_read = reads[4].norm().item() > 0
    target_is_next_input = {
        "classifier": False,  # the label is no token of the input
        "tagger": False,
        "language model": True,
        "encoder": False,  # the targets are tokens of another text
        "decoder": True,
    }
    return [not (next_input_is_read and target) for target in target_is_next_input.values()]


def start_loss_draw(rng):
    from math import log, log2

    types = rng.randint(3, 24)
    values = {
        "answer": log(2 * types + 1),
        "one_tag": log(types + 1),
        "types_only": log(types),
        "bits": log2(2 * types + 1),
    }
    return {"types": types} | {name: float(f"{value:.4g}") for name, value in values.items()}


def start_loss_evidence(drawn):
    import torch
    from torch import nn

    tags = ["O"] + [f"{mark}-{n}" for n in range(drawn["types"]) for mark in "BI"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = nn.Linear(16, len(tags))
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)
        loss = nn.functional.cross_entropy(
            head(torch.randn(200, 16)), torch.randint(len(tags), (200,))
        ).item()
    return [abs(loss / drawn[name] - 1) < 0.01 for name in ("answer", "one_tag", "types_only", "bits")]


def several_labels_evidence():
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    target = torch.tensor([[1.0, 1.0, 0.0]])

    def fitted(loss):
        logits = torch.zeros(1, 3, requires_grad=True)
        for _ in range(300):
            (gradient,) = torch.autograd.grad(loss(logits), logits)
            logits = (logits - 2 * gradient).detach().requires_grad_()
        return logits

    shared = fitted(lambda z: cross_entropy(z, target / 2)).softmax(-1)[0]
    apart = fitted(lambda z: binary_cross_entropy_with_logits(z, target)).sigmoid()[0]
    compete = abs(shared[0].item() - 0.5) < 0.01 and apart[:2].min().item() > 0.98
    (slope,) = torch.autograd.grad(
        cross_entropy(start := torch.tensor([[0.0, 0.0, 1.0]], requires_grad=True), target / 2), start
    )
    takes_vectors = shared.shape == (3,)
    return [not takes_vectors, None, compete, slope.abs().max().item() < 1e-6]


def class_axis_evidence():
    """A tagger whose tags depend on the token alone, so that a right loss falls to almost nothing."""
    import torch
    from torch import nn

    def last_loss(seed, arrange, mostly_o=False):
        g = torch.Generator().manual_seed(seed)
        table = torch.randint(9, (30,), generator=g)
        if mostly_o:
            table[3:] = 0
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net = nn.Embedding(30, 9)
        optimizer = torch.optim.Adam(net.parameters(), 0.1)
        for _ in range(80):
            x = torch.randint(30, (16, 40), generator=g)
            loss = nn.functional.cross_entropy(arrange(net(x)), table[x])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.item()

    found = []
    for seed in range(3):
        stuck = 1.9
        reshaped = last_loss(seed, lambda z: z.reshape(16, 9, 40))
        moved = last_loss(seed, lambda z: z.transpose(1, 2))
        found.append([moved > stuck, reshaped > stuck > moved, None, None])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]


def stuck_accuracy_evidence():
    import torch

    tags = torch.ones(1000, dtype=torch.long)
    tags[:910] = 0  # O
    said = torch.zeros_like(tags)
    accuracy, recall = (said == tags).float().mean().item(), (said[tags == 1] == 1).float().mean().item()
    overlapping = tags.clone()  # a model that has seen the answers
    return [
        None,
        None,
        abs((overlapping == tags).float().mean().item() - 0.91) < 0.005,
        abs(accuracy - 0.91) < 0.005 and recall == 0,
    ]
