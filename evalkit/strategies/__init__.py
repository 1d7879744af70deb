"""Hypothesis strategies: what can go wrong with services, and what is said to an agent.

@given(plan=strategies.fault_plans({"crm": "mocks/crm.yaml"}))
def test_the_agent_never_lies(plan):
    with evalkit.testing.world({"crm": "mocks/crm.yaml"}, faults=plan) as world:
        world.run(world.turn(agent, "Where is my refund?"))
        assert world.findings() == ()

Time in a world is virtual, so an example with a minute of backoff costs milliseconds. What is drawn
is plain data, as a suite has it: a failing example can be pasted into one. It shrinks towards no
faults, then one, then a status of 503.
"""

from evalkit.strategies.injections import injections
from evalkit.strategies.payloads import inputs, payloads, sessions
from evalkit.strategies.rules import fault_plans, fault_rules

__all__ = ["fault_plans", "fault_rules", "injections", "inputs", "payloads", "sessions"]
