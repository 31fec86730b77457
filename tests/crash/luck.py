"""Which failpoints hang on luck: reached by no scenario each time it is played without a death."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.crash.matrix import Matrix, Tell
from tests.crash.pairs import IMPOSSIBLE, PAIRS, Pair


def lucky(matrix: Matrix, names: list[str], rounds: int, tell: Tell) -> Iterator[str]:
    """Plays all twins so often; a line for each pair that no scenario was sure to reach."""
    times: dict[Pair, Counter[str]] = {pair: Counter() for pair in PAIRS if pair not in IMPOSSIBLE}
    for _ in range(rounds):
        matrix.reach.clear()
        matrix.play_twins(names, tell)
        for scenario, reached in matrix.reach.items():
            for pair in reached:
                if pair in times:
                    times[pair][scenario] += 1
    for (name, moment), scenarios in times.items():
        if max(scenarios.values(), default=0) < rounds:
            seen = ", ".join(f"{scenario} ({count})" for scenario, count in scenarios.most_common(6))
            yield f"{name} {moment}: {seen or 'never'}"
