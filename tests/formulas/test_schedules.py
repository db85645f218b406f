"""Schedules against PyTorch's of the same kind."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import pytest

from chainrule.errors import ConfigError, UnknownName
from chainrule.formulas.schedules import SCHEDULES, find_schedules
from tolerances import assert_close

EPOCHS = 30
COUNTERPARTS: list[tuple[str, str, dict[str, Any]]] = [
    ("constant", "ConstantLR", {"factor": 1.0}),
    ("step", "StepLR", {"step_size": 10, "gamma": 0.1}),
    ("step(every=7, gamma=0.5)", "StepLR", {"step_size": 7, "gamma": 0.5}),
    ("exponential", "ExponentialLR", {"gamma": 0.95}),
    ("cosine", "CosineAnnealingLR", {"T_max": EPOCHS}),
    ("cosine(least=0.1)", "CosineAnnealingLR", {"T_max": EPOCHS, "eta_min": 0.1}),
    ("linear_warmup(epochs=5)", "LinearLR", {"start_factor": 0.2, "end_factor": 1.0, "total_iters": 4}),
]


def _torch_rates(torch: ModuleType, name: str, settings: dict[str, Any]) -> list[float]:
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimiser, **settings)
    rates = []
    for _ in range(EPOCHS):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(("spec", "name", "settings"), COUNTERPARTS, ids=[c[0] for c in COUNTERPARTS])
def test_a_schedule_is_pytorchs(spec: str, name: str, settings: dict[str, Any], torch: ModuleType) -> None:
    made = SCHEDULES.find(spec)
    got = [made.factor_at(epoch, EPOCHS) for epoch in range(EPOCHS)]
    assert_close(got, _torch_rates(torch, name, settings), "rounding", what=spec)


def test_the_comparison_with_pytorch_can_fail(torch: ModuleType) -> None:
    with pytest.raises(AssertionError, match=r"exponential"):
        test_a_schedule_is_pytorchs("exponential(gamma=0.950001)", "ExponentialLR", {"gamma": 0.95}, torch)


@pytest.mark.parametrize(
    "settings",
    [{}, {"gamma": 0.5, "patience": 2}, {"gamma": 0.3, "patience": 0, "threshold": 0.05, "least": 0.05}],
)
def test_reduce_on_plateau_is_pytorchs(settings: dict[str, float], torch: ModuleType) -> None:
    made = SCHEDULES["reduce_on_plateau"](**settings)
    theirs = {{"gamma": "factor", "least": "min_lr"}.get(name, name): v for name, v in settings.items()}
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, **theirs)
    losses = (
        [1 / (e + 1) for e in range(6)]
        + [0.2] * 20
        + [0.19, 0.15]
        + [0.1501, 0.1499, 0.16] * 8
        + [math.inf, 0.1]
    )
    state = made.start()
    rates = set()
    for epoch, loss in enumerate(losses):
        assert_close(made.factor_at(epoch, len(losses), state), optimiser.param_groups[0]["lr"], "rounding")
        rates.add(optimiser.param_groups[0]["lr"])
        scheduler.step(loss)
        state = made.watch(state, loss)
    assert len(rates) > 1


def test_a_loss_that_is_not_a_number_counts_as_no_better() -> None:
    made = SCHEDULES["reduce_on_plateau"](patience=0, gamma=0.5)
    state = made.watch(made.watch(made.start(), 1.0), math.nan)
    assert made.factor_at(2, 10, state) == 0.5
    assert state["best"] == 1.0


def test_warm_up_grows_evenly() -> None:
    made = SCHEDULES["linear_warmup"](epochs=4)
    assert [made.factor_at(epoch, 9) for epoch in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_inverse_time_is_pinned() -> None:
    made = SCHEDULES["inverse_time"](decay=0.5)
    assert [made.factor_at(epoch, 9) for epoch in (0, 2, 6)] == [1.0, 0.5, 0.25]


def test_cosine_falls_from_1_to_its_least() -> None:
    made = SCHEDULES["cosine"](least=0.2)
    assert made.factor_at(0, 10) == 1.0
    assert made.factor_at(5, 10) == pytest.approx(0.6)
    assert made.factor_at(10, 10) == pytest.approx(0.2)


def test_schedules_are_joined_in_writing() -> None:
    assert [s.spec for s in find_schedules("linear_warmup(3) * step")] == [
        "linear_warmup(epochs=3)",
        "step(every=10, gamma=0.1)",
    ]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("step(every=0)", "every of schedule step must be at least 1, but is 0"),
        ("exponential(-1)", "gamma of schedule exponential must be at least 0, but is -1"),
        ("linear_warmup(0)", "epochs of schedule linear_warmup must be at least 1, but is 0"),
    ],
)
def test_a_wrong_setting_is_refused(spec: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SCHEDULES.find(spec)
    assert str(caught.value) == message


def test_an_unknown_schedule_is_answered_with_a_near_one() -> None:
    with pytest.raises(UnknownName, match=r'^there is no schedule called "cosin": did you mean "cosine"'):
        find_schedules("warmup(3) * cosin")
