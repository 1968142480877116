"""Every row of the registry of estimators, and the door to them: kinds, ceilings, doubts, units and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from iconlearn import InputError, OptionError
from iconlearn.theory.information import ESTIMATORS, Separable, mutual_information
from iconlearn.theory.information.estimators import CRITIC, DENSITY, KINDS

LEARNED = [name for name, row in ESTIMATORS.items() if row.learns]
WITH_CRITIC = [name for name, row in ESTIMATORS.items() if row.learns == CRITIC]
TINY = {"width": 8, "max_iter": 20}


class Gaussian:
    """d pairs of correlated Gaussians with so many nats together, their log ratio and conditional density."""

    def __init__(self, information: float, d: int = 1) -> None:
        self.d, self.rho2 = d, 1 - math.exp(-2 * information / d)

    def sample(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        x, noise = np.random.default_rng(seed).normal(size=(2, n, self.d))
        return x, math.sqrt(self.rho2) * x + math.sqrt(1 - self.rho2) * noise

    def log_conditional(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        apart = np.square(math.sqrt(self.rho2) * x[:, None] - y).sum(2)
        return -apart / (2 * (1 - self.rho2)) - self.d / 2 * math.log(2 * math.pi * (1 - self.rho2))

    def log_ratio(self, x: np.ndarray, y: np.ndarray) -> torch.Tensor:
        marginal = -np.square(y).sum(1) / 2 - self.d / 2 * math.log(2 * math.pi)
        return torch.from_numpy(self.log_conditional(x, y) - marginal)

    def exact(self, name: str):
        """What the estimator takes as exact."""
        learns = ESTIMATORS[name].learns
        return {CRITIC: self.log_ratio, DENSITY: self.log_conditional, None: None}[learns]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_rows_say_what_they_are(name):
    row = ESTIMATORS[name]
    assert (row.name, row.kind in KINDS, row.learns in (CRITIC, DENSITY, None)) == (name, True, True)
    assert row.title
    assert row.source
    assert row.caveat.endswith(".")
    assert row.doubts
    assert (row.objective is None) == (row.learns is None)
    assert set(row.fails) <= {"independence", "data processing", "additivity"}
    assert row.ceiling(64, **row.options) > 2


@pytest.mark.parametrize("name", ESTIMATORS)
def test_independent_rows_share_little_and_estimates_repeat_themselves(name):
    x, y = np.random.default_rng(0).normal(size=(2, 240, 2))
    before = x.copy(), y.copy(), torch.get_rng_state()
    found, again = (mutual_information(x, y, name, **TINY) for _ in range(2))
    assert math.isfinite(found.nats)
    assert abs(found.nats) < max(0.15, 4 * found.standard_error)
    assert repr(found) == repr(again)
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])
    assert torch.equal(before[2], torch.get_rng_state())
    other = mutual_information(x, y, name, **TINY, random_state=1)
    assert (other.nats != found.nats) == (name in LEARNED)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimates_are_of_their_kind_on_gaussians_of_1_nat(name, d):
    task = Gaussian(1.0, d)
    found = mutual_information(*task.sample(3000, seed=1), name, critic=task.exact(name))
    error = 4 * found.standard_error
    assert (found.n_test, found.kind) == (3000, ESTIMATORS[name].kind)
    assert found.kind == "upper bound" or found.nats < 1 + error
    assert found.kind == "lower bound" or found.nats > 1 - error
    if name != "club":
        assert found.nats == pytest.approx(1, abs=max(0.06, error))
    assert found.bits == pytest.approx(found.nats * 1.442695, rel=1e-6)
    assert not found.saturated


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNED)
def test_learned_estimates_are_right_on_gaussians_of_1_nat(name):
    task = Gaussian(1.0, 2)
    found = mutual_information(*task.sample(5000), name)
    expected = 2 * task.rho2 / (1 - task.rho2) if name == "club" else 1
    assert found.nats == pytest.approx(expected, abs=0.3 if name == "club" else 0.06)
    assert not found.fit.diverged


@pytest.mark.parametrize("name", ["infonce", "l1out"])
def test_a_critic_and_a_density_learn_what_gaussians_share(name):
    task = Gaussian(1.0)
    found = mutual_information(*task.sample(3000), name, width=32, batch_size=128, max_iter=250, lr=2e-3)
    assert found.nats == pytest.approx(1, abs=0.1)
    assert (found.n_test, found.batch_size) == (900, 128)
    assert 0 < found.fit.best_step <= found.fit.steps


@pytest.mark.parametrize("name", ["infonce", "interpolated", "nwj", "smile"])
def test_saturation_is_flagged_where_there_is_a_ceiling(name):
    rows = {nats: Gaussian(nats, 20) for nats in (1.0, 10.0)}
    found = {
        nats: mutual_information(*task.sample(640), name, critic=task.log_ratio, batch_size=64)
        for nats, task in rows.items()
    }
    assert found[10.0].saturated == (name == "infonce")
    assert any("saturated" in warning for warning in found[10.0].warnings) == found[10.0].saturated
    assert not found[1.0].saturated
    ceilings = {"infonce": math.log(64), "interpolated": 1 + math.log(63 / 0.01)}
    assert found[1.0].ceiling == pytest.approx(ceilings.get(name, math.inf))
    assert ("saturated" in str(found[10.0])) == found[10.0].saturated


@pytest.mark.parametrize("name", ["ksg", "ksg-2"])
def test_neighbours_have_a_ceiling_too(name):
    x = np.random.default_rng(0).normal(size=500)
    found = mutual_information(x, x + 1e-9 * np.arange(500), name)
    assert found.nats <= found.ceiling + 1e-9
    assert found.saturated
    assert found.nats > 4


def doubts(name: str, task: Gaussian, n: int = 600, **options) -> str:
    return " | ".join(mutual_information(*task.sample(n), name, critic=task.exact(name), **options).warnings)


def test_doubts_are_told_where_they_hold_and_not_elsewhere():
    low, high, wide = Gaussian(1.0), Gaussian(9.0, 20), Gaussian(2.0, 5)
    for name in ("dv", "mine", "nwj", "tuba", "js"):
        assert "Song and Ermon" in doubts(name, high, batch_size=60)
        assert "Song and Ermon" not in doubts(name, low)
    assert "unreliable: x and y have 10 columns" in doubts("ksg", wide)
    assert doubts("ksg", Gaussian(1.0, 2)) == ""
    assert "about 0.021 nats" in doubts("cca", wide)
    assert "only 100 test rows" in doubts("nwj", low, n=100)
    assert "one test batch" in doubts("nwj", low, n=100, batch_size=60)
    assert all("neither" in doubts(name, low) for name in ("dv", "mine", "smile"))
    assert "as far as q(y|x) is right" in doubts("club", low)
    x, y = low.sample(300)
    assert "rows repeat" in " ".join(mutual_information(x.round(1), y, "ksg").warnings)
    assert "infinite" in " ".join(mutual_information(x, 3 * x, "cca").warnings)
    assert "raise max_iter" in " ".join(mutual_information(x, y, width=8, max_iter=3).warnings)
    lost = mutual_information(x, y, "club", width=8, max_iter=40, lr=100)
    assert "nothing was learned" in " ".join(lost.warnings)
    too_sure = mutual_information(x, y, "nwj", critic=lambda x, y: 3 * low.log_ratio(x, y))
    assert "says little" in " ".join(too_sure.warnings)
    wrong = mutual_information(x, y, critic=lambda x, y: -low.log_ratio(x, y))
    assert "negative, which information is not" in " ".join(wrong.warnings)


def test_one_test_batch_has_no_standard_error():
    task = Gaussian(1.0)
    found = mutual_information(*task.sample(100), "nwj", critic=task.log_ratio, batch_size=60)
    assert math.isnan(found.standard_error)
    assert "+-" not in str(found)


def test_an_exact_critic_sees_the_rows_as_they_are():
    task, seen = Gaussian(1.0, 2), []

    def critic(x, y):
        seen.append((x, y))
        return task.log_ratio(x, y)

    x, y = task.sample(100)
    mutual_information(x.astype(np.float32), y.tolist(), "nwj", critic=critic, batch_size=50)
    assert all(side.shape == (50, 2) and side.dtype == np.float64 for pair in seen for side in pair)
    rows = np.concatenate([x for x, _ in seen])
    assert np.array_equal(np.sort(rows[:, 0]), np.sort(x[:, 0].astype(np.float32)))
    for wrong in (lambda x, y: np.zeros(len(x)), lambda x, y: np.full((len(x), len(y)), np.nan)):
        with pytest.raises(InputError, match=r"critic\(x, y\) of 50 and 50 rows"):
            mutual_information(x, y, "nwj", critic=wrong, batch_size=50)


def test_a_copy_of_a_module_is_trained():
    x, y = Gaussian(1.0).sample(200)
    critic = Separable(1, 1, width=8)
    before = [p.detach().clone() for p in critic.parameters()]
    found = mutual_information(x, y, critic=critic, max_iter=20)
    assert found.critic == "Separable"
    assert all(torch.equal(a, b) for a, b in zip(before, critic.parameters(), strict=True))


@pytest.mark.parametrize("name", ["infonce", "barber-agakov"])
def test_units_and_constant_columns_do_not_matter_to_what_is_learned(name):
    x, y = Gaussian(1.0).sample(300)
    found = mutual_information(x, y, name, **TINY).nats
    assert mutual_information(1e3 * x, y - 7, name, **TINY).nats == pytest.approx(found, abs=2e-3)
    padded = np.hstack([x, np.full_like(x, 3.3)])
    assert mutual_information(padded, np.hstack([y, 0 * y]), name, **TINY).nats == pytest.approx(
        found, abs=1e-5
    )


def test_barber_agakov_takes_the_entropy_of_y_in_its_own_units():
    task = Gaussian(1.0, 2)
    x, y = task.sample(4000)
    entropy = math.log(2 * math.pi * math.e)
    given = mutual_information(x, y, "barber-agakov", critic=task.log_conditional, entropy=entropy)
    assert given.nats == pytest.approx(1, abs=0.08)
    assert given.warnings == ()
    assumed = mutual_information(x, y, "barber-agakov", critic=task.log_conditional)
    assert assumed.nats == pytest.approx(given.nats, abs=0.05)
    assert "lower bound only where y is Gaussian" in assumed.warnings[0]
    small = {"width": 8, "max_iter": 20}
    plain = mutual_information(x, y, "barber-agakov", entropy=entropy, **small)
    scaled = mutual_information(x, 10 * y, "barber-agakov", entropy=entropy + 2 * math.log(10), **small)
    assert scaled.nats == pytest.approx(plain.nats, abs=1e-3)
    with pytest.raises(OptionError, match="entropy"):
        mutual_information(x, y, "barber-agakov", entropy="uniform")
    with pytest.raises(InputError, match="singular"):
        mutual_information(x, np.hstack([y, y.sum(1, keepdims=True)]), "barber-agakov", **small)


def test_labels_become_indicators_for_critics_and_are_refused_elsewhere():
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=900)
    x = 3 * np.eye(3)[codes] + 0.1 * rng.normal(size=(900, 3))
    options = {"width": 16, "max_iter": 120, "lr": 5e-3, "batch_size": 64}
    found = mutual_information(x, codes, **options)
    assert found.nats == pytest.approx(math.log(3), abs=0.12)
    names = np.array(["cat", "dog", "owl"])[codes]
    assert mutual_information(x, names, **options).nats == found.nats
    for name in ("ksg", "cca", "club"):
        with pytest.raises(InputError, match="y holds labels"):
            mutual_information(x, codes, name)
    with pytest.raises(InputError, match="900 labels are all 0"):
        mutual_information(x, codes * 0)
    with pytest.raises(InputError, match="hold 900 classes"):
        mutual_information(x, np.arange(900))


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[:19], y[:19]), "minimum of 20"),
        (lambda x, y: (x, y[:-1]), "60 rows and y 59"),
        (lambda x, y: (np.where(x == x[3], np.nan, x), y), "x: NaN"),
        (lambda x, y: (x, np.where(y == y[3], np.inf, y)), "y: NaN, missing or infinite"),
        (lambda x, y: (0 * x + 2, y), "x: every column is constant .column 0 is 2"),
        (lambda x, y: (x[:, :0], y), "feature"),
    ],
)
def test_bad_samples_are_refused(name, change, message):
    with pytest.raises(InputError, match=message):
        mutual_information(*change(*Gaussian(1.0).sample(60)), name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": "infonse"}, "did you mean 'infonce'"),
        ({"critic": "seperable"}, "did you mean 'separable'"),
        ({"critic": 3}, "critic=3"),
        ({"estimator": "ksg", "critic": "joint"}, "'ksg' learns nothing"),
        ({"estimator": "club", "critic": "joint"}, "'club' learns a density"),
        ({"alpha": 0.5}, "no option 'alpha'"),
        ({"estimator": "smile", "tau": -1}, "tau"),
        ({"estimator": "interpolated", "alpha": 2}, "alpha"),
        ({"estimator": "mine", "decay": 1.0}, "decay"),
        ({"estimator": "ksg", "k": 60}, "k=60"),
        ({"batch_size": 19}, "batch_size=19 but there are 18 test rows"),
        ({"batch_size": 1}, "batch_size"),
        ({"max_iter": 0}, "max_iter"),
        ({"lr": 0}, "lr"),
        ({"width": 2.5}, "width"),
        ({"patience": 0}, "patience"),
        ({"test_share": 1.0}, "test_share"),
        ({"test_share": 0.5, "validation_share": 0.5}, "leave 0 to learn from"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        mutual_information(*Gaussian(1.0).sample(60), **options)
