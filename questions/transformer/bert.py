"""Experiment, draws and evidence for bert.md."""


def worked():
    chosen = 512 * 0.15
    tables, layers, pooler = _bert_base()
    return [
        f"{chosen:.1f} ",
        f"{chosen * 0.8:.2f} ",
        f"{chosen * 0.1:.2f} ",
        "12 %",
        f"{tables:,}",
        f"12 · {layers // 12:,}",
        f"{pooler:,}",
        f"{tables + layers + pooler:,}",
    ]


def _bert_base(d=768):
    """Parameters of the embeddings with their norm, of the layers and of the pooler, from modules without memory."""
    from torch import nn

    def count(*modules):
        return sum(p.numel() for module in modules for p in module.parameters())

    tables = [nn.Embedding(rows, d, device="meta") for rows in (30522, 512, 2)]
    layer = nn.TransformerEncoderLayer(d, 12, 4 * d, device="meta")
    return (
        count(*tables, nn.LayerNorm(d, device="meta")),
        12 * count(layer),
        count(nn.Linear(d, d, device="meta")),
    )


def _sentences(count, n, vocab, g):
    """Texts of a language in which each symbol depends on the one before."""
    import torch

    odds = (2.5 * torch.randn(vocab, vocab, generator=g)).softmax(-1)
    x = torch.empty(count, n, dtype=torch.long)
    x[:, 0] = torch.randint(vocab, (count,), generator=g)
    for t in range(1, n):
        x[:, t] = torch.multinomial(odds[x[:, t - 1]], 1, generator=g)[:, 0]
    return x


def _masked_model(masked, random, seed, everywhere=False, steps=130, d=32, vocab=8, n=8, batch=32):
    """Trains a one-layer encoder. In per cent: how often its outputs name the symbol at visible places and at hidden
    ones, and how often they change when the visible symbol is swapped. Then the last loss."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    texts = _sentences(batch * steps + 500, n, vocab, g)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        embedding, head = nn.Embedding(vocab + 1, d), nn.Linear(d, vocab)
        places = nn.Parameter(0.5 * torch.randn(n, d))
        block = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
    weights = [w for part in (embedding, head, block) for w in part.parameters()]
    optimizer = torch.optim.Adam([*weights, places], lr=5e-3)

    def model(x):
        return head(block(embedding(x) + places))

    losses = []
    for x in texts[: batch * steps].split(batch):
        chosen, u = (torch.rand(x.shape, generator=g) for _ in range(2))
        chosen = chosen < 0.15
        seen = torch.where(chosen & (u < masked), vocab, x)
        swapped = chosen & (u >= masked) & (u < masked + random)
        seen = torch.where(swapped, torch.randint(vocab, x.shape, generator=g), seen)
        labels = x if everywhere else torch.where(chosen, x, -100)
        loss = nn.functional.cross_entropy(model(seen).flatten(0, 1), labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        x = texts[batch * steps :]
        visible = (model(x).argmax(-1) == x).float().mean().item()
        hide = torch.rand(x.shape, generator=g) < 0.15
        hidden = (model(torch.where(hide, vocab, x)).argmax(-1) == x)[hide].float().mean().item()
        swap = x.clone()
        swap[:, n // 2] = (x[:, n // 2] + 1) % vocab
        swapped = (model(swap).argmax(-1) != model(x).argmax(-1))[:, n // 2].float().mean().item()
    return 100 * visible, 100 * hidden, 100 * swapped, sum(losses[-20:]) / 20


def experiment(off=False):
    only, mixed = (
        [_masked_model(*shares, seed, everywhere=off) for seed in range(3)] for shares in ((1, 0), (0.8, 0.1))
    )
    a, b = ([run[0] for run in runs] for runs in (only, mixed))
    hidden = sum(run[1] for run in only + mixed) / 6
    mean_a, mean_b = sum(a) / 3, sum(b) / 3
    if off:
        assert min(a + b) > 97, "with a loss at every position both copy what they see"
        says = (
            f"With a loss at every position, visible symbols are named in {mean_a:.0f} % (A) and {mean_b:.0f} % (B): no "
            f"difference. Both copy. Behind [MASK] they are right in {hidden:.0f} %.",
            f"每个位置都算 loss 时，说对可见符号的比例：A 为 {mean_a:.0f} %，B 为 {mean_b:.0f} %，没有差别，"
            f"都是照抄。猜 [MASK] 时对 {hidden:.0f} %。",
        )
    else:
        assert max(a) < 75 and min(b) > 82, "only the mixture learns to read visible symbols"
        says = (
            f"On texts without [MASK] the outputs name the symbol at their place in {mean_a:.0f} % of cases (A, always "
            f"[MASK]) and {mean_b:.0f} % (B, 80/10/10); 3 seeds each. Behind [MASK] both are right in about {hidden:.0f} %.",
            f"在没有 [MASK] 的文本上，输出等于该位置符号的比例：A（全用 [MASK]）{mean_a:.0f} %，B（80/10/10）{mean_b:.0f} %，"
            f"各 3 个种子。猜 [MASK] 时两者都对约 {hidden:.0f} %。",
        )
    return {
        "says": says,
        "off": ("the loss is taken at every position", "每个位置都算 loss"),
        "title": ("Visible symbols that the output names, %", "输出说对的可见符号，%"),
        "chart": "bars",
        "bars": [
            *((f"A, 100 % [MASK], #{i}", value) for i, value in enumerate(a, 1)),
            *((f"B, 80/10/10, #{i}", value) for i, value in enumerate(b, 1)),
        ],
        "unit": "%",
    }


def mask_count_draw(rng):
    batch, length = rng.choice([16, 32, 64, 128, 256]), rng.choice([125, 250, 500])
    total = batch * length
    shares = {"answer": 12, "chosen": 15, "changed": 13.5, "all": 80}
    return {"batch": batch, "length": length, "total": total} | {
        name: float(total * share / 100) for name, share in shares.items()
    }


def mask_count_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    chosen, u = torch.rand(4_000_000, generator=g) < 0.15, torch.rand(4_000_000, generator=g)
    masks = (chosen & (u < 0.8)).float().mean().item() * drawn["total"]
    return [abs(masks / drawn[name] - 1) < 0.01 for name in ("answer", "chosen", "changed", "all")]


def visible_evidence():
    a, b = (_masked_model(*shares, 11)[0] for shares in ((1, 0), (0.8, 0.1)))
    return [a < 70 and b < 70, a < 70 and b > 82, a > 97 and b < 70, a > 97 and b > 82]


def never_kept_evidence():
    """Without unchanged tokens a symbol in view is named no more often than a hidden one: seeing it does not help."""
    kept, never = (
        [_masked_model(0.8, random, seed, steps=120) for seed in range(3)] for random in (0.1, 0.2)
    )
    ignored = all(abs(visible - hidden) < 8 for visible, hidden, _swapped, _loss in never)
    read = all(visible > hidden + 10 for visible, hidden, _swapped, _loss in kept)
    rarer = all(one[0] < other[0] - 8 and one[2] < other[2] for one, other in zip(never, kept, strict=True))
    blurred = sum(run[1] for run in never) < sum(run[1] for run in kept) - 15  # hidden ones would suffer, too
    return [ignored and read and rarer, blurred, None, False]


def too_good_evidence():
    """A loss at every position falls far below that of an honest run, because what is in view is copied."""
    honest, leaky = (_masked_model(0.8, 0.1, 0, everywhere=everywhere) for everywhere in (False, True))
    copied = leaky[3] < 0.4 * honest[3] and leaky[0] > 99 and leaky[1] < honest[1] + 3
    total = 0.12 * 7.5 + 0.015 * 10
    nsp = 10.3 - 1.2 < 0.6931  # what its start at ln 2 could take away
    random = 0.015 * 10.3 > 5  # what 1.5 % of the positions could add
    return [None, random, nsp, copied and abs(total - 1.05) < 1e-9]


def input_evidence():
    import torch
    from torch import nn

    tables, layers, pooler = _bert_base()
    added = tables + layers + pooler == 109_482_240  # three tables of width 768, one norm of 768
    wider = 12 * sum(
        p.numel() for p in nn.TransformerEncoderLayer(3 * 768, 12, 4 * 768, device="meta").parameters()
    )
    table = nn.Embedding(512, 4)
    try:
        table(torch.tensor([512]))
        unbounded = True
    except IndexError:
        unbounded = False
    torch.manual_seed(0)
    block, x = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True), torch.randn(1, 6, 16)
    shuffled = torch.tensor([3, 0, 5, 1, 4, 2])
    blind = torch.allclose(block(x)[:, shuffled], block(x[:, shuffled]), atol=1e-5)
    return [added, wider == layers, tables == (30522 + 512 + 2) * 768 + 2 * 768, unbounded, blind]
