"""
One measured run of one reader in a process of its own: JSON lines in, timed JSON lines out.

    python reader_run.py marrowd|medspacy < reports.jsonl > predictions.jsonl

Each output line carries the seconds of processor time that its report took (the machine is shared:
waiting for a turn is nobody's merit), the last line the process's memory. The other reader is never
imported, so that memory is each one's own.
"""

import importlib
import json
import sys
import time
from pathlib import Path


def _marrowd():
    from marrowd.core.reader import Reader
    from marrowd.core.reader.precedence import fold
    from marrowd.rules.vocabulary import load_vocabulary

    reader = Reader(load_vocabulary())

    def read(text):
        reading = reader.read(text)
        findings = [
            {"bone": s.bone, "laterality": s.laterality, "certainty": s.certainty}
            for s in fold(reading.statements)
        ]
        return findings, reading.reason

    return read


def _medspacy():
    sys.path.insert(0, str(Path(__file__).parent / "peers"))
    extract = importlib.import_module("medspacy_baseline").extract
    return lambda text: (extract(text), None)


def _kib():
    # Not ru_maxrss: it carries the parent's peak over an exec.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def main():
    """Read every report once, after one that is not counted."""
    empty = _kib()
    read = {"marrowd": _marrowd, "medspacy": _medspacy}[sys.argv[1]]()
    read("MRI LEFT ANKLE. No marrow edema.")
    for line in sys.stdin:
        report = json.loads(line)
        began = time.process_time()
        findings, reason = read(report["text"])
        seconds = time.process_time() - began
        row = {"id": report["id"], "findings": findings, "reason": reason, "seconds": seconds}
        sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.write(json.dumps({"kib_over_empty": _kib() - empty}) + "\n")


if __name__ == "__main__":
    main()
