"""The numeric kernels have exactly the names and arguments that were promised, are documented, and need no page to be imported."""

import importlib
import inspect
import re
import subprocess
import sys

import pytest
from tests.conftest import ROOT

KERNELS = {
    "gas.t_score": "levels, weights=None, rho=0.3",
    "pomp.rescale": "x, minimum, maximum",
    "alliance.decompose": "frame, value, course, session=None, causal=False",
    "ruptures.dips": "scores, rule='drop_1sd', pooled_sd=None, **parameters",
    "change.reliable_change": "pre, post, sd, reliability",
    "change.cutoff": "kind, clinical_mean, clinical_sd, functional_mean, functional_sd",
    "change.classify": "pre, post, sd, reliability, cutoff, lower_is_better=True",
    "gains.sudden": "scores, threshold, lower_is_better=True, losses=False, maximum=None",
    "spc.xmr": "values",
    "funnel.proportion_limits": "n, target, level, method='exact'",
    "funnel.overdispersion": "numerators, denominators, winsorise=0.1",
    "funnel.shrink": "numerators, denominators",
    "intervals.wilson": "successes, n, level=0.95",
    "intervals.clustered_mean": "values, clusters, level=0.95, minimum_clusters=6",
    "incidence.cumulative": "times, fates, horizon",
}
FIELDS = {
    "ruptures.Episode": ("onset", "trough", "returned", "magnitude", "length", "state"),
    "gains.Shift": ("session", "before", "after", "magnitude", "reversed"),
    "spc.Chart": ("mean", "lower", "upper", "flags"),
    "funnel.Overdispersion": ("phi", "tau"),
    "intervals.Mean": ("mean", "lower", "upper", "n", "clusters"),
}


def found(name):
    module, _, thing = name.rpartition(".")
    return getattr(importlib.import_module(f"process.measures.{module}"), thing)


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_takes_what_was_promised(name):
    arguments = inspect.signature(found(name)).parameters.values()
    assert ", ".join(str(each.replace(annotation=inspect.Parameter.empty)) for each in arguments) == KERNELS[name]


@pytest.mark.parametrize("name", FIELDS)
def test_what_a_kernel_gives_has_the_promised_fields(name):
    assert found(name)._fields == FIELDS[name]


def test_a_clustered_mean_can_be_taken_apart():
    mean, lower, upper, n, clusters = found("intervals.clustered_mean")([1.0, 3.0], ["a", "b"])
    assert (mean, n, clusters) == (2.0, 2, 2) and lower != lower and upper != upper


def test_the_page_of_kernels_lists_each_as_it_is_called():
    page = (ROOT / "docs" / "kernels.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `process\.measures\.([\w.]+)\((.*?)\)` \|", page, re.MULTILINE))

    assert {name: arguments.replace('"', "'").replace("0.30", "0.3").replace("0.10", "0.1") for name, arguments in listed.items()} == KERNELS


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernels_docstring_says_its_source_or_whose_it_is(name):
    assert re.search(
        r"\((?:[A-Z][^()]*)?\b(?:19|20)\d\d|Truax 1991|see `reliable_change`", inspect.getdoc(found(name)) + inspect.getdoc(sys.modules[found(name).__module__])
    )


def test_no_kernel_needs_a_page():
    modules = sorted({f"process.measures.{name.rpartition('.')[0]}" for name in KERNELS})
    code = f"import sys, {', '.join(modules)}; print([name for name in ('panel', 'holoviews', 'bokeh') if name in sys.modules])"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_value_of_nobody_known_is_left_out_of_a_clustered_mean():
    mean = found("intervals.clustered_mean")([1.0, 2.0, 30.0, 4.0], ["a", "b", None, "b"])
    assert (mean.mean, mean.n, mean.clusters) == (pytest.approx(7 / 3), 3, 2)


def test_exactly_four_degrees_of_freedom_are_enough_in_spite_of_rounding():
    mean = found("intervals.clustered_mean")(range(10), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4], minimum_clusters=5)
    # the five means 0.5 ... 8.5 have SD 3.162; t(4) = 2.776
    assert mean.upper - mean.mean == pytest.approx(2.776445 * 3.162278 / 5**0.5, rel=1e-5)
