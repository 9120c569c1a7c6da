"""The guarded subprocess."""

import pytest

from tests.importing.plans import DIRECTORY, HEAD
from workflows.importing import Refused, propose, read_document
from workflows.importing.sandbox import Limits, propose_file, propose_text

PLAN = HEAD + "一、任务\n1.清淤。（责任单位：市教育局、各街道）\n"


def test_the_subprocess_proposes_what_the_importer_proposes() -> None:
    data = PLAN.encode()
    assert propose_file(data, "plan.txt", DIRECTORY) == propose(
        read_document(data, "plan.txt"), DIRECTORY
    )


def test_pasted_text_goes_the_same_way() -> None:
    assert propose_text(PLAN, DIRECTORY).measures[0].heading == "清淤"


def test_a_refusal_comes_back_with_its_reason_and_parameters() -> None:
    with pytest.raises(Refused) as caught:
        propose_file(b"a,b", "plan.csv", DIRECTORY)
    assert (caught.value.code, caught.value.params) == ("unsupported_type", {"suffix": ".csv"})


def test_a_file_that_needs_too_much_time_is_refused() -> None:
    data = (PLAN * 20_000).encode()
    with pytest.raises(Refused) as caught:
        propose_file(data, "plan.txt", DIRECTORY, Limits(cpu_seconds=1))
    assert caught.value.code == "too_complex"


def test_a_file_that_needs_too_much_memory_is_refused() -> None:
    data = (PLAN * 20_000).encode()
    with pytest.raises(Refused) as caught:
        propose_file(data, "plan.txt", DIRECTORY, Limits(memory_bytes=64 * 1024 * 1024))
    assert caught.value.code == "too_complex"
