"""`author check --seeds`: a test that refuses a right attempt by chance is found."""

import pytest
from attempts import pack_of

from dlkata.author.proof import SEEDS, SEEDS_AT_ONCE, chance_claims, prove
from dlkata.content.kata import read_kata
from dlkata.grading import client

STEM = "cosine_lr"
UNLUCKY = 13
TEST = f'''

def test_by_chance(candidate, seed):
    """It is right
    正确"""
    assert seed != {UNLUCKY}
'''


@pytest.fixture
def kata(tmp_path):
    pack_of(tmp_path, STEM)
    kata = read_kata(tmp_path, STEM)
    right = tmp_path / "tests" / "right" / STEM / "another.py"
    right.parent.mkdir(parents=True)
    right.write_text(kata.reference, encoding="utf-8")
    kata.suite_file.write_text(kata.suite_file.read_text(encoding="utf-8") + TEST, encoding="utf-8")
    return kata


def test_the_seeds_are_those_that_a_proof_leaves_out(kata):
    tried = [list(claim.check.seeds) for claim in chance_claims(kata, 25)]
    assert [seed for seeds in tried for seed in seeds] == list(range(len(SEEDS), len(SEEDS) + 25))
    assert [len(seeds) for seeds in tried] == [SEEDS_AT_ONCE, SEEDS_AT_ONCE, 5]


def test_what_chance_turns_away_is_named_with_its_test(kata):
    with client.warm() as open_line:
        found = {
            tuple(claim.check.seeds): broken
            for claim, _graded, broken in prove(list(chance_claims(kata, 20)), open_line, 1)
        }
    (unlucky,) = [broken for seeds, broken in found.items() if UNLUCKY in seeds]
    assert "reference (test_by_chance)" in unlucky and "another.py (test_by_chance)" in unlucky
    assert [broken for seeds, broken in found.items() if UNLUCKY not in seeds] == [None]


def test_the_command_asks_katas_alone(dlkata):
    done = dlkata("author", "check", "cosine_lr", "--seeds", "3")
    assert done.code == 0, done.out + done.err
    assert "✓ cosine_lr" in done.out and "claims hold" in done.out
