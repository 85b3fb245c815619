"""The deterministic simulation: the real ledger, dispatchers and adapter in worlds that go wrong.

A seed draws a world and everything that happens in it, so seed and code tell one story:

    from simulation.run import simulate

    simulate(7).story
"""
