"""Several scripts behind one service, told apart by what a request holds."""

import pytest

from evalkit.errors import SuiteError
from evalkit.services import load_service
from evalkit.suite.model import ServiceUse
from tests.services.asking import ask, request, value

KEY = {"Authorization": "Bearer k"}
ROUTER = "rules: [{when: {text: refund}, reply: {text: to refunds}}]"
MAIN = "rules: [{when: {}, reply: {text: main}}]"
TOOL = {"type": "function", "function": {"name": "f"}}


@pytest.fixture
def service(tmp_path):
    (tmp_path / "router.yaml").write_text(ROUTER)
    (tmp_path / "main.yaml").write_text(MAIN)
    (tmp_path / "service.yaml").write_text("service: openai")
    use = ServiceUse(
        use="service.yaml",
        scripts=[
            {"use": "router.yaml", "system": "^You route"},
            {"use": "auto", "header": {"x-agent": "^planner$"}},
            {"use": "main.yaml", "model": "gpt-*"},
        ],
    )
    return load_service("llm", use, tmp_path).fresh()


def asking(text="refund", *, system=None, model="gpt-4o", headers=(), **more):
    messages = [{"role": "user", "content": text}]
    messages = [{"role": "system", "content": system}, *messages] if system else messages
    return {"model": model, "messages": messages, **more}, {**KEY, **dict(headers)}


@pytest.mark.parametrize(
    ("asked", "route", "text"),
    [
        (asking(system="You route."), "router.yaml rules[0]", "to refunds"),
        (asking(headers={"X-Agent": "planner"}), "auto auto", "Done."),
        (asking(headers={"X-Agent": "planners"}), "main.yaml rules[0]", "main"),
        (asking(), "main.yaml rules[0]", "main"),
    ],
)
def test_the_first_script_that_fits_answers(service, asked, route, text):
    body, headers = asked
    reply = ask(service, "POST", "/v1/chat/completions", body, headers=headers)
    assert (reply.route, value(reply)["choices"][0]["message"]["content"]) == (route, text)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (
            asking("hello", system="You route."),
            "router.yaml: no rule of the script fits the request; the nearest is rules[0], which "
            "wants `text: refund` where there is `hello`",
        ),
        (
            asking(model="other"),
            "no script is for the request: router.yaml wants `system: ^You route` where there is "
            "``; auto wants `header: {x-agent: ^planner$}` where there is `no header x-agent`; "
            "main.yaml wants `model: gpt-*` where there is `other`",
        ),
    ],
)
def test_a_request_that_nothing_answers_is_told_with_its_reasons(service, asked, complaint):
    body, headers = asked
    reply = ask(service, "POST", "/v1/chat/completions", body, headers=headers)
    assert (reply.status, reply.complaint) == (400, complaint)


def test_what_was_tried_can_be_explained(service):
    body, headers = asking("hello", system="You route.")
    (tried,) = service.explain(request("POST", "/v1/chat/completions", body, headers=headers))
    assert (tried.name, tried.differs) == (
        "router.yaml rules[0]",
        "`text: refund` where there is `hello`",
    )
    body, headers = asking(headers={"x-agent": "planner"})
    (tried,) = service.explain(request("POST", "/v1/chat/completions", body, headers=headers))
    assert (tried.name, tried.differs) == ("auto auto", None)
    assert service.explain(request("GET", "/v1/models")) == ()
    assert service.explain(request("POST", "/v1/chat/completions", b"{")) == ()


def test_all_mistakes_of_all_scripts_are_told(tmp_path):
    (tmp_path / "service.yaml").write_text("service: openai\ncontext: 12kB")
    (tmp_path / "a.yaml").write_text("rules: []")
    use = ServiceUse(use="service.yaml", scripts=[{"use": "a.yaml"}, {"use": "b.yaml"}])
    with pytest.raises(SuiteError) as caught:
        load_service("llm", use, tmp_path)
    named = sorted(each.file.rpartition("/")[2] for each in caught.value.problems)
    assert named == ["a.yaml", "b.yaml", "service.yaml"]


def test_a_script_and_scripts_are_one_too_many():
    with pytest.raises(ValueError, match="not both"):
        ServiceUse(use="x", script="a", scripts=[{"use": "b"}])
