"""The compose file and the Kubernetes manifests: whether they hold together. What nothing here can
check is printed.
"""

from __future__ import annotations

import argparse
import copy
import json
import shlex
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import evalkit.load
from evalkit.cli.load_options import add_options

FOLDER = Path(evalkit.load.__file__).with_name("deploy")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")))
PARTS = {"agent", "mocks", "master", "worker", "prometheus"}
WORKLOADS = [each for each in MANIFESTS if each["kind"] in ("Deployment", "Job")]


def test_the_compose_file_is_one_by_the_schema_of_compose() -> None:
    vendor = pytest.importorskip("check_jsonschema.builtin_schemas.vendor")
    schema = json.loads((resources.files(vendor) / "compose-spec.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)
    print("unverified: that the images can be had, and that Docker runs them")


def test_all_parts_are_there_and_start_after_what_they_need() -> None:
    services = COMPOSE["services"]
    assert set(services) == PARTS
    assert {
        each for service in services.values() for each in service.get("depends_on", ())
    } <= PARTS
    assert COMPOSE["networks"]["tested"] == {"internal": True}
    assert services["agent"]["networks"] == ["tested"]
    listened = {
        each.rpartition(":")[0].rpartition(":")[0]
        for s in services.values()
        for each in s.get("ports", ())
    }
    assert listened == {"127.0.0.1"}
    assert set(COMPOSE["configs"]) == {each["source"] for each in services["prometheus"]["configs"]}


def _commands() -> Iterator[list[str]]:
    """The command lines of evalkit, as the containers have them."""
    for service in COMPOSE["services"].values():
        if isinstance(command := service.get("command"), str):
            yield shlex.split(command.replace("${SUITE:?the suite file}", "shop.eval.yaml"))
    for container in (each for pod in WORKLOADS for each in _pod(pod)["containers"]):
        words = [*container.get("command", ()), *container.get("args", ())]
        if words[:1] == ["evalkit"]:
            yield [each.replace("$(SUITE)", "shop.eval.yaml") for each in words]


def _pod(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def test_evalkit_knows_the_options_that_it_is_given() -> None:
    commands = list(_commands())
    assert len(commands) == 4
    for command in commands:
        parser = argparse.ArgumentParser(exit_on_error=False)
        add_options(parser)
        found = parser.parse_args(command[2:])
        assert found.desk == ("0.0.0.0", 8100) if found.worker is None else ("master", 5557)


def test_locust_knows_the_options_that_it_is_given() -> None:
    known = {
        *("-f", "--master", "--desk", "--autostart", "--autoquit", "--web-host", "--web-port"),
        *("--expect-workers", "--users", "--spawn-rate", "--run-time", "--stop-timeout"),
    }
    texts = [COMPOSE["services"]["master"]["command"][-1]]
    texts += [_pod(each)["containers"][0]["args"][0] for each in _named("Job", "master")]
    for text in texts:
        words = [each for each in shlex.split(text) if each.startswith("-")]
        assert set(words) <= known
    print("unverified: Locust's options by Locust itself, which patches whatever imports it")


def _named(kind: str, name: str) -> list[dict[str, Any]]:
    return [e for e in MANIFESTS if e["kind"] == kind and e["metadata"]["name"] == name]


def _by_kubernetes(manifest: Mapping[str, Any], version: str) -> None:
    """Check a manifest by the schemas of a version of Kubernetes, which know no other fields."""
    pytest.importorskip("kubernetes_validate").validate(manifest, version, strict=True)


@pytest.mark.parametrize("which", [0, -1], ids=["the oldest known", "the newest known"])
def test_the_manifests_are_ones_by_the_schemas_of_kubernetes(which: int) -> None:
    known = pytest.importorskip("kubernetes_validate.utils").all_versions()
    assert len(MANIFESTS) >= len(PARTS) * 2
    for each in MANIFESTS:
        _by_kubernetes(each, known[which])
    print(f"verified by the schemas of Kubernetes {known[which]}; unverified: that a cluster runs")
    print("them, that the images can be had, and that its network keeps to NetworkPolicy")


def test_the_schemas_of_kubernetes_know_a_mistake() -> None:
    known = pytest.importorskip("kubernetes_validate.utils").all_versions()
    (wrong,) = copy.deepcopy(_named("Deployment", "agent"))
    wrong["spec"]["template"]["spec"]["containers"][0]["ports"][0]["port"] = 8000
    with pytest.raises(jsonschema.ValidationError, match="'port' was unexpected"):
        _by_kubernetes(wrong, known[-1])


def test_every_part_has_a_workload_and_services_reach_named_ports_of_it() -> None:
    pods = {each["metadata"]["name"]: each for each in WORKLOADS}
    assert set(pods) == PARTS
    for each in MANIFESTS:
        assert set(each) >= {"apiVersion", "kind", "metadata"}
        assert "namespace" not in each["metadata"]
        if each["kind"] == "Service":
            pod = pods[each["spec"]["selector"]["app"]]
            assert pod["spec"]["template"]["metadata"]["labels"] == each["spec"]["selector"]
            ports = {
                port["name"]: port["containerPort"]
                for container in _pod(pod)["containers"]
                for port in container["ports"]
            }
            for port in each["spec"]["ports"]:
                assert ports[port["targetPort"]] == port["port"]
        if each["kind"] == "Deployment":
            labels = each["spec"]["template"]["metadata"]["labels"]
            assert each["spec"]["selector"]["matchLabels"] == labels


def test_what_pods_mount_is_declared_or_made_by_the_commands_that_are_shown() -> None:
    text = (FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")
    for pod in map(_pod, WORKLOADS):
        volumes = {each["name"]: each for each in pod.get("volumes", ())}
        for container in pod["containers"]:
            assert {each["name"] for each in container.get("volumeMounts", ())} <= set(volumes)
        for volume in volumes.values():
            if "configMap" in volume:
                name = volume["configMap"]["name"]
                assert _named("ConfigMap", name) or f"create configmap {name}" in text
            else:
                assert _named("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])


def test_prometheus_asks_where_locust_tells() -> None:
    pytest.importorskip("prometheus_client")
    from evalkit.load.exposition import PATH

    texts = [COMPOSE["configs"]["prometheus"]["content"]]
    texts += [each["data"]["prometheus.yml"] for each in _named("ConfigMap", "prometheus")]
    assert len(texts) == 2
    for text in texts:
        (job,) = yaml.safe_load(text)["scrape_configs"]
        assert job["metrics_path"] == PATH
        assert job["static_configs"] == [{"targets": ["master:8089"]}]
