"""The reference's objects beside the attempt's: made with the same arguments, holding the same parameters."""

import copy
import functools
from typing import Any

import torch
from torch import Tensor, nn

SHADOW = "_dlkata_shadow"


class NoShadow(Exception):
    """This call has no counterpart in the reference."""


class Counterpart:
    """The reference's object beside one of the attempt's, and the tensors that both were given."""

    def __init__(self, right: Any, pairs: list[tuple[Tensor, Tensor]]) -> None:
        self.right, self.pairs = right, pairs


def counterpart(right: type, args: Any, kwargs: Any) -> Counterpart:
    pairs: list[tuple[Tensor, Tensor]] = []
    module = issubclass(right, nn.Module)
    give = translated if module else functools.partial(_own, pairs=pairs)
    made = right(*map(give, args), **{name: give(value) for name, value in kwargs.items()})
    return Counterpart(made, pairs)


def _own(value: Any, pairs: list[tuple[Tensor, Tensor]]) -> Any:
    """Leaves that an optimizer steps are its own, lest both step them."""
    if isinstance(value, Tensor) and value.is_leaf and value.requires_grad:
        own = value.detach().clone().requires_grad_()
        pairs.append((value, own))
        return own
    if isinstance(value, dict):
        return {key: _own(inner, pairs) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_own(inner, pairs) for inner in value)
    if hasattr(value, "__next__"):
        raise NoShadow  # to look into a generator would use it up
    return translated(value)


def counterpart_of(this: Any) -> Any:
    """The counterpart as it has to be now: with the parameters, buffers, gradients and settings of the attempt's."""
    counterpart = vars(this).get(SHADOW)
    if counterpart is None:
        raise NoShadow
    right = counterpart.right
    for mine, own in counterpart.pairs:
        own.data.copy_(mine.data)
        own.grad = None if mine.grad is None else mine.grad.clone()
    if isinstance(right, nn.Module):
        _sync_module(this, right)
    for mine_group, group in zip(_groups(this), _groups(right), strict=False):
        group.update({name: value for name, value in mine_group.items() if name != "params"})
    return right


def _groups(optimizer: Any) -> list[dict[str, Any]]:
    groups = getattr(optimizer, "param_groups", None)
    return groups if isinstance(groups, list) else []


def _sync_module(this: nn.Module, right: nn.Module) -> None:
    parameters, buffers = dict(this.named_parameters()), dict(this.named_buffers())
    for name, parameter in list(right.named_parameters()):
        mine = parameters.get(name, buffers.get(name))
        if mine is None or mine.shape != parameter.shape:
            raise NoShadow
        owner, leaf = _owner(right, name)
        owner._parameters[leaf] = mine  # type: ignore[assignment]  # a buffer, by mistake: its numbers are right
    for name, buffer in list(right.named_buffers()):
        mine_buffer = buffers.get(name)
        if mine_buffer is not None and mine_buffer.shape == buffer.shape:
            owner, leaf = _owner(right, name)
            owner._buffers[leaf] = mine_buffer.detach().clone()
    right.train(this.training)


def _owner(module: nn.Module, name: str) -> tuple[nn.Module, str]:
    path, _dot, leaf = name.rpartition(".")
    return module.get_submodule(path), leaf


def all_translated(values: dict[str, Any]) -> dict[str, Any]:
    return {name: translated(value) for name, value in values.items()}


def translated(value: Any) -> Any:
    """An argument for the reference: its own objects in the place of the attempt's."""
    inner = getattr(value, "__dict__", None)
    if isinstance(inner, dict) and SHADOW in inner:
        return counterpart_of(value)
    if type(value) in (list, tuple):
        return type(value)(map(translated, value))
    if isinstance(value, torch.optim.Optimizer):
        return copy.deepcopy(value)
    return value
