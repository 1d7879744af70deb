"""What the models of these tests say, as rules of scripts."""

from __future__ import annotations

_CALLS = """\
      calls:
        - {name: get_order, arguments: {id: "{{ session.vars.order }}"}}
        - {name: get_order, arguments: {id: 18}}
"""
_ASKED = """\
  - when: {last: user, text: order, offers: get_order}
    reply:
"""
RULES = {
    "answers": """\
  - when: {tool: get_order}
    reply: {text: "Order {{ result.id }} is {{ result.state }}."}
""",
    "looks": f"{_ASKED}{_CALLS}",
    "says that it looks": f"{_ASKED}      text: I look.\n{_CALLS}",
    "refuses": """\
  - when: {last: user, text: forbidden}
    reply: {refusal: "I can't help with that."}
""",
    "is filtered": """\
  - when: {last: user, text: filtered}
    reply: {text: "", finish: content_filter}
""",
    "labels": """\
  - when: {last: user, format: Label}
    reply: {json: {label: refund, score: 0.5}}
""",
    "thinks": """\
  - when: {last: user, text: think}
    reply: {reasoning: "Let me see about it.", text: "Done."}
""",
    "remembers": """\
  - when: {last: user, text: cached}
    reply: {text: hi, usage: {input: 100, output: 9, cached: 60, reasoning: 4}}
""",
    "breaks": """\
  - when: {last: user, text: broken}
    reply: {text: "{{ session.vars.missing }}"}
""",
    "sees": """\
  - when: {last: user, images: true}
    reply: {text: "A picture."}
""",
    "is polite": """\
  - when: {last: user, system: polite}
    reply: {text: "Good day, {{ session.vars.name }}. How are you?"}
""",
}


def script_of(*rules: str) -> str:
    """A script of these rules, in their order: by their names, or as they are written."""
    return "\nrules:\n" + "".join(RULES.get(each, each) for each in rules)
