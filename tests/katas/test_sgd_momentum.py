"""Grades katas/sgd_momentum.py."""

from copy import deepcopy

import pytest
import torch

from dlkata.suite import (
    SHAPES,
    digits,
    draws_nothing,
    fit,
    follows,
    from_generator,
    full_precision,
    give,
    holds,
    holds_no_graph,
    keeps_gradients,
    missing_gradients,
    named,
    network,
    normal,
    one_number,
    only_decay,
    reaches,
    records_nothing,
    same,
    same_trajectories,
    same_trajectory,
    setting,
    side_by_side,
    snapshot,
    strided,
    through_views,
    toy_batches,
    zeros_among_gradients,
)

# Exact in binary: what a float32 on the way would spoil is what is computed, not the settings.
SETTINGS = {"lr": 0.125, "momentum": 0.75, "dampening": 0.375, "weight_decay": 0.25, "nesterov": False}
GROUPS = ({"lr": 0.5, "momentum": 0.5, "weight_decay": 1.5}, {}, {"dampening": 0.0, "nesterov": True})
SCALES = [1.0, 0.3, 5.0, 0.0, 1.0, 0.02]


def both(candidate, reference, **changed):
    """What makes an SGD, of the attempt and of the reference."""
    return [
        lambda params, module=module: module.SGD(params, **{**SETTINGS, **changed})
        for module in (candidate, reference)
    ]


def alone(candidate, **changed):
    return both(candidate, None, **changed)[0]


def split(params):
    """The parameters in three groups, each with other settings."""
    params = list(params)
    parts = params[:2], params[2:3], params[3:]
    return [{"params": part, **settings} for part, settings in zip(parts, GROUPS, strict=True)]


def in_groups(candidate, reference, **changed):
    return [
        lambda params, build=build: build(split(params)) for build in both(candidate, reference, **changed)
    ]


def stored(state):
    """The state as it comes back from a file: plain data, and tensors that nobody else holds."""
    if isinstance(state, dict):
        return {as_key(key): stored(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(map(stored, state))
    if isinstance(state, torch.Tensor):
        return state.detach().clone()
    return as_key(state)


def as_key(value):
    plain = value is None or isinstance(value, (str, int, float))
    if isinstance(value, tuple):
        return tuple(map(as_key, value))
    if not plain:  # noted only then: states differ in what they hold
        holds(
            False,
            "state_dict() holds something else than dicts, lists, tuples, numbers, strings, None and tensors.",
            "state_dict() 里有 dict、list、tuple、数、字符串、None 和张量以外的东西。",
            value=type(value).__name__,
            name="state",
        )
    return value


def walk(optimizer, params, seed, steps, scale=1.0):
    """The parameters after each of these steps."""
    visited = []
    for i in range(steps):
        give(params, 100 * seed + i, scale)
        optimizer.step()
        visited.append(snapshot(params))
    return visited


def copies(params):
    return [p.detach().clone().requires_grad_() for p in params]


def test_plain(candidate, reference, seed):
    """Without momentum it is gradient descent, whatever dampening and nesterov say
    没有动量时就是梯度下降，与 dampening、nesterov 无关"""
    for changed in ({"dampening": 0.0}, {}, {"nesterov": True}, {"momentum": 0, "weight_decay": 0}):
        same_trajectories(both(candidate, reference, **{"momentum": 0.0, **changed}), seed, SCALES)


def test_momentum(candidate, reference, seed):
    """With momentum alone six steps are right
    只有动量时，连续六步正确"""
    for momentum in (0.75, 0.9, 0.2, 1):
        pair = both(candidate, reference, momentum=momentum, dampening=0.0, weight_decay=0.0)
        same_trajectories(pair, seed, SCALES)


def test_dampening(candidate, reference, seed):
    """Dampening weakens all gradients but the first
    dampening 减弱除第一次以外的所有梯度"""
    for dampening in (0.375, 0.9, 1):
        same_trajectories(both(candidate, reference, dampening=dampening, weight_decay=0.0), seed, SCALES)


def test_nesterov(candidate, reference, seed):
    """Nesterov's look ahead is right
    Nesterov 的更新正确"""
    pair = both(candidate, reference, dampening=0.0, weight_decay=0.0, nesterov=True)
    same_trajectories(pair, seed, SCALES)


def test_nesterov_with_dampening(candidate, reference, seed):
    """Nesterov together with dampening and decay follows the formula
    Nesterov 与 dampening、衰减同时使用时，符合公式"""
    same_trajectories(both(candidate, reference, nesterov=True), seed, SCALES)


def test_decay(candidate, reference, seed):
    """With gradients of zero parameters decay, by way of the velocity
    梯度为零时参数衰减，衰减经过速度起作用"""
    for momentum, dampening in ((0.0, 0.0), (0.75, 0.0), (0.75, 0.375)):
        pair = both(candidate, reference, momentum=momentum, dampening=dampening, weight_decay=0.5)
        only_decay(pair, seed, 3.0, f"momentum = {momentum}, dampening = {dampening}: params / 3")


def test_all_together(candidate, reference, seed):
    """Thirty steps with momentum, dampening and decay are right
    动量、dampening、衰减同时使用，连续三十步正确"""
    same_trajectories(both(candidate, reference), seed, SCALES * 5)


def test_by_position(candidate, reference, seed):
    """The arguments stand in the order of the contract
    参数的顺序与约定一致"""
    pair = [lambda params, m=m: m.SGD(params, 0.3, 0.6, 0.2, 0.1, True) for m in (candidate, reference)]
    same_trajectories(pair, seed, SCALES)


def test_default_lr(candidate, reference, seed):
    """The default of lr is 1e-3
    lr 的默认值为 1e-3"""
    settings = {key: value for key, value in SETTINGS.items() if key != "lr"}
    pair = [lambda params, m=m: m.SGD(params, **settings) for m in (candidate, reference)]
    same_trajectories(pair, seed, SCALES)


def test_defaults(candidate, reference, seed):
    """Without settings there is no momentum, no dampening, no decay, no Nesterov
    不传其他设置时，没有动量、dampening、衰减，也没有 Nesterov"""
    for given in ({}, {"momentum": 0.75}, {"momentum": 0.75, "weight_decay": 0.5}):
        pair = [
            lambda params, m=m, given=given: m.SGD(params, lr=0.125, **given) for m in (candidate, reference)
        ]
        same_trajectories(pair, seed, SCALES)


def test_long_run(candidate, reference, seed):
    """Two hundred steps of a single number (shape ()) are right
    单个数值（形状为 ()）连续更新两百步，结果正确"""
    one_number(both(candidate, reference, lr=0.01, momentum=0.97), seed, 200, (1e-6, 1e-7))


def test_skips_parameters_without_gradient(candidate, reference, seed):
    """A parameter whose .grad is None stands still, and so does its velocity
    .grad 为 None 的参数原地不动，它的速度也不变"""
    missing_gradients(both(candidate, reference), seed)


def test_zero_gradient_is_a_gradient(candidate, reference, seed):
    """A gradient of zeros, all or in part, is a gradient: the parameter coasts on
    全零或部分为零的梯度也是梯度：参数靠惯性继续移动"""
    zeros_among_gradients(both(candidate, reference), seed)


def test_lr_changes(candidate, reference, seed):
    """lr is read anew at every step, from param_groups
    每一步都从 param_groups 重新读取 lr"""

    def step(optimizer):
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= 0.5

    for changed in ({}, {"nesterov": True}, {"momentum": 0.0}):
        same_trajectories(both(candidate, reference, **changed), seed, [1.0] * 4, step=step)


def test_groups(candidate, reference, seed):
    """Every group goes by its own settings, and by the arguments for the rest
    每组按自己的设置更新，没写的取自参数"""
    same_trajectories(in_groups(candidate, reference), seed, SCALES)
    same_trajectories(in_groups(candidate, reference, lr=0.3, momentum=0.9, nesterov=True), seed, SCALES)


def test_missing_gradients_in_groups(candidate, reference, seed):
    """With groups, too, parameters without a gradient stand still
    分组时，没有梯度的参数同样原地不动"""
    missing_gradients(in_groups(candidate, reference), seed)


def test_group_lr_changes(candidate, reference, seed):
    """Each group's lr can be changed by itself
    各组的 lr 可以单独修改"""

    def step(optimizer):
        optimizer.step()
        for i, group in enumerate(optimizer.param_groups):
            group["lr"] *= 0.5 + i

    same_trajectories(in_groups(candidate, reference), seed, [1.0] * 4, step=step)


def test_param_groups(candidate, seed):
    """param_groups lists the parameters and the five settings of each group
    param_groups 列出每组的参数和五个设置"""
    params = normal(seed, *SHAPES)
    for given, parts, wanted in (
        (params, [params], [SETTINGS]),
        (split(params), [params[:2], params[2:3], params[3:]], [{**SETTINGS, **own} for own in GROUPS]),
    ):
        groups = alone(candidate)(given).param_groups
        found = [{name: group.get(name) for name in SETTINGS} for group in groups]
        holds(
            found == wanted,
            "The settings in param_groups are not those of the groups.",
            "param_groups 里的设置与各组不符。",
            value=str(found),
            name="settings",
        )
        lists = [[id(p) for p in group["params"]] for group in groups]
        holds(
            lists == [[id(p) for p in part] for part in parts],
            "The 'params' of param_groups are not the tensors that each group was given.",
            "param_groups 里的 'params' 不是各组传入的那些张量。",
            name="params",
        )


def test_group_dicts_are_kept(candidate, seed):
    """The dicts that were passed are left as they are, and two optimizers can be made from them
    传入的 dict 保持原样，同一批 dict 可以用来建两个优化器"""
    params = normal(seed, *SHAPES)
    groups = split(params)
    before = [dict(group) for group in groups]
    one, other = alone(candidate)(groups), alone(candidate, lr=7.0)(groups)
    one.param_groups[1]["lr"] = 0.75
    walk(one, params, seed, 2)
    kept = [
        group.keys() == was.keys() and all(group[name] is was[name] for name in was)
        for group, was in zip(groups, before, strict=True)
    ]
    found = f"{kept}, {[group['lr'] for group in other.param_groups]}"
    holds(
        all(kept) and [group["lr"] for group in other.param_groups] == [0.5, 7.0, 7.0],
        "The constructor, or a later step, writes into the dicts that were passed.",
        "构造函数或之后的 step 改动了传入的 dict。",
        value=found,
        name="group dicts",
    )


def test_generator(candidate, reference, seed):
    """The parameters may come from a generator
    参数可以由生成器给出"""
    from_generator(both(candidate, reference), seed)


def test_generators_of_groups(candidate, reference, seed):
    """So may the groups, and the parameters of a group
    参数组、组内的参数也可以由生成器给出"""

    def walked_once(params):
        return ({**group, "params": (p for p in group["params"])} for group in split(params))

    pair = [lambda params, build=build: build(walked_once(params)) for build in both(candidate, reference)]
    same_trajectories(pair, seed, SCALES)


def resumed(build, seed, *, steps=3, file=False, between=lambda optimizer: None):
    """Some steps, a snapshot, more steps; then on from the snapshot with other tensors and other settings."""
    params = normal(seed, *SHAPES)
    optimizer = build(split(params))
    walk(optimizer, params, seed, steps)
    between(optimizer)
    state, there = optimizer.state_dict(), copies(params)
    state = stored(state) if file else state
    visited = walk(optimizer, params, seed + 1, 3)
    bare = [{"params": group["params"]} for group in split(there)]
    newer = build(bare)
    newer.load_state_dict(state)
    return visited + walk(newer, there, seed + 1, 3)


def test_state_goes_on(candidate, reference, seed):
    """From a loaded state training goes on as if it had not stopped
    加载状态之后，训练像没有中断过一样继续"""
    same_trajectory(*(resumed(build, seed) for build in both(candidate, reference)))


def test_state_through_a_file(candidate, reference, seed):
    """It does so from a copy, as a file gives it back
    从文件里读回来的副本也能继续"""
    same_trajectory(*(resumed(build, seed, file=True) for build in both(candidate, reference)))


def test_state_holds_changed_lr(candidate, reference, seed):
    """An lr that was changed on the way is in the state
    中途修改过的 lr 也在状态里"""

    def between(optimizer):
        for i, group in enumerate(optimizer.param_groups):
            group["lr"] *= 0.25 + i

    same_trajectory(*(resumed(build, seed, between=between) for build in both(candidate, reference)))


def test_state_before_the_first_step(candidate, reference, seed):
    """The state of a new optimizer can be loaded, also into one that has been at work
    新优化器的状态可以加载，加载到用过的优化器里也行"""
    same_trajectory(*(resumed(build, seed, steps=0) for build in both(candidate, reference)))

    def again(build):
        params = normal(seed, *SHAPES)
        fresh = build(copies(params)).state_dict()
        optimizer = build(params)
        visited = walk(optimizer, params, seed, 2)
        optimizer.load_state_dict(fresh)
        return visited + walk(optimizer, params, seed + 1, 3)

    same_trajectory(*map(again, both(candidate, reference)))


def test_state_of_some(candidate, reference, seed):
    """The velocities find their parameters though some have none yet
    有的参数还没有速度时，加载后速度仍各归其位"""

    def visit(build):
        params = normal(seed, *SHAPES)
        optimizer = build(split(params))
        for i in range(2):
            give(params, seed + i)
            params[0].grad = params[2].grad = None
            optimizer.step()
        there = copies(params)
        newer = build(split(there))
        newer.load_state_dict(optimizer.state_dict())
        return walk(newer, there, seed + 1, 3)

    same_trajectory(*map(visit, both(candidate, reference)))


def test_state_is_a_snapshot(candidate, reference, seed):
    """A state serves several optimizers, which share nothing with it nor with each other
    一份状态可以给多个优化器用，它们与它、彼此之间都不共享任何东西"""

    def visit(build):
        params = normal(seed, *SHAPES)
        optimizer = build(params)
        walk(optimizer, params, seed, 2)
        state = optimizer.state_dict()
        optimizer.param_groups[0]["lr"] *= 3
        several = [copies(params) for _ in range(3)]
        visited = []
        for i, there in enumerate(several):
            newer = build(there)
            newer.load_state_dict(state)
            visited += walk(newer, there, seed + i, 2)
            newer.param_groups[0]["lr"] *= 0.5
        return visited + walk(optimizer, params, seed + 5, 2)

    same_trajectory(*map(visit, both(candidate, reference)))


def test_strides(candidate, reference, seed):
    """Non-contiguous parameters and gradients are handled, and memory between them is left alone
    支持非 contiguous 的参数和梯度，且不改动它们之间的内存"""
    strided(both(candidate, reference), seed)


def test_in_place(candidate, reference, seed):
    """Parameters are updated in place, so that whatever shares their memory sees it
    参数原地更新，与它共享内存的张量也随之改变"""
    through_views(both(candidate, reference), seed)


def test_loop(candidate, reference, seed):
    """An ordinary training loop (backward, step, zero_grad) takes the right path
    标准训练循环（backward、step、清零）的轨迹正确"""
    model, batches = network(seed, 4, 3, 4), toy_batches(seed, 6)
    same_trajectory(*(fit(b, deepcopy(model), batches)[1] for b in both(candidate, reference)))


def test_optimizers_share_nothing(candidate, reference, seed):
    """Two optimizers do not disturb each other, and a new one starts from nothing
    两个优化器互不干扰，新建的优化器从零开始"""
    changed = {"lr": 0.5, "momentum": 0.5, "dampening": 0.0, "weight_decay": 0.0, "nesterov": True}
    side_by_side(both(candidate, reference), both(candidate, reference, **changed), seed)


def test_gradients_are_kept(candidate, seed):
    """step() leaves every .grad as it found it, those of earlier steps too
    step() 不改动任何 .grad，包括之前各步的"""
    for changed in ({}, {"weight_decay": 0.0}, {"weight_decay": 0.0, "nesterov": True}):
        keeps_gradients(alone(candidate, **changed), seed)


def test_gradient_memory_is_reused(candidate, reference, seed):
    """Gradients may be written into the same tensors again and again
    梯度可以反复写进同一批张量"""

    def visit(build):
        params, gradients = normal(seed, *SHAPES), normal(seed, *SHAPES, grad=False)
        optimizer = build(params)
        visited = []
        for _ in range(4):
            for p, gradient in zip(params, gradients, strict=True):
                p.grad = gradient
            optimizer.step()
            visited.append(snapshot(params))
            for gradient in gradients:
                gradient.mul_(-0.5).add_(0.25)
        return visited

    for changed in ({}, {"weight_decay": 0.0}, {"weight_decay": 0.0, "nesterov": True}):
        same_trajectory(*map(visit, both(candidate, reference, **changed)))


def test_autograd(candidate, seed):
    """Autograd records nothing: parameters stay leaves, and grad mode stays as it was
    autograd 不记录更新：参数仍是叶子张量，梯度开关保持原样"""
    records_nothing(alone(candidate), seed)


def test_holds_no_graph(candidate, seed):
    """Gradients that carry a graph are left with it, and the optimizer holds on to none of it
    带计算图的梯度保持原样，优化器也不持有其计算图"""
    for changed in ({}, {"weight_decay": 0.0}):
        holds_no_graph(alone(candidate, **changed), seed)


def test_rng(candidate, seed):
    """The random generator is left alone
    不动随机数生成器"""
    draws_nothing(alone(candidate), seed)


def test_precision(candidate, reference, seed):
    """float64 parameters are updated in float64, also beside float32 ones
    float64 参数以 float64 精度更新，与 float32 参数混用时也一样"""
    for momentum in (0.75, 0.9):
        pair = both(candidate, reference, momentum=momentum, lr=0.1)
        full_precision(pair, seed, (momentum, SETTINGS["dampening"]))


def test_float32(candidate, reference, seed):
    """float32 parameters stay float32 and take the right path
    float32 参数保持 float32，轨迹正确"""
    same_trajectories(both(candidate, reference), seed, [1.0] * 5, dtype=torch.float32)


@pytest.mark.training
def test_follows(candidate, reference, seed):
    """Thirty steps on a small MLP follow the reference
    在小型 MLP 上训练三十步，与参考实现一致"""
    model, batches = network(seed, 4, 7, 4), toy_batches(seed, 30)
    (losses, mine), (expected, theirs) = (
        fit(
            lambda params, m=m: m.SGD(params, lr=0.3, momentum=0.8, nesterov=True, weight_decay=0.01),
            deepcopy(model),
            batches,
        )
        for m in (candidate, reference)
    )
    follows(losses[:20], expected[:20], within=1e-6 if setting.dtype == torch.float64 else 1e-3)
    same(mine[-1], theirs[-1], named(theirs[-1], " (step() #30)"), tolerance=(1e-6, 1e-6))


@pytest.mark.training
def test_reaches(candidate, seed):
    """With momentum, digits are learned at a rate at which plain descent is too slow: accuracy ≥ 0.85
    有了动量，用普通梯度下降太慢的学习率也能学会手写数字：准确率 ≥ 0.85"""
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(images.device)
    train, test = order[:600], order[600:]
    model = network(seed, 64, 24, 10)
    batches = [(images[i], labels[i]) for _ in range(12) for i in train.split(50)]
    losses, _ = fit(lambda params: candidate.SGD(params, lr=0.02, momentum=0.95), model, batches)
    with torch.no_grad():
        right = (model(images[test]).argmax(-1) == labels[test]).to(setting.dtype).mean().item()
    reaches(right, 0.85, "accuracy", losses=losses)
