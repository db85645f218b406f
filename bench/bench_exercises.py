"""Random exercises, every printed line of their keys read back and worked out again from what is printed.

    python bench/bench_exercises.py --count 20000

Counts the lines that do not come to what is printed, in text for all of them and in LaTeX and MathML for
every tenth exercise, and prints how long it took.
"""

from __future__ import annotations

import argparse
import time
from random import Random
from typing import Any

from chainrule.errors import ConfigError
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.rules import RULES
from chainrule.working.exercises.maker import Maker
from chainrule.working.exercises.plan import Plan, plan_of
from chainrule.working.exercises.rereading import misprints
from chainrule.working.exercises.training import worked
from chainrule.working.names.notation import NOTATIONS

SEEDS = 25  # exercises of one plan
DRAWS = 1  # poor numbers are to multiply out, too: the first set that can be worked is taken
ROUNDINGS = (
    "round:3", "round:4", "round:5", "round:4:half-even", "truncate:3", "truncate:4", "truncate:6",
    "significant:3", "significant:4", "significant:6", "exact", "exact:10",
)  # fmt: skip
GROUPS = ("weighted sums", "activations", "slopes", "gradients", "updates", "loss", "output")


def random_plan(random: Random) -> Plan | None:
    """A plan of up to four layers; None where what was drawn does not go together."""
    depth = random.choice((1, 2, 2, 2, 3, 3, 4))
    sizes = [random.randint(1, 3) for _ in range(depth + 1)]
    names = [name for name in ACTIVATIONS if name not in ("softmax",)]
    functions = [random.choice(names) for _ in range(depth)]
    loss = random.choice(list(LOSSES))
    if loss == "crossentropy":
        sizes[-1] = max(2, sizes[-1])
        functions[-1] = "softmax"
    elif loss == "binary_crossentropy":
        functions[-1] = "sigmoid"
    policy: Any = random.choice(ROUNDINGS)
    if random.random() < 0.3:
        policy = {"default": policy} | {random.choice(GROUPS): random.choice(ROUNDINGS) for _ in range(2)}
    chosen: dict[str, Any] = {
        "activation": functions,
        "loss": loss,
        "rule": random.choice([name for name in RULES if RULES[name].needs_gradient]),
        "samples": random.choice((1, 1, 1, 2, 3)) if depth < 3 else 1,
        "passes": random.choice((1, 1, 2)) if depth < 3 else 1,
        "bias": random.random() < 0.7,
        "rounding": policy,
        "notation": random.choice(NOTATIONS),
        "saturated": random.random() < 0.1,
    }
    try:
        return plan_of(sizes, **chosen)
    except ConfigError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    random = Random(asked.seed)
    made = lines = wrong = refused = 0
    begun, busy = time.perf_counter(), time.process_time()
    while made < asked.count:
        plan = random_plan(random)
        if plan is None:
            continue
        maker = Maker(plan)
        for seed in range(min(SEEDS, asked.count - made)):
            try:
                exercise = maker.exercise(seed, tell_apart=False, most=DRAWS)
            except ConfigError:
                refused += 1
                continue
            made += 1
            working = worked(exercise, drawn=False)
            lines += len(working.steps)
            forms = ("text", "latex", "mathml") if made % 10 == 0 else ("text",)
            for form in forms:
                for step, written, found in misprints(working, exercise.calculation, form):
                    wrong += 1
                    print(
                        f"{plan.label} seed {seed}: {form} {step.key}: {written} printed {step.result}, is {found}"
                    )
    took, busy = time.perf_counter() - begun, time.process_time() - busy
    print(
        f"{made} exercises, {lines:,} lines, {wrong} that do not multiply out; {refused} without numbers; "
        f"{took:.1f} s, {busy:.1f} s of the processor, {1000 * busy / made:.1f} ms each"
    )


if __name__ == "__main__":
    main()
