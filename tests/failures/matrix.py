"""Every call of a flow made to fail in every way, and what must be true however it failed."""

from __future__ import annotations

import copy
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from audit.queries import verify_chain
from audit.services.tokens import RECONNECT_KIND
from calendars.services import sync
from tests.failures.faults import CANARY, LABELS, Fault, chosen_faults
from tests.failures.scene import Scene, Seen, State

if TYPE_CHECKING:
    from tests.failures.flows import Flow
    from tests.failures.scene import Ear

# The same call in a loop: its first ones stand for the others.
MOST_OF_A_KIND = 2
# What a refusal ends with: something that can be done.
WAYS_ON = re.compile(
    r"(Try again|Connect|Reconnect|Ask|Look at|Save it again|Save again|Create it again|"
    r"Choose|Press|Delete it again|Remove Meridian|Book|tried again|Tell your administrator|"
    r"Connections|follow)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cell:
    """One call that failed in one way, and what came of it."""

    call: str
    nth: int
    fault: str
    seen: Seen
    system: str


@dataclass
class Matrix:
    """A flow at one provider: its calls, its cells, and what was wrong with them."""

    flow: str
    provider: str
    calls: list[str]
    cells: list[Cell] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def record(scene: Scene, flow: Flow, ear: Ear) -> Matrix:
    """Try the flow once as it should be, then with each of its calls failing in each way."""
    flow.ready(scene)
    grants = copy.deepcopy(scene.sandbox.store._kinds.get("grant", {}))
    with scene.tried():
        seen, calls = _watched(scene, flow)
        assert seen.done, (flow.name, seen)
        expected = _in_the_end(scene, flow, grants)
    matrix = Matrix(flow.name, scene.provider, calls)
    counted: Counter[str] = Counter()
    repeated: set[tuple[Any, ...]] = set()
    for call in calls:
        nth = counted[call]
        counted[call] += 1
        if nth >= MOST_OF_A_KIND or (flow.calls and not re.fullmatch(flow.calls, call)):
            continue
        for fault in chosen_faults(call):
            if fault.withdrawn and (nth or call != calls[0]):
                continue
            with scene.tried():
                trial = _Trial(scene, flow, ear, call, nth, fault)
                cell = trial.run()
                matrix.cells.append(cell)
                # What left the same behind ends the same.
                outcome = (cell.system, trial.after.account, trial.after.failed, fault.lasts)
                left = (call, nth, cell.seen.done, *outcome, fault.may_have_acted)
                if left not in repeated:
                    repeated.add(left)
                    trial.repeat(grants, expected)
            matrix.problems += trial.problems
    return matrix


def _watched(scene: Scene, flow: Flow) -> tuple[Seen, list[str]]:
    before = len(scene.sandbox.store.log)
    seen = flow.act(scene)
    made = [call["operation"] for call in list(scene.sandbox.store.log)[before:]]
    return seen, [one for one in made if not one.endswith(".authorize")]


def _in_the_end(scene: Scene, flow: Flow, grants: Any) -> State:
    """The state when everybody is done, and the copy was brought up to date."""
    scene.deliver()
    scene.recover(grants)
    row = scene.connection
    if row is not None and type(row).objects.filter(pk=row.pk).exists():
        row.refresh_from_db()
        sync.sync_connection(connection=row, actor=scene.actor, now=timezone.now(), anew=True)
    if scene.zoom is not None:
        scene.look_after_rooms()
    return scene.state()


class _Trial:
    def __init__(
        self, scene: Scene, flow: Flow, ear: Ear, call: str, nth: int, fault: Fault
    ) -> None:
        self.scene, self.flow, self.ear = scene, flow, ear
        self.call, self.nth, self.fault = call, nth, fault
        self.problems: list[str] = []
        self.name = f"{flow.name} · {scene.provider} · {call}[{nth}] · {fault.name}"

    def check(self, holds: bool, what: str) -> None:
        if not holds:
            self.problems.append(f"{self.name}: {what}")

    def run(self) -> Cell:
        scene, fault = self.scene, self.fault
        self._set()
        self.before = scene.state()
        del self.ear.lines[:]
        self.seen = self.flow.act(scene)
        self.after = scene.state()
        scene.sandbox.store.clear_faults()
        self._look()
        return Cell(self.call, self.nth, fault.name, _named(self.seen, scene), _system(self, scene))

    def _set(self) -> None:
        store, fault = self.scene.sandbox.store, self.fault
        how = dict(fault.how)
        if fault.withdrawn:
            # Before that call no request was allowed to notice.
            side = self.call.partition(".")[0]
            store.add_fault(f"{side}.token", status=400, reason="invalid_grant", count=None)
            store.add_fault(self.call, status=401, skip=self.nth, count=None)
            return
        store.add_fault(self.call, **how, skip=self.nth, count=None if fault.lasts else 1)

    def _look(self) -> None:
        """What must be true at once."""
        seen, before, after = self.seen, self.before, self.after
        tokens = _tokens(self.scene)
        words = [*self.ear.lines, seen.body, seen.words, *after.failed,
                 *(str(row) for row in after.outbox)]  # fmt: skip
        row = self.scene.connection
        if row is not None and after.account not in {"none", "disconnected"}:
            row.refresh_from_db()
            words.append(row.last_error)
        for text in words:
            self.check(CANARY not in text, "shows what the provider sent")
            self.check(not any(token in text for token in tokens), "shows a token")
        if self.flow.is_page:
            is_json = seen.body.startswith("{")
            by_design = seen.status == 503 and ("/book/" in seen.body or is_json)
            self.check(seen.status < 500 or by_design, f"answers {seen.status}")
        if not seen.done:
            self.check(bool(seen.words), "says nothing")
            self.check(bool(WAYS_ON.search(seen.words)), f"shows no way on: {seen.words}")
            sentences = re.findall(r"[.!?](?:\s|$)", seen.words)
            self.check(len(sentences) >= 2, f"leaves something out: {seen.words}")
        if self._is_gone() or after.account == "disconnected":
            self._look_at_log()
            return
        # Nothing that stands at the provider is missing from the copy that had it.
        still_there = {(e[0]) for e in after.events}
        for event in before.copy:
            gone = event not in after.copy and not any(e[0] == event[0] for e in after.copy)
            self.check(not gone or event[0] not in still_there, f"the copy lost {event[0]}")
        self._look_at_log()
        if self.fault.wait and after.paused_until is not None:
            asked = timezone.now() + timedelta(seconds=self.fault.wait)
            self.check(after.paused_until >= asked, "does not wait as long as it was asked to")
        for kind, state, due_at, _ in after.outbox:
            is_new = (kind, state) not in {(one[0], one[1]) for one in before.outbox}
            if self.fault.wait and is_new and state == "pending" and kind == _delivers(self.flow):
                asked = timezone.now() + timedelta(seconds=self.fault.wait)
                self.check(due_at >= asked, f"tries {kind} before it was asked to")

    def _is_gone(self) -> bool:
        """An answer that an event is gone is believed, until it is listed again."""
        return self.fault.name.startswith(("404", "410"))

    def _look_at_log(self) -> None:
        new = self.after.log[len(self.before.log) :]
        renewals = sum(1 for reason, _ in new if reason == "token.refresh")
        self.check(renewals <= 2, "renews over and over")
        if self.fault.name.startswith("401") and not self.call.endswith((".token", ".revoke")):
            self.check(renewals >= 1 or not new, "did not try another token")
        report = verify_chain(self.scene.owner.workspace.pk)
        self.check(report.is_whole, "the log is not whole")

    def repeat(self, grants: Any, expected: State) -> None:
        """The provider is well and the same is done once more: then all is as it should be."""
        scene = self.scene
        if self.after.account != "disconnected":
            scene.recover(grants)
            if scene.connection is not None:
                scene.connection.refresh_from_db()
            again = self.flow.act(scene)
            if self.flow.is_page:
                self.check(again.status < 500, f"answers {again.status} to the second try")
        end = _in_the_end(scene, self.flow, grants)
        if self._is_gone() and self.seen.done:
            # The provider said that the former series was gone.
            return
        if list(end.events) == scene.kept.get("undone"):
            # Refused for good, and taken back whole.
            return
        for what in ("events", "copy"):
            found, wanted = getattr(end, what), getattr(expected, what)
            self.check(found == wanted, f"ends with other {what}: {_difference(found, wanted)}")
        self.check(end.meetings == expected.meetings, f"ends with {end.meetings} meetings")
        self.check(end.rooms == expected.rooms, f"ends with {end.rooms} Zoom meetings")
        self.check(end.gone == 0, "leaves a calendar for gone")
        self.check(end.account == expected.account, f"ends {end.account}")


def _difference(found: tuple[Any, ...], wanted: tuple[Any, ...]) -> str:
    more = Counter(found) - Counter(wanted)
    less = Counter(wanted) - Counter(found)
    return f"too much {list(more.elements())}, missing {list(less.elements())}"


def _tokens(scene: Scene) -> list[str]:
    """Whatever opens an account, as the provider holds it."""
    store = scene.sandbox.store
    held = [*store._kinds.get("access", {}), *store._kinds.get("refresh", {})]
    for grant in store._kinds.get("grant", {}).values():
        held += [value for key, value in grant.items() if "token" in key and isinstance(value, str)]
    return [one for one in held if len(one) > 12]


def _delivers(flow: Flow) -> str:
    return {
        "Waiting for a link": "calendars.settle_conference",
        "Finding a Zoom meeting whose answer was lost": "calendars.make_zoom_link",
        "Finishing a parted series": "calendars.finish_split",
        "Making a meeting's event": "booking.calendar_event",
    }.get(flow.name, "")


def _named(seen: Seen, scene: Scene) -> Seen:
    """The words with names in place of this scene's, so that providers can be compared."""
    words = seen.words
    for label in (LABELS[scene.provider], "Google", "Microsoft"):
        words = words.replace(label, "{provider}")
    words = re.sub(r"\S+@\S+\.example", "{account}", words)
    return Seen(seen.status, words, seen.done)


def _system(trial: _Trial, scene: Scene) -> str:
    """What Meridian did, in a few words each."""
    before, after = trial.before, trial.after
    told = []
    new = after.log[len(before.log) :]
    if any(reason == "token.refresh" for reason, _ in new) and "Renewing" not in trial.flow.name:
        told.append("token renewed")
    if after.account == "reconnect_needed":
        kinds = [row[0] for row in after.outbox]
        assert RECONNECT_KIND in kinds
        told.append("account marked to be connected again, its owner told once")
    elif after.account == "disconnected":
        told.append("tokens and copy erased")
    if after.gone > before.gone:
        told.append("calendar marked as gone")
    if after.paused_until and after.paused_until != before.paused_until:
        wait = after.paused_until - timezone.now()
        told.append(f"left alone for {_about(wait, scene)}")
    told += _deliveries(trial)
    if not trial.flow.reads and after.account not in {"none", "disconnected"}:
        there = after.events != before.events
        here = after.copy != before.copy
        told.append(
            "done, copy too" if there and here else
            "done at the provider, the copy follows" if there else
            "nothing changed"
        )  # fmt: skip
    elif after.copy != before.copy:
        told.append("copy brought up to date")
    elif trial.flow.reads and "opy" in trial.flow.name:
        told.append("copy as before")
    if after.meetings > before.meetings:
        told.append("meeting and hold kept")
    return "; ".join(told) or "nothing more"


def _about(wait: timedelta, scene: Scene) -> str:
    """Each calendar waits up to ten seconds longer than asked, its own while."""
    own = timedelta(seconds=scene.calendar.pk.int % 10)
    return _length(wait - own)


def _length(wait: timedelta) -> str:
    # Outboxes add less than a second, at random.
    seconds = int(wait.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def _deliveries(trial: _Trial) -> list[str]:
    """What became of the message that a worker had."""
    told = []
    for kind, state, due_at, _ in trial.after.outbox:
        if kind != _delivers(trial.flow):
            continue
        if state == "failed":
            told.append("given up, shown to the owner")
        elif state == "pending":
            wait = due_at - timezone.now()
            near = wait < timedelta(seconds=4)
            told.append(f"tried again in {'some seconds' if near else _length(wait)}")
    return told
