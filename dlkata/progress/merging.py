"""Puts the rows of another record into this one: each that is not here yet, at its place in time."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from dlkata.progress.order import HERE, interleaved
from dlkata.progress.tables import TABLES, Table
from dlkata.progress.tallies import recount

Numbers = dict[int, int]


@dataclass(frozen=True)
class Merged:
    added: dict[str, int] = field(default_factory=dict)  # rows, by table
    known: dict[str, int] = field(default_factory=dict)  # those that were here already
    questions: set[str] = field(default_factory=set)  # that got an answer


@dataclass(frozen=True)
class _Rows:
    times: list[tuple[int, str]]  # number and time, in the order in which they happened
    keys: dict[int, bytes]  # what each row is, whatever its number


@dataclass(frozen=True)
class _Plan:
    new: set[int]  # numbers there of what is not here
    moved: Numbers  # old and new numbers here, of rows that make room
    carried: Numbers  # number there → number here


def merge(here: sqlite3.Connection, there: sqlite3.Connection) -> Merged:
    """Within a transaction of `here`. A row that is in both is one row; two alike on one side stay two."""
    keys_here: dict[str, dict[int, bytes]] = {}
    keys_there: dict[str, dict[int, bytes]] = {}
    plans = {
        table.name: _planned(_rows(here, table, keys_here), _rows(there, table, keys_there))
        for table in TABLES
    }
    merged = Merged()
    here.executemany("INSERT OR IGNORE INTO sources VALUES (?, ?)", there.execute("SELECT * FROM sources"))
    for table in TABLES:
        _make_room(here, table, plans[table.name].moved)
    for table in TABLES:
        plan = plans[table.name]
        merged.questions.update(_insert(here, there, table, plans))
        _bring_up_to_date(here, there, table, plan)
        merged.added[table.name] = len(plan.new)
        merged.known[table.name] = len(plan.carried) - len(plan.new)
    if plans["events"].moved:
        recount(here)
    return merged


def _rows(connection: sqlite3.Connection, table: Table, keys: dict[str, dict[int, bytes]]) -> _Rows:
    found = _Rows([], keys.setdefault(table.name, {}))
    references = [(table.identity.index(name), key, keys[to]) for name, key, to in _references(table)]
    at = table.identity.index("at")
    alike: Counter[bytes] = Counter()
    for number, *values in connection.execute(
        f"SELECT id, {', '.join(table.identity)} FROM {table.name} ORDER BY id"
    ):
        found.times.append((number, values[at]))
        for place, key, known in references:
            values[place] = _referring(values[place], key, known)
        digest = blake2b(repr(values).encode(), digest_size=16).digest()
        alike[digest] += 1
        found.keys[number] = digest + alike[digest].to_bytes(4)
    return found


def _references(table: Table) -> list[tuple[str, str, str]]:
    """(column, key within its JSON or "", table)"""
    return [(*_split(name), to) for name, to in table.refers.items()]


def _split(name: str) -> tuple[str, str]:
    column, _dot, key = name.partition(".")
    return column, key


def _referring(value: Any, key: str, known: Mapping[int, Any]) -> Any:
    """A column with what it refers to by another name: its key, or its new number."""
    if not key:
        return known.get(value)
    if f'"{key}"' not in value:
        return value
    detail = json.loads(value)
    if key in detail:
        other = known.get(detail[key]) if isinstance(detail[key], int) else None
        detail[key] = other.hex() if isinstance(other, bytes) else other
        if other is None:
            del detail[key]
    return json.dumps(detail, ensure_ascii=False)


def _planned(here: _Rows, there: _Rows) -> _Plan:
    by_key = {key: number for number, key in here.keys.items()}
    new = {number for number, key in there.keys.items() if key not in by_key}
    moved: Numbers = {}
    carried: Numbers = {}
    if new:
        last = 0
        for side, number in interleaved(here.times, there.times, new):
            last = max(last + 1, number) if side == HERE else last + 1
            if side != HERE:
                carried[number] = last
            elif last != number:
                moved[number] = last
    for number, key in there.keys.items():
        if number not in new:
            carried[number] = moved.get(by_key[key], by_key[key])
    return _Plan(new, moved, carried)


def _make_room(here: sqlite3.Connection, table: Table, moved: Numbers) -> None:
    """Numbers only grow, so the last row goes first and finds its place empty."""
    if not moved:
        return
    rows = [(moved[old], old) for old in sorted(moved, reverse=True)]
    here.executemany(f"UPDATE {table.name} SET id = ? WHERE id = ?", rows)
    for other in TABLES:
        for column, key, to in _references(other):
            if to != table.name:
                continue
            value = f"json_extract({column}, '$.{key}')" if key else column
            query = f"SELECT {column}, id FROM {other.name} WHERE {value} >= ?"
            changed = [
                (_renumbered(text, key, moved), number)
                for text, number in here.execute(query, (min(moved),)).fetchall()
            ]
            here.executemany(f"UPDATE {other.name} SET {column} = ? WHERE id = ?", changed)


def _renumbered(value: Any, key: str, moved: Numbers) -> Any:
    if not key:
        return moved.get(value, value)
    detail = json.loads(value)
    return json.dumps(detail | {key: moved.get(detail[key], detail[key])}, ensure_ascii=False)


def _insert(
    here: sqlite3.Connection, there: sqlite3.Connection, table: Table, plans: Mapping[str, _Plan]
) -> set[str]:
    """Copies what is new; the questions it is about."""
    plan, questions = plans[table.name], set()
    cursor = there.execute(f"SELECT * FROM {table.name} ORDER BY id")
    columns = [column[0] for column in cursor.description]
    put = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    for row in cursor if plan.new else ():
        values = dict(zip(columns, row, strict=True))
        if values["id"] not in plan.new:
            continue
        for column, key, to in _references(table):
            values[column] = _referring(values[column], key, plans[to].carried)
        values |= {"id": plan.carried[values["id"]]} | dict.fromkeys(table.own)
        here.execute(put, list(values.values()))
        if "question" in values:
            questions.add(values["question"])
    return questions


def _bring_up_to_date(here: sqlite3.Connection, there: sqlite3.Connection, table: Table, plan: _Plan) -> None:
    for column in table.latest:
        rows = there.execute(f"SELECT {column}, id FROM {table.name}").fetchall()
        here.executemany(
            f"UPDATE {table.name} SET {column} = ?1 WHERE id = ?2 AND {column} < ?1",
            [(value, plan.carried[number]) for value, number in rows if number not in plan.new],
        )
