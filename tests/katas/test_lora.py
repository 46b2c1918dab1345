"""Grades katas/lora.py."""

from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    Memory,
    accuracy,
    adopt,
    any_layout,
    calls_apart,
    digits,
    draw,
    follows,
    gradients,
    holds,
    independent,
    leaves_alone,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    same_names,
    samples_apart,
    setting,
    spread,
    stir,
    train,
    travels,
)

IN, OUT, R, ALPHA = 7, 5, 3, 4.5
ADAPTERS = ["lora_a", "lora_b"]


def fresh(side, sizes=(IN, OUT), r=R, alpha=ALPHA, bias=True):
    """A new layer around a linear one with values of its own."""
    return side.LoRALinear(stir(place(nn.Linear(*sizes, bias=bias))), r, alpha)


def pair(candidate, reference, *args, **options):
    """The attempt's layer and the reference's, in the same state, neither factor 0."""
    mine, theirs = (fresh(side, *args, **options) for side in (candidate, reference))
    adopt(mine, stir(theirs), as_it_is=True)
    for value in adapters(mine):
        value.requires_grad_()  # test_parameters says what is learned, once
    return mine, theirs


def alone(candidate, *args, **options):
    """A layer in the state that its names give."""
    return stir(fresh(candidate, *args, **options))


def call(candidate, prepare=lambda layer: None):
    """A function that asks one layer: what is frozen in it nobody asks a gradient for."""
    layer = alone(candidate)
    prepare(layer)
    return lambda x: layer(x)


def adapters(layer):
    state = layer.state_dict(keep_vars=True)
    return [state[name] for name in ADAPTERS]


def vectors(seed, *shape):
    return normal(seed, shape or (4, 6, IN))[0]


def weight(layer):
    return layer.state_dict()["base.weight"]


def asked(layer):
    return ", ".join(sorted(name for name, p in layer.named_parameters() if p.requires_grad))


def compare(mine, theirs, make, name="output"):
    """Outputs, and the gradients of x, A and B."""
    x, same_x = make(), make()
    output, right = mine(x), theirs(same_x)
    same(output, right, name)
    found, wanted = (
        gradients(y, [given, *adapters(layer)])
        for y, given, layer in ((output, x, mine), (right, same_x, theirs))
    )
    same(found, wanted, ["∂L/∂x", "∂L/∂lora_a", "∂L/∂lora_b"])


def learn(seed, *layers):
    """As an optimizer would: A and B of all layers change by the same steps."""
    for layer in layers:
        steps = normal(seed + 77, *(tuple(value.shape) for value in adapters(layer)), grad=False)
        with torch.no_grad():
            for value, step in zip(adapters(layer), steps, strict=True):
                value.add_(step)


def test_output(candidate, reference, seed):
    """The output is that of the frozen layer plus the adapter's
    输出等于冻结层的输出加上 adapter 的输出"""
    mine, theirs = pair(candidate, reference)
    same(mine(vectors(seed)), theirs(vectors(seed)))


def test_gradients(candidate, reference, seed):
    """Gradients of x, A and B are right
    x、A、B 的梯度正确"""
    compare(*pair(candidate, reference), partial(vectors, seed))


def test_scale(candidate, reference, seed):
    """The adapter is scaled by α/r, whatever α and r are
    adapter 乘以 α/r，α 和 r 取任意值都对"""
    for r, alpha in ((1, 1), (2, 7), (4, 1), (4, 6), (5, 2.5), (2, 0.3), (4, 4)):
        mine, theirs = pair(candidate, reference, r=r, alpha=alpha)
        compare(mine, theirs, partial(vectors, seed), f"output (r = {r}, α = {alpha})")
    found, right = (
        stir(side.LoRALinear(alpha=3, base=stir(place(nn.Linear(IN, OUT))), r=2))
        for side in (candidate, reference)
    )
    same(found(vectors(seed)), right(vectors(seed)), "output (arguments by name)")


def test_sizes(candidate, reference, seed):
    """Layers that widen, narrow or keep their width, sizes of 1, r larger than both
    放大、缩小、不变的层，尺寸为 1，r 比两者都大，都正确"""
    for sizes, r in (
        ((3, 8), 2),
        ((8, 3), 2),
        ((4, 4), 4),
        ((6, 1), 1),
        ((1, 6), 2),
        ((1, 1), 1),
        ((2, 3), 9),
    ):
        for bias in (True, False):
            mine, theirs = pair(candidate, reference, sizes, r, bias=bias)
            make = partial(vectors, seed, 2, 3, sizes[0])
            compare(mine, theirs, make, f"output (d_in, d_out = {sizes}, r = {r})")


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too
    前面有任意多维都可以，没有也行"""
    mine, theirs = pair(candidate, reference)
    for shape in ((IN,), (1, IN), (6, IN), (2, 1, 3, 4, IN), (IN, IN)):
        compare(mine, theirs, partial(vectors, seed, *shape), f"output (x.shape = {shape})")


def test_no_bias(candidate, reference, seed):
    """A layer without a bias works
    没有 bias 的层也可以"""
    compare(*pair(candidate, reference, bias=False), partial(vectors, seed))


def test_parameters(candidate, reference):
    """A and B are trained, weight and bias of the base are frozen parameters; nothing else is in state_dict()
    A 和 B 参与训练，base 的 weight 和 bias 是冻结的参数；state_dict() 里没有别的"""
    for bias in (True, False):
        layer, right = fresh(candidate, bias=bias), fresh(reference, bias=bias)
        same_names(layer, right)
        for what, found, wanted in (
            ("parameters", *(", ".join(sorted(n for n, _ in m.named_parameters())) for m in (layer, right))),
            ("trained", asked(layer), "lora_a, lora_b"),
        ):
            holds(
                found == wanted,
                f"{what}: {found or 'none'}; right is {wanted}.",
                f"{what}：{found or '无'}；应当是 {wanted}。",
                value=found or "none",
                name=f"{what} (bias = {bias})",
            )


def test_holds_the_layer(candidate, seed):
    """base is the layer that was given, its values as they were
    base 就是传入的那一层，数值没变"""
    linear = stir(place(nn.Linear(IN, OUT)))
    before = {name: value.clone() for name, value in linear.state_dict().items()}
    layer = candidate.LoRALinear(linear, R, ALPHA)
    with torch.no_grad():
        linear.weight.mul_(1)
    kept = [layer.state_dict()[f"base.{name}"].data_ptr() for name in ("weight", "bias")]
    shared = kept == [linear.weight.data_ptr(), linear.bias.data_ptr()]
    holds(
        shared and layer.base is linear,
        "`base` is a copy, or a new layer: the one that was given must be held.",
        "`base` 是副本或新建的层：应当持有传入的那一层。",
        value=f"{shared} {layer.base is linear}",
        name="base",
    )
    same(dict(linear.state_dict()), before, "state of the layer that was given")


def test_starts_at_the_pretrained(candidate, seed):
    """A new layer gives exactly what the frozen one gives
    新建层的输出与冻结层完全相同"""
    for bias in (True, False):
        linear = stir(place(nn.Linear(IN, OUT, bias=bias)))
        right = linear(vectors(seed)).detach()
        same(candidate.LoRALinear(linear, R, ALPHA)(vectors(seed)), right, f"output (new, bias = {bias})")


def test_new_b(candidate, seed):
    """A new B is 0
    新建的 B 为 0"""
    found = fresh(candidate).state_dict()["lora_b"]
    same(found, torch.zeros_like(found), "lora_b")


def test_new_a(candidate, reference, seed):
    """A new A is drawn from U(−1/√d_in, 1/√d_in)
    新建的 A 取自 U(−1/√d_in, 1/√d_in)"""
    for sizes, r in (((120, 6), 110), ((1500, 40), 10), ((6, 30), 2100)):
        same_names(fresh(candidate, sizes, r), fresh(reference, sizes, r))
        found = fresh(candidate, sizes, r).state_dict()["lora_a"]
        spread(found, (3 * sizes[0]) ** -0.5, f"lora_a {(r, sizes[0])}", uniform=True)


def test_new_entries_are_independent(candidate, reference, seed):
    """Every entry of A is drawn by itself, in each layer anew; nothing is reseeded
    A 的每个元素独立抽取，每层重新抽取；不重新设种子"""
    same_names(fresh(candidate), fresh(reference))

    def three():
        linear = place(nn.Linear(4, 3))
        made = [candidate.LoRALinear(linear, 3, 2).state_dict()["lora_a"] for _ in range(2)]
        return [linear.weight, *made]

    independent(three, "a frozen weight and two A")
    not_reseeded(lambda: candidate.LoRALinear(nn.Linear(4, 3), 2, 2)(torch.rand(2, 4)))


def test_dtype_of_the_adapter(candidate):
    """A and B have the dtype of W
    A 和 B 的 dtype 与 W 相同"""
    wide = () if setting.dtype == torch.float32 else (torch.float64,)
    for dtype in (torch.float32, torch.bfloat16, torch.float16, *wide):
        layer = candidate.LoRALinear(nn.Linear(IN, OUT).to(setting.device, dtype), R, ALPHA)
        found = ", ".join(sorted({str(value.dtype) for value in layer.state_dict().values()}))
        holds(
            found == str(dtype),
            f"Around a layer of {dtype}, the state holds {found}.",
            f"包着 {dtype} 的层，state_dict 里却有 {found}。",
            value=found,
            name=f"dtypes ({dtype})",
        )


def test_merged_output(candidate, reference, seed):
    """Merged, the layer gives the same outputs, and x the same gradient
    合并之后输出不变，x 的梯度也不变"""
    for options in ({}, {"bias": False}, {"r": 2, "alpha": 7}, {"sizes": (4, 4)}, {"sizes": (1, 3), "r": 1}):
        mine, theirs = pair(candidate, reference, **options)
        mine.merge()
        x, same_x = (vectors(seed, 3, 6, options.get("sizes", (IN, OUT))[0]) for _ in range(2))
        output, right = mine(x), theirs(same_x)
        same(output, right, f"output (merged, {options})")
        same(gradients(output, [x]), gradients(right, [same_x]), ["∂L/∂x (merged)"])


def test_merged_weight(candidate, reference, seed):
    """merge() writes W + (α/r) BA into the weight of base; A and B stay
    merge() 把 W + (α/r) BA 写进 base 的 weight；A 和 B 不变"""
    for options in ({}, {"r": 2, "alpha": 7}, {"sizes": (4, 4), "r": 4, "alpha": 1}, {"bias": False}):
        mine, theirs = pair(candidate, reference, **options)
        mine.merge()
        theirs.merge()
        same(dict(mine.state_dict()), dict(theirs.state_dict()), "state_dict (merged)")


def test_merged_is_the_base(candidate, reference, seed):
    """While merged, only base is at work: A and B get no gradient, and stay frozen out after a second call
    合并期间只有 base 在工作：A 和 B 没有梯度，多次调用也一样"""
    mine, _theirs = pair(candidate, reference)
    mine.merge()
    for call in range(2):
        output = mine(vectors(seed + call))
        same(gradients(output, adapters(mine)), [None, None], ["∂L/∂lora_a (merged)", "∂L/∂lora_b (merged)"])
        same(output, mine.base(vectors(seed + call)), f"output (merged, call {call + 1})")


def test_merged_weight_is_frozen(candidate):
    """The merged weight is a parameter, frozen as before, and so it is after unmerge()
    合并后的 weight 仍是冻结的参数，unmerge() 之后也一样"""
    layer = fresh(candidate)
    stir(layer)
    for step in ("merge", "unmerge"):
        getattr(layer, step)()
        trained = asked(layer)
        named = ", ".join(sorted(name for name, _ in layer.named_parameters()))
        leaf = all(value.is_leaf for value in layer.parameters())
        holds(
            (trained, named, leaf) == ("lora_a, lora_b", "base.bias, base.weight, lora_a, lora_b", True),
            f"After {step}(): parameters {named}; with requires_grad {trained}; leaves of the graph: {leaf}.",
            f"{step}() 之后：参数有 {named}；requires_grad 的有 {trained}；都是叶子张量：{leaf}。",
            value=f"{named}; {trained}; {leaf}",
            name=f"parameters after {step}()",
        )


def bits(layer, before, when):
    kept = torch.equal(weight(layer), before)
    holds(
        kept,
        f"{when}: the weight is not, bit for bit, what it was before merge().",
        f"{when}：weight 与 merge() 之前不是逐位相同。",
        value=str(kept),
        name=f"weight restored ({when})",
    )


def test_unmerge(candidate, reference, seed):
    """unmerge() brings the layer back, bit for bit
    unmerge() 让这一层逐位复原"""
    for dtype in (setting.dtype, torch.float32, torch.bfloat16):
        for r, alpha in ((R, ALPHA), (1, 100.0)):
            layer = stir(fresh(candidate, r=r, alpha=alpha)).to(dtype)
            before = weight(layer).clone()
            for turn in range(2):
                layer.merge()
                layer.unmerge()
                bits(layer, before, f"{dtype}, α/r = {alpha / r:g}, turn {turn + 1}")
    mine, theirs = pair(candidate, reference)
    mine.merge()
    mine.unmerge()
    same(dict(mine.state_dict()), dict(theirs.state_dict()), "state_dict (after unmerge)")
    compare(mine, theirs, partial(vectors, seed), "output (after unmerge)")


def test_merge_twice(candidate, reference, seed):
    """A second merge() does nothing, and one unmerge() takes it all back
    再调用一次 merge() 什么也不做，一次 unmerge() 就全部撤销"""
    mine, theirs = pair(candidate, reference)
    before = weight(mine).clone()
    for _ in range(3):
        mine.merge()
    theirs.merge()
    same(weight(mine), weight(theirs), "weight (merged twice)")
    same(mine(vectors(seed)), theirs(vectors(seed)), "output (merged twice)")
    mine.unmerge()
    bits(mine, before, "merge() three times, unmerge() once")


def test_unmerge_unmerged(candidate, reference, seed):
    """unmerge() of a layer that is not merged does nothing
    对未合并的层调用 unmerge() 什么也不做"""
    mine, theirs = pair(candidate, reference)
    mine.unmerge()
    same(dict(mine.state_dict()), dict(theirs.state_dict()), "state_dict (never merged)")
    compare(mine, theirs, partial(vectors, seed), "output (never merged)")
    for layer in (mine, theirs):
        layer.merge()
        layer.unmerge()
        layer.unmerge()
    compare(mine, theirs, partial(vectors, seed), "output (unmerged twice)")


def test_merge_after_learning(candidate, reference, seed):
    """Each merge uses the present A, B and W
    每次合并都用当前的 A、B 和 W"""
    mine, theirs = pair(candidate, reference)
    for turn in range(3):
        name = f"turn {turn + 1}"
        for layer in (mine, theirs):
            layer.merge()
        same(weight(mine), weight(theirs), f"weight (merged, {name})")
        same(mine(vectors(seed)), theirs(vectors(seed)), f"output (merged, {name})")
        for layer in (mine, theirs):
            layer.unmerge()
        learn(seed + turn, mine, theirs)
        if turn == 1:  # W changes too: another checkpoint
            (other,) = normal(seed + 5, (OUT, IN), grad=False)
            for layer in (mine, theirs):
                layer.load_state_dict(layer.state_dict() | {"base.weight": other.clone()})
        compare(mine, theirs, partial(vectors, seed), f"output (unmerged, {name})")


def test_copies(candidate, reference, seed):
    """A copy is a layer of its own, merged or not
    副本是独立的一层，合并与否都一样"""
    for merged in (False, True):
        mine, theirs = pair(candidate, reference)
        before = weight(mine).clone()
        if merged:
            mine.merge()
        copy = deepcopy(mine)
        copy.unmerge()
        learn(seed, copy)
        same(mine(vectors(seed)), theirs(vectors(seed)), f"output of the original (merged: {merged})")
        bits(copy, before, f"a copy, merged: {merged}")
        mine.unmerge()
        mine.merge()
        mine.merge()
        mine.unmerge()
        bits(mine, before, f"the original, merged: {merged}")
        learn(seed, theirs)
        compare(copy, theirs, partial(vectors, seed), f"output of the copy (merged: {merged})")


def test_two_layers(candidate, reference, seed):
    """Layers beside each other are merged and scaled each for itself
    并存的几层各自合并、各自缩放"""
    pairs = [pair(candidate, reference, r=r, alpha=alpha) for r, alpha in ((R, ALPHA), (2, 1.0), (R, 9.0))]
    for mine, theirs in pairs[:1]:
        mine.merge()
        theirs.merge()
    for i, (mine, theirs) in enumerate(pairs):
        same(mine(vectors(seed)), theirs(vectors(seed)), f"output of layer {i + 1}")
        same(dict(mine.state_dict()), dict(theirs.state_dict()), f"state_dict of layer {i + 1}")


def test_modes(candidate, reference, seed):
    """train() and eval() change nothing, neither weights nor outputs
    train() 和 eval() 不改变任何东西：权重和输出都不变"""
    mine, theirs = pair(candidate, reference)
    for step, mode in enumerate((False, True)):
        compare(mine.train(mode), theirs, partial(vectors, seed + step), f"output (training = {mode})")
    before = weight(mine).clone()
    mine.eval()
    mine(vectors(seed))
    bits(mine, before, "eval(), without merge()")
    mine.merge()
    merged = weight(mine).clone()
    for mode in (True, False, True):
        mine.train(mode)
        mine(vectors(seed))
    same(weight(mine), merged, "weight (merged, after train() and eval())")


def test_stays_thin(candidate, seed):
    """Neither forward nor backward makes a tensor as large as W
    前向和反向都不生成和 W 一样大的张量"""
    layer = stir(fresh(candidate, (40, 30), 2))
    for shape in ((3, 40), (40,), (2, 3, 40)):
        x = vectors(seed, *shape)
        with Memory(*layer.parameters()) as seen:
            gradients(layer(x), [x, *adapters(layer)])
        small = seen.largest < 40 * 30 * x.element_size()
        holds(
            small,
            "A tensor with as many entries as W was made: keep the factors apart, x goes through A and then through B.",
            "生成了元素和 W 一样多的张量：不要把两个因子乘起来，x 先过 A，再过 B。",
            value="small" if small else "large",
            name=f"largest tensor (x.shape = {shape})",
        )


def test_float32(candidate, reference, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    mine, theirs = (layer.float() for layer in pair(candidate, reference))
    compare(mine, theirs, lambda: normal(seed, (4, 6, IN), dtype=torch.float32)[0], "output (float32)")


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    any_layout(partial(call, candidate), lambda shape: normal(seed, shape)[0], (4, 3, IN))


def test_many_calls(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs, nor do samples depend on each other
    每次调用都不依赖之前的调用，也不改动之前的输出；样本之间互不影响"""
    calls_apart(partial(call, candidate), lambda i: vectors(seed + i))
    calls_apart(partial(call, candidate, lambda layer: layer.merge()), lambda i: vectors(seed + i))
    samples_apart(alone(candidate), partial(vectors, seed), dim=0)


def test_state_travels(candidate, seed):
    """Parameters that are loaded are all it goes by
    加载的参数就是它的全部依据"""
    travels(alone(candidate), partial(alone, candidate), lambda i: vectors(seed + i))


def test_side_effects(candidate, seed):
    """x and the parameters are left alone
    x 和参数保持不变"""
    leaves_alone(partial(alone, candidate), lambda i: vectors(seed + i))


# ---------------------------------------------------------------- models


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.w_q = nn.Linear(6, 6, bias=False)
        self.w_k = nn.Linear(6, 4)
        self.w_qk = nn.Linear(6, 4)
        self.base = nn.Linear(4, 6)

    def forward(self, x):
        return self.w_q(x) * self.base(torch.tanh(self.w_k(x) * self.w_qk(x)))


class Model(nn.Module):
    """Linear layers at all depths; names that hold others, a factor's too; a target's name on a layer of another type."""

    def __init__(self):
        super().__init__()
        self.attn = Attention()
        self.w_k = nn.LayerNorm(6)
        self.blocks = nn.ModuleList([nn.Sequential(Attention(), nn.Linear(6, 8)) for _ in range(2)])
        self.kw_q, self.w_q = nn.Linear(6, 6), nn.Linear(6, 7)
        self.flora_a = nn.Parameter(torch.ones(8))
        self.out = nn.ModuleDict({"w_q": nn.Linear(8, 3), "w_k": nn.GELU()})

    def forward(self, x):
        x = x + self.w_k(self.attn(x))
        first, second = (block(x) for block in self.blocks)
        mixed = torch.sigmoid(first) * second + self.flora_a * self.w_q(self.kw_q(x)).sum(-1, keepdim=True)
        return self.out["w_q"](self.out["w_k"](mixed))


TARGETS = (("w_q",), ("w_q", "w_k"), ("base", "w_qk", "attn", "blocks", "flora_a"), ("w", "1"))


def fitted(side, targets, r=2, alpha=3.0):
    return side.add_lora(stir(place(Model())), targets, r, alpha)


def adopted_models(candidate, reference, targets, **options):
    mine, theirs = (fitted(side, targets, **options) for side in (candidate, reference))
    adopt(mine, stir(theirs), as_it_is=True)
    return mine, theirs


def test_add_lora(candidate, reference, seed):
    """Every nn.Linear whose name is a target gets an adapter, at any depth, and no other
    名字在 targets 里的每个 nn.Linear 都装上 adapter，无论嵌套多深；其余的不装"""
    for targets in TARGETS:
        mine, theirs = adopted_models(candidate, reference, targets)
        same(mine(vectors(seed, 4, 6)), theirs(vectors(seed, 4, 6)), f"output (targets = {targets})")
        found, right = (
            ", ".join(sorted(n for n, m in model.named_modules() if type(m).__name__ == "LoRALinear"))
            for model in (mine, theirs)
        )
        holds(
            found == right,
            f"targets = {targets}: LoRALinear at {found or 'no place'}; right is {right or 'none'}.",
            f"targets = {targets}：LoRALinear 装在 {found or '（无）'}；应当是 {right or '（无）'}。",
            value=found or "none",
            name=f"adapters (targets = {targets})",
        )


def test_add_lora_by_name(candidate, reference, seed):
    """targets may be a generator or a set; arguments go by name
    targets 可以是生成器或集合；参数可按名字传入"""
    for kind in (iter, set):
        mine, theirs = (
            stir(side.add_lora(alpha=5, r=3, targets=kind(["w_k", "w_q", "1"]), model=stir(place(Model()))))
            for side in (candidate, reference)
        )
        adopt(mine, theirs, as_it_is=True)
        same(mine(vectors(seed, 4, 6)), theirs(vectors(seed, 4, 6)), f"output (targets: {kind.__name__})")


def test_add_lora_scale(candidate, reference, seed):
    """r and α are those that were asked for
    r 和 α 就是传入的值"""
    for r, alpha in ((1, 4), (4, 1.5), (3, 7)):
        mine, theirs = adopted_models(candidate, reference, ("w_q", "w_k"), r=r, alpha=alpha)
        same(mine(vectors(seed, 4, 6)), theirs(vectors(seed, 4, 6)), f"output (r = {r}, α = {alpha})")


def test_only_adapters_are_trained(candidate, reference, seed):
    """Afterwards the adapters alone require gradients; those are right
    之后只有 adapter 需要梯度，而且梯度正确"""
    for targets in TARGETS:
        mine, theirs = adopted_models(candidate, reference, targets)
        found, right = asked(mine), asked(theirs)
        holds(
            found == right,
            f"targets = {targets}: {found or 'nothing'} requires gradients; right is {right or 'nothing'}.",
            f"targets = {targets}：需要梯度的是 {found or '（无）'}；应当是 {right or '（无）'}。",
            value=found or "nothing",
            name=f"trained (targets = {targets})",
        )
        if not right:
            continue
        both = []
        for model in (mine, theirs):
            leaves = {n: p for n, p in sorted(model.named_parameters()) if p.requires_grad}
            both.append(
                dict(zip(leaves, gradients(model(vectors(seed, 4, 6)), list(leaves.values())), strict=True))
            )
        same(*both, "gradients")


def test_model_itself(candidate, seed):
    """The model itself is changed and returned; what it held is held on, and it computes what it did
    改的就是传入的模型，并返回它；原有的层和参数都还在，计算结果不变"""
    model = stir(place(Model()))
    right, held = model(vectors(seed, 4, 6)).detach(), dict(model.named_parameters())
    layers = {module for module in model.modules() if isinstance(module, (nn.Linear, nn.LayerNorm))}
    returned = candidate.add_lora(model, ["w_q", "w_k", "1"], 2, 3.0)
    holds(
        returned is model,
        "What is returned is not the model that was passed in.",
        "返回的不是传入的模型。",
        value=type(returned).__name__ if returned is not model else "the model",
        name="returned",
    )
    same(model(vectors(seed, 4, 6)), right, "output (new adapters)")
    now = {id(p) for p in model.parameters()}
    lost = ", ".join(sorted(name for name, p in held.items() if id(p) not in now))
    gone = len(layers - set(model.modules()))
    holds(
        not lost and not gone,
        f"Parameters that the model had are no longer in it ({lost or 'none'}), or layers ({gone}).",
        f"模型原有的参数不见了（{lost or '无'}），或原有的层不见了（{gone} 个）。",
        value=f"{lost}; {gone}",
        name="lost",
    )


def test_merge_a_model(candidate, reference, seed):
    """A model whose adapters are all merged computes the same
    所有 adapter 都合并之后，模型的计算结果不变"""
    mine, theirs = adopted_models(candidate, reference, ("w_q", "w_k", "1"))
    for module in mine.modules():
        if isinstance(module, candidate.LoRALinear):
            module.merge()
    same(mine(vectors(seed, 4, 6)), theirs(vectors(seed, 4, 6)), "output (all merged)")


# ---------------------------------------------------------------- training


def pictures(low, high):
    """Half of the digits with their values turned round: what the network was not pretrained on."""
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype)[: 2 * 600]
    return (images[:600], labels[:600]) if low else (1 - images[600:], high - labels[600:1200])


def pretrained(seed):
    net = draw(place(nn.Sequential(nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 10))))
    train(net, *pictures(True, 9), seed, steps=60, lr=0.3)
    return net


def finetuned(side, seed, steps):
    net = side.add_lora(pretrained(seed), ["0", "2"], 6, 12)
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith("lora_a"):
                value.copy_(normal(seed + value.numel(), tuple(value.shape), scale=0.1, grad=False)[0])
    before = net[0].base.weight.clone()
    options = {"optimizer": torch.optim.Adam, "lr": 0.03}
    losses = train(net, *pictures(False, 9), seed, steps=steps, **options)
    return net, losses, torch.equal(before, net[0].base.weight)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Adapters learn as with the reference, while what is frozen stays
    adapter 的训练 loss 与参考实现一致，冻结的部分不变"""
    (_, mine, kept), (_, theirs, _) = (finetuned(side, seed, 12) for side in (candidate, reference))
    follows(mine, theirs, 1e-6 if setting.dtype == torch.float64 else 1e-3)
    holds(kept, "Training has changed a frozen weight.", "训练改变了冻结的权重。", name="frozen")


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A network pretrained on digits learns by its adapters to read inverted ones: accuracy ≥ 0.85, merged too
    在数字上预训练的网络靠 adapter 学会认反色的数字：准确率 ≥ 0.85，合并后也一样"""
    net, losses, _kept = finetuned(candidate, seed, 150)
    for layer in (net[0], net[2]):
        layer.merge()
    reaches(accuracy(net, *pictures(False, 9)), 0.85, "accuracy", losses=losses)
