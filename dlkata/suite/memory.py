"""How much memory a computation takes."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class Memory(TorchDispatchMode):
    """Counts, in bytes, what operations make, views and what they are given left aside: the largest tensor, all of them
    together, and the most that was alive at one time.

    `there`: tensors that were there before, should an operation return one that it was not given.
    """

    def __init__(self, *there: Tensor) -> None:
        super().__init__()
        self.largest = self.total = self.most = self._alive = 0
        self._there = {_place(x) for x in there}
        self._made: dict[int, weakref.ref[Any]] = {}  # what is alive, by its place

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled here: torch need not import its compiler, which takes seconds, to leave us alone."""
        return False

    def __torch_dispatch__(
        self,
        function: Any,
        types: Sequence[Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = {_place(x) for x in _tensors((*args, *(kwargs or {}).values()))}
        result = function(*args, **(kwargs or {}))
        for one in _tensors(result if isinstance(result, (tuple, list)) else (result,)):
            if (place := _place(one)) not in self._made and place not in given and place not in self._there:
                self._grow(one, place)
        return result

    def _grow(self, tensor: Tensor, place: int) -> None:
        storage = tensor.untyped_storage()
        size = storage.nbytes()

        def gone(_storage: Any) -> None:
            del self._made[place]
            self._alive -= size

        self._made[place] = weakref.ref(storage, gone)
        self._alive += size
        self.total += size
        self.largest, self.most = max(self.largest, size), max(self.most, self._alive)


def _tensors(values: Sequence[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            if value.layout is torch.strided and not value.is_nested:  # others have no one place
                yield value
        elif isinstance(value, (tuple, list)):  # of torch.cat
            yield from _tensors(value)


def _place(tensor: Tensor) -> int:
    """Of its memory, which views share; it may be somebody else's once this is gone."""
    return tensor.untyped_storage()._cdata
