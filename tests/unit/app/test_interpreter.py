"""The interpreter is set once the service stands, and nothing of that start is collected again."""

import gc
import sys

from marrowd.app import set_for_answering


def test_what_start_left_is_not_looked_at_again_and_threads_make_way():
    before, thresholds = sys.getswitchinterval(), gc.get_threshold()
    try:
        set_for_answering()

        assert gc.get_freeze_count() > 10_000
        assert gc.get_count()[2] == 0
        assert len(gc.get_objects()) < 1_000
        assert gc.get_threshold() == (50_000, *thresholds[1:])
        assert sys.getswitchinterval() < before
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(before)
