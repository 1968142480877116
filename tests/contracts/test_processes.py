"""Several processes give what one gives: gradients, weights, histories and files; and none waits for ever."""

import subprocess
import sys

import gradients
import numpy as np
import pytest
import together
from crew import crew, sound

from iconlearn import KNN, ICon, OptionError, SoftmaxHead, UniformCluster


@pytest.mark.parametrize("size", [2, 3])
def test_gradients_equal_those_of_one_process(size, tmp_path):
    for found in sound(crew(size, tmp_path, gradients.distances)):
        assert found.keys() == gradients.PROBLEMS.keys()
        assert max(found.values()) < 1e-12, found


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3])
def test_gradients_of_every_method_under_every_divergence(size, tmp_path):
    found = sound(crew(size, tmp_path, gradients.distances_of_methods, seconds=900))[0]
    assert len(found) > 100
    assert max(found.values()) < 1e-6, found


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """What fits leave in every process, by the number of processes."""
    folder = tmp_path_factory.mktemp("fits")
    np.save(folder / "rows.npy", together.X.astype(np.float32))
    return {size: sound(crew(size, folder, together.fits, str(folder))) for size in (1, 2, 3)}


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("name", together.FITS)
def test_fits_end_where_that_of_one_process_ends(name, size, fits):
    weights, losses, raced = fits[1][0][name]
    first = fits[size][0][name]
    for found in fits[size]:
        assert found[name][1:] == first[1:]
        for key, weight in found[name][0].items():
            np.testing.assert_array_equal(weight, first[0][key])
            np.testing.assert_allclose(weight, weights[key], rtol=1e-6, atol=1e-6 * np.abs(weight).max())
    np.testing.assert_allclose(first[1], losses, rtol=1e-6)
    np.testing.assert_allclose(first[2], raced, rtol=1e-6)
    assert len(raced) == (4 if name == "starts that race" else 0)  # of all starts
    assert len(losses) < 200


def test_each_process_reads_its_own_rows(fits):
    first, *steps = fits[1][0]["read"]
    assert first == len(together.X)  # for the start
    assert set(steps) == {11}
    for found, length in zip(fits[3], (3, 4, 4), strict=True):
        assert set(found["read"][1:]) == {length}


def test_a_run_goes_on_in_another_number_of_processes(tmp_path):
    whole = sound(crew(1, tmp_path, together.go_on, str(tmp_path / "whole"), None))[0]
    path = str(tmp_path / "cut")
    cut = sound(crew(2, tmp_path, together.go_on, path, 4))
    rest = sound(crew(3, tmp_path, together.go_on, path, None))
    assert [len(found["losses"]) for found in cut] == [5, 5]
    assert cut[0]["seen"][-2:] == [4, 5]
    assert rest[0]["seen"][0] == 5
    assert not any(found["seen"] for found in (*cut[1:], *rest[1:]))  # the first calls back
    for found in rest:
        np.testing.assert_allclose(found["losses"], whole["losses"], rtol=1e-6)
        for key, weight in found["state"].items():
            np.testing.assert_allclose(weight, whole["state"][key], rtol=1e-6, atol=1e-8)


def test_ctrl_c_in_one_stops_all_after_the_same_step(tmp_path):
    assert sound(crew(2, tmp_path, together.interrupted)) == [(True, 4), (True, 4)]


def test_ctrl_c_in_one_stops_the_race_of_all_after_the_same_step(tmp_path):
    found = sound(crew(2, tmp_path, together.interrupted_race))
    assert [told[:2] for told in found] == [(True, 2), (True, 2)]
    for key, weight in found[0][2].items():
        np.testing.assert_array_equal(weight, found[1][2][key])


def test_who_was_killed_is_named_by_the_others(tmp_path):
    for dies in (1, 0):
        found = sound(crew(3, tmp_path, together.broken, dies, "killed", dies=[dies]))
        for rank, told in enumerate(found):
            if rank != dies:
                assert told[0].startswith("ProcessError")
                assert f"rank {dies}" in told[0]
                assert told[1] < 60


@pytest.mark.slow
def test_who_hangs_is_named_by_the_others(tmp_path):
    found = sound(crew(3, tmp_path, together.broken, 2, "hangs"))
    for told, seconds in found[:2]:
        assert told.startswith("ProcessError: process 2 of 3 (rank 2) lives but did not come")
        assert seconds < 60


def test_the_reason_of_one_reaches_the_others(tmp_path):
    found = sound(crew(2, tmp_path, together.broken, 1, "raises"))
    assert found[1][0] == "ValueError: an image does not decode"
    assert found[0][0].startswith("ProcessError")
    assert "rank 1" in found[0][0]
    assert found[1][0] in found[0][0]


def test_processes_with_other_data_are_refused(tmp_path):
    for told, _ in sound(crew(2, tmp_path, together.broken, 1, "other data")):
        assert told.startswith("ProcessError: fit: X of process 1 is not that of process 0")


def test_a_turn_that_failed_does_not_spoil_the_next(tmp_path):
    first, second = sound(crew(2, tmp_path, together.led))
    assert first[:2] == ["ValueError: the disk is full", "after it"]
    assert second[0].startswith(
        "ProcessError: process 0 of 2 (rank 0) stopped (ValueError: the disk is full)"
    )
    assert second[1] == "after it"


def test_the_parts(tmp_path):
    first, second = sound(crew(2, tmp_path, together.parts))
    np.testing.assert_array_equal(first["dropped"], second["dropped"])
    assert (first["dropped"][:4] != first["dropped"][4:]).any()  # each piece with noise of its own
    np.testing.assert_array_equal(first["after"], second["after"])
    assert first["led"][0] == second["led"][0]
    assert (first["led"][1], second["led"][1]) == (1, 0)
    assert first["all"] == second["all"] == [True, False, False]


@pytest.mark.parametrize("given", [2, True, "all"])
def test_what_processes_may_be(given):
    with pytest.raises(OptionError, match=rf"processes={given!r} must be None .*, 1 .*, or a Fabric"):
        ICon(KNN(2), UniformCluster(), SoftmaxHead(5, 4)).fit(together.X, processes=given)


@pytest.mark.slow
def test_the_command_under_torchrun_writes_once(tmp_path):
    out = tmp_path / "out"
    rows = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    fit = ["fit", "infonce-clustering", str(tmp_path / "rows.npy"), "--out", str(out), "--max-iter", "3"]
    runner = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ran = subprocess.run(
        [*runner, "-m", "iconlearn", *fit], capture_output=True, text=True, timeout=300, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("files in") == 1
    assert "model.safetensors" in ran.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "rows.npy"]
