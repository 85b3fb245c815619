"""The circuit opens after failures in a row, probes ever less often, and closes by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from refund_adapters.dispatch.circuit import Circuit

WEEK = 7 * 24 * 3600.0


@dataclass
class System:
    """A system that answers or not, and counts how often it is asked."""

    is_there: bool = False
    asked_at: list[float] = field(default_factory=list)
    now: float = 0.0

    def ask(self) -> bool:
        """Answer a probe."""
        self.asked_at.append(self.now)
        return self.is_there

    def clock(self) -> float:
        """Say the time."""
        return self.now

    def circuit(self, jitter: float = 1.0) -> Circuit:
        """A circuit over this system."""
        return Circuit(self.clock, lambda: jitter)


def fail(circuit: Circuit) -> None:
    """Let as many calls fail as open it."""
    for _ in range(circuit.threshold):
        assert not circuit.is_open
        circuit.failed()


def opened(system: System) -> Circuit:
    """A circuit that has just opened."""
    circuit = system.circuit()
    fail(circuit)
    return circuit


def pausing(system: System) -> Circuit:
    """A circuit that has opened and whose first probe, which goes out at once, was not answered."""
    circuit = opened(system)
    assert not circuit.probe(lambda: False)
    return circuit


def test_a_few_failures_keep_it_closed_and_an_answer_forgets_them() -> None:
    circuit = System().circuit()

    for _ in range(5):
        circuit.failed()
        circuit.failed()
        circuit.answered()

    assert not circuit.is_open
    assert circuit.waits == 0.0


def test_while_it_is_closed_nobody_probes() -> None:
    system = System()

    assert system.circuit().probe(system.ask)
    assert system.asked_at == []


def test_the_first_probe_goes_out_at_once_and_one_that_is_answered_closes_it() -> None:
    system = System(is_there=True)
    circuit = opened(system)

    assert (circuit.is_open, circuit.waits) == (True, 0.0)
    assert circuit.probe(system.ask)

    assert system.asked_at == [0.0]
    assert not circuit.is_open


def test_only_an_answered_call_gives_another_probe_at_once() -> None:
    system = System(is_there=True)
    circuit = opened(system)
    circuit.probe(system.ask)
    circuit.answered()
    fail(circuit)
    assert circuit.waits == 0.0

    circuit.probe(system.ask)
    fail(circuit)

    assert circuit.waits == 2.0


def test_while_it_is_open_nothing_goes_out_before_the_pause_is_over() -> None:
    system = System(is_there=True)
    circuit = pausing(system)

    assert circuit.is_open
    assert circuit.waits == 2.0
    assert not circuit.probe(system.ask)
    assert system.asked_at == []

    system.now = 2.0
    assert circuit.probe(system.ask)
    assert not circuit.is_open


def test_pauses_double_up_to_a_limit_while_nobody_answers() -> None:
    system = System()
    circuit = pausing(system)
    pauses = []

    for _ in range(10):
        pauses.append(circuit.waits)
        system.now += circuit.waits
        assert not circuit.probe(system.ask)

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_what_was_under_way_when_it_opened_makes_no_pause_longer() -> None:
    system = System()
    circuit = opened(system)
    late = pausing(system)

    for _ in range(30):
        circuit.failed()
        late.failed()

    assert circuit.waits == 0.0
    assert late.waits == 2.0


def test_a_system_that_answers_probes_and_no_calls_is_left_alone_ever_longer() -> None:
    system = System(is_there=True)
    circuit = opened(system)
    pauses = []

    for _ in range(6):
        pauses.append(circuit.waits)
        system.now += circuit.waits
        assert circuit.probe(system.ask)
        fail(circuit)

    assert pauses == [0, 2, 4, 8, 16, 32]
    circuit.answered()
    assert not circuit.is_open


def test_an_answered_call_makes_the_pauses_short_again() -> None:
    system = System(is_there=True)
    circuit = opened(system)
    for _ in range(4):
        system.now += circuit.waits
        circuit.probe(lambda: False)
    system.now += circuit.waits
    circuit.probe(system.ask)

    circuit.answered()
    fail(circuit)
    assert not circuit.probe(lambda: False)

    assert circuit.waits == 2.0


def test_only_a_circuit_that_opened_again_stays_open() -> None:
    system = System()
    circuit = pausing(system)
    assert (circuit.is_open, circuit.stays_open) == (True, False)

    system.now = circuit.waits
    circuit.probe(system.ask)

    assert circuit.stays_open
    circuit.answered()
    assert not circuit.stays_open


def test_jitter_never_makes_a_pause_shorter_than_its_half() -> None:
    for jitter, pause in ((0.0, 1.0), (0.5, 1.5), (1.0, 2.0)):
        circuit = System().circuit(jitter)
        fail(circuit)
        circuit.probe(lambda: False)
        assert circuit.waits == pause


def test_a_week_of_outage_costs_fewer_than_one_probe_a_minute() -> None:
    system = System()
    circuit = system.circuit(jitter=0.0)
    for _ in range(3):
        circuit.failed()

    while system.now < WEEK:
        system.now += circuit.waits
        circuit.probe(system.ask)

    assert len(system.asked_at) < WEEK / 60
    system.is_there = True
    system.now += circuit.waits
    assert circuit.probe(system.ask)


def test_a_closed_circuit_waits_for_nothing() -> None:
    system = System()
    circuit = pausing(system)
    assert circuit.waits == 2.0

    circuit.answered()
    assert circuit.waits == 0.0


def test_an_answered_read_closes_it_and_leaves_the_pauses_long() -> None:
    system = System(is_there=True)
    circuit = opened(system)
    pauses = []

    for _ in range(4):
        pauses.append(circuit.waits)
        system.now += circuit.waits
        circuit.was_read()
        assert not circuit.is_open
        fail(circuit)

    assert pauses == [0, 2, 4, 8]


def test_one_that_is_about_to_open_says_so() -> None:
    circuit = System().circuit()
    foretold: list[bool] = []
    for _ in range(circuit.threshold):
        foretold.append(circuit.opens_next)
        circuit.failed()
    assert foretold == [False, False, True]
    assert circuit.is_open
    assert circuit.opens_next
    circuit.answered()
    assert not circuit.opens_next
