"""A shadow of the reference beside every call that a test makes of an attempt.

Before the attempt answers, the reference is asked the same: a function with the same arguments, a module by an instance
that holds the attempt's own parameters. What it computes on the way are the right values for this very call, and they
hang on the attempt's inputs and parameters, so that gradients flow through them.
"""

import functools
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor

from dlkata.grading.place.counterparts import (
    SHADOW,
    all_translated,
    counterpart,
    counterpart_of,
    translated,
)
from dlkata.grading.place.hearing import Ear
from dlkata.grading.place.keeping import chance_kept, held, listed, numbers_of, tensors_of, unchanged

NOT_SHADOWED = {
    "__init__",
    "__repr__",
    "__hash__",
    "__new__",
    "__getattr__",
    "__setattr__",
    "__init_subclass__",
}


class Shadows:
    """Puts itself between a test and the attempt: whatever is called from outside is first asked of the reference."""

    def __init__(self, attempt: ModuleType, reference: ModuleType, ear: Ear) -> None:
        self.ear, self.depth = ear, 0
        for name, right in list(vars(reference).items()):
            mine = vars(attempt).get(name)
            if getattr(right, "__module__", "") != reference.__name__:
                continue
            if isinstance(right, FunctionType) and callable(mine) and not isinstance(mine, type):
                setattr(attempt, name, self._function(mine, right))
            elif isinstance(right, type) and isinstance(mine, type):
                self._class(mine, right)

    # ------------------------------------------------------------ what is put in between

    def _function(self, mine: Callable[..., Any], right: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(mine)
        def ask(*args: Any, **kwargs: Any) -> Any:
            if self.depth:
                return mine(*args, **kwargs)
            args, kept = listed(args)
            given = tensors_of(right, kept, kwargs)
            with unchanged(given.values()):
                self._shadow(
                    lambda: right(*map(translated, kept), **all_translated(kwargs)),
                    given,
                    numbers_of(right, kept, kwargs),
                )
            return self._answer(mine, args, kwargs)

        return ask

    def _class(self, mine: type, right: type) -> None:
        if issubclass(mine, torch.autograd.Function):
            self._backward(mine)
            return
        made = mine.__init__

        @functools.wraps(made)
        def make(this: Any, *args: Any, **kwargs: Any) -> None:
            if type(this) is mine and not self.depth:
                args, kept = listed(args)

                def asked() -> None:
                    this.__dict__[SHADOW] = made_too = counterpart(right, kept, kwargs)
                    self.ear.ended(held(made_too.right))

                self._shadow(asked)
                self._answer(made, (this, *args), kwargs)
            else:
                made(this, *args, **kwargs)

        setattr(mine, "__init__", make)  # noqa: B010
        for name, method in list(vars(right).items()):
            known = vars(mine).get(name)
            if (
                isinstance(method, FunctionType)
                and isinstance(known, FunctionType)
                and name not in NOT_SHADOWED
            ):
                setattr(mine, name, self._method(name, known))

    def _method(self, name: str, mine: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(mine)
        def ask(this: Any, *args: Any, **kwargs: Any) -> Any:
            if self.depth:
                return mine(this, *args, **kwargs)

            def asked() -> Any:
                other = counterpart_of(this)
                result = getattr(other, name)(*map(translated, args), **all_translated(kwargs))
                self.ear.ended(held(other))
                return result

            given = tensors_of(mine, (this, *args), kwargs) | held(this)
            self._shadow(asked, given, numbers_of(mine, (this, *args), kwargs))
            return self._answer(mine, (this, *args), kwargs)

        return ask

    def _answer(self, mine: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        self.depth += 1
        try:
            return mine(*args, **kwargs)
        finally:
            self.depth -= 1

    def _shadow(
        self,
        asked: Callable[[], Any],
        given: dict[str, Tensor] | None = None,
        numbers: dict[str, float] | None = None,
    ) -> None:
        self.depth += 1
        self.ear.begin(given or {}, numbers or {})
        self.ear.shadowing(True)
        try:
            with chance_kept():
                self.ear.calls[-1].output = asked()
        except Exception:
            pass  # it has no answer here, perhaps because none is to be had: then there are no right values
        finally:
            self.ear.shadowing(False)
            self.depth -= 1

    def _backward(self, mine: type) -> None:
        """The way back of an autograd function is a call of its own: the reference goes back by its own graph."""
        forward, backward = mine.forward, mine.backward  # type: ignore[attr-defined]

        def remember(ctx: Any, *args: Any, **kwargs: Any) -> Any:
            ctx.dlkata_call = self.ear.calls[-1] if self.ear.calls else None
            return forward(ctx, *args, **kwargs)

        def ask(ctx: Any, *grads: Any) -> Any:
            call = ctx.dlkata_call

            def asked() -> Any:
                leaves = [tensor for tensor in call.given.values() if tensor.requires_grad]
                return torch.autograd.grad(
                    call.output, leaves, grads[0], retain_graph=True, allow_unused=True
                )

            given = {f"saved[{i}]": tensor for i, tensor in enumerate(ctx.saved_tensors)}
            self._shadow(asked, given | {f"grad_output[{i}]": grad for i, grad in enumerate(grads)})
            return self._answer(backward, (ctx, *grads), {})

        mine.forward, mine.backward = staticmethod(remember), staticmethod(ask)  # type: ignore[attr-defined]
