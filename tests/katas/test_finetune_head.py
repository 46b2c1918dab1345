"""Grades katas/finetune_head.py."""

import math
from collections import OrderedDict
from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    accuracy,
    adopt,
    any_layout,
    calls_apart,
    differentiate,
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
    same_names,
    setting,
    spread,
    stir,
    train,
    unchanged,
)


class Block(nn.Module):
    def __init__(self, affine=True, drop=0.0):
        super().__init__()
        self.linear = nn.Linear(6, 6)
        self.norm = nn.BatchNorm1d(6, affine=affine, momentum=0.3)
        self.drop = nn.Dropout(drop)

    def forward(self, x):
        return self.drop(self.norm(self.linear(x)).tanh())


class Net(nn.Module):
    """A body in which one name begins like another, and a head within a Sequential."""

    def __init__(self, classes=5, bias=True, drop=0.0):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6, momentum=0.2), nn.Tanh())
        self.block1, self.block10 = Block(drop=drop), Block(affine=False)
        self.norm = nn.BatchNorm1d(6)
        self.classifier = nn.Sequential(nn.Linear(6, 7), nn.ReLU(), nn.Linear(7, classes, bias=bias))

    def forward(self, x):
        return self.classifier(self.norm(self.block10(self.block1(self.stem(x)))))


HEAD = "classifier.2"


class Convolutional(nn.Module):
    """One and two dimensions more, and a head at the top that has no bias."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)
        self.deep = nn.ModuleDict({"conv": nn.Conv3d(1, 2, (1, 1, 2)), "bn": nn.BatchNorm3d(2)})
        self.fc = nn.Linear(2, 4, bias=False)

    def forward(self, x):
        x = self.bn(self.conv(x)).tanh()
        return self.fc(self.deep["bn"](self.deep["conv"](x[:, None])).mean((2, 3, 4)))


def build(side, model=Net, head=HEAD, classes=3):
    return side.FineTuner(place(model()), head, classes)


def alone(candidate, *thawed, **options):
    tuner = stir(build(candidate, **options))
    if thawed:
        tuner.unfreeze(*thawed)
    return tuner


def pair(candidate, reference, *thawed, **options):
    """The attempt's tuner and the reference's, with the same parts thawed, in the same state."""
    theirs = alone(reference, *thawed, **options)
    mine = build(candidate, **options)
    if thawed:
        mine.unfreeze(*thawed)
    return adopt(mine, theirs, as_it_is=True), theirs


def batch(seed, shape=(8, 4)):
    return normal(seed, shape)[0]


def photos(seed):
    return normal(seed, (3, 2, 5, 4))[0]


def asking(tuner):
    return ", ".join(name for name, p in tuner.named_parameters() if p.requires_grad)


def working(tuner):
    """What is in train mode, of the parts that have no parts."""
    return ", ".join(n for n, m in tuner.named_modules() if m.training and not list(m.children()))


def slopes(tuner, x):
    """Gradients by name, of x and all parameters; None where there is none."""
    output = tuner(x)
    weights = normal(7, tuple(output.shape), grad=False)[0].to(output.dtype)
    leaves = {"x": x} | {n: p for n, p in sorted(tuner.named_parameters()) if p.requires_grad}
    found = differentiate((output * weights).sum(), list(leaves.values()), allow_unused=True)
    given = dict(zip(leaves, found, strict=True))
    return {"output": output} | {
        f"∂L/∂{n}": given.get(n) for n in ["x", *(n for n, _ in tuner.named_parameters())]
    }


def told(found, right, what, zh):
    holds(
        found == right,
        f"{what}: {found or 'none'}; right is {right or 'none'}.",
        f"{zh}：{found or '无'}；应当是 {right or '无'}。",
        value=found,
        name=what,
    )


PARTS = {
    (): "",
    ("block10",): "block10.linear.weight, block10.linear.bias",
    ("block1",): "block1.linear.weight, block1.linear.bias, block1.norm.weight, block1.norm.bias",
    ("stem.1",): "stem.1.weight, stem.1.bias",
    ("classifier",): "classifier.0.weight, classifier.0.bias",
    ("block10.norm",): "",
}


def thawed_names(parts):
    inside = [f"model.{name}" for name in PARTS[parts].split(", ") if name]
    return ", ".join([*inside, f"model.{HEAD}.weight", f"model.{HEAD}.bias"])


def test_output(candidate, reference, seed):
    """The output is that of the model with its new head, in train and in eval mode
    输出是换了 head 的模型的输出，train 和 eval 模式都正确"""
    mine, theirs = pair(candidate, reference)
    for mode in (True, False):
        same(mine.train(mode)(batch(seed)), theirs.train(mode)(batch(seed)), f"output (training = {mode})")


def test_names(candidate, reference):
    """state_dict() holds what the model's does, after 'model.'
    state_dict() 里是模型的内容，名字前加 'model.'"""
    for options in ({}, {"model": Convolutional, "head": "fc", "classes": 9}, {"classes": 1}):
        same_names(build(candidate, **options), build(reference, **options))


def test_head(candidate, seed):
    """The head is replaced in the very model: its place, sizes, bias, dtype
    直接在传入的模型里换 head：位置、尺寸、bias、dtype 都对"""
    nets = {
        "'classifier.2'": (Net(), HEAD),
        "'classifier.2', float64": (Net().double(), HEAD),
        "'classifier.2', without bias": (Net(bias=False), HEAD),
        "'fc', without bias": (Convolutional(), "fc"),
        "'1'": (nn.Sequential(nn.ReLU(), nn.Linear(1, 4)), "1"),
        "'a.b.0'": (
            nn.ModuleDict({"a": nn.ModuleDict({"b": nn.Sequential(nn.Linear(3, 3).double())})}),
            "a.b.0",
        ),
    }
    for name, (model, path) in nets.items():
        old = model.get_submodule(path)
        others = {n: m for n, m in model.named_modules() if n != path}
        tuner = candidate.FineTuner(model=model, head=path, num_classes=6)
        new = model.get_submodule(path)
        found = f"{type(new).__name__} {tuple(new.weight.shape)}, {new.weight.dtype}, bias: {new.bias is not None}"
        if new.bias is not None:
            found += f" {tuple(new.bias.shape)} {new.bias.dtype}"
        right = f"Linear {(6, old.in_features)}, {old.weight.dtype}, bias: {old.bias is not None}"
        if old.bias is not None:
            right += f" (6,) {old.weight.dtype}"
        told(found, right, f"head {name}", f"head {name}")
        kept = [n for n, m in model.named_modules() if n != path and others.get(n) is not m]
        told(", ".join(kept), "", f"parts changed beside {name}", f"{name} 之外被改动的部分")
        itself = str(new is not old and tuner.model is model)
        told(
            itself, "True", f"a new head, in the very model, {name}", f"head 是新的，且在传入的模型里，{name}"
        )


def test_new_head_is_drawn(candidate, seed):
    """The new head is drawn as every nn.Linear is, anew each time; nothing is reseeded
    新 head 的初始值与任何 nn.Linear 一样抽取，每次都重新抽；不重新设种子"""
    net = lambda: nn.Sequential(nn.ReLU(), nn.Linear(100, 7))  # noqa: E731
    heads = []
    for _ in range(2):
        model = net()
        with torch.no_grad():
            for p in model.parameters():
                p.fill_(3.0)
        candidate.FineTuner(model, "1", 130)
        heads.append(model[1])
    spread(heads[0].weight, 1 / math.sqrt(3 * 100), "weight of the head", uniform=True)
    largest = heads[0].bias.detach().abs().max().item()
    told(
        str(0.05 < largest <= 0.1),
        "True",
        "bias of the head within ±1/√n, not 0",
        "head 的 bias 在 ±1/√n 内且不为 0",
    )
    apart = bool((heads[0].weight != heads[1].weight).any())
    told(str(apart), "True", "two new heads differ", "两个新 head 不同")
    not_reseeded(lambda: candidate.FineTuner(net(), "1", 3)(torch.ones(2, 100)))


def test_frozen_parameters(candidate):
    """At first only the head asks for gradients, then also what was thawed
    开始时只有 head 需要梯度，之后还有解冻的部分"""
    for parts in PARTS:
        tuner = build(candidate)
        if parts:
            tuner.unfreeze(*parts)
        told(
            asking(tuner),
            thawed_names(parts),
            f"asking for gradients, {parts} thawed",
            f"解冻 {parts} 后需要梯度的参数",
        )


def test_thawing_adds_up(candidate):
    """unfreeze adds to what is thawed, however often and in whatever order
    unfreeze 是累加的，次数和次序不限"""
    tuner = build(candidate)
    tuner.unfreeze("block1.norm")
    tuner.unfreeze("stem.0", "block10")
    tuner.unfreeze("block10.linear", "block1.norm")
    tuner.eval()
    tuner.train()
    inside = "stem.0.weight, stem.0.bias, block1.norm.weight, block1.norm.bias, block10.linear.weight, block10.linear.bias"
    right = ", ".join(f"model.{n}" for n in [*inside.split(", "), f"{HEAD}.weight", f"{HEAD}.bias"])
    told(asking(tuner), right, "asking for gradients after several calls", "多次调用后需要梯度的参数")
    modes = (
        "stem.0, stem.2, block1.linear, block1.norm, block1.drop, block10.linear, block10.norm, block10.drop"
    )
    told(
        working(tuner),
        in_train_mode(modes),
        "in train mode after several calls",
        "多次调用后处于 train 模式的部分",
    )


def in_train_mode(names):
    return ", ".join(
        f"model.{n}" for n in [*names.split(", "), "classifier.0", "classifier.1", "classifier.2"]
    )


ALL_BUT_NORMS = "stem.0, stem.2, block1.linear, block1.drop, block10.linear, block10.drop"
NORMS = {
    (): ALL_BUT_NORMS,
    ("block10",): "stem.0, stem.2, block1.linear, block1.drop, block10.linear, block10.norm, block10.drop",
    ("block1",): "stem.0, stem.2, block1.linear, block1.norm, block1.drop, block10.linear, block10.drop",
    ("stem.1",): "stem.0, stem.1, stem.2, block1.linear, block1.drop, block10.linear, block10.drop",
    ("classifier",): ALL_BUT_NORMS,
    (
        "block10.norm",
    ): "stem.0, stem.2, block1.linear, block1.drop, block10.linear, block10.norm, block10.drop",
}


def test_modes(candidate):
    """Frozen batch norms stay in eval mode, whatever train() says; all else follows
    无论怎样调用 train()，冻结的 BatchNorm 都处于 eval 模式；其余跟随模式"""
    for parts, right in NORMS.items():
        tuner = build(candidate)
        if parts:
            tuner.unfreeze(*parts)
        told(
            working(tuner),
            in_train_mode(right),
            f"in train mode, {parts} thawed",
            f"解冻 {parts} 后处于 train 模式的部分",
        )
        told(
            working(tuner.eval()),
            "",
            f"in train mode after eval(), {parts} thawed",
            f"解冻 {parts}、eval() 后处于 train 模式的部分",
        )
        again = working(tuner.train())
        told(
            again,
            in_train_mode(right),
            f"in train mode again, {parts} thawed",
            f"解冻 {parts} 后再次 train()",
        )
        told(
            working(tuner.train(False)),
            "",
            "in train mode after train(False)",
            "train(False) 后处于 train 模式的部分",
        )
        flags = f"{tuner.training}, {tuner.train().training}, {tuner.eval().training}, {tuner.model.training}"
        told(flags, "False, True, False, False", "tuner.training by turns", "依次切换后的 tuner.training")


def test_new_tuner_is_in_train_mode(candidate):
    """A new tuner is in train mode, in whatever mode the model was
    新建的 tuner 处于 train 模式，与模型之前的模式无关"""
    for mode in (True, False):
        model = Net().train(mode)
        model.block1.drop.train(not mode)
        tuner = candidate.FineTuner(model, HEAD, 3)
        told(str(tuner.training), "True", "tuner.training", "tuner.training")
        told(
            working(tuner),
            in_train_mode(ALL_BUT_NORMS),
            f"in train mode, model.training was {mode}",
            f"model.training 原为 {mode}，处于 train 模式的部分",
        )


def test_thawed_in_eval_mode(candidate):
    """What is thawed in eval mode stays in eval mode until train() is called
    在 eval 模式下解冻的部分，到调用 train() 为止仍处于 eval 模式"""
    tuner = build(candidate).eval()
    tuner.unfreeze("block1")
    told(working(tuner), "", "in train mode, thawed after eval()", "eval() 之后解冻，处于 train 模式的部分")
    told(
        working(tuner.train()),
        in_train_mode(NORMS["block1",]),
        "in train mode after train()",
        "之后 train()，处于 train 模式的部分",
    )


def test_train_returns_the_tuner(candidate):
    """train() and eval() return the tuner
    train() 和 eval() 返回 tuner 自身"""
    tuner = build(candidate)
    found = [
        tuner.train() is tuner,
        tuner.train(False) is tuner,
        tuner.eval() is tuner,
        tuner.train(mode=True) is tuner,
    ]
    told(str(found), str([True] * 4), "returned by train() and eval()", "train() 和 eval() 的返回值")


def test_gradients(candidate, reference, seed):
    """Gradients of x, the head and thawed parts are right; frozen parts have none
    x、head、解冻部分的梯度正确；冻结的部分没有梯度"""
    for parts in ((), ("block1",), ("stem",), ("block10", "classifier.0")):
        mine, theirs = pair(candidate, reference, *parts)
        same(
            slopes(mine, batch(seed)),
            slopes(theirs, batch(seed)),
            f"({', '.join(parts) or 'nothing'} thawed)",
        )
        mine.eval(), theirs.eval()
        same(
            slopes(mine, batch(seed)),
            slopes(theirs, batch(seed)),
            f"({', '.join(parts) or 'nothing'} thawed, eval)",
        )


def test_statistics(candidate, reference, seed):
    """Frozen running statistics stay and are used; those of thawed parts move
    冻结的滑动统计量保持不变，且用于计算；解冻部分的会更新"""
    for parts in ((), ("block1",), ("block10",), ("stem.1", "block10.norm")):
        mine, theirs = pair(candidate, reference, *parts)
        for step in range(3):
            outputs = [tuner(batch(seed + step)) for tuner in (mine, theirs)]
            same(*outputs, f"output {step}")
            same(mine.state_dict(), theirs.state_dict(), "state_dict")
        mine.eval(), theirs.eval()
        same(mine(batch(seed)), theirs(batch(seed)), "output (eval)")
        same(mine.state_dict(), theirs.state_dict(), "state_dict")


def test_dropout_is_at_work(candidate, reference, seed):
    """Dropout works in train mode, frozen or not, and rests in eval mode
    train 模式下 dropout 起作用，无论是否冻结；eval 模式下不起作用"""
    for parts in ((), ("block1",)):
        mine, theirs = pair(candidate, reference, *parts, model=partial(Net, drop=1.0))
        for mode in (True, False, True):
            outputs = [tuner.train(mode)(batch(seed)) for tuner in (mine, theirs)]
            same(*outputs, f"output (training = {mode}, {parts} thawed)")


def test_convolutional(candidate, reference, seed):
    """BatchNorm2d and BatchNorm3d are frozen and thawed alike
    BatchNorm2d、BatchNorm3d 的冻结和解冻同样正确"""
    options = {"model": Convolutional, "head": "fc"}
    for parts in ((), ("deep",), ("bn",)):
        mine, theirs = pair(candidate, reference, *parts, **options)
        for step in range(2):
            same(slopes(mine, photos(seed + step)), slopes(theirs, photos(seed + step)), "step")
        same(mine.state_dict(), theirs.state_dict(), "state_dict")


def grouped(parts, lr=0.5, body_lr=0.01):
    """Which names must stand in the groups once these parts are thawed one after the other, by rates."""
    own = [f"{HEAD}.weight", f"{HEAD}.bias"]
    body = [n for n, _ in Net().named_parameters() if n not in own]
    thawed = [n for n in body if any(n.startswith(f"{part}.") for part in parts)]
    return {lr: own} | ({body_lr: thawed} if thawed else {})


def groups_of(candidate, parts):
    tuner = build(candidate)
    for part in parts:
        tuner.unfreeze(part)
    names = {id(p): name.removeprefix("model.") for name, p in tuner.named_parameters()}
    groups = tuner.param_groups(0.5, 0.01)
    return groups, [", ".join(names.get(id(p), "?") for p in list(group["params"])) for group in groups]


SEVERAL = [
    *PARTS,
    ("block1", "block1.norm"),
    ("classifier", "stem", "classifier.0", HEAD),
    ("stem", "block1", "stem"),
]


def test_groups(candidate):
    """Each trained parameter stands once, in order: the head first, then the thawed body; frozen ones nowhere
    每个要训练的参数出现一次，按次序：先 head，后解冻的主体；冻结的不出现"""
    for parts in SEVERAL:
        _, found = groups_of(candidate, parts)
        told(
            " + ".join(sorted(found)),
            " + ".join(sorted(", ".join(names) for names in grouped(parts).values())),
            f"parameters by groups, {parts} thawed",
            f"解冻 {parts} 后各组的参数",
        )


def test_rates(candidate):
    """The first group is that of the head with lr, the second that of the body with body_lr
    第一组是 head，用 lr；第二组是主体，用 body_lr"""
    for parts in ((), ("block10",), ("classifier",)):
        groups, found = groups_of(candidate, parts)
        first = [f"{names.split(', ')[0]}: {group['lr']}" for names, group in zip(found, groups, strict=True)]
        right = [f"{names[0]}: {rate}" for rate, names in grouped(parts).items()]
        told("; ".join(first), "; ".join(right), f"rates, {parts} thawed", f"解冻 {parts} 后各组的学习率")


def test_kinds_of_groups(candidate):
    """A group is a dict with 'params', a list, and 'lr', nothing else
    每组是一个 dict，有 'params'（list）和 'lr'，没有别的"""
    for parts in ((), ("block10",)):
        groups, _ = groups_of(candidate, parts)
        kinds = ", ".join(f"{type(g).__name__} of {sorted(g)}: {type(g['params']).__name__}" for g in groups)
        right = ", ".join(["dict of ['lr', 'params']: list"] * len(grouped(parts)))
        told(kinds, right, f"kinds of groups, {parts} thawed", f"解冻 {parts} 后参数组的类型")


def test_groups_in_an_optimizer(candidate, reference, seed):
    """Training by these groups moves the head and the thawed parts, at their rates, and nothing else
    用这些参数组训练，head 和解冻的部分各按自己的学习率变化，其余不变"""
    for parts in ((), ("block10", "stem.1")):
        tuners = pair(candidate, reference, *parts)
        for tuner in tuners:
            groups = tuner.param_groups(body_lr=0.02, lr=0.3)
            stepper = torch.optim.SGD(groups, lr=9.0, momentum=0.5, weight_decay=0.1)
            for step in range(3):
                loss = F.cross_entropy(tuner(batch(seed + step)), integers(seed + step, 3, (8,))[0])
                stepper.zero_grad()
                loss.backward()
                stepper.step()
                tuner.eval().train()
        same(*(tuner.state_dict() for tuner in tuners), "state_dict")


def test_in_stages(candidate, reference, seed):
    """Head first, then more and more of the body, with a new optimizer each time
    先训练 head，再逐步解冻主体，每次新建优化器"""
    tuners = pair(candidate, reference)
    for tuner in tuners:
        for stage, part in enumerate(("block10", "block1.norm", "stem")):
            stepper = torch.optim.SGD(tuner.param_groups(0.2, 0.05), lr=1.0)
            for step in range(2):
                x, y = batch(seed + step + stage), integers(seed + step, 3, (8,))[0]
                stepper.zero_grad()
                F.cross_entropy(tuner(x), y).backward()
                stepper.step()
            tuner.eval()
            tuner(batch(seed))
            tuner.unfreeze(part)
            tuner.train()
            tuner(batch(seed))
    same(*(tuner.state_dict() for tuner in tuners), "state_dict")
    same(*(tuner(batch(seed)) for tuner in tuners))


def test_copies(candidate, seed):
    """A copy is a tuner of its own, with the same parts frozen
    副本是独立的 tuner，冻结的部分相同"""
    tuner = alone(candidate, "block1")
    copy = deepcopy(tuner)
    told(
        working(copy.eval().train()),
        in_train_mode(NORMS["block1",]),
        "in train mode, copy",
        "副本中处于 train 模式的部分",
    )
    told(asking(copy), thawed_names(("block1",)), "asking for gradients, copy", "副本中需要梯度的参数")
    copy.unfreeze("block10")
    told(
        working(tuner.train()),
        in_train_mode(NORMS["block1",]),
        "in train mode, original",
        "原来的 tuner 中处于 train 模式的部分",
    )
    modes = (
        "stem.0, stem.2, block1.linear, block1.norm, block1.drop, block10.linear, block10.norm, block10.drop"
    )
    told(
        working(copy),
        in_train_mode(modes),
        "in train mode, copy after more was thawed",
        "副本继续解冻后处于 train 模式的部分",
    )
    mine = {id(p) for p in tuner.parameters()}
    shared = [p for group in copy.param_groups(0.1, 0.1) for p in group["params"] if id(p) in mine]
    told(
        str(len(shared)),
        "0",
        "parameters of the original in the groups of its copy",
        "副本的参数组里属于原 tuner 的参数个数",
    )
    before = tuner.eval()(batch(seed))
    with torch.no_grad():
        for p in copy.parameters():
            p.mul_(-2)
    same(tuner(batch(seed)), before, "output of the original")


def test_tuners_share_nothing(candidate):
    """What is thawed in one tuner stays frozen in another
    一个 tuner 解冻的部分，在另一个里仍是冻结的"""
    first, second = build(candidate), build(candidate)
    first.unfreeze("block1")
    third = build(candidate)
    for name, tuner in (("the second", second), ("a third", third)):
        told(
            asking(tuner.train()),
            thawed_names(()),
            f"asking for gradients, {name}",
            f"需要梯度的参数，{name}",
        )
        told(
            working(tuner),
            in_train_mode(ALL_BUT_NORMS),
            f"in train mode, {name}",
            f"处于 train 模式的部分，{name}",
        )


def test_state_travels(candidate, seed):
    """State that is loaded is all it goes by, and what is frozen stays frozen
    加载状态后结果完全由它决定；冻结的仍然冻结"""
    tuner = alone(candidate, "block10")
    for training in (False, True):
        newer = build(candidate)
        newer.unfreeze("block10")
        newer.train(training)
        newer(batch(seed))  # nothing may be kept from before
        newer.load_state_dict({name: value.clone() for name, value in tuner.state_dict().items()})
        same(newer(batch(seed)), tuner.train(training)(batch(seed)), f"output (training = {training})")
    told(asking(newer), asking(tuner), "asking for gradients after loading", "加载后需要梯度的参数")


def test_many_calls(candidate, seed):
    """Calls do not disturb each other
    多次调用互不影响"""
    # Frozen parameters have no gradients to compare: those of x are.
    calls_apart(lambda: alone(candidate).__call__, lambda i: batch(seed + i))
    calls_apart(lambda: alone(candidate).eval().__call__, lambda i: batch(seed + i))


def test_float32(candidate, reference, seed):
    """A float32 tuner gives float32 outputs and gradients
    float32 的 tuner，输出和梯度都是 float32"""
    tuners = [tuner.float() for tuner in pair(candidate, reference, "block1")]
    found = [slopes(tuner, batch(seed).detach().float().requires_grad_()) for tuner in tuners]
    same(*found, "float32", tolerance=(1e-3, 1e-4))


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    any_layout(lambda: alone(candidate).__call__, partial(batch, seed), (8, 4))


def test_side_effects(candidate, seed):
    """Inputs, parameters and frozen statistics are left alone by every call
    每次调用都不改动输入、参数和冻结的统计量"""
    tuner = alone(candidate)
    for mode in (True, False):
        tuner.train(mode)
        for recording in (torch.enable_grad, torch.no_grad, torch.inference_mode):
            x = batch(seed).detach()
            with unchanged(x=x, **tuner.state_dict()), recording():
                tuner(x)
        told(
            working(tuner),
            in_train_mode(ALL_BUT_NORMS) if mode else "",
            f"in train mode after calls ({mode})",
            f"调用之后处于 train 模式的部分（{mode}）",
        )


def pictures(low, high):
    images, labels = digits()
    wanted = (labels >= low) & (labels < high)
    return images.flatten(1).to(setting.dtype)[wanted], labels[wanted] - low


def pretrained(seed):
    """A net that knows the digits 0 to 4."""
    layers = OrderedDict(a=nn.Linear(64, 32), bn=nn.BatchNorm1d(32), act=nn.ReLU(), fc=nn.Linear(32, 5))
    net = draw(place(nn.Sequential(layers)))
    train(net, *pictures(0, 5), seed, steps=60, batch=40, lr=0.2)
    return net


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A net that knows five digits learns the other five as it does with the reference
    认识五个数字的网络学习另外五个，loss 曲线与参考实现一致"""
    curves = []
    for side in (candidate, reference):
        tuner = side.FineTuner(pretrained(seed), "fc", 5)
        draw(tuner.model.fc)
        tuner.unfreeze("bn")
        groups = tuner.param_groups(0.3, 0.01)
        net = torch.optim.SGD(groups, lr=1.0)
        x, y = pictures(5, 10)
        losses = []
        for chosen in integers(seed, len(x), (15, 40))[0]:
            loss = F.cross_entropy(tuner(x[chosen]), y[chosen])
            net.zero_grad()
            loss.backward()
            net.step()
            losses.append(loss.item())
        curves.append(losses)
    follows(*curves)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """The head alone, on features of other digits, reaches an accuracy ≥ 0.75
    只训练 head，用别的数字学到的特征，准确率 ≥ 0.75"""
    tuner = candidate.FineTuner(pretrained(seed), "fc", 5)
    stepper = torch.optim.SGD(tuner.param_groups(0.3, 0.0), lr=1.0)
    x, y = pictures(5, 10)
    losses = []
    for chosen in integers(seed, len(x), (150, 40))[0]:
        loss = F.cross_entropy(tuner(x[chosen]), y[chosen])
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    reaches(accuracy(tuner.eval(), x, y), 0.75, "accuracy", losses=losses)
