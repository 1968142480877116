"""Does a small batch limit what an encoder knows, or only what its training loss can say?"""

from __future__ import annotations

import math

import numpy as np

from iconlearn.lab.experiment import Bench, Experiment, Findings, Picture, Table, Verdict, column, spread
from iconlearn.lab.trials import small_batch as trials
from iconlearn.lab.trials.small_batch import DIM, JUDGED_AT, TRAININGS, train_and_judge
from iconlearn.viz import sweep_figure

SMALLEST, LARGEST = min(TRAININGS), max(TRAININGS)
WITHIN = 0.1  # nats


def run(bench: Bench) -> Findings:
    measured = bench.measure(
        {
            f"batch {size}, seed {seed}": (train_and_judge, size, seed)
            for seed in bench.seeds
            for size in TRAININGS
        }
    )
    found = {size: [measured[f"batch {size}, seed {seed}"] for seed in bench.seeds] for size in TRAININGS}
    after, during = (
        {size: column(pieces, name) for size, pieces in found.items()} for name in ("after", "during")
    )
    accuracy = {size: column(pieces, "accuracy") for size, pieces in found.items()}
    entropy = float(column(found[SMALLEST], "entropy").mean())
    gap = np.abs(after[SMALLEST] - after[LARGEST])
    beyond = after[SMALLEST] / math.log(SMALLEST)
    lost = np.abs(accuracy[SMALLEST] - accuracy[LARGEST])
    verdicts = [
        Verdict(
            f"batch {SMALLEST}: the encoder knows more than 2.7 times log {SMALLEST}, the most that its loss can say",
            f"{spread(after[SMALLEST], 3)} nats, {beyond.min():.1f} times at least",
            bool((beyond > 2.7).all()),
        ),
        Verdict(
            f"batch {SMALLEST} is within {WITHIN} nats of batch {LARGEST} after training",
            f"apart by {spread(gap, 3)}",
            bool((gap < WITHIN).all()),
        ),
        Verdict(
            f"accuracy differs by less than 0.02 between batch {SMALLEST} and {LARGEST}",
            f"apart by {spread(lost, 3)}",
            bool((lost < 0.02).all()),
        ),
    ]
    sizes = np.log2(list(TRAININGS))
    figure = sweep_figure(
        sizes,
        {
            "after training": np.array(list(after.values())),
            "InfoNCE in training": np.array(list(during.values())),
            "log of the batch": np.log(list(TRAININGS))[:, None],
        },
        option="log2 of the batch size",
        score="information (nats)",
        baselines={"H(class)": entropy},
        title="Does the batch bound the encoder, or only its loss?",
        subtitle=f"Digits, linear encoders of {DIM} dimensions, same-class pairs; bands are one deviation over seeds",
    )
    head = [
        "batch",
        "log K",
        "InfoNCE in training",
        "information after",
        *(f"InfoNCE@{k} after" for k in JUDGED_AT),
    ]
    rows = [
        [
            str(size),
            f"{math.log(size):.2f}",
            spread(during[size], 3),
            spread(after[size], 3),
            *(spread(column(pieces, f"after at {k}"), 3) for k in JUDGED_AT),
            spread(accuracy[size], 3),
        ]
        for size, pieces in found.items()
    ]
    caption = (
        "By batch size: what the loss reports in training with its bound log K, and what a classifier finds in "
        "the frozen encoder afterwards, with the entropy of the classes as ceiling."
    )
    return Findings(
        verdicts,
        [Table("By batch size (nats)", [*head, "accuracy"], rows)],
        [Picture("batches", caption, figure)],
        [
            "Information after training is that of same-class pairs of held-out rows under the density ratio of a "
            "logistic regression (a lower bound up to its calibration), with the entropy of the classes as ceiling.",
            f"Batches of {SMALLEST} took {bench.of(TRAININGS[SMALLEST][0], 20)} steps and batches of {LARGEST} "
            f"took {bench.of(TRAININGS[LARGEST][0], 20)}: fewer samples, but more updates.",
        ],
    )


SMALL_BATCH = Experiment(
    name="small-batch",
    title="Small batches",
    question=(
        "InfoNCE with K candidates cannot report more than log K nats. Is an encoder that was trained with K = 2 "
        "therefore poorer? Linear encoders of the digits are trained with same-class pairs and batches of 2 to 256; "
        "then each is frozen, and what its features share within a class is estimated with a critic of its own."
    ),
    source=(
        "Lee, Kim, Kang and Rhee, *Towards a Rigorous Analysis of Mutual Information in Contrastive Learning* "
        "(2023), re-assess small batches with same-class pairs and estimates after training; this reconstructs "
        "it on the digits, since networks and data of the paper were not at hand. Proven: the bound log K, and "
        "that the best critic, the log density ratio, is the same for every K. Measured: that training by "
        "batches of 2 finds it."
    ),
    run=run,
    code=(trials,),
)
