import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.agents.calls import Reply
from iicl_tui.agents.failures import RETRIABLE, CallFailed
from iicl_tui.agents.model_session import PendingCall, pending_call_text
from iicl_tui.agents.retry import RetryPolicy, RetryWait, send_with_retries

fixed = settings(derandomize=True, deadline=None)

# Every kind of failure with a status that it comes with, and whether the same call may succeed in a moment.
KINDS = [
    ("busy", 408, True), ("busy", 409, True), ("busy", 429, True),
    ("server", 500, True), ("server", 502, True), ("server", 503, True), ("server", 529, True),
    ("time-out", None, True), ("unreachable", None, True), ("disconnected", None, True),
    ("no-key", None, False), ("key-refused", 401, False), ("key-refused", 403, False), ("unknown-model", 404, False),
    ("too-long", 400, False), ("parameter", 400, False), ("refused", 400, False), ("no-credit", 429, False),
    ("bad-request", 422, False), ("not-json", 200, False), ("unexpected-shape", 200, False),
]  # fmt: skip


def failure(kind="busy", **others) -> CallFailed:
    return CallFailed(kind, "Busy", "The server is busy.", "Wait a while.", **others)


PATIENCE = RetryPolicy(5, 300, 60)


class World:
    """A server that answers in turn, and a clock that only the server's answers and our waits move."""

    def __init__(self, *answers, took: float = 0.5) -> None:
        self.answers = list(answers)
        self.took = took
        self.now = 1000.0
        self.tries: list[float] = []
        self.waits: list[float] = []
        self.told: list[RetryWait | None] = []

    async def send(self) -> Reply:
        self.tries.append(self.now)
        self.now += self.took
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        assert self.told[-1] is not None, "told before it waits"
        self.waits.append(seconds)
        self.now += seconds

    async def ask(self, policy: RetryPolicy = PATIENCE, chance: float = 0.0):
        return await send_with_retries(
            self.send, policy, self.told.append, clock=lambda: self.now, sleep=self.sleep, random=lambda: chance
        )


def test_every_kind_of_failure_is_in_the_list_above():
    assert {kind for kind, _, again in KINDS if again} == set(RETRIABLE)


async def test_a_reply_at_once_is_one_try_and_no_word():
    world = World(Reply("on"), took=0.25)
    assert await world.ask() == (Reply("on"), 1, 0.25)
    assert world.told == []
    assert world.waits == []


@pytest.mark.parametrize(("kind", "status"), [(kind, status) for kind, status, again in KINDS if again])
async def test_what_may_pass_is_tried_again(kind, status):
    world = World(failure(kind, status=status), failure(kind, status=status), Reply("on"), took=0.25)
    assert await world.ask() == (Reply("on"), 3, 0.25)
    assert world.waits == [1, 2]


@pytest.mark.parametrize(("kind", "status"), [(kind, status) for kind, status, again in KINDS if not again])
async def test_what_will_not_pass_is_not_tried_again(kind, status):
    error = failure(kind, status=status)
    world = World(error)
    with pytest.raises(CallFailed) as caught:
        await world.ask()
    assert caught.value is error
    assert len(world.tries) == 1
    assert world.told == []


async def test_a_lasting_failure_after_passing_ones_ends_it():
    error = failure("key-refused", status=401)
    world = World(failure(), error)
    with pytest.raises(CallFailed) as caught:
        await world.ask()
    assert caught.value is error
    assert len(world.tries) == 2


async def test_an_error_of_another_sort_passes():
    world = World(ValueError("a fault of ours"))
    with pytest.raises(ValueError, match="ours"):
        await world.ask()
    assert len(world.tries) == 1


# -- how long


async def test_the_waits_double_up_to_the_longest():
    world = World(failure())
    with pytest.raises(CallFailed):
        await world.ask(RetryPolicy(9, 1e6, 20))
    assert world.waits == [1, 2, 4, 8, 16, 20, 20, 20]


@fixed
@given(st.floats(0, 1, exclude_max=True), st.integers(2, 12))
async def test_chance_takes_at_most_half_of_a_wait(chance, attempts):
    world = World(failure())
    with pytest.raises(CallFailed):
        await world.ask(RetryPolicy(attempts, 1e9, 60), chance)
    for number, wait in enumerate(world.waits):
        whole = min(2**number, 60)
        assert whole / 2 <= wait <= whole


async def test_ten_thousand_attempts_overflow_nothing():
    world = World(failure(), took=0)
    with pytest.raises(CallFailed):
        await world.ask(RetryPolicy(3000, 1e9, 60))
    assert len(world.tries) == 3000
    assert world.waits[-1] == 60


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_it_tries_no_more_often_than_it_may(attempts):
    world = World(failure("server", status=503, parameter="seed"))
    with pytest.raises(CallFailed) as caught:
        await world.ask(RetryPolicy(attempts, 1e6, 60))
    assert len(world.tries) == attempts
    assert len(world.waits) == attempts - 1
    error = caught.value
    tries = "1 try" if attempts == 1 else f"{attempts} tries"
    assert error.what.startswith(f"The server is busy. Given up after {tries} in ")
    assert (error.kind, error.status, error.title, error.remedy, error.parameter) == (
        "server",
        503,
        "Busy",
        "Wait a while.",
        "seed",
    )


async def test_giving_up_says_the_seconds_of_tries_and_waits():
    world = World(failure(), took=2.0)
    with pytest.raises(CallFailed) as caught:
        await world.ask(RetryPolicy(3, 300, 60))
    assert caught.value.what.endswith("Given up after 3 tries in 9 s.")  # 2 + 1 + 2 + 2 + 2


async def test_no_try_begins_after_the_time_is_up():
    world = World(failure(), took=10.0)
    with pytest.raises(CallFailed) as caught:
        await world.ask(RetryPolicy(100, 50, 60))
    # Tries begin at 0, 11, 23 and 37; the next wait of 8 s, after 47 s, would pass 50 s.
    assert [start - 1000 for start in world.tries] == [0, 11, 23, 37]
    assert world.now == 1047  # and it is not waited for either
    assert "4 tries in 47 s" in caught.value.what


async def test_a_wait_that_ends_when_the_time_does_is_waited_for():
    world = World(failure(), Reply("on"), took=9.0)
    assert (await world.ask(RetryPolicy(5, 10, 60)))[1] == 2


async def test_a_long_first_try_is_not_cut_off_but_nothing_follows_it():
    world = World(failure("time-out"), took=400.0)
    with pytest.raises(CallFailed) as caught:
        await world.ask()
    assert len(world.tries) == 1
    assert "1 try in 6 min 40 s" in caught.value.what


@fixed
@given(
    st.integers(1, 30),
    st.floats(0, 1000),
    st.floats(0, 100),
    st.floats(0, 50),
    st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=40),
)
async def test_whatever_the_server_says_it_is_bounded(attempts, seconds, longest, took, asked):
    world = World(*(failure(retry_after=value) for value in asked), took=took)
    with pytest.raises(CallFailed) as caught:
        await world.ask(RetryPolicy(attempts, seconds, longest))
    assert caught.value.kind == "busy"
    assert len(world.tries) <= attempts
    assert all(0 <= wait <= longest for wait in world.waits)
    assert world.tries[-1] - 1000 <= seconds * (1 + 1e-9)
    assert [waiting is None for waiting in world.told] == [False, True] * len(world.waits)


# -- by time


@pytest.mark.parametrize("hopeful", [failure(), failure("server", status=503, hopeful=True)])
async def test_a_server_that_will_recover_is_waited_for_as_long_as_there_is_time(hopeful):
    world = World(*[hopeful] * 15, Reply("on"), took=0.1)
    assert (await world.ask(RetryPolicy(seconds=600)))[1] == 16
    assert world.waits[:6] == [1, 2, 4, 8, 16, 30]


async def test_the_last_attempt_begins_when_the_time_ends():
    world = World(failure(), took=0.0)
    with pytest.raises(CallFailed) as caught:
        await world.ask(RetryPolicy(seconds=45))
    assert world.tries[-1] - 1000 == 45
    assert "in 45 s" in caught.value.what


async def test_what_gives_no_hope_gets_five_attempts():
    world = World(failure("server", status=500))
    with pytest.raises(CallFailed):
        await world.ask(RetryPolicy(seconds=1e6))
    assert len(world.tries) == 5


async def test_a_number_of_attempts_holds_for_every_failure():
    world = World(failure("server", status=503, hopeful=True))
    with pytest.raises(CallFailed):
        await world.ask(RetryPolicy(attempts=2))
    assert len(world.tries) == 2


@pytest.mark.parametrize(("asked", "waited"), [(90.0, True), (300.0, True), (301.0, False)])
async def test_the_patience_bounds_what_the_server_asks_for(asked, waited):
    world = World(failure(retry_after=asked), Reply("on"), took=0.0)
    if waited:
        await world.ask(RetryPolicy(seconds=300))
        assert world.waits == [asked]
        return
    with pytest.raises(CallFailed) as caught:
        await world.ask(RetryPolicy(seconds=300))
    assert "`patience`" in caught.value.remedy


def test_a_wait_is_counted_down_with_the_time_left():
    waiting = RetryWait("Busy", 3, None, 20.0, 310.0)
    pending = PendingCall("imitate", "m", 0.0, waiting)
    assert pending_call_text(pending, 12.0).startswith("try 3 in 8 s, for 298 s more: Busy · ")
    assert pending_call_text(pending, 19.0).startswith("try 3 in 1 s, for 291 s more: Busy · ")


async def test_every_failed_attempt_is_reported():
    world = World(failure(billed=True), failure(), Reply("on"))
    failed: list[CallFailed] = []
    await send_with_retries(
        world.send, PATIENCE, world.told.append, on_failure=failed.append, clock=lambda: world.now, sleep=world.sleep
    )
    assert [each.billed for each in failed] == [True, False]


# -- what the server asks for


@pytest.mark.parametrize("asked", [0.5, 7.0, 60.0])
async def test_the_server_is_waited_for_as_long_as_it_asks(asked):
    world = World(failure(retry_after=asked), Reply("on"))
    await world.ask(chance=0.9)
    assert world.waits == [asked]


@pytest.mark.parametrize("asked", [0, 0.0, -1, -math.inf, math.nan, None])
async def test_a_server_that_asks_for_nothing_sensible_gets_our_own_wait(asked):
    world = World(failure(retry_after=asked), Reply("on"))
    await world.ask()
    assert world.waits == [1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (61, "1 min 1 s"),
        (600, "10 min"),
        (3600, "1 h"),
        (7290, "2 h 2 min"),
        (47.5 * 3600, "47 h 30 min"),
        (2 * 86400, "2 days"),
        (30.4 * 86400, "30 days"),
        (365 * 86400, "365 days"),
        (253388 * 3600, "more than a year"),
        (1e300, "more than a year"),
        (math.inf, "more than a year"),
    ],
)
async def test_a_server_that_asks_for_too_long_is_not_waited_for(asked, words):
    world = World(failure(retry_after=asked, status=429), Reply("on"))
    with pytest.raises(CallFailed) as caught:
        await world.ask()
    error = caught.value
    assert len(world.tries) == 1
    assert world.told == []
    assert error.what == f"The server is busy. The server asks to wait {words} before the next attempt; the limit is 1 min."
    assert error.remedy == "Wait a while. Resume later, or raise the agent's `retry-after` to wait that long."
    assert (error.kind, error.status, error.retry_after) == ("busy", 429, asked)


async def test_the_limit_can_be_raised():
    world = World(failure(retry_after=600), Reply("on"))
    await world.ask(RetryPolicy(5, 3600, 600))
    assert world.waits == [600]


async def test_a_server_that_asks_for_more_than_there_is_time_left_is_not_waited_for():
    world = World(failure(retry_after=30), Reply("on"))
    with pytest.raises(CallFailed) as caught:
        await world.ask(RetryPolicy(5, 20, 60))
    assert world.waits == []
    assert "Given up after 1 try" in caught.value.what


# -- what is told


async def test_each_wait_is_told_before_it_begins_and_when_it_is_over():
    world = World(failure(), failure("server", retry_after=10), Reply("on"), took=0.5)
    await world.ask(RetryPolicy(4, 300, 60))
    assert world.told == [
        RetryWait("Busy", 2, 4, 1000.5 + 1),
        None,
        RetryWait("Busy", 3, 4, 1002.0 + 10),
        None,
    ]


async def test_giving_up_tells_of_no_wait():
    world = World(failure())
    with pytest.raises(CallFailed):
        await world.ask(RetryPolicy(1, 300, 60))
    assert world.told == []


# -- cancelling


async def test_a_cancelled_wait_ends_at_once_and_is_told():
    told: list[RetryWait | None] = []
    waiting = asyncio.Event()

    async def send() -> Reply:
        raise failure(retry_after=59)

    def tell(word: RetryWait | None) -> None:
        told.append(word)
        waiting.set()

    task = asyncio.create_task(send_with_retries(send, RetryPolicy(), tell))  # the real sleep: nobody waits it out
    await waiting.wait()
    assert isinstance(told[-1], RetryWait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told[-1] is None
    assert len(told) == 2


async def test_a_cancelled_try_ends_at_once():
    trying = asyncio.Event()
    told: list[RetryWait | None] = []

    async def send() -> Reply:
        trying.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(send_with_retries(send, RetryPolicy(), told.append))
    await trying.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == []
