"""Saving and loading estimators, and hostile descriptions of them."""

from __future__ import annotations

import json

import numpy as np
import pandas
import pytest
from saving import SMALL, TABLES, X, Y, change, other_forms

import iconlearn
from iconlearn import (
    METHODS,
    FileFormatError,
    OptionError,
    load,
    save,
)


def fitted(**options):
    frame = pandas.DataFrame(X, columns=list("abcde"))
    names = np.array(["x", "y", "z"], dtype=object)[Y]
    return iconlearn.TSNE(perplexity=4, max_iter=5, label_weight=0.4, **options).fit(frame, names)


@pytest.mark.parametrize("row", METHODS.values(), ids=lambda row: row.name)
def test_a_loaded_estimator_is_the_one_that_was_saved(row, tmp_path):
    parameters = {k: v for k, v in SMALL.items() if k in row.parameters}
    source = X if row in TABLES else other_forms()[row.takes.name]
    estimator = getattr(iconlearn, row.estimator)(max_iter=3, restarts=1, **parameters)
    estimator.fit(source, Y if row.needs_labels else None)
    loaded = load(save(estimator, tmp_path / "estimator"))
    assert type(loaded) is type(estimator)
    assert loaded.get_params() == estimator.get_params()
    mine, theirs = ({k: v for k, v in vars(e).items() if k != "model_"} for e in (estimator, loaded))
    assert mine.keys() == theirs.keys()
    np.testing.assert_equal(theirs, mine)
    read = "predict_proba" if hasattr(estimator, "predict_proba") else "transform"
    if row.takes.places_new:
        for mine, theirs in zip(getattr(estimator, read)(source), getattr(loaded, read)(source), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    path = save(loaded, tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "estimator.json").read_bytes()


def test_parameters_of_every_kind_come_back(tmp_path):
    given = {
        "init": np.random.default_rng(1).normal(size=(40, 2)),
        "image_shape": (1, 1, 5),
        "random_state": np.int64(7),
    }
    estimator = fitted(**given, callbacks=(lambda event: None,))
    loaded = load(save(estimator, tmp_path / "map"))
    np.testing.assert_array_equal(loaded.init, given["init"])
    assert loaded.image_shape == (1, 1, 5)
    assert loaded.random_state == 7
    assert loaded.callbacks == ()
    assert list(loaded.feature_names_in_) == list("abcde")
    assert list(loaded.classes_) == ["x", "y", "z"]
    assert loaded.classes_.dtype == estimator.classes_.dtype
    assert loaded.feature_names_in_.dtype == estimator.feature_names_in_.dtype
    new = pandas.DataFrame(X[:3] + 0.1, columns=list("abcde"))
    np.testing.assert_array_equal(loaded.transform(new), estimator.transform(new))
    with pytest.warns(UserWarning, match="no y is passed"):
        again = loaded.fit(pandas.DataFrame(X, columns=list("abcde")))
    assert not hasattr(again, "classes_")
    with pytest.raises(OptionError, match="random_state=RandomState.*a file cannot describe"):
        save(fitted(random_state=np.random.RandomState(0)), tmp_path / "bad")
    with pytest.raises(OptionError, match="TSNE is neither an ICon nor a fitted estimator"):
        save(iconlearn.TSNE(), tmp_path / "bad")


def test_hostile_descriptions_of_estimators(tmp_path):
    path = save(fitted(), tmp_path / "map")
    held = json.loads(path.read_text())
    told = held["estimator"]
    cases = {
        "unknown estimator 'os.system'": {**told, "name": "os.system"},
        "unknown estimator 'load'": {**told, "name": "load"},
        r"unknown estimator \['TSNE'\]": {**told, "name": ["TSNE"]},
        "attribute 'model_'": {**told, "fitted": {"model_": 3}},
        "attribute 'diagnostics_'": {**told, "fitted": {"diagnostics_": 3}},
        "attribute 'transform'": {**told, "fitted": {"transform": 3}},
        "attribute '__dict__'": {**told, "fitted": {"__dict__": 3}},
        "no option 'perplexities'": {**told, "params": {"perplexities": 3}},
        "does not fit its tensors": {**told, "params": {"init": {"array": "nothing"}}},
        "does not fit its tensors or": {**told, "fitted": {"classes_": {"object": [1]}}},
        "does not fit its tensors or this": {**told, "fitted": {"classes_": {"list": [], "tuple": []}}},
        "does not fit its tensors or this version": {**told, "fitted": 3},
        "does not fit": [told],
    }
    for message, described in cases.items():
        change(path, estimator=described)
        with pytest.raises(FileFormatError, match=message):
            load(path)
