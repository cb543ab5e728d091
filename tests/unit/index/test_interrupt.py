import os
import signal
import threading

import pytest

from index.interrupt import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_raises_the_flag_and_nothing_else(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as should_stop:
        assert not should_stop()
        os.kill(os.getpid(), number)
        assert should_stop()
        assert signal.getsignal(number) is before, "a second one acts as ever"
    assert signal.getsignal(number) is before


def test_handlers_are_put_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError), stop_on_signals():
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is before


def test_elsewhere_than_in_the_main_thread_it_does_nothing() -> None:
    seen: list[bool] = []

    def work() -> None:
        with stop_on_signals() as should_stop:
            seen.append(should_stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
