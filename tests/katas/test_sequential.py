"""Grades katas/sequential.py."""

from collections import OrderedDict
from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    accuracy,
    adopt,
    adopted,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    digits,
    follows,
    gradients,
    holds,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    share_nothing,
    starts_like,
    stir,
    train,
    travels,
)


class Scale(nn.Module):
    """The smallest child with something to learn."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.factor * x + 1


class Split(nn.Module):
    def __init__(self, kind=tuple):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        return self.kind([x, 2 * x, x + 1])


class Join(nn.Module):
    """Tells whether it was given one thing or several."""

    def forward(self, parts, *more):
        return (parts, *more)[-1] if more else parts[0] - 3 * parts[1] * parts[2]


class Give(nn.Module):
    """Returns the same thing, whatever comes; remembers what came."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        self.came = x
        return self.value


def chain():
    return [nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3, bias=False), nn.Sigmoid(), nn.Linear(3, 4)]


def pair(candidate, reference, build=lambda kind: kind(*chain())):
    """The attempt's container and the reference's, built alike, stirred and in the same state."""
    mine, theirs = (place(build(side.Sequential)) for side in (candidate, reference))
    return adopted(mine, stir(theirs)), theirs


def alone(candidate):
    return stir(place(candidate.Sequential(*chain())))


def batch(seed, shape=(6, 5)):
    return normal(seed, shape)[0]


def names(net):
    return ", ".join(net.state_dict())


def positions(found, known):
    """Which of the known modules these are, by their place among them."""
    return ", ".join(next((str(i) for i, k in enumerate(known) if k is f), type(f).__name__) for f in found)


def given_back(found, known, expected, what):
    """The modules are those at `expected` places among the known."""
    found = list(found)
    text = positions(found, known)
    holds(
        text == ", ".join(map(str, expected)),
        f"{what}: these are not the modules that were given, in their order.",
        f"{what}：得到的不是传入的那些 module，或次序不对。",
        value=text,
        name=what,
    )


def named(net, expected, what):
    holds(
        names(net) == ", ".join(expected),
        f"{what}: state_dict() holds {names(net)}; right is {', '.join(expected)}.",
        f"{what}：state_dict() 里是 {names(net)}；应当是 {', '.join(expected)}。",
        value=names(net),
        name=f"names, {what}",
    )


def raised(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing raised"


def test_output(candidate, reference, seed):
    """The output of a chain is right
    一串 module 的输出正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(batch(seed)), theirs(batch(seed)))


def test_gradients(candidate, reference, seed):
    """The gradients of x and of all parameters are right
    x 和所有参数的梯度正确"""
    mine, theirs = pair(candidate, reference)
    for shape in ((6, 5), (5,), (1, 5), (2, 1, 3, 5)):
        agree(mine, theirs, partial(batch, seed, shape), f"output (x.shape = {shape})")


def test_names(candidate, reference):
    """Children are called '0', '1', …, and state_dict() holds theirs alone
    子 module 依次叫 '0'、'1'、…，state_dict() 里只有它们的内容"""
    build = lambda kind: kind(*chain(), nn.BatchNorm1d(4))  # noqa: E731
    mine, theirs = build(candidate.Sequential), build(reference.Sequential)
    starts_like(mine, theirs, lambda name: name.startswith("5."))
    named(mine, ("0.weight", "0.bias", "2.weight", "4.weight", "4.bias", *buffers("5")), "chain")


def buffers(name):
    return [
        f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    ]


def test_many_children(candidate, reference, seed):
    """More than ten children run in their order, also one alone
    超过十个子 module 时次序也正确，只有一个时同样"""
    for count in (13, 1, 2):
        mine, theirs = pair(candidate, reference, lambda kind, n=count: kind(*(Scale() for _ in range(n))))
        named(mine, [f"{i}.factor" for i in range(count)], f"{count} children")
        agree(mine, theirs, partial(batch, seed), f"output ({count} children)")


def test_nested(candidate, reference, seed):
    """Containers within containers stay whole and are called '1.0', '1.1'
    容器里的容器保持完整，其子 module 叫 '1.0'、'1.1'"""

    def build(kind):
        return kind(
            nn.Linear(5, 4),
            kind(nn.Tanh(), kind(nn.Linear(4, 3)), nn.Linear(3, 2)),
            kind(kind(Scale())),
            kind(),
        )

    mine, theirs = pair(candidate, reference, build)
    inner = ["1.1.0.weight", "1.1.0.bias", "1.2.weight", "1.2.bias", "2.0.0.factor"]
    named(mine, ["0.weight", "0.bias", *inner], "nested")
    agree(mine, theirs, partial(batch, seed))
    found = ", ".join(str(len(net)) for net in (mine, mine[1], *mine[2:]))
    holds(
        found == "4, 3, 1, 0",
        f"The numbers of children of nested containers are {found}; right is 4, 3, 1, 0.",
        f"嵌套容器的子 module 个数为 {found}；应当是 4, 3, 1, 0。",
        value=found,
        name="len, nested",
    )


def entries(kind=dict):
    return kind(zip(("stem", "act", "10", "9", "head"), chain(), strict=True))


def test_dict(candidate, reference, seed):
    """A dict, also an ordered one, gives the names and the order
    传入 dict 或 OrderedDict 时，名字和次序照它"""
    for kind in (OrderedDict, dict):
        build = lambda container, kind=kind: container(entries(kind))  # noqa: E731
        mine, theirs = pair(candidate, reference, build)
        parts = ("stem.weight", "stem.bias", "10.weight", "head.weight", "head.bias")
        named(mine, parts, f"names of a {kind.__name__}")
        agree(mine, theirs, partial(batch, seed))
        named(candidate.Sequential(kind(only=Scale())), ["only.factor"], f"one entry, {kind.__name__}")


def test_dict_is_neither_changed_nor_kept(candidate):
    """The dict is not changed, and who changes it later does not change the container
    传入的 dict 不被修改；之后改动它，也不影响容器"""
    for kind in (OrderedDict, dict):
        given = entries(kind)
        known = list(given.values())
        net = candidate.Sequential(given)
        net.append(nn.Tanh())
        net[0] = known[4]
        given_back(given.values(), known, range(5), f"the {kind.__name__} afterwards")
        given["late"], given["stem"] = nn.ReLU(), nn.ReLU()
        del given["act"]
        given_back(list(net)[:5], known, (4, 1, 2, 3, 4), f"children after the {kind.__name__} was changed")


def test_positions(candidate):
    """net[i] is the very module that was given, from the front or from the end
    net[i] 就是传入的那个 module，正数倒数都可以"""
    modules = chain()
    for net in (
        candidate.Sequential(*modules),
        candidate.Sequential(dict(zip("abc20", modules, strict=True))),
    ):
        given_back([net[i] for i in range(5)], modules, range(5), "net[0] … net[4]")
        given_back([net[-i] for i in range(1, 6)], modules, (4, 3, 2, 1, 0), "net[-1] … net[-5]")


def test_no_such_position(candidate):
    """A position that does not exist raises IndexError
    位置不存在时抛出 IndexError"""
    modules = chain()
    net = candidate.Sequential(*modules)

    def write(index):
        net[index] = nn.ReLU()

    found = [raised(lambda i=i: net[i]) for i in (5, -6, 12)] + [raised(partial(write, i)) for i in (5, -6)]
    found.append(raised(lambda: candidate.Sequential()[0]))
    holds(
        set(found) == {"IndexError"},
        "net[5], net[-6], net[12] of five children, or writing to such a place, must raise IndexError.",
        "有五个子 module 时，读 net[5]、net[-6]、net[12] 或写这样的位置都应抛出 IndexError。",
        value=", ".join(found),
        name="no such position",
    )
    given_back(net, modules, range(5), "children afterwards")


def test_length_and_iteration(candidate):
    """len(net) counts the children, and iteration gives each in order, as often as it is asked
    len(net) 是子 module 的个数；迭代按次序给出每一个，可以反复迭代"""
    modules = [nn.Linear(5, 7), candidate.Sequential(nn.Tanh(), nn.Tanh()), nn.ReLU(), nn.Linear(7, 3)]
    for count in (4, 1, 0):
        net = candidate.Sequential(*modules[:count])
        found = repr(len(net))
        holds(
            found == str(count),
            f"len(net) of {count} children is {found}.",
            f"有 {count} 个子 module 时，len(net) 为 {found}。",
            value=found,
            name=f"len ({count})",
        )
        for _ in range(2):
            given_back(net, modules, range(count), f"iteration over {count} children")
    net = candidate.Sequential(*modules)
    both = [child for two in zip(net, net, strict=True) for child in two]
    given_back(both, modules, (0, 0, 1, 1, 2, 2, 3, 3), "two iterations side by side")


SLICES = {
    "[1:]": slice(1, None),
    "[:2]": slice(2),
    "[1:4]": slice(1, 4),
    "[-2:]": slice(-2, None),
    "[:]": slice(None),
    "[::2]": slice(None, None, 2),
    "[::-1]": slice(None, None, -1),
    "[3:1:-1]": slice(3, 1, -1),
    "[2:2]": slice(2, 2),
    "[3:99]": slice(3, 99),
    "[0:1]": slice(0, 1),
}


def test_slices(candidate):
    """A slice is a new Sequential of the very same children, with their names
    切片是由同样那些子 module 组成的新 Sequential，名字不变"""
    modules = [Scale() for _ in range(5)]
    for labels in ("01234", "cab1x"):
        net = candidate.Sequential(dict(zip(labels, modules, strict=True)))
        for text, part in SLICES.items():
            got = net[part]
            holds(
                type(got) is candidate.Sequential and got is not net,
                f"net{text} is no new Sequential.",
                f"net{text} 不是新的 Sequential。",
                value=type(got).__name__ + ("" if got is not net else ", itself"),
                name=f"type of net{text}",
            )
            wanted = range(5)[part]
            given_back(got, modules, wanted, f"net{text}")
            named(got, [f"{labels[i]}.factor" for i in wanted], f"net{text}")
        given_back(net, modules, range(5), "net after all slices")


def test_slices_compute(candidate, reference, seed):
    """Slices compute, and what they learn is learned by the whole
    切片可以计算，它学到的整个容器也学到"""
    mine, theirs = pair(candidate, reference)
    for part, shape in (
        (slice(2), (6, 5)),
        (slice(2, None), (6, 7)),
        (slice(1, 4, 2), (6, 5)),
        (slice(3, 3), (6, 5)),
    ):
        same(mine[part](batch(seed, shape)), theirs[part](batch(seed, shape)), f"output of {part}")
    for net in (mine, theirs):
        with torch.no_grad():
            for value in net[2:].parameters():
                value.mul_(-2)
    same(mine(batch(seed)), theirs(batch(seed)), "output after its slice has learned")
    x, same_x = batch(seed), batch(seed)
    grown = gradients(mine[2:](mine[:2](x)), [x, *mine.state_dict(keep_vars=True).values()])
    right = gradients(theirs[2:](theirs[:2](same_x)), [same_x, *theirs.state_dict(keep_vars=True).values()])
    same(grown, right, "gradients through two slices")


def test_slices_are_apart(candidate):
    """What is appended to a slice or replaced in it does not show in the whole, nor the other way round
    在切片里追加或替换，整个容器不受影响；反过来也一样"""
    modules = [Scale() for _ in range(8)]
    net = candidate.Sequential(*modules[:5])
    tail, all_ = net[1:4], net[:]
    tail[0] = modules[5]
    all_.append(modules[6])
    net[4] = modules[7]
    given_back(net, modules, (0, 1, 2, 3, 7), "net")
    given_back(tail, modules, (5, 2, 3), "net[1:4]")
    given_back(all_, modules, (0, 1, 2, 3, 4, 6), "net[:]")
    named(tail, ["1.factor", "2.factor", "3.factor"], "net[1:4]")


def test_replaced(candidate, reference, seed):
    """net[i] = module puts a module in its place, under the same name
    net[i] = module 换掉那个位置的 module，名字不变"""

    def build(kind):
        net, more = kind(dict(zip(("a", "1", "c", "0", "e"), chain(), strict=True))), kind(*chain())
        net[1], net[-1], net[-3] = nn.ReLU(), nn.Linear(3, 2, bias=False), nn.Linear(7, 3)
        more[0], more[-2] = nn.Linear(5, 7, bias=False), Scale()
        return kind(net, nn.Linear(2, 5), more)

    mine, theirs = pair(candidate, reference, build)
    named(mine[0], ["a.weight", "a.bias", "c.weight", "c.bias", "e.weight"], "children of a dict, replaced")
    named(mine[2], ["0.weight", "2.weight", "3.factor", "4.weight", "4.bias"], "children replaced")
    agree(mine, theirs, partial(batch, seed))


def test_append(candidate, reference, seed):
    """append adds one child at the end, called by the next number, and returns the container itself
    append 在末尾加一个子 module，以下一个数命名，并返回容器自身"""

    def build(kind):
        net = kind(nn.Linear(5, 4))
        for module in (nn.Tanh(), nn.Linear(4, 3), kind(nn.Tanh(), Scale())):
            net.append(module)
        return net.append(Scale())

    mine, theirs = pair(candidate, reference, build)
    named(mine, ["0.weight", "0.bias", "2.weight", "2.bias", "3.1.factor", "4.factor"], "appended")
    agree(mine, theirs, partial(batch, seed))
    empty, modules = candidate.Sequential(), [Scale(), nn.Tanh()]
    returned = [empty.append(module) for module in modules]
    holds(
        all(got is empty for got in returned),
        "append does not return the container to which it has appended.",
        "append 没有返回被追加的容器自身。",
        value=", ".join("itself" if got is empty else type(got).__name__ for got in returned),
        name="returned by append",
    )
    given_back(empty, modules, (0, 1), "appended to an empty container")
    named(empty, ["0.factor"], "appended to an empty container")


def test_append_beside_taken_names(candidate):
    """append never takes a name that a child has already
    append 不会使用已被占用的名字"""
    modules = [Scale() for _ in range(9)]
    tail = candidate.Sequential(*modules[:5])[2:]
    tail.append(modules[5]).append(modules[6]).append(modules[7])
    named(tail, [f"{name}.factor" for name in ("2", "3", "4", "5", "6", "7")], "net[2:], appended")
    given_back(tail, modules, range(2, 8), "net[2:], appended")
    odd = candidate.Sequential({name: modules[i] for i, name in enumerate(("x", "3", "4", "0"))})
    odd.append(modules[4]).append(modules[5])
    named(odd, [f"{name}.factor" for name in ("x", "3", "4", "0", "5", "6")], "a dict, appended")
    few = candidate.Sequential({"9": modules[0], "x": modules[1]}).append(modules[2])
    named(few, ["9.factor", "x.factor", "2.factor"], "two names, appended")
    front = candidate.Sequential(*modules[:5])[:2].append(modules[8])
    named(front, ["0.factor", "1.factor", "2.factor"], "net[:2], appended")
    given_back(front, modules, (0, 1, 8), "net[:2], appended")


def test_same_module_twice(candidate, reference, seed):
    """A module that stands in several places runs, counts and is named in each
    同一个 module 出现在多个位置时，每处都执行、计数、有名字"""

    def build(kind):
        shared, act, linear = Scale(), nn.Tanh(), nn.Linear(5, 5)
        return kind(linear, act, shared, linear, act, shared, shared).append(linear)

    mine, theirs = pair(candidate, reference, build)
    parts = [
        "0.weight",
        "0.bias",
        "2.factor",
        "3.weight",
        "3.bias",
        "5.factor",
        "6.factor",
        "7.weight",
        "7.bias",
    ]
    named(mine, parts, "shared children")
    agree(mine, theirs, partial(batch, seed))
    modules = [mine[i] for i in range(3)]
    given_back(mine, modules, (0, 1, 2, 0, 1, 2, 2, 0), "iteration over shared children")
    given_back(mine[1:6], modules, (1, 2, 0, 1, 2), "net[1:6]")
    given_back([mine[i] for i in (3, 5, -1, -2)], modules, (0, 2, 0, 2), "net[3], net[5], net[-1], net[-2]")
    mine[3] = modules[1]
    given_back(mine, modules, (0, 1, 2, 1, 1, 2, 2, 0), "one of several places replaced")
    count = len(mine)
    holds(
        count == 8,
        f"len(net) is {count}: eight places are taken, some by the same module.",
        f"len(net) 为 {count}：共有八个位置，有的放着同一个 module。",
        value=str(count),
        name="len, shared children",
    )


def test_one_argument(candidate, reference, seed):
    """Tuples and lists between the children, and at both ends, are handed on as one thing
    子 module 之间、首尾的 tuple 和 list 都作为一个整体传递"""
    for kind in (tuple, list):
        mine, theirs = pair(
            candidate, reference, lambda container, k=kind: container(Scale(), Split(k), Join(), Scale())
        )
        same(mine(batch(seed)), theirs(batch(seed)), f"output ({kind.__name__} in between)")
        same(
            mine[2:](kind(normal(seed, *[(6, 5)] * 3))),
            theirs[2:](kind(normal(seed, *[(6, 5)] * 3))),
            "output",
        )
        ended = mine[:2](batch(seed))
        holds(
            type(ended) is kind and len(ended) == 3,
            "What the last child returns does not come back as it is.",
            "最后一个子 module 的返回值没有原样返回。",
            value=type(ended).__name__,
            name=f"type of output ({kind.__name__})",
        )
        same(ended, theirs[:2](batch(seed)), "output")


def test_nothing_in_between(candidate, seed):
    """None, numbers, strings and empty tuples are handed on, too
    None、数、字符串、空 tuple 也照样传递"""
    for value in (None, 0, (), "", 3.5, {"x": 1}):
        last = Give(value)
        net = candidate.Sequential(Scale(), Give(value), last)
        back = net(batch(seed))
        holds(
            getattr(last, "came", "not called") is value and back is value,
            f"A child that returns {value!r} does not hand it to the next one, or to the caller.",
            f"子 module 返回 {value!r} 时，没有原样传给下一个，或没有原样返回。",
            value=f"{getattr(last, 'came', 'not called')!r}, {'right' if back is value else type(back).__name__}",
            name=f"{value!r} in between",
        )


def test_hooks(candidate, reference, seed):
    """The hooks of the children run
    子 module 的 hook 会执行"""
    outputs = []
    for net in pair(candidate, reference):
        net[0].register_forward_hook(lambda module, given, output: 2 * output)
        net[2].register_forward_pre_hook(lambda module, given: (given[0] - 1,))
        net[4].register_forward_hook(lambda module, given, output: output * given[0].sum())
        outputs.append(net(batch(seed)))
    same(*outputs)


def test_empty(candidate, seed):
    """Without children x itself comes back
    没有子 module 时原样返回 x"""
    x = batch(seed)
    for net in (
        candidate.Sequential(),
        candidate.Sequential({}),
        candidate.Sequential(candidate.Sequential()),
    ):
        back = net(x)
        holds(
            back is x,
            "A container without children does not give back x itself.",
            "没有子 module 的容器没有原样返回 x。",
            value="itself" if back is x else type(back).__name__,
            name="output without children",
        )
    holds(
        names(candidate.Sequential()) == "",
        "state_dict() is not empty.",
        "state_dict() 不为空。",
        name="empty",
    )


def test_changes_between_calls(candidate, reference, seed):
    """A chain that has run before runs what it holds now
    执行过的链，之后改动子 module，再执行时以现在的为准"""
    mine, theirs = (side.Sequential(Scale(), Scale(), Scale()) for side in (candidate, reference))
    for step in range(4):
        for net in (mine, theirs):
            new = stir(place(nn.Linear(5, 5)))
            if step == 1:
                net[1] = new
            elif step == 2:
                net.append(new)
            elif step == 3:
                net.add_module("0", new)
            place(net)
        for training in (True, False):
            mine.train(training), theirs.train(training)
            same(mine(batch(seed)), theirs(batch(seed)), f"output ({step} changes)")
    same(mine[1:](batch(seed)), theirs[1:](batch(seed)), "output of a slice")


def grown(kind):
    """A chain of which add_module has replaced one child, and to which it has added another."""
    net = kind(*chain())
    net.add_module("2", nn.Linear(7, 3))
    net.add_module("extra", nn.Linear(4, 6))
    return net


def test_add_module_runs(candidate, reference, seed):
    """What add_module replaces or adds is run
    add_module 替换或添加的子 module 会执行"""
    agree(*pair(candidate, reference, grown), partial(batch, seed))


def test_add_module_counts(candidate):
    """What add_module replaces or adds is counted and found like every child
    add_module 替换或添加的子 module 同样计数、同样能取到"""
    net = grown(candidate.Sequential)
    modules = list(net.children())
    found = repr(len(net))
    holds(
        found == "6",
        f"After add_module has added a child to five, len(net) is {found}.",
        f"五个子 module，add_module 又添加一个之后，len(net) 为 {found}。",
        value=found,
        name="len after add_module",
    )
    given_back(net, modules, range(6), "iteration after add_module")
    given_back([net[2], net[5], net[-1]], modules, (2, 5, 5), "net[2], net[5], net[-1] after add_module")
    given_back(net[1:], modules, range(1, 6), "net[1:] after add_module")
    before = list(net)
    net.add_module("0", late := Scale())
    given_back(net[:2], [late, *before[1:]], (0, 1), "net[:2] after another add_module")
    given_back(net, [late, *before[1:]], range(6), "iteration after another add_module")


def test_add_module_and_append(candidate):
    """append and net[i] = module go on from what add_module left
    append 和 net[i] = module 接着 add_module 之后的状态继续"""
    net = grown(candidate.Sequential)
    net[-1] = Scale()
    net.append(Scale())
    net.add_module("7", Scale())
    net.append(Scale())
    parts = ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias", "extra.factor"]
    named(net, [*parts, "6.factor", "7.factor", "8.factor"], "append after add_module")
    same(net[-4:](torch.tensor([1.0, -2.0])).detach(), torch.tensor([5.0, 2.0]), "output")


def test_modes_reach_children(candidate, reference, seed):
    """train(), eval() and requires_grad_() reach all children; forward leaves modes as they are
    train()、eval()、requires_grad_() 对所有子 module 生效；forward 不改变模式"""

    def build(kind):
        return kind(nn.Linear(5, 4), kind(nn.BatchNorm1d(4), nn.Dropout(1.0)), nn.BatchNorm1d(4))

    mine, theirs = pair(candidate, reference, build)
    for step, mode in enumerate((True, False, True, False)):
        mine.train(mode), theirs.train(mode)
        same(mine(batch(seed + step)), theirs(batch(seed + step)), f"output (training = {mode})")
        same(mine.state_dict(), theirs.state_dict(), "state_dict")
        found = "".join(str(int(module.training)) for module in mine.modules())
        holds(
            found == str(int(mode)) * 6,
            f"After train({mode}) and a call, not all modules are in that mode.",
            f"train({mode}) 并调用一次之后，不是所有 module 都处于该模式。",
            value=found,
            name=f"modes after train({mode})",
        )
    mine[1].eval()  # a part may be in another mode
    mine.training = theirs.training = True
    theirs[1].eval()
    same(mine(batch(seed)), theirs(batch(seed)), "output (a part in eval mode)")
    asked = [p.requires_grad for p in mine.requires_grad_(False).parameters()]
    holds(
        not any(asked) and len(asked) == 6,
        "requires_grad_(False) does not reach all parameters.",
        "requires_grad_(False) 没有对所有参数生效。",
        value=str(asked),
        name="requires_grad",
    )


def test_float32(candidate, seed):
    """A float32 container gives float32 outputs and gradients
    float32 的容器，输出和梯度都是 float32"""
    keeps_dtype(partial(alone, candidate), partial(batch, seed))


def test_many_calls(candidate, seed):
    """Calls do not disturb each other, nor do containers and their copies
    多次调用互不影响，各个容器与其副本之间也互不影响"""
    calls_apart(partial(alone, candidate), lambda i: batch(seed + i))
    share_nothing(lambda: candidate.Sequential(*chain()), partial(batch, seed))
    copies_apart(partial(alone, candidate), lambda i: batch(seed + i))


def test_eval_mode(candidate, seed):
    """Train and eval mode give the same outputs and gradients where the children do
    子 module 不分模式时，train 和 eval 的输出、梯度都相同"""
    modes_alike(partial(alone, candidate), lambda i: batch(seed + i))


def test_children_are_left_alone(candidate, seed):
    """Building, calling, slicing and appending leave the modes of the children as they are
    构造、调用、切片、追加都不改变子 module 的模式"""
    for pattern in ((1, 0, 1, 0), (0, 1, 0, 1)):
        modules = [place(nn.Linear(5, 5)).train(bool(mode)) for mode in pattern]
        net = candidate.Sequential(*modules[:2])
        net.append(modules[2])
        net[1] = modules[3]
        net(batch(seed)), net[1:](batch(seed)), list(net), len(net)
        candidate.Sequential({"a": modules[1]})(batch(seed))
        found = tuple(int(module.training) for module in modules)
        holds(
            found == pattern,
            "A child was in eval mode and is in train mode now, or the other way round.",
            "有子 module 原来处于 eval 模式，现在变成了 train 模式，或者相反。",
            value=str(found),
            name=f"modes (before: {pattern})",
        )


def test_state_travels(candidate, seed):
    """State that is loaded is all it goes by
    加载 state_dict 之后，结果完全由它决定"""
    travels(alone(candidate), lambda: candidate.Sequential(*chain()), lambda i: batch(seed + i))


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    any_layout(partial(alone, candidate), partial(batch, seed), (3, 4, 5))


def test_side_effects(candidate, seed):
    """Inputs and parameters are left alone by every call; nothing is reseeded
    每次调用都不改动输入和参数；不重新设种子"""
    leaves_alone(partial(alone, candidate), lambda i: batch(seed + i))
    not_reseeded(lambda: candidate.Sequential(nn.Linear(2, 2))(torch.rand(2)))


def network(module):
    block = module.Sequential(nn.Linear(32, 24), nn.ReLU())
    net = module.Sequential({"body": module.Sequential(nn.Linear(64, 32), nn.ReLU(), block)})
    return place(net.append(nn.Linear(24, 10)))


def photos():
    images, labels = digits()
    return images.flatten(1).to(setting.dtype), labels


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A nested network trains as it does with the reference
    嵌套的网络，训练的 loss 曲线与参考实现一致"""
    theirs = network(reference)
    mine = adopt(network(candidate), theirs)
    follows(*(train(net, *photos(), seed, steps=10, batch=40, lr=0.3) for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """It learns the handwritten digits: accuracy ≥ 0.8
    它能学会认手写数字：准确率 ≥ 0.8"""
    net = network(candidate)
    losses = train(net, *photos(), seed, steps=150, batch=40, lr=0.3)
    reaches(accuracy(net, *photos()), 0.8, "accuracy", losses=losses)
