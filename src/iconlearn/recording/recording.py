"""A recording as it is made: packets of a run for its file and for those who watch it live."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import numpy as np

from iconlearn._errors import FileFormatError
from iconlearn.conditional import Conditional
from iconlearn.recording import stats
from iconlearn.recording.audience import Audience, Budget
from iconlearn.recording.observer import Look, Observer, looking
from iconlearn.recording.packets import FRAME, LOSSES, MOMENT, RUN, Packet, PacketFile
from iconlearn.recording.past import Past
from iconlearn.recording.positions import on_plane
from iconlearn.recording.watched import ELSEWHERE, Places, Watched, choose_rows
from iconlearn.train.events import Event

log = logging.getLogger("iconlearn")
FEWEST_MOMENTS, STEPS_EACH = 20, 15
MOST_ADDED = 64  # rows that are watched because somebody selected them
PATIENCE = 1.0  # seconds after which losses are passed on, if there is no moment before


class Recording:
    """Makes the packets of a run from its events and looks.

    Parameters
    ----------
    head : callable (Event) -> iterable of Packet
        What comes first: the packets ``run``, ``points`` and ``samples``.
    file : PacketFile, optional
        Where they are kept; a run that goes on from a checkpoint goes on there.
    audience : Audience, optional
        Who gets every packet as it is made, and frames.
    labels : (shown,) array of int, optional
        Classes of the shown points, -1 where there is none.
    clusters : bool, default False
        Is the embedding an assignment to clusters? Then moments carry the cluster of every point in place of its
        position.
    probe_rows : array of int, optional
        Which samples the probe was made of, by their place in the data of the map.
    """

    def __init__(
        self,
        head: Callable[[Event], Iterable[Packet]],
        file: PacketFile | None = None,
        audience: Audience | None = None,
        *,
        labels: np.ndarray | None = None,
        clusters: bool = False,
        probe_rows: np.ndarray | None = None,
    ) -> None:
        self.head, self.file, self.audience = head, file, audience
        self.labels, self.clusters, self.probe_rows = labels, clusters, probe_rows
        self.budget = Budget()
        self.begun = False
        self.chosen: set[int] = set()  # steps of moments
        self.moments, self.last = 0, -1  # how many there are, and the step of the last one
        self.planned = self.told = 0  # steps of the run, and losses that were passed on
        self.untold: list[float] = []
        self.told_at = self.clock = 0.0  # when, and when the run began
        self.watched: Watched | None = None
        self.places: Places | None = None
        self.before: np.ndarray | None = None  # positions of the last moment
        self.held: Packet | None = None  # the moment before the first step, whose loss comes with that
        self.target: Conditional | None = None  # of which p and its entropy are known
        self.entropy: float | None = None

    def __call__(self, event: Event, observer: Observer) -> None:
        """Take an event: pass on losses, and show a frame where somebody wants one."""
        if event.kind == "start":
            self.planned = event.max_iter
            if event.step:
                self._go_on(event, observer)
        if not self.begun and event.kind != "search":
            self._begin(event)
        if event.kind == "step":
            self._release(event.loss if event.step == 0 else None)
            self.untold.append(event.loss)
            if event.time - self.told_at > PATIENCE:
                self.emit(*self._new_losses(event.time))
            if self.audience is not None:
                self.audience.offer(partial(self._show, event, observer, self.audience))
                if self.budget.left and self.audience.wants():
                    # the first look chooses what is watched, which the moments need as well
                    with nullcontext() if self.watched is None else self.budget:
                        self._show(event, observer, self.audience)

    def plan(self, steps: Sequence[int]) -> None:
        """Choose among the looks that will be taken: of short runs fewer, as each costs about half a step."""
        count = min(len(steps), max(FEWEST_MOMENTS, self.planned // STEPS_EACH))
        self.chosen = {steps[k] for k in np.linspace(0, len(steps) - 1, count).round().astype(int)}

    def moment(self, look: Look, observer: Observer) -> None:
        """Keep a look if it was chosen and is not kept already, and that of the end."""
        if not (look.final or (look.step in self.chosen and look.step > self.last)):
            return
        self.last = look.step
        self._release()
        self._watch(look, observer)
        packet = self._moment(look)
        if observer.probe is not None and look.step == 0 and not look.final:
            self.held = packet
        else:
            self.emit(*self._new_losses(look.time), packet)

    def emit(self, *packets: Packet) -> None:
        """Keep packets, and pass them on."""
        if self.file is not None:
            self.file.append(*packets)
        if self.audience is not None:
            for packet in packets:
                self.audience(packet)

    def _begin(self, event: Event) -> None:
        if self.file is not None:
            self.file.clear()
        self.begun, self.clock, self.told_at = True, event.time, event.time
        for packet in self.head(event):
            self.emit(packet)

    def _go_on(self, event: Event, observer: Observer) -> None:
        """Take up the recording of a run that goes on; what is lost or damaged is begun anew."""
        packets = []
        if self.file is not None:
            self.file.truncate_after(event.step)
            packets = self.file.read()
        past = self._past(packets, event, observer)
        if past is None:
            self._begin(event)
        else:
            self.begun, self.clock, self.told_at = True, event.time - past.seconds, event.time
            self.moments, self.last, self.told = past.moments, past.last, past.told
            self.before, self.watched = past.positions, past.watched
            if self.audience is not None:
                for packet in packets:
                    self.audience(packet)
        self.untold = list(event.losses[self.told :])

    def _past(self, packets: Sequence[Packet], event: Event, observer: Observer) -> Past | None:
        """What the packets of before tell about those that come; None if there is nothing to go on with."""
        if self.file is None:
            return None
        try:
            if not packets or packets[0].kind != RUN:
                raise FileFormatError("its beginning is not there")
            with looking(event.model):
                return Past.of(packets, len(observer.shown), observer.pair(event))
        except FileFormatError as cause:
            log.warning(
                "%s: what was recorded is lost or damaged (%s); it is begun anew", self.file.path, cause
            )
            return None

    def _release(self, loss: float | None = None) -> None:
        """Pass on the moment that waited for the loss of the first step."""
        if self.held is not None:
            packet, self.held = self.held, None
            fields = packet.fields if loss is None else {**packet.fields, "loss": loss}
            self.emit(replace(packet, fields=fields))

    def _new_losses(self, now: float) -> list[Packet]:
        """The losses since the last time."""
        self.told_at = now
        if not self.untold:
            return []
        losses, first = np.array(self.untold, dtype=np.float32), self.told
        self.told, self.untold = self.told + len(losses), []
        return [Packet(LOSSES, {"first": first}, {"loss": losses})]

    def _watch(self, look: Look, observer: Observer) -> None:
        """Choose what is watched at the first look, and add what has been selected since."""
        pair = look.pair
        if self.places is None:
            self.places = Places(observer, self.probe_rows)
        if self.watched is None:
            self.watched, self.target = Watched.of(pair, choose_rows(look, observer)), pair.target
            self.emit(self.places.packet(self.watched, look, 0))
        if self.audience is not None and len(rows := self._selected(look)):
            first = len(self.watched.rows)
            self.watched = self.watched.and_of(Watched.of(pair, rows, self.watched.columns.shape[1]))
            self.emit(self.places.packet(self.watched, look, first))

    def _selected(self, look: Look) -> np.ndarray:
        """Rows of selected points that are not watched yet, and can be."""
        assert self.watched is not None
        fresh = self._asked()
        if fresh:
            filled, known = ~look.pair.target.empty.cpu().numpy(), set(self.watched.rows.tolist())
            fresh = [row for row in dict.fromkeys(fresh) if filled[row] and row not in known]
        left = MOST_ADDED - (len(self.watched.rows) - self.watched.first)
        return np.array(fresh[: max(0, left)], dtype=np.int64)

    def _asked(self) -> list[int]:
        """Rows of the selected points."""
        if self.audience is None or self.places is None:
            return []
        rows = self.places.watchable
        asked = [int(rows[point]) for point in self.audience.selected() if 0 <= point < len(rows)]
        return [row for row in asked if row != ELSEWHERE]

    def _moment(self, look: Look) -> Packet:
        """What a look shows."""
        watched, pair = self.watched, look.pair
        assert watched is not None
        p, q = watched.p, watched.masses(pair.learned)
        arrays = self._map(look)
        self.before = arrays.get("positions", self.before)
        arrays |= {"q": q, "divergence": stats.divergences(look.model, pair, watched.rows)}
        if pair.target is not self.target:
            self.target, self.entropy = pair.target, None
            now_p = watched.masses(pair.target)
            if not np.array_equal(now_p, p):  # it is being learned
                p = arrays["p"] = now_p
        first = watched.first  # what has been selected since changes no number
        told = {"gap": stats.gap(p[:first], q[:first])}
        if look.final or self.moments % 2 == 0:
            few = stats.entropy_rows(watched.rows[:first], pair.target.m)
            self.entropy = stats.mean_entropy(pair.target, few) if self.entropy is None else self.entropy
            told |= {"entropy_p": self.entropy, "entropy_q": stats.mean_entropy(pair.learned, few)}
            of_points = stats.of_clusters if self.clusters else stats.of_map
            told |= of_points(look.embedding, self.labels)
        self.moments += 1
        fields = {"step": look.step, "loss": look.loss, "seconds": look.time - self.clock, "stats": told}
        return Packet(MOMENT, fields | ({"final": True} if look.final else {}), arrays)

    def _map(self, look: Look) -> dict[str, np.ndarray]:
        """Positions or, of a clustering, clusters and how sure they are."""
        if not self.clusters:
            return {"positions": on_plane(look.embedding, look.on_sphere, self.before)}
        mass = stats.softmax(look.embedding)
        return {
            "cluster": mass.argmax(1).astype(np.int32),
            "confidence": np.rint(255 * mass.max(1)).astype(np.uint8),
        }

    def _show(self, event: Event, observer: Observer, audience: Audience) -> None:
        """A frame: the map, and the bars of what is selected."""
        with observer.look(event, event.step + (observer.probe is not None)) as look:
            self._watch(look, observer)
            assert self.watched is not None
            chosen = np.flatnonzero(np.isin(self.watched.rows, self._asked()))
            arrays = self._map(look)
            if len(chosen):
                arrays["selected"] = chosen.astype(np.int32)
                arrays["q"] = self.watched.some(chosen).masses(look.pair.learned)
        fields = {"step": look.step, "loss": look.loss, "seconds": event.time - self.clock}
        audience(Packet(FRAME, fields, arrays))
