from mogulsync.sandbox.rate_limits import FixedWindow


def test_a_window_begins_at_whole_multiples_of_its_length() -> None:
    now = [1007.9]
    window = FixedWindow(2, 10, lambda: now[0])
    assert [window.acquire() for _ in range(3)] == [True, True, False]
    assert (window.remaining, window.reset) == (0, 1010)
    now[0] = 1009.9
    assert not window.acquire()
    now[0] = 1010.0
    assert window.acquire()
    assert (window.remaining, window.reset) == (1, 1020)


def test_windows_without_requests_pass() -> None:
    now = [100.0]
    window = FixedWindow(1, 1, lambda: now[0])
    assert window.acquire()
    now[0] = 500.0
    assert window.acquire()
    assert window.reset == 501
