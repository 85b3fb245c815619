"""What may go wrong with one call: how often and when it is executed, and what is answered.

The two are told apart, so that every combination can be made: an answer can be lost of a call
that was executed, was not, was executed twice, or will only be executed later.
"""

import random
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from refund_adapters.sandbox.refusals import DATABASE_ERROR, INJECTED, Refusal, SandboxError


class Execution(StrEnum):
    """How often the call is carried out."""

    NEVER = "never"
    ONCE = "once"
    TWICE = "twice"
    """Twice inside the server, past its own check of duplicates; the first answer counts."""
    REPLAYED = "replayed"
    """Something on the way sends it again; the second answer counts."""


class Answer(StrEnum):
    """What comes back."""

    OWN = "own"
    LOST = "lost"
    HTML_500 = "html_500"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNAVAILABLE = "unavailable"
    REFUSAL = "refusal"
    TRUNCATED = "truncated"
    CUT = "cut"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    EMPTY = "empty"


OWN_ANSWERS = {Answer.OWN, Answer.TRUNCATED, Answer.CUT, Answer.WRONG_CONTENT_TYPE}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; the seconds are spent before the execution and between it and the answer.

    A client that gives up during the first does not stop the execution.
    """

    name: str
    execution: Execution = Execution.ONCE
    answer: Answer = Answer.OWN
    before: float = 0.0
    after: float = 0.0
    refusal: Refusal = INJECTED

    def __post_init__(self) -> None:
        if self.execution is Execution.NEVER and self.answer in OWN_ANSWERS:
            raise SandboxError(f"{self.name}: what is never executed has no answer of its own")
        if self.before < 0 or self.after < 0:
            raise SandboxError(f"{self.name}: time does not run backwards")


DROPPED_BEFORE = Fault("dropped_before", Execution.NEVER, Answer.LOST)
ANSWER_LOST = Fault("answer_lost", Execution.ONCE, Answer.LOST)
HTML_500_BEFORE = Fault("html_500_before", Execution.NEVER, Answer.HTML_500)
HTML_500_AFTER = Fault("html_500_after", Execution.ONCE, Answer.HTML_500)
TOO_MANY_REQUESTS = Fault("too_many_requests", Execution.NEVER, Answer.TOO_MANY_REQUESTS)
UNAVAILABLE = Fault("unavailable", Execution.NEVER, Answer.UNAVAILABLE)
UNAVAILABLE_AFTER = Fault("unavailable_after", Execution.ONCE, Answer.UNAVAILABLE)
REFUSED = Fault("refused", Execution.NEVER, Answer.REFUSAL)
DATABASE_FAILED = Fault("database_failed", Execution.NEVER, Answer.REFUSAL, refusal=DATABASE_ERROR)
DATABASE_FAILED_AFTER = Fault(
    "database_failed_after", Execution.ONCE, Answer.REFUSAL, refusal=DATABASE_ERROR
)
TRUNCATED = Fault("truncated", Execution.ONCE, Answer.TRUNCATED)
CUT = Fault("cut", Execution.ONCE, Answer.CUT)
WRONG_CONTENT_TYPE = Fault("wrong_content_type", Execution.ONCE, Answer.WRONG_CONTENT_TYPE)
EMPTY_ANSWER = Fault("empty_answer", Execution.ONCE, Answer.EMPTY)
EXECUTED_TWICE = Fault("executed_twice", Execution.TWICE)
REPLAYED = Fault("replayed", Execution.REPLAYED)

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        DROPPED_BEFORE,
        ANSWER_LOST,
        HTML_500_BEFORE,
        HTML_500_AFTER,
        TOO_MANY_REQUESTS,
        UNAVAILABLE,
        UNAVAILABLE_AFTER,
        REFUSED,
        DATABASE_FAILED,
        DATABASE_FAILED_AFTER,
        TRUNCATED,
        CUT,
        WRONG_CONTENT_TYPE,
        EMPTY_ANSWER,
        EXECUTED_TWICE,
        REPLAYED,
    )
}
"""Every fault that needs no number of seconds; see also `slow_before` and `slow_after`."""


def slow_before(seconds: float, answer: Answer = Answer.OWN) -> Fault:
    """Make a call that is executed late, whether or not anybody still waits for it."""
    return Fault("slow_before", Execution.ONCE, answer, before=seconds)


def slow_after(seconds: float, answer: Answer = Answer.OWN) -> Fault:
    """Make a call that is executed at once and answered late."""
    return Fault("slow_after", Execution.ONCE, answer, after=seconds)


@dataclass(slots=True)
class FaultPlan:
    """Which calls go wrong: those scripted, in order for each method, and others by chance.

    `chances` is drawn from `rng`, once for each call of `methods` (all, if none are named). While
    `outage` is set every call meets it, and neither script nor chance moves on.
    """

    rng: random.Random | None = None
    chances: Mapping[Fault, float] = field(default_factory=dict)
    methods: Collection[str] = ()
    outage: Fault | None = None
    mix: Counter[str] = field(default_factory=Counter)
    _scripts: dict[str, deque[Fault | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.chances and self.rng is None:
            raise SandboxError("faults by chance need a seeded rng")
        if any(chance < 0 for chance in self.chances.values()) or sum(self.chances.values()) > 1:
            raise SandboxError("chances are between 0 and 1, and so is their sum")

    def script(self, method: str, *faults: Fault | None) -> None:
        """Say what happens to the next calls of a method; None is a call that goes well."""
        self._scripts.setdefault(method, deque()).extend(faults)

    def draw(self, method: str) -> Fault | None:
        """Say what happens to this call."""
        fault = self._drawn(method)
        self.mix[fault.name if fault else "none"] += 1
        return fault

    def _drawn(self, method: str) -> Fault | None:
        if self.outage is not None:
            return self.outage
        scripted = self._scripts.get(method)
        if scripted:
            return scripted.popleft()
        if self.rng is None or (self.methods and method not in self.methods):
            return None
        point = self.rng.random()
        for fault, chance in self.chances.items():
            if point < chance:
                return fault
            point -= chance
        return None
