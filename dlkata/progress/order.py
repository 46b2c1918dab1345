"""In which order two machines' events happened: by their clocks, as far as these can be trusted."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

HERE, THERE = 0, 1


def steady(times: Sequence[str]) -> list[str]:
    """The times of events in the order in which they happened, none before the one before it.

    Where a clock jumped, the longest run that never goes back is believed; the others take the time of the believed
    event before them.
    """
    tails: list[str] = []  # the smallest last time of a run of each length
    ends: list[int] = []  # which event that is
    before = [-1] * len(times)
    for position, time in enumerate(times):
        length = bisect_right(tails, time)
        before[position] = ends[length - 1] if length else -1
        if length == len(tails):
            tails.append(time)
            ends.append(position)
        else:
            tails[length], ends[length] = time, position
    believed = set()
    position = ends[-1] if ends else -1
    while position >= 0:
        believed.add(position)
        position = before[position]
    result: list[str] = []
    for position, time in enumerate(times):
        result.append(time if position in believed else result[-1] if result else "")
    return result


def interleaved(
    here: Sequence[tuple[int, str]], there: Sequence[tuple[int, str]], new: Iterable[int]
) -> Iterator[tuple[int, int]]:
    """(side, number) of all that is here and the `new` ones of there, in order. Each side's own order is kept."""
    wanted = set(new)
    rows = [(time, HERE, place, number) for place, (number, time) in enumerate(_steadied(here))]
    rows += [
        (time, THERE, place, number)
        for place, (number, time) in enumerate(_steadied(there))
        if number in wanted
    ]
    return ((side, number) for _time, side, _place, number in sorted(rows))


def _steadied(rows: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    times = steady([time for _number, time in rows])
    return [(number, time) for (number, _time), time in zip(rows, times, strict=True)]
