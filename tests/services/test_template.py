import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.services.template import (
    RenderError,
    TemplateError,
    compile_expression,
    compile_value,
    rendering,
)

BODY = {"items": [1, 2], "a": {"b": "x"}, "n": 3, "none": None, "yes": True}
SEEN = {"body": BODY, "session": {"id": "s-1", "vars": {"name": "Ann"}}, "turn": 2}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        (7, 7),
        (None, None),
        ("{{ turn }}", 2),
        ("{{ body.a }}", {"b": "x"}),
        ("{{ body.items }}", [1, 2]),
        ("{{ body.none }}", None),
        ("{{ body.yes }}", True),
        ("{{ 5 }}", 5),
        ("{{ 'a' }}", "a"),
        ("{{ none }}", None),
        ("{{ [turn, {'k': turn}] }}", [2, {"k": 2}]),
        (" {{ turn }}", " 2"),
        ("{{ turn }}{{ turn }}", "22"),
        ("Hello {{ session.vars.name }}!", "Hello Ann!"),
        ("{{ body.missing | default('none') }}", "none"),
        ("{{ body.missing is defined }}", False),
        ("{{ 'yes' if turn > 1 else 'no' }}", "yes"),
        ("{% if turn > 1 %}more{% else %}first{% endif %}", "more"),
        ("{% for i in body['items'] %}{{ loop.index }}:{{ i }} {% endfor %}", "1:1 2:2 "),
        ("{% for k, v in body.a.items() %}{{ k }}={{ v }}{% endfor %}", "b=x"),
        ("{% set x = turn * 2 %}{{ x }}", "4"),
        ("{# nothing #}", ""),
        ("line\n", "line\n"),
        ("{{ body | tojson }}!", '{"items":[1,2],"a":{"b":"x"},"n":3,"none":null,"yes":true}!'),
        ("{{ '%05.1f' | format(3.14159) }}", "003.1"),
        ("{{ '%s-%s' % ('a', 'b') }}", "a-b"),
        ("{{ 2.567 | round(1) }}", 2.6),
        ("{{ 2.5 | round }}", 2),
        ("{{ [3, 1, 2] | sort | join('-') }}", "1-2-3"),
        ("{{ ['a'] | map('upper') }}", ["A"]),
        ("{{ body['items'] | sum }}", 3),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ 'a-b'.split('-') }}", ["a", "b"]),
        ("{{ 'x' ~ turn ~ none }}", "x2None"),
        ({"a": ["{{ turn }}", {"b": "t{{ turn }}", "c": 1}]}, {"a": [2, {"b": "t2", "c": 1}]}),
        (("{{ turn }}",), [2]),
        ({"{{ turn }}": 1}, {"{{ turn }}": 1}),
    ],
)
def test_a_value_is_filled_in_and_keeps_its_type(value, expected):
    rendered = compile_value(value).render(SEEN)
    assert rendered == expected
    assert type(rendered) is type(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ sesion.id }}", "there is no variable `sesion`"),
        ("{{ sesion.id }}", "Did you mean `session`?"),
        ("{{ session.vars.nmae }}", "there is no `nmae` here; there is `name`"),
        ("{{ session.vars.nmae }}", "Did you mean `name`?"),
        ("Hi {{ body.a.zz }}", "there is no `zz` here; there is `b`"),
        ("{{ turn.x }}", "there is no `x` in a value of type int"),
        ("{{ [body.zz] }}", "there is no `zz`"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 1e308 * 10 }}", "inf, which is not a JSON value"),
        ("{{ range }}", "which is not a JSON value"),
        ("{{ {1: 2}[3] }}", "there is no `3` here"),
        ("{% for x in turn %}{% endfor %}", "not iterable"),
    ],
)
def test_what_cannot_be_rendered_says_why_and_where(text, message):
    with pytest.raises(RenderError, match=r"^`") as caught:
        compile_value({"deep": [text]}).render(SEEN)
    assert message in str(caught.value)
    assert " ".join(text.split()) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ x", "unexpected end of template"),
        ("{{ x. }}", "expected name or number"),
        ("{{ x | uper }}", "there is no filter `uper`. Did you mean `upper`?"),
        ("{% if x is defnd %}{% endif %}", "there is no test `defnd`. Did you mean `defined`?"),
        ("{% include 'x' %}", "`include` has no place here"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "`macro` has no place here"),
        ("{% for x in y recursive %}{{ loop(y) }}{% endfor %}", "recursive loops"),
        ("{% block b %}{% endblock %}", "`block` has no place here"),
        ("{% set x %}{% endset %}", "`assignblock` has no place here"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deeply"),
        ("{{ " + "-" * 50_000 + "1 }}", "nested too deeply"),
        ("{{ x }}" + " " * 100_000, "up to 100,000 characters"),
    ],
)
def test_what_is_no_template_is_refused_when_compiled(text, message):
    with pytest.raises(TemplateError) as caught:
        compile_value(text)
    assert message in str(caught.value)


def test_all_mistakes_are_found_with_their_places_and_lines():
    with pytest.raises(TemplateError) as caught:
        compile_value({"a": ["fine", "{{ x. }}"], "b": "one\n{{ +* }}"})
    assert [(each.where, each.line) for each in caught.value.mistakes] == [
        (("a", 1), 1),
        (("b",), 2),
    ]


def test_unknown_variables_are_mistakes_where_the_known_ones_are_given():
    with pytest.raises(TemplateError) as caught:
        compile_value({"a": "{{ sesion.id }}", "b": "{{ turn }}"}, ["session", "turn"])
    (mistake,) = caught.value.mistakes
    assert (mistake.where, mistake.given, mistake.allowed) == (
        ("a",),
        "sesion",
        ("session", "turn"),
    )


def test_names_are_the_variables_that_are_used():
    template = compile_value(["{{ a.b }}", "{% set c = 1 %}{{ c }}{{ range(d) }}", "{{ e|list }}"])
    assert template.names == {"a", "d", "e"}


# Each ends in an error of ours, soon, and without taking much memory.
HOSTILE = [
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [0] * 10**9 }}",
    "{{ [0, [1] * 999] * 9999 }}",
    "{{ 10 ** (10 ** 10) }}",
    "{{ 10 ** 10 ** 10 ** 10 ** 10 }}",
    "{{ 2 ** 100000 }}",
    "{{ 2 ** -100000 }}",
    "{% set x = 7 ** 1000 %}{{ x * x * x * x }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ ('%(a)s' * 100) % {'a': 'x' * 100000} }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ range(10**9) }}",
    "{{ range(10**9) | list }}",
    "{{ 3 | round(-10**9) }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ 'a'.zfill(10**9) }}",
    "{{ turn.to_bytes(10**9) }}",
    "{{ lipsum(n=10**6) }}",
    "{{ ('x' * 1000000) | replace('x', 'y' * 1000) }}",
    "{{ 'x' | replace('', 'y' * 1000000) }}",
    "{{ range(10000) | join('y' * 1000) }}",
    "{{ range(10000) | map('default', 'x') | join('y' * 1000) }}",
    "{{ range(10000) | map('format', 'x' * 1000000) | list }}",
    "{% set a = 'x' * 1000000 %}{{ a ~ a }}",
    "{% set a = 'x' * 1000000 %}{{ a + a }}",
    "{% set a = 'x' * 1000000 %}{{ a }}{{ a }}",
    "{% set a = [1, 1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "{% set a = {'k': 1} %}" + "{% set a = {'k': a, 'l': a} %}" * 40 + "{{ a }}",
    "{% set a = [1, 1] %}" + "{% set a = dict(k=a, l=a) %}" * 40 + "{{ a }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}{{ 'x' * 999 }}{% endfor %}",
    "{% for a in range(999) %}{% for b in range(999) %}{{ body == body }}{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}{% if 'y' in 'x' * 100000 %}{% endif %}{% endfor %}",
    "{% for a in range(9999) %}{{ '' if ('x' * 9999) | upper is lower }}{% endfor %}",
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ body.__class__.__mro__ }}",
    "{{ range.__globals__ }}",
    "{{ dict.fromkeys('ab') }}",
    "{{ [body] | map(attribute='a.__class__') | list }}",
    "{{ [''] | map(attribute='__class__') | list }}",
    "{{ body.update({}) }}",
    "{{ body.pop('n') }}",
    "{{ body['items'].append(1) }}",
    "{{ self }}",
    "{{ self.__init__ }}",
    "{{ loop }}",
    "{{ namespace }}",
    "{{ (range(10000) | list) * 100000 }}",
    "{% for x in body %}{{ loop }}{% endfor %}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_template_ends_in_an_error(text):
    body = {**BODY, "items": [1, 2]}
    began = time.process_time()
    with pytest.raises(RenderError):
        compile_value(text).render({"body": body, "turn": 2})
    assert time.process_time() - began < 20
    assert body == BODY


def test_what_a_request_holds_is_never_a_template():
    hostile = "{{ 1 / 0 }}{% for x in y %}"
    template = compile_value({"a": "{{ body.text }}", "b": "said: {{ body.text }}"})
    assert template.render({"body": {"text": hostile}}) == {"a": hostile, "b": f"said: {hostile}"}


def test_a_rendering_of_several_templates_has_one_bound():
    costly = compile_value("{% for x in range(9999) %}{% endfor %}")
    variables = {"turn": 1}
    for _ in range(30):
        costly.render(variables)

    def together() -> None:
        with rendering(variables):
            for _ in range(30):
                costly.render(variables)

    with pytest.raises(RenderError, match="more work than one may"):
        together()


def test_names_set_in_one_text_do_not_reach_the_next():
    template = compile_value(["{% set x = 1 %}{{ x }}", "{{ x is defined }}"])
    assert template.render({}) == ["1", False]


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("turn", 2, True),
        ("turn == 2", True, True),
        ("turn > 5", False, False),
        ("session.vars.name", "Ann", True),
        ("body['items']", [1, 2], True),
        ("body.none", None, False),
        ("-turn", -2, True),
        ("'{' ~ turn ~ '}'", "{2}", True),
    ],
)
def test_an_expression_has_a_native_value(text, value, holds):
    expression = compile_expression(text)
    assert expression.evaluate(SEEN) == value
    assert expression.holds(SEEN) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ turn }}", "without braces"),
        ("turn }}{{ turn", "without braces"),
        ("{% if x %}", "without braces"),
        ("turn ==", "unexpected 'the end'"),
        ("", "Expected an expression"),
        ("a b", "expected token"),
        ("a }} text", "is one expression"),
    ],
)
def test_what_is_no_expression_is_refused(text, message):
    with pytest.raises(TemplateError) as caught:
        compile_expression(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["missing", "body.zz", "not body.zz"])
def test_a_condition_over_a_missing_value_is_an_error(text):
    with pytest.raises(RenderError, match="there is no"):
        compile_expression(text).holds(SEEN)


WORDS = """
    {{ }} {% %} {# #} if for in endfor endif set = body turn . [ ] ( ) | join upper * ** % + ~ 'x'
    1 9 range( dict( , : loop else not and == - is defined items() {
"""
FRAGMENTS = st.sampled_from([*WORDS.split(), "\n"])


def outcome(run):
    try:
        return run()
    except (TemplateError, RenderError) as error:
        return str(error)


@settings(deadline=None, max_examples=300)
@given(st.lists(FRAGMENTS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_renders_or_ends_in_an_error_of_ours(text):
    assert outcome(lambda: compile_value(f"{text}.").render(SEEN))


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60))
def test_any_expression_has_a_value_or_ends_in_an_error_of_ours(text):
    first = outcome(lambda: compile_expression(text).evaluate(SEEN))
    assert outcome(lambda: compile_expression(text).evaluate(SEEN)) == first


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON)
def test_a_value_passes_through_a_template_unchanged(value):
    assert compile_value("{{ body }}").render({"body": value}) == value
    assert compile_value({"a": ["{{ body.v }}"]}).render({"body": {"v": value}}) == {"a": [value]}


def test_jinja_is_imported_with_the_first_template_only():
    code = (
        "import sys, evalkit.services, evalkit.services.template as t;"
        "t.compile_value({'a': ['plain']}).render({});"
        "assert 'jinja2' not in sys.modules;"
        "t.compile_value('{{ x }}');"
        "assert 'jinja2' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
