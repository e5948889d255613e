"""Only what the demo counts by is read from the metrics."""

from marrowd.demo.counts import counts_from

PAGE = """\
# HELP marrowd_verdicts_total Verdicts reached.
# TYPE marrowd_verdicts_total counter
marrowd_verdicts_total{verdict="association"} 2.0
marrowd_verdicts_total{verdict="repleted"} 1.0
marrowd_events_ignored_total{reason="duplicate"} 3.0
marrowd_events_parked_total{reason="error"} 1.0
marrowd_events_parked_total{reason="not_fhir"} 1.0
marrowd_sweep_recovered_total{source="hospital"} 1.0
marrowd_inbox_depth 4.0
marrowd_outbox_depth{destination="ehr"} 1.0
marrowd_inbox_oldest_seconds 0.25
"""


def test_counts_are_read_by_their_label():
    counts = counts_from(PAGE)

    assert counts.verdicts == {"association": 2, "repleted": 1}
    assert counts.ignored == {"duplicate": 3}
    assert (counts.parked, counts.recovered, counts.waiting) == (2, 1, 5)
    assert counts.handled == 8


def test_an_empty_page_counts_nothing():
    assert counts_from("").handled == 0
