"""Grades katas/grad_accumulation.py."""

import gc
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    accuracy,
    digits,
    draw,
    follows,
    holds,
    integers,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    unchanged,
)

PADDING = -100


class Tagger(nn.Module):
    """Three classes for each vector of five features, of samples or of tokens; one layer is not used."""

    def __init__(self, drop=0.0):
        super().__init__()
        self.first, self.last, self.spare = nn.Linear(5, 6), nn.Linear(6, 3), nn.Linear(2, 2)
        self.drop = nn.Dropout(drop)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.last(self.drop(self.first(x).tanh()))


def tagger(**options):
    return draw(place(Tagger(**options)))


def samples(seed, sizes):
    """Micro-batches whose losses differ by far."""
    inputs = normal(seed, *((n, 5) for n in sizes), grad=False)
    labels = integers(seed, 3, *((n,) for n in sizes))
    return [
        ((1 + i % 3) * x, y.clamp(max=2 - i % 2)) for i, (x, y) in enumerate(zip(inputs, labels, strict=True))
    ]


def texts(seed, shapes, real=None):
    """Micro-batches of token labels with padding at the ends; `real[i]`: how many of the i-th are real."""
    inputs = normal(seed, *((*shape, 5) for shape in shapes), grad=False)
    labels = integers(seed, 3, *shapes)
    for i, (y, shape) in enumerate(zip(labels, shapes, strict=True)):
        flat = y.view(-1)
        kept = shape[0] * shape[1] * 2 // 3 - i if real is None else real[i]
        flat[max(kept, 0) :] = PADDING
    return [((1 + i % 3) * x, y) for i, (x, y) in enumerate(zip(inputs, labels, strict=True))]


def token_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), ignore_index=PADDING)


def divided_loss(logits, labels):
    """The same by hand: without items it is 0/0, in its gradient too."""
    real = (labels != PADDING).flatten()
    losses = F.cross_entropy(logits.flatten(0, -2), labels.flatten().clamp(min=0), reduction="none")
    return (losses * real).sum() / real.sum()


def tokens(labels):
    return int((labels != PADDING).sum())


def slopes(model):
    """The gradients by name; None is none."""
    return {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}


def number(value):
    return torch.as_tensor(value, dtype=torch.float64).detach()


def parameters(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def gathered(side, pairs, loss_fn=F.cross_entropy, *count, model=None, **options):
    """What one call of accumulate returns and leaves in .grad."""
    model = model or tagger()
    value = side.accumulate(model, pairs, loss_fn, *count, **options)
    return {"L": number(value)} | {f"{name}.grad": g for name, g in slopes(model).items()}


def compare(candidate, reference, story, tolerance=None):
    same(story(candidate), story(reference), "after", tolerance=tolerance)


def test_equal_parts(candidate, reference, seed):
    """Micro-batches of one size: L and its gradients are right
    micro-batch 大小相同：L 及其梯度正确"""
    compare(candidate, reference, lambda side: gathered(side, samples(seed, (4, 4, 4))))


def test_uneven_parts(candidate, reference, seed):
    """Micro-batches of different sizes: every sample counts alike
    micro-batch 大小不同：每个样本权重相同"""
    for sizes in ((7, 2, 4), (1, 8), (1,), (9,), (1, 1, 1, 1, 1)):
        compare(candidate, reference, lambda side, s=sizes: gathered(side, samples(seed, s)))


def test_like_one_batch(candidate, seed):
    """The gradients are those of all samples, or tokens, in one batch
    梯度与所有样本（或 token）放在一个 batch 里的相同"""
    pairs, long = samples(seed, (5, 2, 1, 6)), texts(seed, [(3, 4), (2, 4), (5, 4)])
    for parts, loss_fn, options in ((pairs, F.cross_entropy, {}), (long, token_loss, {"count": tokens})):
        model, whole = tagger(), tagger()
        value = candidate.accumulate(model, parts, loss_fn, **options)
        xs, ys = zip(*parts, strict=True)
        loss = loss_fn(whole(torch.cat(xs)), torch.cat(ys))
        loss.backward()
        same(number(value), number(loss), "L")
        same(slopes(model), slopes(whole), "gradients")


def test_tokens(candidate, reference, seed):
    """Means over real tokens: each counts alike, wherever it stands
    对真实 token 平均：无论在哪一份里，每个 token 权重相同"""
    for shapes in ([(3, 4), (3, 4)], [(2, 7), (5, 3), (1, 1)], [(4, 2)]):
        pairs = texts(seed, shapes)
        compare(candidate, reference, lambda side, p=pairs: gathered(side, p, token_loss, tokens))
    few = texts(seed, [(3, 4), (3, 4), (3, 4)], (12, 1, 5))
    compare(candidate, reference, lambda side: gathered(side, few, token_loss, count=tokens))


def test_no_items(candidate, reference, seed):
    """A micro-batch of padding alone does not enter, wherever it stands
    全是填充的 micro-batch 不参与，无论排在哪里"""
    for real in ((0, 5, 7), (5, 0, 7), (5, 7, 0), (0, 0, 3)):
        pairs = texts(seed, [(3, 4), (2, 5), (4, 2)], real)
        for loss_fn in (divided_loss, token_loss):
            compare(candidate, reference, lambda side, p=pairs, f=loss_fn: gathered(side, p, f, tokens))


def test_no_items_at_all(candidate, seed):
    """Without any items L is 0.0, and .grad stays as it was
    一项也没有时 L 为 0.0，.grad 保持原样"""
    for pairs in (texts(seed, [(3, 4), (2, 5)], (0, 0)), []):
        model = tagger()
        model.first.weight.grad = torch.full_like(model.first.weight, 0.5)
        value = candidate.accumulate(model, pairs, token_loss, tokens)
        found = ", ".join(name for name, g in slopes(model).items() if g is not None and g.any())
        kept = model.first.weight.grad
        holds(
            type(value) is float and value == 0.0,
            f"Without any items accumulate returns {value!r}; right is 0.0.",
            f"一项也没有时 accumulate 返回 {value!r}；应当是 0.0。",
            value=repr(value),
            name="L without items",
        )
        holds(
            found == "first.weight" and bool((kept == 0.5).all()),
            "Without any items accumulate changes gradients.",
            "一项也没有时，accumulate 改动了梯度。",
            value=found,
            name="gradients without items",
        )


def test_added(candidate, reference, seed):
    """What .grad held before is kept: gradients are added
    .grad 里原有的保留，新的梯度加上去"""

    def story(side):
        model = tagger()
        for i, p in enumerate(model.parameters()):
            p.grad = torch.full_like(p, 0.5 + i)
        found = gathered(side, samples(seed, (3, 5)), model=model)
        again = gathered(side, samples(seed + 1, (2, 2, 6)), model=model)
        return found | {f"{name}, second call": value for name, value in again.items()}

    compare(candidate, reference, story)


def test_iterables(candidate, reference, seed):
    """Micro-batches may come from a generator, as lists, from any iterable
    micro-batch 可以来自生成器或任意可迭代对象，一对也可以是 list"""
    for wrap in (iter, lambda pairs: (pair for pair in pairs), lambda pairs: map(list, pairs), tuple):
        compare(candidate, reference, lambda side, w=wrap: gathered(side, w(samples(seed, (4, 2, 3)))))


def test_count(candidate, reference, seed):
    """count may return an int or a tensor, and what it says is the weight
    count 可以返回 int 或张量，它说多少权重就是多少"""
    pairs = texts(seed, [(3, 4), (2, 5), (4, 2)], (7, 3, 0))
    counts = {
        "an int64 tensor": lambda y: (y != PADDING).sum(),
        "a tensor of one entry": lambda y: (y != PADDING).sum().view(1),
        "an int32 tensor": lambda y: (y != PADDING).sum().int(),
    }
    for count in counts.values():
        compare(candidate, reference, lambda side, c=count: gathered(side, pairs, token_loss, c))
        compare(candidate, reference, lambda side, c=count: trained(side, pairs, 2, token_loss, count=c))
    big = [(x, y) for x, y in samples(seed, (3, 2))]
    heavy = {3: 1000, 2: 1}
    compare(candidate, reference, lambda side: gathered(side, big, F.cross_entropy, lambda y: heavy[len(y)]))


def test_vectors(candidate, reference, seed):
    """Targets may be vectors of any length
    目标可以是任意长度的向量"""
    inputs = normal(seed, (3, 4, 5), (2, 7, 5), (1, 1, 5), grad=False)
    targets = normal(seed + 1, (3, 4, 3), (2, 7, 3), (1, 1, 3), grad=False)
    pairs = list(zip(inputs, targets, strict=True))
    for options in ({}, {"count": lambda y: y.numel()}, {"count": lambda y: y.shape[0] * y.shape[1]}):
        compare(candidate, reference, lambda side, o=options: gathered(side, pairs, F.mse_loss, **o))


def test_kinds(candidate, seed):
    """L is a float, train returns a list of floats
    L 是 float，train 返回 float 的列表"""
    pairs = texts(seed, [(3, 4), (2, 5), (2, 2)], (7, 4, 2))
    counted = lambda y: (y != PADDING).sum()  # noqa: E731
    for count in (tokens, counted):
        model = tagger()
        one = candidate.accumulate(model, pairs, token_loss, count)
        many = candidate.train(model, pairs, sgd(model), token_loss, 2, count)
        kinds = ", ".join(type(value).__name__ for value in (one, many, *many))
        holds(
            kinds == "float, list, float, float",
            f"accumulate returns, train returns, and its entries are: {kinds}.",
            f"accumulate 的返回值、train 的返回值及其各项的类型：{kinds}。",
            value=kinds,
            name="types",
        )


def events(call, pairs, loss_fn):
    """In which order `call(loss_fn)` computes micro-batches and goes back through them."""
    met = []

    def loud(output, y):
        i = next((i for i, pair in enumerate(pairs) if pair[1] is y), "?")
        met.append(f"forward {i}")
        if output.requires_grad:
            output.register_hook(lambda g: met.append(f"backward {i}"))
        return loss_fn(output, y)

    call(loud)
    return ", ".join(met)


def test_one_at_a_time(candidate, seed):
    """Backward through a micro-batch comes before the next is computed, each once
    对一个 micro-batch 做完反向传播，才计算下一个；每个只算一次"""
    pairs = samples(seed, (3, 2, 4))
    order = ", ".join(f"forward {i}, backward {i}" for i in range(3))
    for name in ("accumulate", "train"):
        model = tagger()
        if name == "accumulate":
            found = events(
                lambda loss_fn, m=model: candidate.accumulate(m, pairs, loss_fn), pairs, F.cross_entropy
            )
        else:
            found = events(
                lambda loss_fn, m=model: candidate.train(m, pairs, sgd(m), loss_fn, 3), pairs, F.cross_entropy
            )
        found += f"; {model.calls} calls"
        holds(
            found == f"{order}; 3 calls",
            f"{name} on three micro-batches: {found}.",
            f"{name} 处理三个 micro-batch：{found}。",
            value=found,
            name=f"order in {name}",
        )


def test_graphs_are_let_go(candidate, seed):
    """The graphs of earlier micro-batches are not kept
    不保留之前 micro-batch 的计算图"""
    for name in ("accumulate", "train"):
        graphs, most = [], [0]

        def loss_fn(output, y, graphs=graphs, most=most):
            most.append(sum(graph() is not None for graph in graphs[:-1]))
            loss = F.cross_entropy(output, y)
            witness = lambda *_: None  # noqa: E731
            loss.grad_fn.register_hook(witness)
            graphs.append(weakref.ref(witness))
            return loss

        model, pairs = tagger(), samples(seed, (3, 2, 4, 1, 5))
        if name == "accumulate":
            candidate.accumulate(model, pairs, loss_fn)
        else:
            candidate.train(model, pairs, sgd(model), loss_fn, 5)
        if any(graph() is not None for graph in graphs):
            gc.collect()  # a cycle in the attempt is no leak
        left = max(*most, sum(graph() is not None for graph in graphs))
        holds(
            left == 0,
            f"{name} still holds the graphs of earlier micro-batches: that is the memory it was to save.",
            f"{name} 仍持有之前 micro-batch 的计算图：要省的正是这些内存。",
            value=str(left > 0),
            name=f"graphs in {name}",
        )


def sgd(model, lr=0.2, momentum=0.6):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)


def trained(side, pairs, every, loss_fn=F.cross_entropy, *, optimizer=sgd, model=None, **options):
    """What one call of train returns and makes of the model."""
    model = model or tagger()
    losses = side.train(model, pairs, optimizer(model), loss_fn, every, **options)
    return {"losses": number(losses)} | parameters(model)


def test_train(candidate, reference, seed):
    """Whole groups: losses and parameters are right
    正好分成整组：各次 loss 和参数正确"""
    compare(candidate, reference, lambda side: trained(side, samples(seed, (4, 2, 3, 5, 1, 6)), 2))
    compare(candidate, reference, lambda side: trained(side, samples(seed, (4, 2, 3)), 3))


def test_train_with_rest(candidate, reference, seed):
    """What is left over in the end gives an update too, over its own items
    最后剩下的也更新一次，按它自己的项数平均"""
    for sizes, every in (((4, 2, 3, 5, 1), 3), ((4, 2, 3), 2), ((3, 4), 9), ((2, 2, 2, 2, 2), 4)):
        compare(candidate, reference, lambda side, s=sizes, e=every: trained(side, samples(seed, s), e))


def test_train_every_batch(candidate, reference, seed):
    """With every = 1 each micro-batch gives an update; without any there is none
    every = 1 时每个 micro-batch 更新一次；一个也没有时不更新"""
    compare(candidate, reference, lambda side: trained(side, samples(seed, (4, 2, 3)), 1))
    for every in (1, 3):
        compare(candidate, reference, lambda side, e=every: trained(side, [], e))


def test_train_on_tokens(candidate, reference, seed):
    """Groups of texts are averaged over their real tokens; micro-batches without any do not enter
    文本分组时按真实 token 平均；没有真实 token 的 micro-batch 不参与"""
    shapes = [(3, 4), (2, 5), (4, 2), (1, 6), (2, 3)]
    for real in (None, (9, 0, 5, 2, 4), (0, 8, 1, 6, 0), (3, 10, 0, 0, 5)):
        pairs = texts(seed, shapes, real)
        for every in (2, 3):
            compare(
                candidate,
                reference,
                lambda side, p=pairs, e=every: trained(side, p, e, token_loss, count=tokens),
            )


def test_train_without_items(candidate, reference, seed):
    """A group without any items gives no update and no entry; momentum does not move on
    一项也没有的组不更新，列表里也没有它；动量也不推进"""
    shapes = [(3, 4), (2, 5), (4, 2), (1, 6), (2, 3), (2, 2)]
    for real in ((5, 3, 0, 0, 2, 1), (0, 0, 4, 4, 0, 0), (0,) * 6):
        pairs = texts(seed, shapes, real)
        compare(candidate, reference, lambda side, p=pairs: trained(side, p, 2, token_loss, count=tokens))


def test_train_on_a_loss_of_zero(candidate, reference, seed):
    """A group whose loss is 0 gives an update and an entry: momentum moves on
    loss 恰好为 0 的组照常更新，列表里有它：动量继续推进"""

    def loss_fn(logits, labels):
        return F.cross_entropy(logits, labels) * (len(labels) != 4)

    for sizes in ((3, 2, 4, 4, 5, 1), (3, 4, 4)):
        compare(candidate, reference, lambda side, s=sizes: trained(side, samples(seed, s), 2, loss_fn))
    compare(candidate, reference, lambda side: gathered(side, samples(seed, (4, 3, 4)), loss_fn))


def test_train_clears(candidate, reference, seed):
    """Gradients from before, and those of the group before, have no effect
    之前的梯度、上一组的梯度都不起作用"""

    def story(side):
        model = tagger()
        for i, p in enumerate(model.parameters()):
            p.grad = None if i > 3 else torch.full_like(p, 2.0 + i)
        found = trained(side, samples(seed, (4, 2, 3, 1, 2)), 2, model=model)
        return found | {
            f"{k}, second call": v for k, v in trained(side, samples(seed, (3, 3)), 2, model=model).items()
        }

    compare(candidate, reference, story)


def louder(logits, labels):
    return 1000 * F.cross_entropy(logits, labels)


def test_clipping(candidate, reference, seed):
    """The accumulated gradient is clipped, not that of each micro-batch
    裁剪的是累积后的梯度，而不是每个 micro-batch 的"""
    pairs = samples(seed, (4, 1, 3, 5, 2))
    for max_norm in (0.7, 3):
        compare(
            candidate,
            reference,
            lambda side, m=max_norm: trained(side, pairs, 2, louder, max_norm=m),
            (1e-6, 1e-7),
        )


def test_clipping_leaves_small_gradients(candidate, reference, seed):
    """Gradients of a smaller norm stay as they are, also where those of micro-batches are large
    范数较小的梯度保持不变，哪怕单个 micro-batch 的梯度很大"""
    pairs = samples(seed, (4, 1, 3, 5, 2))
    compare(candidate, reference, lambda side: trained(side, pairs, 2, max_norm=1e4))

    def opposed(logits, labels):  # two that pull against each other: large alone, small together
        return logits.square().mean() * (2000.0 if len(labels) == 4 else -1990.0)

    (x,) = normal(seed, (4, 5), grad=False)
    against = [(x, torch.zeros(4)), (x.repeat(2, 1), torch.zeros(8))]
    compare(
        candidate,
        reference,
        lambda side: trained(side, against, 2, opposed, max_norm=10.0, count=lambda y: 1),
        (1e-6, 1e-7),
    )


def test_adam(candidate, reference, seed):
    """With another optimizer, arguments by keyword, the path is right as well
    换一个优化器、用关键字传参，轨迹同样正确"""

    def story(side):
        model = tagger()
        losses = side.train(
            max_norm=0.5,
            count=tokens,
            every=2,
            loss_fn=token_loss,
            optimizer=torch.optim.Adam(model.parameters(), lr=0.02),
            loader=iter(texts(seed, [(3, 4), (2, 5), (4, 2), (1, 6), (2, 3)])),
            model=model,
        )
        again = side.accumulate(
            count=tokens, loss_fn=token_loss, micro_batches=texts(seed, [(2, 2)]), model=model
        )
        return {"losses": number(losses), "L": number(again)} | parameters(model)

    compare(candidate, reference, story, (1e-5, 1e-6))


def test_frozen(candidate, reference, seed):
    """Frozen and unused parameters have no gradient and do not move
    冻结的、没用到的参数没有梯度，也不变"""

    def story(side):
        model = tagger()
        model.first.requires_grad_(False)
        found = gathered(side, samples(seed, (3, 5)), model=model)
        return found | trained(side, samples(seed, (3, 5, 2)), 2, model=model, max_norm=0.5)

    compare(candidate, reference, story, (1e-5, 1e-6))
    model = tagger()
    model.first.requires_grad_(False)
    candidate.accumulate(model, samples(seed, (3, 5)), F.cross_entropy)
    with_gradient = ", ".join(name for name, g in slopes(model).items() if g is not None and g.any())
    same(with_gradient, "last.weight, last.bias", "parameters with a gradient")


def test_accumulate_takes_no_step(candidate, seed):
    """accumulate moves no parameter, and neither function changes the mode of the model
    accumulate 不改动任何参数；两个函数都不改变模型的模式"""
    for training in (True, False):
        model = tagger()
        model.train(training)
        model.drop.train(not training)
        with unchanged(**dict(model.named_parameters())):
            candidate.accumulate(model, samples(seed, (3, 5)), F.cross_entropy)
        candidate.train(model, samples(seed, (3, 5)), sgd(model), F.cross_entropy, 2)
        found = f"{model.training}, {model.drop.training}, {model.first.training}, {torch.is_grad_enabled()}"
        holds(
            found == f"{training}, {not training}, {training}, True",
            "The mode of the model, or grad mode, is another than before.",
            "模型的模式或梯度开关与之前不同。",
            value=found,
            name="modes",
        )


def test_batches_are_left_alone(candidate, seed):
    """The micro-batches are left as they are; nothing is reseeded
    不改动 micro-batch；不重新设种子"""
    pairs = texts(seed, [(3, 4), (2, 5), (4, 2)], (5, 0, 3))
    held = {f"{what} {i}": t for i, pair in enumerate(pairs) for what, t in zip("xy", pair, strict=True)}
    model = tagger(drop=0.5)
    with unchanged(**held):
        candidate.accumulate(model, pairs, token_loss, tokens)
        candidate.train(model, pairs, sgd(model), token_loss, 2, tokens, 0.1)
    not_reseeded(lambda: candidate.train(model, samples(seed, (3, 2)), sgd(model), F.cross_entropy, 2))


def test_many_calls(candidate, reference, seed):
    """Calls do not disturb each other, whichever models they work on
    多次调用互不影响，无论作用于哪个模型"""

    def story(side):
        models, found = [tagger(), tagger()], {}
        for i in range(2):
            for j, model in enumerate(models):
                pairs = samples(seed + i, (4, 3, 2))
                values = trained(side, pairs, 2, model=model, max_norm=(None, 0.3)[j])
                found |= {f"{k}, model {j}, call {i}": v for k, v in values.items()}
                found[f"L, model {j}, call {i}"] = number(side.accumulate(model, pairs, F.cross_entropy))
        return found

    compare(candidate, reference, story, (1e-5, 1e-6))


def test_float32(candidate, reference, seed):
    """A float32 model gets float32 gradients
    float32 的模型得到 float32 的梯度"""

    def story(side):
        pairs = [(x.float(), y) for x, y in texts(seed, [(3, 4), (2, 5), (4, 2)], (9, 0, 5))]
        found = gathered(side, pairs, token_loss, tokens, model=tagger().float())
        return found | trained(side, pairs, 2, token_loss, model=tagger().float(), count=tokens)

    compare(candidate, reference, story, (1e-4, 1e-5))


def photos(seed, size):
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(images.device)
    return [(images[i], labels[i]) for i in order[:1200].split(size)], (
        images[order[1200:]],
        labels[order[1200:]],
    )


def reader():
    return draw(place(nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))))


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """On handwritten digits, in uneven micro-batches, the losses are those of the reference
    在手写数字上，用大小不等的 micro-batch，loss 与参考实现一致"""
    curves = []
    for side in (candidate, reference):
        model, (pairs, _) = reader(), photos(seed, 17)
        uneven = [(x[: 17 - i % 9], y[: 17 - i % 9]) for i, (x, y) in enumerate(pairs[:38])]
        curves.append(side.train(model, uneven, sgd(model), F.cross_entropy, 4, max_norm=1.0))
    follows(*curves, within=1e-5)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Three epochs of micro-batches of eight, four to an update, teach the digits: accuracy ≥ 0.8
    每份八个样本、四份更新一次，三个 epoch 学会手写数字：准确率 ≥ 0.8"""
    model, (pairs, held_out) = reader(), photos(seed, 8)
    stepper, losses = sgd(model, lr=0.1, momentum=0.8), []
    for _ in range(3):
        losses += candidate.train(model, pairs, stepper, F.cross_entropy, 4)
    reaches(accuracy(model, *held_out), 0.8, "accuracy", losses=losses)
