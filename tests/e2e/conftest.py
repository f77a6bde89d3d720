"""One cluster for the whole story, each step's time, and a look at the cluster when a step fails."""

from collections.abc import Generator, Iterator

import pytest

from tests.e2e.cluster import Cluster, a_cluster, packed_chart

_CLUSTER = pytest.StashKey[Cluster]()


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with a_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.refuse_if_used()
        cluster.remove()
        cluster.make_namespaces()
        request.config.stash[_CLUSTER] = cluster
        yield cluster
        cluster.remove()


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> str:
    return packed_chart(tmp_path_factory.mktemp("chart"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed and (cluster := item.config.stash.get(_CLUSTER, None)):
        report.sections.append(("the cluster", cluster.report()))
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    if report.when == "call" and report.passed:
        return "passed", ".", f"{report.duration:.1f} s"
    return None
