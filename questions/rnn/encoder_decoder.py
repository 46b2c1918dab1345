"""Experiment, draws and evidence for encoder_decoder.md."""


def _reversing(seed, cut, steps=200, rows=32, length=3, letters=6, hidden=48):
    """Trains an encoder and a decoder to write letters backwards; `cut`: the decoder starts from zeros instead.
    Returns, for test sentences, the source, what is written from its own context, and from its neighbour's."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        read, write = nn.Embedding(letters, 16), nn.Embedding(letters + 1, 16)
        encoder, decoder = nn.GRU(16, hidden, batch_first=True), nn.GRU(16, hidden, batch_first=True)
        head = nn.Linear(hidden, letters)
    nets = nn.ModuleList([read, write, encoder, decoder, head])
    optimizer = torch.optim.Adam(nets.parameters(), 0.01)

    def context(x):
        return encoder(read(x))[1] * (0 if cut else 1)

    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.012 * (1 - step / steps)
        x = torch.randint(letters, (rows, length), generator=g)
        y = x.flip(1)
        inputs = torch.cat([torch.full((rows, 1), letters), y[:, :-1]], dim=1)
        loss = nn.functional.cross_entropy(head(decoder(write(inputs), context(x))[0]).mT, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = torch.randint(letters, (200, length), generator=g)
    written = []
    with torch.no_grad():
        for h in (context(x), context(x).roll(1, 1)):
            token, tokens = torch.full((len(x), 1), letters), []
            for _ in range(length):
                output, h = decoder(write(token), h)
                token = head(output).argmax(-1)
                tokens.append(token)
            written.append(torch.cat(tokens, dim=1))
    return x, *written


def _shares(seed, cut):
    """How much is right: own context; neighbour's context judged by the own source; and by the neighbour's."""
    x, own, swapped = _reversing(seed, cut)
    pairs = (own, x), (swapped, x), (swapped, x.roll(1, 0))
    return [(written == source.flip(1)).float().mean().item() for written, source in pairs]


def experiment(off=False):
    runs = [_shares(seed, cut=off) for seed in range(3)]
    own, ones, theirs = (sum(values) / 3 for values in zip(*runs, strict=True))
    if off:
        assert all(max(run) < 0.3 for run in runs), "without a context nothing of the source is known"
        says = (
            f"Without a context the decoder names {own:.0%} of the letters, as guessing does (1/6), and exchanging contexts "
            f"that are all zero changes nothing: {ones:.0%}. Three seeds.",
            f"没有上下文，解码器只写对 {own:.0%} 的字母，与瞎猜（1/6）无异；上下文全是零，交换也毫无影响：{ones:.0%}。三个种子。",
        )
    else:
        assert all(run[0] > 0.93 and run[2] > 0.93 and run[1] < 0.3 for run in runs), (
            "c decides what is written"
        )
        says = (
            f"With its own context {own:.0%} of the letters are right. With the neighbour's, {ones:.0%} agree with the own source "
            f"(guessing: 17 %) and {theirs:.0%} with the neighbour's. Three seeds.",
            f"用自己的上下文，写对 {own:.0%} 的字母。换成相邻句子的，与自己的源序列相符的只有 {ones:.0%}（瞎猜是 17%），"
            f"与相邻句子相符的有 {theirs:.0%}。三个种子。",
        )
    return {
        "says": says,
        "off": ("a decoder that starts from zeros, with no context", "解码器从全零开始，没有上下文"),
        "title": ("Letters that agree, in per cent", "相符的字母，百分比"),
        "chart": "bars",
        "unit": "%",
        "bars": [
            (("own context, own source", "自己的上下文，对照自己的源"), round(100 * own, 1)),
            (("neighbour's context, own source", "相邻句子的上下文，对照自己的源"), round(100 * ones, 1)),
            (("neighbour's context, its source", "相邻句子的上下文，对照它的源"), round(100 * theirs, 1)),
        ],
    }


def worked():
    from math import log2

    return [str(2 * 256), f"{2 * 256 * 32:,}", f"{20 * log2(10000):.1f}"]


def swapped_evidence():
    found = []
    for seed in range(2):
        own, ones, theirs = _shares(seed, cut=False)
        assert own > 0.9
        mixed = 0.4 < ones < 0.9 and 0.4 < theirs < 0.9
        found.append([ones > 0.9, theirs > 0.9, mixed, ones < 0.3 and theirs < 0.3])
    return [all(row) for row in zip(*found, strict=True)]


def must_agree_evidence():
    import torch
    from torch import nn

    def runs(hidden=6, words=(11, 17), layers=2, length=(5, 3), embedding=(4, 4)):
        with torch.device("meta"):
            read, write = (nn.Embedding(n, e) for n, e in zip(words, embedding, strict=True))
            encoder = nn.GRU(embedding[0], 6, num_layers=2)
            decoder = nn.GRU(embedding[1], hidden, num_layers=layers)
            _, state = encoder(read(torch.zeros(length[0], 2, dtype=torch.long)))
            try:
                decoder(write(torch.zeros(length[1], 2, dtype=torch.long)), state)
            except RuntimeError:
                return False
        return True

    assert runs(words=(11, 11), length=(5, 5)), "with everything equal it runs"
    return [
        not runs(hidden=7),
        not runs(words=(11, 17)),
        not runs(layers=3),
        not runs(length=(5, 3)),
        not runs(embedding=(4, 9)),
    ]


def fed_each_step_evidence():
    import torch
    from torch import nn

    found, hidden, steps = [], 32, 20
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            plain, joined = nn.GRU(16, hidden), nn.GRU(16 + hidden, hidden)
            c = torch.randn(1, 1, hidden, requires_grad=True)
            y, direction = torch.randn(steps, 1, 16), torch.randn(hidden)
        by_state = plain(y, c)[0]
        by_input = joined(torch.cat([y, c.expand(steps, 1, hidden)], -1))[0]

        def slope(output, c=c, direction=direction):
            return torch.autograd.grad((output * direction).sum(), c, retain_graph=True)[0].norm().item()

        faded = slope(by_state[-1]) < slope(by_state[0]) / 1000
        kept = slope(by_input[-1]) > slope(by_input[0]) / 2
        found.append([None, None, faded and kept, False])
        same = torch.equal(c.expand(steps, 1, hidden)[0], c.expand(steps, 1, hidden)[-1])
        found[-1][3] = not same  # a choice among positions would need another vector at each step
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]


def context_size_draw(rng):
    layers, hidden, length = rng.choice([2, 3, 4]), rng.choice([128, 256, 512, 1024]), rng.randint(9, 60)
    return {
        "layers": layers,
        "hidden": hidden,
        "length": length,
        "answer": 2 * layers * hidden,
        "only_h": layers * hidden,
        "top": hidden,
        "outputs": length * hidden,
    }


def context_size_evidence(drawn):
    import torch
    from torch import nn

    with torch.device("meta"):
        lstm = nn.LSTM(8, drawn["hidden"], num_layers=drawn["layers"])
        _, state = lstm(torch.zeros(drawn["length"], 1, 8))
    numbers = sum(part.numel() for part in state)
    return [numbers == drawn[name] for name in ("answer", "only_h", "top", "outputs")]


def decoder_parameters_draw(rng):
    embedding, hidden = rng.choice([32, 64, 100, 128, 300]), rng.choice([96, 256, 384, 512])
    one = hidden * (embedding + hidden) + hidden * hidden  # a block's weights
    return {
        "embedding": embedding,
        "hidden": hidden,
        "answer": 3 * one + 6 * hidden,
        "alone": 3 * (hidden * embedding + hidden * hidden) + 6 * hidden,
        "one_bias": 3 * one + 3 * hidden,
        "four": 4 * one + 8 * hidden,
    }


def decoder_parameters_evidence(drawn):
    import torch
    from torch import nn

    with torch.device("meta"):
        gru = nn.GRU(drawn["embedding"] + drawn["hidden"], drawn["hidden"])
    numbers = sum(p.numel() for p in gru.parameters())
    return [numbers == drawn[name] for name in ("answer", "alone", "one_bias", "four")]


def bridge_evidence():
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = nn.GRU(5, 8, num_layers=2, bidirectional=True)
        x = torch.randn(6, 32, 5)
        both_ways = nn.GRU(5, 8, num_layers=2, bidirectional=True)
        y = torch.randn(4, 32, 5)
    h = encoder(x)[1]

    def sound(bridge):
        """Each layer's row n depends on both directions of that layer and of sample n, on nothing else."""
        slots = torch.autograd.functional.jacobian(
            lambda state: bridge(state)[:, 3].sum(1), h
        )  # (2, 4, N, H)
        uses = slots.abs().sum(-1) > 0
        wanted = torch.zeros(2, 4, 32, dtype=torch.bool)
        wanted[0, :2, 3] = wanted[1, 2:, 3] = True
        return torch.equal(uses, wanted)

    later = y.clone()
    later[-1] += 1  # a decoder may not know later tokens
    honest = torch.allclose(both_ways(y, h)[0][0], both_ways(later, h)[0][0])
    return [
        sound(lambda state: state[:2]),
        sound(lambda state: state.view(2, 32, 16)),
        honest,
        sound(lambda state: torch.cat([state[0::2], state[1::2]], -1)),
    ]
