"""An event loop for work that never waits: a task runs as soon as it is made, as far as it can.

Pulumi's SDK makes thousands of tasks for a tenant, because in general each value may have to wait for the engine.
Where a declaration is evaluated nothing has to: the monitor is a function of this process. On asyncio's own loop most
of the time goes into queueing tasks that could have run at once, and into waking those that wait for one another.

What is the same as on asyncio's loop: results, exceptions, the context that a task runs in (a copy of its maker's).
What isn't: order (a task begins within `create_task`, and while one waits, others that can go on do), `current_task`
(none), cancellation, timers, threads and sockets (refused). So it is for a program whose result doesn't depend on the
order in which independent tasks run; tests hold evaluated declarations to the same graph on both loops.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Final, NoReturn, TypeVar, cast

_T = TypeVar("_T")


class StuckError(RuntimeError):
    """Something waits, and nothing is left that could end its waiting."""


class InlineLoop(asyncio.BaseEventLoop):
    """Runs tasks at once, in this thread; what must wait is woken when what it waits for is there."""

    def __init__(self) -> None:
        super().__init__()
        self._handle = asyncio.Handle(lambda: None, (), self)
        self._waiting: Final[deque[tuple[Callable[..., object], tuple[Any, ...], contextvars.Context | None]]] = deque()
        self._draining = False

    def create_task(  # type: ignore[override]  # typeshed's differs from asyncio's in what isn't used here
        self,
        coro: Generator[Any, None, _T] | Coroutine[Any, Any, _T],
        *,
        name: str | None = None,  # noqa: ARG002  asyncio's signature
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[_T]:
        """Run a coroutine as far as it goes without waiting."""
        task: _Task[_T] = _Task(self, coro, context or contextvars.copy_context())
        task.begin()
        return cast("asyncio.Task[_T]", task)

    def run_in_executor(self, executor: Any, func: Callable[..., _T], *args: Any) -> asyncio.Future[_T]:  # type: ignore[override]  # noqa: ARG002
        """Call it now: handing over to a thread costs more than what is called here."""
        future: asyncio.Future[_T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # whoever awaits the future gets it
            future.set_exception(error)
        return future

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Call it before anything that waits goes on. Can't be cancelled."""
        self._waiting.append((callback, args, context))
        return self._handle

    def drain(self) -> None:
        """Make all calls that are due. Within one of these calls: nothing, they are made in turn."""
        if not self._draining:
            self._drain()

    def _drain(self) -> None:
        within, self._draining = self._draining, True
        waiting = self._waiting
        try:
            while waiting:
                callback, args, context = waiting.popleft()
                if context is None:
                    callback(*args)
                else:
                    context.run(callback, *args)
        finally:
            self._draining = within

    def run_until_complete(self, future: Generator[Any, None, _T] | Awaitable[_T]) -> _T:
        """Run a coroutine to its end, also from within another (Pulumi's synchronous functions do).

        Raises what it raises, and `StuckError` if it waits for what never comes.
        """
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            task = asyncio.ensure_future(cast("Awaitable[_T]", future), loop=self)
            self._drain()
            if not task.done():
                raise StuckError("the program waits for something that nothing in it brings about")
            return task.result()
        finally:
            asyncio._set_running_loop(before)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> NoReturn:  # type: ignore[override]
        """Refused: nothing here waits for time to pass. (`call_later` comes here too.)"""
        raise NotImplementedError("an inline loop has no timers")

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> NoReturn:  # type: ignore[override]
        """Refused: there is one thread."""
        raise NotImplementedError("an inline loop has one thread")


class _Task(asyncio.Future[_T]):
    """A coroutine under way. Unlike asyncio's, it may be entered while another is."""

    def __init__(self, loop: InlineLoop, coro: Any, context: contextvars.Context) -> None:
        super().__init__(loop=loop)
        self._inline, self._send, self._context = loop, coro.send, context

    def begin(self) -> None:
        """Run it as far as it goes."""
        self._context.run(self._go_on)

    def _go_on(self, _: object = None) -> None:
        while True:
            try:
                awaited = self._send(None)
            except StopIteration as done:
                self.set_result(done.value)
                return
            except Exception as error:  # whoever awaits the task gets it
                self.set_exception(error)
                return
            if awaited is None:  # `sleep(0)`: after all calls that are due
                self._inline.call_soon(self._go_on, context=self._context)
                return
            awaited._asyncio_future_blocking = False  # as asyncio's task does: it was yielded by an `await`
            if not awaited.done():
                self._inline.drain()
            if not awaited.done():
                awaited.add_done_callback(self._go_on, context=self._context)
                return
