"""The process that opens documents: limits, deaths, and the next document none the worse."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs
from tests.support.documents import pdf, pdf_bomb, rtf
from tests.support.patience import PATIENCE_S

from marrowd.errors import Unavailable, UnreadableResource
from marrowd.fhir.parsing_process import CODE, ParsingLimits, ParsingProcess
from marrowd.fhir.texts import MAX_BYTES, text_of

MARKER = "Zebediah"
HTML = b"<html><body><p>Marrow edema.</p></body></html>"
# A parser that misbehaves when the document says so, in the child only.
FAULTY = f"""
import os, signal, sys, tempfile, time
from marrowd.fhir import parsing_child, texts
real = texts.text_of
def faulty(data, content_type):
    if b"LOOP" in data:
        while True: pass
    if b"SLEEP" in data: time.sleep(60)
    if b"EAT" in data: bytearray(4 << 30)
    if b"CRASH" in data: os.kill(os.getpid(), signal.SIGSEGV)
    if b"RAISE" in data: raise RuntimeError("{MARKER}")
    if b"PRINT" in data:
        print("{MARKER}", flush=True)
        sys.stderr.write("{MARKER}")
        os.write(1, b"{MARKER}")
    if b"ENV" in data: return repr(sorted(os.environ)) + repr(sys.flags.safe_path)
    if b"FILE" in data:
        with tempfile.TemporaryFile() as file: file.write(b"x")
    if b"KILL" in data: os.kill(os.getpid(), signal.SIGKILL)
    return real(data, content_type)
parsing_child.texts.text_of = faulty
parsing_child.main()
"""
QUICK = ParsingLimits(wall_s=20.0, cpu_s=1, memory=512 << 20)
Make = Callable[..., ParsingProcess]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[ParsingProcess] = []

    def _make(limits: ParsingLimits = QUICK, code: str = FAULTY) -> ParsingProcess:
        made.append(ParsingProcess(limits, code=code))
        return made[-1]

    yield _make
    for process in made:
        process.close()


def pid_of(process: ParsingProcess) -> int:
    assert process._child is not None
    return process._child._process.pid


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        pytest.param(pdf("Marrow edema of the talus"), "application/pdf", id="PDF"),
        pytest.param(rtf("Marrow edema"), "application/rtf", id="RTF"),
        pytest.param(HTML, "text/html", id="HTML"),
        pytest.param("Ödem".encode("cp1252"), "text/plain", id="plain"),
        pytest.param(b"<p>\xf0\x9f\xa6\xb4 \xed\xa0\x80</p>", "text/html", id="odd characters"),
    ],
)
def test_texts_are_those_of_this_process(make: Make, data: bytes, content_type: str) -> None:
    assert make(code=CODE).text_of(data, content_type) == text_of(data, content_type)


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (pdf(""), "application/pdf", "scan"),
        (b"%PDF-1.4 no", "application/pdf", "broken"),
        (b"no", "application/pdf", "broken"),
        (b"<p> </p>", "text/html", "no_text"),
        (b"x", "image/png", "type"),
    ],
)
def test_reasons_are_those_of_this_process(make: Make, data, content_type, reason) -> None:
    with pytest.raises(UnreadableResource) as raised:
        make(code=CODE).text_of(data, content_type)

    assert raised.value.reason == reason


def test_nothing_is_started_before_a_document_comes(make: Make) -> None:
    process = make()
    process.text_of(b"Plain words.", "text/plain")
    with pytest.raises(UnreadableResource):
        process.text_of(b"{\\rtf" + b" " * MAX_BYTES, "application/rtf")

    assert process._child is None


def test_one_child_opens_many(make: Make) -> None:
    process = make()
    process.text_of(HTML, "text/html")
    first = pid_of(process)
    process.text_of(HTML, "text/html")

    assert pid_of(process) == first


def test_a_child_is_replaced_after_some_documents(make: Make) -> None:
    process = make(ParsingLimits(documents=2))
    pids = []
    for _ in range(4):
        process.text_of(HTML, "text/html")
        pids.append(pid_of(process))

    assert pids[0] == pids[1] != pids[2] == pids[3]


@pytest.mark.parametrize(
    ("word", "limits"),
    [
        pytest.param(b"LOOP", QUICK, id="loops: processor time"),
        pytest.param(b"LOOP", ParsingLimits(wall_s=0.7, cpu_s=60), id="loops: wall clock"),
        pytest.param(b"SLEEP", ParsingLimits(wall_s=0.7), id="sleeps"),
        pytest.param(b"EAT", QUICK, id="eats memory"),
        pytest.param(b"CRASH", QUICK, id="crashes"),
        pytest.param(b"RAISE", QUICK, id="raises"),
        pytest.param(b"KILL", QUICK, id="kills itself"),
        pytest.param(b"FILE", QUICK, id="writes a file"),
    ],
)
def test_a_bad_document_is_broken_and_the_next_is_read(
    make: Make, word: bytes, limits: ParsingLimits
) -> None:
    process = make(limits)
    with capture_logs() as logs, pytest.raises(UnreadableResource) as raised:
        process.text_of(b"<p>" + word + b"</p>", "text/html")

    assert raised.value.reason == "broken"
    assert MARKER not in f"{raised.value}{raised.value.__cause__}{logs}"
    assert process.text_of(HTML, "text/html") == "Marrow edema."


def test_processor_time_is_counted_for_each_document_alone(make: Make) -> None:
    process = make(
        ParsingLimits(cpu_s=1), code=FAULTY.replace("while True", "for _ in range(10**7)")
    )
    for _ in range(20):  # of about 0.15 s each
        process.text_of(b"<p>LOOP</p>", "text/html")


def test_a_pdf_that_unpacks_without_end_is_broken(make: Make) -> None:
    process = make(ParsingLimits(), code=CODE)
    with pytest.raises(UnreadableResource) as raised:
        process.text_of(pdf_bomb(600_000_000), "application/pdf")

    assert raised.value.reason == "broken"
    assert process.text_of(HTML, "text/html") == "Marrow edema."


def test_an_endless_rtf_is_broken(make: Make) -> None:
    words = rb"{\rtf1 " + rb"\b0 x\'e4 " * 2_500_000 + b"}"
    with pytest.raises(UnreadableResource) as raised:
        make(code=CODE).text_of(words, "application/rtf")

    assert raised.value.reason == "broken"


def test_a_document_of_200_mb_is_refused_unopened(make: Make) -> None:
    process = make()
    with pytest.raises(UnreadableResource) as raised:
        process.text_of(b"{\\rtf1 " + bytes(200_000_000), "application/rtf")

    assert raised.value.reason == "broken"
    assert process._child is None


def test_a_child_killed_between_documents_is_replaced(make: Make) -> None:
    process = make()
    process.text_of(HTML, "text/html")
    os.kill(pid_of(process), signal.SIGKILL)

    assert process.text_of(HTML, "text/html") == "Marrow edema."


def test_a_document_is_tried_twice_when_somebody_kills_its_child(make: Make) -> None:
    process = make()
    process.text_of(HTML, "text/html")
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(process.text_of, b"<p>SLEEP</p>", "text/html")
        first = process._child
        kill_later(pid_of(process), 0.2)
        wait_until(lambda: process._child not in (None, first))
        kill_later(pid_of(process), 0.2)

        with pytest.raises(UnreadableResource, match="broken"):
            reading.result(timeout=PATIENCE_S)
    assert process.text_of(HTML, "text/html") == "Marrow edema."


def wait_until(condition: Callable[[], bool]) -> None:
    tick = threading.Event()
    while not condition():
        tick.wait(0.01)


def kill_later(pid: int, seconds: float) -> None:
    threading.Timer(seconds, os.kill, (pid, signal.SIGKILL)).start()


def test_prints_of_a_parser_go_nowhere(make: Make, capfd) -> None:
    assert make().text_of(b"<p>PRINT</p>", "text/html") == "PRINT"

    assert MARKER not in "".join(capfd.readouterr())


def test_a_child_knows_no_secrets(make: Make, monkeypatch) -> None:
    monkeypatch.setenv("FHIR_TOKEN", MARKER)

    names = make().text_of(b"<p>ENV</p>", "text/html")

    assert "FHIR_TOKEN" not in names
    assert names.endswith("True")  # modules are not looked for in the working directory


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import no_such_module", id="does not start"),
        pytest.param("import os; os.write(1, b'x')", id="says something else"),
    ],
)
def test_a_child_that_cannot_start_is_not_the_documents_fault(make: Make, code: str) -> None:
    process = make(code=code)

    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot be started"):
            process.text_of(HTML, "text/html")


def test_an_interpreter_that_is_not_there_is_not_the_documents_fault(
    make: Make, monkeypatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")

    with pytest.raises(Unavailable, match="cannot be started"):
        make().text_of(HTML, "text/html")


READY = "import os, struct, sys; os.write(1, b'R'); sys.stdin.buffer.read(8); "


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(READY + "os.write(1, struct.pack('>cI', b'T', 2**32 - 1))", id="too long"),
        pytest.param(
            READY + "os.write(1, struct.pack('>cI', b'T', 2**32 - 1)); import time; time.sleep(60)",
            id="too long, and stays",
        ),
        pytest.param(READY + "os.write(1, struct.pack('>cI', b'T', 10) + b'x')", id="cut off"),
        pytest.param(READY + "os.write(1, struct.pack('>cI', b'U', 6) + b'secret')", id="reason"),
    ],
)
def test_a_child_that_was_taken_over_is_not_believed(make: Make, code: str) -> None:
    with pytest.raises(UnreadableResource) as raised:
        make(code=code).text_of(HTML, "text/html")

    assert raised.value.reason == "broken"


def test_closing_does_not_wait_for_a_document(make: Make) -> None:
    process = make()
    process.text_of(HTML, "text/html")
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(process.text_of, b"<p>SLEEP</p>", "text/html")
        wait_until(process._turn.locked)
        process.close()

        with pytest.raises(Unavailable):
            reading.result(timeout=PATIENCE_S)
    with pytest.raises(Unavailable):
        process.text_of(HTML, "text/html")


async def test_threads_take_turns_and_the_loop_goes_on(make: Make) -> None:
    process = make()
    with ThreadPoolExecutor(4) as pool:
        loop = asyncio.get_running_loop()
        texts = await asyncio.gather(
            *(
                loop.run_in_executor(
                    pool, process.text_of, f"<p>Edema {i}</p>".encode(), "text/html"
                )
                for i in range(40)
            )
        )

    assert texts == [f"Edema {i}" for i in range(40)]
