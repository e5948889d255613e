"""What was read, for the metrics: results by class, imaging reports by what came of them."""

from collections.abc import Iterable

from marrowd.core.facts import Fact, Standing, VitaminDResult
from marrowd.core.policy import Policy
from marrowd.core.reader.precedence import fold
from marrowd.core.reading import is_positive
from marrowd.core.vitamin_d import classify
from marrowd.telemetry.metrics import Metrics, ReportOutcome, ResultClass
from marrowd.work.gathering import matters


def count_facts(metrics: Metrics, facts: Iterable[Fact], policy: Policy) -> None:
    """Count what *facts* that were kept say."""
    for fact in facts:
        for result in fact.results:
            metrics.vitamin_d_results_total.labels(class_of(result, policy)).inc()
        outcome = report_outcome(fact)
        if outcome is not None:
            metrics.reports_read_total.labels(outcome=outcome).inc()


def class_of(result: VitaminDResult, policy: Policy) -> ResultClass:
    """Say what came of reading one result."""
    if result.unreadable is not None:
        return ResultClass.UNREADABLE
    if result.standing is not Standing.COUNTS or result.value is None or result.unit is None:
        return ResultClass.UNCLASSIFIED
    found = classify(result.value, result.comparator, policy.cutoffs(result.unit))
    return ResultClass.UNCLASSIFIED if found is None else ResultClass(found)


def report_outcome(fact: Fact) -> ReportOutcome | None:
    """Say what came of reading one report; None when it is not about a foot or ankle MR."""
    if fact.report is None or not matters(fact):
        return None
    readings = [p.reading for p in fact.report.pieces if p.reading and p.unreadable is None]
    if not readings:
        return ReportOutcome.UNREADABLE
    statements = tuple(statement for reading in readings for statement in reading.statements)
    return ReportOutcome.POSITIVE if is_positive(fold(statements)) else ReportOutcome.NEGATIVE
