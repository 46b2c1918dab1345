"""Experiment, draws and evidence for distillation.md."""


def worked():
    import torch

    teacher, student = torch.tensor([4.0, 1, 0]), torch.tensor([2.0, 1, 0.5])
    shown, lengths = [], []
    for t in (1, 4):
        p = (teacher / t).softmax(0)
        z = student.clone().requires_grad_()
        q = (z / t).log_softmax(0)
        (gradient,) = torch.autograd.grad((p * (p.log() - q)).sum(), z)
        assert torch.allclose(gradient, (q.exp() - p) / t, atol=1e-6)
        shown += [f"{value:.3f}" for value in p.tolist()]
        lengths.append(gradient.norm().item())
    stored = 128256 * 2 * 1e9 / 1e12
    return [*shown, *(f"{x:.3f}" for x in lengths), f"{16 * lengths[1]:.3f}", f"{stored:.1f} TB"]


def _students(seed, examples, steps=300, lessons=500, classes=10, width=20):
    """Accuracy on new data of students trained on true labels, on the teacher's class, on its probabilities; and the
    teacher's own."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)

    def net(hidden):
        return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, classes))

    world = net(32)

    @torch.no_grad()
    def data(count):
        x = torch.randn(count, width, generator=g)
        z = world(x)
        return x, torch.multinomial((3 * z / z.std()).softmax(1), 1, generator=g)[:, 0]

    def fitted(model, x, target, steps, rate, batch):
        optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.0)
        for _ in range(steps):
            some = torch.randint(len(x), (batch,), generator=g)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[some]), target[some]).backward()
            optimizer.step()
        return model

    teacher = fitted(net(128), *data(20000), lessons, 0.005, 256)
    x, labels = data(examples)
    new, truth = data(4000)
    with torch.no_grad():
        soft = teacher(x).softmax(1)

    def score(model):
        return (model(new).argmax(1) == truth).float().mean().item()

    with torch.no_grad():
        own = score(teacher)
    targets = labels, soft.argmax(1), soft
    return [score(fitted(net(64), x, target, steps, 0.01, 128)) for target in targets], own


def experiment(off=False):
    import torch

    examples = 20000 if off else 300
    with torch.random.fork_rng():
        runs = [_students(seed, examples) for seed in range(3)]
    for (labels, classes, soft), _ in runs:
        if off:
            assert soft - labels < 0.04, "with many examples the lead is small"
        else:
            assert soft > classes + 0.02 > labels + 0.03, "probabilities beat classes beat labels"
            assert soft - labels > 0.08, "by far"
    mean = [sum(run[0][i] for run in runs) / len(runs) for i in range(3)]
    own = sum(run[1] for run in runs) / len(runs)
    lead = 100 * (mean[2] - mean[0])
    left = (
        (f" The lead has shrunk to {lead:.1f} points.", f"领先只剩 {lead:.1f} 个百分点。")
        if off
        else ("", "")
    )
    return {
        "says": (
            f"Accuracy after training on {examples} examples (3 seeds): {mean[0]:.1%} with true labels, {mean[1]:.1%} with the "
            f"teacher's class, {mean[2]:.1%} with its probabilities; the teacher has {own:.1%}." + left[0],
            f"用 {examples} 个样本训练后的正确率（3 个随机种子）：真实标签 {mean[0]:.1%}，教师的类别 {mean[1]:.1%}，教师的概率 "
            f"{mean[2]:.1%}；教师自己是 {own:.1%}。" + left[1],
        ),
        "off": ("the students get 20,000 examples, not 300", "学生有 20,000 个样本，而不是 300 个"),
        "title": ("Accuracy on new data", "在新数据上的正确率"),
        "chart": "bars",
        "unit": "%",
        "bars": [
            (("true labels", "真实标签"), round(100 * mean[0], 1)),
            (("teacher's class", "教师的类别"), round(100 * mean[1], 1)),
            (("teacher's probabilities", "教师的概率"), round(100 * mean[2], 1)),
            (("the teacher", "教师自己"), round(100 * own, 1)),
        ],
    }


def few_examples_evidence():
    import torch

    with torch.random.fork_rng():
        runs = [_students(seed, 300, steps=150, lessons=200)[0] for seed in (10, 11, 12)]
    return [
        all(labels > soft > classes for labels, classes, soft in runs),
        all(max(run) - min(run) < 0.02 for run in runs),
        all(soft > classes + 0.01 > labels + 0.02 for labels, classes, soft in runs),
        all(classes > soft > labels for labels, classes, soft in runs),
    ]


def t_squared_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    teacher, student = torch.randn(2, 10, generator=g, dtype=torch.float64)

    def length(t):
        z = student.clone().requires_grad_()
        p = (teacher / t).softmax(0)
        (gradient,) = torch.autograd.grad((p * (p.log() - (z / t).log_softmax(0))).sum(), z)
        return gradient.norm().item()

    square = abs(length(50.0) / length(100.0) - 4) < 0.1
    z = student.clone()
    for _ in range(3000):  # fitted at T = 4, the student equals the teacher at T = 1: no division is needed
        z -= 4 * ((z / 4).softmax(0) - (teacher / 4).softmax(0))
    divided = not torch.allclose(z.softmax(0), teacher.softmax(0), atol=1e-4)
    return [None, None, divided, square]


def soft_target_draw(rng):
    from math import exp

    while True:
        a, b, c = rng.sample([0, 1, 2, 3, 4, 5, 6], 3)
        t = rng.choice([2, 3, 4, 5])

        def first(scale, logits=(a, b, c)):
            return exp(logits[0] * scale) / sum(exp(z * scale) for z in logits)

        values = {
            "answer": first(1 / t),
            "plain": first(1),
            "sharper": first(t),
            "divided": first(1) / t,
        }
        sizes = list(values.values())
        apart = all(abs(x - y) > 0.03 * max(x, y) for i, x in enumerate(sizes) for y in sizes[:i])
        if apart and min(sizes) > 0.001:
            return {"a": a, "b": b, "c": c, "t": t} | {k: float(f"{v:.3g}") for k, v in values.items()}


def soft_target_evidence(drawn):
    import torch

    logits = torch.tensor([float(drawn[k]) for k in "abc"], dtype=torch.float64)
    # Tempering is a power: probabilities to the 1/T, normalised again.
    powers = logits.softmax(0) ** (1 / drawn["t"])
    first = (powers / powers.sum())[0].item()
    return [abs(drawn[k] / first - 1) < 0.01 for k in ("answer", "plain", "sharper", "divided")]


def gradient_draw(rng):
    while True:
        t, p, q = rng.choice([2, 3, 4, 5, 8]), rng.randint(5, 80) / 100, rng.randint(5, 80) / 100
        if abs(q - p) > 0.04 and p + q < 0.98:
            values = {
                "answer": t * (q - p),
                "times_one": q - p,
                "over_t": (q - p) / t,
                "times_square": t * t * (q - p),
            }
            return {"t": t, "p": p, "q": q} | {k: float(f"{v:.4g}") for k, v in values.items()}


def gradient_evidence(drawn):
    from math import log

    t, p, q = drawn["t"], drawn["p"], drawn["q"]

    def loss(z):  # two classes suffice: this one and the rest
        from math import exp

        mine, rest = q * exp((z - 0) / t), 1 - q
        mine, rest = mine / (mine + rest), rest / (mine + rest)
        return t * t * (p * log(p / mine) + (1 - p) * log((1 - p) / rest))

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    return [abs(drawn[k] / slope - 1) < 0.01 for k in ("answer", "times_one", "over_t", "times_square")]


def storage_draw(rng):
    v, b = rng.choice([32000, 50257, 128256, 151936, 256000]), rng.choice([1, 2, 5, 10, 20, 50])
    return {
        "v": v,
        "b": b,
        "top": float(f"{50 * 6 * b / 1000:.4g}"),
        "answer": float(f"{v * b * 2 / 1000:.6g}"),
        "ids": 2 * b / 1000,
        "four": float(f"{v * b * 4 / 1000:.6g}"),
        "hidden": float(f"{4096 * b * 2 / 1000:.6g}"),
    }


def storage_evidence(drawn):
    import torch

    token = torch.empty(drawn["v"], dtype=torch.bfloat16, device="meta").nbytes
    stored = token * drawn["b"] * 1e9 / 1e12
    return [abs(drawn[k] / stored - 1) < 0.01 for k in ("answer", "ids", "four", "hidden")]


def two_modes_evidence():
    import torch

    x = torch.linspace(-8, 8, 321, dtype=torch.float64)

    def bump(at, wide):
        return (-((x - at) ** 2) / (2 * wide**2)).log_softmax(0)

    p = (
        bump(torch.tensor(-3.0), torch.tensor(0.7)).exp() + bump(torch.tensor(3.0), torch.tensor(0.7)).exp()
    ) / 2
    log_p = (p + 1e-30).log()
    found = {}
    for name in ("forward", "reverse"):
        best = None
        for at in torch.linspace(-4, 4, 33, dtype=torch.float64):
            for wide in torch.linspace(0.4, 5, 24, dtype=torch.float64):
                log_q = bump(at, wide)
                kl = p * (log_p - log_q) if name == "forward" else log_q.exp() * (log_q - log_p)
                if best is None or kl.sum() < best[0]:
                    best = (kl.sum(), abs(at.item()), wide.item())
        found[name] = "both" if best[1] < 0.5 and best[2] > 2 else "one" if best[2] < 1.2 else "neither"
    outcomes = [("both", "both"), ("both", "one"), ("one", "both"), ("one", "one")]
    return [(found["forward"], found["reverse"]) == outcome for outcome in outcomes]


def vocabularies_evidence():
    """A table of next-token probabilities, fitted by KL: to numbers that mean other tokens, to flat targets, and to
    targets cut and renormalised. How often the student's first choice is right."""
    import torch

    g = torch.Generator().manual_seed(0)
    words, kept = 60, 20
    teacher = 3 * torch.randn(words, words, generator=g)
    other = torch.randperm(words, generator=g)

    def right(target, temperature=1.0):
        student = torch.zeros_like(target).requires_grad_()
        losses = []
        for _ in range(150):
            q = (student / temperature).log_softmax(-1)
            p = (target / temperature).softmax(-1)
            loss = temperature**2 * (p * (p.log() - q)).sum(-1).mean()
            losses.append(loss.item())
            (gradient,) = torch.autograd.grad(loss, student)
            student.data -= 20 * gradient
        assert losses[-1] < 0.7 * losses[0]
        return student.detach().argmax(-1)

    def agrees(choice, truth):
        return (choice == truth.argmax(-1)).float().mean().item()

    mixed = agrees(right(teacher[:, other]), teacher)  # the loss falls all the same
    flat = agrees(right(teacher, 20.0), teacher)
    cut = agrees(right(teacher[:, :kept]), teacher[:, :kept])
    return [mixed < 0.1, flat < 0.1, None, cut < 0.1]
