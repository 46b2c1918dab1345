"""Experiment, draws and evidence for deep_bidirectional.md."""


def worked():
    import torch

    rnn = torch.nn.RNN(10, 16, num_layers=2, bidirectional=True)
    sizes = [sum(p.numel() for n, p in rnn.named_parameters() if f"_l{layer}" in n) for layer in (0, 1)]
    return [f"= {sizes[0]} ", f"= {sizes[1]}", f"{sum(sizes):,}"]


def _text():
    """Letters as ids; 0 is a space."""
    import re
    from pathlib import Path

    import torch

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8")
    return torch.tensor([max(ord(c) - 96, 0) for c in " ".join(re.findall(r"[a-z]+", text.lower()))])


BLANK = 27


def _train(seed, both, loss_of, units=16, steps=60, rows=16):
    """A GRU with an output layer; `loss_of(scores, start, rows)` is the loss on windows from there on."""
    import torch

    torch.manual_seed(seed)
    rnn = torch.nn.GRU(28, units, batch_first=True, bidirectional=both)
    out = torch.nn.Linear(units * (1 + both), 27)
    optimizer = torch.optim.Adam([*rnn.parameters(), *out.parameters()], 0.05)
    one_hot = torch.eye(28)

    def scores(ids):
        return out(rnn(one_hot[ids])[0])

    for _ in range(steps):
        loss = loss_of(scores, torch.randint(30_000, (rows, 1))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():  # on text that was not trained on
        return loss_of(scores, 31_000 + torch.randint(5_500, (300, 1)))


def _next_letter(seed, both, length=10):
    """The loss inside the window, and at its last letter."""
    import torch

    text = _text()

    def loss(scores, start):
        ids = text[start + torch.arange(length + 1)]
        return torch.nn.functional.cross_entropy(
            scores(ids[:, :-1]).transpose(1, 2), ids[:, 1:], reduction="none"
        )

    found = _train(seed, both, loss)
    return found[:, :-1].mean().item(), found[:, -1].mean().item()


def _gap(seed, both, side=4):
    """The loss of a letter that is blank in the input, from what stands before it (and after it)."""
    import torch

    text = _text()

    def loss(scores, start):
        ids = text[start + torch.arange(2 * side + 1)]
        want = ids[:, side].clone()
        ids[:, side] = BLANK
        return torch.nn.functional.cross_entropy(scores(ids)[:, side], want, reduction="none")

    return _train(seed, both, loss, steps=80, rows=32).mean().item()


def experiment(off=False):
    seeds = range(3)
    names = {False: ("forward only", "单向"), True: ("bidirectional", "双向")}
    if off:
        runs = {both: [_gap(seed, both) for seed in seeds] for both in names}
        for one, two in zip(runs[False], runs[True], strict=True):
            assert two < one - 0.1, "for a gap, what follows helps, and is there in use as well"
        one, two = (sum(run) / 3 for run in runs.values())
        says = (
            f"A letter is left blank in the input and has to be filled in: loss {one:.2f} forward only, {two:.2f} bidirectional on "
            "new text (3 seeds). Here what follows is there in use as well, and reading it is no cheating.",
            f"输入里空出一个字母，要把它补上：新文本上的 loss，单向 {one:.2f}，双向 {two:.2f}（3 个随机种子）。这里使用时后文也在，"
            "读它不算作弊。",
        )
        bars = [(names[False], round(one, 3)), (names[True], round(two, 3))]
    else:
        runs = {both: [_next_letter(seed, both) for seed in seeds] for both in names}
        for (one, end), (two, last) in zip(runs[False], runs[True], strict=True):
            assert two < 0.5 and one > 1.9, "inside the window the bidirectional one reads the answer"
            assert last > end + 0.05, "where nothing follows it is worse"
        (one, end), (two, last) = (
            [sum(run[i] for run in found) / 3 for i in (0, 1)] for found in runs.values()
        )
        says = (
            f"Next letter, on new text (3 seeds). Inside the window: loss {one:.2f} forward only, {two:.2f} bidirectional. At the "
            f"last letter, as when generating: {end:.2f} and {last:.2f}.",
            f"预测下一个字母，新文本（3 个随机种子）。窗口内部：单向 loss {one:.2f}，双向 {two:.2f}。最后一个字母处，与生成时一样："
            f"{end:.2f} 和 {last:.2f}。",
        )
        inside, ends = ("inside", "内部"), ("at the end", "末尾")
        bars = [
            (tuple(f"{a}, {b}" for a, b in zip(names[both], place, strict=True)), round(value, 3))
            for both, place, value in (
                (False, inside, one),
                (True, inside, two),
                (False, ends, end),
                (True, ends, last),
            )
        ]
    return {
        "says": says,
        "off": ("a blank letter is filled in, in place of the next one", "改成填补一个空出的字母"),
        "title": ("Loss per letter", "每个字母的 loss"),
        "chart": "bars",
        "bars": bars,
    }


def reads_answer_evidence():
    seeds = (10, 11, 12)
    one, two = ([_next_letter(seed, both) for seed in seeds] for both in (False, True))
    pairs = list(zip(one, two, strict=True))
    near_zero = all(b[0] < 0.5 for b in two)
    same = all(abs(a[0] - b[0]) < 0.3 for a, b in pairs)
    lower, higher = all(b[1] < a[1] - 0.05 for a, b in pairs), all(b[1] > a[1] for a, b in pairs)
    return [same and lower, near_zero and lower, same and higher, near_zero and higher]


def parameters_draw(rng):
    kind, blocks = rng.choice([("RNN", 1), ("GRU", 3), ("LSTM", 4)])
    inputs, width = rng.choice([8, 10, 20, 50, 64, 100]), rng.choice([16, 32, 128, 256])

    def layer(reads):
        return blocks * (width * (reads + width) + 2 * width)

    return {
        "kind": kind,
        "blocks": blocks,
        "inputs": inputs,
        "width": width,
        "double": 2 * width,
        "answer": 2 * (layer(inputs) + layer(2 * width)),
        "narrow": 2 * (layer(inputs) + layer(width)),
        "one_way": layer(inputs) + layer(width),
        "shared": layer(inputs) + layer(2 * width),
    }


def parameters_evidence(drawn):
    import torch

    kind = getattr(torch.nn, drawn["kind"])
    rnn = kind(drawn["inputs"], drawn["width"], num_layers=2, bidirectional=True, device="meta")
    count = sum(p.numel() for p in rnn.parameters())
    return [drawn[k] == count for k in ("answer", "narrow", "one_way", "shared")]


def _depends(rnn, position, half):
    """On which positions of the input a half of the output at some position depends."""
    import torch

    x = torch.randn(1, 6, 3, requires_grad=True)
    out = rnn(x)[0][0, position]
    (grad,) = torch.autograd.grad(out[:4].sum() if half == "forward" else out[4:].sum(), x)
    return set((grad[0] != 0).any(1).nonzero()[:, 0].tolist())


def half_empty_evidence():
    import torch

    torch.manual_seed(0)
    rnn = torch.nn.LSTM(3, 4, batch_first=True, bidirectional=True)
    reads = _depends(rnn, 5, "backward")
    return [reads == set(range(6)), reads == {5}, reads == set(), reads == _depends(rnn, 5, "forward")]


def not_for_writing_evidence():
    import torch

    torch.manual_seed(0)
    rnn = torch.nn.GRU(3, 4, batch_first=True, bidirectional=True)
    future = _depends(rnn, 2, "backward") == {2, 3, 4, 5} and _depends(rnn, 2, "forward") == {0, 1, 2}
    x = torch.randn(1, 6, 3)
    before, after = rnn(x[:, :5])[0], rnn(x)[0][:, :5]
    changes = bool((before[..., 4:] != after[..., 4:]).any(-1).all()) and torch.allclose(
        before[..., :4], after[..., :4]
    )
    fits = torch.nn.Linear(8, 100)(after).shape == (1, 5, 100)
    return [not fits, None, None, future and changes]


def neighbours_evidence():
    import torch

    torch.manual_seed(0)
    rnn = torch.nn.GRU(3, 4, batch_first=True, bidirectional=True).eval()
    x = torch.randn(1, 5, 3)
    alone = rnn(x)[0]

    def padded(filling):
        return rnn(torch.cat([x, filling], 1))[0]

    zeros, noise = padded(torch.zeros(1, 4, 3)), padded(torch.randn(1, 4, 3))
    forward = not torch.allclose(alone[:, 4, :4], zeros[:, 4, :4])
    by_zeros = (zeros - alone[:, :1])[0, 0, 4:].norm().item()
    by_noise = (noise - alone[:, :1])[0, 0, 4:].norm().item()
    two = torch.cat([torch.cat([x, torch.zeros(1, 4, 3)], 1), torch.randn(1, 9, 3)])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        two, torch.tensor([5, 9]), batch_first=True, enforce_sorted=False
    )
    unpacked, _lengths = torch.nn.utils.rnn.pad_packed_sequence(rnn(packed)[0], batch_first=True)
    cured = torch.allclose(unpacked[0, :5], alone[0], atol=1e-6)
    mixes = not torch.allclose(rnn(two)[0][:1], zeros, atol=1e-6)  # do rows influence each other otherwise?
    return [forward, mixes, by_zeros > 1e-3 and cured, by_noise < by_zeros / 2]


def statements_evidence():
    import warnings

    import torch

    torch.manual_seed(0)
    rnn = torch.nn.GRU(3, 4, num_layers=3, batch_first=True, bidirectional=True, dropout=0.2)
    columns = all(getattr(rnn, f"weight_ih_l{i}").shape[1] == 8 for i in (1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = torch.nn.GRU(3, 4, batch_first=True, dropout=0.5)  # a single layer: nothing between layers
    x = torch.randn(2, 6, 3)
    through_time = not torch.equal(one(x)[0], one(x)[0])
    first = torch.nn.GRU(3, 4, batch_first=True, bidirectional=True)
    waits = _depends(first, 0, "backward") == set(range(6))
    shares = torch.equal(rnn.weight_hh_l0, rnn.weight_hh_l0_reverse)
    return [columns, through_time, waits, shares, rnn(x)[1].shape[0] == 6]
