"""Grades katas/training_loop.py."""

import gc
import weakref
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
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
    stir,
    unchanged,
)

SIZES = (7, 4, 1, 6)


class Net(nn.Module):
    """Classifies five features into three; counts its calls, and fails where it is told to."""

    def __init__(self, *, norm=False, drop=0.0, spare=False):
        super().__init__()
        self.first = nn.Linear(5, 6)
        self.norm = nn.BatchNorm1d(6, momentum=0.3) if norm else nn.Identity()
        self.drop = nn.Sequential(nn.Dropout(drop), nn.Tanh())
        self.last = nn.Linear(6, 3)
        self.spare = nn.Linear(2, 2) if spare else None
        self.seen = []

    def forward(self, x):
        if x.isnan().any():
            raise ArithmeticError("a batch that cannot be computed")
        modes = "".join(str(int(part.training)) for part in (self, self.norm, self.drop, self.drop[0]))
        self.seen.append(f"{modes} {'grad' if torch.is_grad_enabled() else 'no grad'}")
        return self.last(self.drop(self.norm(self.first(x))))


def net(**options):
    torch.set_grad_enabled(True)  # an attempt may have left it off
    return draw(place(Net(**options)))


def batches(seed, sizes=SIZES, scale=1.0):
    """Batches whose losses differ by far: their inputs grow, and one class grows rarer."""
    inputs = normal(seed, *((n, 5) for n in sizes), scale=scale, grad=False)
    labels = integers(seed, 3, *((n,) for n in sizes))
    return [
        ((1 + i) * x, y.clamp(max=2 - i % 2)) for i, (x, y) in enumerate(zip(inputs, labels, strict=True))
    ]


def bad_batch():
    x, y = torch.full((3, 5), torch.nan), torch.zeros(3).long()
    return x.to(setting.device, setting.dtype), y.to(setting.device)


def sgd(model, lr=0.1, momentum=0.7, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, **options)


def slower(optimizer):
    """Another learning rate at every step."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + t))


def trainer(side, model, *, optimizer=sgd, loss_fn=F.cross_entropy, scheduler=None, max_norm=None):
    stepper = optimizer(model)
    schedule = scheduler(stepper) if scheduler else None
    return side.Trainer(model, stepper, loss_fn, schedule, max_norm)


def number(value):
    return torch.as_tensor(value, dtype=torch.float64).detach()


def state_of(model):
    """Parameters and buffers, floating ones, by name."""
    return {k: v.detach().clone() for k, v in model.state_dict().items() if v.is_floating_point()}


def compare(candidate, reference, story, tolerance=None):
    """`story(side)` gives values by name."""
    mine, theirs = story(candidate), story(reference)
    same(mine, theirs, "after", tolerance=tolerance)


def epochs(side, seed, count=1, *, sizes=SIZES, scale=1.0, model=net, **options):
    """Some epochs on different data: the losses, and the model afterwards."""
    model = model()
    t = trainer(side, model, **options)
    losses = {
        f"loss of epoch {i + 1}": number(t.train_epoch(batches(seed + i, sizes, scale))) for i in range(count)
    }
    return losses | state_of(model)


def test_one_batch(candidate, reference, seed):
    """One batch: loss and parameters after the update are right
    一个 batch：loss 和更新后的参数正确"""
    compare(candidate, reference, partial(epochs, seed=seed, sizes=(7,)))


def test_one_epoch(candidate, reference, seed):
    """One epoch on batches of different sizes: mean loss and parameters are right
    一个 epoch，batch 大小不一：平均 loss 和参数正确"""
    compare(candidate, reference, partial(epochs, seed=seed))


def test_several_epochs(candidate, reference, seed):
    """Each epoch starts its mean anew, and the optimizer goes on
    每个 epoch 的平均重新开始，优化器接着走"""
    compare(candidate, reference, partial(epochs, seed=seed, count=3, sizes=(3, 8, 2)))


def test_mean_loss(candidate, reference, seed):
    """The mean loss weighs every sample alike, also where targets are vectors
    平均 loss 中每个样本权重相同，目标是向量时也一样"""

    def story(side):
        found = {}
        for sizes in ((9, 1), (1, 9), (2, 3, 4, 5), (1,)):
            t = trainer(side, net(), optimizer=partial(sgd, lr=0.0))
            found[f"train_epoch, sizes {sizes}"] = number(t.train_epoch(batches(seed, sizes)))
            found[f"evaluate, sizes {sizes}"] = number(t.evaluate(batches(seed, sizes))[0])
        t = trainer(side, net(), optimizer=partial(sgd, lr=0.0), loss_fn=F.mse_loss)
        pairs = [(x, normal(seed, (len(x), 3), grad=False)[0]) for x, _ in batches(seed)]
        found["train_epoch, vectors"] = number(t.train_epoch(pairs))
        return found

    compare(candidate, reference, story)


def test_kinds(candidate, seed):
    """Losses and accuracy are floats, steps and epochs ints
    loss 和准确率是 float，steps 和 epochs 是 int"""
    t = trainer(candidate, net())
    values = [t.steps, t.epochs, t.train_epoch(batches(seed)), *t.evaluate(batches(seed)), t.steps, t.epochs]
    kinds = ", ".join(type(value).__name__ for value in values)
    holds(
        kinds == "int, int, float, float, float, int, int",
        f"steps, epochs, what train_epoch returns, what evaluate returns, steps, epochs: {kinds}.",
        f"steps、epochs、train_epoch 的返回值、evaluate 的返回值、steps、epochs 的类型：{kinds}。",
        value=kinds,
        name="types",
    )


def test_counters(candidate, seed):
    """steps counts updates, epochs counts calls of train_epoch; evaluate counts in neither
    steps 数更新次数，epochs 数 train_epoch 的次数；evaluate 不计入"""
    t = trainer(candidate, net())
    found = [(t.steps, t.epochs)]
    for sizes in ((3,), (2, 2, 5), (4, 1)):
        t.train_epoch(batches(seed, sizes))
        t.evaluate(batches(seed, (2, 3)))
        found.append((t.steps, t.epochs))
    holds(
        found == [(0, 0), (1, 1), (4, 2), (6, 3)],
        f"(steps, epochs) at first and after epochs of 1, 3 and 2 batches: {found}.",
        f"开始时，以及 1、3、2 个 batch 的各个 epoch 之后，(steps, epochs) 为 {found}。",
        value=str(found),
        name="steps, epochs",
    )


def test_stale_gradients(candidate, reference, seed):
    """Gradients from before have no effect
    之前留下的梯度不起作用"""

    def story(side):
        model = net()
        t = trainer(side, model)
        found = {}
        for i in range(2):
            for p in model.parameters():
                p.grad = torch.full_like(p, 3.0 + i)
            found[f"loss of epoch {i + 1}"] = number(t.train_epoch(batches(seed + i)))
        return found | state_of(model)

    compare(candidate, reference, story)


def test_loader(candidate, reference, seed):
    """The loader may be a generator, and its pairs lists
    loader 可以是生成器，里面的一对可以是 list"""

    def story(side):
        model = net()
        t = trainer(side, model)
        found = [t.train_epoch(pair for pair in batches(seed)), *t.evaluate(map(list, batches(seed)))]
        found += [
            t.train_epoch(iter([[x, y] for x, y in batches(seed)])),
            *t.evaluate(b for b in batches(seed)),
        ]
        return {f"value {i}": number(value) for i, value in enumerate(found)} | state_of(model)

    compare(candidate, reference, story)


def louder(logits, labels):
    return 1000 * F.cross_entropy(logits, labels)


def test_clipping(candidate, reference, seed):
    """Gradients of too large a norm are scaled to max_norm, all by one factor
    梯度范数过大时缩放到 max_norm，全体用同一个系数"""
    for max_norm in (0.7, 2):
        story = partial(epochs, seed=seed, loss_fn=louder, max_norm=max_norm)
        compare(candidate, reference, story, (1e-6, 1e-7))


def test_clipping_leaves_small_gradients(candidate, reference, seed):
    """Gradients of a smaller norm stay as they are
    范数较小的梯度保持不变"""
    compare(candidate, reference, partial(epochs, seed=seed, max_norm=1e5))


def test_clipping_sometimes(candidate, reference, seed):
    """It is decided anew for each batch
    每个 batch 分别判断"""

    def loss_fn(logits, labels):
        return (300 if len(labels) in (4, 6) else 0.001) * F.cross_entropy(logits, labels)

    story = partial(epochs, seed=seed, loss_fn=loss_fn, max_norm=0.5, count=2)
    compare(candidate, reference, story, (1e-6, 1e-7))


def test_clipping_groups(candidate, reference, seed):
    """Parameters in several groups are clipped together; one without a gradient does no harm
    分在几组里的参数一起裁剪；没有梯度的参数也没关系"""

    def grouped(model):
        parts = [
            {"params": part.parameters(), "lr": lr} for part, lr in ((model.first, 0.3), (model.last, 0.05))
        ]
        return torch.optim.SGD([*parts, {"params": model.spare.parameters()}], lr=0.1, weight_decay=0.01)

    for max_norm in (0.7, None, 1e5):
        story = partial(
            epochs,
            seed=seed,
            model=partial(net, spare=True),
            optimizer=grouped,
            loss_fn=louder,
            max_norm=max_norm,
        )
        compare(candidate, reference, story, (1e-6, 1e-7))


def test_scheduler(candidate, reference, seed):
    """The scheduler takes a step after each update
    scheduler 在每次更新后走一步"""

    def story(side):
        model = net()
        stepper = sgd(model)
        schedule = slower(stepper)
        t = side.Trainer(model, stepper, F.cross_entropy, schedule)
        losses = {f"loss of epoch {i}": number(t.train_epoch(batches(seed + i))) for i in range(2)}
        t.evaluate(batches(seed))
        return losses | state_of(model) | {"lr": number(stepper.param_groups[0]["lr"])}

    compare(candidate, reference, story)


def test_scheduler_and_clipping(candidate, reference, seed):
    """With both a scheduler and max_norm everything has its place, by keyword too
    scheduler 和 max_norm 同时使用时各就各位，用关键字传入也一样"""

    def story(side):
        model = net()
        stepper = torch.optim.Adam(model.parameters(), lr=0.02)
        t = side.Trainer(
            max_norm=0.5, scheduler=slower(stepper), loss_fn=louder, optimizer=stepper, model=model
        )
        return {"loss": number(t.train_epoch(batches(seed)))} | state_of(model)

    compare(candidate, reference, story, (1e-6, 1e-7))


def test_training_uses_train_mode(candidate, reference, seed):
    """Training uses batch statistics and moves the running ones, from whatever mode it starts
    无论之前是什么模式，训练都用 batch 统计量，并更新滑动统计量"""

    def story(side):
        model = stir(net(norm=True))
        t = trainer(side, model)
        found = {}
        for i, mode in enumerate((False, True)):
            model.train(mode)
            found[f"loss of epoch {i}"] = number(t.train_epoch(batches(seed + i, (7, 4, 6))))
        return found | state_of(model)

    compare(candidate, reference, story)


def test_evaluation(candidate, reference, seed):
    """Mean loss and accuracy of an evaluation are right, in eval mode, for batches of any sizes
    评估的平均 loss 和准确率正确：用 eval 模式，batch 大小任意"""

    def story(side):
        found = {}
        for sizes in ((7, 4, 1, 6), (1,), (30, 2), (2, 30), (3, 3)):
            t = trainer(side, stir(net(norm=True, drop=0.9)))
            values = t.evaluate(batches(seed, sizes))
            found |= {
                f"{what}, {sizes}": number(v) for what, v in zip(("loss", "accuracy"), values, strict=True)
            }
        return found

    compare(candidate, reference, story)


def test_accuracy(candidate, reference, seed):
    """Accuracy is the share of all samples that are put into their class
    准确率是分类正确的样本占全部样本的比例"""

    def story(side):
        found = {}
        for right in ((1, 1, 1, 0), (0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 0)):
            logits = normal(seed, *((n, 3) for n in SIZES), grad=False)
            labels = [(x.argmax(1) + (0 if ok else 1)) % 3 for x, ok in zip(logits, right, strict=True)]
            model = place(nn.Sequential(nn.Linear(3, 3, bias=False)))
            with torch.no_grad():
                model[0].weight.copy_(torch.eye(3))
            accuracy = trainer(side, model).evaluate(zip(logits, labels, strict=True))[1]
            found[f"accuracy, right batches {right}"] = number(accuracy)
        return found

    compare(candidate, reference, story)


def test_evaluation_changes_nothing(candidate, reference, seed):
    """An evaluation between epochs leaves parameters, gradients, buffers, optimizer and scheduler alone
    两个 epoch 之间的评估不改动参数、梯度、buffer、优化器和 scheduler"""

    def story(side, evaluations):
        model = stir(net(norm=True))
        t = trainer(side, model, scheduler=slower)
        for i in range(3):
            t.train_epoch(batches(seed + i, (4, 6)))
            for p in model.parameters():
                p.grad = torch.ones_like(p)
            if evaluations:
                held = {f"{n}.grad": p.grad for n, p in model.named_parameters()}
                with unchanged(**held, **model.state_dict()):
                    t.evaluate(batches(seed))
                same([p.grad for p in model.parameters()], list(held.values()), list(held))
        return state_of(model)

    same(story(candidate, True), story(reference, False), "after")


def modes(model):
    return "".join(str(int(part.training)) for part in model.modules())


def in_modes(pattern):
    model = net(norm=True)
    for part, mode in zip(model.modules(), pattern, strict=True):
        part.training = mode == "1"
    return model


def test_modes_at_work(candidate, seed):
    """Evaluation runs in eval mode throughout and records nothing, training in train mode, wherever they start from
    无论从什么模式开始，评估全程用 eval 模式且不记录梯度，训练全程用 train 模式"""
    for name, right in (("evaluate", "0000 no grad"), ("train_epoch", "1111 grad")):
        for pattern in ("1011011", "0100101", "1111011", "0000000", "1111111"):
            model = in_modes(pattern)
            getattr(trainer(candidate, model), name)(batches(seed, (4, 6, 2)))
            found = " / ".join(model.seen)
            holds(
                found == " / ".join([right] * 3),
                f"{name}: not every batch meets the right mode, or grad mode, or there are too many or too few calls.",
                f"{name}：有的 batch 模式不对，或梯度开关不对，或调用次数不对。",
                value=found,
                name=f"calls in {name} ({pattern})",
            )


def test_grad_mode_afterwards(candidate, seed):
    """Grad mode is afterwards what it was
    结束后梯度开关与之前相同"""
    t = trainer(candidate, net())
    found = []
    for mode in (True, False):
        with torch.set_grad_enabled(mode):
            t.evaluate(batches(seed))
            found.append(torch.is_grad_enabled())
    t.train_epoch(batches(seed))
    found.append(torch.is_grad_enabled())
    holds(
        found == [True, False, True],
        "evaluate or train_epoch switches grad mode and does not switch it back.",
        "evaluate 或 train_epoch 改变了梯度开关，却没有恢复。",
        value=str(found),
        name="torch.is_grad_enabled()",
    )


def test_modes_put_back(candidate, seed):
    """Afterwards every submodule has the mode it had
    结束后每个子 module 都恢复原来的模式"""
    for name in ("train_epoch", "evaluate"):
        for pattern in ("1111111", "0000000", "1011011", "0100101"):
            model = in_modes(pattern)
            getattr(trainer(candidate, model), name)(batches(seed, (4, 2)))
            holds(
                modes(model) == pattern,
                f"After {name} some submodules are in another mode than before.",
                f"{name} 之后，有的子 module 的模式与之前不同。",
                value=modes(model),
                name=f"modes after {name} ({pattern})",
            )


def test_modes_after_exceptions(candidate, seed):
    """Also where the loader or the model raised, and the exception comes through
    loader 或模型抛出异常时也一样，而且异常会传出来"""

    def broken():
        yield from batches(seed, (4, 2))
        raise ArithmeticError("no more batches")

    for name in ("train_epoch", "evaluate"):
        for pattern in ("1111111", "0100101"):
            for loader in (broken(), [*batches(seed, (4, 2)), bad_batch()]):
                model, came = in_modes(pattern), "no exception"
                try:
                    getattr(trainer(candidate, model), name)(loader)
                except ArithmeticError:
                    came = "exception"
                grad = torch.is_grad_enabled()
                holds(
                    (modes(model), came, grad) == (pattern, "exception", True),
                    f"After an exception in {name} modes or grad mode are not what they were, or it was swallowed.",
                    f"{name} 中出现异常后，模式或梯度开关没有恢复，或者异常被吞掉了。",
                    value=f"{modes(model)}, {came}, {grad}",
                    name=f"{name}, {pattern}",
                )


class Stubborn(nn.Module):
    """Keeps its normalisation in eval mode, whatever it is told."""

    def __init__(self):
        super().__init__()
        self.norm, self.last = nn.BatchNorm1d(5), nn.Linear(5, 3)

    def train(self, mode=True):
        super().train(mode)
        self.norm.eval()
        return self

    def forward(self, x):
        return self.last(self.norm(x))


def test_own_train_method(candidate, reference, seed):
    """A model that overrides train() is asked by that
    模型重写了 train() 时，通过它来切换模式"""

    def story(side):
        model = stir(place(Stubborn()))
        return {"loss": number(trainer(side, model).train_epoch(batches(seed, (4, 6))))} | state_of(model)

    compare(candidate, reference, story)


def test_broken_off(candidate, reference, seed):
    """An epoch that is broken off: its updates have happened and count, the epoch does not; training goes on
    epoch 中断时：已做的更新有效并计数，epoch 不计；之后可以继续训练"""

    def story(side):
        model = net()
        t = trainer(side, model, scheduler=slower)
        found = {}
        for i in range(2):
            good = batches(seed + i)
            try:
                t.train_epoch([*good[: 2 + i], bad_batch(), *good[2 + i :]])
            except ArithmeticError:
                found[f"steps, epochs {i}"] = torch.tensor([t.steps, t.epochs])
            found |= {f"{n} {i}": v for n, v in state_of(model).items()}
            found[f"loss {i}"] = number(t.train_epoch(batches(seed + 5)))
        return found | state_of(model) | {"steps, epochs": torch.tensor([t.steps, t.epochs])}

    compare(candidate, reference, story)


def test_calls(candidate, seed):
    """Model and loss_fn are called once a batch, loss_fn with the output first
    每个 batch 只调用一次模型和 loss_fn，loss_fn 的第一个参数是输出"""
    for name in ("train_epoch", "evaluate"):
        model, pairs, met = net(), batches(seed), []

        def loss_fn(output, y, met=met, pairs=pairs):
            met.append(next((i for i, pair in enumerate(pairs) if pair[1] is y), "?"))
            return F.cross_entropy(output, y)

        getattr(trainer(candidate, model, loss_fn=loss_fn), name)(pairs)
        found = f"{met}, {len(model.seen)}"
        holds(
            found == "[0, 1, 2, 3], 4",
            f"{name} of four batches: loss_fn meets the labels of batches {met}, the model is called {len(model.seen)} times.",
            f"{name} 用四个 batch：loss_fn 依次见到 batch {met} 的标签，模型被调用 {len(model.seen)} 次。",
            value=found,
            name=f"calls in {name}",
        )


def test_graphs_are_let_go(candidate, seed):
    """The graphs of earlier batches are not kept
    不保留之前 batch 的计算图"""
    graphs, most = [], 0

    def hook(*_):
        return None

    def loss_fn(output, y):
        nonlocal most
        most = max(most, sum(graph() is not None for graph in graphs[:-1]))
        loss = F.cross_entropy(output, y)
        witness = lambda *_: None  # noqa: E731
        loss.grad_fn.register_hook(witness)
        graphs.append(weakref.ref(witness))
        return loss

    trainer(candidate, net(), loss_fn=loss_fn).train_epoch(batches(seed, (4, 3, 2, 5, 4, 3)))
    if any(graph() is not None for graph in graphs):
        gc.collect()  # a cycle in the attempt is no leak
    left = max(most, sum(graph() is not None for graph in graphs[:-1]))
    holds(
        left == 0,
        "The graphs of earlier batches are still held: memory grows through the epoch.",
        "之前 batch 的计算图仍被持有：内存在整个 epoch 中不断增长。",
        value=str(left > 0),
        name="graphs",
    )


def adam(model, lr=0.02):
    return torch.optim.Adam(model.parameters(), lr=lr)


def plain(state):
    """The same state in other containers and tensors, as a file would give it back."""
    kinds = {type(None), bool, int, float, str}
    if isinstance(state, dict):
        return {plain(key): plain(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)([plain(value) for value in state])
    if isinstance(state, torch.Tensor):
        return state.detach().clone()
    if type(state) not in kinds:
        found = type(state).__name__
        holds(
            False,
            f"state_dict() holds a {found}: numbers, strings, None and tensors are allowed.",
            f"state_dict() 里有 {found}：只能有数、字符串、None 和张量。",
            value=found,
            name="state",
        )
    return state


def other(side, **options):
    """A trainer built alike, with another model, which has been at work."""
    model = net(norm=True)
    with torch.no_grad():
        for value in model.parameters():
            value.mul_(-0.5)
    t = trainer(side, model, **options)
    t.train_epoch(batches(77, (3, 4)))
    return t, model


def report(t, model, seed, name):
    """What an epoch and an evaluation from here give."""
    values = [t.train_epoch(batches(seed, (4, 2))), *t.evaluate(batches(seed, (6,))), t.steps, t.epochs]
    found = {f"{name}, value {i}": number(value) for i, value in enumerate(values)}
    return found | {f"{name}, {k}": v for k, v in state_of(model).items()}


def test_state_goes_on(candidate, reference, seed):
    """From a loaded state another trainer goes on as if nothing had happened
    加载状态后，另一个 Trainer 能像没有中断过一样继续"""

    def story(side, optimizer, scheduler, keep):
        options = {"optimizer": optimizer, "scheduler": scheduler}
        model = stir(net(norm=True))
        t = trainer(side, model, **options)
        for i in range(2):
            t.train_epoch(batches(seed + i, (4, 6)))
        state = keep(t.state_dict())
        found = report(t, model, seed, "going on")
        newer, there = other(side, **options)
        newer.load_state_dict(state)
        return found | report(newer, there, seed, "resumed")

    for kind in ((sgd, None, dict), (adam, slower, plain)):
        compare(candidate, reference, lambda side, kind=kind: story(side, *kind))


def test_state_is_a_snapshot(candidate, reference, seed):
    """A state serves several trainers, which share nothing with it nor with each other
    一份状态可以给多个 Trainer 用，它们与它、彼此之间都不共享任何东西"""
    options = {"optimizer": adam, "scheduler": slower}

    def story(side):
        model = stir(net(norm=True))
        t = trainer(side, model, **options)
        t.train_epoch(batches(seed, (4, 6)))
        state, found = t.state_dict(), {}
        t.train_epoch(batches(seed + 1, (4, 6)))
        several = [other(side, **options) for _ in range(3)]
        for newer, _ in several[:2]:
            newer.load_state_dict(state)
        for i, (newer, there) in enumerate(several):
            if i == 2:
                newer.load_state_dict(state)
            found |= report(newer, there, seed + i, f"trainer {i}")
        return found | report(t, model, seed, "the first")

    compare(candidate, reference, story)


def test_state_of_a_new_trainer(candidate, reference, seed):
    """The state of a new trainer can be loaded into one that has been at work
    新建的 Trainer 的状态可以加载到用过的里面"""

    def story(side):
        state = trainer(side, stir(net(norm=True)), scheduler=slower).state_dict()
        newer, there = other(side, scheduler=slower)
        newer.load_state_dict(state)
        counts = {"steps, epochs": torch.tensor([newer.steps, newer.epochs])}
        return counts | report(newer, there, seed, "loaded")

    compare(candidate, reference, story)


def test_trainers_share_nothing(candidate, reference, seed):
    """Two trainers at work side by side do not disturb each other
    两个 Trainer 交替工作，互不干扰"""

    def story(side):
        pairs = [other(side), other(side, optimizer=adam, scheduler=slower, max_norm=50.0)]
        found = {}
        for i in range(2):
            for j, (t, model) in enumerate(pairs):
                found |= report(t, model, seed + i + j, f"trainer {j}, round {i}")
        return found

    # A bias before a batch norm has no gradient but rounding, and Adam makes that larger.
    compare(candidate, reference, story, (1e-6, 1e-7))


def test_model_is_trained_itself(candidate, seed):
    """The very parameters that were given are trained, in place
    训练的就是传入的那些参数，原地更新"""
    model = net()
    before = dict(model.named_parameters())
    views = {name: p.detach() for name, p in before.items()}
    kept = {name: p.detach().clone() for name, p in before.items()}
    trainer(candidate, model).train_epoch(batches(seed))
    after = dict(model.named_parameters())
    right = [after[n] is before[n] and not torch.equal(views[n], kept[n]) for n in before]
    holds(
        all(right),
        "The parameters of the model are not the ones that were given, or did not move.",
        "模型的参数不再是传入的那些，或者没有变化。",
        value=str(right),
        name="parameters",
    )


def test_batches_are_left_alone(candidate, seed):
    """The batches are left as they are
    不改动 batch"""
    pairs = batches(seed)
    held = {
        f"{what} {i}": tensor for i, pair in enumerate(pairs) for what, tensor in zip("xy", pair, strict=True)
    }
    t = trainer(candidate, net(norm=True), max_norm=0.1)
    with unchanged(**held):
        t.train_epoch(pairs[:2])
        t.evaluate(pairs)


def test_rng(candidate, seed):
    """Nothing is reseeded, and evaluation draws nothing
    不重新设种子；评估不抽随机数"""
    model = net(drop=0.5)
    not_reseeded(lambda: trainer(candidate, model).train_epoch(batches(seed)))
    before = torch.get_rng_state()
    trainer(candidate, model).evaluate(batches(seed))
    holds(
        torch.equal(before, torch.get_rng_state()),
        "evaluate draws from the random generator: some part is in train mode.",
        "evaluate 从随机数生成器取了数：有的部分处于 train 模式。",
        name="rng",
    )


def test_float32(candidate, reference, seed):
    """A float32 model stays float32 and is trained right
    float32 的模型保持 float32，训练正确"""

    def story(side):
        model = net(norm=True).float()
        t = trainer(side, model, max_norm=1.0)
        pairs = [(x.float(), y) for x, y in batches(seed, (4, 6))]
        values = [t.train_epoch(pairs), *t.evaluate(pairs)]
        return {f"value {i}": number(v) for i, v in enumerate(values)} | state_of(model)

    compare(candidate, reference, story, (1e-3, 1e-4))


def photos(seed):
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(images.device)
    train, test = ([(images[i], labels[i]) for i in part.split(48)] for part in (order[:1000], order[1000:]))
    return train, test


def reader():
    layers = nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10)
    return draw(place(nn.Sequential(*layers)))


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """On handwritten digits, losses and accuracies of three epochs are those of the reference
    在手写数字上，三个 epoch 的 loss 和准确率与参考实现一致"""
    curves = []
    for side in (candidate, reference):
        model = reader()
        model[3].p = 0.0
        t = trainer(side, model, optimizer=partial(sgd, lr=0.05), scheduler=slower, max_norm=1.0)
        train, test = photos(seed)
        curves.append([value for _ in range(3) for value in (t.train_epoch(train[:5]), *t.evaluate(test))])
    follows(*curves, within=1e-5)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """It trains a classifier of handwritten digits to an accuracy ≥ 0.85 on others
    能把手写数字分类器训练到在其他数字上准确率 ≥ 0.85"""
    train, test = photos(seed)
    t = trainer(candidate, reader(), optimizer=partial(sgd, lr=0.1), max_norm=5.0)
    losses = [t.train_epoch(train) for _ in range(3)]
    reaches(t.evaluate(test)[1], 0.85, "accuracy", losses=losses)
